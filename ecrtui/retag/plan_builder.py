"""Build the plans that users ask for: retag, untag, swap, copy, put image, undo, resume."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from ecrtui.ecr.digest import short_digest
from ecrtui.ecr.image import Image
from ecrtui.ecr.manifest import Manifest
from ecrtui.ecr.tag import stored_tag_error, tag_error
from ecrtui.ecr.units import format_count, format_names
from ecrtui.errors import ErrorKind, UsageError, no_such_image
from ecrtui.registry.protocol import Registry
from ecrtui.retag import undo_rules
from ecrtui.retag.journal.entry import JournalEntry
from ecrtui.retag.parallel import map_concurrently
from ecrtui.retag.plan import REVERTING_KINDS, Plan, StepAction, StepOutcome, TagChange, reverting_kind
from ecrtui.retag.plan_context import MAX_WORKERS, ContextLoader, RepositoryContext
from ecrtui.retag.planner import WritePolicy, make_plan
from ecrtui.retag.rename_rule import parse_rename_rule
from ecrtui.retag.write_history import LIST_PLANS, OTHER_REGISTRY_HINT, WriteHistory

_OTHER_REFUSED = "the other tag of the swap is refused"
_OTHER_REMOVED = "the other tag of the swap was removed from the plan"


class PlanBuilder:
    """Reads the registry and the journal and returns plans. It writes nothing but outcomes of unknown writes."""

    def __init__(
        self, registry: Registry, contexts: ContextLoader, policy: Callable[[], WritePolicy], history: WriteHistory
    ) -> None:
        self._registry = registry
        self._contexts = contexts
        self._policy = policy
        self._history = history

    def build(
        self,
        changes: Sequence[TagChange],
        kind: str,
        *,
        contexts: Mapping[str, RepositoryContext] | None = None,
        thorough: bool = True,
        provided_manifests: tuple[Manifest, ...] = (),
    ) -> Plan:
        """Return the plan of these changes, based on the current state of the registry.

        With a known context of the repository this takes one or two requests for a few tags, little enough for every
        pause in typing. Thorough planning also lists a repository whose lifecycle policy counts images, and looks for
        the index of an untagged image.
        """
        now = time.time()
        plan_contexts = self._contexts.plan_contexts(changes, contexts, thorough)
        return make_plan(
            changes,
            plan_contexts,
            self._policy(),
            plan_id=_new_id(now),
            now=now,
            kind=kind,
            provided_manifests=provided_manifests,
        )

    def put_image(self, repository: str, manifest: Manifest, tag: str) -> Plan:
        """Return the plan that stores a manifest from the user.

        Args:
            repository: the target.
            manifest: the exact text, and the media type to send. Its digest is checked before it is sent.
            tag: the tag; a new image is stored untagged if it is empty.
        """
        change = TagChange(repository, tag, manifest.digest, untagged=not tag)
        return self.build((change,), "put image", thorough=False, provided_manifests=(manifest,))

    def swap(self, repository: str, first: str, second: str) -> Plan:
        """Return the plan that swaps the images of two tags. If one step is refused, both are.

        Raises:
            NotFound: one of the tags does not exist.
        """
        if any(map(tag_error, (first, second))):
            asked = (
                TagChange(repository, tag, "", problem=tag_error(tag) or _OTHER_REFUSED) for tag in (first, second)
            )
            return self.build(tuple(asked), "swap")
        images = self._registry.images_by_tag(repository, [first, second])
        for tag in (first, second):
            if tag not in images:
                raise no_such_image(repository, tag=tag)
        moves = (
            TagChange(repository, first, images[second].digest, expect=images[first].digest),
            TagChange(repository, second, images[first].digest, expect=images[second].digest),
        )
        return _both_or_none(self.build(moves, "swap"))

    def copy_tags(self, repository: str, source: str, target: str) -> Plan:
        """Return the plan that moves all tags of one image to another; a tag points to one image only.

        Raises:
            NotFound: the source does not exist.
        """
        images = self._registry.images_by_digest(repository, [source])
        if not images:
            raise no_such_image(repository, digest=source)
        changes = (TagChange(repository, tag, target, expect=source) for tag in images[0].tags)
        return self.build(tuple(changes), "copy tags")

    def tag_in_repositories(self, repositories: Iterable[str], tag: str, new_tag: str) -> Plan:
        """Return the plan that adds a tag to the tagged image of each repository; warn where there is no such image.

        Raises:
            UsageError: the text is not a tag.
        """
        if problem := stored_tag_error(tag):
            raise UsageError(f"{tag!r} is not a tag", problem, "Write the existing tag, then the new tag.")
        names = list(dict.fromkeys(repositories))
        images = dict(
            map_concurrently(lambda name: self._registry.images_by_tag(name, [tag]).get(tag), names, MAX_WORKERS)
        )
        changes = tuple(
            TagChange(name, new_tag, image.digest)
            for position, name in enumerate(names)
            if (image := images[position]) is not None
        )
        plan = self.build(changes, "tag in all")
        missing = (f"{name} has no tag {tag}" for position, name in enumerate(names) if images[position] is None)
        return plan.with_request_warnings(missing)

    def rename(self, repository: str, images: Iterable[Image], rule: str) -> Plan:
        """Return the plan that adds to each image the tags that a rule makes of its tags.

        A warning names the images that get none.

        Args:
            repository: of the images.
            images: the images; they keep their tags.
            rule: see :mod:`ecrtui.retag.rename_rule`.

        Raises:
            UsageError: the rule is not valid.
        """
        new_tag = parse_rename_rule(rule)
        given = [(image, [new for tag in image.tags if (new := new_tag(tag)) and new != tag]) for image in images]
        changes = (TagChange(repository, new, image.digest) for image, tags in given for new in tags)
        plan = self.build(tuple(dict.fromkeys(changes)), "retag")
        left = [next(iter(image.tags), short_digest(image.digest)) for image, tags in given if not tags]
        if left:
            verb = "gets" if len(left) == 1 else "get"
            warning = f"{format_count(len(left), 'image')} {verb} no tag from the rule: {format_names(left, 3)}"
            plan = plan.with_request_warnings([warning])
        return plan

    def untag(self, repository: str, tags: Iterable[str]) -> Plan:
        """Return the plan that removes these tags; the last tag of an image is refused."""
        return self.build(tuple(TagChange(repository, tag, "") for tag in tags), "untag")

    def undo(self, entries: Iterable[JournalEntry]) -> Plan:
        """Return the plan that undoes these writes, newest first. To undo an undo is to redo.

        Raises:
            UsageError: a write is in another registry.
        """
        known = tuple(entries)
        if other := next((entry.location for entry in known if entry.location != self._history.location), None):
            raise UsageError("The write is in another registry", f"It is for {other.in_words}.", OTHER_REGISTRY_HINT)
        plan_ids = {entry.plan for entry in known}
        kind = reverting_kind(entry.kind for entry in known)
        plan = self.build(undo_rules.reverting_changes(known), kind, thorough=False)
        undoes = plan_ids.pop() if len(plan_ids) == 1 else ""
        return replace(plan, undoes=undoes, steps=(*plan.steps, *undo_rules.refused_undo_steps(known)))

    def again(self, plan: Plan) -> Plan:
        """Return a plan with the steps of this one, based on the current state of the registry."""
        final = tuple(step for step in plan.steps if step.final)
        changes = tuple(step.change for step in plan.steps if not step.final)
        planned = self.build(changes, plan.kind)
        planned = replace(planned, steps=(*planned.steps, *final), undoes=plan.undoes, excluded=plan.excluded)
        planned = planned.with_request_warnings(plan.request_warnings)
        return _both_or_none(planned) if plan.kind == "swap" else planned

    def entries_to_undo(self, plan_id: str) -> tuple[JournalEntry, ...]:
        """Return the writes of a plan that an undo of it concerns.

        Raises:
            UsageError: the journal has no such plan for this registry.
        """
        entries = self._history.entries_of_plan(plan_id)
        if not entries:
            raise UsageError(
                f"The journal has no writes of plan {plan_id!r} to this registry",
                command=LIST_PLANS,
                kind=ErrorKind.NO_WRITE,
            )
        # An undo that put an index back, and a promotion, have entries for images without a tag: they stay.
        untagged = (*REVERTING_KINDS, "promote")
        asked = tuple(entry for entry in entries if entry.tag or entry.kind not in untagged) or entries
        changed = tuple(entry for entry in asked if entry.outcome in (StepOutcome.DONE, None))
        return _last_of_each(changed) or entries

    def resume(self, plan_id: str) -> Plan:
        """Return the rest of a plan that was interrupted. Unknown writes are resolved, done steps are not repeated.

        Raises:
            UsageError: the journal has no such plan for this registry.
        """
        plan = self._history.saved_plan(plan_id)
        if plan.kind == "promote":
            raise UsageError(
                f"Plan {plan_id} is a promotion", "", f"Continue it with: ecrtui promote --resume {plan_id}"
            )
        entries = self._history.entries_of_plan(plan_id)
        finished = [undo_rules.already_done(step, entries) for step in plan.steps]
        left = tuple(step.change for step, done in zip(plan.steps, finished, strict=True) if done is None)
        planned = {step.key: step for step in self.build(left, plan.kind, thorough=False).steps}
        steps = tuple(done or planned[step.key] for step, done in zip(plan.steps, finished, strict=True))
        rest = replace(plan, steps=steps)
        return _both_or_none(rest) if plan.kind == "swap" else rest


def _last_of_each(entries: Iterable[JournalEntry]) -> tuple[JournalEntry, ...]:
    """Return the newest of these writes for each tag; a plan that is resumed after an undo writes a tag again.

    Args:
        entries: the writes of one plan, newest first.
    """
    newest: dict[tuple[str, str], JournalEntry] = {}
    for entry in entries:
        newest.setdefault((entry.repository, entry.tag or entry.after), entry)
    return tuple(newest.values())


def _both_or_none(swap: Plan) -> Plan:
    """Return the plan of a swap: if one step is refused, or was removed from the plan, both are refused."""
    if not (swap.refused_steps or swap.excluded):
        return swap
    reason = _OTHER_REMOVED if swap.excluded else _OTHER_REFUSED
    steps = (replace(step, action=StepAction.REFUSED, reason=reason) if step.writes else step for step in swap.steps)
    return replace(swap, steps=tuple(steps))


def _new_id(now: float) -> str:
    """Return an id that sorts by time and is unique between processes."""
    return f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime(now))}-{secrets.token_hex(3)}"
