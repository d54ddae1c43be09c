"""Replication of pushed and deleted images to other regions and registries, at once. AWS needs up to 30 minutes.

User guide, "Private image replication in Amazon ECR":

- Each push of an image or tag is replicated, if a rule matches the repository. A replicated image is not replicated
  further.
- A repository that the destination lacks is created, with the settings of a creation template or the defaults.
- The registry policy of another account must allow ``ecr:ReplicateImage``, and ``ecr:CreateRepository`` if the
  repository is missing there.
- A tag that the destination holds and does not move stays there; the image is then replicated without it.
- Deletions are replicated by rules with ``deleteReplication``.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from ecrtui.emulator import manifests, mutability, partitions, policy_documents, storage
from ecrtui.emulator.errors import constraint_violation
from ecrtui.emulator.operations import creation_templates, registry_settings, scans
from ecrtui.emulator.operations.image_ids import lookup_image, require_image, tag_member
from ecrtui.emulator.request_context import Operation, RequestContext

ACCESS_DENIED = "AccessDenied"
"""The failure of a replication that the policy of the destination does not allow. ECR's own code is not known."""

SETTING = "replication"
NO_RULES: dict[str, Any] = {"rules": []}


class ReplicationDestination(NamedTuple):
    """A registry that images are replicated to (``ReplicationDestination``)."""

    region: str
    registry_id: str

    def to_api(self) -> dict[str, str]:
        """Return the members of the destination."""
        return {"region": self.region, "registryId": self.registry_id}


def put_replication_configuration(context: RequestContext) -> dict[str, Any]:
    """PutReplicationConfiguration: later pushes are replicated, images that are there are not."""
    configuration = context["replicationConfiguration"]
    own = ReplicationDestination(context.region, context.registry_id)
    if own in all_destinations(configuration):
        raise constraint_violation(
            "replicationConfiguration", "Replication destination cannot be the same as the source registry"
        )
    with context.database.write() as connection:
        registry_settings.put(connection, context.registry_id, context.region, SETTING, configuration)
    return {"replicationConfiguration": configuration}


def describe_image_replication_status(context: RequestContext) -> dict[str, Any]:
    """DescribeImageReplicationStatus: a status for each destination that the image was replicated to."""
    with context.database.read() as connection:
        image = require_image(connection, context.repository(connection), context["imageId"])
        rows = connection.execute(
            "SELECT * FROM image_replications WHERE image_id = ? ORDER BY region, registry_id", (image["id"],)
        ).fetchall()
    return {
        "repositoryName": context["repositoryName"],
        "imageId": {"imageDigest": image["digest"], **tag_member(context["imageId"])},
        "replicationStatuses": [
            {
                **ReplicationDestination(row["region"], row["registry_id"]).to_api(),
                "status": row["status"],
                **({"failureCode": row["failure_code"]} if row["failure_code"] else {}),
            }
            for row in rows
        ],
    }


def configuration_of(connection: sqlite3.Connection, registry_id: str, region: str) -> dict[str, Any]:
    """Return the replication configuration of a registry."""
    configuration: dict[str, Any] = registry_settings.get(connection, registry_id, region, SETTING, NO_RULES)
    return configuration


def destinations(
    configuration: Mapping[str, Any], name: str, *, of_deletions: bool = False
) -> list[ReplicationDestination]:
    """Return the destinations of a repository, each once.

    Args:
        name: the repository's name.
        of_deletions: True for the rules that replicate deletions.
    """
    found: dict[ReplicationDestination, None] = {}
    for rule in configuration["rules"]:
        filters = rule.get("repositoryFilters")
        matches = filters is None or any(name.startswith(entry["filter"]) for entry in filters)
        if matches and (not of_deletions or rule.get("deleteReplication", {}).get("enabled")):
            found.update(dict.fromkeys(_destinations_of(rule)))
    return list(found)


def all_destinations(configuration: Mapping[str, Any]) -> set[ReplicationDestination]:
    """Return the destinations of all rules."""
    return {destination for rule in configuration["rules"] for destination in _destinations_of(rule)}


def replicate_push(
    context: RequestContext, connection: sqlite3.Connection, repository: sqlite3.Row, pushed: Mapping[int, str | None]
) -> None:
    """Replicate images that were pushed, by the id of their row, each with the tag of the push."""
    configuration = configuration_of(connection, repository["registry_id"], repository["region"])
    for destination in destinations(configuration, repository["name"]):
        for image_id, tag in pushed.items():
            replicate_image(context, connection, repository, image_id, tag, destination)


def replicate_deletions(
    connection: sqlite3.Connection, repository: sqlite3.Row, deleted: Sequence[Mapping[str, str]]
) -> None:
    """Replicate the deletion of tags and images, by their image ids.

    If the image is still there, the tag was removed alone. An image that an index of the destination names stays.
    """
    configuration = configuration_of(connection, repository["registry_id"], repository["region"])
    for destination in destinations(configuration, repository["name"], of_deletions=True):
        target = _replica(connection, destination, repository["name"])
        if target is not None:
            for image_id in deleted:
                _delete(connection, repository["id"], target["id"], image_id)


