"""Look up one image by its reference."""

from __future__ import annotations

from ecrtui.ecr.image import Image
from ecrtui.ecr.reference import Reference
from ecrtui.registry.protocol import Registry


def look_up(registry: Registry, reference: Reference) -> Image | None:
    """Return the image with the digest of a reference, or else with its tag; None if there is no such image. Blocks.

    Raises:
        EcrTuiError: the look-up failed, or there is no such repository.
    """
    if reference.digest:
        return next(iter(registry.images_by_digest(reference.repository, [reference.digest])), None)
    return registry.images_by_tag(reference.repository, [reference.tag]).get(reference.tag)
