"""The rows of a comparison as lines of text, for a screen or a terminal. Every character of the registry is visible."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ecrtui.ecr.safe_text import visible
from ecrtui.inspect.comparison.rows import ChangeKind, Row, Section, changes_only

MAX_LABEL, MAX_LABEL_NARROW = 24, 14
"""Cells of a label beside which values are aligned, with two columns and with one. A longer one moves them right."""

ONE_COLUMN_WIDTH = 100
"""The least number of cells for a column each for the values of A and B."""

NOTE_WIDTH = 22
"""Cells for the notes beside two columns."""

ARROW = " → "


class Line(NamedTuple):
    """A line of a comparison.

    Args:
        text: the line, with every character visible.
        change: what happened to its row; None for a line that belongs to no row.
        first: whether it is the first line of a row.
        label: the number of characters of the sign and the label at its start.
        is_fault: whether the row is that of a fault; see :class:`ecrtui.inspect.comparison.rows.Row`.
    """

    text: str
    change: ChangeKind | None = None
    first: bool = False
    label: int = 0
    is_fault: bool = False


def section_lines(section: Section, width: int, *, everything: bool) -> Sequence[Line]:
    """Return the lines of a section: its rows, then what is not known.

    Args:
        section: the section.
        width: cells of a line. With :data:`ONE_COLUMN_WIDTH` and more, A and B have a column each. A value that is
            too long for its place takes lines of its own, which can be longer than the width.
        everything: whether to include the rows that are the same.
    """
    rows = section.rows if everything else changes_only(section.rows)
    most = MAX_LABEL if width >= ONE_COLUMN_WIDTH else MAX_LABEL_NARROW
    label_width = min(max((len(_label(row)) for row in rows), default=0), most)
    too_long = {_group(row) for row in rows if _is_one_sided(row) and not _in_columns(row, label_width, width)}
    lines = [
        line
        for row in rows
        for line in _row_lines(row, label_width, width, columns=not (_is_one_sided(row) and _group(row) in too_long))
    ]
    problems = [Line(visible(problem), ChangeKind.NOT_KNOWN) for problem in section.problems]
    if problems and lines:
        lines.append(Line(""))
    lines += problems
    if section.pending:
        lines.append(Line("reading…"))
    return lines or [Line(no_rows(section))]


def no_rows(section: Section) -> str:
    """Return the words for a section without a line."""
    if section.rows:
        number = len(section.rows)
        return (
            f"No differences. {number:,} entries are the same."
            if number > 1
            else "No differences. 1 entry is the same."
        )
    return "Nothing to compare."


def _row_lines(row: Row, label_width: int, width: int, *, columns: bool) -> Iterator[Line]:
    label = _signed_label(row, label_width)
    before, after, note = _texts(row)
    text = (_in_columns(row, label_width, width) if columns else "") or _one_column(label, before, after, note)
    if len(text) <= width:
        yield Line(text.rstrip(), row.change, first=True, label=len(label), is_fault=row.is_fault)
        return
    for line in _stacked(label, before, after, note, row.change):
        yield line._replace(is_fault=row.is_fault)


def _in_columns(row: Row, label_width: int, width: int) -> str:
    """Return a row with a column for A and one for B; empty if there is no room."""
    before, after, note = _texts(row)
    label = _signed_label(row, label_width)
    return _two_columns(label, before or "", after or "", note, width) if width >= ONE_COLUMN_WIDTH else ""


def _texts(row: Row) -> tuple[str | None, str | None, str]:
    before, after = (None if value is None else visible(value) for value in (row.before, row.after))
    return before, after, visible(row.note)


def _signed_label(row: Row, label_width: int) -> str:
    return f"{row.change.sign} {_label(row):<{label_width}}"


def _is_one_sided(row: Row) -> bool:
    return row.before is None or row.after is None


def _group(row: Row) -> str:
    """Return what rows have in common that are laid out in the same way: ``finding`` of ``finding CVE-2024-1``."""
    word, space, _ = row.label.partition(" ")
    return word if space else ""


def _label(row: Row) -> str:
    """Return the label. The names that most labels of images begin with take three cells."""
    return visible(row.label).replace(" org.opencontainers.image.", " …")


def _two_columns(label: str, before: str, after: str, note: str, width: int) -> str:
    """Return a row with a column for A and one for B; empty if it does not fit."""
    column = (width - len(label) - NOTE_WIDTH - 6) // 2
    if not before and not after:
        return f"{label}  {note}"
    if len(before) > column or len(after) > column:
        return ""
    if len(note) > NOTE_WIDTH and len(after) + len(note) + 2 <= column + NOTE_WIDTH:
        return f"{label}  {before:<{column}}  {after}  {note}"
    return f"{label}  {before:<{column}}  {after:<{column}}  {note}"


def _one_column(label: str, before: str | None, after: str | None, note: str) -> str:
    return "  ".join(filter(None, (label, _values(before, after), note)))


def _values(before: str | None, after: str | None) -> str:
    if _has_one_value(before, after):
        return after if after is not None else before or ""
    return f"{before}{ARROW}{after}"


def _has_one_value(before: str | None, after: str | None) -> bool:
    """Return True if one value is enough: the other image does not have the member, or has the same value."""
    return before is None or after is None or before == after


def _stacked(label: str, before: str | None, after: str | None, note: str, change: ChangeKind) -> Iterator[Line]:
    """Yield a row whose values need lines of their own; a single value stays beside its label, and wraps."""
    if _has_one_value(before, after):
        yield Line(_one_column(label, before, after, note), change, first=True, label=len(label))
        return
    yield Line(f"{label}  {note}".rstrip(), change, first=True, label=len(label))
    yield Line(f"    - {before}", ChangeKind.REMOVED)
    yield Line(f"    + {after}", ChangeKind.ADDED)
