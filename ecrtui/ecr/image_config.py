"""Image configs: the platform of an image and how its containers start (OCI image spec, config.md).

The config of an artifact can be any document, such as the ``Chart.yaml`` of a Helm chart as JSON.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ecrtui.ecr.exact_json import parse_exact
from ecrtui.ecr.json_values import to_list, to_mapping

MAX_SIZE = 8 * 1024 * 1024
"""The largest config in bytes that is fetched; real configs have a few thousand bytes."""


@dataclass(frozen=True, slots=True)
class ImageConfig:
    """A config with every member that it has."""

    document: Any = None
    """Its JSON value, as :func:`ecrtui.ecr.exact_json.parse_exact` returns it; None if it has a ``problem``."""
    text: str = ""
    """The config as it is stored. Bytes that are not UTF-8 are U+FFFD in it."""
    problem: str = ""
    """The reason why the config could not be parsed; empty if it could."""
    is_utf8: bool = True
    """False if bytes of the config are not UTF-8."""


def parse_config(content: bytes) -> ImageConfig:
    """Parse a config. Return a config with a ``problem`` for bytes that are not JSON; never raise."""
    text = content.decode(errors="replace")
    is_utf8 = text.encode() == content
    try:
        return ImageConfig(parse_exact(text), text, "", is_utf8)
    except ValueError as problem:
        return ImageConfig(None, text, str(problem), is_utf8)


def config_of_schema1(manifest: str) -> ImageConfig:
    """Return the config that is in a manifest of Docker schema 1, in the texts ``v1Compatibility`` of its history.

    The first text describes the image. The others are the earlier steps; they become its ``history``, oldest first.
    """
    try:
        history = to_list(to_mapping(parse_exact(manifest)).get("history"))
        texts = [to_mapping(entry).get("v1Compatibility") for entry in history]
        entries = [parse_exact(text if isinstance(text, str) else "") for text in texts]
    except ValueError as problem:
        return ImageConfig(text=manifest, problem=str(problem))
    if not entries or not isinstance(entries[0], dict):
        return ImageConfig(text=manifest, problem="no config in its history")
    earlier = {"history": entries[:0:-1]} if len(entries) > 1 and "history" not in entries[0] else {}
    return ImageConfig(entries[0] | earlier, manifest)
