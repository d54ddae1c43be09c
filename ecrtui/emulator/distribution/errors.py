"""Errors of the distribution API, made from those of ECR's own API."""

from __future__ import annotations

from dataclasses import replace

from ecrtui.emulator.http.messages import Response, error_members, json_response

NOT_AUTHENTICATED = "UnauthorizedException"
"""The code for a client that did not say who it is. ECR's own API has no such error, as it reads no tokens."""

INVALID_DIGEST = "InvalidImageDigest"
INVALID_TAG = "InvalidImageTag"
"""The codes for a digest and a tag outside their grammar (``ImageFailureCode``)."""

UNSUPPORTED = "UnsupportedOperationException"
"""The code for a request that ECR does not have."""

_CODES = {
    "AccessDeniedException": ("DENIED", 403),
    "CrossSiteRequest": ("DENIED", 403),
    "EmptyUploadException": ("BLOB_UPLOAD_INVALID", 400),
    "ExpiredTokenException": ("DENIED", 403),
    "ImageDigestDoesNotMatchException": ("DIGEST_INVALID", 400),
    "ImageNotFoundException": ("MANIFEST_UNKNOWN", 404),
    "ImageTagAlreadyExistsException": ("TAG_INVALID", 400),
    INVALID_DIGEST: ("DIGEST_INVALID", 400),
    INVALID_TAG: ("TAG_INVALID", 400),
    "InvalidLayerException": ("BLOB_UPLOAD_INVALID", 400),
    "InvalidLayerPartException": ("BLOB_UPLOAD_INVALID", 416),
    "InvalidTokenException": ("DENIED", 400),
    "InvalidParameterException": ("UNSUPPORTED", 405),
    "LayerInaccessibleException": ("BLOB_UNKNOWN", 404),
    "LayerPartTooSmallException": ("BLOB_UPLOAD_INVALID", 400),
    "LayersNotFoundException": ("BLOB_UNKNOWN", 404),
    "LimitExceededException": ("DENIED", 403),
    "ReferencedImagesNotFoundException": ("MANIFEST_BLOB_UNKNOWN", 400),
    "RepositoryNotFoundException": ("NAME_UNKNOWN", 404),
    "ThrottlingException": ("TOOMANYREQUESTS", 429),
    NOT_AUTHENTICATED: ("UNAUTHORIZED", 401),
    "UnrecognizedClientException": ("DENIED", 403),
    UNSUPPORTED: ("UNSUPPORTED", 405),
    "UploadNotFoundException": ("BLOB_UPLOAD_UNKNOWN", 404),
}
"""The code and the HTTP status, by the code of the ECR API.

ECR answers 405 UNSUPPORTED to every parameter that its API calls invalid (containers-roadmap#2306), and 416 to a part
at the wrong place (apple/container#1895).
"""

_CODES_OF_OPERATIONS = {("PutImage", "LayersNotFoundException"): ("MANIFEST_BLOB_UNKNOWN", 400)}
""":data:`_CODES` for one operation."""


def to_distribution_error(response: Response, operation: str = "") -> Response:
    """Convert an error of ECR's API to one of the distribution API; return any other response unchanged.

    Args:
        operation: the operation that failed; empty if none ran.
    """
    error = error_members(response)
    if error is None:
        return response
    fallback = ("UNSUPPORTED" if response.status < 500 else "UNKNOWN", response.status)
    name = error["__type"]
    code, status = _CODES_OF_OPERATIONS.get((operation, name)) or _CODES.get(name, fallback)
    converted = json_response({"errors": [{"code": code, "message": error["message"]}]}, status, "application/json")
    return replace(converted, delay=response.delay, delivery=response.delivery)
