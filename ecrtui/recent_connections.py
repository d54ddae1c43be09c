"""The connections that the user chose last, in a file of the state folder."""

from __future__ import annotations

import json
import logging
from typing import NamedTuple

from ecrtui.paths import recent_connections_file
from ecrtui.private_files import prepare_folder_of
from ecrtui.text_files import UnreadableFile, read_text, replace_text

log = logging.getLogger(__name__)

KEPT = 20
"""Connections that are remembered."""


class RecentConnection(NamedTuple):
    """A profile and a region that once connected.

    Args:
        profile: the name of the profile; empty for the credentials of the environment.
        region: the region that was used.
    """

    profile: str
    region: str


def recent_connections() -> tuple[RecentConnection, ...]:
    """Return the connections of the file, the last one first; none if it cannot be read."""
    try:
        entries = json.loads(read_text(recent_connections_file()))
    except (FileNotFoundError, UnreadableFile, ValueError, RecursionError):
        return ()
    pairs = [entry for entry in entries if isinstance(entry, list)] if isinstance(entries, list) else []
    return tuple(
        RecentConnection(*pair) for pair in pairs if len(pair) == 2 and all(isinstance(part, str) for part in pair)
    )


def remember_connection(connection: RecentConnection) -> None:
    """Put a connection at the top of the file. A file that cannot be written is logged: nothing depends on it.

    If two processes do it at the same time, one of the connections can be missing.
    """
    file = recent_connections_file()
    entries = [connection, *(entry for entry in recent_connections() if entry != connection)][:KEPT]
    try:
        prepare_folder_of(file)
        replace_text(file, json.dumps(entries))
    except OSError as problem:
        log.warning("the recent connections are not kept: %s", problem)
