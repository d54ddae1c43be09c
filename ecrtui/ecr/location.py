"""Which registry it is."""

from __future__ import annotations

from typing import NamedTuple

EMBEDDED = "embedded"
"""The endpoint of the registry that lives in this process."""


class RegistryLocation(NamedTuple):
    """Which registry it is: what the header tells, and what journal and cache are keyed by."""

    registry_id: str
    region: str
    endpoint: str = ""
    """The endpoint's URL if it is not AWS's own; ``embedded`` for the one in this process."""
