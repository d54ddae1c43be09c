"""Layers and configs as a registry holds them, and their uploads."""

from __future__ import annotations

from typing import NamedTuple

AVAILABLE = "AVAILABLE"
UNAVAILABLE = "UNAVAILABLE"

MAX_PART_SIZE = 20_971_520
"""Bytes of a part that ECR accepts (maximum of ``LayerPartBlob``)."""

MIN_PART_SIZE = 5 * 1024 * 1024
"""Bytes of every part but the last (``LayerPartTooSmallException``)."""

MAX_PARTS = 4_200
"""Parts of a layer (service quota "Layer parts")."""


class LayerState(NamedTuple):
    """What a repository says about a layer (``Layer`` of BatchCheckLayerAvailability)."""

    digest: str
    availability: str
    """AVAILABLE, UNAVAILABLE or ARCHIVED. Only an available layer can be used."""
    size: int | None = None
    """Bytes; None if the repository does not have the layer."""
    media_type: str = ""

    @property
    def available(self) -> bool:
        """True if an image of the repository can use the layer."""
        return self.availability == AVAILABLE


class Upload(NamedTuple):
    """An upload of a layer that has begun (InitiateLayerUpload)."""

    id: str
    part_size: int
    """Bytes of each part but the last."""


def is_part_size(byte_count: int) -> bool:
    """Return True if ECR accepts parts of this size."""
    return MIN_PART_SIZE <= byte_count <= MAX_PART_SIZE


def part_size(proposed: int, size: int) -> int:
    """Return the bytes of each part of a layer: as the registry proposes, or more where it would have too many parts.

    Args:
        proposed: the size that the registry proposes.
        size: bytes of the layer; -1 if they are not known.
    """
    least = -(-size // MAX_PARTS)
    return least if least > max(proposed, MIN_PART_SIZE) else proposed
