"""The comparison of two images: which platforms belong together, and what differs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ecrtui.ecr.digest import short_digest
from ecrtui.inspect.comparison.compared_image import ComparedImage, ConfigBlob
from ecrtui.inspect.comparison.package_section import packages_section
from ecrtui.inspect.comparison.platforms import (
    IndexPlatform,
    PlatformPair,
    fitting,
    pair_platforms,
    platform_rows,
    platforms_of,
)
from ecrtui.inspect.comparison.rows import NotKnown, Row, Section, is_pending
from ecrtui.inspect.comparison.sections import (
    config_section,
    findings_section,
    layers_section,
    manifest_section,
)
from ecrtui.inspect.comparison.summary import summary_section

SECTIONS = ("summary", "config", "layers", "packages", "findings", "manifest")
"""The names of the sections, in their order."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """What differs from image A to image B.

    Args:
        before: image A.
        after: image B.
        platform: the name of the platform that is compared; empty if neither image is an index.
        notes: what a reader must know about the comparison, as sentences.
        sections: the sections, in the order of :data:`SECTIONS`.
    """

    before: ComparedImage
    after: ComparedImage
    platform: str
    notes: tuple[str, ...]
    sections: tuple[Section, ...]

    @property
    def same(self) -> bool:
        """True if both are one image: only one digest is the same image."""
        return self.before.image.digest == self.after.image.digest

    @property
    def pending(self) -> bool:
        """True while something is still being read."""
        return any(section.pending for section in self.sections)

    def section(self, name: str) -> Section:
        """Return the section with this name."""
        return self.sections[SECTIONS.index(name)]


@dataclass(frozen=True, slots=True)
class PlatformChoice:
    """The platforms of two images, and which of them to compare.

    Args:
        pairs: the platforms of both images; none if neither is an index.
        rows: a row for each platform.
        notes: how an image was compared with an index, as sentences.
    """

    pairs: tuple[PlatformPair, ...] = ()
    rows: tuple[Row, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def complete(self) -> Sequence[PlatformPair]:
        """The platforms that can be compared."""
        return [pair for pair in self.pairs if pair.is_complete]

    @property
    def first(self) -> PlatformPair | None:
        """The platform to start with."""
        return next(iter(self.complete), None)

    def named(self, name: str) -> PlatformPair | None:
        """Return the platform with a name; None if not both images have it."""
        return next((pair for pair in self.complete if pair.is_named(name)), None)


def choose_platforms(a: ComparedImage, b: ComparedImage) -> PlatformChoice:
    """Pair the platforms of two images.

    An image that is not an index is compared with the platform of the other image that fits it. For that, its config is
    needed: it names the platform. While it is being read, nothing is said about platforms.
    """
    if isinstance(a.manifest, NotKnown) or isinstance(b.manifest, NotKnown) or not (a.is_index or b.is_index):
        return PlatformChoice()
    if a.is_index and b.is_index:
        platforms = [_platforms(side) for side in (a, b)]
        pairs = pair_platforms(*platforms)
        notes = () if any(pair.is_complete for pair in pairs) else ("The indexes have no platform in common.",)
        return PlatformChoice(tuple(pairs), tuple(platform_rows(pairs, platforms[1])), notes)
    single, index = (b, a) if a.is_index else (a, b)
    if is_pending(single.config):
        return PlatformChoice()
    pair, note = _with_index(single, index)
    chosen = None if pair is None else pair[1]
    pairs = [PlatformPair(*pair)] if pair is not None else []
    pairs += [PlatformPair(None, entry) for entry in _platforms(index) if entry != chosen]
    if index is a:
        pairs = [PlatformPair(after, before) for before, after in pairs]
    return PlatformChoice(tuple(pairs), tuple(platform_rows(pairs, ())), (note,))


def compare(a: ComparedImage, b: ComparedImage, choice: PlatformChoice, pair: PlatformPair | None) -> Comparison:
    """Compare two images with all that is known of them. Pure. What was not read is pending, or said to be not known.

    Args:
        a: image A.
        b: image B.
        choice: their platforms.
        pair: the platform to compare; None if neither is an index, or they have no platform in common.
    """
    same = ("Both have the same digest.",) if a.image.digest == b.image.digest else ()
    sections = (
        config_section(a, b),
        layers_section(a, b),
        packages_section(a, b),
        findings_section(a, b),
        manifest_section(a, b),
    )
    summary = summary_section(a, b, choice.rows, sections)
    return Comparison(a, b, pair.name if pair is not None else "", (*same, *choice.notes), (summary, *sections))


def _platforms(image: ComparedImage) -> Sequence[IndexPlatform]:
    parsed = image.parsed
    return () if isinstance(parsed, NotKnown) else platforms_of(parsed)


def _with_index(single: ComparedImage, index: ComparedImage) -> tuple[tuple[IndexPlatform, IndexPlatform] | None, str]:
    """Return the image as a platform beside the platform of an index that fits it, and a sentence about the choice."""
    wanted = single.config.platform if isinstance(single.config, ConfigBlob) else None
    platforms, digest = _platforms(index), single.image.digest
    found = fitting(platforms, wanted, digest)
    short = short_digest(digest)
    name = f"{single.title} ({short})" if single.title != short else short
    if not platforms:
        return None, f"{index.title} is an index without platforms, so {name} is compared with the index itself."
    if found is not None:
        own = IndexPlatform(found.name, digest, found.platform)
        is_part = f"{name} is the platform {found.name} of {index.title}."
        fits = f"{name} is one image, {index.title} is an index: compared with its platform {found.name}."
        return (own, found), is_part if found.digest == digest else fits
    if wanted is None:
        unknown = isinstance(single.config, NotKnown)
        why = f"The platform of {name} is not known" if unknown else f"{name} has no platform"
        return None, f"{why}, so it is compared with no platform of {index.title}."
    return None, f"{index.title} has no platform {wanted} like {name}."
