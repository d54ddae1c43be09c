"""Fill repositories with realistic images for experiments and benchmarks. Write past the API, into the database."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from random import Random

from ecrtui.emulator import blobs, storage, vulnerabilities
from ecrtui.emulator.database import Database
from ecrtui.emulator.operations import scans
from ecrtui.emulator.operations.images import MAX_TAGS
from ecrtui.emulator.seed_content import BuildPipeline, SeededImage, SeededLayer, SeedStyle
from ecrtui.emulator.service import REGION, REGISTRY_ID

MAX_REPOSITORIES = 100_000
"""Most repositories of a registry (quota "Registered repositories" of ECR)."""

MAX_IMAGES = 10_000_000
"""Most images in one run, over all repositories. A real repository may have 100,000 (adjustable quota)."""

_BATCH = 2_000
"""Number of images in memory at a time."""

_PAGE_CACHE = 256 * 1024
"""SQLite page cache in KiB. Inserts hit the database's indexes in random order."""

_TEAMS = (
    "checkout",
    "data",
    "identity",
    "logistics",
    "mobile",
    "observability",
    "payments",
    "platform",
    "search",
    "web",
)

Progress = Callable[[int, int], None]
"""Called with the number of images so far, and the total."""


class SeedError(ValueError):
    """The request is invalid; the text gives the reason."""


@dataclass(frozen=True, slots=True)
class SeedTarget:
    """The registry that receives the images, and the random seed that determines them.

    Args:
        random_seed: decides which images are made.
        now: the newest image is pushed shortly before this time, in seconds since the epoch. Digests ignore it.
    """

    registry_id: str = REGISTRY_ID
    region: str = REGION
    random_seed: int = 0
    now: float = 0.0


def seed(
    database: Database,
    repositories: Sequence[str],
    style: SeedStyle,
    target: SeedTarget,
    progress: Progress | None = None,
) -> None:
    """Fill each repository with images, in one transaction. Create repositories that do not exist.

    Args:
        target: ``now`` 0 means the current time.

    Raises:
        SeedError: a repository already has images, or the style breaks a limit of ECR.
    """
    _check(style, len(repositories))
    target = target if target.now else replace(target, now=time.time())
    total = style.images * len(repositories)
    with database.write() as connection, _large_cache(connection):
        done = 0
        for name in repositories:
            for count in seed_repository(connection, _repository(connection, name, target), name, style, target):
                done += count
                if progress:
                    progress(done, total)


def repository_names(count: int) -> list[str]:
    """Return realistic repository names, such as ``team-search/service-0008``.

    Raises:
        SeedError: there are none, or more than a registry can have.
    """
    if not 1 <= count <= MAX_REPOSITORIES:
        raise SeedError(f"the number of repositories must be from 1 to {MAX_REPOSITORIES:,}, not {count:,}")
    return [f"team-{_TEAMS[index % len(_TEAMS)]}/service-{index:04}" for index in range(count)]


def seed_repository(
    connection: sqlite3.Connection, repository_id: int, name: str, style: SeedStyle, target: SeedTarget
) -> Iterator[int]:
    """Write the images of an empty repository in batches. Yield the size of each batch."""
    images = BuildPipeline(name, style, seed=target.random_seed, now=target.now).images()
    chance = Random(f"{target.random_seed}:{name}:scans")  # noqa: S311 - no secret
    first_id = connection.execute("SELECT coalesce(max(id), 0) + 1 FROM images").fetchone()[0]
    latest: tuple[int, SeededImage] | None = None
    while batch := list(enumerate(islice(images, _BATCH), first_id)):
        _insert(connection, repository_id, batch)
        for image_id, image in batch:
            if not image.children and image.pulled_at is not None and chance.random() < style.scanned:
                _scan(connection, image_id, image, style)
        latest = next((entry for entry in reversed(batch) if entry[1].tags), latest)
        first_id += len(batch)
        yield len(batch)
    if latest and style.tags_per_push is None:
        storage.set_tag(connection, repository_id, "latest", latest[0])


