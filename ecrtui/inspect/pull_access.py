"""Who may pull from a repository, as its policy and that of the registry say, in words.

A pull needs ``ecr:BatchGetImage`` for manifests and ``ecr:GetDownloadUrlForLayer`` for layers. Principals of the
account of the repository need no repository policy: their IAM policies suffice. Those of other accounts need both (IAM
user guide, "Policy evaluation logic"). The policy of the registry can allow them to use all its repositories, or those
that it names (ECR user guide, "Private registry permissions", scope V2).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from ecrtui.ecr.exact_json import parse_exact

_READS = {"manifests": "ecr:BatchGetImage", "layers": "ecr:GetDownloadUrlForLayer"}
"""What a pull reads, and the action for it."""

_EFFECTS = {"allow": "allowed", "deny": "denied"}

_ROOT = re.compile(r"arn:[^:]*:iam::(\d{12}):root|(\d{12})")
"""The principal that stands for a whole account."""


def pull_access(policy: str, of_registry: str, account: str, arn: str) -> dict[str, str]:
    """Return who may pull: principals, each with what the policy says of it.

    Args:
        policy: the text of the repository policy; empty if there is none.
        of_registry: the text of the registry policy; empty if there is none.
        account: the account of the repository.
        arn: the ARN of the repository.

    Raises:
        ValueError: a text is not a policy.
    """
    reads: dict[tuple[str, str, str], set[str]] = {}
    about_it = (statement for statement in _statements(of_registry) if _is_about(statement, arn))
    for statement in (*_statements(policy), *about_it):
        for principal in _principals(statement):
            key = (principal, str(statement.get("Effect")).lower(), _conditions(statement))
            reads.setdefault(key, set()).update(name for name, action in _READS.items() if _selects(statement, action))
    found: dict[str, str] = {f"principals of {account}": "as their IAM policies say"}
    for (principal, effect, conditions), names in reads.items():
        if names:
            only = "" if len(names) == len(_READS) else f", {', '.join(names)} only"
            words = f"{_EFFECTS.get(effect, effect)}{only}{conditions}"
            found[principal] = f"{found[principal]}; {words}" if principal in found else words
    return found


def _statements(policy: str) -> Sequence[Mapping[str, Any]]:
    if not policy:
        return []
    document = parse_exact(policy)
    statements = document.get("Statement") if isinstance(document, dict) else None
    entries: list[Any] = statements if isinstance(statements, list) else [statements]
    if not all(isinstance(entry, dict) for entry in entries):
        raise ValueError("not a policy")
    return entries


def _is_about(statement: Mapping[str, Any], arn: str) -> bool:
    """Return True if a statement of a registry policy is about a repository."""
    name = "NotResource" if "NotResource" in statement else "Resource"
    patterns = (text.replace("[", "[[]") for text in _texts(statement.get(name)))
    return any(fnmatchcase(arn, pattern) for pattern in patterns) is (name == "Resource")


def _selects(statement: Mapping[str, Any], action: str) -> bool:
    """Return True if a statement is about an action. Actions have wildcards, and no case."""
    name = "NotAction" if "NotAction" in statement else "Action"
    patterns = (text.lower().replace("[", "[[]") for text in _texts(statement.get(name)))
    return any(fnmatchcase(action.lower(), pattern) for pattern in patterns) is (name == "Action")


def _principals(statement: Mapping[str, Any]) -> Iterator[str]:
    excluded = statement.get("NotPrincipal")
    if excluded is not None:
        yield f"everyone but {', '.join(_named(excluded))}"
    else:
        yield from _named(statement.get("Principal"))


def _named(principals: object) -> Iterator[str]:
    """Yield the principals of an element ``Principal`` in words."""
    kinds = principals if isinstance(principals, dict) else {"AWS": principals}
    for kind, values in kinds.items():
        for value in _texts(values):
            root = _ROOT.fullmatch(value)
            if kind != "AWS":
                yield f"{kind.lower()} {value}"
            elif root:
                yield f"account {root[1] or root[2]}"
            else:
                yield "everyone" if value == "*" else value


def _conditions(statement: Mapping[str, Any]) -> str:
    conditions = statement.get("Condition")
    if not conditions:
        return ""
    operators = conditions.values() if isinstance(conditions, dict) else ()
    keys = dict.fromkeys(key for tested in operators if isinstance(tested, dict) for key in tested)
    return f", if the condition on {', '.join(keys)} holds" if keys else ", if a condition holds"


def _texts(value: object) -> list[str]:
    return [text for text in (value if isinstance(value, list) else [value]) if isinstance(text, str)]
