"""Repositories full of realistic images, written in bulk past the API: for trying things out and for benchmarks."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from random import Random

from ecrtui.local import storage, vulnerabilities
from ecrtui.local.database import Database
from ecrtui.local.operations import scans
from ecrtui.local.operations.images import MAX_TAGS
from ecrtui.local.seed_content import Pipeline, SeededImage, Style
from ecrtui.local.service import REGION, REGISTRY_ID

MAX_IMAGES = 10_000_000
"""Images that are seeded at most; a registry allows 100,000 in a repository (quota, adjustable)."""

_BATCH = 2_000
"""Images that are in memory at once."""

_PAGE_CACHE = 256 * 1024
"""KiB of the database that a seed keeps in memory: indexes are written to in no order."""

_TEAMS = ("checkout", "data", "identity", "mobile", "observability", "payments", "platform", "search", "web", "logistics")

Progress = Callable[[int, int], None]
"""Told how many images there are by now, and how many there shall be."""


class SeedError(ValueError):
    """What is asked for cannot be seeded; the text says why."""


def seed(
    database: Database,
    repository: str,
    style: Style,
    *,
    registry_id: str = REGISTRY_ID,
    region: str = REGION,
    number: int = 0,
    now: float | None = None,
    progress: Progress | None = None,
) -> None:
    """Fill a repository, made if it does not exist, with images.

    Args:
        number: another one gives other images; the same one the same.
        now: the newest image is pushed just before, in seconds since the epoch; None is now.

    Raises:
        SeedError: the repository has images already, or the style asks for what ECR does not allow.
    """
    _check(style)
    moment = time.time() if now is None else now
    with database.write() as connection, _large_cache(connection):
        fill(connection, repository, style, registry_id=registry_id, region=region, number=number, now=moment, progress=progress)


def seed_repositories(
    database: Database,
    count: int,
    style: Style,
    *,
    registry_id: str = REGISTRY_ID,
    region: str = REGION,
    number: int = 0,
    now: float | None = None,
    progress: Progress | None = None,
) -> list[str]:
    """Make so many repositories and fill each; their names, which are new (``team-search/service-0007``).

    The arguments are those of :func:`seed`.

    Raises:
        SeedError: one of them has images already, or the style asks for what ECR does not allow.
    """
    _check(style, repositories=count)
    moment = time.time() if now is None else now
    names = [f"team-{_TEAMS[index % len(_TEAMS)]}/service-{index:04}" for index in range(count)]

    def of_all(done: int) -> Progress | None:
        return progress and (lambda made, _: progress(done + made, count * style.images))

    with database.write() as connection, _large_cache(connection):
        for index, name in enumerate(names):
            fill(
                connection,
                name,
                style,
                registry_id=registry_id,
                region=region,
                number=number,
                now=moment,
                progress=of_all(index * style.images),
            )
    return names
