"""Layers and configs: uploads in parts, availability, download URLs."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from typing import Any

from ecrtui.emulator import blobs, layer_downloads, uploads
from ecrtui.emulator.errors import ServiceError, UploadDigestError, UploadNotFoundError, UploadPositionError
from ecrtui.emulator.operations import creation_templates
from ecrtui.emulator.operations.image_ids import DIGEST, invalid_text
from ecrtui.emulator.request_context import Operation, RequestContext

MEBIBYTE = 1024 * 1024
PART_SIZE = 10 * MEBIBYTE
"""Bytes; the part size that InitiateLayerUpload proposes, as on ECR."""

MIN_PART_SIZE = 5 * MEBIBYTE
"""Bytes; the smallest size of all parts but the last (``LayerPartTooSmallException``)."""

MAX_PARTS = 4_200
"""Parts of one layer (quota "Layer parts" of ECR)."""

MAX_LAYER_SIZE = 52_000 * MEBIBYTE
"""Bytes (quota "Maximum layer size" of ECR)."""


def initiate_layer_upload(context: RequestContext) -> dict[str, Any]:
    """InitiateLayerUpload. Delete the uploads that expired."""
    uploads.remove_expired(context.database, now=context.now)
    with context.database.write() as connection:
        repository = creation_templates.repository_of_push(context, connection)
        upload_id = uploads.begin_upload(connection, repository["id"], now=context.now)
    return {"uploadId": upload_id, "partSize": PART_SIZE}


def upload_layer_part(context: RequestContext) -> dict[str, Any]:
    """UploadLayerPart: each part begins at the end of the one before."""
    first, last, content = context["partFirstByte"], context["partLastByte"], context["layerPartBlob"]
    with context.database.read() as connection:
        upload = find_upload(context, connection)
    if first == upload.size and last - first + 1 != len(content):
        wrong = f"The layer part has {len(content)} bytes, which is not the byte range {first} to {last}"
        raise _invalid_part(context, upload.size, wrong)
    received = append_part(context, upload, [content], first)
    return {**context.repository_members(), "uploadId": upload.id, "lastByteReceived": received - 1}


def append_part(context: RequestContext, upload: uploads.OpenUpload, pieces: Iterable[bytes], first: int) -> int:
    """Append a part of any size to an upload; return the number of bytes that the upload has then.

    Args:
        pieces: the bytes of the part; they may come slowly.
        first: their position in the layer.

    Raises:
        ServiceError: InvalidLayerPartException if the part does not begin where the last one ends;
            LimitExceededException, UploadNotFoundException.
    """
    if first != upload.size:
        raise _misplaced_part(context, first, upload.size)
    if upload.parts >= MAX_PARTS:
        raise _limit_exceeded(context, f"{MAX_PARTS:,} parts")
    try:
        return uploads.append(context.database, upload.id, _within_limit(context, pieces, first), first)
    except UploadNotFoundError:
        raise _upload_not_found(context) from None
    except UploadPositionError as error:  # another request sent the same part meanwhile
        raise _misplaced_part(context, first, error.received) from None


def complete_layer_upload(context: RequestContext) -> dict[str, Any]:
    """CompleteLayerUpload: make the parts a layer if their digest is the given one."""
    with context.database.read() as connection:
        upload = find_upload(context, connection)
        _check_parts(context, connection, upload)
    try:
        completed = uploads.complete(context.database, upload.id, context["layerDigests"])
    except UploadNotFoundError:  # another request completed it meanwhile
        raise _upload_not_found(context) from None
    except UploadDigestError:
        raise ServiceError(
            "InvalidLayerException",
            # dotnet/sdk-container-builds#424
            "None of the provided layer digests match the calculated layer digest",
        ) from None
    if not completed.added:
        raise ServiceError(
            "LayerAlreadyExistsException",
            f"The layer with digest '{completed.digest}' already exists in the repository with name"
            f" '{context['repositoryName']}' in registry with id '{context.registry_id}'",
        )
    return {**context.repository_members(), "uploadId": upload.id, "layerDigest": completed.digest}


def batch_check_layer_availability(context: RequestContext) -> dict[str, Any]:
    """BatchCheckLayerAvailability."""
    layers, failures = [], []
    with context.database.read() as connection:
        repository = context.repository(connection)
        found = {digest: find_layer(connection, repository["id"], digest) for digest in context["layerDigests"]}
    for digest, layer in found.items():
        if not DIGEST.fullmatch(digest):
            failures.append(
                {
                    "layerDigest": digest,
                    "failureCode": "InvalidLayerDigest" if digest else "MissingLayerDigest",
                    "failureReason": invalid_text("layer digest", DIGEST),
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
        layer = find_layer(connection, repository["id"], digest)
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
        if not blobs.has_content(connection, digest):
            raise ServiceError(
                "LayerInaccessibleException",
                f"The layer with digest '{digest}' {where} is only declared: the embedded registry knows its size but"
                " has no content",
            )
    url = layer_downloads.download_url(
        context.endpoint, context.registry_id, context.region, context["repositoryName"], digest, now=context.now
    )
    return {"downloadUrl": url, "layerDigest": digest}


def find_layer(connection: sqlite3.Connection, repository_id: int, digest: str) -> sqlite3.Row | None:
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


def find_upload(context: RequestContext, connection: sqlite3.Connection) -> uploads.OpenUpload:
    """Return the upload of the request.

    Raises:
        ServiceError: RepositoryNotFoundException, UploadNotFoundException.
    """
    repository = context.repository(connection)
    try:
        return uploads.find_upload(connection, repository["id"], context["uploadId"], now=context.now)
    except UploadNotFoundError:
        raise _upload_not_found(context) from None


def _check_parts(context: RequestContext, connection: sqlite3.Connection, upload: uploads.OpenUpload) -> None:
    if not upload.size:
        raise ServiceError(  # devcontainers/cli#814
            "EmptyUploadException",
            f"{_upload_text(context)} cannot be completed because it does not have any parts",
        )
    smallest = uploads.smallest_part_before_last(connection, upload.id)
    if smallest is not None and smallest < MIN_PART_SIZE:
        raise ServiceError(  # dotnet/sdk-container-builds#424
            "LayerPartTooSmallException", "All layer parts except the last part should be at least 5MB"
        )


def _within_limit(context: RequestContext, pieces: Iterable[bytes], size: int) -> Iterator[bytes]:
    for piece in pieces:
        size += len(piece)
        if size > MAX_LAYER_SIZE:
            raise _limit_exceeded(context, f"{MAX_LAYER_SIZE // MEBIBYTE:,} MiB")
        yield piece


def _misplaced_part(context: RequestContext, first: int, received: int) -> ServiceError:
    # kaniko#607, apple/container#1895
    wrong = f"First byte of the layer part is {first} instead of {received}"
    return _invalid_part(context, received, wrong)


def _invalid_part(context: RequestContext, received: int, message: str) -> ServiceError:
    members = {
        **context.repository_members(),
        "uploadId": context["uploadId"],
        "lastValidByteReceived": max(received - 1, 0),  # the smallest PartSize
    }
    return ServiceError("InvalidLayerPartException", message, members=members)


def _limit_exceeded(context: RequestContext, limit: str) -> ServiceError:
    return ServiceError("LimitExceededException", f"{_upload_text(context)} has reached the limit of {limit}")


def _upload_not_found(context: RequestContext) -> ServiceError:
    return ServiceError(
        "UploadNotFoundException",
        f"The upload with id '{context['uploadId']}' was not found in the repository with name"
        f" '{context['repositoryName']}' in registry with id '{context.registry_id}'",
    )


def _upload_text(context: RequestContext) -> str:
    return (
        f"The upload with id '{context['uploadId']}' in the repository with name '{context['repositoryName']}' in"
        f" registry with id '{context.registry_id}'"
    )


OPERATIONS: dict[str, Operation] = {
    "InitiateLayerUpload": initiate_layer_upload,
    "UploadLayerPart": upload_layer_part,
    "CompleteLayerUpload": complete_layer_upload,
    "BatchCheckLayerAvailability": batch_check_layer_availability,
    "GetDownloadUrlForLayer": get_download_url_for_layer,
}
