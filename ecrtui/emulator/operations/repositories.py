"""Repositories: create, describe, delete, tag mutability, policies, and their tags as AWS resources."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from ecrtui.emulator import blobs, lifecycle_document, mutability, pagination, partitions, policy_documents
from ecrtui.emulator.errors import ServiceError, constraint_violation, invalid_parameter
from ecrtui.emulator.lifecycle_policy import NEVER_EVALUATED
from ecrtui.emulator.request_context import Operation, RequestContext

AES256 = {"encryptionType": "AES256"}
"""The default encryption of a repository."""

MAX_RESOURCE_TAGS = 50
"""Tags per resource (quota of AWS)."""


def create_repository(context: RequestContext) -> dict[str, Any]:
    """CreateRepository."""
    registry_id, name = context.registry_id, context["repositoryName"]
    resource_tags = _resource_tags(context.get("tags", []))
    with context.database.write() as connection:
        try:
            row = insert_repository(connection, registry_id, context.region, name, context.parameters, at=context.now)
        except sqlite3.IntegrityError:
            raise ServiceError(
                "RepositoryAlreadyExistsException",
                f"The repository with name '{name}' already exists in the registry with id '{registry_id}'",
            ) from None
        set_resource_tags(connection, row["id"], resource_tags)
    return {"repository": to_api(row)}


def describe_repositories(context: RequestContext) -> dict[str, Any]:
    """DescribeRepositories: return the named repositories, or a page of all by name."""
    names = context.get("repositoryNames")
    limit = context.get("maxResults", pagination.DEFAULT_PAGE_SIZE)
    pagination.check_page_options(context.parameters, "repositoryNames")
    with context.database.read() as connection:
        if names is not None:
            return {"repositories": [to_api(context.repository(connection, name)) for name in names]}
        (after,) = pagination.decode_token("repositories", context.get("nextToken"), ("",))
        rows = connection.execute(
            "SELECT * FROM repositories WHERE registry_id = ? AND region = ? AND name > ? ORDER BY name LIMIT ?",
            (context.registry_id, context.region, after, limit + 1),
        ).fetchall()
    page, next_page = pagination.split_page("repositories", rows, limit, lambda row: (row["name"],))
    return {"repositories": [to_api(row) for row in page], **next_page}


def delete_repository(context: RequestContext) -> dict[str, Any]:
    """DeleteRepository: ``force`` also deletes a repository with images."""
    with context.database.write() as connection:
        row = context.repository(connection)
        filled = connection.execute("SELECT 1 FROM images WHERE repository_id = ? LIMIT 1", (row["id"],)).fetchone()
        if filled and not context.get("force", False):
            raise ServiceError(
                "RepositoryNotEmptyException",
                f"The repository with name '{row['name']}' in registry with id '{row['registry_id']}' cannot be deleted"
                " because it still contains images",
            )
        connection.execute("DELETE FROM repositories WHERE id = ?", (row["id"],))
    blobs.remove_unreferenced(context.database)
    return {"repository": to_api(row)}


def put_image_tag_mutability(context: RequestContext) -> dict[str, Any]:
    """PutImageTagMutability."""
    setting, patterns = mutability.parse_mutability(context.parameters)
    with context.database.write() as connection:
        row = context.repository(connection)
        connection.execute(
            "UPDATE repositories SET tag_mutability = ?, exclusion_filters = ? WHERE id = ?",
            (setting, json.dumps(patterns), row["id"]),
        )
    return {**context.repository_members(), **mutability.to_api(setting, patterns)}


def put_image_scanning_configuration(context: RequestContext) -> dict[str, Any]:
    """PutImageScanningConfiguration."""
    scan_on_push = context["imageScanningConfiguration"].get("scanOnPush", False)
    with context.database.write() as connection:
        row = context.repository(connection)
        connection.execute("UPDATE repositories SET scan_on_push = ? WHERE id = ?", (scan_on_push, row["id"]))
    return {**context.repository_members(), "imageScanningConfiguration": {"scanOnPush": scan_on_push}}


def set_repository_policy(context: RequestContext) -> dict[str, Any]:
    """SetRepositoryPolicy: store the policy in ECR's layout. ``force`` accepts one that locks its owner out."""
    document = policy_documents.parse_policy(context["policyText"], "repository")
    if not context.get("force", False) and _locks_out(context):
        raise constraint_violation(
            "PolicyText",
            "The policy would prevent you from setting another policy in the future. Set force to accept it.",
        )
    text = policy_documents.format_policy(document)
    with context.database.write() as connection:
        row = context.repository(connection)
        connection.execute("UPDATE repositories SET policy = ? WHERE id = ?", (text, row["id"]))
    return {**context.repository_members(), "policyText": text}


