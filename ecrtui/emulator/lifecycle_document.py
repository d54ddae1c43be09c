"""The document of a lifecycle policy: its validation, and the text that ECR returns for it.

The members are those of the user guide, "Lifecycle policy properties". AWS validates the document with a JSON schema
and returns the messages of its validator (json-schema-validator); the messages here are the same where reports name
them. The docs page "Behaviour of the embedded registry" has the reports.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from ecrtui.emulator.errors import ServiceError, constraint_violation
from ecrtui.emulator.json_text import parse_object
from ecrtui.emulator.lifecycle_policy import PolicyRule

MAX_RULES = 50
MAX_WILDCARDS = 4
MIN_DAYS_IN_ARCHIVE = 90
MAX_INTEGER = 2**31 - 1
"""The largest priority or count; the user guide names no limit."""

_ACTIONS = ({"type": "expire"}, {"type": "transition", "targetStorageClass": "archive"})
_COUNT_UNITS = {
    "imageCountMoreThan": None,
    "sinceImagePushed": "days",
    "sinceImagePulled": "days",
    "sinceImageTransitioned": "days",
}
"""The required ``countUnit`` by ``countType``; None if it must be absent."""


def parse_policy(text: str) -> list[PolicyRule]:
    """Parse the rules of a policy.

    Raises:
        ServiceError: InvalidParameterException with the reason.
    """
    rules = [_rule(entry) for entry in _rule_entries(text)]
    _check_together(rules)
    return rules


def stored_text(text: str) -> str:
    """Return the text that GetLifecyclePolicy returns for a valid policy: without spaces, rules by priority."""
    rules = sorted(_rule_entries(text), key=lambda entry: int(entry["rulePriority"]))
    return _compact({"rules": rules})


def _rule_entries(text: str) -> list[Any]:
    """Return the entries of ``rules``, not yet validated."""
    document = parse_object(text)
    if document is None or not _is_encodable(document):
        raise _invalid("Could not map policyString into LifecyclePolicy.")
    entries = document.get("rules")
    if not isinstance(entries, list):
        raise _missing(["rules"])
    _check_members(document, ("rules",))
    if not entries:
        raise _invalid("array is too short: must have at least 1 elements but instance has 0 elements")
    if len(entries) > MAX_RULES:
        raise _invalid(
            f"array is too long: must have at most {MAX_RULES} elements but instance has {len(entries)} elements"
        )
    return entries


def _rule(entry: Any) -> PolicyRule:
    _check_members(entry, ("action", "rulePriority", "selection"), ("description",))
    _check_type(entry.get("description", ""), "string")
    priority = _integer(entry["rulePriority"])
    selection, action = entry["selection"], entry["action"]
    _check_members(
        selection,
        ("countNumber", "countType", "tagStatus"),
        ("countUnit", "storageClass", "tagPatternList", "tagPrefixList"),
    )
    _check_type(action, "object")
    if action not in _ACTIONS:
        raise _no_match(len(_ACTIONS))
    rule = PolicyRule(
        priority=priority,
        tag_status=_one_of(selection["tagStatus"], ("any", "tagged", "untagged")),
        prefixes=_strings(selection, "tagPrefixList"),
        patterns=_strings(selection, "tagPatternList"),
        storage_class=_one_of(selection.get("storageClass", "standard"), ("archive", "standard")),
        count_type=_count_type(selection),
        count_number=_integer(selection["countNumber"]),
        action=action["type"],
    )
    _check_tags(rule)
    _check_storage_class(rule)
    return rule


def _count_type(selection: Mapping[str, Any]) -> str:
    """Return ``countType``; the schema of a selection has one alternative for each."""
    count_type = selection["countType"]
    _check_type(count_type, "string")
    archive = selection.get("storageClass") == "archive"
    if (
        count_type not in _COUNT_UNITS
        or selection.get("countUnit") != _COUNT_UNITS[count_type]
        or ("countUnit" in selection) is (_COUNT_UNITS[count_type] is None)
        or archive is not (count_type == "sinceImageTransitioned")
    ):
        raise _no_match(len(_COUNT_UNITS))
    return str(count_type)


def _check_tags(rule: PolicyRule) -> None:
    if rule.tag_status == "tagged" and not (rule.prefixes or rule.patterns):
        raise _invalid("Must specify tagPrefixList or tagPatternList when tagStatus=TAGGED.")
    if rule.prefixes and rule.patterns:
        raise _invalid("A rule can have tagPrefixList or tagPatternList, not both.")
    if rule.tag_status != "tagged" and (rule.prefixes or rule.patterns):
        raise _invalid("tagPrefixList and tagPatternList are only allowed when tagStatus=TAGGED.")
    if any(pattern.count("*") > MAX_WILDCARDS for pattern in rule.patterns):
        raise _invalid(f"A tag pattern can have at most {MAX_WILDCARDS} wildcards.")


def _check_storage_class(rule: PolicyRule) -> None:
    if rule.storage_class != "archive":
        return
    if rule.action == "transition":
        raise _invalid("Images in the archive cannot be archived.")
    if rule.count_number < MIN_DAYS_IN_ARCHIVE:
        raise _invalid(f"Images stay in the archive for at least {MIN_DAYS_IN_ARCHIVE} days.")


def _check_together(rules: Sequence[PolicyRule]) -> None:
    if len({rule.priority for rule in rules}) < len(rules):
        raise _invalid("Each rule must have a unique rulePriority.")
    for storage_class in ("standard", "archive"):
        group = [rule for rule in rules if rule.storage_class == storage_class]
        if sum(rule.tag_status == "untagged" for rule in group) > 1:
            raise _invalid("Only one rule can select Untagged images per storage class.")
        tags = [(frozenset(rule.prefixes), frozenset(rule.patterns)) for rule in group if rule.tag_status == "tagged"]
        if len(set(tags)) < len(tags):
            raise _invalid("Each rule must have a different tagPrefixList or tagPatternList.")
        last = max((rule.priority for rule in group), default=0)
        if any(rule.tag_status == "any" and rule.priority < last for rule in group):
            raise _invalid("Rule for tagStatus=ANY must have the lowest priority per storage class.")


def _check_members(value: Any, required: Collection[str], optional: Collection[str] = ()) -> None:
    """Check that a value is an object with the required members, and with no others than the optional ones."""
    _check_type(value, "object")
    missing = sorted(set(required) - value.keys())
    if missing:
        raise _missing(missing)
    unknown = sorted(value.keys() - {*required, *optional})
    if unknown:
        raise _invalid(f"object instance has properties which are not allowed by the schema: {_compact(unknown)}")


def _integer(value: Any) -> int:
    _check_type(value, "integer")
    if value < 1:
        raise _invalid(f"numeric instance is lower than the required minimum (minimum: 1, found: {_number(value)})")
    if value > MAX_INTEGER:
        raise _invalid(
            f"numeric instance is greater than the required maximum (maximum: {MAX_INTEGER}, found: {_number(value)})"
        )
    return int(value)


def _number(value: int) -> str:
    """Return a number as text; Python refuses to print more than some thousand digits."""
    return str(value) if abs(value) < 10**30 else "a number of more than 30 digits"


def _one_of(value: Any, values: Sequence[str]) -> str:
    if value not in values:
        raise _invalid(f"instance value ({_compact(value)}) not found in enum (possible values: {_compact(values)})")
    return str(value)


def _strings(selection: Mapping[str, Any], name: str) -> tuple[str, ...]:
    value = selection.get(name, [])
    _check_type(value, "array")
    for one in value:
        _check_type(one, "string")
        if not one:
            raise _invalid('string "" is too short (length: 0, required minimum: 1)')
    return tuple(dict.fromkeys(value))


def _check_type(value: Any, expected: str) -> None:
    found = _type_name(value)
    if found != expected:
        raise _invalid(f'instance type ({found}) does not match any allowed primitive type (allowed: ["{expected}"])')


def _type_name(value: Any) -> str:
    """Return the name of a JSON type, as JSON Schema has it."""
    if value is None:
        return "null"
    names = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object"}
    return names[type(value)]


def _is_encodable(document: object) -> bool:
    try:
        _compact(document).encode()
    except (UnicodeEncodeError, ValueError):  # a lone surrogate, or an integer with thousands of digits
        return False
    return True


def _compact(document: object) -> str:
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False)


def _missing(names: Sequence[str]) -> ServiceError:
    return _invalid(f"object has missing required properties ({_compact(names)})")


def _no_match(schemas: int) -> ServiceError:
    return _invalid(f"instance failed to match exactly one schema (matched 0 out of {schemas})")


def _invalid(problem: str) -> ServiceError:
    return constraint_violation("LifecyclePolicyText", f"Lifecycle policy validation failure: {problem}")
