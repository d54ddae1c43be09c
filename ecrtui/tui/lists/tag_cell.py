"""The cell with the tags of an image: the protected tags first, the tags of artifacts last."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from rich.cells import cell_len
from textual.content import Content

from ecrtui.ecr.image import COSIGN_TAG_PREFIX
from ecrtui.ecr.safe_text import ELLIPSIS
from ecrtui.ecr.tag_order import Protects, group_tags
from ecrtui.retag.planner import WritePolicy
from ecrtui.tui import safe_text as text

PROTECTED = "◆"
"""The sign before a protected tag."""

SHOWN_DIGITS = 6
"""Digits that an artifact tag shows of the digest in it."""


def tag_cell(tags: Sequence[str], protects: Protects) -> str | Content:
    """Return the tags of an image in one line.

    Args:
        tags: The tags.
        protects: Which tags are protected: they come first, in bold, with a sign.
    """
    protected, others, artifacts = group_tags(tags, protects)
    if not protected and not artifacts:
        return "  ".join(others)
    parts = [
        text.content("  ".join(words), style)
        for words, style in (
            ([PROTECTED + tag for tag in protected], "bold $tag"),
            (others, "$tag"),
            ([_short(tag) for tag in artifacts], "dim"),
        )
        if words
    ]
    return Content("  ").join(parts)


def first_names(names: Sequence[str], cells: int) -> Sequence[str]:
    """Return the first names that fit into so many cells with three blanks between them, at least one."""
    for number, name in enumerate(names):
        cells -= cell_len(name) + 3
        if number and cells < 0:
            return names[:number]
    return names


class TagCells:
    """The tag cells of a list, which knows the protected tags as soon as the settings of its account are known."""

    def __init__(self) -> None:
        self._use(WritePolicy())

    def protect(self, patterns: Sequence[str]) -> bool:
        """Set the patterns of the protected tags. Return True if the cells have changed."""
        policy = WritePolicy(tuple(patterns))
        if policy == self._policy:
            return False
        self._use(policy)
        return True

    def protects(self, tag: str) -> bool:
        """Return True if the tag is protected."""
        return self._policy.protects(tag)

    def __call__(self, tags: tuple[str, ...]) -> str | Content:
        """Return the cell of an image with these tags."""
        return self._cell(tags)

    def _use(self, policy: WritePolicy) -> None:
        self._policy = policy
        # Measuring asks for the cells of the rows in view after each change of the rows.
        self._cell = lru_cache(maxsize=512)(lambda tags: tag_cell(tags, policy.protects))


def _short(tag: str) -> str:
    """Return an artifact tag with few digits: ``sha256-6c672e….sig``."""
    start = len(COSIGN_TAG_PREFIX)
    digits, dot, suffix = tag[start:].partition(".")
    return f"{tag[:start]}{digits[:SHOWN_DIGITS]}{ELLIPSIS}{dot}{suffix}"
