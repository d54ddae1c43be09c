"""Lifecycle policies: the examples and rules of the user guide, and invariants of every evaluation."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ecrtui.emulator.lifecycle_document import parse_policy
from ecrtui.emulator.lifecycle_policy import DAY, PolicyImage, evaluate

NOW = 1_000 * DAY


def image(name: str, *tags: str, age: float = 0, **options: Any) -> PolicyImage:
    """Return an image that was pushed ``age`` days ago."""
    return PolicyImage(name, tags, NOW - age * DAY, **options)


def rule(priority: int, number: int, *, count: str = "imageCountMoreThan", **options: Any) -> dict[str, Any]:
    """Return a rule that expires images; ``prefixes`` or ``patterns`` make it a rule for tagged images."""
    selection: dict[str, Any] = {"tagStatus": options.pop("tags", "any"), "countType": count, "countNumber": number}
    for name, key in (("prefixes", "tagPrefixList"), ("patterns", "tagPatternList")):
        if name in options:
            selection |= {"tagStatus": "tagged", key: options.pop(name)}
    if count.startswith("since"):
        selection["countUnit"] = "days"
    action = options.pop("action", {"type": "expire"})
    return {"rulePriority": priority, "selection": {**selection, **options}, "action": action}


def acting_rules(images: list[PolicyImage], *rules: dict[str, Any]) -> dict[str, int]:
    """Return the priority of the rule that would act, by image."""
    policy = parse_policy(json.dumps({"rules": list(rules)}))
    return {found.digest: rule.priority for found, rule in evaluate(policy, images, NOW)}


def test_images_older_than_the_limit_expire() -> None:
    images = [image("young", age=13), image("old", age=15), image("tagged", "prod", age=20)]
    assert acting_rules(images, rule(1, 14, count="sinceImagePushed", tags="untagged")) == {"old": 1}


def test_a_rule_that_counts_keeps_the_youngest_images() -> None:
    images = [image(name, age=age) for name, age in (("a", 3), ("b", 1), ("c", 2))]
    assert acting_rules(images, rule(1, 1)) == {"a": 1, "c": 1}


def test_an_image_needs_a_tag_for_every_prefix() -> None:
    """User guide: "If you specify multiple tags, only the images with all specified tags are selected"."""
    images = [
        image("both", "alpha-1", "beta-1", age=5),
        image("alpha", "alpha-2", age=6),
        image("beta", "beta-2", age=7),
    ]
    policy = rule(1, 1, count="sinceImagePushed", prefixes=["alpha", "beta"])
    assert acting_rules(images, policy) == {"both": 1}


def test_a_pattern_is_a_wildcard_over_the_whole_tag() -> None:
    images = [image("a", "prod-1", age=5), image("b", "preprod-1", age=5), image("c", "prod-1-x", age=5)]
    assert acting_rules(images, rule(1, 1, count="sinceImagePushed", patterns=["prod*-1"])) == {"a": 1}
    assert acting_rules(images, rule(1, 1, count="sinceImagePushed", patterns=["prod-*"])) == {"a": 1, "c": 1}
    assert acting_rules(images, rule(1, 1, count="sinceImagePushed", patterns=["*prod*"])) == {"a": 1, "b": 1, "c": 1}


def test_the_user_guides_example_of_two_prefixes_by_priority() -> None:
    """Examples of lifecycle policies, "Filtering on multiple rules": the order of the rules decides about B."""
    images = [
        image("A", "beta-1", "prod-1", age=10),
        image("B", "beta-2", "prod-2", age=9),
        image("C", "beta-3", age=8),
    ]
    assert acting_rules(images, rule(1, 1, prefixes=["prod"]), rule(2, 1, prefixes=["beta"])) == {"A": 1}
    assert acting_rules(images, rule(1, 1, prefixes=["beta"]), rule(2, 1, prefixes=["prod"])) == {"A": 1, "B": 1}


def test_a_rule_for_any_image_skips_images_of_earlier_rules() -> None:
    """User guide: a rule of lower priority cannot expire an image that a rule of higher priority matches by tags."""
    images = [
        image("A", "alpha-1", age=12),
        image("B", "beta-1", age=11),
        image("C", "alpha-2", age=10),
        image("D", "git-hash", age=9),
        image("E", age=8),
    ]
    policy = [rule(1, 5, prefixes=["alpha"]), rule(2, 1, tags="untagged"), rule(3, 1)]
    assert acting_rules(images, *policy) == {"B": 3, "D": 3}


def test_the_age_of_a_never_pulled_image_starts_at_its_push() -> None:
    images = [
        image("pulled", age=90, pulled_at=NOW - DAY),
        image("long ago", age=90, pulled_at=NOW - 60 * DAY),
        image("never", age=90),
        image("new", age=1),
    ]
    assert acting_rules(images, rule(1, 30, count="sinceImagePulled")) == {"long ago": 1, "never": 1}


def test_the_age_of_a_restored_image_starts_at_its_restore() -> None:
    images = [image("back", age=90, archived_at=NOW - 30 * DAY, activated_at=NOW - DAY), image("old", age=90)]
    assert acting_rules(images, rule(1, 14, count="sinceImagePushed")) == {"old": 1}
    assert acting_rules(images, rule(1, 14, count="sinceImagePulled")) == {"old": 1}


def test_only_archive_rules_apply_to_archived_images() -> None:
    images = [
        image("archived", age=900, status="ARCHIVED", archived_at=NOW - 100 * DAY),
        image("lately", age=900, status="ARCHIVED", archived_at=NOW - 10 * DAY),
        image("active", age=900),
    ]
    archive = {"type": "transition", "targetStorageClass": "archive"}
    policy = [
        rule(1, 30, count="sinceImagePushed", action=archive),
        rule(2, 90, count="sinceImageTransitioned", storageClass="archive"),
    ]
    assert acting_rules(images, *policy) == {"active": 1, "archived": 2}


def test_an_image_in_an_index_does_not_expire() -> None:
    images = [image("child", age=90, referenced=True), image("index", "multi", age=90)]
    assert acting_rules(images, rule(1, 30, count="sinceImagePushed")) == {"index": 1}


tag_lists = st.lists(st.sampled_from(["prod-1", "prod-2", "dev-1", "latest"]), max_size=3, unique=True)
images_strategy = st.lists(
    st.builds(
        lambda tags, age, referenced: (tuple(tags), age, referenced), tag_lists, st.integers(0, 50), st.booleans()
    ),
    max_size=12,
).map(
    lambda found: [
        image(str(number), *tags, age=age, referenced=referenced)
        for number, (tags, age, referenced) in enumerate(found)
    ]
)


@given(images_strategy, st.integers(1, 10), st.integers(1, 40))
def test_every_evaluation_keeps_its_invariants(images: list[PolicyImage], keep: int, days: int) -> None:
    policy = parse_policy(
        json.dumps({"rules": [rule(1, keep, prefixes=["prod"]), rule(2, days, count="sinceImagePushed")]})
    )
    marked = evaluate(policy, images, NOW)
    digests = [found.digest for found, _ in marked]
    assert len(digests) == len(set(digests)), "by one rule or none"
    assert not any(found.referenced for found, _ in marked)
    for found, by in marked:
        is_prod = any(tag.startswith("prod") for tag in found.tags)
        assert (by.priority == 1) is is_prod
        assert by.priority == 1 or found.pushed_at < NOW - days * DAY
    prod = [found for found in images if any(tag.startswith("prod") for tag in found.tags)]
    assert sum(by.priority == 1 for _, by in marked) <= max(0, len(prod) - keep)
    assert [found.pushed_at for found, _ in marked] == sorted(found.pushed_at for found, _ in marked)
