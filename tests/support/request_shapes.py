"""The request shapes of ECR, extracted from botocore's service model, to make and check requests.json.

python -m tests.support.request_shapes > ecrtui/emulator/requests.json
"""

from __future__ import annotations

import gzip
import json
from functools import cache
from pathlib import Path
from typing import Any

import botocore

CONSTRAINTS = ("type", "required", "min", "max", "pattern", "enum")


def reduced_model() -> dict[str, Any]:
    """Return the input shape of every operation and all shapes below it, with their constraints."""
    model = service_model()
    operations = {name: entry["input"]["shape"] for name, entry in sorted(model["operations"].items())}
    shapes: dict[str, Any] = {}
    for shape in operations.values():
        _reduce(model["shapes"], shape, shapes)
    return {"operations": operations, "shapes": dict(sorted(shapes.items()))}


@cache
def service_model() -> dict[str, Any]:
    """Return botocore's service model of ECR."""
    path = Path(botocore.__file__).parent / "data/ecr/2015-09-21/service-2.json.gz"
    result: dict[str, Any] = json.loads(gzip.decompress(path.read_bytes()))
    return result


def _reduce(all_shapes: dict[str, Any], name: str, into: dict[str, Any]) -> None:
    if name in into:
        return
    shape = all_shapes[name]
    into[name] = reduced = {key: shape[key] for key in CONSTRAINTS if shape.get(key) not in (None, [])}
    if "members" in shape:
        reduced["members"] = {member: entry["shape"] for member, entry in shape["members"].items()}
    for key in ("member", "key", "value"):
        if key in shape:
            reduced[key] = shape[key]["shape"]
    below = [
        *reduced.get("members", {}).values(),
        *(reduced[key] for key in ("member", "key", "value") if key in reduced),
    ]
    for child in below:
        _reduce(all_shapes, child, into)


def _text(model: dict[str, Any]) -> str:
    shapes = ",\n".join(f"    {json.dumps(name)}: {json.dumps(shape)}" for name, shape in model["shapes"].items())
    operations = ",\n".join(
        f"    {json.dumps(name)}: {json.dumps(shape)}" for name, shape in model["operations"].items()
    )
    return f'{{\n  "operations": {{\n{operations}\n  }},\n  "shapes": {{\n{shapes}\n  }}\n}}'


if __name__ == "__main__":
    print(_text(reduced_model()))
