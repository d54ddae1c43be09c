"""Image configs: the platform of an image and how its containers start (OCI image spec, config.md)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ecrtui.ecr.json_values import to_list, to_mapping, to_text

MAX_SIZE = 8 * 1024 * 1024
"""The largest config in bytes that is fetched; real configs have a few thousand bytes."""


@dataclass(frozen=True, slots=True)
class BuildStep:
    """A step of the build (``history`` of the config)."""

    created: str = ""
    created_by: str = ""
    comment: str = ""


@dataclass(frozen=True, slots=True)
class ImageConfig:
    """A parsed config. Values that it does not have are empty."""

    created: str = ""
    author: str = ""
    os: str = ""
    os_version: str = ""
    architecture: str = ""
    variant: str = ""
    environment: tuple[str, ...] = ()
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    user: str = ""
    working_directory: str = ""
    exposed_ports: tuple[str, ...] = ()
    volumes: tuple[str, ...] = ()
    stop_signal: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    history: tuple[BuildStep, ...] = ()
    text: str = ""
    """The config as it is stored."""
    problem: str = ""
    """The reason why the config could not be parsed, as with the config of a Helm chart; empty if it could."""


def parse_config(content: bytes) -> ImageConfig:
    """Parse a config. Return a config with a ``problem`` for any other bytes; never raise."""
    try:
        text = content.decode()
    except UnicodeDecodeError as problem:
        return ImageConfig(problem=f"not text: {problem}")
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as problem:
        return ImageConfig(text=text, problem=f"not JSON: {problem}")
    if not isinstance(document, dict):
        return ImageConfig(text=text, problem="not a JSON object")
    inner = to_mapping(document.get("config"))
    return ImageConfig(
        created=to_text(document.get("created")),
        author=to_text(document.get("author")),
        os=to_text(document.get("os")),
        os_version=to_text(document.get("os.version")),
        architecture=to_text(document.get("architecture")),
        variant=to_text(document.get("variant")),
        environment=_texts(inner.get("Env")),
        entrypoint=_texts(inner.get("Entrypoint")),
        command=_texts(inner.get("Cmd")),
        user=to_text(inner.get("User")),
        working_directory=to_text(inner.get("WorkingDir")),
        exposed_ports=tuple(to_mapping(inner.get("ExposedPorts"))),
        volumes=tuple(to_mapping(inner.get("Volumes"))),
        stop_signal=to_text(inner.get("StopSignal")),
        labels={name: to_text(value) for name, value in to_mapping(inner.get("Labels")).items()},
        history=tuple(_build_step(entry) for entry in to_list(document.get("history")) if isinstance(entry, dict)),
        text=text,
    )


def _build_step(entry: Mapping[str, Any]) -> BuildStep:
    return BuildStep(
        created=to_text(entry.get("created")),
        created_by=to_text(entry.get("created_by")),
        comment=to_text(entry.get("comment")),
    )


def _texts(value: object) -> tuple[str, ...]:
    """Return a list of texts; some builders write a single text instead, against the specification."""
    return (value,) if isinstance(value, str) else tuple(to_text(entry) for entry in to_list(value))
