"""Image ids: an image by its digest, by a tag, or by both, and what can be wrong with one (``ImageFailureCode``)."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Mapping
from typing import Any

from ecrtui.emulator.errors import ServiceError, invalid_parameter

_DIGEST = re.compile(r"[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+")
_TAG = re.compile(r"[a-zA-Z0-9-_.]+")


class ImageFailure(Exception):  # noqa: N818 - what the API calls it
    """Why one image of a batch was not dealt with; the others are."""

    def __init__(self, image_id: Mapping[str, str], code: str, reason: str) -> None:
        super().__init__(code)
        self.image_id = dict(image_id)
        self.code = code
        self.reason = reason

    def to_api(self) -> dict[str, Any]:
        """The failure as a batch operation tells it."""
        return {"imageId": self.image_id, "failureCode": self.code, "failureReason": self.reason}

    def to_service_error(self, repository: sqlite3.Row) -> ServiceError:
        """The failure as an operation on one image tells it."""
        if self.code != "ImageNotFound":
            return invalid_parameter(self.reason)
        digest, tag = self.image_id.get("imageDigest", "null"), self.image_id.get("imageTag", "null")
        return ServiceError(
            "ImageNotFoundException",
            f"The image with imageId {{imageDigest:'{digest}', imageTag:'{tag}'}} does not exist within the repository"
            f" with name '{repository['name']}' in the registry with id '{repository['registry_id']}'",
        )


def failure(image_id: Mapping[str, str], code: str, reason: str) -> ImageFailure:
    """A failure of this image."""
    return ImageFailure(image_id, code, reason)


def image_not_found(image_id: Mapping[str, str]) -> ImageFailure:
    """The failure of an image that is not there."""
    return ImageFailure(image_id, "ImageNotFound", "Requested image not found")


def find_image(connection: sqlite3.Connection, repository_id: int, image_id: Mapping[str, str]) -> sqlite3.Row:
    """The row of the image that an image id names.

    Raises:
        ImageFailure: MissingDigestAndTag, InvalidImageDigest, InvalidImageTag, ImageNotFound, or
            ImageTagDoesNotMatchDigest.
    """
    digest, tag = image_id.get("imageDigest"), image_id.get("imageTag")
    if digest is None and tag is None:
        raise failure(image_id, "MissingDigestAndTag", "Invalid request parameters: both tag and digest cannot be null")
    if digest is not None and not _DIGEST.fullmatch(digest):
        raise failure(
            image_id,
            "InvalidImageDigest",
            "Invalid request parameters: image digest should satisfy the regex '[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+'",
        )
    if tag is not None and not _TAG.fullmatch(tag):
        raise failure(
            image_id,
            "InvalidImageTag",
            "Invalid request parameters: image tag should satisfy the regex '[a-zA-Z0-9-_.]+'",
        )
    row = (
        lookup_image(connection, repository_id, digest=digest)
        if tag is None
        else lookup_image(connection, repository_id, tag=tag)
    )
    if row is None:
        raise image_not_found(image_id)
    if digest is not None and row["digest"] != digest:
        raise failure(
            image_id, "ImageTagDoesNotMatchDigest", f"Image tag '{tag}' does not match image digest '{digest}'"
        )
    return row


def require_image(connection: sqlite3.Connection, repository: sqlite3.Row, image_id: Mapping[str, str]) -> sqlite3.Row:
    """The row of the image that an image id names, for operations on one image.

    Raises:
        ServiceError: ImageNotFoundException, or InvalidParameterException for an image id that cannot be.
    """
    try:
        return find_image(connection, repository["id"], image_id)
    except ImageFailure as error:
        raise error.to_service_error(repository) from None


def to_image_id(digest: str, tag: str | None) -> dict[str, str]:
    """An image id as answers list it: the digest, and the tag if there is one."""
    return {"imageDigest": digest, **({"imageTag": tag} if tag is not None else {})}


def tag_member(image_id: Mapping[str, str]) -> dict[str, str]:
    """The tag that an image id names, as a member of an answer; nothing if it names none."""
    return {"imageTag": image_id["imageTag"]} if "imageTag" in image_id else {}


def lookup_image(
    connection: sqlite3.Connection, repository_id: int, *, digest: str | None = None, tag: str | None = None
) -> sqlite3.Row | None:
    """The row of the image of this digest, or that holds this tag; None if there is none."""
    if tag is not None:
        query = "SELECT i.* FROM tags t JOIN images i ON i.id = t.image_id WHERE t.repository_id = ? AND t.tag = ?"
    else:
        query = "SELECT * FROM images WHERE repository_id = ? AND digest = ?"
    row: sqlite3.Row | None = connection.execute(query, (repository_id, digest if tag is None else tag)).fetchone()
    return row
