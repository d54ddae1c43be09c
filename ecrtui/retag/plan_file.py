"""Plans and results as documents: what a dry run prints, what ``--from-file`` takes, what the journal keeps."""

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
"""What a CSV cell of an expected digest says for "the tag does not exist"; an empty cell expects nothing."""

RESULT_COLUMNS = ("repositoryName", "imageTag", "action", "digestBefore", "digestAfter", "outcome", "message")

_REPOSITORY = ("repositoryName", "repository")
_TAG = ("imageTag", "tag")
_SOURCE = ("digestAfter", "imageDigest", "digest", "source")
_EXPECT = ("digestExpected", "digestBefore", "expect")
_REMOVALS = (StepAction.REMOVE, StepAction.REFUSED, StepAction.ALREADY)
"""What a planned step without a new digest can be; in a file, such a row has to say so to mean a removal."""


@dataclass(frozen=True, slots=True)
class PlanFileRow:
    """One row of a file: this tag to this source, a digest or another tag; removed if the source is empty."""

    repository: str
    tag: str
    source: str
    expect: str | None = None


def step_document(step: Step) -> dict[str, Any]:
    """One step, by the names of the ECR API where it has one."""
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
    """The plan as JSON has it; :func:`plan_from` and :func:`rows_from` take it."""
    return {
        "planId": plan.id,
        "kind": plan.kind,
        "undoes": plan.undoes,
        "steps": [step_document(step) for step in plan.steps],
        "warnings": list(plan.warnings),
    }


def result_document(result: StepResult) -> dict[str, Any]:
    """What became of one step."""
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
    """What became of a plan."""
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
    """The plan as CSV, with a header; :func:`rows_from` takes it."""
    return _csv(RESULT_COLUMNS[:5], (_cells(step) for step in plan.steps))


def results_csv(results: Iterable[StepResult]) -> str:
    """Results as CSV, with a header."""
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
    """The plan that :func:`plan_document` made the document of."""
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
    """Read a file of wishes: a plan as JSON, a list of steps as JSON, or CSV with a header.

    Columns and keys are ``repositoryName``, ``imageTag``, ``digestAfter`` and ``digestBefore``, or in short
    ``repository``, ``tag``, ``digest`` (or ``source``, which may be a tag of the repository) and ``expect``.
    A row without a new digest is an error unless its ``action`` is ``remove``.

    Args:
        text: the content.
        name: what to call the file in an error.

    Raises:
        UsageError: names the row and what is wrong with it.
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
        raise UsageError(f"{name} cannot be read as JSON", str(problem)) from problem
    records = document.get("steps", document.get("results")) if isinstance(document, dict) else document
    if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
        raise UsageError(f"{name} holds no steps", 'It must be {"steps": [{…}, …]} or a list of objects.')
    return records


def _csv_records(text: str, name: str) -> list[Mapping[str, Any]]:
    try:
        records: list[dict[str | Any, Any]] = list(csv.DictReader(io.StringIO(text, newline=""), strict=True))
    except csv.Error as problem:
        raise UsageError(f"{name} cannot be read as CSV", str(problem)) from problem
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
        raise UsageError(f"{name}: {expect!r} is not a digest", "sha256: and 64 hexadecimal digits")
    return PlanFileRow(repository, tag, source, expect)


def _text(record: Mapping[str, Any], names: Iterable[str], place: str) -> str | None:
    for name in names:
        value = record.get(name)
        if value is not None:
            if not isinstance(value, str):
                raise UsageError(f"{place}: {name} is not a text")
            return value
    return None
