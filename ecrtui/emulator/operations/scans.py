"""Image scans, basic and enhanced. A scan completes at once; AWS needs minutes."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from ecrtui.emulator import manifests, pagination, vulnerabilities
from ecrtui.emulator.errors import ServiceError
from ecrtui.emulator.operations import registry_settings
from ecrtui.emulator.operations.image_ids import require_image
from ecrtui.emulator.request_context import Operation, RequestContext

RESCAN_INTERVAL = 24 * 3600.0
"""Seconds; the shortest time between two scans of an image (StartImageScan)."""

BASIC = "BASIC"
ENHANCED = "ENHANCED"


def start_image_scan(context: RequestContext) -> dict[str, Any]:
    """StartImageScan: start a basic scan of one image."""
    with context.database.write() as connection:
        repository = context.repository(connection)
        image = require_image(connection, repository, context["imageId"])
        if registry_settings.scan_type(connection, context.registry_id, context.region) == ENHANCED:
            raise ServiceError("ValidationException", "This feature is disabled")
        if image["status"] != "ACTIVE":
            raise ServiceError("ImageArchivedException", f"The image with digest '{image['digest']}' is archived")
        if not _scannable(image["media_type"]):
            raise ServiceError(
                "UnsupportedImageTypeException",
                f"The operation is not supported for images of the media type '{image['media_type']}'",
            )
        scanned = connection.execute("SELECT started_at FROM scans WHERE image_id = ?", (image["id"],)).fetchone()
        if scanned is not None and context.now - scanned["started_at"] < RESCAN_INTERVAL:
            raise ServiceError(
                "LimitExceededException", "The scan quota per image has been exceeded. Wait and try again."
            )
        scan_image(connection, image["id"], BASIC, at=context.now)
    return {
        **context.repository_members(),
        "imageId": _with_digest(image, context["imageId"]),
        "imageScanStatus": {"status": "IN_PROGRESS"},
    }


def describe_image_scan_findings(context: RequestContext) -> dict[str, Any]:
    """DescribeImageScanFindings: return a page of findings of an image's last scan."""
    limit = context.get("maxResults", pagination.DEFAULT_PAGE_SIZE)
    with context.database.read() as connection:
        repository = context.repository(connection)
        image = require_image(connection, repository, context["imageId"])
        (after,) = pagination.decode_token("findings", context.get("nextToken"), (-1,))
        scan = connection.execute("SELECT * FROM scans WHERE image_id = ?", (image["id"],)).fetchone()
        if scan is None:
            raise ServiceError(
                "ScanNotFoundException",
                f"Image scan does not exist for the image with '{{imageDigest:'{image['digest']}',"
                f" imageTag:'{context['imageId'].get('imageTag', 'null')}'}}' in the repository with name"
                f" '{repository['name']}' in the registry with id '{repository['registry_id']}'",
            )
        rows = _stored_findings(connection, image["id"], int(after), limit + 1) or _seeded_findings(
            image["digest"], scan, int(after), limit + 1
        )
    page, next_page = pagination.split_page("findings", rows, limit, lambda row: (row[0],))
    response: dict[str, Any] = {
        **context.repository_members(),
        "imageId": _with_digest(image, context["imageId"]),
        "imageScanStatus": _status(scan),
    }
    if scan["status"] in ("COMPLETE", "ACTIVE"):
        response["imageScanFindings"] = _findings(scan, page)
    return {**response, **next_page}


def _stored_findings(
    connection: sqlite3.Connection, image_id: int, after: int, limit: int
) -> list[tuple[int, dict[str, Any]]]:
    """Return findings after a position, each with its position."""
    rows = connection.execute(
        "SELECT position, finding FROM findings WHERE image_id = ? AND position > ? ORDER BY position LIMIT ?",
        (image_id, after, limit),
    )
    return [(row["position"], json.loads(row["finding"])) for row in rows]


def _seeded_findings(digest: str, scan: sqlite3.Row, after: int, limit: int) -> list[tuple[int, dict[str, Any]]]:
    """Return the findings of a seeded image of which only the counts are stored."""
    found = vulnerabilities.seeded_findings(digest)
    if scan["type"] != BASIC or json.loads(scan["severity_counts"]) != vulnerabilities.count_severities(found):
        return []
    rows = [(position, vulnerabilities.to_basic_finding(one)) for position, one in enumerate(found)]
    return rows[after + 1 :][:limit]


def scan_on_push(
    context: RequestContext, connection: sqlite3.Connection, repository: sqlite3.Row, image_id: int
) -> None:
    """Scan a new image if its repository or registry scans on push."""
    frequency = registry_settings.frequency(connection, repository)
    if frequency == registry_settings.MANUAL:
        return
    image = connection.execute("SELECT media_type FROM images WHERE id = ?", (image_id,)).fetchone()
    if _scannable(image["media_type"]):
        kind = registry_settings.scan_type(connection, repository["registry_id"], repository["region"])
        scan_image(connection, image_id, kind, at=context.now)


