"""Turn requested changes into a plan. Pure functions without I/O, so that tests can check every message."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase

from ecrtui.ecr import lifecycle
from ecrtui.ecr import tag as tags
from ecrtui.ecr.digest import is_digest, short_digest
from ecrtui.ecr.image import Image, is_index
from ecrtui.ecr.lifecycle import CountType, LifecyclePolicy, LifecyclePrediction
from ecrtui.ecr.manifest import Manifest
from ecrtui.ecr.mutability import TagMutability
from ecrtui.ecr.reference import is_repository_name, names_repository
from ecrtui.ecr.replication import Destination
from ecrtui.ecr.tag_order import order_tags
from ecrtui.ecr.units import DAY, duration_in_words, format_count, format_names
from ecrtui.errors import READ_ONLY
from ecrtui.retag.plan import Plan, Step, StepAction, TagChange
from ecrtui.retag.replicas import ReplicatedTags, Replication, removal_refusal

_SOON = 30 * DAY
"""Seconds; an expiry within this time is a warning, a later one is a note."""

_BEING_RESTORED = "the image is being restored from the archive; wait until it is active"


@dataclass(frozen=True, slots=True)
class PlanContext:
    """The state of one repository that planning needs. Times are seconds since the epoch."""

    mutability: TagMutability = field(default_factory=TagMutability)
    tags: Mapping[str, Image] = field(default_factory=dict)
    """The current image of each tag that a change names; a missing tag does not exist."""
    images: Mapping[str, Image] = field(default_factory=dict)
    """The images that a change names, by digest; a missing digest is not in the repository."""
    policy: LifecyclePolicy = field(default_factory=LifecyclePolicy)
    all_images: tuple[Image, ...] | None = None
    """Every image of the repository, if they were listed."""
    indexes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """The indexes that were read, by digest; for each, the platforms of its images, by digest."""
    journalled: Collection[str] = frozenset()
    """The digests whose manifest is in the journal."""
    replication: Replication = field(default_factory=Replication)
    """What is known of the replication of the registry."""
    replicas: Mapping[Destination, ReplicatedTags] = field(default_factory=dict)
    """The tags that are removed, in each destination that removals replicate to."""
    problem: str = ""
    """Why the repository could not be read; empty if it was read."""


@dataclass(frozen=True, slots=True)
class WritePolicy:
    """The settings that restrict writes."""

    protected_tags: tuple[str, ...] = ()
    read_only: bool = False

    def protects(self, tag: str) -> bool:
        """Return True if the tag matches one of the patterns (``*``, ``?``, ``[…]``)."""
        return any(fnmatchcase(tag, pattern) for pattern in self.protected_tags)

    def order_tags(self, tags: tuple[str, ...]) -> tuple[str, ...]:
        """Return the tags of an image in the order in which they are shown."""
        return order_tags(tags, self.protects)

    def similar_pattern(self, tag: str) -> str:
        """Return the pattern that a tag differs from in capital letters alone; empty if there is none."""
        if self.protects(tag):
            return ""
        lower = tag.lower()
        return next((pattern for pattern in self.protected_tags if fnmatchcase(lower, pattern.lower())), "")


def make_plan(
    changes: Iterable[TagChange],
    contexts: Mapping[str, PlanContext],
    policy: WritePolicy,
    *,
    plan_id: str,
    now: float,
    kind: str = "retag",
    provided_manifests: tuple[Manifest, ...] = (),
) -> Plan:
    """Return the plan of these changes, in their order, with the removals last.

    Args:
        changes: the requested changes.
        contexts: the state of every repository that a change names.
        policy: the settings that restrict writes.
        plan_id: the id of the plan.
        now: seconds since the epoch.
        kind: the request of the user.
        provided_manifests: manifests from the user, for images that the registry may not have.
    """
    unique = tuple(dict.fromkeys(changes))
    states = {name: _RepositoryState(context, policy, provided_manifests) for name, context in contexts.items()}

    def add_step(change: TagChange) -> Step:
        problem = change_problem(change) or contexts[change.repository].problem
        return _unread_step(change, problem) if problem else states[change.repository].add_step(change)

    # A removal needs the tags that the other steps add.
    steps = [add_step(change) for change in sorted(unique, key=_is_removal)]
    writes = {name: [step for step in steps if step.writes and step.repository == name] for name in states}
    replicated = (note for name, state in states.items() for note in state.replication_notes(name, writes[name]))
    return Plan(
        id=plan_id,
        kind=kind,
        steps=tuple(states[step.repository].annotated(step, now) if step.writes else step for step in steps),
        warnings=(
            *dict.fromkeys(warning for state in states.values() for warning in state.warnings()),
            *(warning for name, state in states.items() for warning in state.displaced_images(writes[name])),
            *dict.fromkeys(replicated),
        ),
        provided_manifests=provided_manifests,
    )


def _is_removal(change: TagChange) -> bool:
    return not change.digest and not change.problem and not change.untagged


def change_problem(change: TagChange) -> str:
    """Return why a change is impossible whatever the registry holds; an empty text if it may be possible.

    Such a change is refused before anything is looked up, because ECR answers a request with one invalid word with an
    error for all of it.
    """
    if change.problem:
        return change.problem
    if not is_repository_name(change.repository):
        return f"{change.repository!r} is not a repository name" if change.repository else "the repository is missing"
    if change.digest and not is_digest(change.digest):
        return f"{change.digest!r} is not a digest (sha256: and 64 hexadecimal digits)"
    if not change.tag:
        return "" if change.untagged else tags.tag_error("")
    if change.digest and names_repository(change.tag):
        return f"{change.tag!r} names a repository, but a retag needs a tag; ecrtui promote copies images"
    # A tag that ECR has although clients refuse it can be removed, and put back.
    return (tags.tag_error if change.digest and not change.undoes else tags.stored_tag_error)(change.tag)


def _unread_step(change: TagChange, problem: str) -> Step:
    """Return the refused step of a change whose tag is not read."""
    return Step(
        repository=change.repository,
        tag=change.tag,
        action=StepAction.REFUSED,
        after=change.digest,
        expected=change.expect,
        reason=problem,
        undoes=change.undoes,
        unread=True,
        final=bool(change.problem),
        row=change.row,
    )


class _RepositoryState:
    """A repository during planning: the tags of each image after the steps so far."""

    def __init__(self, context: PlanContext, policy: WritePolicy, provided_manifests: Iterable[Manifest]) -> None:
        self._context = context
        self._policy = policy
        self._provided = {manifest.digest: manifest.media_type for manifest in provided_manifests}
        self._tags_of: dict[str, set[str]] = {
            image.digest: set(image.tags) for image in (*context.images.values(), *context.tags.values())
        }
        self._planned_tags: set[str] = set()
        self._removed: list[str] = []
        """The tags that the steps so far remove."""

    def add_step(self, change: TagChange) -> Step:
        """Return the step for a change, without notes and warnings, and apply it to this state."""
        source = self._context.images.get(change.digest)
        step = self._resolve(change, source)
        if change.tag in self._planned_tags:
            return replace(step, reason="another step of this plan has the same tag")
        self._planned_tags.add(change.tag)
        if step.before == step.after:
            return replace(step, action=StepAction.ALREADY, reason=_already_reason(step))
        if change.expect is not None and change.expect != step.before:
            return replace(step, expected=change.expect, reason=_unexpected_reason(change.expect, step.before))
        if reason := self._refusal(step, source):
            return replace(step, reason=reason)
        self._move_tag(step)
        return replace(step, action=_action(step))

    def _resolve(self, change: TagChange, source: Image | None) -> Step:
        """Return the step of a change with the current image of its tag; it is refused until it was checked."""
        current = self._context.tags.get(change.tag) if change.tag else source
        return Step(
            repository=change.repository,
            tag=change.tag,
            action=StepAction.REFUSED,
            before=current.digest if current else "",
            after=change.digest,
            media_type=self._media_type(change, source or current),
            before_pushed_at=current.pushed_at if current else None,
            protected=bool(change.tag) and self._policy.protects(change.tag),
            restores=self._is_missing(change.digest, source) and change.digest in self._context.journalled,
            undoes=change.undoes,
            row=change.row,
        )

    def _move_tag(self, step: Step) -> None:
        if step.before:
            self._tags_of[step.before].discard(step.tag)
        if not step.after:
            self._removed.append(step.tag)
        if step.after and step.tag:
            self._tags_of.setdefault(step.after, set()).add(step.tag)

    def _media_type(self, change: TagChange, image: Image | None) -> str:
        if change.digest in self._provided:
            return self._provided[change.digest]
        return image.media_type if image is not None and (not change.digest or image.digest == change.digest) else ""

    def _is_missing(self, digest: str, source: Image | None) -> bool:
        """Return True if neither the repository nor the user has a manifest with this digest."""
        return bool(digest) and source is None and digest not in self._provided

    def _refusal(self, step: Step, source: Image | None) -> str:
        """Return why the step is not allowed; an empty text if it is."""
        if self._policy.read_only:
            return READ_ONLY
        return self._put_refusal(step, source) if step.after else self._removal_refusal(step)

    def _put_refusal(self, step: Step, source: Image | None) -> str:
        if self._is_missing(step.after, source) and not step.restores:
            name = short_digest(step.after)
            return f"image {name} does not exist in {step.repository}: it may have been deleted; list the images again"
        if source is not None and source.archived and step.after not in self._provided:
            return (
                _BEING_RESTORED if source.activating else "the image is archived and cannot be read; restore it first"
            )
        if step.before and not self._context.mutability.may_move(step.tag):
            return f"the tag exists, and {self._context.mutability.reason(step.tag)}"
        if len(self._tags_of.get(step.after, ())) >= tags.MAX_TAGS_PER_IMAGE:
            return f"the image has {tags.MAX_TAGS_PER_IMAGE:,} tags, the maximum in ECR"
        return ""

    def _removal_refusal(self, step: Step) -> str:
        if self._tags_of[step.before] == {step.tag}:
            return "last tag of this image; ECR would delete the image. Add another tag first."
        image = self._context.tags[step.tag]
        if image.archived:
            reason = "the image is archived; its manifest cannot be read, so the tag could not be restored"
            return _BEING_RESTORED if image.activating else reason
        refusals = (
            removal_refusal(destination, replica, step.tag, self._removed)
            for destination, replica in self._context.replicas.items()
        )
        return next(filter(None, refusals), "")

    def annotated(self, step: Step, now: float) -> Step:
        """Return a step that writes with its notes and warnings, as of the end of the plan."""
        remaining = self._policy.order_tags(tuple(sorted(self._tags_of.get(step.before, ()))))
        step = replace(
            step,
            remaining_tags=remaining,
            other_tags=tuple(sorted(self._tags_of.get(step.after, set()) - {step.tag})),
            becomes_untagged=bool(step.before) and not remaining,
        )
        warnings = [*self._platform_warnings(step)]
        if step.after and (pattern := self._policy.similar_pattern(step.tag)):
            warnings.append(f"the tag is not protected: it differs from {pattern} in capital letters")
        notes = ["the image was deleted; its manifest is restored from the journal"] if step.restores else []
        if step.before:
            old = self._context.tags[step.tag]
            self._add_prediction(old, "the old image" if step.after else "this image", step, now, warnings, notes)
            if old.archived and not old.activating:
                warnings.append("the old image is archived; restore it before you move the tag back")
        source = self._context.images.get(step.after)
        if source is not None:
            self._add_prediction(source, "this image", step, now, warnings, notes)
        elif step.after in self._provided:
            new = Image(step.after, pushed_at=now, media_type=step.media_type)
            self._add_prediction(new, "the new image", step, now, warnings, notes)
        return replace(step, warnings=tuple(warnings), notes=tuple(notes))

    def warnings(self) -> tuple[str, ...]:
        """Return the warnings about the repository as a whole."""
        problem = self._context.policy.problem
        return (problem,) if problem else ()

    def displaced_images(self, steps: Collection[Step]) -> Iterator[str]:
        """Yield a warning for each rule that counts images and would remove others, because the tags of these count.

        Args:
            steps: the steps of the repository that write.
        """
        listed = self._context.all_images
        changed = {step.after for step in steps if step.after and step.tag}
        if listed is None or not changed or not any(rule.counts_images for rule in self._context.policy.rules):
            return
        after = [self._after_plan(image) if image.digest in self._tags_of else image for image in listed]
        for rule, images in lifecycle.displaced(self._context.policy, listed, after, changed):
            names = format_names((next(iter(image.tags), short_digest(image.digest)) for image in images), 3)
            count = format_count(len(images), "other image")
            yield f"{rule}: {count} would {rule.verb} within 24 hours because of the new tags: {names}"

    def replication_notes(self, repository: str, steps: Iterable[Step]) -> Iterator[str]:
        """Yield where the steps of the repository replicate to, or that this is not known.

        Args:
            repository: its name.
            steps: the steps that write.
        """
        rules, steps = self._context.replication.rules, tuple(steps)
        if self._context.replication.problem and steps:
            yield _unknown_replication(self._context.replication.problem, steps)
        pushes = rules.destinations(repository) if any(step.after for step in steps) else ()
        if pushes:
            yield f"new tags of {repository} replicate to {format_names(list(map(str, pushes)))}"
        removals = rules.destinations(repository, of_removals=True) if not all(step.after for step in steps) else ()
        if removals:
            yield f"removed tags of {repository} are removed in {format_names(list(map(str, removals)))} too"

    def _after_plan(self, image: Image) -> Image:
        """Return the image with its tags after the plan."""
        return replace(image, tags=tuple(sorted(self._tags_of.get(image.digest, image.tags))))

    def _add_prediction(
        self, image: Image, name: str, step: Step, now: float, warnings: list[str], notes: list[str]
    ) -> None:
        """Add which lifecycle rule applies to the image, and when: a warning if it is soon, else a note."""
        policy, changed = self._context.policy, self._after_plan(image)
        index = next((digest for digest, children in self._context.indexes.items() if image.digest in children), "")
        listed = self._context.all_images
        others = None if listed is None else tuple(self._after_plan(other) for other in listed)
        prediction = None if index else lifecycle.predict(policy, changed, others, now)
        if prediction is None:
            if policy.rules and not changed.tags:
                why = f"the index {short_digest(index)} refers to it" if index else "no lifecycle rule selects it"
                notes.append(f"{name} is kept: {why}")
            return
        text = f"{prediction.rule}: {name} {_pushed(image, now)} {_expiry(prediction, now)}"
        if prediction.due_at is not None and prediction.due_at - now <= _SOON:
            by_push = prediction.rule.counts_images or prediction.rule.count_type is CountType.SINCE_PUSHED
            is_retagged = name == "this image" and step.after
            warnings.append(text + (" (a retag does not change the push time)" if by_push and is_retagged else ""))
        else:
            notes.append(text)

    def _platform_warnings(self, step: Step) -> Iterable[str]:
        """Warn about the image of one platform where an index exists."""
        source = self._context.images.get(step.after)
        if source is None or is_index(source.media_type):
            return
        current = self._context.tags.get(step.tag)
        if current is not None and is_index(current.media_type):
            yield self._index_loss(step.after, current.digest)
            return
        for digest, platforms in self._context.indexes.items():
            if step.after in platforms:
                index = self._context.images.get(digest)
                name = f"index tagged {index.tags[0]}" if index and index.tags else f"index {short_digest(digest)}"
                yield f"this image is for {platforms[step.after]} only; the {name} has all platforms"
                return

    def _index_loss(self, source: str, index: str) -> str:
        """Return the warning about a tag that moves from an index to a single image."""
        platforms = self._context.indexes.get(index)
        if platforms is None:
            return "the tag points to an index, whose platforms are not known; this image is a single one"
        own = platforms.get(source)
        others = format_names(sorted({platform for digest, platform in platforms.items() if digest != source}))
        if own is None:
            return f"the tag points to an index{f' for {others}' if others else ''}; this image is not part of it"
        lost = f" The tag would lose {others}." if others else ""
        return f"the tag points to an index; this image is its part for {own} only.{lost}"


def _action(step: Step) -> StepAction:
    if not step.after:
        return StepAction.REMOVE
    return StepAction.MOVE if step.before else StepAction.CREATE


def _already_reason(step: Step) -> str:
    if not step.tag:
        return "the image is already in the repository"
    return "already points to this image" if step.after else "the tag does not exist"


def _unexpected_reason(expected: str, found: str) -> str:
    wanted = f"to point to {short_digest(expected)}" if expected else "not to exist"
    return f"expected the tag {wanted}, but it {f'points to {short_digest(found)}' if found else 'does not exist'}"


def _unknown_replication(problem: str, steps: Collection[Step]) -> str:
    unknown = ["the tags replicate"] if any(step.after for step in steps) else []
    if not all(step.after for step in steps):
        unknown.append("removed tags are removed elsewhere too, where ECR deletes an image with its last tag")
    return f"could not read the replication rules, so it is not known whether {' and '.join(unknown)}: {problem}"


def _pushed(image: Image, now: float) -> str:
    if image.pushed_at is None:
        return "(push time unknown)"
    return f"(pushed {duration_in_words(now - image.pushed_at)} ago)"


def _expiry(prediction: LifecyclePrediction, now: float) -> str:
    verb = "be archived" if prediction.rule.action == "transition" else "expire"
    if not prediction.known:
        return f"may {verb}; its rank among the images was not checked"
    if prediction.due_at is None:
        return f"is kept for now (number {prediction.rank} of {prediction.rule.count_number})"
    if prediction.is_due(now):
        return f"would {verb} within 24 hours"
    return f"would {verb} in {duration_in_words(prediction.due_at - now)}"
