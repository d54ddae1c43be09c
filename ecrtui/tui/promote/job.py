"""The promotion of one image between two sessions. Its calls block."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import NamedTuple

from ecrtui.ecr.reference import Reference
from ecrtui.errors import UsageError
from ecrtui.promote.apply import PromotionReport, PromotionRun
from ecrtui.promote.plan import Promotion, Source, TagTarget
from ecrtui.promote.planning import PromotionPlanner
from ecrtui.promote.reading import read_source
from ecrtui.promote.transfer import OnProgress
from ecrtui.retag.plan import OnConflict
from ecrtui.session import Session


class PlannedPromotion(NamedTuple):
    """A plan, and the session of its target."""

    promotion: Promotion
    target: Session


@dataclass
class PromotionJob:
    """Plans and carries out the promotion of one image.

    Args:
        session: the session of the image.
        image: the image, by digest.
    """

    session: Session
    image: Reference
    source: Source | None = field(default=None, init=False)
    """The image with everything that belongs to it; None before the first plan. ECR counts reading it as a pull."""
    _targets: dict[str, Session] = field(default_factory=dict, init=False)

    def plan(self, target: Reference, *, create_repository: bool) -> PlannedPromotion:
        """Return the plan for a target.

        Args:
            target: the repository and the tag, and the account and the region if they were given.
            create_repository: whether a repository that does not exist is created.

        Raises:
            EcrTuiError: the image cannot be copied, or a registry cannot be read.
        """
        session = self._session_of(target)
        if self.source is None:
            self.source = read_source(self.session.registry, self.image)
        planner = PromotionPlanner(
            self.session.registry, session.registry, session.engine, create_repository=create_repository
        )
        return PlannedPromotion(planner.plan(self.source, [TagTarget(target.repository, target.tag)]), session)

    def carry_out(
        self,
        planned: PlannedPromotion,
        *,
        on_progress: OnProgress,
        stop: Callable[[], bool],
        on_conflict: OnConflict,
        allow_protected: Collection[str],
    ) -> PromotionReport:
        """Carry out a plan, as :class:`PromotionRun` does. The bytes do not pass through this process.

        Raises:
            EcrTuiError: nothing was sent.
        """
        promotion, target = planned
        with self.session.open_carrier(self.session.registry, target.registry) as carry:
            return PromotionRun(
                promotion,
                target.registry,
                target.engine,
                carry,
                on_progress=on_progress,
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
