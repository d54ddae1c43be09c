"""Values of a retag: the requested changes, the plan with its steps, and the report of its results."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from ecrtui.ecr.digest import short_digest
from ecrtui.ecr.location import RegistryLocation
from ecrtui.ecr.manifest import Manifest
from ecrtui.ecr.put_image_request import PutImageResult
from ecrtui.ecr.safe_text import visible
from ecrtui.ecr.units import format_names
from ecrtui.errors import EcrTuiError

REVERTING_KINDS = ("undo", "redo")
"""The kinds of plans that revert writes of the journal; a redo reverts an undo."""


def reverting_kind(kinds: Iterable[str]) -> str:
    """Return the kind of the plan that reverts plans of these kinds: "redo" if all are undos, or else "undo"."""
    return "redo" if set(kinds) == {"undo"} else "undo"


class StepAction(StrEnum):
    """The effect of a step on its tag."""

    CREATE = "create"
    MOVE = "move"
    REMOVE = "remove"
    ALREADY = "already there"
    REFUSED = "refused"


WRITES = (StepAction.CREATE, StepAction.MOVE, StepAction.REMOVE)
"""The actions that change something in the registry."""


class StepOutcome(StrEnum):
    """The outcome of a step. A result that cannot be confirmed is UNKNOWN, never DONE."""

    DONE = "done"
    ALREADY = "already there"
    REFUSED = "refused"
    CONFLICT = "conflict"
    FAILED = "failed"
    UNKNOWN = "unknown"
    SKIPPED = "skipped"


NOT_THERE = "not there"
"""What people read for "already there" where the request is to remove a tag that does not exist."""


def in_words(state: str, after: str) -> str:
    """Return an action or an outcome for people.

    Args:
        state: the value of a :class:`StepAction` or a :class:`StepOutcome`.
        after: the digest that the step gives to the tag; empty if it removes the tag.
    """
    return NOT_THERE if state == StepOutcome.ALREADY and not after else str(state)


def counts_in_words(states: Iterable[tuple[str, str]]) -> str:
    """Return the numbers of outcomes for people, in the order of the outcomes: "2 done, 1 not there".

    Args:
        states: the arguments of :func:`in_words` for each step.
    """
    order: Sequence[str] = list(StepOutcome)
    counts = Counter(in_words(*state) for state in sorted(states, key=lambda state: order.index(state[0])))
    return ", ".join(f"{count} {words}" for words, count in counts.items())


class OnConflict(StrEnum):
    """What to do with the remaining steps after a step that was not applied as planned."""

    STOP = "stop"
    CONTINUE = "continue"


@dataclass(frozen=True, slots=True)
class TagChange:
    """A requested change: point this tag of this repository to this digest, or remove the tag.

    An empty digest removes the tag. ``untagged`` says that the tag is empty on purpose: the image is stored untagged.
    ``expect`` is the digest that the tag must have now ("" if it must not exist); None accepts any state.
    ``undoes`` is the number of the journal entry that this change undoes; 0 if none. ``row`` is the row of the file
    that asks for the change; 0 if none. ``problem`` says why the change is impossible; its step is refused unread.
    """

    repository: str
    tag: str
    digest: str
    expect: str | None = None
    undoes: int = 0
    untagged: bool = False
    row: int = field(default=0, compare=False)
    problem: str = ""

    @property
    def key(self) -> tuple[str, str]:
        """Repository and tag; a plan has at most one step for each."""
        return self.repository, self.tag


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a plan. A digest is "" where the tag does not exist; times are seconds since the epoch."""

    repository: str
    tag: str
    action: StepAction
    before: str = ""
    """The digest of the tag when the plan was made. It is checked again just before the write."""
    after: str = ""
    media_type: str = ""
    """The media type of the image that the tag will point to."""
    before_pushed_at: float | None = None
    remaining_tags: tuple[str, ...] = ()
    """The tags that the old image still has after the whole plan."""
    other_tags: tuple[str, ...] = ()
    """The tags that the new image has besides this one, after the whole plan."""
    becomes_untagged: bool = False
    """True if the old image has no tag left after the whole plan."""
    protected: bool = False
    """True if the tag matches a pattern of protected tags, so that the user has to confirm it."""
    restores: bool = False
    """True if the registry no longer has the image, and its manifest is restored from the journal."""
    expected: str | None = None
    """The expected digest, if the step is refused because the tag has another one or was not read; None otherwise."""
    reason: str = ""
    """Why the step is refused, or why it changes nothing."""
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    undoes: int = 0
    """The number of the journal entry that this step undoes; 0 if none."""
    unread: bool = False
    """True if the step is refused without reading its tag, so that ``before`` is not known."""
    final: bool = False
    """True if the step is refused for what the journal or the request says, so that planning again cannot change it."""
    row: int = field(default=0, compare=False)
    """The row of the file that asks for the step; 0 if none."""

    @property
    def key(self) -> tuple[str, str]:
        """Repository and tag; a plan has at most one step for each."""
        return self.repository, self.tag

    @property
    def writes(self) -> bool:
        """True if the step changes something in the registry."""
        return self.action in WRITES

    @property
    def action_in_words(self) -> str:
        """The action for people."""
        return in_words(self.action, self.after)

    @property
    def conflict(self) -> bool:
        """True if the step is refused because the tag does not have the expected digest."""
        return self.expected is not None and not self.unread

    @property
    def change(self) -> TagChange:
        """The change behind the step. It expects the digest that the plan saw; after a conflict, the expected one."""
        expect = self.expected if self.unread or self.conflict else self.before
        untagged = not self.tag and not self.unread
        return TagChange(self.repository, self.tag, self.after, expect, self.undoes, untagged, self.row)

    def __str__(self) -> str:
        old, new = short_digest(self.before) or "nothing", short_digest(self.after) or "nothing"
        descriptions = {
            StepAction.CREATE: f"new → {new}",
            StepAction.MOVE: f"moves {old} → {new}",
            StepAction.REMOVE: f"is removed from {old}",
            StepAction.ALREADY: f"already at {new}" if self.after else NOT_THERE,
            StepAction.REFUSED: f"refused: {self.reason}",
        }
        return f"{self.repository}{f':{self.tag}' if self.tag else ''} {descriptions[self.action]}"


