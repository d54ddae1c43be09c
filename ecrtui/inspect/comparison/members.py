"""Compare JSON documents member by member: manifests, configs, and documents that ecrtui does not know."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ecrtui.ecr.differences import Difference, aligned, differences, first_difference, step, text_differences
from ecrtui.ecr.exact_json import parse_exact, write_json
from ecrtui.inspect.comparison.rows import ChangeKind, Row, lone_row, row_of, value_row

EXCERPT_BYTES = 8
"""Bytes that are shown from the first difference of two blobs on."""

MAX_LINES = 2_000
"""Lines of a text that are compared line by line. Of a longer text, the first difference is named."""


def document_rows(before: str, after: str, path: str = "") -> Sequence[Row]:
    """Return a row for each member of two JSON texts. Two different texts have at least one difference.

    Args:
        before: the text of image A.
        after: the text of image B.
        path: the name of the document, the first part of each label; empty for a config, whose members go without.
    """
    try:
        rows = list(value_rows(parse_exact(before), parse_exact(after), path))
    except ValueError:
        rows = []
    if before == after or any(row.differs for row in rows):
        return rows
    return [*rows, *map(difference_row, text_differences(before, after, path or "config"))]


def value_rows(before: Any, after: Any, path: str) -> Iterator[Row]:
    """Yield a row for each member of two values of :func:`ecrtui.ecr.exact_json.parse_exact`."""
    if isinstance(before, dict) and isinstance(after, dict) and (before or after):
        yield from member_rows(before, after, path)
    elif write_json(before) != write_json(after):
        yield from map(difference_row, differences(before, after, path))
    elif isinstance(before, list) and any(isinstance(entry, dict) for entry in before):
        for position, entry in enumerate(before):
            yield from value_rows(entry, entry, f"{path}[{position}]")
    else:
        yield value_row(_label(path), before, after)


def member_rows(before: Mapping[str, Any], after: Mapping[str, Any], path: str) -> Iterator[Row]:
    """Yield a row for each member of two JSON objects, and for the members of their members."""
    for name in dict.fromkeys((*before, *after)):
        own = f"{path}{step(name)}"
        if name in before and name in after:
            yield from value_rows(before[name], after[name], own)
        else:
            yield _lone(_label(own), name, before, after)


def named_rows(before: Mapping[str, Any], after: Mapping[str, Any], noun: str) -> Iterator[Row]:
    """Yield a row for each name of two mappings, such as labels: ``label NAME``."""
    for name in sorted({*before, *after}):
        label = f"{noun} {name}"
        if name in before and name in after:
            yield value_row(label, before[name], after[name])
        else:
            yield _lone(label, name, before, after)


def environment(value: Any) -> Mapping[str, str] | None:
    """Return environment variables by name; None if an entry is not a ``NAME=VALUE``, or a name occurs twice."""
    if not isinstance(value, list) or not all(isinstance(entry, str) and "=" in entry for entry in value):
        return None
    named = dict(entry.split("=", 1) for entry in value)
    return named if len(named) == len(value) else None


def order_row(before: Iterable[str], after: Iterable[str], label: str) -> Row | None:
    """Return the row of another order of the names that both have; None if they have the same order."""
    names = list(before), list(after)
    common = set(names[0]) & set(names[1])
    orders = [[name for name in side if name in common] for side in names]
    return None if orders[0] == orders[1] else row_of(label, *(" ".join(order) for order in orders))


def text_rows(before: str, after: str, name: str) -> Sequence[Row]:
    """Return the rows of two texts: by member if both are JSON, else by line. Nothing for the same text."""
    if before == after:
        return ()
    try:
        for text in (before, after):
            parse_exact(text)
    except ValueError:
        lines = before.split("\n"), after.split("\n")
        if max(map(len, lines)) > MAX_LINES:  # to align them could take minutes
            return [difference_row(difference) for difference in text_differences(before, after, name)]
        return list(_line_rows(*lines, name))
    return document_rows(before, after, name)


def _line_rows(before: Sequence[str], after: Sequence[str], name: str) -> Iterator[Row]:
    for kind, start, end, new_start, new_end in aligned(before, after):
        if kind == "equal":
            continue
        both = min(end - start, new_end - new_start)
        for number in range(both):
            old, new = before[start + number], after[new_start + number]
            pair = (old, new) if old.strip() == new.strip() else (old.strip(), new.strip())
            yield value_row(f"{name}, line {new_start + number + 1}", *pair)
        for number in range(start + both, end):
            yield lone_row(f"{name}, line {number + 1}", before[number].strip(), ChangeKind.REMOVED)
        for number in range(new_start + both, new_end):
            yield lone_row(f"{name}, line {number + 1}", after[number].strip(), ChangeKind.ADDED)


def byte_rows(before: bytes, after: bytes, label: str) -> Sequence[Row]:
    """Return the first bytes that differ; nothing for the same bytes."""
    if before == after:
        return ()
    position = first_difference(before, after)
    excerpts = [content[position : position + EXCERPT_BYTES].hex(" ") or "end" for content in (before, after)]
    return (row_of(f"{label}, from byte {position + 1:,}", *excerpts),)


def difference_row(difference: Difference) -> Row:
    """Return the row of a difference, whose values are JSON."""
    label = _label(difference.path)
    if difference.before is None or difference.after is None:
        added = difference.before is None
        value = parse_exact(difference.after or difference.before or "null")
        return lone_row(label, value, ChangeKind.ADDED if added else ChangeKind.REMOVED)
    return value_row(label, parse_exact(difference.before), parse_exact(difference.after))


def _lone(label: str, name: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Row:
    """Return the row of a member that only one of two objects has."""
    if name in after:
        return lone_row(label, after[name], ChangeKind.ADDED)
    return lone_row(label, before[name], ChangeKind.REMOVED)


def _label(path: str) -> str:
    return path.removeprefix(".")
