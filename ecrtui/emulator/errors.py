"""The errors of the embedded registry: error responses, uploads, unusable database files and image layouts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class DatabaseRefusedError(Exception):
    """A file cannot serve as the database: it belongs to another program or version, or is not writable."""


class UploadNotFoundError(Exception):
    """There is no upload with this id, or it expired."""


class UploadPositionError(Exception):
    """Bytes do not follow the ones that an upload received.

    Args:
        received: the number of bytes that it received; the next part begins there.
    """

    def __init__(self, received: int) -> None:
        super().__init__(received)
        self.received = received


class UploadDigestError(Exception):
    """The bytes of an upload have another digest than the given ones.

    Args:
        digest: the digest of the bytes; empty if not all of them are stored.
    """

    def __init__(self, digest: str) -> None:
        super().__init__(digest)
        self.digest = digest


class LayoutError(Exception):
    """An image layout cannot be read, written or imported.

    Args:
        problem: what is wrong.
        hint: what to do next; may be empty.
    """

    def __init__(self, problem: str, hint: str = "") -> None:
        super().__init__(problem)
        self.problem = problem
        self.hint = hint


class ServiceError(Exception):
    """An error response of the service (AWS JSON 1.1: ``__type`` and ``message``).

    Args:
        code: the error code of the ECR API, such as "RepositoryNotFoundException".
        message: the text for the user.
        status: the HTTP status; 400 for errors that the caller can correct.
        members: further members of the error's shape (``InvalidLayerPartException`` has some).
    """

    def __init__(self, code: str, message: str, status: int = 400, members: Mapping[str, Any] | None = None) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status
        self.members = members or {}


def invalid_parameter(message: str) -> ServiceError:
    """Return ``InvalidParameterException`` with this message."""
    return ServiceError("InvalidParameterException", message)


def constraint_violation(parameter: str, constraint: str) -> ServiceError:
    """Return ``InvalidParameterException`` with ECR's message for a value that breaks a constraint."""
    return invalid_parameter(f"Invalid parameter at '{parameter}' failed to satisfy constraint: '{constraint}'")
