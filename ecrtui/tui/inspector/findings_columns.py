"""The columns of the table with findings."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from textual.content import Content

from ecrtui.ecr import units
from ecrtui.ecr.findings import SEVERITIES, Availability
from ecrtui.inspect.findings import SORT_KEYS, FindingRow
from ecrtui.tui.table.column_layout import Column

UNKNOWN = "?"
"""The text for a value that a scan does not have."""

_SHORT_SEVERITIES = {"INFORMATIONAL": "INFO", "UNDEFINED": "UNDEF"}
"""Severities whose names are long."""

_SYSTEM = "linux/"
"""The system of nearly every platform; a cell leaves it out."""


def finding_columns(rows: Sequence[FindingRow], platforms: int) -> Sequence[Column[FindingRow]]:
    """Return the columns that have values: a basic scan has no exploit, no layer and no time.

    Args:
        rows: all findings.
        platforms: the number of platforms of the image; one needs no column.
    """
    without = set() if platforms > 1 else {"on"}
    without |= {name for name, is_known in _SOMETIMES_KNOWN.items() if not any(map(is_known, rows))}
    columns = (
        Column("severity", "severity", _severity, SORT_KEYS["severity"], min_width=8),
        Column("status", "status", _status, SORT_KEYS["status"], min_width=10, drop_priority=3),
        Column("id", "id", lambda row: row.id, SORT_KEYS["id"], min_width=14, max_width=24, matches=True),
        Column(
            "package",
            "package",
            lambda row: row.package,
            SORT_KEYS["package"],
            min_width=8,
            full_width=16,
            max_width=30,
            flex=1,
            matches=True,
        ),
        Column(
            "installed",
            "installed",
            lambda row: row.installed,
            SORT_KEYS["installed"],
            min_width=9,
            max_width=30,
            drop_priority=2,
            matches=True,
        ),
        Column("fixed", "fixed in", _fixed, SORT_KEYS["fixed"], min_width=8, full_width=16, max_width=30, matches=True),
        Column("score", "score", _score, SORT_KEYS["score"], align="right", drop_priority=4),
        Column("exploit", "exploit", lambda row: answer_text(row.exploit), SORT_KEYS["exploit"], drop_priority=5),
        Column("layer", "layer", lambda row: row.layer or UNKNOWN, SORT_KEYS["layer"], max_width=14, drop_priority=6),
        Column(
            "on",
            "on",
            partial(_platforms, platforms),
            SORT_KEYS["on"],
            min_width=5,
            max_width=24,
            drop_priority=1,
            matches=True,
        ),
        Column(
            "seen",
            "first seen",
            lambda row: units.format_age(row.first_seen, missing=UNKNOWN),
            SORT_KEYS["seen"],
            align="right",
            drop_priority=7,
        ),
    )
    return tuple(column for column in columns if column.id not in without)


_SOMETIMES_KNOWN: Mapping[str, Callable[[FindingRow], bool]] = {
    "status": lambda row: not row.is_open,
    "score": lambda row: row.score is not None,
    "exploit": lambda row: row.exploit is not Availability.UNKNOWN,
    "layer": lambda row: bool(row.layer),
    "seen": lambda row: row.first_seen is not None,
}


def answer_text(answer: Availability) -> str:
    """Return the answer of a scan; a question mark if it has none."""
    return UNKNOWN if answer is Availability.UNKNOWN else answer.value


def _platforms(number: int, row: FindingRow) -> str:
    """Return the platforms of a row without "linux/"; "all" if all platforms of the image have it."""
    if len(row.occurrences) == number:
        return "all"
    return ", ".join(occurrence.target.name.removeprefix(_SYSTEM) for occurrence in row.occurrences)


def _severity(row: FindingRow) -> Content:
    shown = UNKNOWN if row.unreadable else _SHORT_SEVERITIES.get(row.severity, row.severity)
    if not row.is_open:
        return Content.styled(f"({shown})", "dim")
    weight = "bold " if row.severity == SEVERITIES[0] else ""
    return Content.styled(shown, f"{weight}$severity-{row.severity.lower()}")


def _status(row: FindingRow) -> Content:
    return Content.styled("" if row.is_open else row.status, "dim")


def _fixed(row: FindingRow) -> str:
    if row.fixed_in:
        return row.fixed_in
    return {Availability.YES: "yes", Availability.NO: "no fix", Availability.PARTIAL: "some"}.get(row.fix, UNKNOWN)


def _score(row: FindingRow) -> str:
    return UNKNOWN if row.score is None else f"{row.score:.1f}"
