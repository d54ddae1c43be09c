"""Lifecycle policies: storage and previews. The emulator never applies a policy."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

from ecrtui.emulator import lifecycle_document, lifecycle_policy, pagination, storage
from ecrtui.emulator.errors import ServiceError, constraint_violation
from ecrtui.emulator.lifecycle_policy import NEVER_EVALUATED, PolicyImage, PolicyRule
from ecrtui.emulator.operations.image_ids import require_image
from ecrtui.emulator.request_context import Operation, RequestContext

MAX_RESULTS = 100
"""Results per page of GetLifecyclePolicyPreview."""


def put_lifecycle_policy(context: RequestContext) -> dict[str, Any]:
    """PutLifecyclePolicy: store the policy in the form in which ECR returns it."""
    lifecycle_document.parse_policy(context["lifecyclePolicyText"])
    text = lifecycle_document.stored_text(context["lifecyclePolicyText"])
    with context.database.write() as connection:
        repository = context.repository(connection)
        connection.execute(
            "UPDATE repositories SET lifecycle_policy = ?, lifecycle_evaluated_at = ? WHERE id = ?",
            (text, NEVER_EVALUATED, repository["id"]),
        )
    return {**context.repository_members(), "lifecyclePolicyText": text}


def get_lifecycle_policy(context: RequestContext) -> dict[str, Any]:
    """GetLifecyclePolicy."""
    with context.database.read() as connection:
        return _policy(context, context.repository(connection))


def delete_lifecycle_policy(context: RequestContext) -> dict[str, Any]:
    """DeleteLifecyclePolicy."""
    with context.database.write() as connection:
        repository = context.repository(connection)
        response = _policy(context, repository)
        connection.execute(
            "UPDATE repositories SET lifecycle_policy = NULL, lifecycle_evaluated_at = NULL WHERE id = ?",
            (repository["id"],),
        )
    return response


def start_lifecycle_policy_preview(context: RequestContext) -> dict[str, Any]:
    """StartLifecyclePolicyPreview: evaluate the given policy or the repository's own, at once."""
    with context.database.read() as connection:
        repository = context.repository(connection)
        text = context.get("lifecyclePolicyText") or _policy(context, repository)["lifecyclePolicyText"]
        rules = lifecycle_document.parse_policy(text)
        images = _policy_images(connection, repository["id"])
    results = lifecycle_policy.evaluate(rules, images, context.now)  # no write waits for it
    with context.database.write() as connection:
        repository = context.repository(connection)
        connection.execute("DELETE FROM lifecycle_previews WHERE repository_id = ?", (repository["id"],))
        connection.execute(
            "INSERT INTO lifecycle_previews (repository_id, policy, started_at) VALUES (?, ?, ?)",
            (repository["id"], text, context.now),
        )
        connection.executemany(
            "INSERT INTO lifecycle_preview_results (repository_id, position, digest, tagged, result)"
            " VALUES (?, ?, ?, ?, ?)",
            [
                (repository["id"], position, image.digest, bool(image.tags), json.dumps(_result(image, rule)))
                for position, (image, rule) in enumerate(results)
            ],
        )
    return {**context.repository_members(), "lifecyclePolicyText": text, "status": "IN_PROGRESS"}


def get_lifecycle_policy_preview(context: RequestContext) -> dict[str, Any]:
    """GetLifecyclePolicyPreview: return a page of results, or the results of the named images."""
    named = context.get("imageIds")
    limit = context.get("maxResults", MAX_RESULTS)
    if limit > MAX_RESULTS:
        raise constraint_violation("maxResults", f"Member must have value less than or equal to {MAX_RESULTS}")
    pagination.check_page_options(context.parameters, "imageIds")
    with context.database.read() as connection:
        repository = context.repository(connection)
        preview = _preview(connection, repository)
        rows = _preview_rows(connection, context, repository["id"], -1 if named is not None else limit + 1)
        if named is not None:
            digests = {require_image(connection, repository, image_id)["digest"] for image_id in named}
            rows = [row for row in rows if row["digest"] in digests]
            limit = len(rows)
        summary = _summary(connection, repository["id"])
    page, next_page = pagination.split_page("preview", rows, limit, lambda row: (row["position"],))
    return {
        **context.repository_members(),
        "lifecyclePolicyText": preview["policy"],
        "status": "COMPLETE",
        "previewResults": [json.loads(row["result"]) for row in page],
        "summary": summary,
        **next_page,
    }


