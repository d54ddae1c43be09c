"""Plans and results as JSON and CSV: the output of a dry run, saved files, and the journal."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain
from typing import Any, TypeVar

from ecrtui.ecr.csv_cells import csv_lines
from ecrtui.ecr.units import format_iso_time
from ecrtui.retag.plan import Plan, Report, Step, StepAction, StepResult

Kind = TypeVar("Kind")

NO_TAG = "none"
"""The CSV cell of an expected digest that means "the tag does not exist"; an empty cell accepts any state."""

_COLUMNS = ("repositoryName", "imageTag", "action", "digestBefore", "digestAfter")
"""The columns of a plan as CSV."""


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
        "otherTags": list(step.other_tags),
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
        **_excluded(plan),
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
    if result.ended_at is not None:
        document["finishedAt"] = format_iso_time(result.ended_at, "milliseconds")
    if result.request_id:
        document["requestId"] = result.request_id
    return document


def report_document(report: Report) -> dict[str, Any]:
    """Return the report of a plan as a document."""
    return {
        "planId": report.plan.id,
        "kind": report.plan.kind,
        "registryId": report.location.registry_id,
        "region": report.location.region,
        "endpoint": report.location.endpoint,
        "principal": report.principal,
        "finishedAt": format_iso_time(report.ended_at, "milliseconds"),
        "counts": {str(outcome): count for outcome, count in report.counts.items()},
        "results": [result_document(result) for result in report.results],
        **_excluded(report.plan),
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
    return "".join(csv_lines(chain([_COLUMNS], (list(_cells(step).values()) for step in plan.steps))))


def _excluded(plan: Plan) -> dict[str, Any]:
    """Return the member with the steps that the user removed; nothing if there are none."""
    words = "removed from the plan before it was applied"
    rows = [
        step_document(step)
        | {"outcome": "excluded", "message": f"{words}; it was refused: {step.reason}" if step.reason else words}
        for step in plan.excluded
    ]
    return {"excluded": rows} if rows else {}


def _cells(step: Step) -> dict[str, str]:
    expect = step.change.expect
    return {
        "repositoryName": step.repository,
        "imageTag": step.tag,
        "action": str(step.action),
        "digestBefore": "" if expect is None else expect or NO_TAG,
        "digestAfter": step.after,
    }


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
        other_tags=_texts(step, "otherTags") if "otherTags" in step else (),
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
