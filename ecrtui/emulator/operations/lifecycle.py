"""Lifecycle policies: kept, told, and evaluated for a preview. They are never carried out here."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

from ecrtui.emulator import lifecycle_policy, pagination
from ecrtui.emulator.errors import ServiceError, invalid_parameter, violated
from ecrtui.emulator.lifecycle_policy import Candidate, Rule
from ecrtui.emulator.operations.image_ids import find_or_refuse
from ecrtui.emulator.request_context import Call, Operation

MAX_RESULTS = 100
"""Results of a page of GetLifecyclePolicyPreview."""


def put_lifecycle_policy(call: Call) -> dict[str, Any]:
    """PutLifecyclePolicy: the text is kept as it is."""
    text = call["lifecyclePolicyText"]
    lifecycle_policy.parse(text)
    with call.database.write() as connection:
        repository = call.repository(connection)
        connection.execute(
            "UPDATE repositories SET lifecycle_policy = ?, lifecycle_evaluated_at = ? WHERE id = ?",
            (text, call.now, repository["id"]),
        )
    return {**call.where(), "lifecyclePolicyText": text}


def get_lifecycle_policy(call: Call) -> dict[str, Any]:
    """GetLifecyclePolicy."""
    with call.database.read() as connection:
        return _policy(call, call.repository(connection))


def delete_lifecycle_policy(call: Call) -> dict[str, Any]:
    """DeleteLifecyclePolicy."""
    with call.database.write() as connection:
        repository = call.repository(connection)
        answer = _policy(call, repository)
        connection.execute(
            "UPDATE repositories SET lifecycle_policy = NULL, lifecycle_evaluated_at = NULL WHERE id = ?",
            (repository["id"],),
        )
    return answer


def start_lifecycle_policy_preview(call: Call) -> dict[str, Any]:
    """StartLifecyclePolicyPreview: of the policy that is given, or of the repository's own; complete at once."""
    with call.database.write() as connection:
        repository = call.repository(connection)
        text = call.get("lifecyclePolicyText") or _policy(call, repository)["lifecyclePolicyText"]
        rules = lifecycle_policy.parse(text)
        results = lifecycle_policy.evaluated(rules, _candidates(connection, repository["id"]), call.now)
        connection.execute("DELETE FROM lifecycle_previews WHERE repository_id = ?", (repository["id"],))
        connection.execute(
            "INSERT INTO lifecycle_previews (repository_id, policy, started_at) VALUES (?, ?, ?)",
            (repository["id"], text, call.now),
        )
        connection.executemany(
            "INSERT INTO lifecycle_preview_results (repository_id, position, digest, tagged, result)"
            " VALUES (?, ?, ?, ?, ?)",
            [
                (repository["id"], position, image.digest, bool(image.tags), json.dumps(_result(image, rule)))
                for position, (image, rule) in enumerate(results)
            ],
        )
    return {**call.where(), "lifecyclePolicyText": text, "status": "IN_PROGRESS"}


def get_lifecycle_policy_preview(call: Call) -> dict[str, Any]:
    """GetLifecyclePolicyPreview: a page of the results, or those of the images that are named."""
    named = call.get("imageIds")
    limit = call.get("maxResults", MAX_RESULTS)
    if limit > MAX_RESULTS:
        raise violated("maxResults", f"Member must have value less than or equal to {MAX_RESULTS}")
    if named is not None and ("maxResults" in call.parameters or "nextToken" in call.parameters):
        raise invalid_parameter("Invalid parameter: imageIds cannot be combined with maxResults or nextToken")
    with call.database.read() as connection:
        repository = call.repository(connection)
        preview = connection.execute(
            "SELECT * FROM lifecycle_previews WHERE repository_id = ?", (repository["id"],)
        ).fetchone()
        if preview is None:
            raise ServiceError(
                "LifecyclePolicyPreviewNotFoundException",
                f"Lifecycle policy preview does not exist for the repository with name '{repository['name']}' in the"
                f" registry with id '{repository['registry_id']}'",
            )
        where, values = "", []
        tag_status = call.get("filter", {}).get("tagStatus", "ANY")
        if tag_status != "ANY":
            where, values = " AND tagged = ?", [int(tag_status == "TAGGED")]
        (after,) = pagination.key_of("preview", call.get("nextToken"), (-1,))
        rows = connection.execute(
            "SELECT position, digest, result FROM lifecycle_preview_results"  # noqa: S608 - the parts are constants
            f" WHERE repository_id = ? AND position > ?{where} ORDER BY position LIMIT ?",
            (repository["id"], after, *values, -1 if named is not None else limit + 1),
        ).fetchall()
        if named is not None:
            digests = {find_or_refuse(connection, repository, image_id)["digest"] for image_id in named}
            rows = [row for row in rows if row["digest"] in digests]
            limit = len(rows)
        summary = _summary(connection, repository["id"])
    rows, more = pagination.cut(rows, limit)
    answer: dict[str, Any] = {
        **call.where(),
        "lifecyclePolicyText": preview["policy"],
        "status": "COMPLETE",
        "previewResults": [json.loads(row["result"]) for row in rows],
        "summary": summary,
    }
    if more:
        answer["nextToken"] = pagination.token_for("preview", rows[-1]["position"])
    return answer


def _policy(call: Call, repository: sqlite3.Row) -> dict[str, Any]:
    if repository["lifecycle_policy"] is None:
        raise ServiceError(
            "LifecyclePolicyNotFoundException",
            f"Lifecycle policy does not exist for the repository with name '{repository['name']}' in the registry with"
            f" id '{repository['registry_id']}'",
        )
    return {
        **call.where(),
        "lifecyclePolicyText": repository["lifecycle_policy"],
        "lastEvaluatedAt": repository["lifecycle_evaluated_at"],
    }


def _candidates(connection: sqlite3.Connection, repository_id: int) -> list[Candidate]:
    rows = connection.execute(
        "SELECT i.digest, i.pushed_at, i.status, i.last_pulled_at, i.last_archived_at, i.last_activated_at,"
        " (SELECT group_concat(t.tag, ' ') FROM tags t WHERE t.image_id = i.id) AS tags,"
        " EXISTS (SELECT 1 FROM index_children c WHERE c.repository_id = i.repository_id AND c.child_digest = i.digest)"
        " AS referenced FROM images i WHERE i.repository_id = ?",
        (repository_id,),
    )
    return [
        Candidate(
            digest=row["digest"],
            tags=tuple(sorted(row["tags"].split(" "))) if row["tags"] else (),
            pushed_at=row["pushed_at"],
            status=row["status"],
            pulled_at=row["last_pulled_at"],
            archived_at=row["last_archived_at"],
            activated_at=row["last_activated_at"],
            referenced=bool(row["referenced"]),
        )
        for row in rows
    ]


def _result(image: Candidate, rule: Rule) -> dict[str, Any]:
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
