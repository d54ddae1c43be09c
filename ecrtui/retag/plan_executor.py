"""Apply a plan: run its steps, stop when needed, and read every tag back at the end."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice

from ecrtui.ecr.location import RegistryLocation
from ecrtui.ecr.manifest import Manifest
from ecrtui.errors import ConnectionFailed, CredentialsError, EcrTuiError, OnRetry
from ecrtui.registry.protocol import Registry
from ecrtui.registry.rate_limiter import RateLimiter
from ecrtui.retag.current_digests import current_digests
from ecrtui.retag.index_parts import part_manifests
from ecrtui.retag.journal.file import JournalError
from ecrtui.retag.journal.journal import Journal
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
    refused_result,
    unconfirmed_result,
)
from ecrtui.retag.step_executor import StepExecutor

OnResult = Callable[[StepResult, Progress], None]
"""Called after each step, in the thread that applies the plan."""

_WRITE_WORKERS = 4
"""Concurrent writes of a long plan. They reach the rate limit although each waits for its reply."""

_SHORT_PLAN = 10
"""Plans up to this length are written one step at a time, so that a stop leaves no other write in flight."""

_BATCH_SIZE = 50
"""The number of steps whose manifests are in memory at the same time."""

_AS_PLANNED = (StepOutcome.DONE, StepOutcome.ALREADY)


@dataclass(frozen=True, slots=True)
class ApplyOptions:
    """How to apply a plan."""

    on_result: OnResult | None = None
    stop: Callable[[], bool] = lambda: False
    on_conflict: OnConflict = OnConflict.STOP
    allow_protected: Collection[str] = ()
    on_retry: OnRetry = lambda error: None
    in_order: bool = False
    """Whether each step begins only after the one before it has ended."""


class PlanExecutor:
    """Applies one plan.

    Args:
        registry: the registry of the tags.
        journal: records each write before it is sent.
        rate_limiter: limits the writes.
        location: the identity of the registry.
        principal: returns the ARN of the caller; called only if there is a step to write.
    """

    def __init__(
        self,
        registry: Registry,
        journal: Journal,
        rate_limiter: RateLimiter,
        location: RegistryLocation,
        principal: Callable[[], str],
    ) -> None:
        self._registry = registry
        self._journal = journal
        self._rate_limiter = rate_limiter
        self._location = location
        self._principal = principal

    def apply(self, plan: Plan, options: ApplyOptions) -> Report:
        """Apply the plan. Every step has a result in the report.

        Raises:
            EcrTuiError: the caller is not known, or has no credentials for the whole run; nothing was sent.
        """
        run = _Run(plan, options, self._rate_limiter)
        principal = ""
        for position, step in enumerate(plan.steps):
            if (result := _result_without_write(step, options.allow_protected)) is not None:
                run.record(position, result)
        if pending := run.pending():
            self._registry.ensure_credentials(self._rate_limiter.seconds_for(len(pending)))
            principal = self._principal()
            executor = StepExecutor(
                self._registry, self._journal, self._rate_limiter, self._location, principal, options.on_retry
            )
            # Removals come last: another step may first add the tag that lets an image lose one.
            puts = [entry for entry in pending if entry[1].action is not StepAction.REMOVE]
            removals = [entry for entry in pending if entry[1].action is StepAction.REMOVE]
            one_by_one = options.in_order or len(puts) <= _SHORT_PLAN
            self._write_all(puts, executor, run, 1 if one_by_one else _WRITE_WORKERS)
            self._write_all(removals, executor, run, 1)
        for position, step in run.pending():
            run.record(position, StepResult(step, StepOutcome.SKIPPED, run.skip_reason))
        results = tuple(run.results[position] for position in range(len(plan.steps)))
        return self._verified_report(plan, results, principal)

    def _write_all(self, steps: Sequence[tuple[int, Step]], executor: StepExecutor, run: _Run, workers: int) -> None:
        for batch in _batches(steps, _BATCH_SIZE):
            if not run.should_continue():
                return
            manifests, errors = self._read_manifests([step for _, step in batch], run.plan.provided_manifests)
            write = partial(self._write_step, executor, run, manifests, errors)
            for index, result in map_concurrently(write, [step for _, step in batch], workers, run.should_continue):
                run.record(batch[index][0], result)

    def _write_step(
        self,
        executor: StepExecutor,
        run: _Run,
        manifests: Mapping[str, Mapping[str, Manifest]],
        errors: Mapping[str, EcrTuiError],
        step: Step,
    ) -> StepResult:
        error = errors.get(step.repository)
        if error is not None:
            result = StepResult(step, StepOutcome.FAILED, f"nothing was sent: {error}", error=error)
        else:
            result = executor.execute(run.plan, step, manifests[step.repository])
        run.update_stop_state(result)
        return result

    def _read_manifests(
        self, steps: Sequence[Step], provided: Sequence[Manifest]
    ) -> tuple[Mapping[str, Mapping[str, Manifest]], Mapping[str, EcrTuiError]]:
        """Return by repository the manifests that these steps need, by digest, and the errors.

        The manifest of an image that another repository still has would bring back one that was deleted meanwhile.
        """
        found_in: dict[str, Mapping[str, Manifest]] = {}
        errors: dict[str, EcrTuiError] = {}
        for repository in dict.fromkeys(step.repository for step in steps):
            own = [step for step in steps if step.repository == repository]
            manifests = {manifest.digest: manifest for manifest in provided}
            found_in[repository] = manifests
            try:
                found = self._registry.manifests(repository, _digests_to_read(own, provided))
                manifests.update((manifest.digest, manifest) for manifest in found)
                old = [manifests[digest] for digest in {step.before for step in own} if digest in manifests]
                manifests.update(part_manifests(old, partial(self._journalled_or_read, repository)))
                restored = self._journalled({step.after for step in own if step.restores})
                manifests.update((manifest.digest, manifest) for manifest in restored)
                manifests.update(part_manifests(restored, self._journalled))
            except EcrTuiError as error:
                errors[repository] = error
        return found_in, errors

    def _journalled(self, digests: Iterable[str]) -> Sequence[Manifest]:
        """Return those of the manifests that the journal has."""
        saved = (self._journal.manifest(digest) for digest in digests)
        return [manifest for manifest in saved if manifest is not None]

    def _journalled_or_read(self, repository: str, digests: Sequence[str]) -> Sequence[Manifest]:
        """Return the manifests from the journal, and the others from the registry, which counts that as a pull."""
        saved = self._journalled(digests)
        known = {manifest.digest for manifest in saved}
        missing = [digest for digest in digests if digest not in known]
        return [*saved, *self._registry.manifests(repository, missing)] if missing else saved

    def _verified_report(self, plan: Plan, results: tuple[StepResult, ...], principal: str) -> Report:
        """Read back every tag that should be as planned, also those that already were."""
        steps = [result.step for result in results if result.outcome in _AS_PLANNED]
        drifted: list[DriftedTag] = []
        problem = None
        try:
            for repository in dict.fromkeys(step.repository for step in steps):
                own = [step for step in steps if step.repository == repository]
                digests = current_digests(self._registry, repository, [(step.tag, step.after) for step in own])
                drifted.extend(
                    DriftedTag(step, found) for step in own if (found := digests[step.tag, step.after]) != step.after
                )
        except EcrTuiError as error:
            problem = error
        return Report(plan, results, self._location, tuple(drifted), problem, principal, time.time())


class _Run:
    """The state of a plan while it is applied: the results so far, and whether to continue."""

    def __init__(self, plan: Plan, options: ApplyOptions, rate_limiter: RateLimiter) -> None:
        self.plan = plan
        self.results: dict[int, StepResult] = {}
        """By the position of the step in the plan."""
        self.skip_reason = "stopped on request"
        self._options = options
        self._rate_limiter = rate_limiter
        self._stopped = False

    def should_continue(self) -> bool:
        """Return True if another step may start."""
        return not self._stopped and not self._options.stop()

    def update_stop_state(self, result: StepResult) -> None:
        """Decide as soon as a step has ended whether others may still start."""
        if result.outcome in _AS_PLANNED and not isinstance(result.error, JournalError):
            return
        hopeless = isinstance(result.error, (CredentialsError, ConnectionFailed, JournalError))
        if hopeless or self._options.on_conflict is OnConflict.STOP or self.plan.kind == "swap":
            self._stopped = True
            step = result.step
            self.skip_reason = f"not started: {step.tag} in {step.repository} was not applied as planned"

    def pending(self) -> Sequence[tuple[int, Step]]:
        """Return the steps without a result, with their positions."""
        return [(position, step) for position, step in enumerate(self.plan.steps) if position not in self.results]

    def record(self, position: int, result: StepResult) -> None:
        """Keep the result of a step and report the progress."""
        self.results[position] = result
        if self._options.on_result is not None:
            total = len(self.plan.steps)
            left = self._rate_limiter.seconds_for(total - len(self.results))
            self._options.on_result(result, Progress(len(self.results), total, left))


def _result_without_write(step: Step, allow_protected: Collection[str]) -> StepResult | None:
    """Return the result of a step that needs no write; None if it needs one."""
    if step.action is StepAction.ALREADY:
        return StepResult(step, StepOutcome.ALREADY, step.reason)
    if step.action is StepAction.REFUSED:
        return refused_result(step)
    if step.protected and step.tag not in allow_protected:
        return unconfirmed_result(step)
    return None


def _digests_to_read(steps: Sequence[Step], provided: Sequence[Manifest]) -> list[str]:
    """Return the digests whose manifests come from the registry, not from the user or the journal."""
    elsewhere = {step.after for step in steps if step.restores} | {manifest.digest for manifest in provided}
    wanted = dict.fromkeys(digest for step in steps for digest in (step.after, step.before) if digest)
    return [digest for digest in wanted if digest not in elsewhere]


def _batches(steps: Sequence[tuple[int, Step]], size: int) -> Iterator[Sequence[tuple[int, Step]]]:
    remaining = iter(steps)
    while batch := list(islice(remaining, size)):
        yield batch
