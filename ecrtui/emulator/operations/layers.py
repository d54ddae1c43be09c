"""Layers and configs: uploads in parts, availability, download URLs."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

from ecrtui.emulator import layer_downloads, storage
from ecrtui.emulator.errors import ServiceError
from ecrtui.emulator.request_context import Call, Operation

PART_SIZE = 10 * 1024 * 1024
"""Bytes of a part that InitiateLayerUpload proposes, as ECR does."""

MIN_PART_SIZE = 5 * 1024 * 1024
"""Bytes that every part but the last must have (``LayerPartTooSmallException``)."""

_DIGEST = re.compile(r"[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+")


def initiate_layer_upload(call: Call) -> dict[str, Any]:
    """InitiateLayerUpload."""
    upload_id = str(uuid4())
    with call.database.write() as connection:
        repository = call.repository(connection)
        connection.execute(
            "INSERT INTO uploads (id, repository_id, created_at) VALUES (?, ?, ?)",
            (upload_id, repository["id"], call.now),
        )
    return {"uploadId": upload_id, "partSize": PART_SIZE}


def upload_layer_part(call: Call) -> dict[str, Any]:
    """UploadLayerPart: each part begins where the one before has ended."""
    first, last, content = call["partFirstByte"], call["partLastByte"], call["layerPartBlob"]
    with call.database.write() as connection:
        repository = call.repository(connection)
        _check_upload(call, connection, repository)
        received = _received(connection, call["uploadId"])
        if first != received or last - first + 1 != len(content):
            raise ServiceError(
                "InvalidLayerPartException",
                f"The layer part of {len(content)} bytes is not the bytes {first} to {last} of the upload, or does not"
                f" follow the {received} bytes that have been received",
                members={**call.where(), "uploadId": call["uploadId"], "lastValidByteReceived": received - 1},
            )
        if content:
            connection.execute(
                "INSERT INTO upload_parts (upload_id, first_byte, size, content) VALUES (?, ?, ?, ?)",
                (call["uploadId"], first, len(content), content),
            )
    return {**call.where(), "uploadId": call["uploadId"], "lastByteReceived": received + len(content) - 1}


def complete_layer_upload(call: Call) -> dict[str, Any]:
    """CompleteLayerUpload: the parts become a layer, if their digest is the one that is said."""
    upload_id = call["uploadId"]
    with call.database.write() as connection:
        repository = call.repository(connection)
        _check_upload(call, connection, repository)
        _check_parts(call, connection)
        known = storage.sizes_of(connection, repository["id"], call["layerDigests"])
        kept = [digest for digest in known if storage.has_content(connection, digest)]
        digest, _ = storage.add_layer(connection, repository["id"], _parts(connection, upload_id))
        if digest not in call["layerDigests"]:
            raise ServiceError(
                "InvalidLayerException",
                f"The layer digests '[{', '.join(call['layerDigests'])}]' do not match the digest '{digest}' of the"
                f" upload '{upload_id}'",
            )
        if digest in kept:
            raise ServiceError(
                "LayerAlreadyExistsException",
                f"The layer with digest '{digest}' already exists in the repository with name '{repository['name']}' in"
                f" registry with id '{repository['registry_id']}'",
            )
        connection.execute("DELETE FROM uploads WHERE id = ?", (upload_id,))
    return {**call.where(), "uploadId": upload_id, "layerDigest": digest}


def batch_check_layer_availability(call: Call) -> dict[str, Any]:
    """BatchCheckLayerAvailability."""
    layers, failures = [], []
    with call.database.read() as connection:
        repository = call.repository(connection)
        sizes = storage.sizes_of(connection, repository["id"], call["layerDigests"])
    for digest in call["layerDigests"]:
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
                    # ECR tells a media type for every layer; the upload does not name one.
                    "mediaType": "application/octet-stream",
                }
            )
        else:
            layers.append({"layerDigest": digest, "layerAvailability": "UNAVAILABLE"})
    return {"layers": layers, "failures": failures}


def get_download_url_for_layer(call: Call) -> dict[str, Any]:
    """GetDownloadUrlForLayer: a URL of this registry that gives the layer's bytes."""
    digest = call["layerDigest"]
    with call.database.read() as connection:
        repository = call.repository(connection)
        where = f"within the repository with name '{repository['name']}' in the registry with id '{call.registry_id}'"
        if digest not in storage.sizes_of(connection, repository["id"], [digest]):
            raise ServiceError("LayersNotFoundException", f"The layer with digest '{digest}' does not exist {where}")
        if not storage.has_content(connection, digest):
            raise ServiceError(
                "LayerInaccessibleException",
                f"The layer with digest '{digest}' {where} is only declared: the embedded registry knows its size, and"
                " never had its content",
            )
    url = layer_downloads.url_of(call.endpoint, call.registry_id, call.region, call["repositoryName"], digest)
    return {"downloadUrl": url, "layerDigest": digest}


def _check_upload(call: Call, connection: sqlite3.Connection, repository: sqlite3.Row) -> None:
    row = connection.execute("SELECT repository_id FROM uploads WHERE id = ?", (call["uploadId"],)).fetchone()
    if row is None or row["repository_id"] != repository["id"]:
        raise ServiceError(
            "UploadNotFoundException",
            f"The upload with id '{call['uploadId']}' was not found in the repository with name"
            f" '{repository['name']}' in registry with id '{repository['registry_id']}'",
        )


def _received(connection: sqlite3.Connection, upload_id: str) -> int:
    query = "SELECT coalesce(sum(size), 0) FROM upload_parts WHERE upload_id = ?"
    return int(connection.execute(query, (upload_id,)).fetchone()[0])


def _check_parts(call: Call, connection: sqlite3.Connection) -> None:
    sizes = [
        row["size"]
        for row in connection.execute(
            "SELECT size FROM upload_parts WHERE upload_id = ? ORDER BY first_byte", (call["uploadId"],)
        )
    ]
    if not sizes:
        raise ServiceError("EmptyUploadException", f"The upload with id '{call['uploadId']}' has no layer parts")
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
