"""Pair the platforms of two indexes, and find the platform of an index that fits an image."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from itertools import product
from typing import NamedTuple

from ecrtui.ecr.digest import short_digest
from ecrtui.ecr.manifest import ParsedManifest, Platform
from ecrtui.ecr.units import format_names
from ecrtui.inspect.comparison.members import order_row
from ecrtui.inspect.comparison.rows import ChangeKind, Row

DEFAULT_VARIANTS = {"arm64": "v8", "arm": "v7", "amd64": "v1"}
"""The variant of an architecture that is named without one (containerd, ``platforms.Normalize``)."""


class IndexPlatform(NamedTuple):
    """A platform of an index: its name, unique in the index, and its manifest."""

    name: str
    digest: str
    platform: Platform


class PlatformPair(NamedTuple):
    """A platform of image A and the same platform of image B; None where an image does not have it."""

    before: IndexPlatform | None
    after: IndexPlatform | None

    @property
    def name(self) -> str:
        """The name of the platform; both names if they differ, such as ``linux/arm64 → linux/arm64/v8``."""
        return " → ".join(dict.fromkeys(entry.name for entry in self if entry is not None))

    @property
    def is_complete(self) -> bool:
        """True if both images have the platform."""
        return None not in self

    @property
    def differs(self) -> bool:
        """True if its manifests differ, or only one image has it."""
        return self.before is None or self.after is None or self.before.digest != self.after.digest

    @property
    def swapped(self) -> PlatformPair:
        """The same with A and B exchanged."""
        return PlatformPair(self.after, self.before)

    def has(self, digest: str) -> bool:
        """Return True if this is the digest of the platform in one of the images."""
        return any(entry is not None and entry.digest == digest for entry in self)

    def is_named(self, name: str) -> bool:
        """Return True if this is the name of the platform in one of the images."""
        return any(entry is not None and name in (entry.name, str(entry.platform)) for entry in self)


def platforms_of(manifest: ParsedManifest) -> Sequence[IndexPlatform]:
    """Return the platforms of an index in its order."""
    entries = manifest.platform_entries
    return [
        IndexPlatform(name, entry.digest, entry.platform)
        for entry, name in zip(entries, manifest.platforms, strict=True)
    ]


def pair_platforms(before: Sequence[IndexPlatform], after: Sequence[IndexPlatform]) -> Sequence[PlatformPair]:
    """Return the platforms of both indexes, those of A first, in its order.

    Platforms with the same name are a pair. The others are a pair if a runtime would choose either of them:
    ``linux/arm64`` is ``linux/arm64/v8``, and ``os.version`` and ``os.features`` count only if there are several. Of
    the versions of Windows, those with the same build are a pair.
    """
    partners: dict[int, int] = {}
    for key in _KEYS:
        _pair(before, after, key, partners)
    paired = set(partners.values())
    pairs = [
        PlatformPair(entry, after[partners[number]] if number in partners else None)
        for number, entry in enumerate(before)
    ]
    return [*pairs, *(PlatformPair(None, entry) for number, entry in enumerate(after) if number not in paired)]


def fitting(platforms: Sequence[IndexPlatform], wanted: Platform | None, digest: str) -> IndexPlatform | None:
    """Return the platform of an index that fits an image of one platform; None if none does.

    Args:
        platforms: the platforms of the index.
        wanted: the platform of the image, from its config; None if it is not known.
        digest: the digest of the image. It can be a part of the index.
    """
    own = next((entry for entry in platforms if entry.digest == digest), None)
    if own is not None or wanted is None:
        return own
    return next(
        (
            entry
            for key in _KEYS[1:]
            for entry in platforms
            if key(entry) == key(IndexPlatform(str(wanted), digest, wanted))
        ),
        None,
    )


def nearest(before: Sequence[IndexPlatform], after: Sequence[IndexPlatform]) -> PlatformPair | None:
    """Return two platforms, one of each image, that are nearly alike: of the same system, else architecture.

    It is None if one of the images has no platform.
    """

    def likeness(pair: PlatformPair) -> tuple[bool, ...]:
        one, other = (entry.platform for entry in pair if entry is not None)
        return one.os == other.os, one.architecture == other.architecture

    return max((PlatformPair(*pair) for pair in product(before, after)), key=likeness, default=None)


def platform_rows(pairs: Sequence[PlatformPair], after: Sequence[IndexPlatform]) -> Sequence[Row]:
    """Return the rows of the platforms: those of both images, those that only one has, and another order.

    Args:
        pairs: the platforms of both images.
        after: the platforms of image B, in its order; none if B is not an index.
    """
    both = [pair for pair in pairs if pair.is_complete]
    rows = [_row_of_both(both)] if both else []
    for before, new in pairs:
        if before is None and new is not None:
            rows.append(Row(f"platform {new.name}", None, short_digest(new.digest), ChangeKind.ADDED))
        elif new is None and before is not None:
            rows.append(Row(f"platform {before.name}", short_digest(before.digest), None, ChangeKind.REMOVED))
    order = order_row(
        [pair.name for pair in both],
        [pair.name for pair in sorted(both, key=lambda pair: _position(pair, after))],
        "platforms, order",
    )
    return [*rows, *([order] if order is not None else [])]


def _row_of_both(pairs: Sequence[PlatformPair]) -> Row:
    """Return the row of the platforms that both images have; the note names those whose manifests differ."""
    names = [" ".join(entry.name for entry in side if entry is not None) for side in zip(*pairs, strict=True)]
    differing = [pair.name for pair in pairs if pair.differs]
    note = f"{format_names(differing)} {'differs' if len(differing) == 1 else 'differ'}" if differing else ""
    if len(pairs) > 1 and len(differing) == len(pairs):
        note = "all differ"
    return Row("platforms", names[0], names[1], ChangeKind.CHANGED if differing else ChangeKind.SAME, note)


def _position(pair: PlatformPair, after: Sequence[IndexPlatform]) -> int:
    return after.index(pair.after) if pair.after in after else 0


def _pair(
    before: Sequence[IndexPlatform],
    after: Sequence[IndexPlatform],
    key: Callable[[IndexPlatform], Hashable],
    partners: dict[int, int],
) -> None:
    """Pair the entries without a partner whose keys are equal, the first with the first."""
    taken = set(partners.values())
    free: dict[Hashable, list[int]] = {}
    for number, entry in enumerate(after):
        if number not in taken:
            free.setdefault(key(entry), []).append(number)
    for number, entry in enumerate(before):
        if number not in partners and free.get(key(entry)):
            partners[number] = free[key(entry)].pop(0)


def _normalized(entry: IndexPlatform) -> tuple[str, str, str]:
    platform = entry.platform
    return (
        platform.os,
        platform.architecture,
        platform.variant or DEFAULT_VARIANTS.get(platform.architecture, ""),
    )


def _build(os_version: str) -> str:
    """Return the version of Windows without the revision, which each update changes: ``10.0.20348``."""
    return ".".join(os_version.split(".")[:3])


_KEYS: Sequence[Callable[[IndexPlatform], Hashable]] = (
    lambda entry: (entry.platform, entry.digest),
    lambda entry: entry.platform,
    lambda entry: (*_normalized(entry), entry.platform.os_version),
    lambda entry: (*_normalized(entry), _build(entry.platform.os_version)),
    _normalized,
)
"""What makes two entries the same platform, the strictest first."""
