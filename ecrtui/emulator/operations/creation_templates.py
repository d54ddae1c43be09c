"""Repository creation templates: the settings of repositories that ECR creates itself."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

from ecrtui.emulator import lifecycle_document, lifecycle_policy, mutability, pagination, policy_documents
from ecrtui.emulator.errors import ServiceError, invalid_parameter
from ecrtui.emulator.operations.prefixed_settings import ROOT, PrefixedSettings
from ecrtui.emulator.operations.repositories import default_kms_key
from ecrtui.emulator.request_context import Operation, RequestContext

REPLICATION = "REPLICATION"
"""The scenario of a repository that replication creates (``RCTAppliedFor``)."""

_KIND = "repository creation template"
_FILTERS = "imageTagMutabilityExclusionFilters"
_DEFAULTS: dict[str, Any] = {"encryptionConfiguration": {"encryptionType": "AES256"}, "imageTagMutability": "MUTABLE"}
_MEMBERS = (
    "prefix",
    "description",
    "encryptionConfiguration",
    "resourceTags",
    "imageTagMutability",
    _FILTERS,
    "repositoryPolicy",
    "lifecyclePolicy",
    "appliedFor",
    "customRoleArn",
)


def create_repository_creation_template(context: RequestContext) -> dict[str, Any]:
    """CreateRepositoryCreationTemplate."""
    prefix = context["prefix"]
    template = _template({**_DEFAULTS, **context.parameters, "createdAt": context.now, "updatedAt": context.now})
    with context.database.write() as connection:
        templates = _templates(context, connection)
        if templates.get(prefix) is not None:
            raise ServiceError(
                "TemplateAlreadyExistsException",
                f"The repository creation template with prefix '{prefix}' already exists in the registry with id"
                f" '{context.registry_id}'",
            )
        templates.put(prefix, template)
    return _response(context, template)


def describe_repository_creation_templates(context: RequestContext) -> dict[str, Any]:
    """DescribeRepositoryCreationTemplates: return a page of templates, or those of the given prefixes that exist."""
    prefixes = context.get("prefixes")
    limit = context.get("maxResults", pagination.DEFAULT_PAGE_SIZE)
    if prefixes is not None and ("maxResults" in context.parameters or "nextToken" in context.parameters):
        raise invalid_parameter("prefixes cannot be combined with maxResults or nextToken")
    (after,) = pagination.decode_token("creation templates", context.get("nextToken"), ("",))
    with context.database.read() as connection:
        templates = _templates(context, connection)
        if prefixes is None:
            entries = templates.after(str(after), limit + 1)
            page, next_page = pagination.split_page("creation templates", entries, limit, lambda entry: (entry.prefix,))
            found = [entry.value for entry in page]
        else:
            next_page = {}
            found = [template for prefix in prefixes if (template := templates.get(prefix)) is not None]
    return {"registryId": context.registry_id, "repositoryCreationTemplates": found, **next_page}


def update_repository_creation_template(context: RequestContext) -> dict[str, Any]:
    """UpdateRepositoryCreationTemplate: change the given members; the others stay."""
    with context.database.write() as connection:
        old = _existing(context, connection)
        changes = {**context.parameters, "prefix": old["prefix"], "updatedAt": context.now}
        if "imageTagMutability" in changes and _FILTERS not in changes:
            old.pop(_FILTERS, None)
        template = _template({**old, **changes})
        _templates(context, connection).put(old["prefix"], template)
    return _response(context, template)


def delete_repository_creation_template(context: RequestContext) -> dict[str, Any]:
    """DeleteRepositoryCreationTemplate."""
    with context.database.write() as connection:
        template = _existing(context, connection)
        _templates(context, connection).delete(template["prefix"])
    return _response(context, template)


def create_repository(
    connection: sqlite3.Connection, registry_id: str, region: str, name: str, *, scenario: str, at: float
) -> sqlite3.Row:
    """Create a repository as ECR does itself, with the settings of a template or the defaults; return its row.

    Args:
        scenario: why ECR creates it (``RCTAppliedFor``).
        at: seconds since the epoch.
    """
    template = _matching_template(connection, registry_id, region, name, scenario) or _DEFAULTS
    setting, patterns = mutability.parse_mutability(template)
    encryption = template["encryptionConfiguration"]
    key = encryption.get("kmsKey") or default_kms_key(region, registry_id)
    lifecycle, policy = template.get("lifecyclePolicy"), template.get("repositoryPolicy")
    cursor = connection.execute(
        "INSERT INTO repositories (registry_id, region, name, created_at, tag_mutability, exclusion_filters,"
        " encryption_type, kms_key, lifecycle_policy, lifecycle_evaluated_at, policy)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            registry_id,
            region,
            name,
            at,
            setting,
            json.dumps(patterns),
            encryption["encryptionType"],
            None if encryption["encryptionType"] == "AES256" else key,
            lifecycle and lifecycle_document.stored_text(lifecycle),
            lifecycle and lifecycle_policy.NEVER_EVALUATED,
            policy and policy_documents.format_policy(policy_documents.parse_policy(policy, "repository")),
        ),
    )
    connection.executemany(
        "INSERT INTO resource_tags (repository_id, key, value) VALUES (?, ?, ?)",
        [(cursor.lastrowid, tag["Key"], tag["Value"]) for tag in template.get("resourceTags", [])],
    )
    row: sqlite3.Row = connection.execute("SELECT * FROM repositories WHERE id = ?", (cursor.lastrowid,)).fetchone()
    return row


def _matching_template(
    connection: sqlite3.Connection, registry_id: str, region: str, name: str, scenario: str
) -> dict[str, Any] | None:
    """Return the template for a repository that ECR creates; None if there is none.

    It is the one with the longest prefix ("prod/team" before "prod"), or else that of ``ROOT``.
    """
    templates = PrefixedSettings(connection, registry_id, region, _KIND)
    parts = name.split("/")
    for prefix in (*("/".join(parts[:count]) for count in range(len(parts) - 1, 0, -1)), ROOT):
        template = templates.get(prefix)
        if template is not None and scenario in template.get("appliedFor", ()):
            return template
    return None


def _template(members: dict[str, Any]) -> dict[str, Any]:
    """Return a template of valid members, without empty ones.

    Raises:
        ServiceError: InvalidParameterException for documents, filters or tags that a repository cannot have.
    """
    mutability.parse_mutability(members)
    if members.get("lifecyclePolicy"):
        lifecycle_document.parse_policy(members["lifecyclePolicy"])
    if members.get("repositoryPolicy"):
        policy_documents.parse_policy(members["repositoryPolicy"], "repository")
    keys = [tag["Key"] for tag in members.get("resourceTags", [])]
    if len(set(keys)) < len(keys):
        raise invalid_parameter("Duplicate tag keys found")
    members = {name: value for name, value in members.items() if value not in ("", [])}
    return {name: members[name] for name in (*_MEMBERS, "createdAt", "updatedAt") if name in members}


def _templates(context: RequestContext, connection: sqlite3.Connection) -> PrefixedSettings:
    return PrefixedSettings(connection, context.registry_id, context.region, _KIND)


def _existing(context: RequestContext, connection: sqlite3.Connection) -> dict[str, Any]:
    template = _templates(context, connection).get(context["prefix"])
    if template is None:
        raise ServiceError(
            "TemplateNotFoundException",
            f"The repository creation template with prefix '{context['prefix']}' does not exist in the registry with"
            f" id '{context.registry_id}'",
        )
    return template


def _response(context: RequestContext, template: dict[str, Any]) -> dict[str, Any]:
    return {"registryId": context.registry_id, "repositoryCreationTemplate": template}


OPERATIONS: dict[str, Operation] = {
    "CreateRepositoryCreationTemplate": create_repository_creation_template,
    "DescribeRepositoryCreationTemplates": describe_repository_creation_templates,
    "UpdateRepositoryCreationTemplate": update_repository_creation_template,
    "DeleteRepositoryCreationTemplate": delete_repository_creation_template,
}
