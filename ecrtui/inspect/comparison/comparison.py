"""The comparison of two images: which platforms belong together, and what differs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ecrtui.ecr.digest import short_digest
from ecrtui.ecr.units import format_names
from ecrtui.inspect.comparison.compared_image import ComparedImage, ConfigBlob
from ecrtui.inspect.comparison.package_section import packages_section
from ecrtui.inspect.comparison.platforms import (
    IndexPlatform,
    PlatformPair,
    fitting,
    nearest,
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
        unlike: two different platforms, which are compared if the images have none in common.
    """

    pairs: tuple[PlatformPair, ...] = ()
    rows: tuple[Row, ...] = ()
    notes: tuple[str, ...] = ()
    unlike: PlatformPair | None = None

    @property
    def common(self) -> Sequence[PlatformPair]:
        """The platforms that both images have."""
        return [pair for pair in self.pairs if pair.is_complete]

    @property
    def complete(self) -> Sequence[PlatformPair]:
        """The platforms that can be compared."""
        return self.common or ([] if self.unlike is None else [self.unlike])

    @property
    def first(self) -> PlatformPair | None:
        """The platform to start with."""
        return next(iter(self.complete), None)

    def named(self, name: str) -> PlatformPair | None:
        """Return the platform with a name; None if not both images have it."""
        return next((pair for pair in self.common if pair.is_named(name)), None)


def choose_platforms(a: ComparedImage, b: ComparedImage) -> PlatformChoice:
    """Pair the platforms of two images.

    An image that is not an index is compared with the platform of the other image that fits it. For that, its config is
    needed: it names the platform. While it is being read, nothing is said about platforms.
    """
    if isinstance(a.manifest, NotKnown) or isinstance(b.manifest, NotKnown) or not (a.is_index or b.is_index):
        return PlatformChoice()
    if a.is_index and b.is_index:
        return _of_indexes(_platforms(a), _platforms(b))
    single, index = (b, a) if a.is_index else (a, b)
    if is_pending(single.config):
        return PlatformChoice()
    choice = _with_index(single, index)
    pairs = [*choice.common]
    pairs += [PlatformPair(None, entry) for entry in _platforms(index) if not any(entry in pair for pair in pairs)]
    unlike = choice.unlike
    if index is a:
        pairs = [pair.swapped for pair in pairs]
        unlike = unlike and unlike.swapped
    return replace(choice, pairs=tuple(pairs), rows=tuple(platform_rows(pairs, ())), unlike=unlike)


def _of_indexes(before: Sequence[IndexPlatform], after: Sequence[IndexPlatform]) -> PlatformChoice:
    """Pair the platforms of two indexes. Without a common one, choose two that are nearly alike."""
    pairs = pair_platforms(before, after)
    rows = tuple(platform_rows(pairs, after))
    if any(pair.is_complete for pair in pairs):
        return PlatformChoice(tuple(pairs), rows)
    sides = [format_names(entry.name for entry in side) or "no platform" for side in (before, after)]
    note = f"The indexes have no platform in common: A has {sides[0]}; B has {sides[1]}."
    unlike = nearest(before, after)
    chosen = () if unlike is None else (f"Compared: {unlike.name}.",)
    return PlatformChoice(tuple(pairs), rows, (note, *chosen), unlike)


def compare(a: ComparedImage, b: ComparedImage, choice: PlatformChoice, pair: PlatformPair | None) -> Comparison:
    """Compare two images with all that is known of them. Pure. What was not read is pending, or said to be not known.

    Args:
        a: image A.
        b: image B.
        choice: their platforms.
        pair: the platform to compare; None if neither is an index, or an index has no platform.
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


def _with_index(single: ComparedImage, index: ComparedImage) -> PlatformChoice:
    """Return the image as a platform beside the platform of an index that fits it, or is nearly like it."""
    wanted = single.config.platform if isinstance(single.config, ConfigBlob) else None
    platforms, digest = _platforms(index), single.image.digest
    found = fitting(platforms, wanted, digest)
    short = short_digest(digest)
    name = f"{single.title} ({short})" if single.title != short else short
    if not platforms:
        why = f"{index.title} is an index without platforms, so {name} is compared with the index itself."
        return PlatformChoice(notes=(why,))
    if found is not None:
        own = IndexPlatform(found.name, digest, found.platform)
        is_part = f"{name} is the platform {found.name} of {index.title}."
        fits = f"{name} is one image, {index.title} is an index: compared with its platform {found.name}."
        return PlatformChoice((PlatformPair(own, found),), notes=(is_part if found.digest == digest else fits,))
    if wanted is None:
        unknown = isinstance(single.config, NotKnown)
        why = f"The platform of {name} is not known" if unknown else f"{name} has no platform"
        return PlatformChoice(notes=(f"{why}, so it is compared with no platform of {index.title}.",))
    has = format_names(entry.name for entry in platforms)
    unlike = nearest([IndexPlatform(str(wanted), digest, wanted)], platforms)
    chosen = "" if unlike is None or unlike.after is None else f", so it is compared with {unlike.after.name}"
    why = f"{index.title} has no platform {wanted} like {name}: it has {has}{chosen}."
    return PlatformChoice(notes=(why,), unlike=unlike)
