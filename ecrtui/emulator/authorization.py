"""Access to the registries of other accounts. A caller may do everything in its own."""

from __future__ import annotations

import sqlite3

from ecrtui.emulator import partitions, policy_documents, storage
from ecrtui.emulator.errors import ServiceError
from ecrtui.emulator.operations import registry_settings
from ecrtui.emulator.request_context import RequestContext

_PERMISSIONS = {"ListImageReferrers": "BatchGetImage"}
"""The permission for an operation that has none of its own name."""


def check_access(context: RequestContext) -> None:
    """Check that the policy of a repository or registry of another account grants the request.

    Raises:
        ServiceError: AccessDeniedException with IAM's message, whether the repository exists or not.
    """
    arn = partitions.parse_repository_arn(context.get("resourceArn", ""))
    owner = arn.registry_id if arn else context.registry_id
    if owner == context.caller:
        return
    names = [arn.name] if arn else context.get("repositoryNames") or [context.get("repositoryName", "*")]
    action = f"ecr:{_PERMISSIONS.get(context.operation, context.operation)}"
    with context.database.read() as connection:
        for name in names:
            resource = partitions.repository_arn(context.region, owner, name)
            policies = _policies(connection, owner, context.region, name)
            effects = [
                policy_documents.decision(text, kind, caller=context.caller_arn, action=action, resource=resource)
                for kind, text in policies.items()
            ]
            if "Deny" in effects or "Allow" not in effects:
                raise ServiceError(
                    "AccessDeniedException",
                    f"User: {context.caller_arn} is not authorized to perform: {action} on resource: {resource} because"
                    f" no resource-based policy allows the {action} action",
                )


def _policies(connection: sqlite3.Connection, owner: str, region: str, name: str) -> dict[policy_documents.Kind, str]:
    """Return the policies of a repository and of its registry; empty texts for those that are not set."""
    row = storage.find_repository(connection, owner, region, name)
    return {
        "repository": (row and row["policy"]) or "",
        "registry": registry_settings.get(connection, owner, region, registry_settings.POLICY, ""),
    }
