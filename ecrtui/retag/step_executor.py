"""Execute one step of a plan: check the tag, record the write in the journal, send it, read back doubtful results."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from ecrtui.ecr.digest import short_digest
from ecrtui.ecr.image import Image, is_index
from ecrtui.ecr.location import RegistryLocation
from ecrtui.ecr.manifest import DescriptorRole, Manifest, parse_manifest
from ecrtui.ecr.put_image_request import PutImageResult
from ecrtui.ecr.units import duration_in_words, format_names
from ecrtui.errors import ConnectionFailed, EcrTuiError, ErrorKind, NotFound, OnRetry, Refused, Throttled
from ecrtui.registry.protocol import Registry
from ecrtui.registry.rate_limiter import RateLimiter
from ecrtui.retag.index_parts import MAX_PARTS, part_digests, part_manifests
from ecrtui.retag.journal.file import JournalError
from ecrtui.retag.journal.journal import Journal, PendingWrite
from ecrtui.retag.plan import Plan, Step, StepAction, StepOutcome, StepResult
from ecrtui.retag.replicas import read_replicas, read_replication, removal_refusal

_ALREADY_EXISTS = (ErrorKind.ALREADY_EXISTS, ErrorKind.TAG_IMMUTABLE)
"""The tag may have the digest already: ECR reports both kinds in that case. Only a read can tell."""

_MAX_CONNECTION_ATTEMPTS = 3
"""Attempts to write to a service that cannot be reached."""

_MAX_ATTEMPTS = 8
"""Attempts of a write that is throttled; the pauses between them add up to a minute."""


@dataclass(frozen=True, slots=True)
class _WriteResult:
    """The result of a write before it is recorded in the journal."""

    outcome: StepOutcome
    message: str = ""
    result: PutImageResult | None = None
    error: EcrTuiError | None = None
    found: str | None = None
    applied: bool = False
    """True if the write was applied although the step did not end as planned. The journal has it as done then."""


class _RetryableError(Exception):
    """The write was not applied and can be sent again. An internal signal, never shown."""

    def __init__(self, error: EcrTuiError) -> None:
        super().__init__(error)
        self.error = error


class StepExecutor:
    """Executes single steps. Safe between threads, as are the registry, the journal and the rate limiter.

    Args:
        registry: the registry of the tags.
        journal: records each write before it is sent.
        rate_limiter: limits the writes.
        location: the identity of the registry.
        principal: the ARN of the caller; empty if unknown.
        on_retry: called with the error before a write is sent again.
    """

    def __init__(
        self,
        registry: Registry,
        journal: Journal,
        rate_limiter: RateLimiter,
        location: RegistryLocation,
        principal: str,
        on_retry: OnRetry = lambda error: None,
    ) -> None:
        self._registry = registry
        self._journal = journal
        self._rate_limiter = rate_limiter
        self._location = location
        self._principal = principal
        self._on_retry = on_retry

    def execute(self, plan: Plan, step: Step, manifests: Mapping[str, Manifest]) -> StepResult:
        """Execute one step. Failures of the service, the network and the journal become results, not exceptions.

        Args:
            plan: the plan of the step.
            step: a step that writes.
            manifests: the manifests of the old and the new image, if available, by digest.
        """
        error = self._missing_manifest(step, manifests)
        if error is not None:
            return StepResult(step, StepOutcome.FAILED, str(error), error=error)
        if step.restores and (failed := self._restore_parts(plan, step, manifests)) is not None:
            return failed
        self._rate_limiter.acquire()
        try:
            number = self._begin(plan, step, manifests)
        except JournalError as problem:
            return StepResult(step, StepOutcome.FAILED, str(problem), error=problem)
        return self._finish(step, number, self._send(plan, step, manifests, number))

    def _restore_parts(self, plan: Plan, step: Step, manifests: Mapping[str, Manifest]) -> StepResult | None:
        """Put back the parts that a deleted index refers to. Return the failed result of the step if one fails."""
        available = [manifests[digest] for digest in part_digests(manifests[step.after]) if digest in manifests]
        if not available:
            return None
        try:
            digests = [manifest.digest for manifest in available]
            existing = {image.digest for image in self._registry.images_by_digest(step.repository, digests)}
        except EcrTuiError as error:
            message = f"could not look for the parts of the index, so nothing was sent: {error}"
            return StepResult(step, StepOutcome.FAILED, message, error=error)
        for part in available:
            if part.digest in existing:
                continue
            restoring = Step(
                step.repository,
                "",
                StepAction.CREATE,
                after=part.digest,
                media_type=part.media_type,
                restores=True,
            )
            result = self.execute(plan, restoring, manifests)
            if result.outcome not in (StepOutcome.DONE, StepOutcome.ALREADY):
                message = f"could not put back {short_digest(part.digest)}, a part of the index: {result.message}"
                return StepResult(step, result.outcome, message, error=result.error)
        return None

    def _missing_manifest(self, step: Step, manifests: Mapping[str, Manifest]) -> EcrTuiError | None:
        needed = step.after or step.before  # a removal needs the old one, to restore the image if ECR deletes it
        if needed in manifests:
            return None
        return NotFound(
            f"The manifest of {short_digest(needed)} is not available; nothing was sent",
            f"The registry returned no manifest of {needed} in {step.repository}.",
            "It may have been deleted or archived since the plan was made. Plan again.",
        )

    def _begin(self, plan: Plan, step: Step, manifests: Mapping[str, Manifest]) -> int:
        own = [manifests[digest] for digest in (step.before, step.after) if digest in manifests]
        available = partial(_available, manifests)
        parts = part_manifests([manifest for manifest in own if manifest.digest == step.before], available)
        write = PendingWrite(plan, step, self._location, self._principal, (*own, *parts.values()))
        return self._journal.begin(write)

    def _finish(self, step: Step, number: int, written: _WriteResult) -> StepResult:
        """Record the outcome in the journal."""
        message, error = written.message, written.error
        request_id = written.result.request_id if written.result else error.request_id if error else ""
        ended_at = None
        try:
            outcome = StepOutcome.DONE if written.applied else written.outcome
            ended_at = self._journal.finish(number, outcome, request_id=request_id, detail=message)
        except JournalError as problem:
            note = f"the journal could not record the outcome ({problem.detail}) and lists it as unknown"
            message = f"{message}; {note}" if message else note
            error = error or problem
        return StepResult(step, written.outcome, message, written.result, error, written.found, number, ended_at)

    def _send(self, plan: Plan, step: Step, manifests: Mapping[str, Manifest], number: int) -> _WriteResult:
        """Check the tag and send the write. Repeat both if the service throttles or cannot be reached."""
        for attempt in range(_MAX_ATTEMPTS):
            if attempt:
                self._rate_limiter.acquire()
            try:
                written = self._check_precondition(step)
                if written is None:
                    written = self._write(plan, step, manifests, number)
            except _RetryableError as retryable:
                error = retryable.error
                self._rate_limiter.record_throttling()
                if attempt + 1 >= (_MAX_CONNECTION_ATTEMPTS if isinstance(error, ConnectionFailed) else _MAX_ATTEMPTS):
                    break
                self._on_retry(error)
            else:
                self._rate_limiter.record_success()
                return written
        return _WriteResult(StepOutcome.FAILED, f"nothing was written: {error}", error=error)

    def _check_precondition(self, step: Step) -> _WriteResult | None:
        """Read the tag again. Return None if it still has the digest that the plan saw: the write can be sent."""
        try:
            return self._compare_with_plan(step)
        except Throttled as error:
            raise _RetryableError(error) from None
        except EcrTuiError as error:
            message = f"could not check the tag, so nothing was written: {error}"
            return _WriteResult(StepOutcome.FAILED, message, error=error)

    def _compare_with_plan(self, step: Step) -> _WriteResult | None:
        if step.action is StepAction.MOVE and self._registry.tag_is_at(step.repository, step.tag, step.before):
            return None
        image = self._current_image(step)
        is_archived = image is not None and image.archived and not step.tag
        found = image.digest if image and not is_archived else ""  # to put an archived image again restores it
        if found == step.after:
            return _WriteResult(StepOutcome.ALREADY, "already done by someone else")
        if found != step.before:
            message = f"{self._conflict(step, found)}; nothing was written"
            return _WriteResult(StepOutcome.CONFLICT, message, found=found)
        if step.action is StepAction.REMOVE and image is not None and set(image.tags) == {step.tag}:
            return _WriteResult(StepOutcome.REFUSED, "now the last tag of this image; ECR would delete the image")
        if step.action is StepAction.REMOVE and image is not None and (reason := self._last_tag_elsewhere(step)):
            return _WriteResult(StepOutcome.REFUSED, reason)
        return None

    def _last_tag_elsewhere(self, step: Step) -> str:
        """Return why the removal must not be sent now that replicates it; an empty text if it may be sent."""
        replication = read_replication(self._registry, again=True)
        if replication.problem:  # the rules that the plan could read still count; without any, the plan has a warning
            replication = read_replication(self._registry)
        replicas = read_replicas(self._registry, replication.rules, step.repository, [step.tag])
        return next(filter(None, (removal_refusal(where, found, step.tag) for where, found in replicas.items())), "")

    def _current_image(self, step: Step) -> Image | None:
        """Return the image of the tag; for a step without a tag, the image itself if it exists."""
        if step.tag:
            return self._registry.images_by_tag(step.repository, [step.tag]).get(step.tag)
        return next(iter(self._registry.images_by_digest(step.repository, [step.after])), None)

    def _write(self, plan: Plan, step: Step, manifests: Mapping[str, Manifest], number: int) -> _WriteResult:
        """Send the write; restore an image that lost its last tag. Raise _RetryableError as :meth:`_call` does."""
        written = self._call(step, manifests)
        if step.action is StepAction.REMOVE and written.outcome is StepOutcome.DONE:
            return self._restore_if_deleted(plan, step, manifests, number, written)
        return written

    def _call(self, step: Step, manifests: Mapping[str, Manifest]) -> _WriteResult:
        """Send the write. Raise _RetryableError if it was not applied and a retry can help."""
        try:
            if step.action is StepAction.REMOVE:
                self._registry.untag(step.repository, step.tag)
                return _WriteResult(StepOutcome.DONE)
            result = self._registry.put_image(step.repository, manifests[step.after], step.tag)
        except (Throttled, ConnectionFailed) as error:
            if error.retryable and not error.ambiguous:
                raise _RetryableError(error) from None
            return self._after_error(step, error, manifests)
        except EcrTuiError as error:
            return self._after_error(step, error, manifests)
        if (result.digest, result.tag) != (step.after, step.tag):
            detail = f"the registry answered with {result.tag} at {short_digest(result.digest)}"
            return self._read_back(step, Refused("The reply is about another image or tag", detail), result)
        return _WriteResult(StepOutcome.DONE, result=result)

    def _after_error(self, step: Step, error: EcrTuiError, manifests: Mapping[str, Manifest]) -> _WriteResult:
        if error.ambiguous or error.kind in _ALREADY_EXISTS:
            return self._read_back(step, error)
        if step.restores and error.kind is ErrorKind.MISSING_PARTS:
            parts = self._missing_parts(step, manifests[step.after])
            message = f"the image was deleted and cannot be restored: {error.detail}; {parts}"
            return _WriteResult(StepOutcome.FAILED, message, error=error)
        return _WriteResult(_failure(error), str(error), error=error)

    def _missing_parts(self, step: Step, manifest: Manifest) -> str:
        """Return the parts of a manifest that the registry may lack; for an index, those it lacks."""
        if not is_index(manifest.media_type):
            parsed = parse_manifest(manifest.text)
            parts = [*parsed.with_role(DescriptorRole.LAYER), *parsed.with_role(DescriptorRole.CONFIG)]
            return f"it consists of {format_names(part.digest for part in parts)}"
        children = part_digests(manifest)
        checked = children[:MAX_PARTS]
        try:
            existing = {image.digest for image in self._registry.images_by_digest(step.repository, checked)}
        except EcrTuiError:
            return f"it refers to {format_names(children)}"
        missing = [child for child in checked if child not in existing]
        return f"missing: {format_names(missing)}" if missing else f"it refers to {format_names(children)}"

    def _read_back(self, step: Step, error: EcrTuiError, result: PutImageResult | None = None) -> _WriteResult:
        """Read the tag after an error that leaves open whether the write was applied."""
        try:
            image = self._current_image(step)
        except EcrTuiError as problem:
            message = f"{error}; could not confirm the result: {problem}"
            return _WriteResult(StepOutcome.UNKNOWN, message, result, error)
        found = image.digest if image else ""
        if found == step.after:
            message = f"the reply was an error ({error.title}), but the write was applied"
            return _WriteResult(StepOutcome.DONE, message, result)
        if found == step.before and _is_unanswered(error):
            message = f"{error}; read back: not applied so far, but the service may still apply it"
            return _WriteResult(StepOutcome.UNKNOWN, message, result, error)
        if found == step.before:
            return _WriteResult(_failure(error), f"{error}; read back: not applied", result, error)
        return _WriteResult(StepOutcome.CONFLICT, f"{error}; {self._conflict(step, found)}", result, error, found)

    def _restore_if_deleted(
        self, plan: Plan, step: Step, manifests: Mapping[str, Manifest], number: int, removed: _WriteResult
    ) -> _WriteResult:
        """Restore the image of a removed tag if ECR deleted it because another client removed its other tag.

        ECR has no operation that removes a tag unless it is the last one. If somebody gave the tag to another image
        since then, the image is restored without a tag.

        Args:
            plan: the plan of the step.
            step: the removal.
            manifests: the manifests of the step, by digest.
            number: the journal entry of the removal.
            removed: the result of the removal.
        """
        try:
            if self._registry.images_by_digest(step.repository, [step.before]):
                return removed
        except EcrTuiError as error:
            message = f"the tag was removed; could not check that the image still exists: {error}"
            return replace(removed, message=message, error=error)
        reason = "someone removed the other tag of the image at the same time, so ECR deleted the image"
        restoring = replace(
            step, action=StepAction.CREATE, before="", after=step.before, restores=True, becomes_untagged=False
        )
        restored = self._restore(plan, replace(restoring, undoes=number), manifests)
        found, how = step.before, "with this tag"
        if restored.outcome is StepOutcome.CONFLICT:
            found, how = restored.found or "", f"without a tag, because {step.tag} points to another image now"
            restored = self._restore(plan, replace(restoring, tag=""), manifests)
        if restored.outcome in (StepOutcome.DONE, StepOutcome.ALREADY):
            return _WriteResult(StepOutcome.CONFLICT, f"{reason}; it was restored {how}", restored.result, found=found)
        is_unknown = restored.outcome is StepOutcome.UNKNOWN
        problem = "it is not known whether it was restored" if is_unknown else "it could not be restored"
        message = f"{reason}; {problem}: {restored.message}. An undo of plan {plan.id} tries again."
        outcome = StepOutcome.UNKNOWN if is_unknown else StepOutcome.CONFLICT
        return _WriteResult(outcome, message, error=restored.error, found="", applied=True)

    def _restore(self, plan: Plan, step: Step, manifests: Mapping[str, Manifest]) -> _WriteResult:
        """Record and send a write that belongs to the step of a removal."""
        try:
            number = self._begin(plan, step, manifests)
        except JournalError as error:
            return _WriteResult(StepOutcome.FAILED, str(error), error=error)
        restored = self._send(plan, step, manifests, number)
        self._finish(step, number, restored)
        return restored

    def _conflict(self, step: Step, found: str) -> str:
        """Return both digests, and who moved the tag and when, if the journal knows."""
        now = f"now points to {short_digest(found)}" if found else "no longer exists"
        planned = f"was at {short_digest(step.before)}" if step.before else "did not exist"
        return f"{step.tag or 'the image'} {now}{self._changed_by(step, found)}; it {planned} when the plan was made"

    def _changed_by(self, step: Step, found: str) -> str:
        try:
            change = self._journal.last_change(self._location, step.repository, step.tag)
        except JournalError:  # who changed it is only a remark
            return ""
        if change is None or change.begun_at is None or change.after != found:
            return ""
        who = change.principal or "another user of this journal"
        return f", changed by {who} {duration_in_words(time.time() - change.begun_at)} ago"


def _available(manifests: Mapping[str, Manifest], digests: Sequence[str]) -> Sequence[Manifest]:
    return [manifests[digest] for digest in digests if digest in manifests]


def _is_unanswered(error: EcrTuiError) -> bool:
    """Return True if the service has not answered: it may still have the request. A code of digits is of a proxy."""
    return isinstance(error, ConnectionFailed) and not error.code[:1].isalpha()


def _failure(error: EcrTuiError) -> StepOutcome:
    return StepOutcome.REFUSED if isinstance(error, Refused) else StepOutcome.FAILED