@dataclass(frozen=True, slots=True)
class Plan:
    """The steps to do, based on the state of the registry when the plan was made. Each tag occurs once."""

    id: str
    steps: tuple[Step, ...]
    kind: str = "retag"
    """The request of the user: retag, untag, swap, copy tags, tag in all, put image, promote, undo, redo."""
    warnings: tuple[str, ...] = ()
    """Warnings about the plan as a whole; a step has its own warnings."""
    request_warnings: tuple[str, ...] = ()
    """The warnings about what the request asked for and no step does. A new plan of the steps does not have them."""
    undoes: str = ""
    """The id of the plan that this one undoes; empty if none."""
    provided_manifests: tuple[Manifest, ...] = ()
    """Manifests from the user. They are sent unchanged, whether or not the registry has their images."""
    excluded: tuple[Step, ...] = ()
    """The steps that the user removed from the plan. They are not applied; a record of the change names them."""

    @property
    def reverts(self) -> bool:
        """True if the plan reverts writes of the journal."""
        return self.kind in REVERTING_KINDS

    @property
    def write_steps(self) -> tuple[Step, ...]:
        """The steps that change something."""
        return tuple(step for step in self.steps if step.writes)

    @property
    def refused_steps(self) -> tuple[Step, ...]:
        """The steps that are refused."""
        return tuple(step for step in self.steps if step.action is StepAction.REFUSED)

    @property
    def protected_tags(self) -> tuple[str, ...]:
        """The protected tags that the plan would write, each once: the user has to type them."""
        return tuple(dict.fromkeys(step.tag for step in self.write_steps if step.protected))

    @property
    def changes(self) -> tuple[TagChange, ...]:
        """The changes behind the steps, with the digests that the plan saw: input to plan again with other rows."""
        return tuple(step.change for step in self.steps)

    def with_request_warnings(self, warnings: Iterable[str]) -> Plan:
        """Return the plan with more warnings about its request."""
        more = tuple(warnings)
        return replace(self, warnings=(*self.warnings, *more), request_warnings=(*self.request_warnings, *more))

    def without(self, keys: Collection[tuple[str, str]]) -> Plan:
        """Return the plan with these steps excluded. Plan the others again to see the effect on them."""
        kept = tuple(step for step in self.steps if step.key not in keys)
        excluded = tuple(step for step in self.steps if step.key in keys)
        return replace(self, steps=kept, excluded=(*self.excluded, *excluded))

    def __str__(self) -> str:
        names = [f"{step.repository}:{step.tag}" if step.tag else step.repository for step in self.steps]
        notes = shared_remarks(self.steps, names, lambda step: step.notes)
        warnings = shared_remarks(self.steps, names, lambda step: step.warnings)
        lines: list[str] = []
        for step in self.steps:
            lines.append(str(step))
            lines.extend(f"  {note}" for note in step.notes if note not in notes)
            lines.extend(f"  ! {warning}" for warning in step.warnings if warning not in warnings)
        lines.extend(notes.values())
        lines.extend(f"! {warning}" for warning in (*warnings.values(), *self.warnings))
        return "\n".join(map(visible, lines))


_MAX_NAMES = 3
"""Steps that a remark about several of them names; it counts the rest."""


