"""Several images promoted into the same repository: one plan to read, applied image by image."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from typing import NamedTuple

from ecrtui.ecr.units import format_count, format_names
from ecrtui.errors import EcrTuiError, OnRetry
from ecrtui.promote.apply import BlobCopier, PromotionReport, PromotionRun
from ecrtui.promote.plan import Promotion, targets_of
from ecrtui.promote.planning import PromotionPlanner
from ecrtui.promote.transfer import OnProgress
from ecrtui.registry.protocol import Registry
from ecrtui.retag.engine import Engine
from ecrtui.retag.plan import OnConflict, Plan, Report, StepOutcome, unsent_report


class PromotionBatch(NamedTuple):
    """The plans of the images, at least one. Each has an id of its own, and is undone by it."""

    promotions: tuple[Promotion, ...]

    @property
    def plan(self) -> Plan:
        """One plan with the steps of all."""
        plans = [promotion.plan for promotion in self.promotions]
        return replace(
            plans[0],
            id=" ".join(plan.id for plan in plans),
            steps=tuple(step for plan in plans for step in plan.steps),
            warnings=tuple(dict.fromkeys(warning for plan in plans for warning in plan.warnings)),
        )


class BatchReport(NamedTuple):
    """The results of the images, in their order."""

    reports: tuple[PromotionReport, ...]

    @property
    def report(self) -> Report:
        """One report with the results of all tags."""
        reports = [result.report for result in self.reports]
        return Report(
            PromotionBatch(tuple(result.promotion for result in self.reports)).plan,
            tuple(result for report in reports for result in report.results),
            reports[0].location,
            tuple(tag for report in reports for tag in report.drifted),
            next((report.verification_error for report in reports if report.verification_error), None),
            next((report.principal for report in reports if report.principal), ""),
            max((report.ended_at for report in reports if report.ended_at), default=None),
        )

    @property
    def unfinished(self) -> bool:
        """True if the promotion of an image failed or was stopped, so that it can continue."""
        return any(result.unfinished for result in self.reports)

    @property
    def in_target(self) -> str:
        """What is in the target, in words."""
        if len(self.reports) == 1:
            return self.reports[0].in_target
        done = sum(map(_is_complete, self.reports))
        created = [name for result in self.reports for name in result.created]
        words = f"created {format_names(created)}; " if created else ""
        return f"{words}{done} of {format_count(len(self.reports), 'image')} are in the target"


@dataclass
class BatchRun:
    """Applies a batch, one image after the other.

    Args:
        batch: the plans.
        planner: plans an image again before it is copied: the images before it may have brought its layers.
        target: the registry of the repository.
        engine: the engine of the target.
        copy_blobs: copies the blobs.
        on_progress: called with the progress of one image.
        on_retry: called with the error before a request is sent again.
        on_image: called with the position of an image, from 1, before it is copied.
        stop: returns True once the batch should stop.
        on_conflict: whether to continue after a tag that was not written as planned.
        allow_protected: the protected tags that the user has confirmed.
    """

    batch: PromotionBatch
    planner: PromotionPlanner
    target: Registry
    engine: Engine
    copy_blobs: BlobCopier
    on_progress: OnProgress
    on_retry: OnRetry
    on_image: Callable[[int], None]
    stop: Callable[[], bool]
    on_conflict: OnConflict
    allow_protected: Collection[str]

    def apply(self) -> BatchReport:
        """Apply the batch. Every tag has a result in the report.

        Raises:
            EcrTuiError: nothing was sent.
        """
        results: list[PromotionReport] = []
        for position, promotion in enumerate(self.batch.promotions, 1):
            ends = self.on_conflict is OnConflict.STOP and not all(map(_is_complete, results))
            if results and (ends or self.stop()):
                results.append(self._unsent(promotion))
                continue
            self.on_image(position)
            results.append(self._run(promotion) if not results else self._run_again(promotion))
        return BatchReport(tuple(results))

    def _run(self, promotion: Promotion) -> PromotionReport:
        return PromotionRun(
            promotion,
            self.target,
            self.engine,
            self.copy_blobs,
            on_progress=self.on_progress,
            on_retry=self.on_retry,
            stop=self.stop,
            on_conflict=self.on_conflict,
            allow_protected=self.allow_protected,
        ).apply()

    def _run_again(self, promotion: Promotion) -> PromotionReport:
        """Plan again what the target lacks, and apply it. Each tag must still have the digest of the first plan."""
        try:
            found = self.planner.plan(promotion.source, targets_of(promotion.plan, promotion.source.digest))
            current = replace(found, plan=replace(found.plan, id=promotion.plan.id))
            if current.plan.refused_steps:
                return self._unsent(current)
            return self._run(current)
        except EcrTuiError as error:
            return self._unsent(promotion.refuse(str(error)))

    def _unsent(self, promotion: Promotion) -> PromotionReport:
        return PromotionReport(promotion, unsent_report(promotion.plan, self.engine.location))


def _is_complete(result: PromotionReport) -> bool:
    """Return True if every tag of the image is as planned."""
    return set(result.report.counts) <= {StepOutcome.DONE, StepOutcome.ALREADY}
