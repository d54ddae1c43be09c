"""The most recently used manifests in memory, within a limited size."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from threading import Lock

from ecrtui.ecr.manifest import Manifest

MAX_CHARACTERS = 16 * 1024 * 1024
"""Characters of manifests to keep in memory. Most manifests have one or two thousand, the largest four million."""


class ManifestLru:
    """Manifests by repository and digest; the least recently used ones are dropped. Thread-safe.

    Args:
        size: characters of all manifests together.
    """

    def __init__(self, size: int = MAX_CHARACTERS) -> None:
        self._size = size
        self._used = 0
        self._manifests: OrderedDict[tuple[str, str], Manifest] = OrderedDict()
        self._lock = Lock()

    def get(self, repository: str, digest: str) -> Manifest | None:
        """Return the manifest if it is in memory."""
        with self._lock:
            manifest = self._manifests.get((repository, digest))
            if manifest is not None:
                self._manifests.move_to_end((repository, digest))
            return manifest

    def of(self, repository: str) -> tuple[Manifest, ...]:
        """Return the manifests of a repository that are in memory."""
        with self._lock:
            return tuple(manifest for (name, _), manifest in self._manifests.items() if name == repository)

    def keep(self, repository: str, manifests: Iterable[Manifest]) -> None:
        """Add manifests as the most recently used ones, except those larger than the whole size."""
        with self._lock:
            for manifest in manifests:
                key = repository, manifest.digest
                if key in self._manifests or len(manifest.text) > self._size:
                    continue
                self._manifests[key] = manifest
                self._used += len(manifest.text)
            while self._used > self._size:
                _, dropped = self._manifests.popitem(last=False)
                self._used -= len(dropped.text)
