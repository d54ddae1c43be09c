"""The history of a tag: what the journal has, and what it cannot know."""

from __future__ import annotations

from dataclasses import replace

from ecrtui.ecr.location import RegistryLocation
from ecrtui.inspect.tag_history import tag_moves
from ecrtui.retag.journal.entry import JournalEntry
from ecrtui.retag.plan import StepAction, StepOutcome

PLACE = RegistryLocation("123456789012", "eu-west-1")


def write(number: int, before: str, after: str, outcome: StepOutcome = StepOutcome.DONE) -> JournalEntry:
    entry = JournalEntry(number, "p", "retag", PLACE, "me", "app", "prod", StepAction.MOVE, before, after, "", 1.0)
    return replace(entry, outcome=outcome, finished_at=float(number))


def moves(current: str, *entries: JournalEntry) -> list[tuple[str, str | None, float | None]]:
    return [(move.to, move.origin, move.when) for move in tag_moves(entries, current)]


def test_writes_from_here_are_shown_and_what_was_before_them_is_not_known() -> None:
    found = moves("c", write(3, "b", "c"), write(2, "x", "y", StepOutcome.FAILED), write(1, "a", "b"))
    assert found == [("c", "b", 3.0), ("b", "a", 1.0), ("a", None, None)]


def test_a_move_by_someone_else_is_reported_at_its_row() -> None:
    found = moves("z", write(2, "q", "c"), write(1, "", "b"))
    assert found == [("z", "c", None), ("c", "q", 2.0), ("q", "b", None), ("b", "", 1.0)]


def test_a_tag_without_writes_from_here_has_an_unknown_origin() -> None:
    assert moves("a") == [("a", None, None)]
