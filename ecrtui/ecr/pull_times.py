"""Which callers ECR excludes from recording pulls (ListPullTimeUpdateExclusions)."""

from __future__ import annotations

from collections.abc import Iterable


def is_excluded(caller: str, exclusions: Iterable[str]) -> bool:
    """Return True if the pulls of a caller are not recorded.

    Args:
        caller: the ARN of GetCallerIdentity. For a role it names the session, and leaves out the path of the role.
        exclusions: ARNs of roles and users.
    """
    return bool(caller) and _principal(caller) in map(_principal, exclusions)


def _principal(arn: str) -> tuple[str, ...]:
    """Return partition, account, type and name. Names of roles are unique in an account, whatever their path."""
    _, partition, _, _, account, resource = [*arn.split(":", 5), *[""] * 6][:6]
    kind, *names = resource.split("/")
    if kind == "assumed-role":
        return partition, account, "role", *names[:1]
    return partition, account, kind, *(names[-1:] if kind == "role" else names)