def shared_remarks(
    steps: Sequence[Step], names: Sequence[str], remarks: Callable[[Step], Iterable[str]]
) -> Mapping[str, str]:
    """Return the remarks that several steps have, to be said once: by remark, the words with the names of its steps.

    A remark about all steps that write needs no names.

    Args:
        steps: the steps of a plan.
        names: the name of each step.
        remarks: returns the notes or the warnings of a step.
    """
    found: dict[str, list[str]] = {}
    for step, name in zip(steps, names, strict=True):
        for remark in remarks(step):
            found.setdefault(remark, []).append(name)
    writes = sum(step.writes for step in steps)
    return {
        remark: remark if len(named) == writes else f"{format_names(named, _MAX_NAMES)}: {remark}"
        for remark, named in found.items()
        if len(named) > 1
    }


@dataclass(frozen=True, slots=True)
class StepResult:
    """The result of a step: its outcome, a message for the user, and the reply or the error of the registry."""

    step: Step
    outcome: StepOutcome
    message: str = ""
    result: PutImageResult | None = None
    error: EcrTuiError | None = None
    found: str | None = None
    """On a conflict, the digest of the tag ("" if it did not exist); None otherwise."""
    entry: int = 0
    """The number of the journal entry of the write; 0 if nothing was sent."""
    ended_at: float | None = None
    """When its outcome was recorded, in seconds since the epoch; None if nothing was sent."""

    @property
    def outcome_in_words(self) -> str:
        """The outcome for people."""
        return in_words(self.outcome, self.step.after)

    @property
    def request_id(self) -> str:
        """The id of the request in ECR; empty if no reply had one."""
        if self.result is not None:
            return self.result.request_id
        return self.error.request_id if self.error is not None else ""


@dataclass(frozen=True, slots=True)
class Progress:
    """The progress of a plan: finished steps, all steps, and the seconds that the rest takes at the current rate."""

    done: int
    total: int
    seconds_left: float


@dataclass(frozen=True, slots=True)
class DriftedTag:
    """A tag that someone else changed before it was read back after the last step."""

    step: Step
    found: str
    """The digest of the tag; "" if it does not exist."""

    @property
    def message(self) -> str:
        """The current state of the tag, for the user."""
        now = f"now points to {short_digest(self.found)}" if self.found else "no longer exists"
        return f"{self.step.tag or short_digest(self.step.after)} {now}; someone changed it after this plan"


@dataclass(frozen=True, slots=True)
class Report:
    """The result of a plan: a result for every step, in the order of the plan, and the final check of the tags."""

    plan: Plan
    results: tuple[StepResult, ...]
    location: RegistryLocation
    """The registry that the plan was applied to."""
    drifted: tuple[DriftedTag, ...] = ()
    verification_error: EcrTuiError | None = None
    """Why the tags could not be read back after the last step; None if they were read."""
    principal: str = ""
    """The ARN of the caller; empty if nothing was sent."""
    ended_at: float | None = None
    """When the plan had ended, in seconds since the epoch; None if it was not applied."""
    counts: Mapping[StepOutcome, int] = field(init=False)

    def __post_init__(self) -> None:
        counts = dict.fromkeys(StepOutcome, 0)
        for result in self.results:
            counts[result.outcome] += 1
        object.__setattr__(self, "counts", {outcome: count for outcome, count in counts.items() if count})

    @property
    def results_by_outcome(self) -> list[StepResult]:
        """The results in the order of their outcomes."""
        order = list(StepOutcome)
        return sorted(self.results, key=lambda result: order.index(result.outcome))

    @property
    def counts_in_words(self) -> str:
        """The outcomes for people, each with its number: "2 done, 1 not there"; empty without steps."""
        return counts_in_words((result.outcome, result.step.after) for result in self.results)

    def digests_in(self, repository: str) -> frozenset[str]:
        """Return the images of a repository that have another tag now, or that were found with one of the tags."""
        own = [result for result in self.results if result.step.repository == repository]
        found = [
            *(result.found for result in own),
            *(drift.found for drift in self.drifted if drift.step.repository == repository),
        ]
        written = (digest for result in own for digest in (result.step.before, result.step.after))
        return frozenset(filter(None, (*written, *found)))

    def tags_in(self, repository: str) -> frozenset[str]:
        """Return the tags of a repository that the plan read or wrote."""
        return frozenset(result.step.tag for result in self.results if result.step.repository == repository)


def refused_result(step: Step) -> StepResult:
    """Return the result of a step that the plan refuses."""
    return StepResult(step, StepOutcome.CONFLICT if step.conflict else StepOutcome.REFUSED, step.reason)


def unconfirmed_result(step: Step) -> StepResult:
    """Return the result of a step whose protected tag the user did not confirm."""
    return StepResult(step, StepOutcome.REFUSED, f"the tag {step.tag} is protected and was not confirmed")


def unsent_report(plan: Plan, location: RegistryLocation) -> Report:
    """Return the report of a plan that is not sent: a step is refused, or the user stopped."""
    return Report(
        plan,
        tuple(
            refused_result(step)
            if step.action is StepAction.REFUSED
            else StepResult(step, StepOutcome.SKIPPED if step.writes else StepOutcome.ALREADY, step.reason)
            for step in plan.steps
        ),
        location,
    )