def _insert(connection: sqlite3.Connection, repository_id: int, batch: Sequence[tuple[int, SeededImage]]) -> None:
    connection.executemany(
        "INSERT INTO images (id, repository_id, digest, media_type, artifact_media_type, size, pushed_at, tagged,"
        " last_pulled_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                image_id,
                repository_id,
                image.digest,
                image.media_type,
                image.artifact_media_type,
                image.size,
                image.pushed_at,
                bool(image.tags),
                image.pulled_at,
            )
            for image_id, image in batch
        ],
    )
    connection.executemany(
        "INSERT INTO manifests (image_id, manifest) VALUES (?, ?)",
        [(image_id, image.manifest) for image_id, image in batch],
    )
    connection.executemany(
        "INSERT INTO tags (repository_id, tag, image_id) VALUES (?, ?, ?)",
        sorted((repository_id, tag, image_id) for image_id, image in batch for tag in image.tags),
    )
    connection.executemany(
        "INSERT INTO index_children (repository_id, child_digest, parent_id) VALUES (?, ?, ?)",
        sorted((repository_id, child, image_id) for image_id, image in batch for child in image.children),
    )
    ids = _insert_layers(connection, repository_id, {layer for _, image in batch for layer in image.layers})
    connection.executemany(
        "INSERT INTO image_layers (image_id, layer_id) VALUES (?, ?)",
        [(image_id, ids[layer.digest]) for image_id, image in batch for layer in image.layers],
    )
    blobs.store_blobs(connection, [image.config for _, image in batch if image.config])


def _insert_layers(
    connection: sqlite3.Connection, repository_id: int, layers: Collection[SeededLayer]
) -> Mapping[str, int]:
    """Store the layers that the repository lacks; return the ids of all of them by digest."""
    connection.executemany(
        "INSERT OR IGNORE INTO layers (repository_id, digest, size, media_type) VALUES (?, ?, ?, ?)",
        sorted((repository_id, *layer) for layer in layers),
    )
    found = storage.find_layers(connection, repository_id, [layer.digest for layer in layers])
    return {digest: row["id"] for digest, row in found.items()}


def _scan(connection: sqlite3.Connection, image_id: int, image: SeededImage, style: SeedStyle) -> None:
    """Store the result of the scan on push. Store single findings only when the style includes configs."""
    found = vulnerabilities.seeded_findings(image.digest)
    findings = [vulnerabilities.to_basic_finding(one) for one in found] if style.configs else ()
    scans.store_scan(connection, image_id, findings, vulnerabilities.count_severities(found), at=image.pushed_at + 20)


def _repository(connection: sqlite3.Connection, name: str, target: SeedTarget) -> int:
    key = (target.registry_id, target.region, name)
    connection.execute(
        "INSERT OR IGNORE INTO repositories (registry_id, region, name, created_at) VALUES (?, ?, ?, ?)",
        (*key, target.now),
    )
    repository_id: int = connection.execute(
        "SELECT id FROM repositories WHERE registry_id = ? AND region = ? AND name = ?", key
    ).fetchone()[0]
    if connection.execute("SELECT 1 FROM images WHERE repository_id = ? LIMIT 1", (repository_id,)).fetchone():
        raise SeedError(f"the repository {name!r} already has images")
    return repository_id


def _check(style: SeedStyle, repositories: int) -> None:
    if not 1 <= style.images * repositories <= MAX_IMAGES:
        raise SeedError(f"the number of images must be from 1 to {MAX_IMAGES:,}, not {style.images * repositories:,}")
    if style.tags_per_push is not None and not 0 <= style.tags_per_push <= MAX_TAGS:
        raise SeedError(f"an image has between 0 and {MAX_TAGS:,} tags, not {style.tags_per_push:,}")


@contextmanager
def _large_cache(connection: sqlite3.Connection) -> Iterator[None]:
    before = connection.execute("PRAGMA cache_size").fetchone()[0]
    connection.execute(f"PRAGMA cache_size = -{_PAGE_CACHE}")
    try:
        yield
    finally:
        connection.execute(f"PRAGMA cache_size = {before}")
