"""Planning: from wishes and facts to steps. No I/O, so that what a plan says can be tested to the last word."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase

from ecrtui.ecr import lifecycle
from ecrtui.ecr import tag as tags
from ecrtui.ecr.digest import is_digest, short_digest
from ecrtui.ecr.image import Image, is_index
from ecrtui.ecr.lifecycle import LifecyclePolicy, LifecyclePrediction
from ecrtui.ecr.manifest import Manifest
from ecrtui.ecr.mutability import TagMutability
from ecrtui.ecr.units import DAY, duration_in_words
from ecrtui.retag.plan import Plan, Step, StepAction, TagChange

_SOON = 30 * DAY
"""How far ahead an expiry is a warning; what is further off is a note."""


@dataclass(frozen=True, slots=True)
class PlanContext:
    """What planning knows of one repository. Times are seconds since the epoch."""

    mutability: TagMutability
    tags: Mapping[str, Image]
    """The images that hold the tags in question now; a tag that is not here does not exist."""
    images: Mapping[str, Image]
    """The images in question, by digest; a digest that is not here is not in the repository."""
    policy: LifecyclePolicy = field(default_factory=LifecyclePolicy)
    everything: tuple[Image, ...] | None = None
    """Every image of the repository, if they were listed."""
    indexes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """The indexes that were looked into: by digest, the platforms by the digest of their manifest."""
    journalled: Collection[str] = frozenset()
    """Digests whose manifest is in the journal."""


@dataclass(frozen=True, slots=True)
class WritePolicy:
    """What the settings say about writing."""

    protected_tags: tuple[str, ...] = ()
    read_only: bool = False

    def protects(self, tag: str) -> bool:
        """Whether the tag matches one of the patterns (``*``, ``?``, ``[…]``)."""
        return any(fnmatchcase(tag, pattern) for pattern in self.protected_tags)


def make_plan(
    changes: Iterable[TagChange],
    contexts: Mapping[str, PlanContext],
    policy: WritePolicy,
    *,
    plan_id: str,
    now: float,
    kind: str = "retag",
    undoes: str = "",
    provided_manifests: tuple[Manifest, ...] = (),
) -> Plan:
    """What these changes would do, in their order, with removals behind everything else.

    Args:
        changes: what is wished for.
        facts: of every repository that a change names.
        rules: what the settings say.
        plan_id: the id of the plan.
        now: seconds since the epoch.
        kind: what the user asked for.
        undoes: the id of the plan that this one takes back.
        given: manifests that the user has brought, for images that the registry may not have.
    """
    wishes = tuple(dict.fromkeys(changes))
    drafts = {
        name: _RepositoryState(contexts[name], policy, provided_manifests)
        for name in dict.fromkeys(change.repository for change in wishes)
    }
    steps: dict[int, Step] = {}
    for removals in (False, True):
        for number, change in enumerate(wishes):
            if (change.digest == "") == removals:
                steps[number] = drafts[change.repository].step(change)
    ordered = [steps[number] for number in range(len(wishes))]
    ordered.sort(key=lambda step: not step.after)
    return Plan(
        id=plan_id,
        kind=kind,
        undoes=undoes,
        steps=tuple(drafts[step.repository].told(step, now) for step in ordered),
        warnings=tuple(warning for draft in drafts.values() for warning in draft.warnings()),
        provided_manifests=provided_manifests,
    )


class _RepositoryState:
    """One repository while a plan is made: which tags each image has, as the steps so far leave it."""

    def __init__(self, facts: PlanContext, rules: WritePolicy, given: Iterable[Manifest]) -> None:
        self._facts = facts
        self._rules = rules
        self._given = {manifest.digest: manifest.media_type for manifest in given}
        self._tags_of: dict[str, set[str]] = {
            image.digest: set(image.tags) for image in (*facts.images.values(), *facts.tags.values())
        }
        self._taken: set[str] = set()

    def step(self, change: TagChange) -> Step:
        """The bare step for a change; what it would do is applied to the draft."""
        source = self._facts.images.get(change.digest)
        holder = self._facts.tags.get(change.tag) if change.tag else source
        step = Step(
            repository=change.repository,
            tag=change.tag,
            action=StepAction.REFUSED,
            before=holder.digest if holder else "",
            after=change.digest,
            media_type=self._media_type(change, source or holder),
            before_pushed_at=holder.pushed_at if holder else None,
            after_pushed_at=source.pushed_at if source else None,
            protected=bool(change.tag) and self._rules.protects(change.tag),
            restores=self._is_missing(change.digest, source) and change.digest in self._facts.journalled,
            undoes=change.undoes,
        )
        if change.tag in self._taken:
            return replace(step, reason="the plan has this tag in another step already")
        self._taken.add(change.tag)
        if step.before == step.after:
            return replace(step, action=StepAction.ALREADY, reason=_nothing_to_do(step))
        if change.expect is not None and change.expect != step.before:
            return replace(step, expected=change.expect, reason=_not_as_expected(change.expect, step.before))
        reason = self._refusal(step, source)
        if reason:
            return replace(step, reason=reason)
        if step.before:
            self._tags_of[step.before].discard(step.tag)
        if step.after and step.tag:
            self._tags_of.setdefault(step.after, set()).add(step.tag)
        return replace(step, action=_action(step))

    def _media_type(self, change: TagChange, image: Image | None) -> str:
        if change.digest in self._given:
            return self._given[change.digest]
        return image.media_type if image is not None and (not change.digest or image.digest == change.digest) else ""

    def _is_missing(self, digest: str, source: Image | None) -> bool:
        """Whether the repository has no such image, and the user has not brought its manifest either."""
        return bool(digest) and source is None and digest not in self._given

    def _refusal(self, step: Step, source: Image | None) -> str:
        if self._rules.read_only:
            return "ecrtui is read-only here"
        return self._refusal_to_put(step, source) if step.after else self._refusal_to_remove(step)

    def _refusal_to_put(self, step: Step, source: Image | None) -> str:
        untagged = not step.tag and (step.after in self._given or step.restores)
        if not untagged and (problem := tags.tag_error(step.tag)):
            return problem
        if not is_digest(step.after):
            return f"{step.after!r} is not a digest: sha256: and 64 hexadecimal digits"
        if self._is_missing(step.after, source) and not step.restores:
            return f"there is no image {short_digest(step.after)} in {step.repository}"
        if source is not None and source.archived and step.after not in self._given:
            return f"the image is {source.status.lower()}: restore it first, an archived image cannot be read"
        if step.before and not self._facts.mutability.may_move(step.tag):
            return f"the tag exists, and {self._facts.mutability.reason(step.tag)}"
        if len(self._tags_of.get(step.after, ())) >= tags.MAX_TAGS_PER_IMAGE:
            return f"the image has {tags.MAX_TAGS_PER_IMAGE:,} tags, the most that ECR lets it have"
        return ""

    def _refusal_to_remove(self, step: Step) -> str:
        if self._tags_of[step.before] == {step.tag}:
            return "it is the last tag of its image, and ECR would delete the image with it: tag it otherwise first"
        if self._facts.tags[step.tag].archived:
            return "the image is archived, so its manifest cannot be read and the tag could not be put back"
        return ""

    def told(self, step: Step, now: float) -> Step:
        """The step with all that it leads to when the whole plan is done."""
        if not step.writes:
            return step
        keeps = tuple(sorted(self._tags_of.get(step.before, ())))
        step = replace(step, remaining_tags=keeps, becomes_untagged=bool(step.before) and not keeps)
        warnings = [*self._platform_warnings(step)]
        notes = ["the image is gone; its manifest is put back from the journal"] if step.restores else []
        if step.before:
            self._tell_fate(self._facts.tags[step.tag], "the old image", step, now, warnings, notes)
            if self._facts.tags[step.tag].archived:
                warnings.append("the old image is archived: moving the tag back takes a restore first")
        source = self._facts.images.get(step.after)
        if source is not None:
            self._tell_fate(source, "this image", step, now, warnings, notes)
        return replace(step, warnings=tuple(warnings), notes=tuple(notes))

    def warnings(self) -> tuple[str, ...]:
        """What is true of the repository as a whole."""
        return (self._facts.policy.problem,) if self._facts.policy.problem else ()

    def _after(self, image: Image) -> Image:
        """An image with the tags that the plan leaves it."""
        return replace(image, tags=tuple(sorted(self._tags_of.get(image.digest, image.tags))))

    def _tell_fate(
        self, image: Image, name: str, step: Step, now: float, warnings: list[str], notes: list[str]
    ) -> None:
        """Say which lifecycle rule would take an image, and when."""
        policy, changed = self._facts.policy, self._after(image)
        referring = next((index for index, children in self._facts.indexes.items() if image.digest in children), "")
        everything = self._facts.everything
        others = None if everything is None else tuple(self._after(other) for other in everything)
        fate = None if referring else lifecycle.predict(policy, changed, others, now)
        if fate is None:
            if policy.rules and not changed.tags:
                why = (
                    f"the index {short_digest(referring)} refers to it" if referring else "no lifecycle rule selects it"
                )
                notes.append(f"{name} stays: {why}")
            return
        words = f"{fate.rule}: {name} {_pushed(image, now)} {_when(fate, now)}"
        if fate.due_at is not None and fate.due_at - now <= _SOON:
            hint = " (a retag does not renew the time of the push)" if name == "this image" and step.after else ""
            warnings.append(words + hint)
        else:
            notes.append(words)

    def _platform_warnings(self, step: Step) -> Iterable[str]:
        """Warn of one platform's image where an index belongs."""
        source = self._facts.images.get(step.after)
        if source is None or is_index(source.media_type):
            return
        holder = self._facts.tags.get(step.tag)
        if holder is not None and is_index(holder.media_type):
            platforms = self._facts.indexes.get(holder.digest, {})
            mine = platforms.get(step.after)
            others = sorted({platform for digest, platform in platforms.items() if digest != step.after})
            if mine is not None:
                lost = f": {', '.join(others)} would be gone from this tag" if others else ""
                yield f"the tag is at an index now, and this is its image for {mine} alone{lost}"
            else:
                names = f" for {', '.join(others)}" if others else ""
                yield f"the tag is at an index{names} now, and this is a single image that is not of it"
            return
        for digest, platforms in self._facts.indexes.items():
            if step.after in platforms:
                index = self._facts.images.get(digest)
                name = f"index tagged {index.tags[0]}" if index and index.tags else f"index {short_digest(digest)}"
                yield f"this is the image for {platforms[step.after]} alone; the {name} has all platforms"
                return


