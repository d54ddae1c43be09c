"""Apply a promotion: blobs, manifests without a tag, then the tags by the engine of the target."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from ecrtui.ecr.manifest import Manifest
from ecrtui.ecr.units import format_count, format_names, format_size
from ecrtui.errors import ConnectionFailed, EcrTuiError, ErrorKind, OnRetry, Throttled
from ecrtui.promote import closure
from ecrtui.promote.closure import Blob, Member, MemberKind
from ecrtui.promote.document import copies_document
from ecrtui.promote.plan import Promotion, RepositoryCopy
from ecrtui.promote.transfer import BlobCopy, OnProgress, TransferProgress, TransferResult
from ecrtui.promote.upload import UploadRecords
from ecrtui.promote.verification import Verification, verify
from ecrtui.registry.protocol import Registry
from ecrtui.registry.rate_limiter import RateLimiter
from ecrtui.retag.engine import Engine
from ecrtui.retag.journal.file import JournalError
from ecrtui.retag.journal.transfers import Transfer, TransferRecords
from ecrtui.retag.plan import (
    OnConflict,
    Plan,
    Report,
    Step,
    StepAction,
    StepOutcome,
    StepResult,
    refused_result,
    unconfirmed_result,
)
from ecrtui.retag.plan_file import report_document

_REPEATS = 2
"""How often a manifest is put again: after a failure of the service, or after blobs were sent that it lost."""

_FINE = (StepOutcome.DONE, StepOutcome.ALREADY)


class BlobCopier(Protocol):
    """Copies blobs. In the process of a command it is :func:`.copy_blobs` with the two registries."""

    def __call__(
        self,
        copies: Sequence[BlobCopy],
        records: UploadRecords,
        *,
        on_progress: OnProgress,
        stop: Callable[[], bool],
    ) -> TransferResult:
        """Copy these blobs; raise EcrTuiError if one cannot be copied."""


@dataclass(frozen=True, slots=True)
class PromotionReport:
    """The result of a promotion."""

    promotion: Promotion
    report: Report
    """The result of every tag."""
    blobs: int = 0
    """The blobs that were copied."""
    bytes: int = 0
    """The bytes that were copied. Those of a blob that the target lost count twice."""
    created: tuple[str, ...] = ()
    """The repositories that were created; one that exists after a lost reply counts."""
    manifests: int = 0
    """The manifests of the plan that the target has now, with a tag or without."""
    verification: Verification | None = None
    """The digests that the target lacks; None if they were not looked for: by choice, or after a failure."""
    verification_error: EcrTuiError | None = None
    """Why the target could not be read for the verification."""

    @property
    def tags_changed(self) -> bool:
        """True if a tag was changed."""
        return StepOutcome.DONE in self.report.counts

    @property
    def unfinished(self) -> bool:
        """True if something failed or was stopped, so that the same command can continue."""
        return any(outcome in self.report.counts for outcome in (StepOutcome.FAILED, StepOutcome.SKIPPED))

    @property
    def _manifests_to_put(self) -> int:
        return sum(len(copy.missing) for copy in self.promotion.allowed_copies)

    @property
    def put_manifests(self) -> int:
        """The manifests to put that the target has now."""
        return min(self.manifests, self._manifests_to_put)

    @property
    def in_target(self) -> str:
        """What is in the target, in words."""
        changed = "some tags were changed" if self.tags_changed else "no tag was changed"
        created = f"created {format_names(self.created)}; " if self.created else ""
        total = self.promotion.bytes_to_copy
        size = f"{format_size(min(self.bytes, total))} of {format_size(total)}"
        manifests = f"{self.put_manifests} of {format_count(self._manifests_to_put, 'manifest')}"
        return f"{created}{changed}; {size} and {manifests} are in the target"


def result_document(result: PromotionReport) -> dict[str, Any]:
    """Return the result of a promotion as a document: the report of its tags, with what was copied."""
    copied = {
        "repositoriesCreated": list(result.created),
        "blobsCopied": result.blobs,
        "bytesCopied": result.bytes,
        "manifestsPut": result.put_manifests,
    }
    verified = {"verification": result.verification.document()} if result.verification else {}
    return {**report_document(result.report), **copies_document(result.promotion), **copied, **verified}


@dataclass
class PromotionRun:
    """Applies one promotion.

    Args:
        promotion: the plan.
        target: the registry of the repositories.
        engine: the engine of the target.
        copy_blobs: copies the blobs.
        on_progress: called with the progress of the blobs, in a thread of the transfer.
        on_retry: called with the error before a request is sent again.
        stop: returns True once the promotion should stop, between two parts or two writes.
        on_conflict: whether to continue after a tag that was not written as planned.
        allow_protected: the protected tags that the user has confirmed.
        limiter: makes the pauses after failures of the service.
        verifies: whether to look for every manifest and every blob in the target at the end.
    """

    promotion: Promotion
    target: Registry
    engine: Engine
    copy_blobs: BlobCopier
    on_progress: OnProgress = lambda _: None
    on_retry: OnRetry = lambda _: None
    stop: Callable[[], bool] = lambda: False
    on_conflict: OnConflict = OnConflict.STOP
    allow_protected: Collection[str] = ()
    limiter: RateLimiter = field(default_factory=lambda: RateLimiter(0))
    verifies: bool = False
    _progress: TransferProgress | None = field(default=None, init=False)
    """The progress of the transfer that runs, or has failed."""
    _blobs: int = field(default=0, init=False)
    _bytes: int = field(default=0, init=False)
    """Those of the transfers that have ended. A second one sends what the target lost."""
    _created: list[str] = field(default_factory=list, init=False)
    _put: set[tuple[str, str]] = field(default_factory=set, init=False)
    """The repository and the digest of each manifest that was put without a tag."""

    def apply(self) -> PromotionReport:
        """Apply the promotion. Every tag has a result in the report; what failed is in its results.

        A tag is written after everything that its image needs. What is in the target already is not sent again.

        Raises:
            JournalError: the journal cannot be written; nothing was sent.
            Refused: ecrtui is in read-only mode.
        """
        result = self._copy_and_tag()
        if not self.verifies or result.unfinished or not result.report.counts.keys() & set(_FINE):
            return result
        try:
            return replace(result, verification=verify(self.promotion, self.target))
        except EcrTuiError as error:
            return replace(result, verification_error=error)

    def _copy_and_tag(self) -> PromotionReport:
        plan = self.promotion.plan
        if not self.promotion.has_work:
            return self._report({step.key: _finished(step, StepOutcome.ALREADY) for step in plan.steps})
        if any(step.protected and step.tag not in self.allow_protected for step in plan.write_steps):
            return self._report({step.key: _refused_if_protected(step, self.allow_protected) for step in plan.steps})
        self.engine.record(plan)
        records = TransferRecords(self.engine.journal, self.promotion.target)
        source = self.promotion.source
        records.begin(
            plan.id,
            Transfer(source.location, source.repository, source.tag, source.digest, source.referrers),
        )
        result = self._apply(plan, records)
        outcome = ", ".join(f"{count} {name}" for name, count in result.report.counts.items())
        with suppress(JournalError):  # the entries of the tags record what was done
            records.finish(plan.id, outcome, result.bytes)
        return result

    def _apply(self, plan: Plan, records: TransferRecords) -> PromotionReport:
        try:
            for copy in self.promotion.allowed_copies:
                if copy.create:
                    self._create(copy.repository)
            finished = self._copy(self.promotion.allowed_copies, records) and all(
                self._store(copy, records) for copy in self.promotion.allowed_copies
            )
            if finished:
                return self._write_tags(plan, records)
        except EcrTuiError as error:
            message = f"nothing was tagged: {error}"
            return self._report({step.key: _finished(step, StepOutcome.FAILED, message, error) for step in plan.steps})
        return self._report({step.key: _finished(step, StepOutcome.SKIPPED, "stopped") for step in plan.steps})

    def _create(self, repository: str) -> None:
        """Create a repository. It may be asked for again after a lost reply: one that exists is not an error."""
        for left in reversed(range(_REPEATS + 1)):
            try:
                self.target.create_repository(repository)
            except (Throttled, ConnectionFailed) as error:
                if not left or not error.retryable:
                    raise
                self._pause(error)
            else:
                self._created.append(repository)
                return

    def _pause(self, error: EcrTuiError) -> None:
        """Wait before a request is sent again."""
        self.limiter.record_throttling()
        self.on_retry(error)
        self.limiter.acquire()

    def _copy(self, copies: Iterable[RepositoryCopy], records: TransferRecords) -> bool:
        """Copy the blobs that the target lacks. Return False if the user stopped it."""
        source = self.promotion.source.repository
        wanted = [BlobCopy(source, copy.repository, copy.blobs, self.promotion.way) for copy in copies if copy.blobs]
        if not wanted:
            return not self.stop()
        result = self.copy_blobs(wanted, records, on_progress=self._show, stop=self.stop)
        self._blobs += result.blobs
        self._bytes += result.bytes
        self._progress = None
        return not result.stopped

    def _show(self, progress: TransferProgress) -> None:
        before, self._progress = self._progress, progress
        self.on_progress(progress)
        if progress.retried is not None and (before is None or str(before.retried) != str(progress.retried)):
            self.on_retry(progress.retried)

    def _store(self, copy: RepositoryCopy, records: TransferRecords) -> bool:
        """Put the manifests that get no tag. Return False if the user stopped it."""
        waiting: Sequence[Manifest] = [
            member.manifest for member in copy.missing if not self._gets_tag(copy, member.digest)
        ]
        for left in reversed(range(_REPEATS + 1)):
            waiting, failed = self._put_in_order(copy.repository, waiting)
            if failed is None:
                return not waiting
            if not left or not _is_repeatable(failed):
                raise failed.error or EcrTuiError("The manifest was not stored", failed.message)
            if not self._prepare_repeat(copy, records, failed):
                return False
        return True

    def _put_in_order(
        self, repository: str, manifests: Sequence[Manifest]
    ) -> tuple[Sequence[Manifest], StepResult | None]:
        """Put manifests without a tag; return those that are left, and the result of the one that failed."""
        results = self.engine.store(self.promotion.plan, repository, manifests, stop=self.stop, on_retry=self.on_retry)
        done = [result for result in results if result.outcome in _FINE]
        self._put |= {(repository, result.step.after) for result in done}
        return manifests[len(done) :], results[-1] if len(results) > len(done) else None

    def _prepare_repeat(self, copy: RepositoryCopy, records: TransferRecords, failed: StepResult) -> bool:
        """Send what the target lost, or wait until the service works. Return False if the user stopped it.

        Raises:
            EcrTuiError: it cannot be sent.
        """
        if failed.error is None or _lost_parts(failed):
            return self._send_missing(copy, records, failed.step.after)
        self._pause(failed.error)
        return not self.stop()

    def _gets_tag(self, copy: RepositoryCopy, digest: str) -> bool:
        """Return True if a step writes this digest with a tag, and nothing has to refer to it before that."""
        written = any(
            step.repository == copy.repository and step.after == digest for step in self.promotion.plan.write_steps
        )
        refers = any(member.subject == digest for member in copy.missing if member.kind is MemberKind.REFERRER)
        return written and not refers

    def _send_missing(self, copy: RepositoryCopy, records: TransferRecords, digest: str) -> bool:
        """Send what the target does not have now: blobs of all members, and the children of an index.

        A child that the target had, or that was put just now, can be deleted meanwhile.

        Args:
            copy: what the repository gets.
            records: keeps the state of uploads.
            digest: the manifest that was refused.

        Returns:
            False if the user stopped it.

        Raises:
            EcrTuiError: something cannot be sent.
        """
        lost = self._lost_children(copy.repository, digest)
        blobs = closure.unique_blobs([*copy.missing, *lost])
        states = self.target.layers(copy.repository, [blob.digest for blob in blobs]) if blobs else {}
        gone: Sequence[Blob] = [blob for blob in blobs if not states[blob.digest].available and not blob.external]
        if not self._copy([replace(copy, blobs=tuple(gone))], records):
            return False
        left, failed = self._put_in_order(copy.repository, [member.manifest for member in lost])
        if failed is not None and failed.error is not None:
            raise failed.error
        return not left

    def _lost_children(self, repository: str, digest: str) -> Sequence[Member]:
        """Return what an index needs and a repository does not have now, in the order in which it is put."""
        members = self.promotion.source.closure.members
        needed = {manifest.digest for manifest in closure.in_order([digest], self.promotion.source.closure.manifests)}
        children = [member for member in members if member.digest in needed - {digest}]
        found = self.target.images_by_digest(repository, [child.digest for child in children]) if children else ()
        there = {image.digest for image in found if not image.archived}
        return [child for child in children if child.digest not in there]

    def _write_tags(self, plan: Plan, records: TransferRecords) -> PromotionReport:
        """Write the tags: cosign's first, the image's last. Blobs that the target lost meanwhile are sent again.

        Raises:
            EcrTuiError: no tag was written.
        """
        done: dict[tuple[str, str], StepResult] = {}
        report = Report(plan, (), self.promotion.target)
        for left in reversed(range(_REPEATS + 1)):
            rest = replace(plan, steps=tuple(step for step in plan.steps if step.key not in done))
            try:
                report = self._apply_tags(rest)
            except EcrTuiError:
                if not report.results:
                    raise
                break  # the report has the errors of the tags
            failed = {row.step.repository: row for row in report.results if _is_repeatable(row)}
            if not left or not failed:
                break
            done |= {row.step.key: row for row in report.results if row.outcome in _FINE}
            copies = (copy for copy in self.promotion.copies if copy.repository in failed)
            try:
                if not all(self._prepare_repeat(copy, records, failed[copy.repository]) for copy in copies):
                    break
            except EcrTuiError:
                break
        results = {**{row.step.key: row for row in report.results}, **done}
        return self._report(results, report)

    def _apply_tags(self, plan: Plan) -> Report:
        return self.engine.apply(
            plan,
            stop=self.stop,
            on_conflict=self.on_conflict,
            allow_protected=self.allow_protected,
            on_retry=self.on_retry,
            in_order=True,
        )

    def _report(self, results: dict[tuple[str, str], StepResult], checked: Report | None = None) -> PromotionReport:
        plan = self.promotion.plan
        rows = tuple(results[step.key] for step in plan.steps)
        report = replace(checked or Report(plan, (), self.promotion.target), plan=plan, results=rows)
        copied = self._bytes + (self._progress.bytes_done if self._progress else 0)
        tagged = {(row.step.repository, row.step.after) for row in rows if row.outcome is StepOutcome.DONE}
        put = len(self._put | tagged)
        return PromotionReport(self.promotion, report, self._blobs, copied, tuple(self._created), put)


def _finished(step: Step, outcome: StepOutcome, message: str = "", error: EcrTuiError | None = None) -> StepResult:
    """Return the result of a step that was not written; a refused one stays refused."""
    if step.action is StepAction.REFUSED:
        return refused_result(step)
    return StepResult(step, outcome, message or step.reason, error=error)


def _refused_if_protected(step: Step, allowed: Collection[str]) -> StepResult:
    if step.writes and step.protected and step.tag not in allowed:
        return unconfirmed_result(step)
    return _finished(step, StepOutcome.SKIPPED, "a tag of this promotion is protected and was not confirmed")


def _is_repeatable(result: StepResult) -> bool:
    """Return True if the same manifest can be put later: ECR did not store it, or it has no tag to overwrite."""
    outcomes = (StepOutcome.FAILED, StepOutcome.REFUSED, *(() if result.step.tag else (StepOutcome.UNKNOWN,)))
    return result.outcome in outcomes and result.error is not None and (result.error.retryable or _lost_parts(result))


def _lost_parts(result: StepResult) -> bool:
    return result.error is not None and result.error.kind is ErrorKind.MISSING_PARTS
