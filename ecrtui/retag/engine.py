"""Retags that can be trusted: plan, guard, journal, write, verify, undo."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property, partial
from itertools import islice

from ecrtui.ecr.image import Image
from ecrtui.ecr.location import RegistryLocation
from ecrtui.ecr.manifest import Manifest
from ecrtui.errors import ConnectionFailed, CredentialsError, EcrTuiError, NotFound, Refused, UsageError
from ecrtui.registry.protocol import Registry
from ecrtui.retag import undo_rules
from ecrtui.retag.journal.entry import JournalEntry
from ecrtui.retag.journal.journal import Journal, JournalError
from ecrtui.retag.parallel import map_concurrently
from ecrtui.retag.plan import (
    DriftedTag,
    OnConflict,
    Plan,
    Progress,
    Report,
    Step,
    StepAction,
    StepOutcome,
    StepResult,
    TagChange,
)
from ecrtui.retag.plan_context import MAX_WORKERS, ContextLoader, RepositoryContext
from ecrtui.retag.planner import WritePolicy, make_plan
from ecrtui.retag.rate_limiter import RateLimiter, shared_limiter
from ecrtui.retag.rename_rule import parse_rename_rule as parse_rename
from ecrtui.retag.step_executor import StepExecutor
from ecrtui.settings import Settings

__all__ = ["Engine", "OnResult", "RepositoryContext"]

OnResult = Callable[[StepResult, Progress], None]
"""Called after each step, in the thread that runs :meth:`Engine.apply`."""

_WRITE_LANES = 4
"""Writes at a time in a long plan, so that the limit is reached though each waits for its answer."""

_SHORT_PLAN = 10
"""Up to so many writes are sent one after the other, so that a stop leaves nothing half begun."""

_AT_A_TIME = 50
"""Steps whose manifests are held in memory at a time."""

_AS_PLANNED = (StepOutcome.DONE, StepOutcome.ALREADY)


class Engine:
    """Every write of the application goes through here. Methods block; :meth:`apply` is never cancelled.

    Args:
        registry: where the tags are.
        journal: where each write is noted before it is sent.
        settings: those in force for the account: protected tags, read-only, writes a second.
        pace: the limit of writes; one for the settings' writes a second, shared by the process, if None.
    """

    def __init__(
        self, registry: Registry, journal: Journal, settings: Settings, *, rate_limiter: RateLimiter | None = None
    ) -> None:
        self._registry = registry
        self._journal = journal
        self._settings = settings
        self._given_pace = rate_limiter
        self._facts = ContextLoader(registry, journal)

    @cached_property
    def location(self) -> RegistryLocation:
        """The registry that the engine writes to."""
        return self._registry.location()

    @cached_property
    def _principal(self) -> str:
        return self._registry.identity()

    @cached_property
    def _rate_limiter(self) -> RateLimiter:
        return self._given_pace or shared_limiter(self.location, self._settings.writes_per_second)

    @property
    def _write_policy(self) -> WritePolicy:
        return WritePolicy(self._settings.protected_tags, self._settings.read_only)

    def repository_context(self, repository: str, images: Sequence[Image] | None = None) -> RepositoryContext:
        """Read mutability and lifecycle policy of a repository; two calls. Images that are at hand make it exact."""
        return self._facts.repository_context(repository, images)

    def plan(
        self,
        changes: Iterable[TagChange],
        *,
        kind: str = "retag",
        contexts: Mapping[str, RepositoryContext] | None = None,
        thorough: bool = False,
    ) -> Plan:
        """What these changes would do, as the registry is now.

        With a survey for the repository at hand this is one or two calls for a handful of tags: fit for every pause in
        typing. Thorough planning also lists a repository whose lifecycle policy counts images, and looks for the index
        that an untagged source belongs to.
        """
        return self._plan(tuple(changes), kind, contexts, thorough)

    def plan_put_image(
        self,
        repository: str,
        manifest: Manifest,
        tag: str = "",
        *,
        contexts: Mapping[str, RepositoryContext] | None = None,
    ) -> Plan:
        """Put a manifest that the user has brought, for an image that is in the repository or is not.

        Args:
            repository: where to.
            manifest: the exact text, and its media type as the user wants it told; what its digest says is checked
                before it is sent.
            tag: the tag it gets; an image that is new is stored untagged without one.
            surveys: of the repository, if one is at hand.
        """
        change = TagChange(repository, tag, manifest.digest)
        return self._plan((change,), "put image", contexts, False, (manifest,))

    def plan_swap(self, repository: str, first: str, second: str) -> Plan:
        """Each of two tags to where the other is; both or neither.

        Raises:
            NotFound: one of the tags does not exist.
        """
        holders = self._holders(repository, [first, second])
        changes = (
            TagChange(repository, first, holders[second].digest, expect=holders[first].digest),
            TagChange(repository, second, holders[first].digest, expect=holders[second].digest),
        )
        plan = self._plan(changes, "swap", None, True)
        if not plan.refused_steps:
            return plan
        reason = "the other half of the swap is refused"
        halves = (
            replace(step, action=StepAction.REFUSED, reason=reason) if step.writes else step for step in plan.steps
        )
        return replace(plan, steps=tuple(halves))

    def plan_copy_tags(self, repository: str, source: str, target: str) -> Plan:
        """All tags of the image with one digest to the image with the other. A tag is at one image at a time, so they
        leave the first.

        Raises:
            NotFound: the source does not exist.
        """
        images = self._registry.images_by_digest(repository, [source])
        if not images:
            raise NotFound("The image does not exist", f"There is no image {source} in {repository}.")
        changes = (TagChange(repository, tag, target, expect=source) for tag in images[0].tags)
        return self._plan(tuple(changes), "copy tags", None, True)

    def plan_tag_in_repositories(self, repositories: Iterable[str], tag: str, new_tag: str) -> Plan:
        """In each repository, the image that has one tag gets the other; where it does not exist, a warning."""
        names = list(dict.fromkeys(repositories))
        found = dict(
            map_concurrently(lambda name: self._registry.images_by_tag(name, [tag]).get(tag), names, MAX_WORKERS)
        )
        changes = tuple(
            TagChange(name, new_tag, image.digest)
            for position, name in enumerate(names)
            if (image := found[position]) is not None
        )
        missing = [name for position, name in enumerate(names) if found[position] is None]
        plan = self._plan(changes, "promote", None, True)
        return replace(plan, warnings=(*plan.warnings, *(f"{name} has no tag {tag}" for name in missing)))

    def plan_rename(self, repository: str, images: Iterable[Image], rule: str) -> Plan:
        """Each image gets the tags that the rule makes of its tags, beside those it has (see :mod:`model.rename`).

        Raises:
            UsageError: the rule cannot be read.
        """
        made = parse_rename(rule)
        changes = [
            TagChange(repository, new, image.digest)
            for image in images
            for tag in image.tags
            if (new := made(tag)) and new != tag
        ]
        return self._plan(tuple(dict.fromkeys(changes)), "retag", None, True)

    def plan_untag(self, repository: str, tags: Iterable[str]) -> Plan:
        """Remove these tags; refused where an image would lose its last."""
        return self._plan(tuple(TagChange(repository, tag, "") for tag in tags), "untag", None, True)

    def plan_undo(self, entries: Iterable[JournalEntry]) -> Plan:
        """Take these writes back, newest first. The undo of an undo is a redo."""
        known = tuple(entries)
        plans = {entry.plan for entry in known}
        plan = self._plan(undo_rules.reverting_changes(known), "undo", None, False)
        undoes = plans.pop() if len(plans) == 1 else ""
        return replace(plan, undoes=undoes, steps=(*plan.steps, *undo_rules.refused_steps(known)))

    def plan_undo_of(self, plan_id: str) -> Plan:
        """Take back all that a plan has done; what cannot be taken back has a step that says why.

        Raises:
            UsageError: the journal knows no such plan for this registry.
        """
        self.resolve_unknown(self._journal.entries(self.location, plan=plan_id, unfinished=True))
        entries = self.history(plan=plan_id)
        if not entries:
            raise UsageError(f"The journal has no writes of plan {plan_id!r} to this registry", "", _SEE_HISTORY)
        changed = tuple(entry for entry in entries if entry.outcome in (StepOutcome.DONE, None))
        return self.plan_undo(changed or entries)

    def last_undoable_plan(self) -> str:
        """The id of the newest plan, undos left out, that has done something which was not taken back since.

        Raises:
            UsageError: there is none.
        """
        for entry in self._journal.entries(self.location, outcome=StepOutcome.DONE):
            if entry.can_be_undone and entry.kind != "undo":
                return entry.plan
        raise UsageError("There is nothing to undo in this registry", "", _SEE_HISTORY)

    def plan_resume(self, plan_id: str) -> Plan:
        """What is left of a plan that was cut off: unknown rows are looked up first, what is so is not repeated.

        Raises:
            UsageError: the journal knows no such plan for this registry.
        """
        kept = self._journal.plan(plan_id)
        if kept is None:
            raise UsageError(f"The journal has no plan {plan_id!r}", "", _SEE_HISTORY)
        plan, where = kept
        if where != self.location:
            raise UsageError(
                f"Plan {plan_id} is of another registry",
                f"It was made for account {where.registry_id} in {where.region} {where.endpoint}".rstrip() + ".",
            )
        self.resolve_unknown(self._journal.entries(self.location, plan=plan_id, unfinished=True))
        entries = self.history(plan=plan_id)
        settled = [undo_rules.already_done(step, entries) for step in plan.steps]
        left = tuple(step.change for step, known in zip(plan.steps, settled, strict=True) if known is None)
        planned = {step.key: step for step in self._plan(left, plan.kind, None, False).steps}
        return replace(
            plan,
            steps=tuple(known or planned[step.key] for step, known in zip(plan.steps, settled, strict=True)),
        )

    def unknown_writes(self) -> tuple[JournalEntry, ...]:
        """Writes to this registry that were begun, and whose process ended before it noted what became of them."""
        if not self._journal.exists:
            return ()
        return tuple(entry for entry in self._journal.entries(self.location, unfinished=True) if entry.unknown)

    def resolve_unknown(self, entries: Iterable[JournalEntry] | None = None) -> tuple[JournalEntry, ...]:
        """Read the registry for unknown writes, note in the journal what is so, and give the entries as they are now.

        Args:
            entries: of this registry; all that are unknown if None.
        """
        asked = tuple(self.unknown_writes() if entries is None else entries)
        open_ones = [entry for entry in asked if entry.unknown]
        for repository in dict.fromkeys(entry.repository for entry in open_ones):
            mine = [entry for entry in open_ones if entry.repository == repository]
            places = self._places(repository, [(entry.tag, entry.after) for entry in mine])
            for entry in mine:
                later = self._later(entry) if entry.tag else ()
                self._journal.resolve(
                    entry.number, *undo_rules.infer_outcome(entry, places[entry.tag, entry.after], later)
                )
        return self._journal.entries(numbers=[entry.number for entry in asked]) if asked else ()

    def history(
        self, repository: str = "", *, since: float | None = None, plan: str = "", limit: int | None = None
    ) -> tuple[JournalEntry, ...]:
        """The writes to this registry, newest first. Times are seconds since the epoch."""
        return self._journal.entries(self.location, repository=repository, since=since, plan=plan, limit=limit)

    def entries(self, numbers: Sequence[int]) -> tuple[JournalEntry, ...]:
        """Single writes to this registry by the numbers of their entries; those that do not exist are left out."""
        return self._journal.entries(self.location, numbers=numbers) if numbers else ()

    def manifest_text(self, digest: str) -> str:
        """The journalled manifest of an image; empty if there is none."""
        manifest = self._journal.manifest(digest)
        return manifest.text if manifest else ""

    def apply(
        self,
        plan: Plan,
        *,
        on_result: OnResult | None = None,
        stop: Callable[[], bool] = lambda: False,
        on_conflict: OnConflict = OnConflict.STOP,
        allow_protected: Collection[str] = (),
    ) -> Report:
        """Do what the plan says; every step has a result.

        Args:
            plan: from :meth:`plan`, :meth:`undo` or :meth:`resume`.
            on_result: told after each step.
            stop: asked between steps; once it says yes, the steps not begun are skipped.
            on_conflict: whether the rest goes on after a step that did not come out as planned.
            allow_protected: the protected tags that the user has typed once more; others are refused.

        Raises:
            JournalError: the journal cannot be written; nothing was sent.
            Refused: read-only.
            EcrTuiError: account or region cannot be known.
        """
        if self._settings.read_only and plan.write_steps:
            raise Refused("ecrtui is read-only here", "Nothing was sent.", self._why_read_only())
        if plan.write_steps:
            self._journal.save_plan(plan, self.location)
        run = _Run(plan, on_result, self._rate_limiter, stop, on_conflict)
        for position, step in enumerate(plan.steps):
            if (result := _result_without_write(step, allow_protected)) is not None:
                run.record(position, result)
        waiting = run.waiting()
        writer = StepExecutor(
            self._registry, self._journal, self._rate_limiter, self.location, self._principal if waiting else ""
        )
        # Removals come last: an image may first get the other tag that lets one of its tags go.
        for removals in (False, True):
            steps = [entry for entry in waiting if (entry[1].action is StepAction.REMOVE) == removals]
            self._write_all(plan, steps, writer, run, 1 if removals or len(steps) <= _SHORT_PLAN else _WRITE_LANES)
        for position, step in run.waiting():
            run.record(position, StepResult(step, StepOutcome.SKIPPED, run.why_skipped))
        return self._verify(plan, tuple(run.results[position] for position in range(len(plan.steps))))

    def _write_all(
        self, plan: Plan, steps: Sequence[tuple[int, Step]], writer: StepExecutor, run: _Run, lanes: int
    ) -> None:
        for batch in _batches(steps, _AT_A_TIME):
            if not run.should_continue():
                return
            manifests, problems = self._manifests([step for _, step in batch], plan.provided_manifests)
            write = partial(self._write_one, plan, writer, run, manifests, problems)
            for place, result in map_concurrently(write, [step for _, step in batch], lanes, run.should_continue):
                run.record(batch[place][0], result)

    def _write_one(
        self,
        plan: Plan,
        writer: StepExecutor,
        run: _Run,
        manifests: Mapping[str, Manifest],
        problems: Mapping[str, EcrTuiError],
        step: Step,
    ) -> StepResult:
        problem = problems.get(step.repository)
        if problem is not None:
            result = StepResult(step, StepOutcome.FAILED, f"nothing was sent: {problem}", error=problem)
        else:
            result = writer.execute(plan, step, manifests)
        run.update_stop_state(result)
        return result

    def _manifests(
        self, steps: Sequence[Step], given: Sequence[Manifest]
    ) -> tuple[Mapping[str, Manifest], Mapping[str, EcrTuiError]]:
        """The manifests that these steps are about, and by repository why they cannot be read."""
        manifests = {manifest.digest: manifest for manifest in given}
        problems: dict[str, EcrTuiError] = {}
        for repository in dict.fromkeys(step.repository for step in steps):
            mine = [step for step in steps if step.repository == repository]
            wanted = [digest for step in mine for digest in (step.after, step.before) if digest]
            restored = {step.after for step in mine if step.restores}
            at_hand = {manifest.digest for manifest in given}
            try:
                found = self._registry.manifests(
                    repository, [digest for digest in dict.fromkeys(wanted) if digest not in {*restored, *at_hand}]
                )
            except EcrTuiError as error:
                problems[repository] = error
                continue
            manifests.update((manifest.digest, manifest) for manifest in found)
            for digest in restored:
                if (kept := self._journal.manifest(digest)) is not None:
                    manifests[digest] = kept
        return manifests, problems

    def _verify(self, plan: Plan, results: tuple[StepResult, ...]) -> Report:
        """Read every tag back that should be in place, those too that were there when the plan was made."""
        steps = [result.step for result in results if result.outcome in _AS_PLANNED]
        elsewhere: list[DriftedTag] = []
        try:
            for repository in dict.fromkeys(step.repository for step in steps):
                mine = [step for step in steps if step.repository == repository]
                places = self._places(repository, [(step.tag, step.after) for step in mine])
                for step in mine:
                    found = places[step.tag, step.after]
                    if found != step.after:
                        elsewhere.append(DriftedTag(step, found, "somebody changed it since"))
        except EcrTuiError as error:
            return Report(plan, results, self.location, tuple(elsewhere), error)
        return Report(plan, results, self.location, tuple(elsewhere))

    def _plan(
        self,
        changes: Sequence[TagChange],
        kind: str,
        contexts: Mapping[str, RepositoryContext] | None,
        thorough: bool,
        provided_manifests: tuple[Manifest, ...] = (),
    ) -> Plan:
        now = time.time()
        facts = self._facts.plan_context(changes, contexts, thorough)
        return make_plan(
            changes,
            facts,
            self._write_policy,
            plan_id=_new_id(now),
            now=now,
            kind=kind,
            provided_manifests=provided_manifests,
        )

    def _holders(self, repository: str, tags: Sequence[str]) -> Mapping[str, Image]:
        holders = self._registry.images_by_tag(repository, tags)
        for tag in tags:
            if tag not in holders:
                raise NotFound("The tag does not exist", f"{repository} has no tag {tag}.")
        return holders

    def _places(self, repository: str, wanted: Sequence[tuple[str, str]]) -> Mapping[tuple[str, str], str]:
        """The digests that tags have now, by tag and the digest put there; "" for a tag that does not exist.

        What was put without a tag is at its digest if the image is there. Nothing is in a repository that is gone.
        """
        tags = list(dict.fromkeys(tag for tag, _ in wanted if tag))
        untagged = list(dict.fromkeys(digest for tag, digest in wanted if not tag))
        try:
            holders = (
                {tag: image.digest for tag, image in self._registry.images_by_tag(repository, tags).items()}
                if tags
                else {}
            )
            images = (
                {image.digest for image in self._registry.images_by_digest(repository, untagged)} if untagged else set()
            )
        except NotFound:
            holders, images = {}, set()
        return {
            (tag, digest): holders.get(tag, "") if tag else digest if digest in images else "" for tag, digest in wanted
        }

    def _later(self, entry: JournalEntry) -> tuple[JournalEntry, ...]:
        return self._journal.entries(
            self.location, repository=entry.repository, tag=entry.tag, outcome=StepOutcome.DONE
        )

    def _why_read_only(self) -> str:
        source = self._settings.sources.get("read_only")
        return f"It was made so by {source}." if source else "The settings say so."


_SEE_HISTORY = "See the plans with: ecrtui history"


class _Run:
    """A plan while it is applied: the results so far, and whether it goes on."""

    def __init__(
        self,
        plan: Plan,
        on_result: OnResult | None,
        pace: RateLimiter,
        stop: Callable[[], bool],
        on_conflict: OnConflict,
    ) -> None:
        self.results: dict[int, StepResult] = {}
        """By the position of the step in the plan."""
        self.why_skipped = "stopped on request"
        self._plan = plan
        self._on_result = on_result
        self._pace = pace
        self._stop = stop
        self._on_conflict = on_conflict
        self._ended = False

    def should_continue(self) -> bool:
        """Whether another step may begin."""
        return not self._ended and not self._stop()

    def update_stop_state(self, result: StepResult) -> None:
        """Decide, as soon as a step has ended, whether others may still begin."""
        if result.outcome in _AS_PLANNED and not isinstance(result.error, JournalError):
            return
        hopeless = isinstance(result.error, (CredentialsError, ConnectionFailed, JournalError))
        if hopeless or self._on_conflict is OnConflict.STOP:
            self._ended = True
            self.why_skipped = f"not begun, because {result.step.tag} in {result.step.repository} came out otherwise"

    def waiting(self) -> Sequence[tuple[int, Step]]:
        """The steps that have no result yet, with their positions."""
        return [(position, step) for position, step in enumerate(self._plan.steps) if position not in self.results]

    def record(self, position: int, result: StepResult) -> None:
        """Keep the result and tell of it."""
        self.results[position] = result
        if self._on_result is not None:
            total = len(self._plan.steps)
            left = self._pace.seconds_for(total - len(self.results))
            self._on_result(result, Progress(len(self.results), total, left))


def _result_without_write(step: Step, allow_protected: Collection[str]) -> StepResult | None:
    """The result of a step that needs no write; None if it does."""
    if step.action is StepAction.ALREADY:
        return StepResult(step, StepOutcome.ALREADY, step.reason)
    if step.action is StepAction.REFUSED:
        return StepResult(step, StepOutcome.CONFLICT if step.conflict else StepOutcome.REFUSED, step.reason)
    if step.protected and step.tag not in allow_protected:
        return StepResult(step, StepOutcome.REFUSED, f"the tag {step.tag} is protected, and was not confirmed")
    return None


def _batches(steps: Sequence[tuple[int, Step]], size: int) -> Iterator[Sequence[tuple[int, Step]]]:
    waiting = iter(steps)
    while batch := list(islice(waiting, size)):
        yield batch


def _new_id(now: float) -> str:
    """An id that sorts by time, and that two processes do not choose alike."""
    return f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime(now))}-{secrets.token_hex(3)}"