def _action(step: Step) -> StepAction:
    if not step.after:
        return StepAction.REMOVE
    return StepAction.MOVE if step.before else StepAction.CREATE


def _nothing_to_do(step: Step) -> str:
    if not step.tag:
        return "the image is in the repository already"
    return "the tag is at this image already" if step.after else "the tag does not exist"


def _not_as_expected(expected: str, found: str) -> str:
    wanted = f"at {short_digest(expected)}" if expected else "not to exist"
    return f"the tag was expected {wanted}, and {f'is at {short_digest(found)}' if found else 'does not exist'}"


def _pushed(image: Image, now: float) -> str:
    return (
        f"(pushed {duration_in_words(now - image.pushed_at)} ago)"
        if image.pushed_at is not None
        else "(pushed at a time unknown)"
    )


def _when(fate: LifecyclePrediction, now: float) -> str:
    verb = "be archived" if fate.rule.action == "transition" else "expire"
    if not fate.known:
        return f"may {verb}: its place among the others was not looked up"
    if fate.due_at is None:
        return f"stays for now, as number {fate.rank} of {fate.rule.count_number}"
    return (
        f"would {verb} within 24 hours"
        if fate.due_at <= now
        else f"would {verb} in {duration_in_words(fate.due_at - now)}"
    )
