"""The AWS regions, from the data of botocore, without loading botocore. The data grows old."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

_REGION_PATTERN = r"[a-z]{2,}(?:-[a-z]+)+-\d+"

_GLOBAL = "-global"
"""The end of the name of a region that represents a whole partition."""


def region_names() -> Mapping[str, str]:
    """Return each region of every partition with its place ("Europe (Ireland)")."""
    return {name: place for partition in _partitions() for name, place in _regions_of(partition)}


def regions_of_partition(region: str) -> tuple[str, ...]:
    """Return the regions of one partition.

    Args:
        region: a region of the partition; empty or an unknown one for the partition ``aws``.
    """
    name = partition_of(region)
    partition = next((each for each in _partitions() if each["id"] == name), None)
    return () if partition is None else tuple(sorted(dict(_regions_of(partition))))


def partition_of(region: str) -> str:
    """Return the AWS partition of a region ("aws", "aws-cn"); "aws" for a region that is empty or not known."""
    return next((str(partition["id"]) for partition in _partitions() if _has_region(partition, region)), "aws")


def unknown_region_in(host: str) -> str:
    """Return the part of a host name that looks like a region, and is none; empty if there is no such part."""
    part = next((part for part in host.split(".") if re.fullmatch(_REGION_PATTERN, part)), "")
    return "" if not part or any(part in partition["regions"] for partition in _partitions()) else part


def _partitions() -> Sequence[Mapping[str, Any]]:
    package = find_spec("botocore")
    if package is None or package.origin is None:
        return []
    document = json.loads((Path(package.origin).parent / "data" / "partitions.json").read_bytes())
    partitions: Sequence[Mapping[str, Any]] = document["partitions"]
    return partitions


def _regions_of(partition: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, region in partition["regions"].items():
        if not name.endswith(_GLOBAL):
            yield name, str(region.get("description", ""))


def _has_region(partition: Mapping[str, Any], region: str) -> bool:
    return region in partition["regions"] or re.match(partition["regionRegex"], region) is not None
