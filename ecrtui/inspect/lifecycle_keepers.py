"""What keeps an image that a lifecycle rule would expire or archive. Nothing is changed.

The first rule that selects an image decides about it (see :mod:`ecrtui.ecr.lifecycle`). So another tag keeps an image
only if no rule selects the image then, or first a rule that is within its limit. One more tag does not take an image
from a rule for a tag that it has, nor from a rule for ``any`` image, unless a rule of higher priority selects that tag.
"""

from __future__ import annotations

from dataclasses import replace

from ecrtui.ecr.image import Image
from ecrtui.ecr.lifecycle import CountType, LifecycleRule, is_over, rank_among
from ecrtui.ecr.units import format_names
from ecrtui.inspect.lifecycle import DryRun

_NEW_TAG = "\ue000"
"""A tag that no prefix matches, and no pattern but those of wildcards alone: ECR accepts no such character."""

MAX_TAGS = 2
"""Tags to remove that a text names."""


def keeping_rule(run: DryRun, image: Image) -> str:
    """Return the rule that keeps an image which is beyond the limit of another rule: "rule 1: newest 40"."""
    rule = run.policy.matching_rule(image)
    return "" if rule is None else f"rule {rule.priority}: {rule.limit}"


def possible_keeper(run: DryRun, rule: LifecycleRule, image: Image) -> str:
    """Return what would keep an image on which a rule acts.

    Args:
        run: the dry run in which the rule acts on the image.
        rule: the rule.
        image: the image.
    """
    if image.subject in run.acting_digests:
        return "its subject"
    if rule.storage_class == "archive":
        return "a restore from the archive"
    tagged = replace(image, tags=(*image.tags, _NEW_TAG))
    if (kept := _keeping(run, tagged)) is not None:
        return "a tag that no rule selects" if kept == "" else f"{kept}: any tag"
    for other in run.policy.rules:
        if other.tag_status == "tagged" and (other.priority < rule.priority or rule.tag_status == "untagged"):
            wanted = (f"{start}{_NEW_TAG}" for start in other.prefixes)
            matching = (pattern.replace("*", _NEW_TAG) for pattern in other.patterns)
            if kept := _keeping(run, replace(image, tags=(*image.tags, *wanted, *matching))):
                return f"{kept}: a tag {other.tags}"
    others = tuple(tag for tag in image.tags if not rule.names(tag))
    if others and _keeping(run, replace(image, tags=others)) is not None:
        return f"the removal of {format_names((tag for tag in image.tags if tag not in others), MAX_TAGS)}"
    return "a pull" if rule.count_type is CountType.SINCE_PULLED else "another policy"


def _keeping(run: DryRun, image: Image) -> str | None:
    """Return the rule that keeps an image with these tags now; empty if no rule selects it, None if one acts on it."""
    rule = run.policy.matching_rule(image)
    if rule is None:
        return ""
    if rule.counts_images:
        stays = rank_among(run.counted[rule.priority], image) <= rule.count_number
    else:
        due = rule.due_at(image)
        stays = due is not None and not is_over(due, run.now)
    return f"rule {rule.priority}" if stays else None
