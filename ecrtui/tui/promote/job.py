"""The promotion of images from one connection to another. Its calls block."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import NamedTuple

from ecrtui.ecr.reference import Reference
from ecrtui.errors import OnRetry, UsageError
from ecrtui.promote.batch import BatchReport, BatchRun, PromotionBatch
from ecrtui.promote.plan import Source, TagTarget
from ecrtui.promote.planning import PromotionPlanner
from ecrtui.promote.reading import read_source
from ecrtui.promote.target_connection import target_connection
from ecrtui.promote.transfer import OnProgress
from ecrtui.retag.plan import OnConflict
from ecrtui.session import AccountSource, SessionSource
from ecrtui.tui.promote.target_connections import TargetConnections
from ecrtui.tui.retag.retag_form import RetagSource


class Target(NamedTuple):
    """What the user typed as the target.

    Args:
        references: the repositories, each with the account and the region if they were given. With a tag, the image
            gets it; without one, each image gets all its tags.
        options: the options of the target by the field of the connection.
    """

    references: tuple[Reference, ...] = ()
    options: Mapping[str, str] = MappingProxyType({})


class OpenTarget(NamedTuple):
    """A target whose registry is connected.

    Args:
        source: the source of its session.
        other_registry: its account, region and endpoint in words; empty for the registry of the images.
    """

    source: SessionSource
    other_registry: str


class PlannedPromotion(NamedTuple):
    """The plans of the images, the source of the session of their target, and what made them."""

    batch: PromotionBatch
    target: SessionSource
    planner: PromotionPlanner


@dataclass
class PromotionJob:
    """Plans and applies the promotion of images of one repository.

    It keeps nothing about the last target: a thread that opens an earlier target can end after one for a later target.

    Args:
        source: the source of the session of the images.
        images: the images, at least one.
        connections: the connections to targets; None if there is no other connection.
    """

    source: SessionSource
    images: Sequence[RetagSource]
    connections: TargetConnections | None = None
    sources: tuple[Source, ...] = field(default=(), init=False)
    """The images with everything that belongs to them; none until they are read. ECR counts reading one as a pull."""
    _accounts: dict[str, SessionSource] = field(default_factory=dict, init=False)

    def open(self, target: Target) -> OpenTarget:
        """Connect to the registry of a target.

        Args:
            target: what the user typed.

        Raises:
            EcrTuiError: the registry cannot be reached, or it is in no connection of the application.
        """
        source = self._source_of(target)
        location = source().location
        if location == self.source().location:
            return OpenTarget(source, "")
        endpoint = f" at {location.endpoint}" if location.endpoint else ""
        return OpenTarget(source, f"{location.registry_id}, {location.region}{endpoint}")

    def plan(self, target: OpenTarget, references: Sequence[Reference], *, create_repository: bool) -> PlannedPromotion:
        """Return the plan for targets.

        Args:
            target: the registry of the targets.
            references: their repositories and tags; see :class:`Target`.
            create_repository: whether a repository that does not exist is created.

        Raises:
            EcrTuiError: the image cannot be copied, or a registry cannot be read.
        """
        own, session = self.source(), target.source()
        if not self.sources:
            named = (Reference(image.repository, digest=image.digest) for image in self.images)
            self.sources = tuple(read_source(own.registry, reference) for reference in named)
        planner = PromotionPlanner(own.registry, session.registry, session.engine, create_repository=create_repository)
        promotions = (
            planner.plan(
                source,
                [
                    TagTarget(reference.repository, tag)
                    for reference in references
                    for tag in ([reference.tag] if reference.tag else image.tags)
                ],
            )
            for source, image in zip(self.sources, self.images, strict=True)
        )
        return PlannedPromotion(PromotionBatch(tuple(promotions)), target.source, planner)

    def apply_plans(
        self,
        planned: PlannedPromotion,
        *,
        on_progress: OnProgress,
        on_retry: OnRetry,
        on_image: Callable[[int], None],
        stop: Callable[[], bool],
        on_conflict: OnConflict,
        allow_protected: Collection[str],
    ) -> BatchReport:
        """Apply the plans, as :class:`BatchRun` does. The bytes do not pass through this process.

        Raises:
            EcrTuiError: nothing was sent.
        """
        batch, target_source, planner = planned
        own, target = self.source(), target_source()
        self.sources = ()  # another plan reads the images again: what belongs to them can have changed
        with own.open_copier(own.registry, target.registry) as copy_blobs:
            return BatchRun(
                batch,
                planner,
                target.registry,
                target.engine,
                copy_blobs,
                on_progress=on_progress,
                on_retry=on_retry,
                on_image=on_image,
                stop=stop,
                on_conflict=on_conflict,
                allow_protected=allow_protected,
            ).apply()

    def _source_of(self, target: Target) -> SessionSource:
        """Return the source of the targets.

        Raises:
            UsageError: they are in several registries, or there is no other connection.
            EcrTuiError: the registry of the images cannot be reached.
        """
        first, *others = (self._source_at(reference, target.options) for reference in target.references)
        if any(other is not first for other in others):
            raise UsageError(
                "The targets are in several registries",
                "A form writes to one registry.",
                "Write those of one registry. The command ecrtui promote takes all of them.",
            )
        return first

    def _source_at(self, reference: Reference, options: Mapping[str, str]) -> SessionSource:
        """Return the source of a target: that of the images, another account of it, or another connection.

        Raises:
            UsageError: there is no other connection.
            EcrTuiError: the registry of the images cannot be reached.
        """
        own = self.source().location
        if options.keys() <= {"registry_id"} and reference.region in ("", own.region):
            account = options.get("registry_id") or reference.registry_id
            if account in ("", own.registry_id):
                return self.source
            return self._accounts.setdefault(account, AccountSource(self.source, account))
        if self.connections is None:
            raise UsageError(
                "The target is in another registry",
                "The embedded registry is the only connection here.",
                "The command ecrtui promote copies to other registries.",
            )
        return self.connections.source(target_connection(self.source.connection, options, reference))
