"""What a lifecycle policy would do to the images of a repository now, and what next. Nothing is changed.

The rules are those of :mod:`ecrtui.ecr.lifecycle`. ECR has an evaluation of its own; see
:mod:`ecrtui.inspect.lifecycle_preview`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import NamedTuple

from ecrtui.ecr.digest import short_digest
from ecrtui.ecr.image import Image
from ecrtui.ecr.lifecycle import LifecyclePolicy, LifecyclePreview, LifecycleRule, is_over, newest_first
from ecrtui.ecr.units import format_count, format_number, format_short_duration


@dataclass(frozen=True, slots=True)
class RuleOutlook:
    """What one rule would do."""

    rule: LifecycleRule
    selected: int = 0
    """The number of images that the rule selects; those that a rule before it decides about count too."""
    acting: tuple[Image, ...] = ()
    """The images that it would expire or archive now, oldest first."""
    following: Image | None = None
    """The image that comes next; None if there is none, or if that is not known."""
    following_at: float | None = None
    """When that is, in seconds since the epoch; None for a rule that counts images: with the next push."""
    of_unknown_age: int = 0
    """The number of images whose age is not known."""
    kept: tuple[Image, ...] = ()
    """The images beyond its limit that a rule of higher priority keeps, oldest first."""
    referrers: tuple[Image, ...] = ()
    """The images on which no rule acts now, but that go with a subject in ``acting``: signatures, SBOMs and others."""

    @property
    def bytes(self) -> int:
        """The bytes of the images and their referrers as they are listed. Layers that other images use stay."""
        return sum(image.size or 0 for image in (*self.acting, *self.referrers))


@dataclass(frozen=True, slots=True, eq=False)
class DryRun:
    """What a policy would do."""

    outlooks: tuple[RuleOutlook, ...] = ()
    images: int = 0
    """The number of images of the repository."""
    kept_parts: int = 0
    """The number of images that a rule would act on, but an index refers to them, so they stay."""
    keeping_indexes: int = 0
    """The number of these indexes."""
    possible_parts: frozenset[str] = frozenset()
    """Images of ``acting`` that an index may refer to: the manifests of some indexes were not read."""
    acting_digests: frozenset[str] = frozenset()
    """The digests of the images that would be expired or archived now."""
    acting_referrers: int = 0
    """The number of referrers among them whose subject stays."""
    policy: LifecyclePolicy = field(default_factory=LifecyclePolicy)
    counted: Mapping[int, Sequence[Image]] = field(default_factory=dict)
    """The images that each rule counts, newest first, by its priority."""
    now: float = 0.0
    """When it was evaluated, in seconds since the epoch."""

    @property
    def acting(self) -> dict[str, tuple[Image, LifecycleRule]]:
        """The images that would be expired or archived now, by digest, each with its rule."""
        return {image.digest: (image, outlook.rule) for outlook in self.outlooks for image in outlook.acting}

    @property
    def referrers(self) -> int:
        """The number of referrers that go with their subjects."""
        return sum(len(outlook.referrers) for outlook in self.outlooks)


class RuleDifference(NamedTuple):
    """An image about which ECR and ecrtui differ: the priority of the rule that acts on it for each; 0 for none."""

    digest: str
    tags: tuple[str, ...]
    here: int
    ecr: int


def dry_run(
    policy: LifecyclePolicy, images: Sequence[Image], index_of: Callable[[str], str | None], now: float
) -> DryRun:
    """Evaluate a policy.

    Args:
        policy: the rules.
        images: all images of the repository.
        index_of: returns the digest of an index that refers to an image; empty if none does; None if not known.
        now: seconds since the epoch.
    """
    deciding: dict[str, LifecycleRule] = {}
    kept: dict[str, str] = {}
    counted: dict[int, Sequence[Image]] = {}
    acted: set[str] = set()
    outlooks = []
    for rule in policy.rules:
        selected = newest_first(rule, images)
        if rule.counts_images:
            counted[rule.priority] = selected
        due = _exceeding(rule, selected, now)
        own, beyond = [], []
        for image in selected:
            if deciding.setdefault(image.digest, rule) is rule:
                own.append(image)
            elif image.digest in due and image.digest not in acted and not index_of(image.digest):
                beyond.append(image)
        kept |= {image.digest: index for image in own if image.digest in due and (index := index_of(image.digest))}
        free = [image for image in own if not index_of(image.digest)]
        acting = sorted((image for image in free if image.digest in due), key=_oldest_first)
        acted.update(image.digest for image in acting)
        following, at = _following(rule, selected, [image for image in free if image.digest not in due])
        of_unknown_age = 0 if rule.counts_images else sum(rule.age_start(image) is None for image in own)
        stay = tuple(sorted(beyond, key=_oldest_first))
        outlooks.append(RuleOutlook(rule, len(selected), tuple(acting), following, at, of_unknown_age, stay))
    acting_referrers = 0
    if referrers := [image for image in images if image.subject and not index_of(image.digest)]:
        outlooks = _with_referrers(outlooks, referrers)
        staying = {image.digest for image in images} - acted
        acting_referrers = sum(image.digest in acted and image.subject in staying for image in referrers)
    possible = frozenset(digest for digest in acted if index_of(digest) is None)
    indexes = len(set(kept.values()))
    return DryRun(
        tuple(outlooks),
        len(images),
        len(kept),
        indexes,
        possible,
        frozenset(acted),
        acting_referrers,
        policy,
        counted,
        now,
    )


def _with_referrers(outlooks: Iterable[RuleOutlook], referrers: Iterable[Image]) -> list[RuleOutlook]:
    """Return what the rules would do, with the referrers that go with their subjects."""
    by_subject: dict[str, list[Image]] = {}
    for image in referrers:
        by_subject.setdefault(image.subject, []).append(image)
    outlooks = list(outlooks)
    going = {image.digest for outlook in outlooks for image in outlook.acting}
    found = []
    for outlook in outlooks:
        own: list[Image] = []
        for subject in chain(outlook.acting, own):  # a signature of an SBOM goes with the SBOM
            new = [image for image in by_subject.get(subject.digest, ()) if image.digest not in going]
            own += new
            going.update(image.digest for image in new)
        found.append(replace(outlook, referrers=tuple(own)))
    return [
        replace(outlook, kept=tuple(image for image in outlook.kept if image.digest not in going)) for outlook in found
    ]


def rule_differences(run: DryRun, preview: LifecyclePreview) -> tuple[RuleDifference, ...]:
    """Return the images about which ECR and ecrtui differ, by digest."""
    here = {digest: (image.tags, rule.priority) for digest, (image, rule) in run.acting.items()}
    there = {image.digest: (image.tags, image.priority) for image in preview.images}
    return tuple(
        RuleDifference(digest, (here.get(digest) or there[digest])[0], ours, theirs)
        for digest in sorted(here.keys() | there.keys())
        if (ours := here.get(digest, ((), 0))[1]) != (theirs := there.get(digest, ((), 0))[1])
    )


def next_time(outlook: RuleOutlook, now: float) -> str:
    """Return when a rule acts on the image that comes next: "5 d", "next push"; empty if there is none."""
    if outlook.following is None:
        return ""
    return "next push" if (when := outlook.following_at) is None else format_short_duration(max(when - now, 0.0))


def outcome_words(outlook: RuleOutlook, now: float) -> str:
    """Return what a rule would do, in words: "expire 3 now", "expire pr-4711 in 5 d", "nothing: 18 of 40"."""
    rule, words = outlook.rule, []
    if outlook.acting:
        words.append(f"{rule.verb} {format_number(len(outlook.acting))} now")
    if outlook.following is not None:
        name = _name(rule, outlook.following)
        later = f"{'with the' if outlook.following_at is None else 'in'} {next_time(outlook, now)}"
        words.append(f"{'then' if words else rule.verb} {name} {later}")
    if outlook.of_unknown_age:
        words.append(f"{format_count(outlook.of_unknown_age, 'image')} of unknown age")
    if words:
        return ", ".join(words)
    if not outlook.selected:
        return "selects no image"
    return f"nothing: {format_number(outlook.selected)} of {rule.count_number:,}" if rule.counts_images else "nothing"


def referrer_doubt(count: int) -> str:
    """Return what is not known about referrers on which rules would act although their subject stays."""
    return f"referrers whose subject stays: {format_number(count)}; AWS does not document whether rules act on them"


def _name(rule: LifecycleRule, image: Image) -> str:
    """Return the tag by which the rule selects an image, else its first tag; of an untagged one the digest."""
    return next(filter(rule.names, image.tags), "") or next(iter(image.tags), "") or short_digest(image.digest)


def _exceeding(rule: LifecycleRule, selected: Sequence[Image], now: float) -> frozenset[str]:
    """Return the digests of the selected images that meet the criterion of the rule."""
    if rule.counts_images:
        return frozenset(image.digest for image in selected[rule.count_number :])
    return frozenset(image.digest for image in selected if (at := rule.due_at(image)) is not None and is_over(at, now))


def _following(
    rule: LifecycleRule, selected: Sequence[Image], kept: Iterable[Image]
) -> tuple[Image | None, float | None]:
    """Return the image on which the rule acts next, and when."""
    if rule.counts_images:
        last = selected[rule.count_number - 1 : rule.count_number]
        own = {image.digest for image in kept}
        return next((image for image in last if image.digest in own), None), None
    due = [(at, image.digest, image) for image in kept if (at := rule.due_at(image)) is not None]
    if not due:
        return None, None
    at, _, image = min(due, key=lambda one: one[:2])
    return image, at


def _oldest_first(image: Image) -> tuple[float, str]:
    return image.age_start or 0.0, image.digest
