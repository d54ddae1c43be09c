"""Uploads of blobs: begin, append, complete, cancel."""

from __future__ import annotations

import re

from ecrtui.emulator import uploads
from ecrtui.emulator.distribution.messages import Call
from ecrtui.emulator.distribution.mounts import mount_blob
from ecrtui.emulator.errors import ServiceError
from ecrtui.emulator.http.messages import Response
from ecrtui.emulator.operations import layers
from ecrtui.emulator.request_context import RequestContext

_MEMORY = 2 * uploads.TRANSACTION_SIZE
"""Bytes that a large part needs in memory: pieces are collected, and then joined."""

_CONTENT_RANGE = re.compile(r"(?:bytes )?([0-9]{1,18})-([0-9]{1,18})(?:/.*)?")


def begin_upload(call: Call) -> Response:
    """POST: mount a blob of another repository, or take a whole blob at once, or begin an upload.

    A mount that is not possible begins an upload; a client needs no second request.
    """
    digest = call.query.get("mount", "")
    if digest and mount_blob(call, digest, call.query.get("from", "")):
        return _completed(call, digest)
    upload_id = call.run("InitiateLayerUpload")["uploadId"]
    if "digest" in call.query:
        try:
            return _complete(call, upload_id, call.query["digest"])
        except ServiceError:
            uploads.cancel(call.embedded.database, upload_id)  # the client does not know its id
            raise
    return _progress(call, 202, upload_id, 0)


def append_to_upload(call: Call) -> Response:
    """PATCH: append to an upload.

    ECR answers 201, not 202. It stores all parts, but its Range stays that of the first (containers-roadmap#2831).
    """
    context = _context(call, call.reference)
    _append(call, context)
    return _progress(call, 201, call.reference, _upload(context).first_part)


def complete_upload(call: Call) -> Response:
    """PUT: append the rest, if the request has a body, and make the upload a blob."""
    return _complete(call, call.reference, call.query.get("digest", ""))


def get_upload(call: Call) -> Response:
    """GET: answer with the number of bytes that an upload has."""
    return _progress(call, 204, call.reference, _upload(_context(call, call.reference)).size)


def cancel_upload(call: Call) -> Response:
    """DELETE: end an upload and delete its bytes."""
    uploads.cancel(call.embedded.database, _upload(_context(call, call.reference)).id)
    return Response(204)


def _complete(call: Call, upload_id: str, digest: str) -> Response:
    if call.request.body.length != 0:
        _append(call, _context(call, upload_id))
    else:  # an unknown upload is the answer even if the digest is wrong
        _upload(_context(call, upload_id, "CompleteLayerUpload"))
    try:
        call.run("CompleteLayerUpload", uploadId=upload_id, layerDigests=[digest])
    except ServiceError as error:
        if error.code != "LayerAlreadyExistsException":
            raise
    return _completed(call, digest)


def _append(call: Call, context: RequestContext) -> None:
    upload = _upload(context)
    body = call.request.body
    body.take_memory(_MEMORY if body.length is None else min(body.length, _MEMORY))
    layers.append_part(context, upload, body, _first_byte(call, upload))


def _first_byte(call: Call, upload: uploads.OpenUpload) -> int:
    """Return the position of the first byte of the body: that of Content-Range, or else the end of the upload."""
    text = call.request.headers.get("content-range")
    if text is None:
        return upload.size
    found = _CONTENT_RANGE.fullmatch(text.strip())
    length = call.request.body.length
    if found is None or (length is not None and int(found[2]) - int(found[1]) + 1 != length):
        message = f"The range '{text[:100]}' is not that of the layer part"
        raise ServiceError("InvalidLayerPartException", message)
    return int(found[1])


def _context(call: Call, upload_id: str, operation: str = "UploadLayerPart") -> RequestContext:
    return call.context(operation, uploadId=upload_id)


def _upload(context: RequestContext) -> uploads.OpenUpload:
    with context.database.read() as connection:
        return layers.find_upload(context, connection)


def _progress(call: Call, status: int, upload_id: str, size: int) -> Response:
    return Response(
        status,
        headers={
            "Location": f"{call.path}/blobs/uploads/{upload_id}",
            "Docker-Upload-UUID": upload_id,
            "Range": f"0-{max(size - 1, 0)}",
        },
    )


def _completed(call: Call, digest: str) -> Response:
    names = {"Location": f"{call.path}/blobs/{digest}", "Docker-Content-Digest": digest}
    return Response(201, headers=names)
