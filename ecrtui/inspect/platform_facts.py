"""What the config and the annotations of a platform say about it: user, time of the build, base image.

The base image is in the annotations ``org.opencontainers.image.base.name`` and ``.base.digest`` (OCI image spec,
annotations.md), or in labels of the config with these names. A builder that does not write them leaves it unknown.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from ecrtui.ecr.digest import short_digest
from ecrtui.ecr.image_config import ImageConfig
from ecrtui.ecr.json_values import to_mapping, to_text
from ecrtui.ecr.units import parse_zoned_time

_BASE_NAME = "org.opencontainers.image.base.name"
_BASE_DIGEST = "org.opencontainers.image.base.digest"


class ConfigFacts(NamedTuple):
    """What a config says."""

    user: str = ""
    """The user of the process (``User``); empty if the config sets none."""
    created_at: float | None = None
    """The time of the build in seconds since the epoch; None if the config names none."""
    labels: Mapping[str, str] = {}
    problem: str = ""
    """Why the config cannot be read; empty if it can. Nothing that it could set is then known."""


def config_facts(config: ImageConfig) -> ConfigFacts:
    """Return what a config says, or why it cannot be read."""
    if problem := config.problem or ("" if isinstance(config.document, Mapping) else "not a JSON object"):
        return ConfigFacts(problem=problem)
    document = to_mapping(config.document)
    inner = to_mapping(document.get("config"))
    labels = {name: to_text(value) for name, value in to_mapping(inner.get("Labels")).items()}
    return ConfigFacts(to_text(inner.get("User")), parse_zoned_time(to_text(document.get("created"))), labels)


def base_image(*sources: Mapping[str, str]) -> str:
    """Return the base image: its name, or else its digest; empty if no source names one.

    The name of an official image of Docker Hub is without the registry, as in a Dockerfile: ``debian:12``.

    Args:
        sources: annotations and labels, the most specific first.
    """
    for source in sources:
        if name := source.get(_BASE_NAME):
            return name.removeprefix("docker.io/library/")
        if digest := source.get(_BASE_DIGEST):
            return short_digest(digest)
    return ""
