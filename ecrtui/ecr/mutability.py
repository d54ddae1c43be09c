"""Whether a tag may be moved to another image: a repository's tag mutability and its exclusion filters."""

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
    """The setting of a repository (``imageTagMutability`` and ``imageTagMutabilityExclusionFilters``)."""

    setting: str = "MUTABLE"
    exclusions: tuple[str, ...] = ()

    def __str__(self) -> str:
        words = _WORDS.get(self.setting, self.setting)
        return f"{words} {' '.join(self.exclusions)}" if self.exclusions else words

    def matching_filter(self, tag: str) -> str | None:
        """The exclusion filter that the tag matches; None if it matches none."""
        return next((pattern for pattern in self.exclusions if matches_wildcard(pattern, tag)), None)

    def may_move(self, tag: str) -> bool:
        """Whether ECR lets an existing tag of this name move to another image."""
        excluded = self.setting.endswith("_WITH_EXCLUSION") and self.matching_filter(tag) is not None
        return self.setting.startswith("MUTABLE") != excluded

    def reason(self, tag: str) -> str:
        """In words, what decides whether this tag may move."""
        pattern = self.matching_filter(tag) if self.setting.endswith("_WITH_EXCLUSION") else None
        if pattern is not None:
            return f"the exclusion filter {pattern!r} makes this tag {'mutable' if self.may_move(tag) else 'immutable'}"
        if self.setting == "IMMUTABLE_WITH_EXCLUSION":
            return "the repository is immutable and no exclusion filter matches this tag"
        return f"the repository is {'mutable' if self.may_move(tag) else 'immutable'}"
