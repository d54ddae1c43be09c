"""Select one image of a layout: by name, by digest, or by platform."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ecrtui.emulator.errors import LayoutError
from ecrtui.emulator.layout.layout import ImageLayout, LayoutDescriptor, list_some
from ecrtui.emulator.layout.manifests import read_manifest

MAX_DEPTH = 32
"""Deepest nesting of indexes. Real ones have two levels."""


def select_image(layout: ImageLayout, ref: str = "", platform: str = "") -> LayoutDescriptor:
    """Return the image of a layout that ``ref`` and ``platform`` select.

    Args:
        ref: the name or the digest of an entry of the layout, or the digest of an image in one of its indexes; empty if
            the layout has one image.
        platform: selects an image of an index: OS and architecture, and the variant if there are several.

    Raises:
        LayoutError: they select no image, or several.
    """
    entries = layout.entries()
    if not entries:
        raise LayoutError(f"{layout.name} has no image: its index.json is empty")
    wanted = [one for one in entries if not ref or ref in (one.ref, one.image_name, one.digest)]
    wanted = wanted or [one for one in _within(layout, entries) if one.digest == ref]
    if not wanted:
        raise LayoutError(f"{layout.name} has no image {ref!r}; it has{_listed(entries)}", "Choose one with --ref.")
    if platform:
        everything = _without_duplicates([*wanted, *_within(layout, wanted)])
        wanted = _of_platform(everything, platform)
        if not wanted:
            images = [one for one in everything if one.platform] or everything
            raise LayoutError(
                f"{layout.name} has no image for {platform!r}; it has{_listed(images)}",
                "Choose one of these platforms with --platform, or a digest with --ref.",
            )
    wanted = _without_duplicates(wanted)
    if len(wanted) == 1:
        return wanted[0]
    named = f" {ref!r}" if ref else ""
    for_platform = f" for {platform!r}" if platform else ""
    raise LayoutError(
        f"{layout.name} has {len(wanted):,} images{named}{for_platform}:{_listed(wanted)}",
        "Choose one with --ref and its name, or its digest.",
    )


def _of_platform(images: Iterable[LayoutDescriptor], platform: str) -> list[LayoutDescriptor]:
    """Return the images of exactly this platform, or else those with any variant of it."""
    exact = [one for one in images if one.platform == platform]
    return exact or [one for one in images if one.platform.startswith(f"{platform}/")]


def check_depth(layout: ImageLayout, depth: int) -> None:
    """Check how deep an index is in other indexes.

    Raises:
        LayoutError: it is too deep.
    """
    if depth > MAX_DEPTH:
        raise LayoutError(f"{layout.name} has indexes within indexes, more than {MAX_DEPTH} deep")


def _within(layout: ImageLayout, descriptors: Iterable[LayoutDescriptor]) -> Iterator[LayoutDescriptor]:
    """Yield what the indexes among these descriptors name, to any depth. Leave out indexes that are not there."""
    waiting = [(one, 0) for one in descriptors]
    seen: set[str] = set()
    while waiting:
        one, depth = waiting.pop(0)
        if one.digest in seen or not one.is_index:
            continue
        seen.add(one.digest)
        check_depth(layout, depth)
        manifest = read_manifest(layout, one)
        if manifest is not None:
            yield from manifest.children
            waiting.extend((child, depth + 1) for child in manifest.children)


def _without_duplicates(descriptors: Iterable[LayoutDescriptor]) -> list[LayoutDescriptor]:
    return list({one.digest: one for one in reversed(list(descriptors))}.values())[::-1]


def _listed(descriptors: Iterable[LayoutDescriptor]) -> str:
    return list_some([str(one) for one in descriptors])
