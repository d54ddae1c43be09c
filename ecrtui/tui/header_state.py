"""What the header tells: which registry this is, who the caller is, and whether writes are possible."""

from __future__ import annotations

from typing import NamedTuple


class HeaderState(NamedTuple):
    """The header's value. Empty fields are not known yet, or cannot be known."""

    registry_id: str = ""
    region: str = ""
    endpoint: str = ""
    identity: str = ""
    read_only: bool = False
    demo: bool = False
    connected: bool = False
    writes: int = 0
    """Writes in flight."""
