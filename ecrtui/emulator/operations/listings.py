"""Listings of images: describe, list, referrers. Each page is one query that an index answers at any depth."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

from ecrtui.emulator import manifests, pagination, storage
from ecrtui.emulator.errors import constraint_violation
from ecrtui.emulator.operations import registry_settings, scans
from ecrtui.emulator.operations.image_ids import image_not_found, require_image, to_image_id
from ecrtui.emulator.request_context import Operation, RequestContext

MAX_REFERRERS = 50
DEFAULT_REFERRERS = 20
"""Results per page of ListImageReferrers; other listings have 100."""

_COLUMNS = (
    "i.id, i.digest, i.media_type, i.artifact_media_type, i.size, i.pushed_at, i.status, i.last_pulled_at,"
    f" i.last_archived_at, i.last_activated_at, i.subject, {storage.TAGS}"
)
_DETAILS = {
    False: f"SELECT {_COLUMNS} FROM images i",  # noqa: S608 - the columns are constants
    True: f"SELECT {_COLUMNS}, s.type AS scan_type, s.status AS scan_status, s.description, s.completed_at,"  # noqa: S608
    " s.source_updated_at, s.severity_counts FROM images i LEFT JOIN scans s ON s.image_id = i.id",
}
"""The query for images, without and with their scans."""


def describe_images(context: RequestContext) -> dict[str, Any]:
    """DescribeImages: return the named images, or a page of all images by digest."""
    named = context.get("imageIds")
    pagination.check_page_options(context.parameters, "imageIds")
    limit = context.get("maxResults", pagination.DEFAULT_PAGE_SIZE)
    with context.database.read() as connection:
        repository = context.repository(connection)
        if named is not None:
            return {"imageDetails": _describe_named(context, connection, repository, named)}
        scanned = registry_settings.describes_scans(connection, context.registry_id, context.region)
        (after,) = pagination.decode_token("images", context.get("nextToken"), ("",))
        where, values = _filter_clause(context.get("filter", {}))
        rows = connection.execute(
            f"{_DETAILS[scanned]} WHERE i.repository_id = ? AND i.digest > ?{where} ORDER BY i.digest LIMIT ?",
            (repository["id"], after, *values, limit + 1),
        ).fetchall()
    page, next_page = pagination.split_page("images", rows, limit, lambda row: (row["digest"],))
    return {"imageDetails": [_detail(context, row, scanned=scanned) for row in page], **next_page}


def list_images(context: RequestContext) -> dict[str, Any]:
    """ListImages: return an entry for each tag and one for each untagged image."""
    limit = context.get("maxResults", pagination.DEFAULT_PAGE_SIZE)
    with context.database.read() as connection:
        repository = context.repository(connection)
        after, after_tag = pagination.decode_token("image-ids", context.get("nextToken"), ("", ""))
        where, values = _filter_clause(context.get("filter", {}))
        rows = connection.execute(
            "SELECT i.digest, t.tag FROM images i LEFT JOIN tags t ON t.image_id = i.id"  # noqa: S608 - the parts are constants
            f" WHERE i.repository_id = ? AND i.digest >= ? AND (i.digest > ? OR t.tag > ?){where}"
            " ORDER BY i.digest, t.tag LIMIT ?",
            (repository["id"], after, after, after_tag, *values, limit + 1),
        ).fetchall()
    page, next_page = pagination.split_page("image-ids", rows, limit, lambda row: (row["digest"], row["tag"] or ""))
    return {"imageIds": [to_image_id(row["digest"], row["tag"]) for row in page], **next_page}


def list_image_referrers(context: RequestContext) -> dict[str, Any]:
    """ListImageReferrers: return the images with this ``subject``. A missing subject has no referrers."""
    limit = context.get("maxResults", DEFAULT_REFERRERS)
    if limit > MAX_REFERRERS:
        raise constraint_violation("maxResults", f"Member must have value less than or equal to {MAX_REFERRERS}")
    filters = context.get("filter", {})
    artifact_types = filters.get("artifactTypes")
    with context.database.read() as connection:
        repository = context.repository(connection)
        (after,) = pagination.decode_token("referrers", context.get("nextToken"), ("",))
        where, values = _filter_clause({"imageStatus": filters.get("artifactStatus", "ACTIVE")})
        if artifact_types:
            where += f" AND i.artifact_media_type IN ({', '.join('?' * len(artifact_types))})"
            values += artifact_types
        rows = connection.execute(
            "SELECT i.digest, i.media_type, i.status, m.manifest"  # noqa: S608 - the parts are constants
            " FROM images i JOIN manifests m ON m.image_id = i.id"
            f" WHERE i.repository_id = ? AND i.subject = ? AND i.digest > ?{where} ORDER BY i.digest LIMIT ?",
            (repository["id"], context["subjectId"]["imageDigest"], after, *values, limit + 1),
        ).fetchall()
    page, next_page = pagination.split_page("referrers", rows, limit, lambda row: (row["digest"],))
    return {"referrers": [_referrer(row) for row in page], **next_page}


def _describe_named(
    context: RequestContext, connection: sqlite3.Connection, repository: sqlite3.Row, named: Sequence[Mapping[str, str]]
) -> list[dict[str, Any]]:
    status = context.get("filter", {}).get("imageStatus", "ACTIVE")
    scanned = registry_settings.describes_scans(connection, context.registry_id, context.region)
    details: dict[int, dict[str, Any]] = {}
    for image_id in named:
        image = require_image(connection, repository, image_id)
        if status not in ("ANY", image["status"]):
            raise image_not_found(image_id).to_service_error(repository)
        row = connection.execute(f"{_DETAILS[scanned]} WHERE i.id = ?", (image["id"],)).fetchone()
        details[image["id"]] = _detail(context, row, scanned=scanned)
    return list(details.values())


def _filter_clause(filters: Mapping[str, str]) -> tuple[str, list[Any]]:
    """Return the SQL condition and values of a filter on ``images i``. Archived images are hidden by default."""
    where, values = "", list[Any]()
    status = filters.get("imageStatus", "ACTIVE")
    if status != "ANY":
        where += " AND i.status = ?"
        values.append(status)
    tag_status = filters.get("tagStatus", "ANY")
    if tag_status != "ANY":
        where += " AND i.tagged = ?"
        values.append(int(tag_status == "TAGGED"))
    return where, values


def _detail(context: RequestContext, row: sqlite3.Row, *, scanned: bool) -> dict[str, Any]:
    """Return an image in the shape of the API (``ImageDetail``).

    Args:
        scanned: include the results of its last scan, if that was a basic one.
    """
    detail: dict[str, Any] = {**context.repository_members(), "imageDigest": row["digest"]}
    if tags := storage.split_tags(row):
        detail["imageTags"] = tags
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
    if scanned and row["scan_type"] == scans.BASIC:
        detail |= scans.summary_members(row)
    return detail


def _referrer(row: sqlite3.Row) -> dict[str, Any]:
    return {
        "digest": row["digest"],
        "mediaType": row["media_type"],
        # The length of the manifest, as in an OCI descriptor.
        "size": len(row["manifest"].encode()),
        "artifactStatus": row["status"],
        **manifests.referrer_members(row["manifest"]),
    }


OPERATIONS: dict[str, Operation] = {
    "DescribeImages": describe_images,
    "ListImages": list_images,
    "ListImageReferrers": list_image_referrers,
}
