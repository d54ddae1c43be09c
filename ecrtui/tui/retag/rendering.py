"""Plans and reports as text, in the same words on every screen.

Each color comes with a word or a sign, so that the text is complete without colors.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from textual.content import Content

from ecrtui.ecr import units
from ecrtui.ecr.digest import short_digest
from ecrtui.ecr.put_image_request import PutImageResult
from ecrtui.ecr.tag import join_tags
from ecrtui.errors import EcrTuiError
from ecrtui.retag.plan import (
    NOT_THERE,
    Plan,
    Report,
    Step,
    StepAction,
    StepOutcome,
    StepResult,
    in_words,
    shared_remarks,
)
from ecrtui.tui import safe_text as text

MAX_TAGS = 6
"""Other tags of an image that a line names; it counts the rest."""

_ACTION_LABELS: dict[str, tuple[str, str]] = {
    StepAction.CREATE: ("new", "$success"),
    StepAction.MOVE: ("moves", "$warning"),
    StepAction.REMOVE: ("removes", "$warning"),
    StepAction.ALREADY: ("already there", "dim"),
    NOT_THERE: (NOT_THERE, "dim"),
    StepAction.REFUSED: ("refused", "$error"),
}
_ACTION_NOUNS = {"moves": ("move", "moves"), "removes": ("removal", "removals")}
"""The singular and the plural by label, for those that a count changes."""

_OUTCOME_LABELS: dict[str, tuple[str, str]] = {
    StepOutcome.DONE: ("✓ done", "$success"),
    StepOutcome.ALREADY: ("✓ already there", "$success"),
    NOT_THERE: (f"✓ {NOT_THERE}", "$success"),
    StepOutcome.REFUSED: ("✗ refused", "$error"),
    StepOutcome.CONFLICT: ("✗ moved by someone else", "$error"),
    StepOutcome.FAILED: ("✗ failed", "$error"),
    StepOutcome.UNKNOWN: ("? unknown", "$warning"),
    StepOutcome.SKIPPED: ("- skipped", "dim"),
}

_SHORT_LABELS = {"✓ already there": "✓ already", "✗ moved by someone else": "✗ conflict"}
"""The labels that are shorter in a table; its details have the words."""

_MAX_TAG_WIDTH = 40
"""Cells that the column of tags takes at most. A longer tag takes more, and moves what follows it."""

MANY_STEPS = 8
"""More steps than a low terminal shows. Their numbers, and what needs attention, come first."""

Part = Content | str | tuple[str, str]


def action_label(step: Step) -> Content:
    """Return the words for the action of a step."""
    return Content.styled(*_action_label(step))


def action_counts(steps: Iterable[Step]) -> Content:
    """Return the numbers of steps by action: "12 moves, 1 removal, 1 not there"."""
    counts = []
    for (label, style), number in Counter(map(_action_label, steps)).items():
        one, several = _ACTION_NOUNS.get(label, (label, label))
        counts.append(Content.assemble(f"{units.format_number(number)} ", (one if number == 1 else several, style)))
    return Content(", ").join(counts)


def outcome_label(result: StepResult) -> Content:
    """Return the sign and the words for the outcome of a step."""
    return Content.styled(*_OUTCOME_LABELS[result.outcome_in_words])


def outcome_counts(report: Report) -> list[Content]:
    """Return a line for each outcome with the number of its steps."""
    results = report.results_by_outcome
    counts = Counter(map(outcome_label, results))
    return [Content.assemble(label, f"  {units.format_number(number)}") for label, number in counts.items()]


def short_outcome_label(outcome: StepOutcome, after: str) -> Content:
    """Return the sign and at most two words for an outcome.

    Args:
        outcome: the outcome.
        after: the digest that the step gives to the tag; empty if it removes the tag.
    """
    words, style = _OUTCOME_LABELS[in_words(outcome, after)]
    return Content.styled(_SHORT_LABELS.get(words, words), style)


def _action_label(step: Step) -> tuple[str, str]:
    return _ACTION_LABELS[step.action_in_words]


def plan_lines(plan: Plan) -> Content:
    """Return a plan, one line per step in columns, with its own notes and warnings below it.

    Those that several steps have are at the end, once; with many steps they are at the top, below the numbers of steps.
    """
    now, labels = time.time(), _tag_labels(plan.steps)
    aligned = [step for step in plan.steps if step.action is not StepAction.REFUSED]  # the reason needs the room
    widths = _Widths(
        max((len(label) for label in labels if len(label) <= _MAX_TAG_WIDTH), default=0),
        max((len(_action_label(step)[0]) for step in aligned), default=0),
        max((len(_before(step, now)) for step in aligned), default=0),
    )
    notes = shared_remarks(plan.steps, labels, _notes)
    warnings = shared_remarks(plan.steps, labels, lambda step: step.warnings)
    lines: list[Content] = []
    for step, label in zip(plan.steps, labels, strict=True):
        lines.append(_step_line(step, label, widths, now))
        own = (note for note in _notes(step) if note not in notes)
        lines += [Content.assemble(" " * (widths.tag + 4), text.content(note, "dim")) for note in own]
        lines += [warning_line(warning) for warning in step.warnings if warning not in warnings]
    common = [text.content(f"  {note}", "dim") for note in notes.values()]
    common += [warning_line(warning) for warning in (*warnings.values(), *plan.warnings)]
    if len(plan.steps) > MANY_STEPS:
        lines = [Content.assemble("  ", action_counts(plan.steps)), *common, *lines]
    else:
        lines += common
    return Content("\n").join(lines)


def report_lines(report: Report, images: Collection[str] = ()) -> Content:
    """Return a report, one line per step. Show an error once, and the response once if all are for one image.

    With many steps, their numbers and those that failed come first.

    Args:
        report: The report.
        images: The digests of the images that the user asked for: their steps come first, and only their responses
            are shown. Empty for all.
    """
    results = [(result, not images or result.step.after in images) for result in report.results]
    results.sort(key=lambda pair: not pair[1])
    many = len(results) > MANY_STEPS
    if many:
        results.sort(key=lambda pair: pair[0].outcome in (StepOutcome.DONE, StepOutcome.ALREADY, StepOutcome.SKIPPED))
    labels = _tag_labels([result.step for result, _ in results])
    responses = [result.result for result, is_asked in results if result.result is not None and is_asked]
    one_image = len(responses) > 1 and len({(response.repository, response.digest) for response in responses}) == 1
    lines = [Content("   ").join(outcome_counts(report)), *verification_lines(report)] if many else []
    errors: set[tuple[str, str]] = set()
    for (result, is_asked), label in zip(results, labels, strict=True):
        error = ("", "") if result.error is None else (str(result.error), result.error.hint)
        with_response = is_asked and not one_image
        lines += result_lines(result, label, with_response=with_response, with_error=error not in errors)
        errors.add(error)
    if one_image:
        lines += response_lines(responses[0], shared=True)
    return Content("\n").join(lines if many else [*lines, *verification_lines(report)])


def verification_lines(report: Report) -> list[Content]:
    """Return warnings about tags that were not as expected when they were read back."""
    lines = [warning_line(drift.message) for drift in report.drifted]
    if report.verification_error is not None:
        lines.append(warning_line(f"Could not verify the tags: {report.verification_error}"))
    return lines


def result_lines(
    result: StepResult, label: str, *, with_response: bool = True, with_error: bool = True
) -> list[Content]:
    """Return the outcome of a step with the PutImage response or the error.

    Args:
        result: The result of the step.
        label: The tag as the user sees it.
        with_response: False to show only the request id of the response.
        with_error: False if the lines before have the same error; only its request id is shown.
    """
    head: list[Part] = [outcome_label(result), "  ", text.content(label, "bold")]
    if changed := _change_words(result):
        head += ["  ", text.content(changed)]
    message = result.message
    if result.error is not None and message.endswith(str(result.error)):  # the lines below have it
        message = message.removesuffix(str(result.error)).removesuffix(": ")
        message = "; ".join(filter(None, (message, "" if with_error else "the same error")))
    if message:
        head += ["\n  " if changed else "  ", text.content(message)]
    hides_reply = not with_response if result.error is None else not with_error
    if hides_reply and result.request_id:
        head += ["  ", text.content(f"request id {result.request_id}", "dim")]
    lines = [Content.assemble(*head)]
    if result.result is not None and with_response:
        lines += response_lines(result.result)
    if result.error is not None and with_error:
        lines += error_lines(result.error)
    return lines


def response_lines(response: PutImageResult, *, shared: bool = False) -> list[Content]:
    """Return the PutImage response.

    Args:
        response: The response.
        shared: True to leave out what differs from tag to tag.
    """
    size = units.format_number(len(response.manifest.encode()))
    return fact_lines(
        ("registry id", response.registry_id),
        ("repository", response.repository),
        ("image digest", response.digest),
        ("image tag", "" if shared else response.tag),
        ("media type", response.media_type),
        ("manifest", f"{size} bytes, unchanged"),
        ("request id", "" if shared else response.request_id),
    )


def error_lines(error: EcrTuiError, key_hint: str = "") -> list[Content]:
    """Return an error: its title, the words of the service, the next step and the request id.

    Args:
        error: the error.
        key_hint: the next step, if the error names none.
    """
    parts = [Content.assemble("  ", text.content(error.title, "$error"))]
    if error.detail:
        parts.append(Content.assemble("  ", text.content(error.detail)))
    if hint := error.hint or key_hint:
        parts.append(Content.assemble("  ", ("next: ", "bold"), text.content(hint)))
    if error.request_id:
        parts.append(Content.assemble(("  request id  ", "dim"), text.content(error.request_id, "dim")))
    return parts


def warning_line(words: str) -> Content:
    """Return a line marked as a warning."""
    return Content.assemble(("  ! ", "bold $warning"), text.content(words, "$warning"))


def fact_lines(*pairs: tuple[str, str]) -> list[Content]:
    """Return labels and values, one pair per line. Leave out pairs without a value."""
    width = max(len(label) for label, _ in pairs)
    return [Content.assemble((f"  {label:<{width}}  ", "dim"), text.content(value)) for label, value in pairs if value]


def _tag_labels(steps: Sequence[Step]) -> list[str]:
    """Return the tags of steps, with their repositories if there are several."""
    has_several = len({step.repository for step in steps}) > 1
    tags = (step.tag or "<untagged>" for step in steps)
    return [f"{step.repository}:{tag}" if has_several else tag for step, tag in zip(steps, tags, strict=True)]


class _Widths(NamedTuple):
    """The cells of the columns of a plan: the tags, the actions, and the images that tags point to before."""

    tag: int
    action: int
    before: int


def _before(step: Step, now: float) -> str:
    """Return the image that a tag moves away from; empty for another step."""
    if step.action is not StepAction.MOVE:
        return ""
    return f"{short_digest(step.before)} ({units.format_age(step.before_pushed_at, now)})"


def _step_line(step: Step, label: str, widths: _Widths, now: float) -> Content:
    action = action_label(step)
    parts: list[Part] = ["  ", text.content(f"{label:<{widths.tag}}", "bold"), "  ", action]
    if step.action is StepAction.REFUSED:
        parts += [": ", text.content(step.reason)]
    elif step.after:
        before = f"  {_before(step, now):<{widths.before}}" if widths.before else " "
        parts += [" " * (widths.action - action.cell_length), before, f" → {short_digest(step.after)}"]
    if step.protected and step.writes:
        parts.append(("  protected", "bold $warning"))
    return Content.assemble(*parts)


def _change_words(result: StepResult) -> str:
    """Return from where a tag moved or was removed, or that it is new; empty if nothing was done."""
    step = result.step
    if result.outcome is not StepOutcome.DONE or not step.tag:
        return ""
    if not step.before:
        return "is new"
    keeps = f", which keeps {join_tags(step.remaining_tags, MAX_TAGS)}" if step.remaining_tags else ""
    untagged = ", which is untagged now" if step.becomes_untagged else ""
    return f"{'moved' if step.after else 'removed'} from {short_digest(step.before)}{keeps or untagged}"


def _notes(step: Step) -> Sequence[str]:
    if step.action is StepAction.MOVE and step.remaining_tags:
        return (f"{short_digest(step.before)} keeps {join_tags(step.remaining_tags, MAX_TAGS)}", *step.notes)
    if step.notes or step.action is not StepAction.MOVE:
        return step.notes
    return (f"{short_digest(step.before)} becomes untagged",) if step.becomes_untagged else ()
