"""The identity of a registry."""

from __future__ import annotations

from typing import NamedTuple

EMBEDDED = "embedded"
"""The endpoint of the embedded registry in this process."""


class RegistryLocation(NamedTuple):
    """A registry, as the header shows it and as the journal and the cache are keyed by it."""

    registry_id: str
    region: str
    endpoint: str = ""
    """The URL of an endpoint that is not AWS's own; ``embedded`` for the registry in this process; else empty."""


def account_of_arn(arn: str) -> str:
    """Return the account in an ARN (``arn:partition:service:region:account:resource``); empty if there is none."""
    parts = arn.split(":")
    return parts[4] if len(parts) > 5 and parts[0] == "arn" else ""
