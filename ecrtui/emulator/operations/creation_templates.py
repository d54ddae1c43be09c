"""Repository creation templates: the settings of repositories that ECR creates itself."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import Any

from ecrtui.emulator import lifecycle_document, mutability, pagination, policy_documents, storage
from ecrtui.emulator.errors import ServiceError, invalid_parameter
from ecrtui.emulator.operations import repositories
from ecrtui.emulator.operations.prefixed_settings import ROOT, PrefixedSettings
from ecrtui.emulator.request_context import Operation, RequestContext

REPLICATION = "REPLICATION"
"""The scenario of a repository that replication creates (``RCTAppliedFor``)."""

CREATE_ON_PUSH = "CREATE_ON_PUSH"
"""The scenario of a repository that a push creates (``RCTAppliedFor``)."""

_KIND = "repository creation template"
_FILTERS = "imageTagMutabilityExclusionFilters"
_DEFAULTS: dict[str, Any] = {"encryptionConfiguration": repositories.AES256, "imageTagMutability": "MUTABLE"}
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
    given = {**_DEFAULTS, **context.parameters, "createdAt": context.now, "updatedAt": context.now}
    template = _template(context, given)
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
    pagination.check_page_options(context.parameters, "prefixes")
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
        template = _template(context, {**old, **changes})
        _templates(context, connection).put(old["prefix"], template)
    return _response(context, template)


def delete_repository_creation_template(context: RequestContext) -> dict[str, Any]:
    """DeleteRepositoryCreationTemplate."""
    with context.database.write() as connection:
        template = _existing(context, connection)
        _templates(context, connection).delete(template["prefix"])
    return _response(context, template)


def repository_of_push(context: RequestContext, connection: sqlite3.Connection) -> sqlite3.Row:
    """Return the row of the repository of a push. Create one that is missing, if a template for pushes selects it.

    Without such a template, a push creates no repository (aws/containers-roadmap#853).

    Raises:
        ServiceError: RepositoryNotFoundException.
    """
    registry_id, region, name = context.registry_id, context.region, context["repositoryName"]
    row = storage.find_repository(connection, registry_id, region, name)
    if row is not None:
        return row
    template = _matching_template(connection, registry_id, region, name, CREATE_ON_PUSH)
    if template is None:
        raise context.repository_not_found(name, registry_id)
    return _create(connection, registry_id, region, name, template, at=context.now)


def create_replica(
    connection: sqlite3.Connection, registry_id: str, region: str, name: str, *, at: float
) -> sqlite3.Row:
    """Create a repository for replication, with the settings of a template or the defaults; return its row.

    Args:
        at: seconds since the epoch.
    """
    template = _matching_template(connection, registry_id, region, name, REPLICATION) or _DEFAULTS
    return _create(connection, registry_id, region, name, template, at=at)


def _create(
    connection: sqlite3.Connection, registry_id: str, region: str, name: str, template: Mapping[str, Any], *, at: float
) -> sqlite3.Row:
    row = repositories.insert_repository(connection, registry_id, region, name, template, at=at)
    tags = {tag["Key"]: tag["Value"] for tag in template.get("resourceTags", [])}
    repositories.set_resource_tags(connection, row["id"], tags)
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


def _template(context: RequestContext, members: dict[str, Any]) -> dict[str, Any]:
    """Return a template of valid members, without empty ones.

    Raises:
        ServiceError: InvalidParameterException for documents, filters or tags that a repository cannot have.
    """
    mutability.parse_mutability(members)
    repositories.kms_key(members["encryptionConfiguration"], context.registry_id, context.region)
    if members.get("lifecyclePolicy"):
        lifecycle_document.parse_policy(members["lifecyclePolicy"])
    if members.get("repositoryPolicy"):
        policy_documents.parse_policy(members["repositoryPolicy"], "repository")
    keys = [tag["Key"] for tag in members.get("resourceTags", [])]
    if len(set(keys)) < len(keys):
        raise invalid_parameter("Duplicate tag keys found")
    if len(keys) > repositories.MAX_RESOURCE_TAGS:
        raise invalid_parameter(f"A repository can have at most {repositories.MAX_RESOURCE_TAGS} tags")
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
