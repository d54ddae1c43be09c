"""Listings of images: describe, list, referrers. A page is one query, found by an index however deep it lies."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

from ecrtui.emulator import manifests, pagination
from ecrtui.emulator.errors import invalid_parameter, violated
from ecrtui.emulator.operations import scans
from ecrtui.emulator.operations.image_ids import entry, find_or_refuse, not_found
from ecrtui.emulator.request_context import Call, Operation

MAX_REFERRERS = 50
DEFAULT_REFERRERS = 20
"""Results of a page of ListImageReferrers, unlike those of every other listing."""

_DETAILS = (
    "SELECT i.id, i.digest, i.media_type, i.artifact_media_type, i.size, i.pushed_at, i.status, i.last_pulled_at,"
    " i.last_archived_at, i.last_activated_at, i.subject, s.status AS scan_status, s.description, s.completed_at,"
    " s.source_updated_at, s.severity_counts,"
    " (SELECT group_concat(t.tag, ' ') FROM tags t WHERE t.image_id = i.id) AS tags"
    " FROM images i LEFT JOIN scans s ON s.image_id = i.id"
)


def describe_images(call: Call) -> dict[str, Any]:
    """DescribeImages: those that are named, or a page of all, in the order of their digests."""
    named = call.get("imageIds")
    if named is not None and ("maxResults" in call.parameters or "nextToken" in call.parameters):
        raise invalid_parameter("Invalid parameter: imageIds cannot be combined with maxResults or nextToken")
    limit = call.get("maxResults", pagination.DEFAULT)
    with call.database.read() as connection:
        repository = call.repository(connection)
        if named is not None:
            return {"imageDetails": _named(call, connection, repository, named)}
        (after,) = pagination.key_of("images", call.get("nextToken"), ("",))
        where, values = _filtered(call.get("filter", {}))
        rows = connection.execute(
            f"{_DETAILS} WHERE i.repository_id = ? AND i.digest > ?{where} ORDER BY i.digest LIMIT ?",
            (repository["id"], after, *values, limit + 1),
        ).fetchall()
    rows, more = pagination.cut(rows, limit)
    answer: dict[str, Any] = {"imageDetails": [_detail(call, row) for row in rows]}
    if more:
        answer["nextToken"] = pagination.token_for("images", rows[-1]["digest"])
    return answer


def list_images(call: Call) -> dict[str, Any]:
    """ListImages: an entry for every tag, and one for every image without."""
    limit = call.get("maxResults", pagination.DEFAULT)
    with call.database.read() as connection:
        repository = call.repository(connection)
        after, after_tag = pagination.key_of("image-ids", call.get("nextToken"), ("", ""))
        where, values = _filtered(call.get("filter", {}))
        rows = connection.execute(
            "SELECT i.digest, t.tag FROM images i LEFT JOIN tags t ON t.image_id = i.id"  # noqa: S608 - the parts are constants
            f" WHERE i.repository_id = ? AND i.digest >= ? AND (i.digest > ? OR t.tag > ?){where}"
            " ORDER BY i.digest, t.tag LIMIT ?",
            (repository["id"], after, after, after_tag, *values, limit + 1),
        ).fetchall()
    rows, more = pagination.cut(rows, limit)
    answer: dict[str, Any] = {"imageIds": [entry(row["digest"], row["tag"]) for row in rows]}
    if more:
        answer["nextToken"] = pagination.token_for("image-ids", rows[-1]["digest"], rows[-1]["tag"] or "")
    return answer


def list_image_referrers(call: Call) -> dict[str, Any]:
    """ListImageReferrers: what names this image as its ``subject``; of an image that is not there, nothing does."""
    limit = call.get("maxResults", DEFAULT_REFERRERS)
    if limit > MAX_REFERRERS:
        raise violated("maxResults", f"Member must have value less than or equal to {MAX_REFERRERS}")
    wanted = call.get("filter", {})
    artifact_types = wanted.get("artifactTypes")
    with call.database.read() as connection:
        repository = call.repository(connection)
        (after,) = pagination.key_of("referrers", call.get("nextToken"), ("",))
        where, values = _filtered({"imageStatus": wanted.get("artifactStatus", "ACTIVE")})
        if artifact_types:
            where += f" AND i.artifact_media_type IN ({', '.join('?' * len(artifact_types))})"
            values += artifact_types
        rows = connection.execute(
            "SELECT i.digest, i.media_type, i.status, m.manifest"  # noqa: S608 - the parts are constants
            " FROM images i JOIN manifests m ON m.image_id = i.id"
            f" WHERE i.repository_id = ? AND i.subject = ? AND i.digest > ?{where} ORDER BY i.digest LIMIT ?",
            (repository["id"], call["subjectId"]["imageDigest"], after, *values, limit + 1),
        ).fetchall()
    rows, more = pagination.cut(rows, limit)
    answer: dict[str, Any] = {"referrers": [_referrer(row) for row in rows]}
    if more:
        answer["nextToken"] = pagination.token_for("referrers", rows[-1]["digest"])
    return answer


def _named(
    call: Call, connection: sqlite3.Connection, repository: sqlite3.Row, named: Sequence[Mapping[str, str]]
) -> list[dict[str, Any]]:
    status = call.get("filter", {}).get("imageStatus", "ACTIVE")
    details: dict[int, dict[str, Any]] = {}
    for image_id in named:
        image = find_or_refuse(connection, repository, image_id)
        if status not in ("ANY", image["status"]):
            raise not_found(image_id).raised(repository)
        row = connection.execute(f"{_DETAILS} WHERE i.id = ?", (image["id"],)).fetchone()
        details[image["id"]] = _detail(call, row)
    return list(details.values())


def _filtered(wanted: Mapping[str, str]) -> tuple[str, list[Any]]:
    """What a filter adds to a query over ``images i``, and its values; archived images are hidden unless asked for."""
    where, values = "", list[Any]()
    status = wanted.get("imageStatus", "ACTIVE")
    if status != "ANY":
        where += " AND i.status = ?"
        values.append(status)
    tag_status = wanted.get("tagStatus", "ANY")
    if tag_status != "ANY":
        where += " AND i.tagged = ?"
        values.append(int(tag_status == "TAGGED"))
    return where, values


def _detail(call: Call, row: sqlite3.Row) -> dict[str, Any]:
    detail: dict[str, Any] = {**call.where(), "imageDigest": row["digest"]}
    if row["tags"]:
        detail["imageTags"] = sorted(row["tags"].split(" "))
    detail |= {
        "imageSizeInBytes": row["size"],
        "imagePushedAt": row["pushed_at"],
        "imageManifestMediaType": row["media_type"],
        "imageStatus": row["status"],
    }
    optional = {
        "artifactMediaType": row["artifact_media_type"],
        "lastRecordedPullTime": row["last_pulled_at"],
        "subjectManifestDigest": row["subject"],
        "lastArchivedAt": row["last_archived_at"],
        "lastActivatedAt": row["last_activated_at"],
    }
    detail |= {name: value for name, value in optional.items() if value is not None}
    if row["scan_status"] is not None:
        detail |= scans.summary(row)
    return detail


def _referrer(row: sqlite3.Row) -> dict[str, Any]:
    return {
        "digest": row["digest"],
        "mediaType": row["media_type"],
        # As in an OCI descriptor: the length of the manifest.
        "size": len(row["manifest"].encode()),
        "artifactStatus": row["status"],
        **manifests.referrer(row["manifest"]),
    }


OPERATIONS: dict[str, Operation] = {
    "DescribeImages": describe_images,
    "ListImages": list_images,
    "ListImageReferrers": list_image_referrers,
}
