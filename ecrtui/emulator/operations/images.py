"""Images: put, get, delete, storage class.

Decisions where reports about ECR disagree or are silent:

- In an immutable repository, the same manifest with the same tag fails with ``ImageTagAlreadyExistsException``
  (aws/containers-roadmap#2179; #2380 reports ImageAlreadyExistsException). A client that repeats a write after a lost
  reply sees the same error.
- For a tag, an image of a media type outside ``acceptedMediaTypes`` is converted or not returned. For a digest, and
  without ``acceptedMediaTypes``, the stored bytes are returned (user guide, "Container image manifest format support";
  aws/containers-roadmap#308). For an index without ``acceptedMediaTypes`` no report was found.
- BatchGetImage records ``lastRecordedPullTime``, because every pull calls it; at most once in 24 hours per image
  (``ImageDetail``).
- BatchGetImage refuses images whose manifests are too large together. No source says how much ECR returns. The
  embedded registry has each reply in memory, and 100 manifests can have 400 MiB.
- Putting the manifest of an archived image makes the image active again (user guide, "Archiving an image").
"""

from __future__ import annotations

import json
import logging
import re
import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

from ecrtui.emulator import blobs, manifests, mutability, storage
from ecrtui.emulator.errors import ServiceError, constraint_violation
from ecrtui.emulator.operations import creation_templates, registry_settings, replication, scans, signing
from ecrtui.emulator.operations.image_ids import (
    TAG,
    ImageFailure,
    find_image,
    image_not_found,
    lookup_image,
    require_image,
    tag_member,
    to_image_id,
)
from ecrtui.emulator.request_context import Operation, RequestContext

MAX_TAGS = 1000
"""Tags per image (quota)."""

MAX_MANIFESTS = 32 * 1024 * 1024
"""Bytes of the manifests in one reply of BatchGetImage, as JSON texts. A single one may have more: up to 48 MiB."""

PULL_INTERVAL = 24 * 3600.0
"""Seconds; a pull time is recorded at most once in this interval."""

PULL_TIMEOUT = 0.5
"""Seconds; the recording of a pull waits this long for other writes."""

_NEW_TAG = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9-_.]*")
"""The grammar of the tag of a push: that of Docker."""

_log = logging.getLogger(__name__)


def put_image(context: RequestContext) -> dict[str, Any]:
    """PutImage."""
    text, tag = context["imageManifest"], context.get("imageTag")
    if tag is not None:
        _check_tag(tag)
    contents = manifests.parse_manifest(text, context.get("imageManifestMediaType", ""))
    digest = blobs.digest_of(text.encode())
    if context.get("imageDigest", digest) != digest:
        raise ServiceError(
            "ImageDigestDoesNotMatchException",
            f"The image with digest '{context['imageDigest']}' in repository '{context['repositoryName']}' and registry"
            f" ID '{context.registry_id}' does not match the image digest that Amazon ECR has calculated.",
        )
    with context.database.write() as connection:
        repository = creation_templates.repository_of_push(context, connection)
        image = lookup_image(connection, repository["id"], digest=digest)
        holder = None if tag is None else lookup_image(connection, repository["id"], tag=tag)
        _check_put(repository, digest, tag, image, holder)
        if image is None:
            _check_parts(connection, repository, contents)
            image_id = storage.insert_image(connection, repository["id"], text, contents, pushed_at=context.now)
            scans.scan_on_push(context, connection, repository, image_id)
            media_type = contents.media_type
        else:
            image_id, media_type = image["id"], image["media_type"]
            storage.activate_image(connection, image, at=context.now)
        if tag is not None and (holder is None or holder["id"] != image_id):
            _check_tag_count(connection, image_id, digest)
            storage.set_tag(connection, repository["id"], tag, image_id)
        signatures = signing.sign_on_push(context, connection, repository, image_id)
        replication.replicate_push(context, connection, repository, {image_id: tag, **dict.fromkeys(signatures)})
    return {
        "image": {
            **context.repository_members(),
            "imageId": to_image_id(digest, tag),
            "imageManifest": text,
            "imageManifestMediaType": media_type,
        }
    }


