"""Two registries, of two accounts, and promotions from one to the other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property, partial
from pathlib import Path
from typing import Any

import pytest

from ecrtui.ecr.reference import parse_reference
from ecrtui.emulator.database_file import open_database
from ecrtui.emulator.service import EmbeddedRegistry
from ecrtui.promote.apply import PromotionReport, PromotionRun
from ecrtui.promote.plan import Promotion, Source, TagTarget
from ecrtui.promote.planning import PromotionPlanner
from ecrtui.promote.reading import read_source
from ecrtui.promote.transfer import copy_blobs
from ecrtui.promote.upload import UploadLimiters
from ecrtui.registry.gateway import EcrRegistry
from ecrtui.registry.rate_limiter import RateLimiter
from ecrtui.retag.engine import Engine
from ecrtui.retag.journal.journal import Journal
from ecrtui.settings import Connection, Settings
from ecrtui.wiring import open_registry
from tests.support.embedded import (
    REGION,
    PushedImage,
    client_for,
    create_repository,
    digests_of,
    push_image,
    push_index,
    tags_of,
)

SOURCE_ACCOUNT, TARGET_ACCOUNT = "111111111111", "222222222222"
DEV, PROD = "team/dev", "team/prod"


class RecordingRegistry(EmbeddedRegistry):
    """Keeps the operation and the repository of each request of the ECR API; empty for the whole registry."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.requests: set[tuple[str, str]] = set()

    def run(self, operation: str, parameters: dict[str, Any], **context: Any) -> Mapping[str, Any]:
        names = [parameters.get("repositoryName"), *parameters.get("repositoryNames", ())]
        self.requests |= {(operation, name) for name in filter(None, names)} or {(operation, "")}
        return super().run(operation, parameters, **context)


def without_pauses(_: float = 0) -> RateLimiter:
    return RateLimiter(0, sleep=lambda _: None)


@dataclass(frozen=True)
class Site:
    """A registry, a boto3 client to prepare and inspect it, and the registry that the product uses."""

    embedded: RecordingRegistry
    client: Any
    registry: EcrRegistry


@cache
def _site(account: str) -> Site:
    """Return a registry that all tests share. To create a boto3 session takes longer than most tests."""
    embedded = RecordingRegistry(open_database(None), registry_id=account, region=REGION)
    return Site(embedded, client_for(embedded), open_registry(Connection(), embedded=embedded))


@dataclass
class Promotions:
    """The repository team/dev of one registry, and the empty repository team/prod of another."""

    source: Site
    target: Site
    settings: Settings = field(default_factory=lambda: Settings(writes_per_second=float("inf"), protected_tags=()))
    journal_file: Path | None = None

    @cached_property
    def engine(self) -> Engine:
        return Engine(self.target.registry, Journal(self.journal_file), self.settings, rate_limiter=without_pauses())

    def image(self, name: str = "app", tag: str = "v1", **options: Any) -> PushedImage:
        return push_image(self.source.client, DEV, name, tag, **options)

    def signed_index(self) -> SignedIndex:
        """Push an index of two platforms with an SBOM, a signature of the SBOM, and a signature of cosign."""
        client = self.source.client
        children = {name: push_image(client, DEV, name, platform=name) for name in ("linux/amd64", "linux/arm64")}
        index = push_index(client, DEV, children, "v1")
        sbom = self.referrer(index, "sbom", "application/spdx+json")
        bundle = self.referrer(sbom, "bundle", "application/vnd.dev.sigstore.bundle.v0.3+json")
        cosign = push_image(client, DEV, "cosign", cosign_tag(index.digest, ".sig"), layers=[b"cosign"])
        return SignedIndex(index, tuple(children.values()), sbom, bundle, cosign)

    def referrer(self, subject: PushedImage, name: str, artifact_type: str) -> PushedImage:
        descriptor = {
            "mediaType": subject.media_type,
            "digest": subject.digest,
            "size": len(subject.manifest.encode()),
        }
        return self.image(name, "", layers=[name.encode()], artifactType=artifact_type, subject=descriptor)

    def read(self, reference: str = f"{DEV}:v1", **options: Any) -> Source:
        return read_source(self.source.registry, parse_reference(reference), **options)

    def plan(
        self,
        *targets: TagTarget,
        reference: str = f"{DEV}:v1",
        create_repository: bool = False,
        **options: Any,
    ) -> Promotion:
        planner = PromotionPlanner(
            self.source.registry, self.target.registry, self.engine, create_repository=create_repository
        )
        return planner.plan(self.read(reference, **options), targets or [TagTarget(PROD, "v1")])

    def apply(self, promotion: Promotion | None = None, **options: Any) -> PromotionReport:
        copy = partial(copy_blobs, self.source.registry, self.target.registry, limiters=UploadLimiters(without_pauses))
        return PromotionRun(
            promotion or self.plan(), self.target.registry, self.engine, copy, limiter=without_pauses(), **options
        ).apply()

    def tags(self, repository: str = PROD) -> dict[str, str]:
        return tags_of(self.target.client, repository)

    def digests(self, repository: str = PROD) -> set[str]:
        return digests_of(self.target.client, repository)

    def fault(self, *specs: str) -> None:
        """Inject faults: ``source`` or ``target``, a blank, and the specification."""
        for spec in specs:
            side, _, fault = spec.partition(" ")
            {"source": self.source, "target": self.target}[side].embedded.faults.add(fault)


@dataclass(frozen=True)
class SignedIndex:
    index: PushedImage
    children: tuple[PushedImage, ...]
    sbom: PushedImage
    bundle: PushedImage
    cosign: PushedImage

    @property
    def digests(self) -> set[str]:
        images = (self.index, *self.children, self.sbom, self.bundle, self.cosign)
        return {image.digest for image in images}


def cosign_tag(digest: str, suffix: str = "") -> str:
    return "sha256-" + digest.removeprefix("sha256:") + suffix


def emptied(site: Site, repository: str) -> Site:
    site.embedded.faults.clear()
    for known in site.client.describe_repositories()["repositories"]:
        site.client.delete_repository(repositoryName=known["repositoryName"], force=True)
    create_repository(site.client, repository)
    site.embedded.calls.clear()
    return site


@pytest.fixture(autouse=True)
def _no_sdk_retries(no_sdk_retries: None) -> None:
    """Apply to every test: they share the registries, and a client reads the variable when it is created."""


@pytest.fixture
def sites() -> Promotions:
    return Promotions(emptied(_site(SOURCE_ACCOUNT), DEV), emptied(_site(TARGET_ACCOUNT), PROD))
