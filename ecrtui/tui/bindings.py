"""Textual bindings from the table of actions."""

from __future__ import annotations

from textual.binding import Binding, BindingType

from ecrtui.tui import actions
from ecrtui.tui.actions import Action

UNBOUND = "unbound."
"""Prefix of the key of an action without a default key. No terminal sends it; ``[keys]`` replaces it."""


def bindings(*scopes: str) -> list[BindingType]:
    """Return the bindings for the actions of these scopes."""
    return [_binding(action) for action in actions.of(*scopes)]


def declared_actions(owner: type) -> list[Action]:
    """Return the actions that a class or its bases bind, in the order of the table."""
    ids = {
        binding.id
        for base in owner.__mro__
        for binding in vars(base).get("BINDINGS", ())
        if isinstance(binding, Binding)
    }
    return [action for action in actions.ACTIONS if action.id in ids]


def _binding(action: Action) -> Binding:
    return Binding(
        action.keys or UNBOUND + action.id,
        action.call,
        action.label,
        tooltip=action.help,
        show=action.footer,
        id=action.id,
        priority=action.priority,
    )
