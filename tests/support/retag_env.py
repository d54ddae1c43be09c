"""The environment of the engine tests: an embedded registry, a journal and an engine."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from ecrtui.emulator.service import EmbeddedRegistry
from ecrtui.registry.protocol import Registry
from ecrtui.registry.rate_limiter import RateLimiter
from ecrtui.retag.engine import Engine
from ecrtui.retag.journal.journal import Journal
from ecrtui.retag.plan import Plan, Report, TagChange
from ecrtui.settings import Connection, Settings
from ecrtui.wiring import open_registry
from tests.support.embedded import client_for, create_repository, new_embedded, push_image, tags_of

REPOSITORY = "team/app"


@cache
def _shared_registry() -> tuple[EmbeddedRegistry, Any, Registry]:
    """Return a registry that all tests share and that is emptied for each test.

    Creating a boto3 session takes longer than most tests.
    """
    embedded = new_embedded()
    registry = open_registry(Connection(), embedded=embedded)
    registry.location()
    return embedded, client_for(embedded), registry


@dataclass
class RetagEnv:
    """A repository with the images ``one``, ``two`` and ``three``, each with a tag of that name."""

    journal_file: Path | None = None
    settings: Settings = field(default_factory=lambda: Settings(writes_per_second=float("inf"), protected_tags=()))
    rate_limiter: RateLimiter = field(default_factory=lambda: RateLimiter(0, sleep=lambda seconds: None))

    def __post_init__(self) -> None:
        self.embedded, self.client, self.registry = _shared_registry()
        self.embedded.faults.clear()
        for repository in self.client.describe_repositories()["repositories"]:
            self.client.delete_repository(repositoryName=repository["repositoryName"], force=True)
        create_repository(self.client, REPOSITORY)
        self.one = push_image(self.client, REPOSITORY, "one", "one").digest
        self.two = push_image(self.client, REPOSITORY, "two", "two").digest
        self.three = push_image(self.client, REPOSITORY, "three", "three").digest
        self.embedded.calls.clear()
        self.journal = Journal(self.journal_file)
        self.engine = self.new_engine()

    def new_engine(self, settings: Settings | None = None, journal: Journal | None = None) -> Engine:
        return Engine(self.registry, journal or self.journal, settings or self.settings, rate_limiter=self.rate_limiter)

    def tag(self, tag: str, digest: str) -> None:
        """Tag an image as another client."""
        manifest = self.registry.manifest(REPOSITORY, digest)
        self.client.put_image(
            repositoryName=REPOSITORY,
            imageManifest=manifest.text,
            imageManifestMediaType=manifest.media_type,
            imageTag=tag,
        )

    def untag(self, tag: str) -> None:
        """Remove a tag as another client."""
        self.client.batch_delete_image(repositoryName=REPOSITORY, imageIds=[{"imageTag": tag}])

    def tags(self) -> dict[str, str]:
        """Return the digest of every tag."""
        return tags_of(self.client, REPOSITORY)

    def plan(self, *targets: tuple[str, str], **options: Any) -> Plan:
        """Plan pairs of tag and digest."""
        return self.engine.plan([TagChange(REPOSITORY, tag, digest) for tag, digest in targets], **options)

    def retag(self, *targets: tuple[str, str], **options: Any) -> Report:
        """Plan and apply."""
        return self.engine.apply(self.plan(*targets), **options)
