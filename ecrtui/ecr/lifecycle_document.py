"""The document of a lifecycle policy: its rules, or what ECR would refuse about it.

Members and their values: user guide of ECR, "Lifecycle policy properties", and "Archive an image" for the 90 days in
the archive. The largest length and number of rules: "Amazon ECR service quotas". ECR checks a document with a schema
that is not public. Reports of its errors show that it accepts no other members, not even with the value null, and no
``countUnit`` beside imageCountMoreThan (cloudposse/terraform-aws-ecr#158, cloud-custodian/cloud-custodian#5597), and
that the limits of ``any`` and ``untagged`` hold for each storage class (docs/embedded-registry-behaviour.md, C13, C14).
Not documented: the largest number, here 32 bits, and the longest description, here without a limit.

The embedded registry, which is independent of the application, has these rules a second time. A test compares both.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping, Sequence
from typing import Any

from ecrtui.ecr.json_values import parse_json, to_text
from ecrtui.ecr.lifecycle import CountType, LifecyclePolicy, LifecycleRule

MAX_LENGTH = 30_720
MAX_RULES = 50
MAX_WILDCARDS = 4
MIN_DAYS_IN_ARCHIVE = 90
MAX_NUMBER = 2**31 - 1


def parse_policy(text: str) -> LifecyclePolicy:
    """Parse a policy document; never raise. An empty text is a policy without rules."""
    if not text:
        return LifecyclePolicy()
    try:
        return LifecyclePolicy(tuple(sorted(_rules(text), key=lambda rule: rule.priority)))
    except ValueError as problem:
        return LifecyclePolicy(problem=f"the lifecycle policy is invalid: {problem}")


def _rules(text: str) -> Sequence[LifecycleRule]:
    if len(text) > MAX_LENGTH:
        raise ValueError(f"it has {len(text):,} characters; ECR accepts {MAX_LENGTH:,}")
    if text.startswith("\ufeff"):
        raise ValueError("it begins with a byte order mark, which ECR does not accept")
    document = _object(parse_json(text), "the document", ("rules",))
    entries = _list(document["rules"], "rules")
    if not 0 < len(entries) <= MAX_RULES:
        raise ValueError(f"it has {len(entries):,} rules; ECR accepts 1 to {MAX_RULES}")
    rules = [_rule(entry, f"rules[{index}]") for index, entry in enumerate(entries)]
    _check_together(rules)
    return rules


def _rule(value: object, name: str) -> LifecycleRule:
    entry = _object(value, name, ("rulePriority", "selection", "action"), ("description",))
    where = f"{name}.selection"
    selection = _object(
        entry["selection"],
        where,
        ("tagStatus", "countType", "countNumber"),
        ("tagPrefixList", "tagPatternList", "countUnit", "storageClass"),
    )
    rule = LifecycleRule(
        priority=_number(entry, "rulePriority", name),
        tag_status=_one_of(selection, "tagStatus", where, ("tagged", "untagged", "any")),
        count_type=CountType(_one_of(selection, "countType", where, tuple(CountType))),
        count_number=_number(selection, "countNumber", where),
        prefixes=_texts(selection, "tagPrefixList", where),
        patterns=_texts(selection, "tagPatternList", where),
        storage_class=_one_of(selection, "storageClass", where, ("standard", "archive"), "standard"),
        action=_action(entry["action"], f"{name}.action"),
        description=_text(entry.get("description", ""), f"{name}.description"),
    )
    if not rule.counts_images:
        _one_of(selection, "countUnit", where, ("days",))
    elif "countUnit" in selection:
        raise ValueError(f"{where}.countUnit does not go with countType {rule.count_type}")
    _check_tags(rule, where)
    _check_storage_class(rule, where)
    return rule


def _action(value: object, name: str) -> str:
    entry = _object(value, name, ("type",), ("targetStorageClass",))
    action = _one_of(entry, "type", name, ("expire", "transition"))
    if action == "transition":
        _one_of(entry, "targetStorageClass", name, ("archive",))
    elif "targetStorageClass" in entry:
        raise ValueError(f"{name}.targetStorageClass does not go with type {action}")
    return action


def _check_tags(rule: LifecycleRule, where: str) -> None:
    names_tags = bool(rule.prefixes or rule.patterns)
    if rule.prefixes and rule.patterns:
        raise ValueError(f"{where} has tagPrefixList and tagPatternList; ECR accepts one of them")
    if names_tags is not (rule.tag_status == "tagged"):
        raise ValueError(f"{where}: tagPrefixList or tagPatternList goes with tagStatus tagged, and with no other")
    if any(pattern.count("*") > MAX_WILDCARDS for pattern in rule.patterns):
        raise ValueError(f"{where}.tagPatternList has a pattern with more than {MAX_WILDCARDS} wildcards")


def _check_storage_class(rule: LifecycleRule, where: str) -> None:
    archive = rule.storage_class == "archive"
    if archive is not (rule.count_type is CountType.SINCE_TRANSITIONED):
        raise ValueError(f"{where}: storageClass archive and countType {CountType.SINCE_TRANSITIONED} go together")
    if archive and rule.action == "transition":
        raise ValueError(f"{where}: images in the archive cannot be archived")
    if archive and rule.count_number < MIN_DAYS_IN_ARCHIVE:
        raise ValueError(
            f"{where}.countNumber is {rule.count_number}; images stay {MIN_DAYS_IN_ARCHIVE} days or more in the archive"
        )


def _check_together(rules: Sequence[LifecycleRule]) -> None:
    if _has_equal([rule.priority for rule in rules]):
        raise ValueError("two rules have the same rulePriority")
    for storage_class in ("standard", "archive"):
        group = [rule for rule in rules if rule.storage_class == storage_class]
        if sum(rule.tag_status == "untagged" for rule in group) > 1:
            raise ValueError(f"two rules select untagged images of the storage class {storage_class}")
        tagged = [rule for rule in group if rule.tag_status == "tagged"]
        if _has_equal([(frozenset(rule.prefixes), frozenset(rule.patterns)) for rule in tagged]):
            raise ValueError(f"two rules select the same tags of the storage class {storage_class}")
        last = max((rule.priority for rule in group), default=0)
        if any(rule.tag_status == "any" and rule.priority < last for rule in group):
            raise ValueError("the rule with tagStatus any needs the highest rulePriority of its storage class")


def _has_equal(values: Sequence[Hashable]) -> bool:
    return len(set(values)) < len(values)


def _object(value: object, name: str, required: Collection[str], optional: Collection[str] = ()) -> Mapping[str, Any]:
    """Return an object that has the required members, and no others than the optional ones."""
    if not isinstance(value, dict):
        raise _refused(name, value, "an object")
    for member in required:
        if member not in value:
            raise ValueError(f"{name} has no {member}")
    for member in value:
        if member not in (*required, *optional):
            raise ValueError(f"{name} has the member {_shown(member)}, which ECR does not accept")
    return value


def _one_of(members: Mapping[str, Any], member: str, where: str, values: Sequence[str], default: str = "") -> str:
    if member not in members and not default:
        raise ValueError(f"{where} has no {member}")
    value = members.get(member, default)
    if value not in values:
        raise _refused(f"{where}.{member}", value, ", ".join(values))
    return str(value)


def _number(members: Mapping[str, Any], member: str, where: str) -> int:
    value = members[member]
    if type(value) is not int or not 0 < value <= MAX_NUMBER:
        raise _refused(f"{where}.{member}", value, "a whole number from 1")
    return value


def _texts(members: Mapping[str, Any], member: str, where: str) -> tuple[str, ...]:
    name = f"{where}.{member}"
    texts = [_text(value, name) for value in _list(members.get(member, []), name)]
    if "" in texts:
        raise ValueError(f"{name} has an empty text")
    return tuple(dict.fromkeys(texts))


def _list(value: object, name: str) -> list[Any]:
    if not isinstance(value, list):
        raise _refused(name, value, "a list")
    return value


def _text(value: object, name: str) -> str:
    if not isinstance(value, str):
        raise _refused(name, value, "a text")
    if to_text(value) != value:
        raise ValueError(f"{name} has half of a surrogate pair, which is not a character")
    return value


def _refused(name: str, value: object, accepted: str) -> ValueError:
    return ValueError(f"{name} is {_shown(value)}; ECR accepts {accepted}")


def _shown(value: object) -> str:
    """Return the start of a value."""
    return repr(to_text(value)[:20]) if isinstance(value, str) else "null" if value is None else to_text(value)[:20]
