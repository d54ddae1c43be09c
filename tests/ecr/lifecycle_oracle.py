"""Evaluate a lifecycle policy over a whole repository, to compare ``predict`` with."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from ecrtui.ecr.image import Image
from ecrtui.ecr.lifecycle import LifecyclePolicy, LifecycleRule
from ecrtui.ecr.units import DAY


def evaluate(
    policy: LifecyclePolicy, images: Sequence[Image], now: float, referenced: Collection[str] = frozenset()
) -> Mapping[str, LifecycleRule]:
    """Return, by digest, the rule that would expire or archive an image if the policy ran now.

    Args:
        policy: the rules.
        images: every image of the repository.
        now: seconds since the epoch.
        referenced: digests that an index of the repository refers to.
    """
    verdicts: dict[str, LifecycleRule] = {}
    for image in images:
        rule = policy.matching_rule(image)
        if rule is not None and image.digest not in referenced and _is_due(rule, image, images, now):
            verdicts[image.digest] = rule
    return verdicts


def _is_due(rule: LifecycleRule, image: Image, images: Sequence[Image], now: float) -> bool:
    if rule.counts_images:
        selected = [other for other in images if rule.selects(other)]
        newest_first = sorted(selected, key=lambda other: (-_counted_from(other), other.digest))
        return newest_first.index(image) >= rule.count_number
    start = _measured_from(rule, image)
    return start is not None and now - start > rule.count_number * DAY


def _counted_from(image: Image) -> float:
    """Return the push of an image, or its restore from the archive."""
    return (image.pushed_at or 0.0) if image.activated_at is None else image.activated_at


def _measured_from(rule: LifecycleRule, image: Image) -> float | None:
    if rule.count_type == "sinceImageTransitioned":
        return image.archived_at
    if rule.count_type == "sinceImagePulled" and image.last_pulled_at is not None:
        return max(image.last_pulled_at, image.activated_at or 0.0)
    return _counted_from(image)
