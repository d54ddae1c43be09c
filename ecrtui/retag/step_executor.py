"""One write, from the last look at the tag to what became of it: guard, journal, send, read back."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace

from ecrtui.ecr.digest import short_digest
from ecrtui.ecr.image import Image, is_index
from ecrtui.ecr.location import RegistryLocation
from ecrtui.ecr.manifest import DescriptorRole, Manifest, parse_manifest
from ecrtui.ecr.put_image_request import PutImageResult
from ecrtui.ecr.units import duration_in_words
from ecrtui.errors import ConnectionFailed, EcrTuiError, NotFound, Refused, Throttled
from ecrtui.registry.protocol import Registry
from ecrtui.retag.journal.journal import Journal, JournalError, PendingWrite
from ecrtui.retag.plan import Plan, Step, StepAction, StepOutcome, StepResult
from ecrtui.retag.rate_limiter import RateLimiter

ALREADY_THERE = ("ImageAlreadyExistsException", "ImageTagAlreadyExistsException")
"""What ECR says when the tag has the digest already; the second also when an immutable tag has another one."""

MISSING_PARTS = ("LayersNotFoundException", "ReferencedImagesNotFoundException")

_ATTEMPTS_TO_REACH = 3
"""How often a write is sent to a service that cannot be reached."""

_ATTEMPTS = 8
"""How often a throttled write is sent before it is told as failed; the waits in between add up to a minute."""


@dataclass(frozen=True, slots=True)
class _WriteResult:
    """What became of a write, before it is in the journal and in words for the user."""

    outcome: StepOutcome
    message: str
    result: PutImageResult | None = None
    error: EcrTuiError | None = None
    found: str | None = None


class _RetryableError(Exception):
    """Nothing was applied, and another attempt may succeed."""

    def __init__(self, error: EcrTuiError) -> None:
        super().__init__(error)
        self.error = error


class StepExecutor:
    """Does single steps. Safe between threads, as registry, journal and pace are.

    Args:
        registry: where the tags are.
        journal: where each write is noted before it is sent.
        pace: the limit of writes.
        location: which registry it is.
        principal: the ARN of the caller; empty if not known.
    """

    def __init__(
        self, registry: Registry, journal: Journal, pace: RateLimiter, location: RegistryLocation, principal: str
    ) -> None:
        self._registry = registry
        self._journal = journal
        self._pace = pace
        self._location = location
        self._principal = principal

    def execute(self, plan: Plan, step: Step, manifests: Mapping[str, Manifest]) -> StepResult:
        """Do one step of a plan; never raises for what a service, a network or the journal can do.

        Args:
            plan: that the step belongs to.
            step: one that writes.
            manifests: those of the images before and after, as far as they can be had, by digest.
        """
        missing = self._missing(step, manifests)
        if missing is not None:
            return StepResult(step, missing.outcome, missing.message, error=missing.error)
        self._pace.acquire()
        try:
            number = self._begin(plan, step, manifests)
        except JournalError as error:
            return StepResult(step, StepOutcome.FAILED, str(error), error=error)
        answer = self._send(plan, step, manifests, number)
        return self._finished(step, number, answer)

    def _missing(self, step: Step, manifests: Mapping[str, Manifest]) -> _WriteResult | None:
        """Why the step cannot be sent for want of a manifest."""
        needed = step.after or step.before  # a removal needs the old one, to put it back if ECR deletes it
        if needed in manifests:
            return None
        error = NotFound(
            f"The manifest of {short_digest(needed)} cannot be had, so nothing was sent",
            f"The registry gives no manifest of {needed} in {step.repository}.",
            "It may have been deleted or archived since the plan was made: plan again.",
        )
        return _WriteResult(StepOutcome.FAILED, str(error), error=error)

    def _begin(self, plan: Plan, step: Step, manifests: Mapping[str, Manifest]) -> int:
        mine = tuple(manifests[digest] for digest in (step.before, step.after) if digest in manifests)
        return self._journal.begin(PendingWrite(plan, step, self._location, self._principal, mine))

    def _finished(self, step: Step, number: int, answer: _WriteResult) -> StepResult:
        message, error = answer.message, answer.error
        request_id = answer.result.request_id if answer.result else error.request_id if error else ""
        try:
            self._journal.finish(number, answer.outcome, request_id=request_id, detail=message)
        except JournalError as problem:
            message += f"; the journal could not note that ({problem.detail}) and has it as unknown"
            error = error or problem
        return StepResult(step, answer.outcome, message, answer.result, error, answer.found, number)

    def _send(self, plan: Plan, step: Step, manifests: Mapping[str, Manifest], number: int) -> _WriteResult:
        """Guard and call; both again after the service asked for fewer requests, or was not reached."""
        sent = False
        for attempt in range(_ATTEMPTS):
            if attempt:
                self._pace.acquire()
            try:
                answer = self._guard(step, sent)
                if answer is None:
                    sent = True
                    answer = self._call(plan, step, manifests, number)
            except _RetryableError as again:
                last = again.error
                self._pace.record_throttling()
                if isinstance(last, ConnectionFailed) and attempt + 1 >= _ATTEMPTS_TO_REACH:
                    break
            else:
                self._pace.record_success()
                return answer
        return self._read_back(step, last) if sent else self._not_looked_at(step, last, sent)

    def _not_looked_at(self, step: Step, error: EcrTuiError, sent: bool) -> _WriteResult:
        if sent:
            return self._read_back(step, error)
        return _WriteResult(
            StepOutcome.FAILED, f"the tag could not be looked at, so nothing was sent: {error}", error=error
        )

    def _guard(self, step: Step, sent: bool) -> _WriteResult | None:
        """Look at the tag once more: None if it is where the plan saw it. ``sent`` tells that the write was tried."""
        try:
            return self._looked_at(step, sent)
        except Throttled as error:
            raise _RetryableError(error) from None
        except EcrTuiError as error:
            return self._not_looked_at(step, error, sent)

    def _looked_at(self, step: Step, sent: bool) -> _WriteResult | None:
        if step.action is StepAction.MOVE and self._registry.tag_is_at(step.repository, step.tag, step.before):
            return None
        holder = self._holder(step)
        found = holder.digest if holder else ""
        if found == step.after:
            return (
                _WriteResult(StepOutcome.DONE, "")
                if sent
                else _WriteResult(StepOutcome.ALREADY, "somebody else did it meanwhile")
            )
        if found != step.before:
            words = f"{self._conflict(step, found)}; {'read back' if sent else 'nothing was sent'}"
            return _WriteResult(StepOutcome.CONFLICT, words, found=found)
        if step.action is StepAction.REMOVE and holder is not None and set(holder.tags) == {step.tag}:
            words = "it is the last tag of its image by now, and ECR would delete the image with it"
            return _WriteResult(StepOutcome.REFUSED, words)
        return None

    def _holder(self, step: Step) -> Image | None:
        """The image that the tag is at; of a step without a tag, the image itself if it is there."""
        if step.tag:
            return self._registry.images_by_tag(step.repository, [step.tag]).get(step.tag)
        return next(iter(self._registry.images_by_digest(step.repository, [step.after])), None)

    def _call(self, plan: Plan, step: Step, manifests: Mapping[str, Manifest], number: int) -> _WriteResult:
        """Send the write. Raises _Again if it was certainly not applied and may be; other errors become an answer."""
        try:
            if step.action is StepAction.REMOVE:
                self._registry.untag(step.repository, step.tag)
                return self._after_removal(plan, step, manifests, number)
            result = self._registry.put_image(step.repository, manifests[step.after], step.tag)
        except (Throttled, ConnectionFailed) as error:
            if error.retryable and not error.ambiguous:
                raise _RetryableError(error) from None
            return self._after_error(step, error, manifests)
        except EcrTuiError as error:
            return self._after_error(step, error, manifests)
        if (result.digest, result.tag) != (step.after, step.tag):
            words = f"the registry answered with {result.tag} at {short_digest(result.digest)}"
            return self._read_back(step, Refused("The answer is about something else", words), result)
        return _WriteResult(StepOutcome.DONE, "", result)

    def _after_error(self, step: Step, error: EcrTuiError, manifests: Mapping[str, Manifest]) -> _WriteResult:
        if error.ambiguous or error.code in ALREADY_THERE:
            return self._read_back(step, error)
        if step.restores and error.code in MISSING_PARTS:
            missing = self._missing_parts(step, manifests[step.after])
            return _WriteResult(
                StepOutcome.FAILED, f"the image is gone and cannot be put back: {error.detail}{missing}", error=error
            )
        outcome = StepOutcome.REFUSED if isinstance(error, Refused) else StepOutcome.FAILED
        return _WriteResult(outcome, str(error), error=error)

    def _missing_parts(self, step: Step, manifest: Manifest) -> str:
        """Which of the parts that a manifest names the registry may lack; those of an index exactly."""
        structure = parse_manifest(manifest.text)
        if not is_index(manifest.media_type):
            layers = [*structure.with_role(DescriptorRole.LAYER), *structure.with_role(DescriptorRole.CONFIG)]
            return f"; it consists of {', '.join(layer.digest for layer in layers)}"
        children = [child.digest for child in structure.with_role(DescriptorRole.MANIFEST)]
        try:
            there = {image.digest for image in self._registry.images_by_digest(step.repository, children)}
        except EcrTuiError:
            return f"; it refers to {', '.join(children)}"
        return f"; missing: {', '.join(child for child in children if child not in there)}"

    def _read_back(self, step: Step, error: EcrTuiError, result: PutImageResult | None = None) -> _WriteResult:
        """What is so, after an error that does not tell whether the write was applied."""
        try:
            holder = self._holder(step)
        except EcrTuiError as problem:
            words = f"{error}; and the tag could not be read back: {problem}"
            return _WriteResult(StepOutcome.UNKNOWN, words, result, error)
        found = holder.digest if holder else ""
        if found == step.after:
            return _WriteResult(
                StepOutcome.DONE, f"the answer was an error ({error.title}), but the tag is as it should be", result
            )
        if found == step.before:
            outcome = StepOutcome.REFUSED if isinstance(error, Refused) else StepOutcome.FAILED
            return _WriteResult(outcome, f"{error}; read back: it was not applied", result, error)
        return _WriteResult(StepOutcome.CONFLICT, f"{error}; {self._conflict(step, found)}", result, error, found)

    def _after_removal(self, plan: Plan, step: Step, manifests: Mapping[str, Manifest], number: int) -> _WriteResult:
        """ECR has no "remove unless it is the last": if somebody removed the other meanwhile, put the image back."""
        try:
            if self._registry.images_by_digest(step.repository, [step.before]):
                return _WriteResult(StepOutcome.DONE, "")
        except EcrTuiError as error:
            words = f"the tag is gone; whether its image still has another could not be looked at: {error}"
            return _WriteResult(StepOutcome.DONE, words, error=error)
        words = "somebody removed the last other tag at the same moment, so ECR deleted the image; "
        back = replace(
            step,
            action=StepAction.CREATE,
            before="",
            after=step.before,
            restores=True,
            undoes=number,
            becomes_untagged=False,
        )
        try:
            entry = self._begin(plan, back, manifests)
        except JournalError as error:
            return _WriteResult(StepOutcome.FAILED, words + f"it was not put back: {error}", error=error, found="")
        answer = self._put_back(back, manifests)
        self._finished(back, entry, answer)
        if answer.outcome is StepOutcome.DONE:
            return _WriteResult(
                StepOutcome.CONFLICT, words + "it was put back under this tag", answer.result, found=step.before
            )
        return _WriteResult(
            StepOutcome.FAILED, words + f"it could not be put back: {answer.message}", error=answer.error, found=""
        )

    def _put_back(self, step: Step, manifests: Mapping[str, Manifest]) -> _WriteResult:
        for attempt in range(_ATTEMPTS):
            try:
                result = self._registry.put_image(step.repository, manifests[step.after], step.tag)
            except Throttled as error:
                answer = self._after_error(step, error, manifests)
                self._pace.record_throttling()
                if attempt + 1 < _ATTEMPTS:
                    self._pace.acquire()
            except EcrTuiError as error:
                return self._after_error(step, error, manifests)
            else:
                return _WriteResult(StepOutcome.DONE, "put back", result)
        return answer

    def _conflict(self, step: Step, found: str) -> str:
        """Both digests, and who moved the tag and when, as far as the journal knows."""
        planned = f"at {short_digest(step.before)}" if step.before else "not there"
        now = f"at {short_digest(found)}" if found else "gone"
        return f"the tag was {planned} when the plan was made and is {now} now{self._by_whom(step, found)}"

    def _by_whom(self, step: Step, found: str) -> str:
        change = self._journal.last_change(self._location, step.repository, step.tag)
        if change is None or change.after != found:
            return ""
        who = change.principal or "somebody who shares this journal"
        return f", changed by {who} {duration_in_words(time.time() - change.begun_at)} ago"
