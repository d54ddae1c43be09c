"""Read the current digests of many tags of one repository."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ecrtui.errors import NotFound
from ecrtui.registry.protocol import Registry


def current_digests(
    registry: Registry, repository: str, targets: Sequence[tuple[str, str]]
) -> Mapping[tuple[str, str], str]:
    """Return the current digest for each pair of tag and written digest; "" for a tag that does not exist.

    The result for an empty tag is the written digest if the repository has that image. All results are "" if the
    repository does not exist.
    """
    tags = list(dict.fromkeys(tag for tag, _ in targets if tag))
    untagged = list(dict.fromkeys(digest for tag, digest in targets if not tag))
    digest_of: dict[str, str] = {}
    images: set[str] = set()
    try:
        if tags:
            digest_of = {tag: image.digest for tag, image in registry.images_by_tag(repository, tags).items()}
        if untagged:
            images = {image.digest for image in registry.images_by_digest(repository, untagged)}
    except NotFound:
        return dict.fromkeys(targets, "")
    return {
        (tag, digest): digest_of.get(tag, "") if tag else digest if digest in images else "" for tag, digest in targets
    }
