"""Manifests in memory: the last ones that were used, within a bounded size."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from threading import Lock

from ecrtui.ecr.manifest import Manifest

SIZE = 16 * 1024 * 1024
"""Characters of manifests that are kept in memory. A usual one has one or two thousand, the largest four million."""


class ManifestLru:
    """Manifests by digest; those used longest ago give way. Shared by threads."""

    def __init__(self, size: int = SIZE) -> None:
        self._size = size
        self._used = 0
        self._manifests: OrderedDict[str, Manifest] = OrderedDict()
        self._lock = Lock()

    def get(self, digest: str) -> Manifest | None:
        """The manifest, if it is here."""
        with self._lock:
            manifest = self._manifests.get(digest)
            if manifest is not None:
                self._manifests.move_to_end(digest)
            return manifest

    def keep(self, manifests: Iterable[Manifest]) -> None:
        """Keep these as the last used ones; one that is larger than all the room is not kept."""
        with self._lock:
            for manifest in manifests:
                if manifest.digest in self._manifests or len(manifest.text) > self._size:
                    continue
                self._manifests[manifest.digest] = manifest
                self._used += len(manifest.text)
            while self._used > self._size:
                _, dropped = self._manifests.popitem(last=False)
                self._used -= len(dropped.text)
