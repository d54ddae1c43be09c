"""Put the demo's repositories and artifacts into the database with the given ages."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ecrtui.emulator import manifests, partitions, policy_documents, storage
from ecrtui.emulator.demo.artifacts import DemoArtifact
from ecrtui.emulator.lifecycle_document import stored_text
from ecrtui.emulator.operations import scans

DAY = 86_400.0
"""Seconds in a day."""


@dataclass(frozen=True, slots=True)
class RepositorySetup:
    """The settings of a demo repository.

    Args:
        age: days since its creation.
        scanning: ``BASIC``, ``ENHANCED``, or empty for none.
        suppressed: vulnerabilities that a suppression rule of Amazon Inspector selects.
        kms_key: the id of a KMS key; empty for AES256.
        lifecycle: the rules of its lifecycle policy.
        resource_tags: its AWS resource tags.
        readers: accounts that its repository policy allows to pull.
    """

    mutability: str = "MUTABLE"
    exclusions: Sequence[str] = ()
    age: float = 400
    scanning: str = ""
    suppressed: Sequence[str] = ()
    kms_key: str = ""
    lifecycle: Sequence[Mapping[str, object]] = ()
    resource_tags: Mapping[str, str] = field(default_factory=dict)
    readers: Sequence[str] = ()


class DemoRegistry:
    """The registry that receives the demo data, in one transaction.

    Args:
        now: seconds since the epoch; all ages count from it.
    """

    def __init__(self, connection: sqlite3.Connection, registry_id: str, region: str, now: float) -> None:
        self.connection = connection
        self.registry_id = registry_id
        self.region = region
        self.now = now

    def create_repository(self, name: str, settings: RepositorySetup) -> DemoRepository | None:
        """Create a repository. Return None if it exists; it then stays as it is."""
        kms_key = (
            partitions.arn("kms", self.region, self.registry_id, f"key/{settings.kms_key}")
            if settings.kms_key
            else None
        )
        lifecycle = stored_text(json.dumps({"rules": list(settings.lifecycle)})) if settings.lifecycle else None
        cursor = self.connection.execute(
            "INSERT OR IGNORE INTO repositories (registry_id, region, name, created_at, tag_mutability,"
            " exclusion_filters, scan_on_push, encryption_type, kms_key, lifecycle_policy, lifecycle_evaluated_at,"
            " policy) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                self.registry_id,
                self.region,
                name,
                self.now - settings.age * DAY,
                settings.mutability,
                json.dumps(settings.exclusions),
                settings.scanning == scans.BASIC,
                "KMS" if kms_key else "AES256",
                kms_key,
                lifecycle,
                self.now - 0.3 * DAY if lifecycle else None,
                _policy(self.region, settings.readers) if settings.readers else None,
            ),
        )
        if not cursor.rowcount:
            return None
        repository = DemoRepository(self, int(cursor.lastrowid or 0), name, settings)
        self.connection.executemany(
            "INSERT INTO resource_tags (repository_id, key, value) VALUES (?, ?, ?)",
            [(repository.id, key, value) for key, value in settings.resource_tags.items()],
        )
        return repository


class DemoRepository:
    """A repository that receives artifacts, oldest first. Tags move as in ECR."""

    def __init__(self, registry: DemoRegistry, repository_id: int, name: str, settings: RepositorySetup) -> None:
        self.id = repository_id
        self.name = name
        self.registry = registry
        self.settings = settings

    @property
    def uri(self) -> str:
        """The URI for pulls."""
        return f"{partitions.registry_host(self.registry.region, self.registry.registry_id)}/{self.name}"

    def push(self, artifact: DemoArtifact, *tags: str, age: float, pulled: float | None = None) -> DemoArtifact:
        """Push an artifact, its parts first.

        Args:
            age: days since the push.
            pulled: days since the last pull; None for never.
        """
        for part in artifact.parts:
            self.push(part, age=age + 0.0003, pulled=pulled if part.platform else None)
        image_id = self._image(artifact, age, pulled)
        for tag in tags:
            storage.set_tag(self._connection, self.id, tag, image_id)
        return artifact

    def archive(self, artifact: DemoArtifact, *, age: float) -> None:
        """Archive an image. The age is in days."""
        self._connection.execute(
            "UPDATE images SET status = 'ARCHIVED', last_archived_at = ? WHERE repository_id = ? AND digest = ?",
            (self._moment(age), self.id, artifact.digest),
        )

    def scan_failed(self, artifact: DemoArtifact, reason: str) -> None:
        """Mark the last scan of an image as failed."""
        self._connection.execute(
            "UPDATE scans SET status = 'FAILED', description = ?, severity_counts = '{}', completed_at = NULL"
            " WHERE image_id = (SELECT id FROM images WHERE repository_id = ? AND digest = ?)",
            (reason, self.id, artifact.digest),
        )

    @property
    def _connection(self) -> sqlite3.Connection:
        return self.registry.connection

    def _moment(self, age: float) -> float:
        return self.registry.now - age * DAY

    def _image(self, artifact: DemoArtifact, age: float, pulled: float | None) -> int:
        row = self._connection.execute(
            "SELECT id FROM images WHERE repository_id = ? AND digest = ?", (self.id, artifact.digest)
        ).fetchone()
        if row is not None:
            return int(row["id"])
        for content in artifact.contents.values():
            storage.store_layer(self._connection, self.id, content)
        for digest, size in artifact.declared.items():
            storage.declare_layer(self._connection, self.id, digest, size)
        contents = manifests.parse_manifest(artifact.manifest, artifact.media_type)
        image_id = storage.insert_image(
            self._connection, self.id, artifact.manifest, contents, pushed_at=self._moment(age)
        )
        if pulled is not None:
            self._connection.execute(
                "UPDATE images SET last_pulled_at = ? WHERE id = ?", (self._moment(pulled), image_id)
            )
        if self.settings.scanning and artifact.platform:
            scans.scan_image(
                self._connection,
                image_id,
                self.settings.scanning,
                at=self._moment(age) + 25,
                suppressed=self.settings.suppressed,
            )
        return image_id


def _policy(region: str, readers: Sequence[str]) -> str:
    """Return a repository policy that allows other accounts to pull."""
    statement = {
        "Sid": "AllowPull",
        "Effect": "Allow",
        "Principal": {"AWS": [partitions.arn("iam", region, account, "root") for account in readers]},
        "Action": ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
    }
    return policy_documents.format_policy({"Version": "2012-10-17", "Statement": [statement]})