def replicate_image(
    context: RequestContext,
    connection: sqlite3.Connection,
    repository: sqlite3.Row,
    image_id: int,
    tag: str | None,
    destination: ReplicationDestination,
) -> str:
    """Replicate an image, with the images that it names, and record the status.

    Returns:
        The code of the failure (``ReplicationError``); empty if there was none.
    """
    target = _replica(connection, destination, repository["name"])
    actions = ["ecr:ReplicateImage"] if target else ["ecr:ReplicateImage", "ecr:CreateRepository"]
    failure = "" if _is_granted(context, connection, repository, destination, actions) else ACCESS_DENIED
    if not failure:
        target = target or creation_templates.create_replica(
            connection, destination.registry_id, destination.region, repository["name"], at=context.now
        )
        image = connection.execute("SELECT * FROM images WHERE id = ?", (image_id,)).fetchone()
        if image["media_type"] in manifests.INDEXES:
            for child_id in _children(connection, image_id):
                replicate_image(context, connection, repository, child_id, None, destination)
        copy_id = _copy(context, connection, image, target)
        if tag is not None:
            _set_tag(connection, target, tag, copy_id)
    connection.execute(
        "INSERT OR REPLACE INTO image_replications (image_id, region, registry_id, status, failure_code)"
        " VALUES (?, ?, ?, ?, ?)",
        (image_id, *destination, "FAILED" if failure else "COMPLETE", failure or None),
    )
    return failure


def _delete(connection: sqlite3.Connection, source_id: int, target_id: int, image_id: Mapping[str, str]) -> None:
    """Delete in a repository what was deleted in its source: the tag if the image is still there, or else the image."""
    copy = lookup_image(connection, target_id, digest=image_id["imageDigest"])
    if copy is None:
        return
    if lookup_image(connection, source_id, digest=image_id["imageDigest"]) is not None:
        tag = image_id.get("imageTag")
        connection.execute("DELETE FROM tags WHERE image_id = ? AND tag = ?", (copy["id"], tag))
    else:
        connection.execute(
            "DELETE FROM images WHERE id = ? AND NOT EXISTS"
            " (SELECT 1 FROM index_children WHERE repository_id = ? AND child_digest = ?)",
            (copy["id"], target_id, copy["digest"]),
        )


def _is_granted(
    context: RequestContext,
    connection: sqlite3.Connection,
    repository: sqlite3.Row,
    destination: ReplicationDestination,
    actions: Sequence[str],
) -> bool:
    """Return True if the destination is of the same account, or its registry policy allows the actions."""
    if destination.registry_id == repository["registry_id"]:
        return True
    region, registry_id = destination
    text = registry_settings.get(connection, registry_id, region, registry_settings.POLICY, "")
    resource = partitions.repository_arn(region, registry_id, repository["name"])
    return all(
        policy_documents.decision(text, "registry", caller=context.caller_arn, action=action, resource=resource)
        == "Allow"
        for action in actions
    )


def _copy(context: RequestContext, connection: sqlite3.Connection, image: sqlite3.Row, target: sqlite3.Row) -> int:
    """Copy an image unless the repository has it; return the id of its row there."""
    copy = lookup_image(connection, target["id"], digest=image["digest"])
    if copy is None:
        copy_id = storage.copy_image(connection, image, target["id"], pushed_at=context.now)
        scans.scan_on_push(context, connection, target, copy_id)
        return copy_id
    storage.activate_image(connection, copy, at=context.now)
    return int(copy["id"])


def _set_tag(connection: sqlite3.Connection, target: sqlite3.Row, tag: str, image_id: int) -> None:
    holder = lookup_image(connection, target["id"], tag=tag)
    if holder is None or mutability.can_move_tag(target, tag):
        storage.set_tag(connection, target["id"], tag, image_id)


def _children(connection: sqlite3.Connection, image_id: int) -> list[int]:
    """Return the ids of the images that an index names and its repository has."""
    rows = connection.execute(
        "SELECT i.id FROM index_children c JOIN images i"
        " ON i.repository_id = c.repository_id AND i.digest = c.child_digest WHERE c.parent_id = ?",
        (image_id,),
    )
    return [row["id"] for row in rows]


def _replica(connection: sqlite3.Connection, destination: ReplicationDestination, name: str) -> sqlite3.Row | None:
    """Return the row of the repository that receives the images of this one; None if there is none."""
    return storage.find_repository(connection, destination.registry_id, destination.region, name)


def _destinations_of(rule: Mapping[str, Any]) -> Iterator[ReplicationDestination]:
    for entry in rule["destinations"]:
        yield ReplicationDestination(entry["region"], entry["registryId"])


OPERATIONS: dict[str, Operation] = {
    "PutReplicationConfiguration": put_replication_configuration,
    "DescribeImageReplicationStatus": describe_image_replication_status,
}
