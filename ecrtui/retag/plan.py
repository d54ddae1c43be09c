"""Retags as values: what is asked for, what each step would do, what became of it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from ecrtui.ecr.digest import short_digest
from ecrtui.ecr.location import RegistryLocation
from ecrtui.ecr.manifest import Manifest
from ecrtui.ecr.put_image_request import PutImageResult
from ecrtui.errors import EcrTuiError


class StepAction(StrEnum):
    """What a step does to its tag."""

    CREATE = "create"
    MOVE = "move"
    REMOVE = "remove"
    ALREADY = "already there"
    REFUSED = "refused"


class StepOutcome(StrEnum):
    """What became of a step. What cannot be known is UNKNOWN, never DONE."""

    DONE = "done"
    ALREADY = "already there"
    REFUSED = "refused"
    CONFLICT = "conflict"
    FAILED = "failed"
    UNKNOWN = "unknown"
    SKIPPED = "skipped"


class OnConflict(StrEnum):
    """What happens to the rest of a plan when a step did not come out as planned."""

    STOP = "stop"
    CONTINUE = "continue"


@dataclass(frozen=True, slots=True)
class TagChange:
    """One wish: in this repository this tag stands at this digest; without a digest, the tag does not exist.

    Without a tag, an image is stored untagged; that can only be wished of a manifest that is given.
    ``expect`` is the digest that the tag must have now ("" if it must not exist); None if whatever it has is fine.
    ``undoes`` is the number of the journal entry that this change takes back; 0 if none.
    """

    repository: str
    tag: str
    digest: str
    expect: str | None = None
    undoes: int = 0

    @property
    def key(self) -> tuple[str, str]:
        """Repository and tag: what a plan has at most one step for."""
        return self.repository, self.tag


@dataclass(frozen=True, slots=True)
class Step:
    """One row of a plan. Digests are "" where the tag does not exist; times are seconds since the epoch."""

    repository: str
    tag: str
    action: StepAction
    before: str = ""
    """The digest that the tag has as the plan sees it: what the guard looks for just before the write."""
    after: str = ""
    media_type: str = ""
    """The media type of the image that the tag will be at."""
    before_pushed_at: float | None = None
    after_pushed_at: float | None = None
    remaining_tags: tuple[str, ...] = ()
    """The tags that the old image still has when the whole plan is done."""
    becomes_untagged: bool = False
    """Whether the old image has no tag left when the whole plan is done."""
    protected: bool = False
    """Whether the tag matches a pattern of protected tags, so that it has to be typed once more."""
    restores: bool = False
    """Whether the image is gone from the registry, and its manifest comes out of the journal."""
    expected: str | None = None
    """Where the tag was expected, if the step is refused because it is not there; None otherwise."""
    reason: str = ""
    """Why the step is refused, or why there is nothing to do."""
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    undoes: int = 0
    """The number of the journal entry that this step takes back; 0 if none."""

    @property
    def key(self) -> tuple[str, str]:
        """Repository and tag: what a plan has at most one step for."""
        return self.repository, self.tag

    @property
    def writes(self) -> bool:
        """Whether the step asks the registry to change something."""
        return self.action in (StepAction.CREATE, StepAction.MOVE, StepAction.REMOVE)

    @property
    def conflict(self) -> bool:
        """Whether the step is refused because the tag is not where it was expected to be."""
        return self.expected is not None

    @property
    def change(self) -> TagChange:
        """The wish behind the step, bound to what the plan saw, or, after a conflict, to what was expected."""
        expect = self.before if self.expected is None else self.expected
        return TagChange(self.repository, self.tag, self.after, expect, self.undoes)

    def __str__(self) -> str:
        old, new = short_digest(self.before) or "nothing", short_digest(self.after) or "nothing"
        words = {
            StepAction.CREATE: f"new → {new}",
            StepAction.MOVE: f"moves {old} → {new}",
            StepAction.REMOVE: f"removed from {old}",
            StepAction.ALREADY: f"already at {new}" if self.after else "already gone",
            StepAction.REFUSED: f"refused: {self.reason}",
        }
        return f"{self.repository}{f':{self.tag}' if self.tag else ''} {words[self.action]}"


@dataclass(frozen=True, slots=True)
class Plan:
    """What will be done, step by step, as the registry was when it was made. Each tag occurs once."""

    id: str
    steps: tuple[Step, ...]
    kind: str = "retag"
    """What the user asked for: retag, untag, swap, copy tags, promote, put image, undo."""
    warnings: tuple[str, ...] = ()
    """What is true of the plan as a whole; a step's own warnings stand with the step."""
    undoes: str = ""
    """The id of the plan that this one takes back; empty if none."""
    provided_manifests: tuple[Manifest, ...] = ()
    """Manifests that the user has brought: they are put as they are, whether the registry has their images or not."""

    @property
    def write_steps(self) -> tuple[Step, ...]:
        """The steps that change something."""
        return tuple(step for step in self.steps if step.writes)

    @property
    def refused_steps(self) -> tuple[Step, ...]:
        """The steps that cannot be done."""
        return tuple(step for step in self.steps if step.action is StepAction.REFUSED)

    @property
    def protected_tags(self) -> tuple[str, ...]:
        """The protected tags that the plan would write, each once: what has to be typed."""
        return tuple(dict.fromkeys(step.tag for step in self.write_steps if step.protected))

    @property
    def changes(self) -> tuple[TagChange, ...]:
        """The wishes behind the steps, bound to what the plan saw: to plan again, with rows left out or added."""
        return tuple(step.change for step in self.steps)

    def without(self, keys: Collection[tuple[str, str]]) -> Plan:
        """The plan with these rows struck out. Plan its ``changes`` again to see what that does to the others."""
        return replace(self, steps=tuple(step for step in self.steps if step.key not in keys))

    def __str__(self) -> str:
        lines: list[str] = []
        for step in self.steps:
            lines.append(str(step))
            lines.extend(f"  {note}" for note in step.notes)
            lines.extend(f"  ! {warning}" for warning in step.warnings)
        lines.extend(f"! {warning}" for warning in self.warnings)
        return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class StepResult:
    """What became of a step, in words for the user, with what the registry answered or the error it gave."""

    step: Step
    outcome: StepOutcome
    message: str = ""
    result: PutImageResult | None = None
    error: EcrTuiError | None = None
    found: str | None = None
    """Where the tag was found instead, on a conflict ("" if it did not exist); None if there is nothing to tell."""
    entry: int = 0
    """The number of the journal entry of the write; 0 if nothing was sent."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a plan is: steps behind it, steps in all, and the seconds that the rest will take at this pace."""

    done: int
    total: int
    seconds_left: float


@dataclass(frozen=True, slots=True)
class DriftedTag:
    """A tag that was read back after the last step and is not where the step has put it ("" if it is gone)."""

    step: Step
    found: str
    message: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """What became of a plan: a result for every step, in the plan's order, and what the last look showed."""

    plan: Plan
    results: tuple[StepResult, ...]
    location: RegistryLocation
    """The registry that the plan was applied to."""
    drifted: tuple[DriftedTag, ...] = ()
    verification_error: EcrTuiError | None = None
    """Why the tags could not be read back after the last step; None if they were."""
    counts: Mapping[StepOutcome, int] = field(init=False)

    def __post_init__(self) -> None:
        counts = dict.fromkeys(StepOutcome, 0)
        for result in self.results:
            counts[result.outcome] += 1
        object.__setattr__(self, "counts", {outcome: count for outcome, count in counts.items() if count})

    def with_outcome(self, outcomes: Iterable[StepOutcome]) -> tuple[StepResult, ...]:
        """The results with one of these outcomes."""
        wanted = frozenset(outcomes)
        return tuple(result for result in self.results if result.outcome in wanted)
