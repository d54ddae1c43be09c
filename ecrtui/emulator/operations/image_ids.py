"""Image ids: lookup of an image by digest, tag or both, and the failures of a lookup (``ImageFailureCode``)."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Mapping
from typing import Any

from ecrtui.emulator.errors import ServiceError, invalid_parameter

DIGEST = re.compile(r"[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+")
TAG = re.compile(r"[a-zA-Z0-9-_.]+")
"""The grammar of digests and tags, as ECR's messages write it."""


class ImageFailure(Exception):  # noqa: N818 - the name in the API
    """The failure of one image in a batch; it does not affect the others."""

    def __init__(self, image_id: Mapping[str, str], code: str, reason: str) -> None:
        super().__init__(code)
        self.image_id = dict(image_id)
        self.code = code
        self.reason = reason

    def to_api(self) -> dict[str, Any]:
        """Return the failure as a batch operation reports it."""
        return {"imageId": self.image_id, "failureCode": self.code, "failureReason": self.reason}

    def to_service_error(self, repository: sqlite3.Row) -> ServiceError:
        """Return the failure as an operation on one image reports it."""
        if self.code != "ImageNotFound":
            return invalid_parameter(self.reason)
        digest, tag = self.image_id.get("imageDigest", "null"), self.image_id.get("imageTag", "null")
        return ServiceError(
            "ImageNotFoundException",
            f"The image with imageId {{imageDigest:'{digest}', imageTag:'{tag}'}} does not exist within the repository"
            f" with name '{repository['name']}' in the registry with id '{repository['registry_id']}'",
        )


def invalid_text(what: str, grammar: re.Pattern[str]) -> str:
    """Return ECR's reason for the failure of a digest or tag outside its grammar."""
    return f"Invalid request parameters: {what} should satisfy the regex '{grammar.pattern}'"


def image_not_found(image_id: Mapping[str, str]) -> ImageFailure:
    """Return the failure for a missing image."""
    return ImageFailure(image_id, "ImageNotFound", "Requested image not found")


def find_image(connection: sqlite3.Connection, repository_id: int, image_id: Mapping[str, str]) -> sqlite3.Row:
    """Return the row of the image with this image id.

    Raises:
        ImageFailure: MissingDigestAndTag, InvalidImageDigest, InvalidImageTag, ImageNotFound, or
            ImageTagDoesNotMatchDigest.
    """
    digest, tag = image_id.get("imageDigest"), image_id.get("imageTag")
    if digest is None and tag is None:
        raise ImageFailure(
            image_id, "MissingDigestAndTag", "Invalid request parameters: both tag and digest cannot be null"
        )
    if digest is not None and not DIGEST.fullmatch(digest):
        raise ImageFailure(image_id, "InvalidImageDigest", invalid_text("image digest", DIGEST))
    if tag is not None and not TAG.fullmatch(tag):
        raise ImageFailure(image_id, "InvalidImageTag", invalid_text("image tag", TAG))
    row = (
        lookup_image(connection, repository_id, digest=digest)
        if tag is None
        else lookup_image(connection, repository_id, tag=tag)
    )
    if row is None:
        raise image_not_found(image_id)
    if digest is not None and row["digest"] != digest:
        raise ImageFailure(
            image_id, "ImageTagDoesNotMatchDigest", f"Image tag '{tag}' does not match image digest '{digest}'"
        )
    return row


def require_image(connection: sqlite3.Connection, repository: sqlite3.Row, image_id: Mapping[str, str]) -> sqlite3.Row:
    """Return the row of the image with this image id, for operations on one image.

    Raises:
        ServiceError: ImageNotFoundException, or InvalidParameterException for an invalid image id.
    """
    try:
        return find_image(connection, repository["id"], image_id)
    except ImageFailure as error:
        raise error.to_service_error(repository) from None


def to_image_id(digest: str, tag: str | None) -> dict[str, str]:
    """Return an image id: the digest, and the tag if there is one."""
    return {"imageDigest": digest, **({"imageTag": tag} if tag is not None else {})}


def tag_member(image_id: Mapping[str, str]) -> dict[str, str]:
    """Return ``imageTag`` of an image id as a member of a response; empty if it has none."""
    return {"imageTag": image_id["imageTag"]} if "imageTag" in image_id else {}


def lookup_image(
    connection: sqlite3.Connection, repository_id: int, *, digest: str | None = None, tag: str | None = None
) -> sqlite3.Row | None:
    """Return the row of the image with this digest or tag; None if there is none."""
    if tag is not None:
        query = "SELECT i.* FROM tags t JOIN images i ON i.id = t.image_id WHERE t.repository_id = ? AND t.tag = ?"
    else:
        query = "SELECT * FROM images WHERE repository_id = ? AND digest = ?"
    row: sqlite3.Row | None = connection.execute(query, (repository_id, digest if tag is None else tag)).fetchone()
    return row
