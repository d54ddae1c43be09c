"""What became of a write that was begun and never finished."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ecrtui.ecr.location import RegistryLocation
from ecrtui.retag.journal.entry import Entry
from ecrtui.retag.plan import Action, Outcome
from ecrtui.retag.undo import changes_back, truth, why_not

ENTRY = Entry(3, "p", "retag", RegistryLocation("1", "r"), "", "team/app", "prod", Action.MOVE, "old", "new", "", 1.0)


@pytest.mark.parametrize(
    ("found", "later", "outcome"),
    [
        ("new", (), Outcome.DONE),
        ("old", (), Outcome.FAILED),
        ("other", (), Outcome.UNKNOWN),
        ("", (), Outcome.UNKNOWN),
        # A later write looked at the tag just before it was sent: that tells what the one before had done.
        ("other", (replace(ENTRY, number=5, before="new", after="other"),), Outcome.DONE),
        ("other", (replace(ENTRY, number=5, before="old", after="other"),), Outcome.FAILED),
        ("other", (replace(ENTRY, number=2, before="new", after="old"),), Outcome.UNKNOWN),
    ],
)
def test_the_truth_about_an_unknown_write(found: str, later: tuple[Entry, ...], outcome: Outcome) -> None:
    told, words = truth(ENTRY, found, later)
    assert told is outcome
    assert words


def test_only_what_changed_something_is_taken_back_newest_first() -> None:
    done = replace(ENTRY, outcome=Outcome.DONE)
    newer = replace(done, number=9, tag="beta")
    failed = replace(done, number=5, outcome=Outcome.FAILED)
    undone = replace(done, number=6, undone_by=7)
    changes = changes_back([done, failed, newer, undone])
    assert [(change.tag, change.digest, change.expect, change.undoes) for change in changes] == [
        ("beta", "old", "new", 9),
        ("prod", "old", "new", 3),
    ]
    assert (why_not(done), why_not(undone)) == ("", "entry 7 has taken it back already")
    assert "changed nothing" in why_not(failed)
    assert "find that out" in why_not(ENTRY)