def get_repository_policy(context: RequestContext) -> dict[str, Any]:
    """GetRepositoryPolicy."""
    with context.database.read() as connection:
        return _policy(context, context.repository(connection))


def delete_repository_policy(context: RequestContext) -> dict[str, Any]:
    """DeleteRepositoryPolicy."""
    with context.database.write() as connection:
        row = context.repository(connection)
        response = _policy(context, row)
        connection.execute("UPDATE repositories SET policy = NULL WHERE id = ?", (row["id"],))
        return response


def list_tags_for_resource(context: RequestContext) -> dict[str, Any]:
    """ListTagsForResource of a repository."""
    with context.database.read() as connection:
        rows = connection.execute(
            "SELECT key, value FROM resource_tags WHERE repository_id = ? ORDER BY key", (_by_arn(context, connection),)
        )
        return {"tags": [{"Key": row["key"], "Value": row["value"]} for row in rows]}


def tag_resource(context: RequestContext) -> dict[str, Any]:
    """TagResource."""
    tags = _resource_tags(context["tags"])
    with context.database.write() as connection:
        set_resource_tags(connection, _by_arn(context, connection), tags)
    return {}


def untag_resource(context: RequestContext) -> dict[str, Any]:
    """UntagResource; keys that are not there are no error."""
    with context.database.write() as connection:
        repository_id = _by_arn(context, connection)
        connection.executemany(
            "DELETE FROM resource_tags WHERE repository_id = ? AND key = ?",
            [(repository_id, key) for key in context["tagKeys"]],
        )
    return {}


def insert_repository(
    connection: sqlite3.Connection, registry_id: str, region: str, name: str, settings: Mapping[str, Any], *, at: float
) -> sqlite3.Row:
    """Store a repository; return its row.

    Args:
        settings: the members of CreateRepository or of a creation template; each is optional.
        at: seconds since the epoch.

    Raises:
        ServiceError: InvalidParameterException for settings that a repository cannot have.
        sqlite3.IntegrityError: the repository exists.
    """
    mutability_setting, patterns = mutability.parse_mutability(settings)
    encryption = settings.get("encryptionConfiguration", AES256)
    lifecycle, policy = settings.get("lifecyclePolicy"), settings.get("repositoryPolicy")
    cursor = connection.execute(
        "INSERT INTO repositories (registry_id, region, name, created_at, tag_mutability, exclusion_filters,"
        " scan_on_push, encryption_type, kms_key, lifecycle_policy, lifecycle_evaluated_at, policy)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            registry_id,
            region,
            name,
            at,
            mutability_setting,
            json.dumps(patterns),
            settings.get("imageScanningConfiguration", {}).get("scanOnPush", False),
            encryption["encryptionType"],
            kms_key(encryption, registry_id, region),
            lifecycle and lifecycle_document.stored_text(lifecycle),
            lifecycle and NEVER_EVALUATED,
            policy and policy_documents.format_policy(policy_documents.parse_policy(policy, "repository")),
        ),
    )
    row: sqlite3.Row = connection.execute("SELECT * FROM repositories WHERE id = ?", (cursor.lastrowid,)).fetchone()
    return row


def to_api(row: sqlite3.Row) -> dict[str, Any]:
    """Return a repository in the shape of the API (``Repository``)."""
    encryption = {"encryptionType": row["encryption_type"]}
    if row["kms_key"]:
        encryption["kmsKey"] = row["kms_key"]
    return {
        "repositoryArn": partitions.repository_arn(row["region"], row["registry_id"], row["name"]),
        "registryId": row["registry_id"],
        "repositoryName": row["name"],
        "repositoryUri": f"{partitions.registry_host(row['region'], row['registry_id'])}/{row['name']}",
        "createdAt": row["created_at"],
        **mutability.to_api(row["tag_mutability"], json.loads(row["exclusion_filters"])),
        "imageScanningConfiguration": {"scanOnPush": bool(row["scan_on_push"])},
        "encryptionConfiguration": encryption,
    }