def batch_get_image(context: RequestContext) -> dict[str, Any]:
    """BatchGetImage."""
    images: list[dict[str, Any]] = []
    failures, pulled = [], []
    left = MAX_MANIFESTS
    with context.database.read() as connection:
        repository = context.repository(connection)
        for image_id in context["imageIds"]:
            try:
                row = find_image(connection, repository["id"], image_id)
                text, media_type = _manifest_for_client(context, connection, row, image_id)
            except ImageFailure as error:
                failures.append(error.to_api())
                continue
            if len(context["imageIds"]) > 1:  # ECR always returns a single image; json.dumps takes as long as the reply
                left -= len(json.dumps(text))
            if images and left < 0:
                raise constraint_violation(
                    "imageIds", f"The manifests must have at most {MAX_MANIFESTS:,} bytes together, as JSON texts"
                )
            images.append(
                {
                    **context.repository_members(),
                    "imageId": {"imageDigest": row["digest"], **tag_member(image_id)},
                    "imageManifest": text,
                    "imageManifestMediaType": media_type,
                }
            )
            if (row["last_pulled_at"] or 0.0) <= context.now - PULL_INTERVAL:
                pulled.append(row["id"])
        exclusions = registry_settings.pull_time_exclusions(connection, context.registry_id, context.region)
    if pulled and context.caller_arn not in exclusions:
        _record_pulls(context, pulled)
    return {"images": images, "failures": failures}


def batch_delete_image(context: RequestContext) -> dict[str, Any]:
    """BatchDeleteImage: delete a tag, or an image with all its tags. An image is deleted with its last tag."""
    deleted: list[dict[str, str]] = []
    failures = []
    with context.database.write() as connection:
        repository = context.repository(connection)
        for image_id in context["imageIds"]:
            try:
                deleted += _delete(connection, repository["id"], image_id)
            except ImageFailure as error:
                failures.append(error.to_api())
        replication.replicate_deletions(connection, repository, deleted)
    return {"imageIds": deleted, "failures": failures}


def update_image_storage_class(context: RequestContext) -> dict[str, Any]:
    """UpdateImageStorageClass: archive or restore an image, at once. AWS needs up to 20 minutes."""
    with context.database.write() as connection:
        repository = context.repository(connection)
        image = require_image(connection, repository, context["imageId"])
        if context["targetStorageClass"] == "ARCHIVE":
            if _parents(connection, repository["id"], image["digest"]):
                raise ServiceError(
                    "ImageStorageClassUpdateNotSupportedException",
                    f"The image with digest '{image['digest']}' is referenced by a manifest list and cannot be archived"
                    " without it",
                )
            connection.execute(
                "UPDATE images SET status = 'ARCHIVED', last_archived_at = ? WHERE id = ? AND status = 'ACTIVE'",
                (context.now, image["id"]),
            )
            status = "ARCHIVED"
        else:
            status = "ACTIVATING" if storage.activate_image(connection, image, at=context.now) else "ACTIVE"
    return {
        **context.repository_members(),
        "imageId": {"imageDigest": image["digest"], **tag_member(context["imageId"])},
        "imageStatus": status,
    }


def _check_tag(tag: str) -> None:
    for grammar in (TAG, _NEW_TAG):
        if not grammar.fullmatch(tag):
            raise constraint_violation("imageTag", f"must satisfy regular expression '{grammar.pattern}'")


def _check_put(
    repository: sqlite3.Row, digest: str, tag: str | None, image: sqlite3.Row | None, holder: sqlite3.Row | None
) -> None:
    if tag is not None and holder is not None and not mutability.can_move_tag(repository, tag):
        raise ServiceError(
            "ImageTagAlreadyExistsException",
            f"The image tag '{tag}' already exists in the '{repository['name']}' repository and cannot be overwritten"
            " because the tag is immutable.",
        )
    unchanged = tag is None or (holder is not None and holder["digest"] == digest)
    if image is not None and image["status"] == "ACTIVE" and unchanged:
        which = f"Image with digest '{digest}'" + (f" and tag '{tag}'" if tag is not None else "")
        raise ServiceError(
            "ImageAlreadyExistsException",
            f"{which} already exists in the repository with name '{repository['name']}' in registry with id"
            f" '{repository['registry_id']}'",
        )


