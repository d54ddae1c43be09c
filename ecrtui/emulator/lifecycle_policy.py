"""Lifecycle policies: evaluation of the images that a policy would expire or archive.

User guide, "Lifecycle policy properties" and "Lifecycle policy evaluation rules".
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ecrtui.emulator.wildcards import matches_wildcard

DAY = 24 * 3600.0

NEVER_EVALUATED = 0.0
"""``lastEvaluatedAt`` of a policy that ECR has not yet applied, as AWS sends it."""


@dataclass(frozen=True, slots=True)
class PolicyImage:
    """An image as a policy sees it. Times are seconds since the epoch.

    Args:
        referenced: True if an index names the image. It then stays as long as the index.
    """

    digest: str
    tags: tuple[str, ...]
    pushed_at: float
    status: str = "ACTIVE"
    pulled_at: float | None = None
    archived_at: float | None = None
    activated_at: float | None = None
    referenced: bool = False

    @property
    def age_start(self) -> float:
        """The start of the image's age: its push, or its restore from the archive."""
        return self.pushed_at if self.activated_at is None else self.activated_at


@dataclass(frozen=True, slots=True)
class PolicyRule:
    """One rule of a policy."""

    priority: int
    tag_status: str
    prefixes: tuple[str, ...]
    patterns: tuple[str, ...]
    storage_class: str
    count_type: str
    count_number: int
    action: str

    def matches(self, image: PolicyImage) -> bool:
        """Return True if tags and storage class of the image match the rule."""
        if (self.storage_class == "archive") is not (image.status == "ARCHIVED"):
            return False
        if self.tag_status != "tagged":
            return self.tag_status == "any" or not image.tags
        return all(any(matches_wildcard(pattern, tag) for tag in image.tags) for pattern in self.patterns) and all(
            any(tag.startswith(prefix) for tag in image.tags) for prefix in self.prefixes
        )

    def select_exceeding(self, images: Sequence[PolicyImage], now: float) -> Sequence[PolicyImage]:
        """Return the images that exceed the count or the age of the rule."""
        if self.count_type == "imageCountMoreThan":
            return sorted(images, key=lambda image: (-image.age_start, image.digest))[self.count_number :]
        limit = now - self.count_number * DAY
        return [image for image in images if self._time(image) < limit]

    def _time(self, image: PolicyImage) -> float:
        if self.count_type == "sinceImageTransitioned":
            return image.age_start if image.archived_at is None else image.archived_at
        if self.count_type == "sinceImagePulled":
            return image.age_start if image.pulled_at is None else max(image.pulled_at, image.activated_at or 0.0)
        return image.age_start


def evaluate(
    rules: Sequence[PolicyRule], images: Iterable[PolicyImage], now: float
) -> list[tuple[PolicyImage, PolicyRule]]:
    """Return the images that the policy would act on, oldest first, each with the rule that acts.

    Each rule selects among all images, regardless of other rules. It does not act on images that a rule of higher
    priority matches, nor on images that an index names.
    """
    everything = list(images)
    taken: set[str] = set()
    marked: list[tuple[PolicyImage, PolicyRule]] = []
    for rule in sorted(rules, key=lambda rule: rule.priority):
        matching = [image for image in everything if rule.matches(image)]
        marked += [
            (image, rule)
            for image in rule.select_exceeding(matching, now)
            if image.digest not in taken and not image.referenced
        ]
        taken.update(image.digest for image in matching)
    return sorted(marked, key=lambda one: (one[0].age_start, one[0].digest))
