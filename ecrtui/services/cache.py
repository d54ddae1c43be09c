"""What was seen last time: repositories, images and manifests in one disposable SQLite file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from ecrtui.model.image import Image, Repository, Where
from ecrtui.model.manifest import Manifest

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Snapshot(Generic[Item]):
    """What a complete listing gave the last time. The age is in seconds."""

    items: tuple[Item, ...]
    age: float


class Cache:
    """The cache file, for one account in one region at one endpoint.

    Nothing in it is needed: whatever goes wrong with the file is logged and answered with "not known". It holds no
    secrets, and only its owner can read it. Threads and processes may share it.

    Args:
        file: the SQLite file (``paths.cache_file()``); it and its folder are made when something is first kept.
        where: whose registry this is.
    """

    def __init__(self, file: Path, where: Where) -> None:
        self._file = file
        self._where = where

    def repositories(self) -> Snapshot[Repository] | None:
        """All repositories as they were last listed; by name."""
        return None

    def keep_repositories(self, repositories: Sequence[Repository]) -> None:
        """Remember a complete listing."""

    def images(self, repository: str) -> Snapshot[Image] | None:
        """All images of the repository as they were last listed; newest first."""
        return None

    def keep_images(self, repository: str, images: Sequence[Image]) -> None:
        """Remember a complete listing."""

    def forget_images(self, repository: str) -> None:
        """The repository is gone, or what is known of it is wrong."""

    def manifests(self, digests: Sequence[str]) -> tuple[Manifest, ...]:
        """Those of these manifests that are kept and still have their digest."""
        return ()

    def keep_manifests(self, manifests: Sequence[Manifest]) -> None:
        """Remember manifests for good, within the bounded size; those used longest ago give way."""

    def close(self) -> None:
        """Close the file."""
