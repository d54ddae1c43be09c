"""Read a file of requested changes, for ``retag --from-file``: the output of a dry run, or CSV or JSON of a person."""

from __future__ import annotations

import codecs
import csv
import difflib
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from ecrtui.ecr.csv_cells import csv_text
from ecrtui.ecr.digest import is_digest
from ecrtui.ecr.exact_json import unique_members
from ecrtui.errors import UsageError
from ecrtui.retag.plan import StepAction
from ecrtui.retag.plan_file import NO_TAG

_REPOSITORY = ("repositoryName", "repository")
_TAG = ("imageTag", "tag")
_SOURCE = ("digestAfter", "imageDigest", "digest", "source")
_EXPECT = ("digestExpected", "digestBefore", "expect")
"""In a plan as JSON, the first two are empty if the tag must not exist. An empty CSV cell accepts any state."""
_ACTION = "action"
_NAMES = frozenset((*_REPOSITORY, *_TAG, *_SOURCE, *_EXPECT, _ACTION))

_JSON_HINT = 'Write {"steps": [{…}, …]} or a list of objects.'
_DELIMITERS = (",", ";", "\t")
"""The delimiters of a CSV file: spreadsheets write semicolons where a comma is part of numbers."""

_REMOVALS = (StepAction.REMOVE, StepAction.ALREADY)
"""The actions of a row without a source. A plan may also refuse a removal; its row has the digest that it saw."""


@dataclass(frozen=True, slots=True)
class FileRow:
    """A row of a file: a tag and its new source, a digest or another tag; an empty source removes the tag."""

    repository: str
    tag: str
    source: str
    expect: str | None = None
    """The digest that the tag must have now ("" if it must not exist); None accepts any state."""
    number: int = field(default=0, compare=False)
    """The position of the row in the file, from 1, without the header."""
    problem: str = ""
    """Why the row asks for nothing that can be done; empty if it may be possible."""


class _RowError(Exception):
    """The row cannot be used. An internal signal; its text is the problem."""


def decode_text(content: bytes, name: str) -> str:
    """Return the text of a file: UTF-8, or UTF-16 with a byte order mark, as spreadsheets and PowerShell write it.

    Raises:
        UsageError: the content is neither.
    """
    utf_16 = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    encoding, label = ("utf-16", "UTF-16") if utf_16 else ("utf-8-sig", "UTF-8")
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as problem:
        line = content.count(b"\n", 0, problem.start) + 1
        raise UsageError(
            f"{name} is not valid {label}", f"line {line}: {problem.reason}", "Save the file as UTF-8."
        ) from problem


def parse_rows(text: str, name: str) -> tuple[FileRow, ...]:
    """Parse a file of requested changes: a plan as JSON, a list of steps as JSON, or CSV with a header.

    Columns and members are ``repositoryName``, ``imageTag``, ``digestAfter`` and ``digestBefore``, or the short forms
    ``repository``, ``tag``, ``digest`` (or ``source``, which may be a tag of the repository) and ``expect``. A row
    without a source must have the ``action`` ``remove``. A row that cannot be used has a problem; the plan refuses it.

    Args:
        text: the content of the file.
        name: the name of the file in an error.

    Raises:
        UsageError: the file is neither JSON nor CSV, has no rows, or its header lacks a column.
    """
    rows = tuple(_json_rows(text, name) if text.lstrip()[:1] in ("{", "[") else _csv_rows(text, name))
    if not rows:
        raise UsageError(f"{name} has no rows", "", "Write a header and a row for each tag: repository,tag,source.")
    return rows


def _json_rows(text: str, name: str) -> Iterator[FileRow]:
    try:
        document = json.loads(text, object_pairs_hook=unique_members)
    except (ValueError, RecursionError) as problem:
        raise UsageError(f"{name} is not valid JSON", str(problem), _JSON_HINT) from problem
    records = document.get("steps", document.get("results")) if isinstance(document, dict) else document
    if not isinstance(records, list):
        raise UsageError(f"{name} has no steps", "", _JSON_HINT)
    for number, record in enumerate(records, 1):
        if isinstance(record, dict):
            yield _row(record, number)
        else:
            yield FileRow("", "", "", None, number, "the row is not a JSON object")


def _csv_rows(text: str, name: str) -> Iterator[FileRow]:
    """Yield the rows that are not blank. The header shows the delimiter."""
    header = text.lstrip("\r\n").partition("\n")[0]
    delimiter = next((character for character in _DELIMITERS if character in header), _DELIMITERS[0])
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        lines = (cells for cells in reader if cells)
        columns = [column.strip() for column in next(lines, [])]
        if columns:
            _check_header(columns, name)
        for number, cells in enumerate(lines, 1):
            values = [csv_text(cell) for cell in cells]
            if any(values):
                yield _csv_row(columns, values, number)
    except csv.Error as problem:
        raise UsageError(
            f"{name} is not valid CSV",
            f"line {reader.line_num}: {problem}",
            'Write " around a cell with a quotation mark, and "" for the mark.',
        ) from problem


