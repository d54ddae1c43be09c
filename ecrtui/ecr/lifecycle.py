"""What a lifecycle policy does to which image: an evaluator of ECR's rules, so that a retag can tell in advance.

Facts are of the ECR user guide, "Lifecycle policy properties" and "How lifecycle policies work". In its terms:

- Rules are applied in the order of their priority, lowest number first.
- An image that matches the tagging requirements of a rule cannot be expired or archived by a rule of a lower priority.
  So at most one rule decides on an image: the first that selects it.
- A rule still counts the images that a higher rule has marked.
- ``tagPatternList`` and ``tagPrefixList`` select an image if each entry matches any of its tags; ``*`` in a pattern
  stands for any run of characters.
- Counting and ageing go by the time of the push, which a retag does not change; ``sinceImagePulled`` goes by the last
  pull, and by the push for an image that was never pulled; ``sinceImageTransitioned`` by the time of archiving.
- An image that an image index refers to is not touched as long as the index is there.
- What meets the criteria is gone within 24 hours.

ECR goes by the time of the last restore for an image that was archived and restored; DescribeImages does not tell that
time, so the push stands in for it here.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from ecrtui.ecr.image import Image
from ecrtui.ecr.units import DAY, matches_wildcard


class CountType(StrEnum):
    """What a rule goes by (``countType``)."""

    MORE_THAN = "imageCountMoreThan"
    SINCE_PUSHED = "sinceImagePushed"
    SINCE_PULLED = "sinceImagePulled"
    SINCE_TRANSITIONED = "sinceImageTransitioned"


@dataclass(frozen=True, slots=True)
class LifecycleRule:
    """One rule of a lifecycle policy, by the names of its document."""

    priority: int
    tag_status: str
    count_type: CountType
    count_number: int
    prefixes: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    storage_class: str = "standard"
    action: str = "expire"
    """``expire``, or ``transition``: into the archive, where it cannot be pulled."""
    description: str = ""

    def selects(self, image: Image) -> bool:
        """Whether the image meets the rule's requirements of tags and storage class."""
        if (image.status == "ARCHIVED") != (self.storage_class == "archive"):
            return False
        if self.tag_status == "untagged":
            return not image.tags
        if self.tag_status == "any":
            return True
        return all(any(tag.startswith(prefix) for tag in image.tags) for prefix in self.prefixes) and all(
            any(matches_wildcard(pattern, tag) for tag in image.tags) for pattern in self.patterns
        )

    def since(self, image: Image) -> float | None:
        """The time that the rule counts an image's age from; None if it is not known."""
        if self.count_type is CountType.SINCE_TRANSITIONED:
            return image.archived_at
        if self.count_type is CountType.SINCE_PULLED and image.last_pulled_at is not None:
            return image.last_pulled_at
        return image.pushed_at

    @property
    def counts_images(self) -> bool:
        """Whether the rule keeps a number of images, so that all of them have to be known to tell what it does."""
        return self.count_type is CountType.MORE_THAN

    def __str__(self) -> str:
        which = {"untagged": "untagged images", "any": "all images"}.get(
            self.tag_status,
            f"images with {' and '.join((*(f'{prefix}*' for prefix in self.prefixes), *self.patterns))}",
        )
        verb = "archives" if self.action == "transition" else "expires"
        unit = f"{self.count_number} day{'' if self.count_number == 1 else 's'}"
        when = {
            CountType.MORE_THAN: f"beyond the newest {self.count_number}",
            CountType.SINCE_PUSHED: f"{unit} after their push",
            CountType.SINCE_PULLED: f"{unit} after their last pull",
            CountType.SINCE_TRANSITIONED: f"{unit} after they were archived",
        }
        return f"lifecycle rule {self.priority} {verb} {which} {when[self.count_type]}"


@dataclass(frozen=True, slots=True)
class LifecyclePolicy:
    """A lifecycle policy: its rules in the order of their priority. ``problem`` tells why it cannot be read."""

    rules: tuple[LifecycleRule, ...] = ()
    problem: str = ""

    @property
    def counts_pulls(self) -> bool:
        """Whether a rule goes by the last pull, so that merely reading a manifest puts off what it does."""
        return any(rule.count_type is CountType.SINCE_PULLED for rule in self.rules)

    def matching_rule(self, image: Image) -> LifecycleRule | None:
        """The one rule that can expire or archive the image; None if none selects it."""
        return next((rule for rule in self.rules if rule.selects(image)), None)


