"""The engine: every write of the application goes through it."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import cached_property

from ecrtui.ecr.image import Image
from ecrtui.ecr.location import RegistryLocation
from ecrtui.ecr.manifest import Manifest
from ecrtui.errors import READ_ONLY, OnRetry, Refused
from ecrtui.registry.protocol import Registry
from ecrtui.registry.rate_limiter import RateLimiter, shared_limiter
from ecrtui.retag.journal.entry import JournalEntry
from ecrtui.retag.journal.journal import Journal
from ecrtui.retag.plan import OnConflict, Plan, Report, Step, StepAction, StepOutcome, StepResult, TagChange
from ecrtui.retag.plan_builder import PlanBuilder
from ecrtui.retag.plan_context import ContextLoader, RepositoryContext
from ecrtui.retag.plan_executor import ApplyOptions, OnResult, PlanExecutor
from ecrtui.retag.planner import WritePolicy
from ecrtui.retag.step_executor import StepExecutor
from ecrtui.retag.write_history import WriteHistory
from ecrtui.settings import Settings

__all__ = ["Engine", "OnResult", "RepositoryContext"]


class Engine:
    """Makes plans, applies them and undoes them. All methods block; :meth:`apply` is never cancelled.

    It only combines its parts: :class:`.PlanBuilder` makes the plans, :class:`.PlanExecutor` applies them, and
    :attr:`history` reads the journal.

    Args:
        registry: the registry of the tags.
        journal: records each write before it is sent.
        settings: the settings of the account: protected tags, read-only, writes a second.
        rate_limiter: limits the writes; if None, one that all engines of the process share for the registry.
    """

    def __init__(
        self, registry: Registry, journal: Journal, settings: Settings, *, rate_limiter: RateLimiter | None = None
    ) -> None:
        self._registry = registry
        self._journal = journal
        self._settings = settings
        self._own_limiter = rate_limiter
        self._contexts = ContextLoader(registry, journal)
        self.history = WriteHistory(registry, journal)
        """The writes to the registry, in the journal."""
        self._unlocked_until = 0.0
        self._unlock_ends = 0.0
        """When the unlock ends on the monotonic clock.

        The user can set the wall clock back. The monotonic clock stops while the machine sleeps. So the unlock ends
        when the first of the two clocks reaches its time.
        """
        self._plans = PlanBuilder(registry, self._contexts, self._policy, self.history)

    @property
    def location(self) -> RegistryLocation:
        """The registry that the engine writes to."""
        return self.history.location

    @property
    def journal(self) -> Journal:
        """The journal of the writes."""
        return self._journal

    @property
    def read_only(self) -> bool:
        """True if the settings refuse every write, and :meth:`unlock` does not allow them now."""
        return self._settings.read_only and time.time() >= self.unlocked_until

    @property
    def unlocked_until(self) -> float:
        """When :meth:`unlock` stops to allow writes, in seconds since 1970; 0 if it never did."""
        return min(self._unlocked_until, time.time() + self._unlock_ends - time.monotonic())

    def unlock(self, seconds: float) -> float:
        """Allow writes for some time although the settings refuse them; 0 refuses them again.

        Returns:
            when writes are refused again, in seconds since 1970.

        Raises:
            Refused: a flag or a variable refuses writes. Only a start without it changes that.
        """
        self.check_unlock()
        self._unlocked_until, self._unlock_ends = time.time() + seconds, time.monotonic() + seconds
        return self._unlocked_until

    def check_unlock(self) -> None:
        """Check that :meth:`unlock` can allow writes.

        Raises:
            Refused: a flag or a variable refuses writes. Only a start without it changes that.
        """
        if self._settings.sources.get("read_only", "").startswith(("--", "$")):
            raise Refused("Writes cannot be unlocked", self.read_only_hint(), "Start ecrtui without it.")

    def _policy(self) -> WritePolicy:
        return WritePolicy(self._settings.protected_tags, self.read_only)

    @cached_property
    def _rate_limiter(self) -> RateLimiter:
        return self._own_limiter or shared_limiter(self.location, self._settings.writes_per_second)

    def repository_context(self, repository: str, images: Sequence[Image] | None = None) -> RepositoryContext:
        """Read the mutability and the lifecycle policy of a repository, in two requests.

        Args:
            repository: its name.
            images: all images, if known; they make the lifecycle predictions exact.
        """
        return self._contexts.repository_context(repository, images)

    def plan(
        self,
        changes: Iterable[TagChange],
        *,
        kind: str = "retag",
        contexts: Mapping[str, RepositoryContext] | None = None,
        thorough: bool = False,
        provided_manifests: tuple[Manifest, ...] = (),
    ) -> Plan:
        """Return the plan of these changes; see :meth:`.PlanBuilder.build`."""
        return self._plans.build(
            tuple(changes), kind, contexts=contexts, thorough=thorough, provided_manifests=provided_manifests
        )

    def plan_put_image(self, repository: str, manifest: Manifest, tag: str = "") -> Plan:
        """Return the plan that stores a manifest from the user; see :meth:`.PlanBuilder.put_image`."""
        return self._plans.put_image(repository, manifest, tag)

    def plan_swap(self, repository: str, first: str, second: str) -> Plan:
        """Return the plan that swaps the images of two tags; raises NotFound if one of them does not exist."""
        return self._plans.swap(repository, first, second)

    def plan_copy_tags(self, repository: str, source: str, target: str) -> Plan:
        """Return the plan that moves all tags of one image to another; raises NotFound without the source."""
        return self._plans.copy_tags(repository, source, target)

    def plan_tag_in_repositories(self, repositories: Iterable[str], tag: str, new_tag: str) -> Plan:
        """Return the plan that adds a tag to the tagged image of each repository."""
        return self._plans.tag_in_repositories(repositories, tag, new_tag)

    def plan_rename(self, repository: str, images: Iterable[Image], rule: str) -> Plan:
        """Return the plan that adds tags made by a rule; raises UsageError if the rule is not valid."""
        return self._plans.rename(repository, images, rule)

    def plan_untag(self, repository: str, tags: Iterable[str]) -> Plan:
        """Return the plan that removes these tags; the last tag of an image is refused."""
        return self._plans.untag(repository, tags)

    def plan_undo(self, entries: Iterable[JournalEntry]) -> Plan:
        """Return the plan that undoes these writes, newest first. To undo an undo is to redo.

        Raises:
            UsageError: a write is in another registry.
        """
        return self._plans.undo(entries)

    def plan_undo_of(self, plan_id: str) -> Plan:
        """Return the plan that undoes a whole plan; a write that cannot be undone has a refused step.

        Raises:
            UsageError: the journal has no such plan for this registry.
        """
        return self._plans.undo(self._plans.entries_to_undo(plan_id))

    def plan_again(self, plan: Plan) -> Plan:
        """Return a plan with the steps of this one, based on the current state of the registry."""
        return self._plans.again(plan)

    def entries_to_undo(self, plan_id: str) -> tuple[JournalEntry, ...]:
        """Return the writes of a plan that an undo concerns; raises UsageError if the journal has no such plan."""
        return self._plans.entries_to_undo(plan_id)

    def plan_resume(self, plan_id: str) -> Plan:
        """Return the rest of an interrupted plan; raises UsageError if the journal has none with this id."""
        return self._plans.resume(plan_id)

    def record(self, plan: Plan) -> None:
        """Record a plan in the journal before its first write; :meth:`apply` does so too.

        Raises:
            JournalError: the journal cannot be written; nothing was sent.
            Refused: ecrtui is in read-only mode.
        """
        if self.read_only:
            raise Refused(READ_ONLY, "Nothing was sent.", self.read_only_hint())
        self._journal.save_plan(plan, self.location)

    def store(
        self,
        plan: Plan,
        repository: str,
        manifests: Iterable[Manifest],
        *,
        stop: Callable[[], bool] = lambda: False,
        on_retry: OnRetry = lambda error: None,
    ) -> tuple[StepResult, ...]:
        """Store manifests without a tag, in this order, until one cannot be stored. Return a result for each.

        Args:
            plan: the plan that the writes belong to; it has been recorded.
            repository: the repository that gets them.
            manifests: the manifests, each after those that it refers to.
            stop: called before each write; once it returns True, no other begins.
            on_retry: called with the error before a write is sent again.

        Raises:
            EcrTuiError: the account or the region cannot be read.
        """
        results: list[StepResult] = []
        executor: StepExecutor | None = None
        for manifest in manifests:
            if stop():
                break
            executor = executor or StepExecutor(
                self._registry, self._journal, self._rate_limiter, self.location, self._registry.identity(), on_retry
            )
            step = Step(repository, "", StepAction.CREATE, after=manifest.digest, media_type=manifest.media_type)
            results.append(executor.execute(plan, step, {manifest.digest: manifest}))
            if results[-1].outcome not in (StepOutcome.DONE, StepOutcome.ALREADY):
                break
        return tuple(results)

    def apply(
        self,
        plan: Plan,
        *,
        on_result: OnResult | None = None,
        stop: Callable[[], bool] = lambda: False,
        on_conflict: OnConflict = OnConflict.STOP,
        allow_protected: Collection[str] = (),
        on_retry: OnRetry = lambda error: None,
        in_order: bool = False,
    ) -> Report:
        """Apply a plan. Every step has a result in the report.

        Args:
            plan: a plan of this engine.
            on_result: called after each step.
            stop: called before each step; once it returns True, the remaining steps are skipped.
            on_conflict: whether to continue after a step that was not applied as planned.
            allow_protected: the protected tags that the user has confirmed; others are refused.
            on_retry: called with the error before a write is sent again.
            in_order: whether each step begins only after the one before it has ended.

        Raises:
            JournalError: the journal cannot be written; nothing was sent.
            Refused: ecrtui is in read-only mode.
            EcrTuiError: the account or the region cannot be read.
        """
        if plan.write_steps:
            self.record(plan)
        executor = PlanExecutor(
            self._registry, self._journal, self._rate_limiter, self.location, self._registry.identity
        )
        return executor.apply(plan, ApplyOptions(on_result, stop, on_conflict, allow_protected, on_retry, in_order))

    def read_only_hint(self) -> str:
        """Return what set the read-only mode, in words."""
        source = self._settings.sources.get("read_only")
        return f"read_only was set by {source}." if source else "read_only is set in the settings."
