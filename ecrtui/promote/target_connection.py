"""The connection of the target of a promotion: that of the source, unless an option or a URI says otherwise. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ecrtui.ecr.location import RegistryLocation
from ecrtui.ecr.reference import Reference
from ecrtui.errors import UsageError
from ecrtui.settings import Connection


class TargetOption(NamedTuple):
    """An option of the target.

    Args:
        name: its name, with dashes.
        field: the field of :class:`ecrtui.settings.Connection` that it sets.
        metavar: the placeholder of its value in texts.
        help: what it does.
    """

    name: str
    field: str
    metavar: str
    help: str


TARGET_OPTIONS = (
    TargetOption("--to-profile", "profile", "NAME", "AWS profile of the target"),
    TargetOption("--to-region", "region", "REGION", "region of the target"),
    TargetOption("--to-registry-id", "registry_id", "ACCOUNT", "account of the target"),
    TargetOption("--to-endpoint-url", "endpoint_url", "URL", "endpoint of the target"),
)

_FIELDS = {option.name: option.field for option in TARGET_OPTIONS}


def split_options(words: Sequence[str]) -> tuple[Mapping[str, str], Sequence[str]]:
    """Return the options before the targets by their field, and the targets.

    Args:
        words: what a user typed: ``--to-profile prod team/prod:v1 team/prod:v2``. The targets are the last words, so
            that an option is complete once there is a target.

    Raises:
        UsageError: an option is not known or has no value, or there is no target.
    """
    given: dict[str, str] = {}
    rest = list(words)
    while rest and rest[0].startswith("-"):
        name, equals, value = rest.pop(0).partition("=")
        if name not in _FIELDS:
            raise UsageError(f"{name!r} is not an option here. The options are {', '.join(_FIELDS)}.")
        if not equals:
            value = rest.pop(0) if rest else ""
        if not value or value.startswith("-"):
            raise UsageError(f"{name} needs a value.")
        given[_FIELDS[name]] = value
    if not rest:
        raise UsageError("Write the repository of the target after the options.")
    if late := next((word for word in rest if word.startswith("-")), ""):
        raise UsageError(f"Write {late!r} before the targets.")
    return given, rest


def connection_to(location: RegistryLocation, like: Connection) -> Connection:
    """Return the connection to a registry, with the profile of another connection."""
    return like._replace(
        registry_id=location.registry_id,
        region=location.region,
        endpoint_url=None if location.is_embedded else location.endpoint or None,
        database=location.database or None,
        demo=False,
    )


def target_connection(source: Connection, given: Mapping[str, str], target: Reference) -> Connection:
    """Return the connection of a target.

    Args:
        source: the options of the source.
        given: the options of the target by their field.
        target: a URI sets account and region, unless an option does.
    """
    found = source
    if given or target.registry_id:
        found = found._replace(registry_id=None)  # the account of the source
    if "profile" in given or target.registry_id:
        found = found._replace(region=None)  # a profile and a URI have a region
    if {"profile", "endpoint_url"} & given.keys():
        found = found._replace(database=None, demo=False)
    found = Connection(**{**found._asdict(), **given})
    return found._replace(
        region=found.region or target.region or None, registry_id=found.registry_id or target.registry_id or None
    )
