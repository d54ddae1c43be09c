"""The sources of the commands of the palette. Each is imported when the palette opens, not for the first frame."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from textual.command import Provider


def action_commands() -> type[Provider]:
    """Return the commands of the palette that run actions."""
    from ecrtui.tui.palette.action_commands import ActionCommands

    return ActionCommands


def location_commands() -> type[Provider]:
    """Return the commands of the palette that open a repository or an image, or filter."""
    from ecrtui.tui.palette.location_commands import LocationCommands

    return LocationCommands


def connection_commands() -> type[Provider]:
    """Return the commands of the palette that connect."""
    from ecrtui.tui.connections.commands import ConnectionCommands

    return ConnectionCommands
