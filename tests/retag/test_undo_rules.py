"""Rules for undo and for writes with unknown outcome."""

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
        # A later write read the tag just before it was sent, so it shows the result of the earlier one.
        ("other", (replace(ENTRY, number=5, before="new", after="other"),), StepOutcome.DONE),
        ("other", (replace(ENTRY, number=5, before="old", after="other"),), StepOutcome.FAILED),
        ("other", (replace(ENTRY, number=2, before="new", after="old"),), StepOutcome.UNKNOWN),
    ],
)
def test_the_outcome_of_an_unknown_write_is_inferred(
    found: str, later: tuple[JournalEntry, ...], outcome: StepOutcome
) -> None:
    inferred, detail = infer_outcome(ENTRY, found, later)
    assert inferred is outcome
    assert detail


def test_only_done_writes_are_undone_newest_first() -> None:
    done = replace(ENTRY, outcome=StepOutcome.DONE)
    newer = replace(done, number=9, tag="beta")
    failed = replace(done, number=5, outcome=StepOutcome.FAILED)
    undone = replace(done, number=6, undone_by=7)
    changes = reverting_changes([done, failed, newer, undone])
    assert [(change.tag, change.digest, change.expect, change.undoes) for change in changes] == [
        ("beta", "old", "new", 9),
        ("prod", "old", "new", 3),
    ]
    assert (undo_refusal(done), undo_refusal(undone)) == ("", "already undone by entry 7")
    assert "changed nothing" in undo_refusal(failed)
    assert "resolve it first" in undo_refusal(ENTRY)