def summary_members(row: sqlite3.Row) -> dict[str, Any]:
    """Return the scan members of DescribeImages, from a row with ``scan_status`` and the columns of the scan."""
    status: dict[str, Any] = {"status": row["scan_status"]}
    if row["description"] is not None:
        status["description"] = row["description"]
    members: dict[str, Any] = {"imageScanStatus": status}
    if row["scan_status"] in ("COMPLETE", "ACTIVE"):
        members["imageScanFindingsSummary"] = _summary(row)
    return members


def scan_image(
    connection: sqlite3.Connection, image_id: int, kind: str, *, at: float, suppressed: Collection[str] = ()
) -> None:
    """Simulate a scan of an image and store it.

    Args:
        kind: BASIC or ENHANCED.
        at: the time of the scan, in seconds since the epoch.
        suppressed: the vulnerabilities that a suppression rule of Amazon Inspector selects (ENHANCED).
    """
    image = connection.execute(
        "SELECT r.registry_id, r.region, r.name, i.digest, i.media_type, m.manifest FROM images i"
        " JOIN repositories r ON r.id = i.repository_id JOIN manifests m ON m.image_id = i.id WHERE i.id = ?",
        (image_id,),
    ).fetchone()
    found = vulnerabilities.findings_of(image["digest"])
    if kind == ENHANCED:
        scanned = vulnerabilities.ScannedImage(
            image["registry_id"],
            image["region"],
            image["name"],
            image["digest"],
            manifests.layer_digests(image["manifest"], image["media_type"]),
        )
        findings = [
            vulnerabilities.to_enhanced_finding(one, scanned, at, suppressed=one.name in suppressed) for one in found
        ]
        found = tuple(one for one in found if one.name not in suppressed)
    else:
        findings = [vulnerabilities.to_basic_finding(one) for one in found]
    store_scan(connection, image_id, findings, vulnerabilities.count_severities(found), kind=kind, at=at)


def store_scan(
    connection: sqlite3.Connection,
    image_id: int,
    findings: Sequence[Mapping[str, Any]],
    severity_counts: Mapping[str, int],
    *,
    kind: str = BASIC,
    at: float,
) -> None:
    """Store a finished scan in place of the last one.

    Args:
        findings: in the shape of the API: ``ImageScanFinding`` for BASIC, ``EnhancedImageScanFinding`` for ENHANCED.
        kind: BASIC or ENHANCED.
        at: the time of the scan, in seconds since the epoch.
    """
    status = "ACTIVE" if kind == ENHANCED else "COMPLETE"
    connection.execute("DELETE FROM scans WHERE image_id = ?", (image_id,))
    connection.execute(
        "INSERT INTO scans (image_id, type, status, description, started_at, completed_at, source_updated_at,"
        " severity_counts) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            image_id,
            kind,
            status,
            "Continuous scan is selected for image." if kind == ENHANCED else "The scan was completed successfully.",
            at,
            at,
            at,
            json.dumps(severity_counts),
        ),
    )
    connection.executemany(
        "INSERT INTO findings (image_id, position, finding) VALUES (?, ?, ?)",
        [(image_id, position, json.dumps(finding)) for position, finding in enumerate(findings)],
    )


def _scannable(media_type: str) -> bool:
    return media_type in (manifests.DOCKER_V2, manifests.OCI_MANIFEST, manifests.DOCKER_V1)


def _with_digest(image: sqlite3.Row, image_id: Mapping[str, str]) -> dict[str, str]:
    return {**image_id, "imageDigest": image["digest"]}


def _status(scan: sqlite3.Row) -> dict[str, str]:
    return {"status": scan["status"], **({"description": scan["description"]} if scan["description"] else {})}


def _summary(scan: sqlite3.Row) -> dict[str, Any]:
    return {
        "imageScanCompletedAt": scan["completed_at"],
        "vulnerabilitySourceUpdatedAt": scan["source_updated_at"],
        "findingSeverityCounts": json.loads(scan["severity_counts"]),
    }


def _findings(scan: sqlite3.Row, rows: Sequence[tuple[int, Mapping[str, Any]]]) -> dict[str, Any]:
    member = "enhancedFindings" if scan["type"] == ENHANCED else "findings"
    return {member: [finding for _, finding in rows], **_summary(scan)}


OPERATIONS: dict[str, Operation] = {
    "StartImageScan": start_image_scan,
    "DescribeImageScanFindings": describe_image_scan_findings,
}
