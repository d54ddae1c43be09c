"""Look up one image by its reference."""

from __future__ import annotations

from ecrtui.ecr.image import Image
from ecrtui.ecr.manifest import Manifest
from ecrtui.ecr.reference import Reference
from ecrtui.errors import ErrorKind, NotFound, no_such_image
from ecrtui.registry.protocol import Registry


def look_up(registry: Registry, reference: Reference) -> Image | None:
    """Return the image with the digest of a reference, or else with its tag; None if there is no such image. Blocks.

    Raises:
        EcrTuiError: the look-up failed, or there is no such repository.
    """
    if reference.digest:
        return next(iter(registry.images_by_digest(reference.repository, [reference.digest])), None)
    return registry.images_by_tag(reference.repository, [reference.tag]).get(reference.tag)


def find_image(registry: Registry, reference: Reference) -> Image:
    """Return the image with the digest of a reference, or else with its tag. Blocks.

    Raises:
        NotFound: there is no such image.
        EcrTuiError: the look-up failed.
    """
    found = look_up(registry, reference)
    if found is None:
        raise no_such_image(reference.repository, tag=reference.tag, digest=reference.digest)
    return found


def read_manifest(registry: Registry, repository: str, digest: str) -> Manifest:
    """Return a manifest. Blocks. ECR records a pull.

    Raises:
        NotFound: there is no such image.
        EcrTuiError: it could not be read.
    """
    try:
        return registry.manifest(repository, digest)
    except NotFound as error:
        if error.kind is not ErrorKind.IMAGE_NOT_FOUND:
            raise
        raise no_such_image(repository, digest=digest, detail=error.detail.removeprefix(digest).strip()) from None
