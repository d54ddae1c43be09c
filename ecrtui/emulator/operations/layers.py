"""Layers and configs: uploads in parts, availability, download URLs."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

from ecrtui.emulator import layer_downloads, storage
from ecrtui.emulator.errors import ServiceError
from ecrtui.emulator.request_context import Operation, RequestContext

PART_SIZE = 10 * 1024 * 1024
"""Bytes; the part size that InitiateLayerUpload proposes, as on ECR."""

MIN_PART_SIZE = 5 * 1024 * 1024
"""Bytes; the smallest size of all parts but the last (``LayerPartTooSmallException``)."""

_DIGEST = re.compile(r"[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+")


def initiate_layer_upload(context: RequestContext) -> dict[str, Any]:
    """InitiateLayerUpload."""
    upload_id = str(uuid4())
    with context.database.write() as connection:
        repository = context.repository(connection)
        connection.execute(
            "INSERT INTO uploads (id, repository_id, created_at) VALUES (?, ?, ?)",
            (upload_id, repository["id"], context.now),
        )
    return {"uploadId": upload_id, "partSize": PART_SIZE}


def upload_layer_part(context: RequestContext) -> dict[str, Any]:
    """UploadLayerPart: each part begins at the end of the one before."""
    first, last, content = context["partFirstByte"], context["partLastByte"], context["layerPartBlob"]
    with context.database.write() as connection:
        repository = context.repository(connection)
        _check_upload(context, connection, repository)
        received = _received(connection, context["uploadId"])
        wrong = ""
        if first != received:
            wrong = f"First byte of the layer part is {first} instead of {received}"  # kaniko#607, apple/container#1895
        elif last - first + 1 != len(content):
            wrong = f"The layer part has {len(content)} bytes, which is not the byte range {first} to {last}"
        if wrong:
            raise ServiceError(
                "InvalidLayerPartException",
                wrong,
                members={
                    **context.repository_members(),
                    "uploadId": context["uploadId"],
                    "lastValidByteReceived": max(received - 1, 0),  # the smallest PartSize
                },
            )
        if content:
            connection.execute(
                "INSERT INTO upload_parts (upload_id, first_byte, size, content) VALUES (?, ?, ?, ?)",
                (context["uploadId"], first, len(content), content),
            )
    return {
        **context.repository_members(),
        "uploadId": context["uploadId"],
        "lastByteReceived": received + len(content) - 1,
    }


def complete_layer_upload(context: RequestContext) -> dict[str, Any]:
    """CompleteLayerUpload: store the parts as a layer if their digest is the given one."""
    upload_id = context["uploadId"]
    with context.database.write() as connection:
        repository = context.repository(connection)
        _check_upload(context, connection, repository)
        _check_parts(context, connection, repository)
        known = storage.layer_sizes(connection, repository["id"], context["layerDigests"])
        kept = [digest for digest in known if storage.has_content(connection, digest)]
        digest, _ = storage.store_layer(connection, repository["id"], _parts(connection, upload_id))
        if digest not in context["layerDigests"]:
            raise ServiceError(
                "InvalidLayerException",
                # dotnet/sdk-container-builds#424
                "None of the provided layer digests match the calculated layer digest",
            )
        if digest in kept:
            raise ServiceError(
                "LayerAlreadyExistsException",
                f"The layer with digest '{digest}' already exists in the repository with name '{repository['name']}' in"
                f" registry with id '{repository['registry_id']}'",
            )
        connection.execute("DELETE FROM uploads WHERE id = ?", (upload_id,))
    return {**context.repository_members(), "uploadId": upload_id, "layerDigest": digest}


def batch_check_layer_availability(context: RequestContext) -> dict[str, Any]:
    """BatchCheckLayerAvailability."""
    layers, failures = [], []
    with context.database.read() as connection:
        repository = context.repository(connection)
        found = {digest: _find_layer(connection, repository["id"], digest) for digest in context["layerDigests"]}
    for digest, layer in found.items():
        if not _DIGEST.fullmatch(digest):
            failures.append(
                {
                    "layerDigest": digest,
                    "failureCode": "InvalidLayerDigest" if digest else "MissingLayerDigest",
                    "failureReason": "Invalid request parameters: layer digest should satisfy the regex"
                    f" '{_DIGEST.pattern}'",
                }
            )
        elif layer is None:
            layers.append({"layerDigest": digest, "layerAvailability": "UNAVAILABLE"})
        else:
            layers.append(
                {
                    "layerDigest": digest,
                    "layerAvailability": "ARCHIVED" if _is_archived(layer) else "AVAILABLE",
                    "layerSize": layer["size"],
                    # ECR returns a media type for each layer, but the upload does not name one.
                    "mediaType": layer["media_type"] or "application/octet-stream",
                }
            )
    return {"layers": layers, "failures": failures}


def get_download_url_for_layer(context: RequestContext) -> dict[str, Any]:
    """GetDownloadUrlForLayer: return a URL of this registry for the content of a layer."""
    digest = context["layerDigest"]
    with context.database.read() as connection:
        repository = context.repository(connection)
        where = (
            f"within the repository with name '{repository['name']}' in the registry with id '{context.registry_id}'"
        )
        layer = _find_layer(connection, repository["id"], digest)
        if layer is None:
            raise ServiceError("LayersNotFoundException", f"The layer with digest '{digest}' does not exist {where}")
        if not layer["named"]:
            raise ServiceError(
                "LayerInaccessibleException",
                f"The layer with digest '{digest}' {where} is not available because it is not associated with an image",
            )
        if _is_archived(layer):
            raise ServiceError(
                "LayerInaccessibleException",
                f"The layer with digest '{digest}' {where} is not available because its image is archived",
            )
        if not storage.has_content(connection, digest):
            raise ServiceError(
                "LayerInaccessibleException",
                f"The layer with digest '{digest}' {where} is only declared: the embedded registry knows its size but"
                " has no content",
            )
    url = layer_downloads.download_url(
        context.endpoint, context.registry_id, context.region, context["repositoryName"], digest
    )
    return {"downloadUrl": url, "layerDigest": digest}


def _find_layer(connection: sqlite3.Connection, repository_id: int, digest: str) -> sqlite3.Row | None:
    """Return a layer's size and media type, whether an image names it, and whether an active image does."""
    images = "SELECT 1 FROM image_layers n JOIN images i ON i.id = n.image_id WHERE n.layer_id = l.id"
    row: sqlite3.Row | None = connection.execute(
        f"SELECT size, media_type, EXISTS ({images}) AS named, EXISTS ({images} AND i.status = 'ACTIVE') AS active"  # noqa: S608 - constant
        " FROM layers l WHERE repository_id = ? AND digest = ?",
        (repository_id, digest),
    ).fetchone()
    return row


