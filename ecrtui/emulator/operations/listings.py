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

_MEMBERS = {
    "imageDigest": "i.digest",
    "imageTags": storage.TAGS,
    "imageSizeInBytes": "i.size",
    "imagePushedAt": "i.pushed_at",
    "imageManifestMediaType": "i.media_type",
    "imageStatus": "i.status",
    "artifactMediaType": "i.artifact_media_type",
    "lastRecordedPullTime": "i.last_pulled_at",
    "subjectManifestDigest": "i.subject",
    "lastArchivedAt": "i.last_archived_at",
    "lastActivatedAt": "i.last_activated_at",
}
"""Members of ``ImageDetail``, and their columns. A member without a value is left out."""

_COLUMNS = ", ".join(_MEMBERS.values())
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
    members = context.repository_members()
    return {"imageDetails": [_detail(members, row, scanned=scanned) for row in page], **next_page}


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
        details[image["id"]] = _detail(context.repository_members(), row, scanned=scanned)
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


def _detail(members: Mapping[str, str], row: sqlite3.Row, *, scanned: bool) -> dict[str, Any]:
    """Return an image in the shape of the API (``ImageDetail``).

    Args:
        members: the registry id and the repository name.
        scanned: include the results of its last scan, if that was a basic one.
    """
    values = zip(_MEMBERS, row, strict=False)  # the columns of a scan may follow
    detail: dict[str, Any] = {**members, **{name: value for name, value in values if value is not None}}
    if "imageTags" in detail:
        detail["imageTags"] = storage.split_tags(row)
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
