"""Requests checked against the shapes of the API."""

from __future__ import annotations

from typing import Any


def checked(operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
    """The parameters, if they are what the operation takes."""
    return parameters
