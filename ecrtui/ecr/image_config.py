"""Image configs: the platform of an image and how its containers start (OCI image spec, config.md)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

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
    inner = _mapping(document.get("config"))
    return ImageConfig(
        created=_text(document.get("created")),
        author=_text(document.get("author")),
        os=_text(document.get("os")),
        os_version=_text(document.get("os.version")),
        architecture=_text(document.get("architecture")),
        variant=_text(document.get("variant")),
        environment=_texts(inner.get("Env")),
        entrypoint=_texts(inner.get("Entrypoint")),
        command=_texts(inner.get("Cmd")),
        user=_text(inner.get("User")),
        working_directory=_text(inner.get("WorkingDir")),
        exposed_ports=tuple(_mapping(inner.get("ExposedPorts"))),
        volumes=tuple(_mapping(inner.get("Volumes"))),
        stop_signal=_text(inner.get("StopSignal")),
        labels={name: _text(value) for name, value in _mapping(inner.get("Labels")).items()},
        history=tuple(_build_step(entry) for entry in _list(document.get("history")) if isinstance(entry, dict)),
        text=text,
    )


def _build_step(entry: Mapping[str, Any]) -> BuildStep:
    return BuildStep(
        created=_text(entry.get("created")),
        created_by=_text(entry.get("created_by")),
        comment=_text(entry.get("comment")),
    )


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _texts(value: object) -> tuple[str, ...]:
    """Return a list of texts; some builders write a single text instead, against the specification."""
    return (value,) if isinstance(value, str) else tuple(_text(entry) for entry in _list(value))


def _text(value: object) -> str:
    return value if isinstance(value, str) else "" if value is None else json.dumps(value)
