"""What refers to an image: signatures, SBOMs, attestations."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Referrer:
    """One artifact that refers to an image (``ImageReferrer`` of ListImageReferrers)."""

    digest: str
    media_type: str
    artifact_type: str = ""
    size: int | None = None
    annotations: tuple[tuple[str, str], ...] = ()
