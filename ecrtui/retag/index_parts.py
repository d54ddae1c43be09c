"""The manifests that an index refers to: its platforms, attestations and nested indexes.

An index can be put back only after these, so the journal keeps them with the index.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from ecrtui.ecr.digest import is_digest
from ecrtui.ecr.image import is_index
from ecrtui.ecr.manifest import DescriptorRole, Manifest, parse_manifest

MAX_PARTS = 1000
"""Parts that are kept of the indexes of one batch of writes. It bounds the reads and the journal."""


def part_digests(manifest: Manifest) -> Sequence[str]:
    """Return the digests that an index refers to, in its order; nothing for another manifest."""
    if not is_index(manifest.media_type):
        return ()
    parts = parse_manifest(manifest.text).with_role(DescriptorRole.MANIFEST)
    return list(dict.fromkeys(part.digest for part in parts if is_digest(part.digest)))


def part_manifests(
    indexes: Iterable[Manifest], read: Callable[[Sequence[str]], Iterable[Manifest]]
) -> Mapping[str, Manifest]:
    """Return the parts of these indexes, and the parts of parts, by digest; at most :data:`MAX_PARTS`.

    Args:
        indexes: the manifests to begin with; those that are not indexes have no parts.
        read: returns those of the manifests with these digests that are available.
    """
    found: dict[str, Manifest] = {}
    asked: set[str] = set()
    level = list(indexes)
    while level:
        wanted = dict.fromkeys(digest for manifest in level for digest in part_digests(manifest))
        unread = [digest for digest in wanted if digest not in asked][: MAX_PARTS - len(asked)]
        level = list(read(unread)) if unread else []
        asked.update(unread)
        found.update((manifest.digest, manifest) for manifest in level)
    return found
