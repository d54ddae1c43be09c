"""Plans and reports as text: the same words wherever a plan stands on the screen. Colour never tells it alone."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence

from textual.content import Content

from ecrtui.ecr import units
from ecrtui.ecr.digest import short_digest
from ecrtui.ecr.put_image_request import PutImageResult
from ecrtui.errors import EcrTuiError
from ecrtui.retag.plan import Plan, Report, Step, StepAction, StepOutcome, StepResult
from ecrtui.tui import safe_text as text

_ACTION = {
    StepAction.CREATE: ("new", "$success"),
    StepAction.MOVE: ("moves", "$warning"),
    StepAction.REMOVE: ("removed", "$warning"),
    StepAction.ALREADY: ("already there", "dim"),
    StepAction.REFUSED: ("refused", "$error"),
}
_OUTCOME = {
    StepOutcome.DONE: ("✓ done", "$success"),
    StepOutcome.ALREADY: ("✓ already there", "$success"),
    StepOutcome.REFUSED: ("✗ refused", "$error"),
    StepOutcome.CONFLICT: ("✗ moved by someone else", "$error"),
    StepOutcome.FAILED: ("✗ failed", "$error"),
    StepOutcome.UNKNOWN: ("? unknown", "$warning"),
    StepOutcome.SKIPPED: ("- not done", "dim"),
}

Part = Content | str | tuple[str, str]


def action_words(action: StepAction) -> Content:
    """An action as it stands in a plan."""
    words, style = _ACTION[action]
    return Content.styled(words, style)


def counted(number: int, action: StepAction) -> Content:
    """How many steps do this: "12 moves"."""
    return Content.assemble(f"{units.format_number(number)} ", action_words(action))


def outcome_words(outcome: StepOutcome) -> Content:
    """An outcome with its sign."""
    words, style = _OUTCOME[outcome]
    return Content.styled(words, style)


def tag_words(step: Step) -> str:
    """The tag of a step; what stands for it where an image is stored without one."""
    return step.tag or "<untagged>"


def plan_lines(plan: Plan, *, now: float | None = None) -> Content:
    """A plan, a step a line, with what each step entails under it."""
    width = max((len(tag_words(step)) for step in plan.steps), default=0)
    lines = [line for step in plan.steps for line in _step_lines(step, min(width, 40), now or time.time())]
    lines += [warning_line(warning) for warning in plan.warnings]
    return Content("\n").join(lines)


def report_lines(report: Report) -> Content:
    """What became of a plan, a step a line; what PutImage answered once, where all answers are of one image."""
    answers = [result.result for result in report.results if result.result is not None]
    alike = len(answers) > 1 and len({(answer.repository, answer.digest) for answer in answers}) == 1
    lines = [line for result in report.results for line in result_lines(result, whole=not alike)]
    if alike:
        lines += answer_lines(answers[0], whole=False)
    return Content("\n").join([*lines, *after_lines(report)])


def after_lines(report: Report) -> list[Content]:
    """What the last look at the tags has shown, if it is not as it should be."""
    lines = [
        warning_line(entry.message or f"{entry.step.tag} is at {short_digest(entry.found) or 'no image'} by now")
        for entry in report.drifted
    ]
    if report.verification_error is not None:
        lines.append(warning_line(f"the tags could not be read back: {report.verification_error}"))
    return lines


def result_lines(result: StepResult, *, whole: bool = True) -> list[Content]:
    """What became of a step: the outcome, and PutImage's answer or the error in the service's words."""
    head: list[Part] = [outcome_words(result.outcome), "  ", text.content(tag_words(result.step), "bold")]
    if result.message:
        head += ["  ", text.content(result.message)]
    if result.result is not None and not whole:
        head += ["  ", text.content(f"request id {result.result.request_id}", "dim")]
    lines = [Content.assemble(*head)]
    if result.result is not None and whole:
        lines += answer_lines(result.result)
    if result.error is not None:
        lines += error_lines(result.error)
    return lines


def answer_lines(answer: PutImageResult, *, whole: bool = True) -> list[Content]:
    """What PutImage answered; without what differs from tag to tag unless the whole of it is wanted."""
    return facts(
        ("registry id", answer.registry_id),
        ("repository", answer.repository),
        ("image digest", answer.digest),
        ("image tag", answer.tag if whole else ""),
        ("media type", answer.media_type),
        ("manifest", f"{units.format_number(len(answer.manifest.encode()))} bytes, as read (m shows it)"),
        ("request id", answer.request_id if whole else ""),
    )


def error_lines(error: EcrTuiError) -> list[Content]:
    """An error: what happened, the service's words, the next step."""
    parts = [Content.assemble("  ", text.content(error.title, "$error"))]
    if error.detail:
        parts.append(Content.assemble("  ", text.content(error.detail)))
    if error.hint:
        parts.append(Content.assemble("  ", ("next: ", "bold"), text.content(error.hint)))
    if error.request_id:
        parts.append(Content.assemble(("  request id  ", "dim"), text.content(error.request_id, "dim")))
    return parts


def warning_line(words: str) -> Content:
    """A line that should not be overlooked."""
    return Content.assemble(("  ! ", "bold $warning"), text.content(words, "$warning"))


def facts(*pairs: tuple[str, str]) -> list[Content]:
    """Labels and values, a line each; pairs without a value are left out."""
    width = max(len(label) for label, _ in pairs)
    return [Content.assemble((f"  {label:<{width}}  ", "dim"), text.content(value)) for label, value in pairs if value]


def _step_lines(step: Step, width: int, now: float) -> Iterable[Content]:
    parts: list[Part] = ["  ", text.content(f"{tag_words(step):<{width}}", "bold"), "  ", action_words(step.action)]
    if step.action is StepAction.REFUSED:
        parts += [": ", text.content(step.reason)]
    elif step.action is StepAction.MOVE:
        old = f"{short_digest(step.before)} ({units.format_age(step.before_pushed_at, now)})"
        parts += [f"  {old} → {short_digest(step.after)}"]
    elif step.after:
        parts += [f"  → {short_digest(step.after)}"]
    if step.protected and step.writes:
        parts.append(("  protected", "bold $warning"))
    yield Content.assemble(*parts)
    yield from (Content.assemble(" " * (width + 4), text.content(note, "dim")) for note in _notes(step))
    yield from (warning_line(warning) for warning in step.warnings)


def _notes(step: Step) -> Sequence[str]:
    if step.notes or step.action is not StepAction.MOVE:
        return step.notes
    if step.remaining_tags:
        return (f"{short_digest(step.before)} keeps {' '.join(step.remaining_tags)}",)
    return (f"{short_digest(step.before)} is left without a tag",) if step.becomes_untagged else ()
