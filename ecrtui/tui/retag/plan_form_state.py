"""What a plan form shows, and what a user can do with a plan and its result."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from ecrtui.ecr import units
from ecrtui.errors import EcrTuiError
from ecrtui.retag.plan import Plan, Progress, Report, StepOutcome, reverting_kind


class Phase(Enum):
    """What a form waits for: input, a confirmation, the end of the write, or nothing more."""

    EDIT = "edit"
    CONFIRM = "confirm"
    WRITE = "write"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class PlanFormState:
    """All that the form shows.

    Args:
        phase: The current phase.
        tags: The tags that the user typed, in forms with a field for them.
        plan: The plan, once it is known.
        planning: True while a plan is being made.
        error: Why planning or writing failed.
        report: The result of the write.
        progress: The progress of the write.
        retried: Why a request is sent again; None if the last one had an answer.
        problem: What is wrong with the user's input.
        too_early: True if the user confirmed the plan before it was shown. It has to be confirmed again.
    """

    phase: Phase = Phase.EDIT
    tags: tuple[str, ...] = ()
    plan: Plan | None = None
    planning: bool = False
    error: EcrTuiError | None = None
    report: Report | None = None
    progress: Progress | None = None
    retried: EcrTuiError | None = None
    problem: str = ""
    too_early: bool = False

    @property
    def awaits_answer(self) -> bool:
        """True while the form only shows that it waits: for a plan that needs no tags, or for a single write."""
        is_planning = self.planning and not self.tags
        is_writing = self.phase is Phase.WRITE and self.plan is not None and len(self.plan.write_steps) == 1
        return is_planning or is_writing

    @property
    def has_failed(self) -> bool:
        """True if planning or a step failed, a tag was moved by someone else, or a step was not started."""
        results = self.report.results if self.report else ()
        return self.error is not None or any(
            result.error is not None or result.outcome in (StepOutcome.SKIPPED, StepOutcome.CONFLICT)
            for result in results
        )

    @property
    def has_manifest(self) -> bool:
        """True if PutImage has returned a manifest."""
        return self.report is not None and any(result.result for result in self.report.results)

    @property
    def progress_words(self) -> str:
        """The steps that are done, and about how long the rest takes, in words."""
        words, progress = "writing…", self.progress
        if progress is not None:
            words += f" {progress.done}/{progress.total}"
            if progress.seconds_left >= 1:
                words += f", about {units.format_duration(progress.seconds_left)} left"
        return words


def undo_verb(report: Report) -> str:
    """Return how the user takes back a result: "undo", or "redo" for an undo; empty if nothing changed."""
    outcomes = (StepOutcome.DONE, StepOutcome.UNKNOWN)
    if not any(result.outcome in outcomes and result.step.tag for result in report.results):
        return ""
    return reverting_kind([report.plan.kind])


def can_be_applied(plan: Plan) -> bool:
    """Return True if the plan can be applied although a step of it may be refused."""
    return not plan.refused_steps or is_partial_undo(plan)


def is_partial_undo(plan: Plan) -> bool:
    """Return True for an undo that can revert something.

    An undo reverts what it can and gives the reason for the rest. Every other plan is applied as a whole or not at all.
    """
    return plan.reverts and bool(plan.write_steps)
