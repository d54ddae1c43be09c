"""Plans and results as JSON and CSV: the output of a dry run, the input of ``--from-file``, and the journal."""

from __future__ import annotations

import codecs
import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from ecrtui.ecr.digest import is_digest
from ecrtui.errors import UsageError
from ecrtui.retag.plan import Plan, Report, Step, StepAction, StepResult

Kind = TypeVar("Kind")

NO_TAG = "none"
"""The CSV cell of an expected digest that means "the tag does not exist"; an empty cell accepts any state."""

RESULT_COLUMNS = ("repositoryName", "imageTag", "action", "digestBefore", "digestAfter", "outcome", "message")

_REPOSITORY = ("repositoryName", "repository")
_TAG = ("imageTag", "tag")
_SOURCE = ("digestAfter", "imageDigest", "digest", "source")
_EXPECT = ("digestExpected", "digestBefore", "expect")
_REMOVALS = (StepAction.REMOVE, StepAction.REFUSED, StepAction.ALREADY)
"""The actions of a step without a new digest. A row of a file without a new digest needs one of them."""
_DELIMITERS = (",", ";", "\t")
"""The delimiters of a CSV file: spreadsheets write semicolons where a comma is part of numbers."""


@dataclass(frozen=True, slots=True)
class PlanFileRow:
    """A row of a file: a tag and its new source, a digest or another tag; an empty source removes the tag."""

    repository: str
    tag: str
    source: str
    expect: str | None = None
    number: int = field(default=0, compare=False)
    """The position of the row in the file, from 1, without the header."""


def step_document(step: Step) -> dict[str, Any]:
    """Return a step as a document, with the member names of the ECR API where it has them."""
    expected = {} if step.expected is None else {"digestExpected": step.expected}
    return {
        "repositoryName": step.repository,
        "imageTag": step.tag,
        "action": str(step.action),
        "digestBefore": None if step.unread else step.before,
        "digestAfter": step.after,
        "imageManifestMediaType": step.media_type,
        "keepsTags": list(step.remaining_tags),
        "becomesUntagged": step.becomes_untagged,
        "protected": step.protected,
        "reason": step.reason,
        "notes": list(step.notes),
        "warnings": list(step.warnings),
        "undoes": step.undoes,
        **expected,
    }


def plan_document(plan: Plan) -> dict[str, Any]:
    """Return a plan as a document for :func:`parse_plan_document` and :func:`parse_rows`."""
    return {
        "planId": plan.id,
        "kind": plan.kind,
        "undoes": plan.undoes,
        "steps": [step_document(step) for step in plan.steps],
        "warnings": list(plan.warnings),
    }


def result_document(result: StepResult) -> dict[str, Any]:
    """Return the result of a step as a document."""
    document = step_document(result.step)
    document["outcome"] = str(result.outcome)
    document["message"] = result.message
    if result.step.row:
        document["row"] = result.step.row
    if result.found is not None:
        document["digestFound"] = result.found
    if result.entry:
        document["entry"] = result.entry
    if result.result is not None:
        document["requestId"] = result.result.request_id
    return document


def report_document(report: Report) -> dict[str, Any]:
    """Return the report of a plan as a document."""
    return {
        "planId": report.plan.id,
        "kind": report.plan.kind,
        "counts": {str(outcome): count for outcome, count in report.counts.items()},
        "results": [result_document(result) for result in report.results],
        "movedSince": [
            {"repositoryName": row.step.repository, "imageTag": row.step.tag, "digestFound": row.found}
            for row in report.drifted
        ],
        "warnings": [
            *report.plan.warnings,
            *([f"not verified: {report.verification_error}"] if report.verification_error else []),
        ],
    }


def plan_csv(plan: Plan) -> str:
    """Return a plan as CSV with a header, for :func:`parse_rows`."""
    return _csv(RESULT_COLUMNS[:5], (_cells(step) for step in plan.steps))


def results_csv(results: Iterable[StepResult]) -> str:
    """Return results as CSV with a header."""
    return _csv(
        RESULT_COLUMNS,
        ({**_cells(result.step), "outcome": str(result.outcome), "message": result.message} for result in results),
    )


def _cells(step: Step) -> dict[str, str]:
    expect = step.change.expect
    return {
        "repositoryName": step.repository,
        "imageTag": step.tag,
        "action": str(step.action),
        "digestBefore": "" if expect is None else expect or NO_TAG,
        "digestAfter": step.after,
    }


