"""Policy documents of repositories and registries: their grammar, the text that ECR returns, what they permit.

IAM user guide, "Grammar of the IAM JSON policy language". A repository policy names no resource
(awsdocs/amazon-ecr-user-guide#20).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from ecrtui.emulator.errors import constraint_violation
from ecrtui.emulator.json_text import parse_object

Kind = Literal["repository", "registry"]
Effect = Literal["Allow", "Deny"]

_VERSIONS = ("2012-10-17", "2008-10-17")
_POLICY_MEMBERS = frozenset({"Version", "Id", "Statement"})
_STATEMENT_MEMBERS = frozenset(
    {"Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"}
)
_PRINCIPAL_TYPES = frozenset({"AWS", "Service", "Federated", "CanonicalUser"})
_ACTION = re.compile(r"\*|[A-Za-z0-9-]+:[A-Za-z0-9*?]+")
_ACCOUNT = re.compile(r"(?:arn:[a-z-]+:iam::)?(\d{12})(?::root)?")


def parse_policy(text: str, kind: Kind) -> dict[str, Any]:
    """Parse a policy.

    Raises:
        ServiceError: InvalidParameterException; the text is not a policy of this kind.
    """
    document = _read(text, kind)
    if document is None:
        raise constraint_violation("PolicyText", f"Invalid {kind} policy provided")
    return document


def format_policy(document: Mapping[str, Any]) -> str:
    """Return the text that ECR returns for a policy, whatever the text that it received.

    Objects are indented by two spaces, lists are on one line, and a list of one action, resource or principal is a text
    (recorded answers of cloud-custodian; the examples of set-repository-policy in the AWS CLI).
    """
    statements = _statements(document)
    return _formatted({**document, "Statement": [_without_short_lists(one) for one in statements]}, "")


def decision(text: str, kind: Kind, *, caller: str, action: str, resource: str) -> Effect | None:
    """Return the effect of a policy for one request; None if no statement is about it, or the text is not a policy.

    Statements with a condition have no effect here: the embedded registry knows no conditions.

    Args:
        caller: the ARN of the caller.
        action: such as ``ecr:PutImage``.
        resource: the ARN of the repository. A statement without resources is about every one.
    """
    effects = {
        statement["Effect"]
        for statement in _statements(_read(text, kind) or {})
        if "Condition" not in statement
        and _selects_caller(statement, caller)
        and _selects(statement, "Action", action)
        and _selects(statement, "Resource", resource)
    }
    return "Deny" if "Deny" in effects else "Allow" if effects else None


def _read(text: str, kind: Kind) -> dict[str, Any] | None:
    """Return a policy; None if the text is not a policy of this kind."""
    document = parse_object(text)
    return document if document is not None and _is_policy(document, kind) else None


def _is_policy(document: Mapping[str, Any], kind: Kind) -> bool:
    if not document.keys() <= _POLICY_MEMBERS or document.get("Version", _VERSIONS[0]) not in _VERSIONS:
        return False
    if not isinstance(document.get("Id", ""), str):
        return False
    statements = _statements(document)
    if not statements or not all(isinstance(one, dict) for one in statements):
        return False
    names = [one["Sid"] for one in statements if "Sid" in one]
    distinct = all(isinstance(name, str) for name in names) and len(set(names)) == len(names)
    return distinct and all(_is_statement(one, kind) for one in statements)


def _is_statement(statement: Mapping[str, Any], kind: Kind) -> bool:
    return (
        statement.keys() <= _STATEMENT_MEMBERS
        and statement.get("Effect") in ("Allow", "Deny")
        and _has_one(statement, "Action", _is_action)
        and _has_one(statement, "Principal", _is_principal)
        and (
            not statement.keys() & {"Resource", "NotResource"}
            if kind == "repository"
            else _has_one(statement, "Resource", _is_texts)
        )
        and _is_condition(statement.get("Condition", {}))
    )


def _has_one(statement: Mapping[str, Any], name: str, check: Callable[[Any], bool]) -> bool:
    """Return True if the statement has this element or its opposite, not both, and the value is valid."""
    values = [statement[member] for member in (name, f"Not{name}") if member in statement]
    return len(values) == 1 and check(values[0])


def _is_texts(value: Any) -> bool:
    entries = value if isinstance(value, list) else [value]
    return bool(entries) and all(isinstance(entry, str) and entry for entry in entries)


def _is_action(value: Any) -> bool:
    return _is_texts(value) and all(_ACTION.fullmatch(entry) for entry in _texts(value))


def _is_principal(value: Any) -> bool:
    if isinstance(value, dict):
        return bool(value) and value.keys() <= _PRINCIPAL_TYPES and all(_is_texts(entry) for entry in value.values())
    return bool(value == "*")


def _is_condition(value: Any) -> bool:
    if not isinstance(value, dict) or not all(isinstance(keys, dict) for keys in value.values()):
        return False
    return all(_is_condition_value(entry) for keys in value.values() for entry in keys.values())


def _is_condition_value(value: Any) -> bool:
    return all(isinstance(entry, (str, int, float)) for entry in (value if isinstance(value, list) else [value]))


def _statements(document: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    value = document.get("Statement")
    return value if isinstance(value, list) else [value] if isinstance(value, dict) else []


def _texts(value: str | list[str]) -> list[str]:
    return value if isinstance(value, list) else [value]


def _selects(statement: Mapping[str, Any], name: str, asked: str) -> bool:
    if name in statement:
        return any(_matches(pattern, asked) for pattern in _texts(statement[name]))
    return not any(_matches(pattern, asked) for pattern in _texts(statement.get(f"Not{name}", [])))


def _selects_caller(statement: Mapping[str, Any], caller: str) -> bool:
    named = statement.get("Principal", statement.get("NotPrincipal"))
    patterns = ["*"] if named == "*" else _texts(named.get("AWS", []) if named else [])
    account = caller.split(":")[4]
    found = any(
        pattern in ("*", caller) or ((match := _ACCOUNT.fullmatch(pattern)) is not None and match[1] == account)
        for pattern in patterns
    )
    return found is ("Principal" in statement)


def _matches(pattern: str, text: str) -> bool:
    """Return True if an IAM pattern matches the whole text: ``*`` is any text, ``?`` one character, case is ignored.

    A regular expression could take exponential time for a hostile pattern.
    """
    pattern, text = pattern.lower(), text.lower()
    position = index = 0
    star, resume = -1, 0
    while index < len(text):
        if position < len(pattern) and pattern[position] == "*":
            star, resume = position, index
            position += 1
        elif position < len(pattern) and pattern[position] in ("?", text[index]):
            position, index = position + 1, index + 1
        elif star >= 0:
            resume += 1
            position, index = star + 1, resume
        else:
            return False
    return not pattern[position:].strip("*")


def _without_short_lists(statement: Mapping[str, Any]) -> dict[str, Any]:
    written = {}
    for name, value in statement.items():
        if name in ("Principal", "NotPrincipal") and isinstance(value, dict):
            written[name] = {kind: _shortened(entry) for kind, entry in value.items()}
        else:
            written[name] = _shortened(value)
    return written


def _shortened(value: Any) -> Any:
    return value[0] if isinstance(value, list) and len(value) == 1 else value


def _formatted(value: Any, margin: str) -> str:
    """Return JSON as ECR lays it out."""
    if isinstance(value, dict):
        members = [f"{json.dumps(name)} : {_formatted(entry, margin + '  ')}" for name, entry in value.items()]
        lines = ",".join(f"\n{margin}  {member}" for member in members)
        return f"{{{lines}\n{margin}}}" if members else "{ }"
    if isinstance(value, list):
        return f"[ {', '.join(_formatted(entry, margin) for entry in value)} ]" if value else "[ ]"
    return json.dumps(value)