def _check_parts(connection: sqlite3.Connection, repository: sqlite3.Row, contents: manifests.ManifestContents) -> None:
    """Check that the repository has the blobs and images that a new manifest names."""
    where = f"into repository with name '{repository['name']}' in the registry with id '{repository['registry_id']}'"
    children = storage.missing_images(connection, repository["id"], contents.children)
    if children:
        raise ServiceError(
            "ReferencedImagesNotFoundException",
            f"Images with digests '[{', '.join(children)}]' required for pushing image {where} do not exist",
        )
    known = storage.layer_sizes(connection, repository["id"], contents.blobs)
    absent = [digest for digest in contents.blobs if digest not in known]
    if absent:
        raise ServiceError(
            "LayersNotFoundException",
            f"Layers with digests '[{', '.join(absent)}]' required for pushing image {where} do not exist",
        )


def _check_tag_count(connection: sqlite3.Connection, image_id: int, digest: str) -> None:
    count = connection.execute("SELECT count(*) FROM tags WHERE image_id = ?", (image_id,)).fetchone()[0]
    if count >= MAX_TAGS:
        raise ServiceError(
            "LimitExceededException", f"The image with digest '{digest}' already has the maximum of {MAX_TAGS} tags"
        )


def _record_pulls(context: RequestContext, image_ids: Sequence[int]) -> None:
    """Record a pull of these images if the database can be written. A pull needs read access only."""
    try:
        with context.database.write(timeout=PULL_TIMEOUT) as connection:
            connection.executemany(
                "UPDATE images SET last_pulled_at = ? WHERE id = ?", [(context.now, image_id) for image_id in image_ids]
            )
    except sqlite3.OperationalError:
        _log.debug("a pull was not recorded", exc_info=True)


def _manifest_for_client(
    context: RequestContext, connection: sqlite3.Connection, row: sqlite3.Row, image_id: Mapping[str, str]
) -> tuple[str, str]:
    """Return the manifest and the media type for this client."""
    if row["status"] != "ACTIVE":
        raise ImageFailure(image_id, "ImageInaccessible", "Requested image is archived; restore it to pull it")
    stored = storage.read_manifest(connection, row["id"])
    media_type: str = row["media_type"]
    accepted = context.get("acceptedMediaTypes", [media_type])
    if "imageDigest" in image_id or media_type in accepted:
        return stored, media_type
    converted = manifests.convert_manifest(stored, media_type, accepted)
    if converted is None and media_type == manifests.DOCKER_V2 and manifests.DOCKER_V1 in accepted:
        config = blobs.read_blob(connection, manifests.config_digest(stored))
        schema_1 = manifests.to_schema_1(stored, config, name=context["repositoryName"], tag=image_id["imageTag"])
        converted = (schema_1, manifests.DOCKER_V1) if schema_1 is not None else None
    if converted is None:
        raise image_not_found(image_id)
    return converted


def _delete(connection: sqlite3.Connection, repository_id: int, image_id: Mapping[str, str]) -> list[dict[str, str]]:
    """Delete one tag or image; return the deleted image ids."""
    row = find_image(connection, repository_id, image_id)
    tags = [
        entry["tag"]
        for entry in connection.execute("SELECT tag FROM tags WHERE image_id = ? ORDER BY tag", (row["id"],))
    ]
    tag = image_id.get("imageTag")
    if tag is not None and len(tags) > 1:
        connection.execute("DELETE FROM tags WHERE repository_id = ? AND tag = ?", (repository_id, tag))
        return [to_image_id(row["digest"], tag)]
    parents = _parents(connection, repository_id, row["digest"])
    if parents:
        raise ImageFailure(
            image_id,
            "ImageReferencedByManifestList",
            f"Requested image referenced by manifest list: [{', '.join(parents)}]",
        )
    connection.execute("DELETE FROM images WHERE id = ?", (row["id"],))
    return [to_image_id(row["digest"], gone) for gone in tags or [None]]


def _parents(connection: sqlite3.Connection, repository_id: int, digest: str) -> list[str]:
    rows = connection.execute(
        "SELECT p.digest FROM index_children c JOIN images p ON p.id = c.parent_id"
        " WHERE c.repository_id = ? AND c.child_digest = ?",
        (repository_id, digest),
    )
    return [row["digest"] for row in rows]


OPERATIONS: dict[str, Operation] = {
    "PutImage": put_image,
    "BatchGetImage": batch_get_image,
    "BatchDeleteImage": batch_delete_image,
    "UpdateImageStorageClass": update_image_storage_class,
}
