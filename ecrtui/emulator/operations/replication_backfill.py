"""Replication backfill: replicate the images that were pushed before replication was configured.

A backfill completes at once; its answer says PREPARING, as on AWS, and the next one COMPLETE or FAILED. So there is
never one to stop.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import Any, NamedTuple
from uuid import uuid4

from ecrtui.emulator import pagination
from ecrtui.emulator.errors import ServiceError, constraint_violation
from ecrtui.emulator.operations import replication
from ecrtui.emulator.operations.image_ids import to_image_id
from ecrtui.emulator.operations.replication import ReplicationDestination
from ecrtui.emulator.request_context import Operation, RequestContext

PAGE_SIZE = 25
"""Backfills per page unless the caller sets ``maxResults`` (ListReplicationBackfills)."""

RETENTION = 90 * 24 * 3600.0
"""Seconds; a backfill is listed this long after its end (ListReplicationBackfills)."""

MIN_FOR_FAILURE = 100
"""A backfill fails if half of its replications fail, and it has at least so many (user guide)."""


class _Replication(NamedTuple):
    repository: sqlite3.Row
    image_id: int
    digest: str
    tag: str | None


def start_replication_backfill(context: RequestContext) -> dict[str, Any]:
    """StartReplicationBackfill: replicate the images that a rule selects for the destination."""
    destination = ReplicationDestination(context["destination"]["region"], context["destination"]["registryId"])
    uuid = str(uuid4())
    with context.database.write() as connection:
        configuration = replication.configuration_of(connection, context.registry_id, context.region)
        if destination not in replication.all_destinations(configuration):
            raise constraint_violation("destination", "The destination is not in the replication configuration")
        cursor = connection.execute(
            "INSERT INTO replication_backfills (uuid, registry_id, region, destination_region,"
            " destination_registry_id, status, started_at, ended_at) VALUES (?, ?, ?, ?, ?, 'PREPARING', ?, ?)",
            (uuid, context.registry_id, context.region, *destination, context.now, context.now),
        )
        backfill_id = int(cursor.lastrowid or 0)
        pending = list(_pending(context, connection, configuration, destination))
        for position, (repository, image_id, digest, tag) in enumerate(pending):
            failure = replication.replicate_image(context, connection, repository, image_id, tag, destination)
            connection.execute(
                "INSERT INTO replication_backfill_results (backfill_id, position, repository, digest, tag, status,"
                " failure_code) VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    backfill_id,
                    position,
                    repository["name"],
                    digest,
                    tag,
                    "FAILED" if failure else "COMPLETE",
                    failure or None,
                ),
            )
        progress = _progress(connection, backfill_id)
        failed = progress["failedReplicationCount"]
        status = "FAILED" if len(pending) >= MIN_FOR_FAILURE and 2 * failed >= len(pending) else "COMPLETE"
        connection.execute("UPDATE replication_backfills SET status = ? WHERE id = ?", (status, backfill_id))
    return {
        "replicationBackfillId": uuid,
        "registryId": context.registry_id,
        "destination": destination.to_api(),
        "status": "PREPARING",
        "startedAt": context.now,
    }


def stop_replication_backfill(context: RequestContext) -> dict[str, Any]:
    """StopReplicationBackfill: always too late here."""
    with context.database.read() as connection:
        backfill = _backfill(context, connection)
    raise ServiceError(
        "ReplicationBackfillInvalidStatusException",
        f"The replication backfill with id '{backfill['uuid']}' has the status {backfill['status']} and cannot be"
        " stopped",
    )


def list_replication_backfills(context: RequestContext) -> dict[str, Any]:
    """ListReplicationBackfills: return a page of backfills in the order of their starts."""
    limit = context.get("maxResults", PAGE_SIZE)
    (after,) = pagination.decode_token("backfills", context.get("nextToken"), (0,))
    with context.database.read() as connection:
        rows = connection.execute(
            "SELECT * FROM replication_backfills WHERE registry_id = ? AND region = ? AND id > ?"
            " AND ended_at > ? ORDER BY id LIMIT ?",
            (context.registry_id, context.region, after, context.now - RETENTION, limit + 1),
        ).fetchall()
        page, next_page = pagination.split_page("backfills", rows, limit, lambda row: (row["id"],))
        backfills = [_to_api(connection, row) for row in page]
    return {"registryId": context.registry_id, "backfills": backfills, **next_page}


def describe_replication_backfill_results(context: RequestContext) -> dict[str, Any]:
    """DescribeReplicationBackfillResults: return a page of the results of each image and tag."""
    limit = context.get("maxResults", pagination.DEFAULT_PAGE_SIZE)
    (after,) = pagination.decode_token("backfill results", context.get("nextToken"), (-1,))
    status = context.get("resultStatusFilter")
    with context.database.read() as connection:
        backfill = _backfill(context, connection)
        rows = connection.execute(
            "SELECT * FROM replication_backfill_results WHERE backfill_id = ? AND position > ?"
            " AND coalesce(?, status) = status ORDER BY position LIMIT ?",
            (backfill["id"], after, status, limit + 1),
        ).fetchall()
        members = _to_api(connection, backfill)
    page, next_page = pagination.split_page("backfill results", rows, limit, lambda row: (row["position"],))
    return {
        "registryId": context.registry_id,
        **members,
        "results": [
            {
                "repositoryName": row["repository"],
                "imageId": to_image_id(row["digest"], row["tag"]),
                "status": row["status"],
                **({"failureCode": row["failure_code"]} if row["failure_code"] else {}),
            }
            for row in page
        ],
        **next_page,
    }


def _pending(
    context: RequestContext,
    connection: sqlite3.Connection,
    configuration: dict[str, Any],
    destination: ReplicationDestination,
) -> Iterator[_Replication]:
    """Yield each active image and tag that the configuration replicates to the destination."""
    repositories = connection.execute(
        "SELECT * FROM repositories WHERE registry_id = ? AND region = ? ORDER BY name",
        (context.registry_id, context.region),
    ).fetchall()
    for repository in repositories:
        if destination in replication.destinations(configuration, repository["name"]):
            rows = connection.execute(
                "SELECT i.id, i.digest, t.tag FROM images i LEFT JOIN tags t ON t.image_id = i.id"
                " WHERE i.repository_id = ? AND i.status = 'ACTIVE' ORDER BY i.id, t.tag",
                (repository["id"],),
            ).fetchall()
            for row in rows:
                yield _Replication(repository, row["id"], row["digest"], row["tag"])


def _backfill(context: RequestContext, connection: sqlite3.Connection) -> sqlite3.Row:
    uuid = context["replicationBackfillId"]
    row: sqlite3.Row | None = connection.execute(
        "SELECT * FROM replication_backfills WHERE uuid = ? AND registry_id = ? AND region = ?",
        (uuid.lower(), context.registry_id, context.region),
    ).fetchone()
    if row is None:
        raise ServiceError(
            "ReplicationBackfillNotFoundException",
            f"The replication backfill with id '{uuid}' does not exist in the registry with id '{context.registry_id}'",
        )
    return row


def _to_api(connection: sqlite3.Connection, row: sqlite3.Row) -> dict[str, Any]:
    return {
        "replicationBackfillId": row["uuid"],
        "destination": ReplicationDestination(row["destination_region"], row["destination_registry_id"]).to_api(),
        "status": row["status"],
        "progress": _progress(connection, row["id"]),
        "startedAt": row["started_at"],
        "endedAt": row["ended_at"],
    }


def _progress(connection: sqlite3.Connection, backfill_id: int) -> dict[str, Any]:
    """Return the numbers of replications (``ReplicationBackfillProgress``)."""
    rows = connection.execute(
        "SELECT failure_code, count(*) AS number FROM replication_backfill_results WHERE backfill_id = ?"
        " GROUP BY failure_code ORDER BY failure_code",
        (backfill_id,),
    ).fetchall()
    total = sum(row["number"] for row in rows)
    failed = sum(row["number"] for row in rows if row["failure_code"] is not None)
    return {
        "totalReplicationCount": total,
        "completedReplicationCount": total - failed,
        "failedReplicationCount": failed,
        "failureCodes": [row["failure_code"] for row in rows if row["failure_code"] is not None],
    }


OPERATIONS: dict[str, Operation] = {
    "StartReplicationBackfill": start_replication_backfill,
    "StopReplicationBackfill": stop_replication_backfill,
    "ListReplicationBackfills": list_replication_backfills,
    "DescribeReplicationBackfillResults": describe_replication_backfill_results,
}
