"""Look up one image by its reference."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ecrtui.ecr.digest import is_digest, short_digest
from ecrtui.ecr.image import Image
from ecrtui.ecr.manifest import Manifest
from ecrtui.ecr.reference import Reference
from ecrtui.ecr.tag import join_tags
from ecrtui.ecr.units import format_count, format_names
from ecrtui.errors import ErrorKind, NotFound, UsageError, no_such_image
from ecrtui.registry.protocol import Registry

if TYPE_CHECKING:
    from ecrtui.catalog.catalog import Catalog

SHOWN_CANDIDATES = 5
"""Images with the same first digits that an error names."""


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


def find_image_by_short_digest(catalog: Catalog, registry: Registry, reference: Reference) -> Image:
    """Return the image of a reference whose digest can be the beginning of one. Blocks.

    ECR cannot look for the beginning of a digest, so all images of the repository are listed. A word that can be a
    tag, too, is one if there is such a tag.

    Raises:
        NotFound: there is no such image.
        UsageError: several images begin with these digits.
        EcrTuiError: the look-up failed.
    """
    repository, tag, digest = reference[:3]
    if not digest or is_digest(digest):
        return find_image(registry, reference)
    can_be_tag = reference.can_be_tag_or_digest
    if can_be_tag and (tagged := look_up(registry, Reference(repository, tag))) is not None:
        return tagged
    listing = catalog.images(repository, stream=True)
    found = [image for batch in listing for image in batch.items if image.digest.startswith(digest)]
    if not found:
        what = f"no tag {tag} and no image" if can_be_tag else "no image"
        raise NotFound(
            f"{repository} has {what} whose digest begins with {digest.removeprefix('sha256:')}",
            command=f"List its images with: ecrtui images {repository}",
            kind=ErrorKind.IMAGE_NOT_FOUND,
        )
    if len(found) > 1:
        names = (f"{short_digest(image.digest)} {join_tags(image.tags, 3) or 'untagged'}" for image in found)
        raise UsageError(
            f"{format_count(len(found), 'image')} of {repository} begin with {digest.removeprefix('sha256:')}",
            f"{format_names(sorted(names), SHOWN_CANDIDATES)}.",
            "Write more digits.",
        )
    return found[0]


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
