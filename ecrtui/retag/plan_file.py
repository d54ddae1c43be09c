"""Plans and results as JSON and CSV: the output of a dry run, the input of ``--from-file``, and the journal."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ecrtui.ecr.digest import is_digest
from ecrtui.errors import UsageError
from ecrtui.retag.plan import Plan, Report, Step, StepAction, StepResult

NO_TAG = "none"
"""The CSV cell of an expected digest that means "the tag does not exist"; an empty cell accepts any state."""

RESULT_COLUMNS = ("repositoryName", "imageTag", "action", "digestBefore", "digestAfter", "outcome", "message")

_REPOSITORY = ("repositoryName", "repository")
_TAG = ("imageTag", "tag")
_SOURCE = ("digestAfter", "imageDigest", "digest", "source")
_EXPECT = ("digestExpected", "digestBefore", "expect")
_REMOVALS = (StepAction.REMOVE, StepAction.REFUSED, StepAction.ALREADY)
"""The actions of a step without a new digest. A row of a file without a new digest needs one of them."""


@dataclass(frozen=True, slots=True)
class PlanFileRow:
    """A row of a file: a tag and its new source, a digest or another tag; an empty source removes the tag."""

    repository: str
    tag: str
    source: str
    expect: str | None = None


def step_document(step: Step) -> dict[str, Any]:
    """Return a step as a document, with the member names of the ECR API where it has them."""
    expected = {} if step.expected is None else {"digestExpected": step.expected}
    return {
        "repositoryName": step.repository,
        "imageTag": step.tag,
        "action": str(step.action),
        "digestBefore": step.before,
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
    return {
        "repositoryName": step.repository,
        "imageTag": step.tag,
        "action": str(step.action),
        "digestBefore": step.change.expect or NO_TAG,
        "digestAfter": step.after,
    }


def _csv(columns: Iterable[str], rows: Iterable[Mapping[str, str]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(columns), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def parse_plan_document(document: Mapping[str, Any]) -> Plan:
    """Return the plan of a document made by :func:`plan_document`."""
    return Plan(
        id=document["planId"],
        kind=document["kind"],
        undoes=document["undoes"],
        warnings=tuple(document["warnings"]),
        steps=tuple(
            Step(
                repository=step["repositoryName"],
                tag=step["imageTag"],
                action=StepAction(step["action"]),
                before=step["digestBefore"],
                after=step["digestAfter"],
                media_type=step["imageManifestMediaType"],
                remaining_tags=tuple(step["keepsTags"]),
                becomes_untagged=step["becomesUntagged"],
                protected=step["protected"],
                reason=step["reason"],
                notes=tuple(step["notes"]),
                warnings=tuple(step["warnings"]),
                undoes=step["undoes"],
                expected=step.get("digestExpected"),
            )
            for step in document["steps"]
        ),
    )


def parse_rows(text: str, name: str) -> tuple[PlanFileRow, ...]:
    """Parse a file of requested changes: a plan as JSON, a list of steps as JSON, or CSV with a header.

    Columns and keys are ``repositoryName``, ``imageTag``, ``digestAfter`` and ``digestBefore``, or the short forms
    ``repository``, ``tag``, ``digest`` (or ``source``, which may be a tag of the repository) and ``expect``.
    A row without a new digest is an error unless its ``action`` is ``remove``.

    Args:
        text: the content of the file.
        name: the name of the file in an error.

    Raises:
        UsageError: names the row and its problem.
    """
    records = _json_records(text, name) if text.lstrip()[:1] in ("{", "[") else _csv_records(text, name)
    rows = tuple(_row(record, f"{name}, row {number}") for number, record in enumerate(records, 1))
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


def _csv_records(text: str, name: str) -> list[Mapping[str, Any]]:
    try:
        records: list[dict[str | Any, Any]] = list(csv.DictReader(io.StringIO(text, newline=""), strict=True))
    except csv.Error as problem:
        raise UsageError(f"{name} is not valid CSV", str(problem)) from problem
    for number, record in enumerate(records, 1):
        if None in record or None in record.values():
            raise UsageError(f"{name}, row {number} has more or fewer cells than the header")
    return [
        {
            key.strip(): _expected(key.strip(), value.strip())
            for key, value in record.items()
            if value.strip() or key.strip() not in _EXPECT
        }
        for record in records
    ]


def _expected(column: str, value: str) -> str:
    return "" if column in _EXPECT and value == NO_TAG else value


def _row(record: Mapping[str, Any], name: str) -> PlanFileRow:
    repository = _text(record, _REPOSITORY, name) or ""
    tag = _text(record, _TAG, name) or ""
    source = _text(record, _SOURCE, name) or ""
    expect = _text(record, _EXPECT, name)
    for value, columns in ((repository, _REPOSITORY), (tag, _TAG)):
        if not value:
            raise UsageError(f"{name} has no {' or '.join(columns)}")
    if not source and record.get("action") not in _REMOVALS:
        raise UsageError(f"{name} has no {' or '.join(_SOURCE)}", "", "To remove a tag, set action to remove.")
    if expect and not is_digest(expect):
        raise UsageError(f"{name}: {expect!r} is not a digest", "A digest is sha256: and 64 hexadecimal digits.")
    return PlanFileRow(repository, tag, source, expect)


def _text(record: Mapping[str, Any], names: Iterable[str], row: str) -> str | None:
    for name in names:
        value = record.get(name)
        if value is not None:
            if not isinstance(value, str):
                raise UsageError(f"{row}: {name} is not a string")
            return value
    return None
