"""What an image shares with the release before it, according to the manifests that are at hand. No I/O."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from ecrtui.ecr.image import Image, ImageKind
from ecrtui.ecr.manifest import DescriptorRole, ParsedManifest
from ecrtui.ecr.units import format_count, format_size


class PreviousRelease(NamedTuple):
    """The release before an image, and its tag."""

    image: Image
    tag: str


class ReleaseSharing(NamedTuple):
    """The layers that an image shares with an earlier release.

    Args:
        tag: a tag of the release.
        layers: the sizes of the shared layers by digest; -1 for a size that is not known.
        compared: the number of platforms of which both manifests are at hand.
        platforms: the number of platforms of the image.
    """

    tag: str
    layers: Mapping[str, int]
    compared: int
    platforms: int

    def __str__(self) -> str:
        size = None if min(self.layers.values(), default=0) < 0 else sum(self.layers.values())
        shared = f"{format_size(size)} in {format_count(len(self.layers), 'layer')}" if self.layers else "no layer"
        part = f", {self.compared} of {self.platforms} platforms known" if self.compared < self.platforms else ""
        return f"{shared} with {self.tag}{part}"


def previous_release(image: Image, images: Iterable[Image]) -> PreviousRelease | None:
    """Return the newest image of the same kind that was pushed before and whose tag begins with the same letters.

    So ``release-2026.10`` comes before ``release-2026.11``, and ``main-59d512b`` before ``main-77aa01c``.

    Args:
        image: the image.
        images: the images of the repository.
    """
    families = {family for tag in image.tags if (family := _family(tag))}
    pushed = image.pushed_at
    if not families or pushed is None or image.kind not in (ImageKind.INDEX, ImageKind.IMAGE):
        return None
    newest = None
    for other in images:
        age = other.pushed_at
        if not other.tags or age is None or age >= pushed or other.digest == image.digest:
            continue
        if newest is not None and age <= (newest.image.pushed_at or 0.0):
            continue
        tag = next((tag for tag in other.tags if _family(tag) in families), "")
        if tag and other.kind is image.kind:
            newest = PreviousRelease(other, tag)
    return newest


def shared_layers(
    tag: str, own: Mapping[str, ParsedManifest | None], earlier: Mapping[str, ParsedManifest]
) -> ReleaseSharing | None:
    """Return what the platforms of an image share with those of an earlier release.

    Args:
        tag: a tag of the release.
        own: the manifests of the image by platform; None for one that is not at hand.
        earlier: the manifests of the release that are at hand, by platform.

    Returns:
        None if the manifests of no platform can be compared.
    """
    layers: dict[str, int] = {}
    compared = 0
    for platform, manifest in own.items():
        other = earlier.get(platform)
        if manifest is None or other is None:
            continue
        compared += 1
        digests = {layer.digest for layer in other.with_role(DescriptorRole.LAYER)}
        layers |= {
            layer.digest: layer.size for layer in manifest.with_role(DescriptorRole.LAYER) if layer.digest in digests
        }
    return ReleaseSharing(tag, layers, compared, len(own)) if compared else None


def _family(tag: str) -> str:
    """Return the letters at the start of a tag: ``release`` of ``release-2026.11``, ``v`` of ``v1.2``."""
    found = re.match("[A-Za-z]+", tag)
    return found[0] if found else ""
