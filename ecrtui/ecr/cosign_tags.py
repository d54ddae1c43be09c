"""The tags that cosign makes from a digest, and the referrers tag of the OCI distribution specification."""

from __future__ import annotations

from collections.abc import Iterable

from ecrtui.ecr.image import COSIGN_TAG_PREFIX

_SUFFIXES = (".sig", ".att", ".sbom", "")
"""Suffixes of the tags that cosign makes from a digest. Without a suffix it is the referrers tag of the OCI spec."""


def cosign_tags(digests: Iterable[str]) -> tuple[str, ...]:
    """Return the tags that cosign makes from these digests."""
    return tuple(
        f"{COSIGN_TAG_PREFIX}{digest.removeprefix('sha256:')}{suffix}" for digest in digests for suffix in _SUFFIXES
    )


def subject_of_tag(tag: str) -> str:
    """Return the digest that a tag of cosign is made from."""
    return "sha256:" + tag.removeprefix(COSIGN_TAG_PREFIX).partition(".")[0]
