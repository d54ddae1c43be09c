"""Lifecycle policies: parsing, and evaluation of the images that a policy would expire or archive.

User guide, "Lifecycle policy properties" and "Lifecycle policy evaluation rules".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ecrtui.emulator.errors import ServiceError, constraint_violation
from ecrtui.emulator.json_text import parse_json
from ecrtui.emulator.wildcards import matches_wildcard

MAX_RULES = 50
MAX_WILDCARDS = 4
MIN_DAYS_IN_ARCHIVE = 90
MAX_INTEGER = 2**31 - 1
"""The largest priority or count; the user guide names no limit."""
DAY = 24 * 3600.0

_SINCE = ("sinceImagePushed", "sinceImagePulled", "sinceImageTransitioned")
_COUNT_TYPES = ("imageCountMoreThan", *_SINCE)


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


def parse_policy(text: str) -> list[PolicyRule]:
    """Parse the rules of a policy.

    Raises:
        ServiceError: InvalidParameterException with the reason.
    """
    document = parse_json(text)
    if document is None:
        raise _invalid("the policy is not valid JSON")
    entries = document.get("rules") if isinstance(document, dict) else None
    if not isinstance(entries, list) or not entries:
        raise _invalid('object has missing required properties (["rules"])')
    if len(entries) > MAX_RULES:
        raise _invalid(f"a policy has at most {MAX_RULES} rules")
    rules = [_rule(entry) for entry in entries]
    _check_together(rules)
    return rules


def _rule(entry: Any) -> PolicyRule:
    priority = _integer(entry, "rulePriority")
    selection, action = _object(entry, "selection"), _object(entry, "action")
    count_type = _one_of(selection, "countType", _COUNT_TYPES)
    rule = PolicyRule(
        priority=priority,
        tag_status=_one_of(selection, "tagStatus", ("tagged", "untagged", "any")),
        prefixes=_strings(selection, "tagPrefixList"),
        patterns=_strings(selection, "tagPatternList"),
        storage_class=_one_of(selection, "storageClass", ("standard", "archive"), "standard"),
        count_type=count_type,
        count_number=_integer(selection, "countNumber"),
        action=_one_of(action, "type", ("expire", "transition")),
    )
    unit = selection.get("countUnit")
    if unit != ("days" if count_type in _SINCE else None):
        raise _invalid(
            f"countUnit must be {'days' if count_type in _SINCE else 'absent'} when countType is {count_type}"
        )
    if rule.action == "transition" and action.get("targetStorageClass") != "archive":
        raise _invalid("a transition needs the targetStorageClass archive")
    _check_tags(rule)
    _check_storage_class(rule)
    return rule


def _check_tags(rule: PolicyRule) -> None:
    given = [name for name, value in (("tagPrefixList", rule.prefixes), ("tagPatternList", rule.patterns)) if value]
    if rule.tag_status == "tagged" and len(given) != 1:
        raise _invalid("either tagPrefixList or tagPatternList, and not both, must be given when tagStatus is tagged")
    if rule.tag_status != "tagged" and given:
        raise _invalid(f"{given[0]} cannot be given when tagStatus is {rule.tag_status}")
    if any(pattern.count("*") > MAX_WILDCARDS for pattern in rule.patterns):
        raise _invalid(f"a tag pattern has at most {MAX_WILDCARDS} wildcards")


def _check_storage_class(rule: PolicyRule) -> None:
    transitioned = rule.count_type == "sinceImageTransitioned"
    if transitioned is not (rule.storage_class == "archive"):
        raise _invalid("countType sinceImageTransitioned and storageClass archive are only for each other")
    if rule.action == "transition" and rule.storage_class == "archive":
        raise _invalid("images in the archive cannot be archived")
    if transitioned and rule.count_number < MIN_DAYS_IN_ARCHIVE:
        raise _invalid(f"images stay in the archive for at least {MIN_DAYS_IN_ARCHIVE} days")


def _check_together(rules: Sequence[PolicyRule]) -> None:
    if len({rule.priority for rule in rules}) < len(rules):
        raise _invalid("every rulePriority must be unique")
    for storage_class in ("standard", "archive"):
        group = [rule for rule in rules if rule.storage_class == storage_class]
        if sum(rule.tag_status == "untagged" for rule in group) > 1:
            raise _invalid("only one rule can select untagged images")
        tag_sets = [
            (frozenset(rule.prefixes), frozenset(rule.patterns)) for rule in group if rule.tag_status == "tagged"
        ]
        if len(set(tag_sets)) < len(tag_sets):
            raise _invalid("the rules must have different tag prefixes or patterns")
        last = max((rule.priority for rule in group), default=0)
        if any(rule.tag_status == "any" and rule.priority < last for rule in group):
            raise _invalid("a rule with tagStatus any must have the highest rulePriority")


def _object(entry: Any, name: str) -> Mapping[str, Any]:
    value = entry.get(name) if isinstance(entry, dict) else None
    if not isinstance(value, dict):
        raise _invalid(f'object has missing required properties (["{name}"])')
    return value


def _integer(entry: Any, name: str) -> int:
    value = entry.get(name) if isinstance(entry, dict) else None
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise _invalid(f"{name} must be an integer of at least 1")
    if value > MAX_INTEGER:
        raise _invalid(f"{name} must be at most {MAX_INTEGER}")
    return value


def _one_of(entry: Mapping[str, Any], name: str, values: Sequence[str], default: str | None = None) -> str:
    value = entry.get(name, default)
    if value not in values:
        raise _invalid(f"{name} must be one of {', '.join(values)}")
    return str(value)


def _strings(entry: Mapping[str, Any], name: str) -> tuple[str, ...]:
    value = entry.get(name, [])
    if not isinstance(value, list) or not all(isinstance(one, str) and one for one in value):
        raise _invalid(f"{name} must be a list of strings")
    return tuple(value)


def _invalid(problem: str) -> ServiceError:
    return constraint_violation("LifecyclePolicyText", f"Lifecycle policy validation failure: {problem}")
