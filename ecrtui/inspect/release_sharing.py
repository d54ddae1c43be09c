"""What an image shares with the release before it, according to the manifests that are at hand. No I/O."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from ecrtui.ecr.image import Image, ImageKind
from ecrtui.ecr.manifest import DescriptorRole, ParsedManifest
from ecrtui.ecr.tag_scheme import TagScheme, Version, tag_scheme
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
    """Return the image of the same kind, pushed before, whose tag names the version before that of the image.

    Only tags of one scheme are compared (see :mod:`ecrtui.ecr.tag_scheme`): ``release-2026.10`` comes before
    ``release-2026.11``. Commits have no order, so the push decides: ``main-59d512b`` comes before ``main-77aa01c``. Of
    several schemes, that of a version counts more than that of a number, and a commit least.

    Args:
        image: the image.
        images: the images of the repository.
    """
    pushed, own = image.pushed_at, _versions(image.tags)
    if not own or pushed is None or image.kind not in (ImageKind.INDEX, ImageKind.IMAGE):
        return None
    nearest, found = None, None
    for other in images:
        age = other.pushed_at
        if not other.tags or age is None or age >= pushed or other.digest == image.digest:
            continue
        for place, (scheme, greatest) in enumerate(own):
            for tag in other.tags:
                version = scheme.version(tag)
                if version is None or version > greatest:
                    continue
                nearness = (-place, version, age)
                if (nearest is None or nearness > nearest) and other.kind is image.kind:
                    nearest, found = nearness, PreviousRelease(other, tag)
    return found


def _versions(tags: Iterable[str]) -> Sequence[tuple[TagScheme, Version]]:
    """Return the schemes of tags, those that say most first, each with the greatest version among the tags."""
    greatest: dict[TagScheme, Version] = {}
    for tag in tags:
        if (scheme := tag_scheme(tag)) is not None and (version := scheme.version(tag)) is not None:
            greatest[scheme] = max(version, greatest.get(scheme, version))
    return sorted(greatest.items(), key=lambda entry: -entry[0].kind)


def layers_shared_with(
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