def _is_archived(layer: sqlite3.Row) -> bool:
    return bool(layer["named"] and not layer["active"])


def _check_upload(context: RequestContext, connection: sqlite3.Connection, repository: sqlite3.Row) -> None:
    row = connection.execute("SELECT repository_id FROM uploads WHERE id = ?", (context["uploadId"],)).fetchone()
    if row is None or row["repository_id"] != repository["id"]:
        raise ServiceError(
            "UploadNotFoundException",
            f"The upload with id '{context['uploadId']}' was not found in the repository with name"
            f" '{repository['name']}' in registry with id '{repository['registry_id']}'",
        )


def _received(connection: sqlite3.Connection, upload_id: str) -> int:
    query = "SELECT coalesce(sum(size), 0) FROM upload_parts WHERE upload_id = ?"
    return int(connection.execute(query, (upload_id,)).fetchone()[0])


def _check_parts(context: RequestContext, connection: sqlite3.Connection, repository: sqlite3.Row) -> None:
    sizes = [
        row["size"]
        for row in connection.execute(
            "SELECT size FROM upload_parts WHERE upload_id = ? ORDER BY first_byte", (context["uploadId"],)
        )
    ]
    if not sizes:
        raise ServiceError(  # devcontainers/cli#814
            "EmptyUploadException",
            f"The upload with id '{context['uploadId']}' in the repository with name '{repository['name']}' in registry"
            f" with id '{repository['registry_id']}' cannot be completed because it does not have any parts",
        )
    if any(size < MIN_PART_SIZE for size in sizes[:-1]):
        raise ServiceError(  # dotnet/sdk-container-builds#424
            "LayerPartTooSmallException", "All layer parts except the last part should be at least 5MB"
        )


def _parts(connection: sqlite3.Connection, upload_id: str) -> Iterator[bytes]:
    rows = connection.execute("SELECT content FROM upload_parts WHERE upload_id = ? ORDER BY first_byte", (upload_id,))
    for row in rows:
        yield row["content"]


OPERATIONS: dict[str, Operation] = {
    "InitiateLayerUpload": initiate_layer_upload,
    "UploadLayerPart": upload_layer_part,
    "CompleteLayerUpload": complete_layer_upload,
    "BatchCheckLayerAvailability": batch_check_layer_availability,
    "GetDownloadUrlForLayer": get_download_url_for_layer,
}