@dataclass(frozen=True, slots=True)
class LifecyclePrediction:
    """What the policy has in store for an image."""

    rule: LifecycleRule
    due_at: float | None
    """When the image meets the criteria, in seconds since the epoch; None if not as things are, or not known."""
    known: bool = True
    """False if all images have to be looked at to tell, and were not."""
    rank: int = 0
    """The place of the image among those that the rule counts, 1 for the newest; 0 if it does not count."""


def parse_policy(text: str) -> LifecyclePolicy:
    """Read a policy's document; never raises. An empty text is a policy without rules."""
    if not text:
        return LifecyclePolicy()
    try:
        document = json.loads(text)
        rules = tuple(sorted((_rule(entry) for entry in document["rules"]), key=lambda rule: rule.priority))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as problem:
        return LifecyclePolicy(problem=f"the lifecycle policy cannot be read: {type(problem).__name__}: {problem}")
    return LifecyclePolicy(rules)


def evaluate(
    policy: LifecyclePolicy, images: Sequence[Image], now: float, referenced: Collection[str] = frozenset()
) -> Mapping[str, LifecycleRule]:
    """By digest, the rule that would expire or archive an image if the policy ran now.

    Args:
        policy: the rules.
        images: every image of the repository.
        now: seconds since the epoch.
        referenced: digests that an image index of the repository refers to.
    """
    ranks = {rule.priority: _ranks(rule, images) for rule in policy.rules if rule.counts_images}
    verdicts: dict[str, LifecycleRule] = {}
    for image in images:
        rule = policy.matching_rule(image)
        if rule is None or image.digest in referenced:
            continue
        rank = ranks[rule.priority][image.digest] if rule.counts_images else 0
        if _is_due(rule, image, rank, now):
            verdicts[image.digest] = rule
    return verdicts


def predict(
    policy: LifecyclePolicy, image: Image, images: Iterable[Image] | None, now: float
) -> LifecyclePrediction | None:
    """What the policy has in store for one image as it is; None if no rule selects it.

    Args:
        policy: the rules.
        image: with the tags that it has, or will have.
        images: every other image of the repository, with the tags that they have, or will have; None if not known.
        now: seconds since the epoch.
    """
    rule = policy.matching_rule(image)
    if rule is None:
        return None
    if not rule.counts_images:
        since = rule.since(image)
        return LifecyclePrediction(rule, None if since is None else since + rule.count_number * DAY, since is not None)
    if images is None:
        return LifecyclePrediction(rule, None, known=False)
    newer = sum(1 for other in images if rule.selects(other) and _age_key(other) < _age_key(image))
    return LifecyclePrediction(rule, now if newer >= rule.count_number else None, rank=newer + 1)


def _is_due(rule: LifecycleRule, image: Image, rank: int, now: float) -> bool:
    if rule.counts_images:
        return rank > rule.count_number
    since = rule.since(image)
    return since is not None and now - since > rule.count_number * DAY


def _ranks(rule: LifecycleRule, images: Iterable[Image]) -> Mapping[str, int]:
    selected = sorted((image for image in images if rule.selects(image)), key=_age_key)
    return {image.digest: rank for rank, image in enumerate(selected, 1)}


def _age_key(image: Image) -> tuple[float, str]:
    """Newest first; the digest only makes the order of one moment a fixed one."""
    return -(image.pushed_at or 0.0), image.digest


def _rule(entry: Mapping[str, Any]) -> LifecycleRule:
    selection = entry["selection"]
    return LifecycleRule(
        priority=int(entry["rulePriority"]),
        tag_status=selection["tagStatus"],
        count_type=CountType(selection["countType"]),
        count_number=int(selection["countNumber"]),
        prefixes=tuple(selection.get("tagPrefixList") or ()),
        patterns=tuple(selection.get("tagPatternList") or ()),
        storage_class=selection.get("storageClass") or "standard",
        action=(entry.get("action") or {}).get("type", "expire"),
        description=entry.get("description") or "",
    )
