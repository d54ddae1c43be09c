"""Builds of the demo: who built what, when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256

from ecrtui.emulator.demo.runtimes import Application


@dataclass(frozen=True, slots=True)
class Build:
    """One build of an application.

    Args:
        created: seconds since the epoch.
        labels: more labels, besides those of every build.
    """

    application: Application
    version: str
    created: float
    labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def revision(self) -> str:
        """The commit of the build."""
        return sha256(f"{self.application.name} {self.version}".encode()).hexdigest()[:40]

    @property
    def source(self) -> str:
        """The URL of the source."""
        return f"https://git.example.com/{self.application.repository}"


def iso_time(moment: float) -> str:
    """Return a time in seconds since the epoch as Go writes it."""
    return datetime.fromtimestamp(int(moment), UTC).isoformat().replace("+00:00", "Z")
