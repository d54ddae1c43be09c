"""Repositories: create, describe, delete, tag mutability, policies, and their tags as AWS resources."""

from __future__ import annotations

import json
import sqlite3
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from ecrtui.emulator import blobs, mutability, pagination, partitions, policy_documents
from ecrtui.emulator.errors import ServiceError, constraint_violation, invalid_parameter
from ecrtui.emulator.request_context import Operation, RequestContext

MAX_RESOURCE_TAGS = 50
"""Tags per resource (quota of AWS)."""


def create_repository(context: RequestContext) -> dict[str, Any]:
    """CreateRepository."""
    setting, patterns = mutability.parse_mutability(context.parameters)
    encryption = context.get("encryptionConfiguration", {"encryptionType": "AES256"})
    resource_tags = _resource_tags(context.get("tags", []))
    with context.database.write() as connection:
        try:
            cursor = connection.execute(
                "INSERT INTO repositories (registry_id, region, name, created_at, tag_mutability, exclusion_filters,"
                " scan_on_push, encryption_type, kms_key) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    context.registry_id,
                    context.region,
                    context["repositoryName"],
                    context.now,
                    setting,
                    json.dumps(patterns),
                    context.get("imageScanningConfiguration", {}).get("scanOnPush", False),
                    encryption["encryptionType"],
                    _kms_key(context, encryption),
                ),
            )
        except sqlite3.IntegrityError:
            raise ServiceError(
                "RepositoryAlreadyExistsException",
                f"The repository with name '{context['repositoryName']}' already exists in the registry with id"
                f" '{context.registry_id}'",
            ) from None
        _set_resource_tags(connection, int(cursor.lastrowid or 0), resource_tags)
        return {"repository": to_api(context.repository(connection))}


def describe_repositories(context: RequestContext) -> dict[str, Any]:
    """DescribeRepositories: return the named repositories, or a page of all by name."""
    names = context.get("repositoryNames")
    limit = context.get("maxResults", pagination.DEFAULT_PAGE_SIZE)
    if names is not None and ("maxResults" in context.parameters or "nextToken" in context.parameters):
        raise invalid_parameter("Invalid parameter: repositoryNames cannot be combined with maxResults or nextToken")
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
        _set_resource_tags(connection, _by_arn(context, connection), tags)
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


def _kms_key(context: RequestContext, encryption: dict[str, str]) -> str | None:
    if encryption["encryptionType"] == "AES256":
        if "kmsKey" in encryption:
            raise invalid_parameter(
                "Invalid parameter at 'kmsKey': no KMS key can be given with encryption type AES256"
            )
        return None
    return encryption.get("kmsKey") or default_kms_key(context.region, context.registry_id)


def default_kms_key(region: str, registry_id: str) -> str:
    """Return the ARN of the key that AWS manages for ECR: one for each account and region."""
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


def _set_resource_tags(connection: sqlite3.Connection, repository_id: int, tags: dict[str, str]) -> None:
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
