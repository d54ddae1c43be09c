"""Read rows of the journal. Another program, or a failing disk, may have written anything into them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from math import isfinite
from typing import TypeVar

from ecrtui.ecr.digest import is_digest
from ecrtui.ecr.location import RegistryLocation
from ecrtui.ecr.units import MAX_TIME
from ecrtui.retag.journal.entry import JournalEntry
from ecrtui.retag.plan import StepAction, StepOutcome

Choice = TypeVar("Choice", bound=StrEnum)


def read_entry(row: Mapping[str, object], is_in_flight: Callable[[int, str], bool]) -> JournalEntry:
    """Return the entry of a row. A damaged row becomes an entry whose detail names the damage; never raise.

    Args:
        row: the values by column.
        is_in_flight: returns whether the process that wrote an entry still waits for the reply, from the number of the
            entry and its owner.
    """
    values = _Values(row)
    number, outcome, owner = values.number("number"), values.choice("outcome", StepOutcome), values.text("owner")
    entry = JournalEntry(
        number=number,
        plan=values.text("plan"),
        kind=values.text("kind"),
        location=RegistryLocation(values.text("account"), values.text("region"), values.text("endpoint")),
        principal=values.text("principal"),
        repository=values.text("repository"),
        tag=values.text("tag"),
        action=values.required_choice("action", StepAction),
        before=values.digest("before"),
        after=values.digest("after"),
        media_type=values.text("media_type"),
        begun_at=values.moment("begun_at"),
        finished_at=None if row["finished_at"] is None else values.moment("finished_at"),
        outcome=outcome,
        in_flight=outcome is None and not values.problems and is_in_flight(number, owner),
        request_id=values.text("request_id"),
        detail=values.text("detail"),
        undoes=values.number("undoes"),
        undone_by=values.number("undone_by"),
    )
    return entry if not values.problems else entry.as_damaged("; ".join(values.problems))


class _Values:
    """The values of a row. A value of the wrong kind becomes an empty one, and a problem."""

    def __init__(self, row: Mapping[str, object]) -> None:
        self._row = row
        self.problems: list[str] = []

    def text(self, column: str) -> str:
        value = self._row[column]
        if isinstance(value, str) and _is_unicode(value):
            return value
        self.problems.append(f"{column} is not a text")
        return ""

    def digest(self, column: str) -> str:
        value = self.text(column)
        if not value or is_digest(value):
            return value
        self.problems.append(f"{column} is not a digest")
        return ""

    def number(self, column: str) -> int:
        value = self._row[column]
        if isinstance(value, int) and value >= 0:
            return value
        self.problems.append(f"{column} is not a number")
        return 0

    def moment(self, column: str) -> float | None:
        value = self._row[column]
        if isinstance(value, (int, float)) and isfinite(value) and 0 <= value <= MAX_TIME:
            return float(value)
        self.problems.append(f"{column} is not a time")
        return None

    def choice(self, column: str, choices: type[Choice]) -> Choice | None:
        return None if self._row[column] is None else self.required_choice(column, choices)

    def required_choice(self, column: str, choices: type[Choice]) -> Choice | None:
        value = self._row[column]
        if value in list(choices):
            return choices(str(value))
        self.problems.append(f"{column} is none of {', '.join(choices)}")
        return None


def _is_unicode(value: str) -> bool:
    """Return False for text that was not UTF-8; it is read with half surrogate pairs in place of such bytes."""
    return value.isascii() or not any("\ud800" <= character <= "\udfff" for character in value)
