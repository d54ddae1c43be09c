"""One table of bad values, and every member of every reply to put them in, from the service model of botocore."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from enum import Enum
from math import isfinite
from typing import Any

import botocore.session

from ecrtui.ecr.units import MAX_TIME
from ecrtui.registry.replies.validation import MAX_INTEGER

Path = tuple[str | int, ...]
"""The way to a member of a reply: names of members and positions in lists."""

MISSING = object()
"""Stands for a member that the reply does not have."""

BAD_VALUES: Mapping[str, object] = {
    "missing": MISSING,
    "null": None,
    "true": True,
    "zero": 0,
    "number": 5,
    "negative": -1,
    "fraction": 0.5,
    "10^29": 10**29,
    "10^400": 10**400,
    "NaN": float("nan"),
    "infinity": float("inf"),
    "1e30": 1e30,
    "year -1": -62_170_000_000,
    "empty text": "",
    "another text": "sha256:x é",
    "a megabyte": "x" * 1_000_000,
    "half a surrogate pair": "a\ud800",
    "control characters": "\x1b[31m\x00\r\n\x9b",
    "empty list": [],
    "empty object": {},
    "list": [None, 5, "x"],
    "object": {"a": {"b": 1}, "\udfff": 10**400},
}
"""Values that no member has, or not every one, by name."""

_MODEL = botocore.session.Session().get_service_model("ecr")


def member_paths(operation: str, reply: Mapping[str, Any]) -> list[Path]:
    """Return the paths of all members of the reply of an operation, as the service model has them.

    Args:
        operation: the name of the operation.
        reply: a reply. Of a list and of a map, the first entry is taken. Members that the reply does not have are
            included, but not what they contain.
    """
    return list(_paths(_MODEL.operation_model(operation).output_shape, reply, ()))


def _paths(shape: Any, value: Any, path: Path) -> Iterator[Path]:
    if shape.type_name == "structure":
        for name, member in shape.members.items():
            yield (*path, name)
            if isinstance(value, dict) and name in value:
                yield from _paths(member, value[name], (*path, name))
    elif shape.type_name == "list" and value:
        yield (*path, 0)
        yield from _paths(shape.member, value[0], (*path, 0))
    elif shape.type_name == "map" and value:
        name = next(iter(value))
        yield (*path, name)
        yield from _paths(shape.value, value[name], (*path, name))


def json_paths(value: Any, path: Path = ()) -> Iterator[Path]:
    """Yield the path of every member and entry of a JSON document."""
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, entry in steps:
        yield (*path, step)
        yield from json_paths(entry, (*path, step))


def with_value(reply: Mapping[str, Any], path: Path, value: object) -> dict[str, Any]:
    """Return a copy of a reply with another value, or without one, at a path."""
    changed = copy.deepcopy(dict(reply))
    *way, last = path
    holder: Any = changed
    for step in way:
        holder = holder[step]
    if value is not MISSING:
        holder[last] = value
    elif last in holder:
        del holder[last]
    return changed


def path_text(path: Sequence[str | int]) -> str:
    """Return a path as text, for the name of a test."""
    return ".".join(map(str, path))


def assert_good(value: object) -> None:
    """Check that a result can be shown, stored and sent: no half surrogate pairs, no numbers beyond what ECR has."""
    if isinstance(value, str) and not isinstance(value, Enum):
        value.encode()
    elif isinstance(value, float):
        assert isfinite(value)
        assert value <= MAX_TIME
    elif isinstance(value, int):
        assert value <= MAX_INTEGER
    elif is_dataclass(value) and not isinstance(value, type):
        assert_good([getattr(value, field.name) for field in fields(value)])
    elif isinstance(value, Mapping):
        assert_good([*value.keys(), *value.values()])
    elif isinstance(value, (list, tuple, set, frozenset)):
        for item in value:
            assert_good(item)
