"""What became of a write that was begun and never finished."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ecrtui.ecr.location import RegistryLocation
from ecrtui.retag.journal.entry import JournalEntry
from ecrtui.retag.plan import StepAction, StepOutcome
from ecrtui.retag.undo_rules import infer_outcome, reverting_changes, undo_refusal

ENTRY = JournalEntry(
    3, "p", "retag", RegistryLocation("1", "r"), "", "team/app", "prod", StepAction.MOVE, "old", "new", "", 1.0
)


@pytest.mark.parametrize(
    ("found", "later", "outcome"),
    [
        ("new", (), StepOutcome.DONE),
        ("old", (), StepOutcome.FAILED),
        ("other", (), StepOutcome.UNKNOWN),
        ("", (), StepOutcome.UNKNOWN),
        # A later write looked at the tag just before it was sent: that tells what the one before had done.
        ("other", (replace(ENTRY, number=5, before="new", after="other"),), StepOutcome.DONE),
        ("other", (replace(ENTRY, number=5, before="old", after="other"),), StepOutcome.FAILED),
        ("other", (replace(ENTRY, number=2, before="new", after="old"),), StepOutcome.UNKNOWN),
    ],
)
def test_the_truth_about_an_unknown_write(found: str, later: tuple[JournalEntry, ...], outcome: StepOutcome) -> None:
    told, words = infer_outcome(ENTRY, found, later)
    assert told is outcome
    assert words


def test_only_what_changed_something_is_taken_back_newest_first() -> None:
    done = replace(ENTRY, outcome=StepOutcome.DONE)
    newer = replace(done, number=9, tag="beta")
    failed = replace(done, number=5, outcome=StepOutcome.FAILED)
    undone = replace(done, number=6, undone_by=7)
    changes = reverting_changes([done, failed, newer, undone])
    assert [(change.tag, change.digest, change.expect, change.undoes) for change in changes] == [
        ("beta", "old", "new", 9),
        ("prod", "old", "new", 3),
    ]
    assert (undo_refusal(done), undo_refusal(undone)) == ("", "entry 7 has taken it back already")
    assert "changed nothing" in undo_refusal(failed)
    assert "find that out" in undo_refusal(ENTRY)