def kms_key(encryption: Mapping[str, str], registry_id: str, region: str) -> str | None:
    """Return the ARN of the key of a repository with this encryption; None for AES256.

    The default is the key that AWS manages for ECR: one for each account and region.

    Raises:
        ServiceError: InvalidParameterException for a key with AES256.
    """
    given = encryption.get("kmsKey")
    if encryption["encryptionType"] == "AES256":
        if given:
            raise invalid_parameter(
                "Invalid parameter at 'kmsKey': no KMS key can be given with encryption type AES256"
            )
        return None
    if given:
        return given
    key = uuid5(NAMESPACE_URL, partitions.arn("kms", region, registry_id, "alias/aws/ecr"))
    return partitions.arn("kms", region, registry_id, f"key/{key}")


def _policy(context: RequestContext, row: sqlite3.Row) -> dict[str, Any]:
    if row["policy"] is None:
        raise ServiceError(
            "RepositoryPolicyNotFoundException",
            f"Repository policy does not exist for the repository with name '{row['name']}' in the registry with id"
            f" '{row['registry_id']}'",
        )
    return {**context.repository_members(), "policyText": row["policy"]}


def _locks_out(context: RequestContext) -> bool:
    """Return True if the policy denies the caller to set another (``SetRepositoryPolicyRequest.force``)."""
    effect = policy_documents.decision(
        context["policyText"],
        "repository",
        caller=context.caller_arn,
        action=f"ecr:{context.operation}",
        resource=partitions.repository_arn(context.region, context.registry_id, context["repositoryName"]),
    )
    return effect == "Deny"


def _resource_tags(tags: list[dict[str, str]]) -> dict[str, str]:
    for tag in tags:
        if not 1 <= len(tag["Key"]) <= 128 or len(tag["Value"]) > 256 or tag["Key"].lower().startswith("aws:"):
            raise ServiceError("InvalidTagParameterException", f"The tag with key '{tag['Key']}' is not valid")
    found = {tag["Key"]: tag["Value"] for tag in tags}
    if len(found) < len(tags):
        raise ServiceError("InvalidTagParameterException", "Duplicate tag keys found")
    return found


def set_resource_tags(connection: sqlite3.Connection, repository_id: int, tags: Mapping[str, str]) -> None:
    """Store AWS resource tags of a repository; a tag replaces that of the same key.

    Raises:
        ServiceError: TooManyTagsException.
    """
    connection.executemany(
        "INSERT INTO resource_tags (repository_id, key, value) VALUES (?, ?, ?)"
        " ON CONFLICT (repository_id, key) DO UPDATE SET value = excluded.value",
        [(repository_id, key, value) for key, value in tags.items()],
    )
    count = connection.execute(
        "SELECT count(*) FROM resource_tags WHERE repository_id = ?", (repository_id,)
    ).fetchone()
    if count[0] > MAX_RESOURCE_TAGS:
        raise ServiceError("TooManyTagsException", f"A repository can have at most {MAX_RESOURCE_TAGS} tags")


def _by_arn(context: RequestContext, connection: sqlite3.Connection) -> int:
    arn = partitions.parse_repository_arn(context["resourceArn"])
    if arn is None:
        raise constraint_violation("resourceArn", "must be the ARN of a repository")
    if arn.region != context.region:
        raise context.repository_not_found(arn.name, arn.registry_id)
    return int(context.repository(connection, arn.name, arn.registry_id)["id"])


OPERATIONS: dict[str, Operation] = {
    "CreateRepository": create_repository,
    "DescribeRepositories": describe_repositories,
    "DeleteRepository": delete_repository,
    "PutImageTagMutability": put_image_tag_mutability,
    "PutImageScanningConfiguration": put_image_scanning_configuration,
    "SetRepositoryPolicy": set_repository_policy,
    "GetRepositoryPolicy": get_repository_policy,
    "DeleteRepositoryPolicy": delete_repository_policy,
    "ListTagsForResource": list_tags_for_resource,
    "TagResource": tag_resource,
    "UntagResource": untag_resource,
}