def _csv(columns: Iterable[str], rows: Iterable[Mapping[str, str]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(columns), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def parse_plan_document(document: Mapping[str, Any]) -> Plan:
    """Return the plan of a document made by :func:`plan_document`.

    Raises:
        AttributeError, LookupError, TypeError, ValueError: it is not such a document.
    """
    return Plan(
        id=_member(document, "planId", str),
        kind=_member(document, "kind", str),
        undoes=_member(document, "undoes", str),
        warnings=_texts(document, "warnings"),
        steps=tuple(_parse_step(step) for step in _member(document, "steps", list)),
    )


def _parse_step(step: Mapping[str, Any]) -> Step:
    return Step(
        repository=_member(step, "repositoryName", str),
        tag=_member(step, "imageTag", str),
        action=StepAction(step["action"]),
        before="" if step["digestBefore"] is None else _member(step, "digestBefore", str),
        after=_member(step, "digestAfter", str),
        media_type=_member(step, "imageManifestMediaType", str),
        remaining_tags=_texts(step, "keepsTags"),
        becomes_untagged=_member(step, "becomesUntagged", bool),
        protected=_member(step, "protected", bool),
        reason=_member(step, "reason", str),
        notes=_texts(step, "notes"),
        warnings=_texts(step, "warnings"),
        undoes=_member(step, "undoes", int),
        expected=None if step.get("digestExpected") is None else _member(step, "digestExpected", str),
        unread=step["digestBefore"] is None,
    )


def _member(record: Mapping[str, Any], name: str, kind: type[Kind]) -> Kind:
    value = record[name]
    if type(value) is not kind:
        raise TypeError(f"{name} is {type(value).__name__}, not {kind.__name__}")
    return value


def _texts(record: Mapping[str, Any], name: str) -> tuple[str, ...]:
    return tuple(_member({name: value}, name, str) for value in _member(record, name, list))


def decode_text(content: bytes, name: str) -> str:
    """Return the text of a file: UTF-8, or UTF-16 with a byte order mark, as spreadsheets and PowerShell write it.

    Raises:
        UsageError: the content is neither.
    """
    utf_16 = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        return content.decode("utf-16" if utf_16 else "utf-8-sig")
    except UnicodeDecodeError as problem:
        line = content.count(b"\n", 0, problem.start) + 1
        raise UsageError(
            f"{name} is not valid UTF-8", f"line {line}: {problem.reason}", "Save the file as UTF-8."
        ) from problem


def parse_rows(text: str, name: str) -> tuple[PlanFileRow, ...]:
    """Parse a file of requested changes: a plan as JSON, a list of steps as JSON, or CSV with a header.

    Columns and keys are ``repositoryName``, ``imageTag``, ``digestAfter`` and ``digestBefore``, or the short forms
    ``repository``, ``tag``, ``digest`` (or ``source``, which may be a tag of the repository) and ``expect``.
    A row without a new digest is an error unless its ``action`` is ``remove``. Names, tags and sources may be invalid:
    the plan refuses their rows.

    Args:
        text: the content of the file.
        name: the name of the file in an error.

    Raises:
        UsageError: names the row and its problem.
    """
    is_json = text.lstrip()[:1] in ("{", "[")
    records = enumerate(_json_records(text, name), 1) if is_json else _csv_records(text, name)
    rows = tuple(_row(record, f"{name}, row {number}", number) for number, record in records)
    if not rows:
        raise UsageError(f"{name} has no rows")
    return rows


def _json_records(text: str, name: str) -> list[Mapping[str, Any]]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as problem:
        raise UsageError(f"{name} is not valid JSON", str(problem)) from problem
    records = document.get("steps", document.get("results")) if isinstance(document, dict) else document
    if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
        raise UsageError(f"{name} has no steps", 'Write {"steps": [{…}, …]} or a list of objects.')
    return records


def _csv_records(text: str, name: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Yield the number and the cells of each row, without blank rows. The header tells the delimiter."""
    header = text.lstrip("\r\n").partition("\n")[0]
    delimiter = next((character for character in _DELIMITERS if character in header), _DELIMITERS[0])
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        lines = (cells for cells in reader if cells)
        columns = [column.strip() for column in next(lines, [])]
        for number, cells in enumerate(lines, 1):
            values = [cell.strip() for cell in cells]
            if not any(values):
                continue
            if len(values) != len(columns):
                raise UsageError(f"{name}, row {number} has more or fewer cells than the header")
            yield number, {column: value for column, value in map(_cell, columns, values) if value is not None}
    except csv.Error as problem:
        raise UsageError(f"{name} is not valid CSV", f"line {reader.line_num}: {problem}") from problem


def _cell(column: str, value: str) -> tuple[str, str | None]:
    """Return a cell of a row; None for an expected digest that is not given."""
    if column not in _EXPECT:
        return column, value
    return column, "" if value == NO_TAG else value or None


def _row(record: Mapping[str, Any], name: str, number: int) -> PlanFileRow:
    repository, tag = _text(record, _REPOSITORY, name), _text(record, _TAG, name)
    source = _text(record, _SOURCE, name) or ""
    expect = _text(record, _EXPECT, name)
    for value, columns in ((repository, _REPOSITORY), (tag, _TAG)):
        if value is None:
            raise UsageError(f"{name} has no {' or '.join(columns)}")
    if repository is None or tag is None or (not source and record.get("action") not in _REMOVALS):
        raise UsageError(f"{name} has no {' or '.join(_SOURCE)}", "", "To remove a tag, set action to remove.")
    if expect and not is_digest(expect):
        raise UsageError(f"{name}: {expect!r} is not a digest", "A digest is sha256: and 64 hexadecimal digits.")
    return PlanFileRow(repository, tag, source, expect, number)


def _text(record: Mapping[str, Any], names: Iterable[str], row: str) -> str | None:
    for name in names:
        value = record.get(name)
        if value is not None:
            if not isinstance(value, str):
                raise UsageError(f"{row}: {name} is not a string")
            return value
    return None
