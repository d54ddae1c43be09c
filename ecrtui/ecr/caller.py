"""The caller of an API, by its ARN."""

from __future__ import annotations

import re

_SSO_ROLE = r"AWSReservedSSO_(.+)_[0-9a-f]{16}"
"""The role that IAM Identity Center makes for a permission set."""


def resource_of(arn: str) -> str:
    """Return what the ARN of a caller names in its account, such as ``user/jane``; another text is a name by itself."""
    return arn.split(":", 5)[-1]


def caller_names(arn: str, registry_id: str) -> tuple[str, ...]:
    """Return names of the caller, the longest one first: ``assumed-role/deploy/jane``, ``role/deploy``, ``deploy``.

    A caller of another account has its account in each name.

    Args:
        arn: the ARN of GetCallerIdentity; other texts are names by themselves.
        registry_id: the account of the registry.
    """
    parts = arn.split(":", 5)
    if len(parts) < 6 or not parts[5]:
        return (arn,) if arn else ()
    account, resource = parts[4:]
    kind, *names = resource.split("/")
    if not names:  # the root user
        forms = [resource]
    else:
        is_session = kind == "assumed-role"
        name = names[0] if is_session else names[-1]
        if found := re.fullmatch(_SSO_ROLE, name):
            name = found[1]
        forms = [resource, f"role/{name}" if is_session else f"{kind}/{name}", name]
    prefix = "" if account in ("", registry_id) else f"{account} "
    return tuple(dict.fromkeys(prefix + form for form in forms))
