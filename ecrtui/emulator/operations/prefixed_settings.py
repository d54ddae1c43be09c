"""Settings of a registry for the repositories whose names begin with a prefix."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from typing import Any, NamedTuple

ROOT = "ROOT"
"""The prefix of all repositories."""


class PrefixedValue(NamedTuple):
    """A setting with its prefix, which has no slash at its end."""

    prefix: str
    value: dict[str, Any]


@dataclass(frozen=True, slots=True)
class PrefixedSettings:
    """The settings of one kind, of one registry in one region. Use it within one transaction.

    A slash at the end of a prefix has no meaning (CreatePullThroughCacheRule: "There is always an assumed / applied to
    the end of the prefix").
    """

    connection: sqlite3.Connection
    registry_id: str
    region: str
    kind: str

    def get(self, prefix: str) -> dict[str, Any] | None:
        """Return the setting of exactly this prefix; None if there is none."""
        row = self.connection.execute(
            "SELECT value FROM prefixed_settings WHERE registry_id = ? AND region = ? AND kind = ? AND prefix = ?",
            self._key(prefix),
        ).fetchone()
        return None if row is None else json.loads(row["value"])

    def put(self, prefix: str, value: dict[str, Any]) -> None:
        """Store the setting of this prefix in place of the last one."""
        self.connection.execute(
            "INSERT OR REPLACE INTO prefixed_settings (registry_id, region, kind, prefix, value)"
            " VALUES (?, ?, ?, ?, ?)",
            (*self._key(prefix), json.dumps(value)),
        )

    def delete(self, prefix: str) -> None:
        """Remove the setting of this prefix."""
        self.connection.execute(
            "DELETE FROM prefixed_settings WHERE registry_id = ? AND region = ? AND kind = ? AND prefix = ?",
            self._key(prefix),
        )

    def after(self, prefix: str, limit: int) -> list[PrefixedValue]:
        """Return the settings after this prefix in the order of their prefixes, at most ``limit``."""
        rows = self.connection.execute(
            "SELECT prefix, value FROM prefixed_settings"
            " WHERE registry_id = ? AND region = ? AND kind = ? AND prefix > ? ORDER BY prefix LIMIT ?",
            (*self._key(prefix), limit),
        )
        return [PrefixedValue(row["prefix"], json.loads(row["value"])) for row in rows]

    def count(self) -> int:
        """Return the number of settings."""
        row = self.connection.execute(
            "SELECT count(*) FROM prefixed_settings WHERE registry_id = ? AND region = ? AND kind = ?",
            (self.registry_id, self.region, self.kind),
        ).fetchone()
        return int(row[0])

    def _key(self, prefix: str) -> tuple[str, str, str, str]:
        return self.registry_id, self.region, self.kind, prefix.rstrip("/")
