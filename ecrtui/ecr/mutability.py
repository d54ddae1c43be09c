"""Tag mutability: whether ECR lets a tag move to another image."""

from __future__ import annotations

from typing import NamedTuple

from ecrtui.ecr.units import matches_wildcard

_WORDS = {
    "MUTABLE": "mutable",
    "IMMUTABLE": "immutable",
    "IMMUTABLE_WITH_EXCLUSION": "immutable except",
    "MUTABLE_WITH_EXCLUSION": "mutable except",
}


class TagMutability(NamedTuple):
    """The setting of a repository (``imageTagMutability``, ``imageTagMutabilityExclusionFilters``)."""

    setting: str = "MUTABLE"
    exclusions: tuple[str, ...] = ()

    def __str__(self) -> str:
        words = _WORDS.get(self.setting, self.setting)
        return f"{words} {' '.join(self.exclusions)}" if self.exclusions else words

    def matching_filter(self, tag: str) -> str | None:
        """Return the first exclusion filter that matches the tag; None if none does."""
        return next((pattern for pattern in self.exclusions if matches_wildcard(pattern, tag)), None)

    def may_move(self, tag: str) -> bool:
        """Return True if ECR lets an existing tag with this name move to another image."""
        excluded = self.setting.endswith("_WITH_EXCLUSION") and self.matching_filter(tag) is not None
        return self.setting.startswith("MUTABLE") != excluded

    def reason(self, tag: str) -> str:
        """Return the reason why this tag may or may not move."""
        pattern = self.matching_filter(tag) if self.setting.endswith("_WITH_EXCLUSION") else None
        if pattern is not None:
            return f"the exclusion filter {pattern!r} makes this tag {'mutable' if self.may_move(tag) else 'immutable'}"
        if self.setting == "IMMUTABLE_WITH_EXCLUSION":
            return "the repository is immutable and no exclusion filter matches this tag"
        return f"the repository is {'mutable' if self.may_move(tag) else 'immutable'}"
