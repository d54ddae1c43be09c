"""The promotion of images between two sessions. Its calls block."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from ecrtui.ecr.reference import Reference
from ecrtui.errors import UsageError
from ecrtui.promote.batch import BatchReport, BatchRun, PromotionBatch
from ecrtui.promote.plan import Source, TagTarget
from ecrtui.promote.planning import PromotionPlanner
from ecrtui.promote.reading import read_source
from ecrtui.promote.transfer import OnProgress
from ecrtui.retag.plan import OnConflict
from ecrtui.session import Session
from ecrtui.tui.retag.retag_form import RetagSource


class PlannedPromotion(NamedTuple):
    """The plans of the images, the session of their target, and what made them."""

    batch: PromotionBatch
    target: Session
    planner: PromotionPlanner


@dataclass
class PromotionJob:
    """Plans and carries out the promotion of images of one repository.

    Args:
        session: the session of the images.
        images: the images, at least one.
    """

    session: Session
    images: Sequence[RetagSource]
    sources: tuple[Source, ...] = field(default=(), init=False)
    """The images with everything that belongs to them; none before the first plan. ECR counts reading one as a pull."""
    _targets: dict[str, Session] = field(default_factory=dict, init=False)

    def plan(self, target: Reference, *, create_repository: bool) -> PlannedPromotion:
        """Return the plan for a target.

        Args:
            target: the repository, and the account and the region if they were given. With a tag, the image gets it;
                without one, each image gets all its tags.
            create_repository: whether a repository that does not exist is created.

        Raises:
            EcrTuiError: the image cannot be copied, or a registry cannot be read.
        """
        session = self._session_of(target)
        if not self.sources:
            references = (Reference(image.repository, digest=image.digest) for image in self.images)
            self.sources = tuple(read_source(self.session.registry, reference) for reference in references)
        planner = PromotionPlanner(
            self.session.registry, session.registry, session.engine, create_repository=create_repository
        )
        promotions = (
            planner.plan(source, [TagTarget(target.repository, tag) for tag in ([target.tag] if target.tag else tags)])
            for source, tags in zip(self.sources, (image.tags for image in self.images), strict=True)
        )
        return PlannedPromotion(PromotionBatch(tuple(promotions)), session, planner)

    def carry_out(
        self,
        planned: PlannedPromotion,
        *,
        on_progress: OnProgress,
        on_image: Callable[[int], None],
        stop: Callable[[], bool],
        on_conflict: OnConflict,
        allow_protected: Collection[str],
    ) -> BatchReport:
        """Carry out the plans, as :class:`BatchRun` does. The bytes do not pass through this process.

        Raises:
            EcrTuiError: nothing was sent.
        """
        batch, target, planner = planned
        with self.session.open_carrier(self.session.registry, target.registry) as carry:
            return BatchRun(
                batch,
                planner,
                target.registry,
                target.engine,
                carry,
                on_progress=on_progress,
                on_image=on_image,
                stop=stop,
                on_conflict=on_conflict,
                allow_protected=allow_protected,
            ).apply()

    def _session_of(self, target: Reference) -> Session:
        """Return the session of a target: that of the image, or that of another account in the same region.

        Raises:
            UsageError: the target is in another region.
            EcrTuiError: the account cannot be reached.
        """
        own = self.session.location
        if target.region not in ("", own.region):
            raise UsageError(
                "The target is in another region",
                f"The image is in {own.region}, and the target in {target.region}. The screen copies within a region.",
                "The command ecrtui promote copies to other regions.",
            )
        if target.registry_id in ("", own.registry_id):
            return self.session
        if target.registry_id not in self._targets:
            self._targets[target.registry_id] = self.session.for_account(target.registry_id)
        return self._targets[target.registry_id]
