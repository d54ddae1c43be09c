"""What can go wrong in the embedded registry: answers that are errors, and a file that cannot be used."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class DatabaseRefusedError(Exception):
    """A file cannot be the embedded registry's database: another program's, another version's, or not writable."""


class ServiceError(Exception):
    """An error that the service answers with (AWS JSON 1.1: ``__type`` and ``message``).

    Args:
        code: the error code, as the ECR API names it ("RepositoryNotFoundException").
        message: the text for the user.
        status: the HTTP status; 400 for everything that the caller can change.
        members: further members of the error's shape (``InvalidLayerPartException`` has some).
    """

    def __init__(self, code: str, message: str, status: int = 400, members: Mapping[str, Any] | None = None) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status
        self.members = members or {}


def invalid_parameter(message: str) -> ServiceError:
    """``InvalidParameterException`` with this text."""
    return ServiceError("InvalidParameterException", message)


def constraint_violation(parameter: str, constraint: str) -> ServiceError:
    """``InvalidParameterException`` in the words that ECR uses for a value that breaks a constraint."""
    return invalid_parameter(f"Invalid parameter at '{parameter}' failed to satisfy constraint: '{constraint}'")
