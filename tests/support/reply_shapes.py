"""The replies of ECR, checked against the output shapes of botocore's service model as they arrive."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from tests.support.request_shapes import service_model


def check_replies(client: Any) -> None:
    """Let every reply to this client fail the test that has a member, a type or an enumeration value unknown to ECR.

    boto3 drops unknown members without a word.
    """
    client.meta.events.register("before-parse.ecr", _check)


def violations(shapes: Mapping[str, Any], name: str, value: Any, path: str) -> Iterator[str]:
    """Yield what a value has that its shape does not allow, each with its path."""
    shape = shapes[name]
    if shape["type"] == "structure" and isinstance(value, dict):
        for member, entry in value.items():
            if member in shape["members"]:
                yield from violations(shapes, shape["members"][member]["shape"], entry, f"{path}.{member}")
            else:
                yield f"{path}.{member} is no member of {name}"
        yield from (f"{path}.{member} is missing" for member in shape.get("required", ()) if member not in value)
    elif shape["type"] == "list" and isinstance(value, list):
        for number, entry in enumerate(value):
            yield from violations(shapes, shape["member"]["shape"], entry, f"{path}[{number}]")
    elif shape["type"] == "map" and isinstance(value, dict):
        for key, entry in value.items():
            yield from violations(shapes, shape["value"]["shape"], entry, f"{path}[{key!r}]")
    elif not isinstance(value, _TYPES[shape["type"]]) or (isinstance(value, bool) and shape["type"] != "boolean"):
        yield f"{path} is {type(value).__name__}, not {shape['type']}"
    elif "enum" in shape and value not in shape["enum"]:
        yield f"{path} is {value!r}, which {name} does not have"


_TYPES: Mapping[str, type | tuple[type, ...]] = {
    "structure": dict,
    "list": list,
    "map": dict,
    "string": str,
    "integer": int,
    "long": int,
    "double": (int, float),
    "boolean": bool,
    "timestamp": (int, float),
    "blob": str,
}


def _check(operation_model: Any, response_dict: Mapping[str, Any], **_: Any) -> None:
    if response_dict["status_code"] == 200:
        shapes = service_model()["shapes"]
        body = json.loads(response_dict["body"])
        found = list(violations(shapes, operation_model.output_shape.name, body, operation_model.name))
        assert not found, found