def _preview(connection: sqlite3.Connection, repository: sqlite3.Row) -> sqlite3.Row:
    row: sqlite3.Row | None = connection.execute(
        "SELECT * FROM lifecycle_previews WHERE repository_id = ?", (repository["id"],)
    ).fetchone()
    if row is None:
        raise ServiceError(
            "LifecyclePolicyPreviewNotFoundException",
            f"Lifecycle policy preview does not exist for the repository with name '{repository['name']}' in the"
            f" registry with id '{repository['registry_id']}'",
        )
    return row


def _preview_rows(
    connection: sqlite3.Connection, context: RequestContext, repository_id: int, limit: int
) -> list[sqlite3.Row]:
    """Return the results after those of the token, filtered by the tag status; all of them if the limit is -1."""
    condition, values = "", []
    tag_status = context.get("filter", {}).get("tagStatus", "ANY")
    if tag_status != "ANY":
        condition, values = " AND tagged = ?", [int(tag_status == "TAGGED")]
    (after,) = pagination.decode_token("preview", context.get("nextToken"), (-1,))
    return connection.execute(
        "SELECT position, digest, result FROM lifecycle_preview_results"  # noqa: S608 - the parts are constants
        f" WHERE repository_id = ? AND position > ?{condition} ORDER BY position LIMIT ?",
        (repository_id, after, *values, limit),
    ).fetchall()


def _policy(context: RequestContext, repository: sqlite3.Row) -> dict[str, Any]:
    if repository["lifecycle_policy"] is None:
        raise ServiceError(
            "LifecyclePolicyNotFoundException",
            f"Lifecycle policy does not exist for the repository with name '{repository['name']}' in the registry with"
            f" id '{repository['registry_id']}'",
        )
    return {
        **context.repository_members(),
        "lifecyclePolicyText": repository["lifecycle_policy"],
        "lastEvaluatedAt": repository["lifecycle_evaluated_at"],
    }


def _policy_images(connection: sqlite3.Connection, repository_id: int) -> list[PolicyImage]:
    rows = connection.execute(
        "SELECT i.digest, i.pushed_at, i.status, i.last_pulled_at, i.last_archived_at, i.last_activated_at,"  # noqa: S608 - constant
        f" {storage.TAGS},"
        " EXISTS (SELECT 1 FROM index_children c WHERE c.repository_id = i.repository_id AND c.child_digest = i.digest)"
        " AS referenced FROM images i WHERE i.repository_id = ?",
        (repository_id,),
    )
    return [
        PolicyImage(
            digest=row["digest"],
            tags=tuple(storage.split_tags(row)),
            pushed_at=row["pushed_at"],
            status=row["status"],
            pulled_at=row["last_pulled_at"],
            archived_at=row["last_archived_at"],
            activated_at=row["last_activated_at"],
            referenced=bool(row["referenced"]),
        )
        for row in rows
    ]


def _result(image: PolicyImage, rule: PolicyRule) -> dict[str, Any]:
    action = {"type": rule.action.upper()}
    if rule.action == "transition":
        action["targetStorageClass"] = "ARCHIVE"
    return {
        **({"imageTags": list(image.tags)} if image.tags else {}),
        "imageDigest": image.digest,
        "imagePushedAt": image.pushed_at,
        "action": action,
        "appliedRulePriority": rule.priority,
        "storageClass": "ARCHIVE" if image.status == "ARCHIVED" else "STANDARD",
    }


def _summary(connection: sqlite3.Connection, repository_id: int) -> dict[str, Any]:
    counts = dict(
        connection.execute(
            "SELECT json_extract(result, '$.action.type'), count(*) FROM lifecycle_preview_results"
            " WHERE repository_id = ? GROUP BY 1",
            (repository_id,),
        ).fetchall()
    )
    summary: dict[str, Any] = {"expiringImageTotalCount": counts.get("EXPIRE", 0)}
    if "TRANSITION" in counts:
        summary["transitioningImageTotalCounts"] = [
            {"targetStorageClass": "ARCHIVE", "imageTotalCount": counts["TRANSITION"]}
        ]
    return summary


OPERATIONS: dict[str, Operation] = {
    "PutLifecyclePolicy": put_lifecycle_policy,
    "GetLifecyclePolicy": get_lifecycle_policy,
    "DeleteLifecyclePolicy": delete_lifecycle_policy,
    "StartLifecyclePolicyPreview": start_lifecycle_policy_preview,
    "GetLifecyclePolicyPreview": get_lifecycle_policy_preview,
}
