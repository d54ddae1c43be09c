"""Validation of requests against the shapes of the API. The service does this; botocore does not.

requests.json has the input shape of every ECR operation, with required members, lengths, patterns and enumerations. It
is an extract of the service model that botocore ships.
"""

from __future__ import annotations

import binascii
import json
import re
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any, cast

from ecrtui.emulator.errors import ServiceError, constraint_violation

_TYPES: Mapping[str, type | tuple[type, ...]] = {
    "string": str,
    "blob": (str, memoryview),
    "integer": int,
    "long": int,
    "double": (int, float),
    "timestamp": (int, float),
    "boolean": bool,
    "list": list,
    "map": dict,
    "structure": dict,
}

_LINEAR = {r"^[a-z0-9*](?:[._\-/a-z0-9*]?[a-z0-9*]+)*$": r"[a-z0-9*]+(?:[._\-/][a-z0-9*]+)*"}
"""Patterns of the API for which Python needs exponential time, and equal ones for which it does not."""


def validate_request(operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
    """Validate the parameters of an operation; return them with blobs decoded and unknown members dropped.

    Raises:
        ServiceError: InvalidParameterException for a value that breaks a constraint, SerializationException for a value
            of the wrong type.
    """
    return cast(dict[str, Any], _validate(_model()["operations"][operation], parameters, ""))


def _validate(shape_name: str, value: Any, path: str) -> Any:
    shape = _model()["shapes"][shape_name]
    kind = shape["type"]
    expected = _TYPES[kind]
    if not isinstance(value, expected) or (isinstance(value, bool) and kind != "boolean"):
        raise ServiceError("SerializationException", f"The value at '{path}' is not a {kind}.")
    if kind == "blob":
        value = _decode_blob(value, path)
    _check_constraints(shape, value, path)
    if kind == "structure":
        return _structure(shape, value, path)
    if kind == "list":
        return [_validate(shape["member"], entry, path) for entry in value]
    return value


def _structure(shape: Mapping[str, Any], value: Mapping[str, Any], path: str) -> dict[str, Any]:
    given = {name: entry for name, entry in value.items() if entry is not None}
    for name in shape.get("required", ()):
        if name not in given:
            raise constraint_violation(_member_path(path, name), "Member must not be null")
    members = shape["members"]
    return {
        name: _validate(members[name], entry, _member_path(path, name))
        for name, entry in given.items()
        if name in members
    }


def _check_constraints(shape: Mapping[str, Any], value: Any, path: str) -> None:
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            raise ServiceError("SerializationException", f"The value at '{path}' is not valid Unicode.") from None
    sized = isinstance(value, (str, bytes, list))
    measure = len(value) if sized else value if isinstance(value, (int, float)) else 0
    words = "have length" if sized else "have value"
    if "min" in shape and measure < shape["min"]:
        raise constraint_violation(path, f"Member must {words} greater than or equal to {shape['min']}")
    if "max" in shape and measure > shape["max"]:
        raise constraint_violation(path, f"Member must {words} less than or equal to {shape['max']}")
    if "pattern" in shape and not _pattern(shape["pattern"]).fullmatch(value):
        raise constraint_violation(path, f"must satisfy regular expression '{shape['pattern']}'")
    if "enum" in shape and value not in shape["enum"]:
        raise constraint_violation(path, f"Member must satisfy enum value set: [{', '.join(shape['enum'])}]")


def _decode_blob(value: Any, path: str) -> bytes:
    try:
        return binascii.a2b_base64(value, strict_mode=True)
    except (ValueError, binascii.Error):
        raise ServiceError("SerializationException", f"The value at '{path}' is not valid base64.") from None


def _member_path(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


@cache
def _model() -> dict[str, dict[str, Any]]:
    text = resources.files("ecrtui.emulator").joinpath("requests.json").read_text(encoding="utf-8")
    return cast(dict[str, dict[str, Any]], json.loads(text))


@cache
def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(_LINEAR.get(text, text), re.ASCII)  # ECR's own regular expressions are those of Java
