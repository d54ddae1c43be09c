"""Manifests: get, put and delete, by tag or by digest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ecrtui.emulator.blobs import digest_of
from ecrtui.emulator.distribution.errors import INVALID_DIGEST, INVALID_TAG
from ecrtui.emulator.distribution.messages import Call
from ecrtui.emulator.errors import ServiceError, constraint_violation
from ecrtui.emulator.http.messages import Response, headers
from ecrtui.emulator.manifests import parse_manifest

MAX_BODY = 16 * 1024 * 1024
"""Bytes; a manifest of 4 Mi characters, each of four bytes. PutImage checks the characters."""

_MAX_ACCEPTED = 100
"""Media types that BatchGetImage takes."""

_ERRORS = {
    "ImageInaccessible": "ImageNotFoundException",
    "ImageNotFound": "ImageNotFoundException",
    INVALID_DIGEST: INVALID_DIGEST,
    INVALID_TAG: INVALID_TAG,
}
"""The error for the failure of an image (``ImageFailureCode``)."""


def get_manifest(call: Call) -> Response:
    """GET and HEAD: return the stored bytes, or by tag another format if the client does not accept that of the image.

    ECR names the digest for HEAD alone (containers-roadmap#1931, ChangemakerStudios/Docker.Registry.DotNet#34).
    """
    accepted = _accepted_media_types(call.request.headers.get("accept", ""))
    answer = call.run("BatchGetImage", imageIds=[_image_id(call.reference)], acceptedMediaTypes=accepted)
    _raise_failure(answer)
    (image,) = answer["images"]
    digest = {"Docker-Content-Digest": image["imageId"]["imageDigest"]} if call.request.method == "HEAD" else {}
    return Response(200, image["imageManifest"].encode(), {**headers(image["imageManifestMediaType"]), **digest})


def put_manifest(call: Call) -> Response:
    """PUT: store a manifest with PutImage. Unlike PutImage, it accepts an image that exists with this tag."""
    text = _text(call.request.body.whole(MAX_BODY))
    media_type = call.request.headers.get("content-type", "").partition(";")[0].strip()
    members = {"imageManifest": text, "imageManifestMediaType": media_type or None, **_image_id(call.reference)}
    try:
        call.run("PutImage", **members)
    except ServiceError as error:
        if error.code != "ImageAlreadyExistsException":
            raise
    digest = digest_of(text.encode())
    subject = parse_manifest(text, media_type).subject
    names = {"Location": f"{call.path}/manifests/{digest}", "Docker-Content-Digest": digest}
    return Response(201, headers={**names, **({"OCI-Subject": subject} if subject else {})})


def delete_manifest(call: Call) -> Response:
    """DELETE: delete a tag, or an image with all its tags. ECR deletes an image with its last tag."""
    _raise_failure(call.run("BatchDeleteImage", imageIds=[_image_id(call.reference)]))
    return Response(202)


def _image_id(reference: str) -> dict[str, str]:
    return {"imageDigest" if ":" in reference else "imageTag": reference}


def _text(content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise constraint_violation("ImageManifest", "Invalid JSON syntax") from None


def _accepted_media_types(accept: str) -> list[str] | None:
    """Return the media types of an Accept header; None if the client takes any."""
    types = [entry.partition(";")[0].strip() for entry in accept.split(",")]
    named = list(dict.fromkeys(entry for entry in types if entry))
    return None if not named or any("*" in entry for entry in named) else named[:_MAX_ACCEPTED]


def _raise_failure(answer: Mapping[str, Any]) -> None:
    """Raise the failure of the only image of a batch, if it has one.

    Raises:
        ServiceError: its code is that of an operation on one image.
    """
    for failure in answer["failures"]:
        raise ServiceError(_ERRORS.get(failure["failureCode"], "InvalidParameterException"), failure["failureReason"])
