"""Plans and results as JSON and CSV: the output of a dry run, saved files, and the journal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Any, TypeVar

from ecrtui.ecr.csv_cells import csv_lines
from ecrtui.retag.plan import Plan, Report, Step, StepAction, StepResult

Kind = TypeVar("Kind")

NO_TAG = "none"
"""The CSV cell of an expected digest that means "the tag does not exist"; an empty cell accepts any state."""

RESULT_COLUMNS = ("repositoryName", "imageTag", "action", "digestBefore", "digestAfter", "outcome", "message")


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


def _csv(columns: Sequence[str], rows: Iterable[Mapping[str, str]]) -> str:
    return "".join(csv_lines(chain([columns], ([row[column] for column in columns] for row in rows))))


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