def _check_header(columns: Sequence[str], name: str) -> None:
    hint = "Write a header such as repository,tag,source. Save the file as UTF-8."
    for names, others in ((_REPOSITORY, ()), (_TAG, ()), (_SOURCE, (_ACTION,))):
        if not {*names, *others} & set(columns):
            raise UsageError(f"The header of {name} has no column {names[-1]}", "", hint)
    if twice := next((column for column in columns if column and columns.count(column) > 1), ""):
        raise UsageError(f"The header of {name} has the column {twice} twice", "", hint)
    if misspelt := next(filter(_meant, columns), ""):
        raise UsageError(f"The header of {name} has the column {misspelt}", "", f"Did you mean {_meant(misspelt)}?")


@lru_cache(maxsize=256)
def _meant(name: str) -> str:
    """Return the name of an expected digest that an unknown name looks like: such a row would have no guard.

    Other unknown names are ignored, and the result is empty: a report has more columns than a plan.
    """
    known = {guard.lower(): guard for guard in _EXPECT}
    near = difflib.get_close_matches(name.lower(), known, n=1, cutoff=0.75)
    return known[near[0]] if near and name not in _NAMES else ""


def _csv_row(columns: Sequence[str], values: Sequence[str], number: int) -> FileRow:
    cells = zip(columns, values, strict=False)
    record = {column: value for column, value in cells if value or column not in _EXPECT}
    if len(values) == len(columns):
        return _row(record, number)
    return _unusable(record, number, f"the row has {len(values)} cells, but the header has {len(columns)}")


def _row(record: Mapping[str, object], number: int) -> FileRow:
    try:
        return FileRow(
            _name(record, _REPOSITORY), _name(record, _TAG), _source(record), _expected_digest(record), number
        )
    except _RowError as problem:
        return _unusable(record, number, str(problem))


def _unusable(record: Mapping[str, object], number: int, problem: str) -> FileRow:
    """Return a row with a problem, and with the names that it has, for the message."""
    repository, tag = (_first_text(record, names) for names in (_REPOSITORY, _TAG))
    return FileRow(repository, tag, "", None, number, problem)


def _first_text(record: Mapping[str, object], names: Sequence[str]) -> str:
    return next((value for value in _values(record, names).values() if isinstance(value, str)), "")


def _name(record: Mapping[str, object], names: Sequence[str]) -> str:
    """Return the repository or the tag of a row, which may be empty or invalid: the plan refuses those."""
    texts = _texts(record, names)
    if not texts:
        raise _RowError(f"the row has no {' or '.join(names)}")
    return _only(texts, names)


def _source(record: Mapping[str, object]) -> str:
    """Return the source of a row; an empty text if the row removes its tag."""
    source, action = _only(_texts(record, _SOURCE), _SOURCE), record.get(_ACTION) or ""
    if action not in ("", *StepAction):
        raise _RowError(f"the action {action!r} is not known; the only one that a row needs is {StepAction.REMOVE}")
    if source and action == StepAction.REMOVE:
        raise _RowError(f"the action is {action}, but the row has the source {source!r}")
    removes = action in _REMOVALS or (action == StepAction.REFUSED and _expected_digest(record))
    if not source and not removes:
        raise _RowError(
            f"the row has no source ({' or '.join(_SOURCE)}); to remove a tag, set action to {StepAction.REMOVE}"
        )
    return source


def _expected_digest(record: Mapping[str, object]) -> str | None:
    if misspelt := next(filter(_meant, record), ""):
        raise _RowError(f"the row has the member {misspelt}; did you mean {_meant(misspelt)}?")
    texts = _texts(record, _EXPECT if record.get("expect") else _EXPECT[:-1])
    if not texts:
        return None
    expected = "" if texts[0] == NO_TAG else texts[0]
    if expected and not is_digest(expected):
        raise _RowError(f"the expected digest {expected!r} is not a digest (sha256: and 64 hexadecimal digits)")
    return expected


def _only(texts: Sequence[str], names: Sequence[str]) -> str:
    """Return the one text of these members, of which the others may be empty."""
    different = list(dict.fromkeys(text for text in texts if text))
    if len(different) > 1:
        raise _RowError(f"the row has {len(different)} different values of {' or '.join(names)}")
    return different[0] if different else ""


def _texts(record: Mapping[str, object], names: Sequence[str]) -> Sequence[str]:
    """Return the members with these names that the row has, in the order of the names."""
    values = _values(record, names)
    if wrong := [name for name, value in values.items() if not isinstance(value, str)]:
        raise _RowError(f"{wrong[0]} is not a string")
    return [value for value in values.values() if isinstance(value, str)]


def _values(record: Mapping[str, object], names: Sequence[str]) -> Mapping[str, object]:
    return {name: record[name] for name in names if record.get(name) is not None}
