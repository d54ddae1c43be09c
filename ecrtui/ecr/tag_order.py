"""The order in which the tags of an image are shown: ECR has none."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import NamedTuple

from ecrtui.ecr.image import COSIGN_TAG_PREFIX

_ARTIFACT_TAG = re.compile(rf"{COSIGN_TAG_PREFIX}[0-9a-f]{{64}}(\.[a-z.]+)?")

Protects = Callable[[str], bool]
"""Returns True for a protected tag."""


class TagGroups(NamedTuple):
    """The tags of an image in the order in which they are shown."""

    protected: tuple[str, ...]
    others: tuple[str, ...]
    artifacts: tuple[str, ...]
    """Tags of the tag scheme of cosign. No person chose them."""


def group_tags(tags: Iterable[str], protects: Protects) -> TagGroups:
    """Return the tags of an image in groups, each in the order in which the tags came."""
    protected: list[str] = []
    others: list[str] = []
    artifacts: list[str] = []
    for tag in tags:
        group = artifacts if is_artifact_tag(tag) else protected if protects(tag) else others
        group.append(tag)
    return TagGroups(tuple(protected), tuple(others), tuple(artifacts))


def is_artifact_tag(tag: str) -> bool:
    """Return True for a tag that names the digest of an image, such as that of a signature of cosign."""
    return tag.startswith(COSIGN_TAG_PREFIX) and _ARTIFACT_TAG.fullmatch(tag) is not None


def order_tags(tags: tuple[str, ...], protects: Protects) -> tuple[str, ...]:
    """Return tags in the order in which they are shown: the protected ones first, those of artifacts last."""
    if len(tags) < 2:
        return tags
    protected, others, artifacts = group_tags(tags, protects)
    return protected + others + artifacts
