"""Referrers: signatures, SBOMs and attestations that refer to an image."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Referrer:
    """An artifact that refers to an image (``ImageReferrer`` of ListImageReferrers)."""

    digest: str
    media_type: str
    artifact_type: str = ""
    size: int | None = None
    annotations: tuple[tuple[str, str], ...] = ()
