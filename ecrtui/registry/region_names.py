"""The AWS regions, from the data of botocore, without loading botocore."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

_GLOBAL = "-global"
"""How the name of a region that stands for a whole partition ends."""


def region_names() -> Mapping[str, str]:
    """Return each region of every partition with its place ("Europe (Ireland)")."""
    package = find_spec("botocore")
    if package is None or package.origin is None:
        return {}
    document = json.loads((Path(package.origin).parent / "data" / "partitions.json").read_bytes())
    return {
        name: str(region.get("description", ""))
        for partition in document["partitions"]
        for name, region in partition["regions"].items()
        if not name.endswith(_GLOBAL)
    }
