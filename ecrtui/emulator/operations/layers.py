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
        if first != received or last - first + 1 != len(content):
            raise ServiceError(
                "InvalidLayerPartException",
                f"The layer part of {len(content)} bytes does not match the byte range {first} to {last}, or does not"
                f" follow the {received} bytes received",
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
        _check_parts(context, connection)
        known = storage.layer_sizes(connection, repository["id"], context["layerDigests"])
        kept = [digest for digest in known if storage.has_content(connection, digest)]
        digest, _ = storage.store_layer(connection, repository["id"], _parts(connection, upload_id))
        if digest not in context["layerDigests"]:
            raise ServiceError(
                "InvalidLayerException",
                f"The layer digests '[{', '.join(context['layerDigests'])}]' do not match the digest '{digest}' of the"
                f" upload '{upload_id}'",
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
        sizes = storage.layer_sizes(connection, repository["id"], context["layerDigests"])
    for digest in context["layerDigests"]:
        if not _DIGEST.fullmatch(digest):
            failures.append(
                {
                    "layerDigest": digest,
                    "failureCode": "InvalidLayerDigest" if digest else "MissingLayerDigest",
                    "failureReason": "Invalid request parameters: layer digest should satisfy the regex"
                    f" '{_DIGEST.pattern}'",
                }
            )
        elif digest in sizes:
            layers.append(
                {
                    "layerDigest": digest,
                    "layerAvailability": "AVAILABLE",
                    "layerSize": sizes[digest],
                    # ECR returns a media type for each layer, but the upload does not name one.
                    "mediaType": "application/octet-stream",
                }
            )
        else:
            layers.append({"layerDigest": digest, "layerAvailability": "UNAVAILABLE"})
    return {"layers": layers, "failures": failures}


def get_download_url_for_layer(context: RequestContext) -> dict[str, Any]:
    """GetDownloadUrlForLayer: return a URL of this registry for the content of a layer."""
    digest = context["layerDigest"]
    with context.database.read() as connection:
        repository = context.repository(connection)
        where = (
            f"within the repository with name '{repository['name']}' in the registry with id '{context.registry_id}'"
        )
        if digest not in storage.layer_sizes(connection, repository["id"], [digest]):
            raise ServiceError("LayersNotFoundException", f"The layer with digest '{digest}' does not exist {where}")
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


def _check_parts(context: RequestContext, connection: sqlite3.Connection) -> None:
    sizes = [
        row["size"]
        for row in connection.execute(
            "SELECT size FROM upload_parts WHERE upload_id = ? ORDER BY first_byte", (context["uploadId"],)
        )
    ]
    if not sizes:
        raise ServiceError("EmptyUploadException", f"The upload with id '{context['uploadId']}' has no layer parts")
    if any(size < MIN_PART_SIZE for size in sizes[:-1]):
        raise ServiceError("LayerPartTooSmallException", "Layer parts must be at least 5 MiB in size")


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
