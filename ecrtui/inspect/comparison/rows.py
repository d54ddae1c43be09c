"""The result of a comparison: rows in sections. Every output (screen, text, JSON, Markdown) is made of them."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeAlias, TypeVar

from ecrtui.ecr.exact_json import write_json
from ecrtui.ecr.permissions import action_of
from ecrtui.errors import EcrTuiError, ErrorKind
from ecrtui.inspect.comparison.order import order_note

Value = TypeVar("Value")


class ChangeKind(StrEnum):
    """What happened to a member from image A to image B."""

    SAME = "same"
    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    NOT_KNOWN = "not known"
    """ecrtui could not read a value of one of the images, so it does not say that both are the same."""

    @property
    def sign(self) -> str:
        """The sign before a row; a blank for the same."""
        return _SIGNS[self]


_SIGNS = {
    ChangeKind.SAME: " ",
    ChangeKind.ADDED: "+",
    ChangeKind.REMOVED: "-",
    ChangeKind.CHANGED: "~",
    ChangeKind.NOT_KNOWN: "?",
}
DIFFERENCES = (ChangeKind.ADDED, ChangeKind.REMOVED, ChangeKind.CHANGED)
"""The changes that are differences."""


@dataclass(frozen=True, slots=True)
class Row:
    """A member of two images.

    Args:
        label: its name, such as ``env JAVA_VERSION`` or ``config.Entrypoint``.
        before: its value in image A as text; None if A does not have it.
        after: its value in image B as text; None if B does not have it.
        change: what happened to it.
        note: what a reader wants to know besides: ``−3.6 MB``, ``23 MB to pull``.
        is_fault: whether the member is a fault, such as a finding: a new one is bad, and one that is gone is good.
    """

    label: str
    before: str | None
    after: str | None
    change: ChangeKind
    note: str = ""
    is_fault: bool = False

    @property
    def differs(self) -> bool:
        """True for a difference; False for the same, and for what is not known."""
        return self.change in DIFFERENCES


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a comparison: config, layers, packages.

    Args:
        name: its name.
        rows: its rows, also those that are the same.
        problems: what is not known, and why, as sentences.
        pending: whether something of it is still being read.
    """

    name: str
    rows: tuple[Row, ...] = ()
    problems: tuple[str, ...] = ()
    pending: bool = False

    @property
    def not_known(self) -> tuple[str, ...]:
        """The problems, and what was not read yet: an export does not get the rest later."""
        return (*self.problems, "Not everything was read yet.") if self.pending else self.problems

    def count(self, *changes: ChangeKind) -> int:
        """Return the number of rows with one of these changes."""
        return sum(row.change in changes for row in self.rows)

    @property
    def badge(self) -> str:
        """The numbers of differences: ``+3 -1 ~9``; ``?`` if something is not known; empty if nothing differs."""
        counts = Counter(row.change for row in self.rows)
        parts = [f"{change.sign}{counts[change]}" for change in DIFFERENCES if counts[change]]
        unknown = bool(self.problems) or ChangeKind.NOT_KNOWN in counts
        return " ".join([*parts, *(["?"] if unknown else [])])


@dataclass(frozen=True, slots=True)
class NotKnown:
    """A value that is not known.

    Args:
        reason: why, in a few words.
        pending: whether it is still being read.
    """

    reason: str
    pending: bool = False


READING = NotKnown("still being read", pending=True)
"""The value of a part before it was read."""

Known: TypeAlias = Value | NotKnown
"""A value, or why it is not known."""


def not_known(error: EcrTuiError) -> NotKnown:
    """Return why a value could not be read: the missing permission, or what happened."""
    if error.kind is ErrorKind.DENIED and error.operation:
        return NotKnown(f"not permitted: {action_of(error.operation)}")
    return NotKnown(_REASONS.get(error.kind) or str(error))


_REASONS = {
    ErrorKind.UNSUPPORTED: "not supported by this registry",
    ErrorKind.SCAN_NOT_FOUND: "not scanned",
    ErrorKind.SCAN_PENDING: "the scan has not finished",
}


def problems_of(before: object, after: object, noun: str) -> tuple[str, ...]:
    """Return a sentence for each of two values that is not known and not pending."""
    return tuple(
        f"The {noun} of {side} is not known: {value.reason}."
        for side, value in (("A", before), ("B", after))
        if isinstance(value, NotKnown) and not value.pending
    )


def is_pending(*values: object) -> bool:
    """Return True if one of the values is still being read."""
    return any(isinstance(value, NotKnown) and value.pending for value in values)


def row_of(label: str, before: str | None, after: str | None, *, note: str = "", is_fault: bool = False) -> Row:
    """Return the row of two texts; None is a member that an image does not have."""
    if before == after:
        change = ChangeKind.SAME
    elif before is None or after is None:
        change = ChangeKind.ADDED if before is None else ChangeKind.REMOVED
    else:
        change = ChangeKind.CHANGED
    return Row(label, before, after, change, note, is_fault)


def value_row(label: str, before: Any, after: Any) -> Row:
    """Return the row of two values of :func:`ecrtui.ecr.exact_json.parse_exact` that both images have.

    The row has texts as they are. It has JSON if the values are not texts, or would look the same. The note is the
    difference between two numbers or times.
    """
    note = order_note(before, after)
    if all(_is_plain(value) for value in (before, after)) and not _look_the_same(before, after):
        return row_of(label, before, after, note=note)
    texts = [write_json(value) for value in (before, after)]
    if _look_the_same(*texts):
        texts = [text.encode("ascii", "backslashreplace").decode() for text in texts]
    return row_of(label, *texts, note=note)


def lone_row(label: str, value: Any, change: ChangeKind) -> Row:
    """Return the row of a value that only one image has."""
    text = value if _is_plain(value) else write_json(value)
    return Row(
        label, text if change is ChangeKind.REMOVED else None, text if change is ChangeKind.ADDED else None, change
    )


def known_row(label: str, before: Known[str | None], after: Known[str | None], *, note: str = "") -> Row | None:
    """Return the row of two texts that may not be known; None while one of them is being read."""
    if is_pending(before, after):
        return None
    if isinstance(before, NotKnown) or isinstance(after, NotKnown):
        return Row(label, _in_words(before), _in_words(after), ChangeKind.NOT_KNOWN, note)
    return row_of(label, before, after, note=note)


def possibly_in_both(row: Row) -> Row:
    """Return the row of a member that one image may have all the same, although nothing says so."""
    if row.change not in (ChangeKind.ADDED, ChangeKind.REMOVED):
        return row
    unknown = ChangeKind.NOT_KNOWN.value
    return Row(row.label, row.before or unknown, row.after or unknown, ChangeKind.NOT_KNOWN)


def changes_only(rows: Iterable[Row]) -> Sequence[Row]:
    """Return the rows that are not the same."""
    return [row for row in rows if row.change is not ChangeKind.SAME]


def _in_words(value: Known[str | None]) -> str | None:
    return f"not known: {value.reason}" if isinstance(value, NotKnown) else value


def _is_plain(value: Any) -> bool:
    """Return True for a text that looks unlike any other one: not empty, printable, with single blanks inside."""
    return isinstance(value, str) and value.isprintable() and value == " ".join(value.split()) != ""


def _look_the_same(first: str, second: str) -> bool:
    """Return True for two different texts that only Unicode tells apart, such as an accent beside its letter."""
    return first != second and unicodedata.normalize("NFKC", first) == unicodedata.normalize("NFKC", second)
