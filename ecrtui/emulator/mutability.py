"""Tag mutability: the settings of a repository and their effect on tags."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

from ecrtui.emulator.errors import constraint_violation
from ecrtui.emulator.wildcards import matches_wildcard

MAX_WILDCARDS = 2
"""Wildcards per exclusion filter."""

_FILTERS = "imageTagMutabilityExclusionFilters"


def can_move_tag(repository: sqlite3.Row, tag: str) -> bool:
    """Return True if an existing tag of this name may move to another image."""
    setting: str = repository["tag_mutability"]
    mutable = setting.startswith("MUTABLE")
    if setting.endswith("_WITH_EXCLUSION"):
        excluded = any(matches_wildcard(pattern, tag) for pattern in json.loads(repository["exclusion_filters"]))
        return mutable is not excluded
    return mutable


def parse_mutability(parameters: Mapping[str, Any]) -> tuple[str, list[str]]:
    """Return the setting and the exclusion patterns of a request.

    Raises:
        ServiceError: InvalidParameterException if the filters do not fit the setting.
    """
    setting: str = parameters.get("imageTagMutability", "MUTABLE")
    patterns = [entry["filter"] for entry in parameters.get("imageTagMutabilityExclusionFilters", [])]
    if setting.endswith("_WITH_EXCLUSION") != bool(patterns):
        need = "be empty" if patterns else "not be empty"
        raise constraint_violation(_FILTERS, f"Exclusion filters must {need} when imageTagMutability is {setting}")
    if any(pattern.count("*") > MAX_WILDCARDS for pattern in patterns):
        raise constraint_violation(_FILTERS, f"A filter must not contain more than {MAX_WILDCARDS} wildcards")
    return setting, patterns


def to_api(setting: str, patterns: Sequence[str]) -> dict[str, Any]:
    """Return the members of a response that hold the setting and its filters."""
    members: dict[str, Any] = {"imageTagMutability": setting}
    if patterns:
        members["imageTagMutabilityExclusionFilters"] = [
            {"filterType": "WILDCARD", "filter": pattern} for pattern in patterns
        ]
    return members
