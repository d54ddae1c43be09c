"""Lifecycle policies: which rule applies to an image, and when.

A retag can thus show in advance what the policy will do. Facts are from the ECR user guide, "Lifecycle policy
properties" and "How lifecycle policies work":

- Rules are applied in the order of their priority, lowest number first.
- An image that matches the tagging requirements of a rule cannot be expired or archived by a rule of lower priority.
  So at most one rule decides about an image: the first that selects it.
- A rule still counts the images that a rule of higher priority has marked.
- ``tagPatternList`` and ``tagPrefixList`` select an image if each entry matches any of its tags; ``*`` in a pattern
  is any run of characters.
- Counts and ages are by the time of the push, which a retag does not change, or by the last restore of an image that
  was archived ("the image's last_activated_at is used instead of pushed_at_time"). ``sinceImagePulled`` is by the
  last pull, if there is one and it is later than the restore; ``sinceImageTransitioned`` by the time of archiving.
- An image that an index refers to is kept as long as the index exists.
- An image that meets the criteria is removed within 24 hours.
- A referrer of an image that is removed or archived goes the same way within 24 hours, whatever rule selects it. No
  exception is documented for referrers whose subject stays: they are images like others.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from ecrtui.ecr.image import Image
from ecrtui.ecr.units import DAY, matches_wildcard


class CountType(StrEnum):
    """The criterion of a rule (``countType``)."""

    MORE_THAN = "imageCountMoreThan"
    SINCE_PUSHED = "sinceImagePushed"
    SINCE_PULLED = "sinceImagePulled"
    SINCE_TRANSITIONED = "sinceImageTransitioned"


_SINCE = {
    CountType.SINCE_PUSHED: "push",
    CountType.SINCE_PULLED: "pull",
    CountType.SINCE_TRANSITIONED: "archiving",
}


@dataclass(frozen=True, slots=True)
class PreviewedImage:
    """An image that ECR would expire or archive (an entry of ``previewResults``). Times are seconds since the epoch."""

    digest: str
    tags: tuple[str, ...] = ()
    pushed_at: float | None = None
    action: str = "expire"
    priority: int = 0
    """The priority of the rule that applies."""


@dataclass(frozen=True, slots=True)
class LifecyclePreview:
    """What ECR says that a policy would do (GetLifecyclePolicyPreview)."""

    status: str
    """``IN_PROGRESS``, ``COMPLETE``, ``EXPIRED`` or ``FAILED``."""
    policy: str
    """The text of the policy, as it was sent."""
    images: tuple[PreviewedImage, ...] = ()


@dataclass(frozen=True, slots=True)
class LifecycleRule:
    """A rule of a lifecycle policy, with the names of the policy document."""

    priority: int
    tag_status: str
    count_type: CountType
    count_number: int
    prefixes: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    storage_class: str = "standard"
    action: str = "expire"
    """``expire``, or ``transition`` for a move to the archive, where an image cannot be pulled."""
    description: str = ""

    def selects(self, image: Image) -> bool:
        """Return True if the image meets the tagging and storage class requirements of the rule."""
        if (image.status == "ARCHIVED") != (self.storage_class == "archive"):
            return False
        if self.tag_status == "untagged":
            return not image.tags
        if self.tag_status == "any":
            return True
        return all(any(tag.startswith(prefix) for tag in image.tags) for prefix in self.prefixes) and all(
            any(matches_wildcard(pattern, tag) for tag in image.tags) for pattern in self.patterns
        )

    def names(self, tag: str) -> bool:
        """Return True if the rule asks for this tag: one of its prefixes or patterns matches it."""
        return any(map(tag.startswith, self.prefixes)) or any(
            matches_wildcard(pattern, tag) for pattern in self.patterns
        )

    def age_start(self, image: Image) -> float | None:
        """Return the time from which the rule measures the age of an image; None if it is unknown."""
        if self.count_type is CountType.SINCE_TRANSITIONED:
            return image.archived_at
        if self.count_type is CountType.SINCE_PULLED and image.last_pulled_at is not None:
            return max(image.last_pulled_at, image.activated_at or image.last_pulled_at)
        return image.age_start

    def due_at(self, image: Image) -> float | None:
        """Return when an image is old enough for a rule that does not count images; None if its age is unknown."""
        since = self.age_start(image)
        return None if since is None else since + self.count_number * DAY

    @property
    def counts_images(self) -> bool:
        """True if the rule keeps a number of images, so that a prediction needs all images."""
        return self.count_type is CountType.MORE_THAN

    @property
    def selection(self) -> str:
        """What the rule selects, in the words of the policy: "tagged main-*", "untagged", "any"."""
        archived = "archived, " if self.storage_class == "archive" else ""
        return archived + " ".join(filter(None, (self.tag_status, self.tags)))

    @property
    def limit(self) -> str:
        """What the rule keeps: "newest 40", "7 d since push"."""
        if self.counts_images:
            return f"newest {self.count_number:,}"
        return f"{self.count_number:,} d since {_SINCE[self.count_type]}"

    @property
    def short_selection(self) -> str:
        """What the rule selects, in few words: "main-*", "untagged", "any"."""
        archived = "archived, " if self.storage_class == "archive" else ""
        return f"{archived}{self.tags or self.tag_status}"

    @property
    def criterion(self) -> str:
        """What the rule acts on, in few words: "main-* > 40 images", "untagged > 7 d", "any > 7 d since pull"."""
        if self.counts_images:
            return f"{self.short_selection} > {self.count_number:,} images"
        since = "" if self.count_type is CountType.SINCE_PUSHED else f" since {_SINCE[self.count_type]}"
        return f"{self.short_selection} > {self.count_number:,} d{since}"

    @property
    def verb(self) -> str:
        """What the rule does to an image, after "would": "expire" or "archive"."""
        return "archive" if self.action == "transition" else "expire"

    @property
    def tags(self) -> str:
        """The tags that an image must have: ``main-* and *-rc``; empty if the rule names none."""
        return " and ".join((*(f"{prefix}*" for prefix in self.prefixes), *self.patterns))

    def __str__(self) -> str:
        names = {"untagged": "untagged images", "any": "all images"}
        which = names.get(self.tag_status, f"images with {self.tags}")
        verb = f"{self.verb}s"
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
    """A lifecycle policy: its rules in the order of their priority."""

    rules: tuple[LifecycleRule, ...] = ()
    problem: str = ""
    """Why the rules are not known: what ECR would refuse about them, or why they could not be read. Empty if known."""

    @property
    def depends_on_pulls(self) -> bool:
        """True if a rule uses the last pull, so that reading a manifest, which is a pull, delays it."""
        return any(rule.count_type is CountType.SINCE_PULLED for rule in self.rules)

    def matching_rule(self, image: Image) -> LifecycleRule | None:
        """Return the only rule that can expire or archive the image; None if no rule selects it."""
        return next((rule for rule in self.rules if rule.selects(image)), None)


@dataclass(frozen=True, slots=True)
class LifecyclePrediction:
    """A prediction about an image: the rule that decides, and when."""

    rule: LifecycleRule
    due_at: float | None
    """When the image meets the criteria, in seconds since the epoch; None if it does not, or if that is unknown."""
    known: bool = True
    """False if a prediction needs a value, or all images, that were not given."""
    rank: int = 0
    """The rank of the image among those that the rule counts, 1 for the newest; 0 if the rule does not count images."""

    def is_due(self, now: float) -> bool:
        """Return whether the image meets the criteria now, so that ECR acts within 24 hours."""
        return self.due_at is not None and (self.rule.counts_images or is_over(self.due_at, now))


def is_over(due_at: float, now: float) -> bool:
    """Return whether an age limit that ends at ``due_at`` is exceeded.

    An image that is exactly as old as the limit stays: a rule acts on images that are older (user guide of ECR,
    "Examples of lifecycle policies": "images older than 14 days").
    """
    return due_at < now


def predict(
    policy: LifecyclePolicy, image: Image, images: Iterable[Image] | None, now: float
) -> LifecyclePrediction | None:
    """Predict what the policy does to an image; None if no rule selects it.

    Args:
        policy: the rules.
        image: the image with its current or its future tags.
        images: every other image of the repository, with its current or its future tags; None if they are unknown.
        now: seconds since the epoch.
    """
    rule = policy.matching_rule(image)
    if rule is None:
        return None
    if not rule.counts_images:
        due = rule.due_at(image)
        return LifecyclePrediction(rule, due, due is not None)
    if images is None:
        return LifecyclePrediction(rule, None, known=False)
    newer = sum(1 for other in images if rule.selects(other) and _age_key(other) < _age_key(image))
    return LifecyclePrediction(rule, now if newer >= rule.count_number else None, rank=newer + 1)


def displaced(
    policy: LifecyclePolicy, before: Iterable[Image], after: Sequence[Image], changed: Collection[str]
) -> Iterator[tuple[LifecycleRule, tuple[Image, ...]]]:
    """Yield the images that rules which count images remove only because other images have other tags.

    Args:
        policy: the rules.
        before: all images of the repository with their current tags.
        after: the same images with their future tags.
        changed: the digests of the images that get or lose a tag; they are not yielded.
    """
    known = tuple(before)
    old = {image.digest: image for image in known if image.digest in changed}
    new = [image for image in after if image.digest in changed]
    for rule in policy.rules:
        gained = (rule.selects(image) and not rule.selects(old[image.digest]) for image in new if image.digest in old)
        if not rule.counts_images or not any(gained):
            continue
        due = {image.digest for image in newest_first(rule, known)[rule.count_number :]}
        found = (image for image in newest_first(rule, after)[rule.count_number :] if image.digest not in due)
        own = tuple(image for image in found if image.digest not in changed and policy.matching_rule(image) is rule)
        if own:
            yield rule, own


def newest_first(rule: LifecycleRule, images: Iterable[Image]) -> Sequence[Image]:
    """Return the images that a rule selects; those after the first ``count_number`` are beyond its number."""
    return sorted((image for image in images if rule.selects(image)), key=_age_key)


def rank_among(counted: Sequence[Image], image: Image) -> int:
    """Return the rank that an image has, or would have, among images in the order of :func:`newest_first`; from 1."""
    return bisect_left(counted, _age_key(image), key=_age_key) + 1


def _age_key(image: Image) -> tuple[float, str]:
    """Sort newest first; the digest orders images of the same age."""
    return -(image.age_start or 0.0), image.digest
