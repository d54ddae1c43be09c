"""Textual bindings from the table of actions, and the keys of an action as a text names them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, Protocol, runtime_checkable

from textual.actions import ActionParseResult
from textual.actions import parse as parse_action
from textual.app import App
from textual.binding import ActiveBinding, Binding, BindingType
from textual.dom import DOMNode

from ecrtui.errors import ErrorKind
from ecrtui.tui import actions
from ecrtui.tui.actions import Action
from ecrtui.tui.textual_fixes.footer import KeyHint

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


@cache
def own_actions(owner: type) -> frozenset[str]:
    """Return the Textual actions that a class or its bases bind, without parameters."""
    return frozenset(parse_action(action.call)[1] for action in declared_actions(owner))


@runtime_checkable
class ExplainsActions(Protocol):
    """A node that knows why one of its actions does not work now."""

    def why_not(self, action: str) -> str:
        """Return why an action does not work now, as a sentence; empty if it does.

        Args:
            action: the name of the Textual action, without parameters.
        """


@runtime_checkable
class RefusesWrites(Protocol):
    """A screen that knows whether its registry refuses all writes."""

    def why_no_writes(self) -> str:
        """Return why all writes are refused now, and what to do, in sentences; empty if they are not."""


@cache
def _writing_actions(owner: type) -> frozenset[str]:
    """Return the Textual actions of a class that lead to nothing but writes, without parameters."""
    return frozenset(parse_action(action.call)[1] for action in declared_actions(owner) if action.writes)


def why_refused(node: DOMNode, action: str) -> str:
    """Return why an action cannot do anything because it writes; empty if it can, or if it does not write.

    Args:
        node: the node that runs the action.
        action: the name of the Textual action, without parameters.
    """
    if action not in _writing_actions(type(node)):
        return ""
    screen = node.screen
    return screen.why_no_writes() if isinstance(screen, RefusesWrites) else ""


def is_refused(active: ActiveBinding) -> bool:
    """Return whether the action of a binding cannot do anything because it writes."""
    return bool(why_refused(active.node, parse_action(active.binding.action)[1]))


class KeymapApp(App[None]):
    """An application whose users can change keys."""

    user_keys: Mapping[str, str] = {}
    """The keys of ``[keys]`` in the settings, comma separated, by the id of the action."""

    def use_keys(self, keys: Mapping[str, str]) -> None:
        """Replace the default keys of these actions, by id; see :func:`ecrtui.tui.user_keys.usable_keys`."""
        if keys:
            from ecrtui.tui.user_keys import usable_keys  # most users have no keys of their own

            self.user_keys = usable_keys(keys)
            self.set_keymap(dict(self.user_keys))

    async def run_action(
        self,
        action: str | ActionParseResult,
        default_namespace: DOMNode | None = None,
        namespaces: Mapping[str, DOMNode] | None = None,
    ) -> bool:
        """Run an action; say why if it does not work now, or if it writes and the registry refuses all writes."""
        node = self if default_namespace is None else default_namespace
        _, name, parameters = parse_action(action) if isinstance(action, str) else action
        is_enabled = node.check_action(name, parameters)
        if is_enabled and (reason := why_refused(node, name)):
            self.notify(reason, severity="warning", timeout=10)
            return True
        if not is_enabled and isinstance(node, ExplainsActions) and (reason := node.why_not(name)):
            self.notify(reason, severity="warning")
            return True
        return await super().run_action(action, default_namespace, namespaces)

    def get_key_display(self, binding: Binding) -> str:
        """Return the name of a key. Enter has a word, as every other key; some fonts lack Textual's sign for it."""
        return binding.key if binding.key == "enter" else super().get_key_display(binding)

    def keys_in_use(self) -> dict[Action, list[str]]:
        """Return the displayed keys of each action that works now.

        A key that Textual uses first, and passes on if it has nothing to do, counts: ctrl+c copies selected text.
        """
        keys: dict[Action, list[str]] = {}
        active = self.screen.active_bindings
        for key, entry in active.items():
            action = actions.BY_ID.get(entry.binding.id or "")
            if action is not None and entry.enabled and not key.startswith(UNBOUND):
                keys.setdefault(action, []).append(self.get_key_display(entry.binding))
        for action, shown in keys.items():
            for key in keys_of(self, action):
                used_first = active.get(key)
                if used_first is not None and used_first.binding.id is None:
                    shown.append(self.get_key_display(used_first.binding))
        return {action: list(dict.fromkeys(shown)) for action, shown in keys.items()}


def keys_of(app: App[Any], action: Action) -> list[str]:
    """Return the keys of an action, as Textual names them: the user's, or else the default keys."""
    user_keys = app.user_keys if isinstance(app, KeymapApp) else {}
    return [key.strip() for key in user_keys.get(action.id, action.keys).split(",") if key.strip()]


def shown_key(node: DOMNode, action_id: str) -> str:
    """Return the first key of an action as the footer shows it; empty if it has none."""
    action = actions.BY_ID[action_id]
    keys = keys_of(node.app, action)
    return node.app.get_key_display(Binding(keys[0], action.call)) if keys else ""


def key_hint(node: DOMNode, action_id: str, label: str) -> str:
    """Return "KEY LABEL" for a line that names keys; empty if the action has no key."""
    key = shown_key(node, action_id)
    return f"{key} {label}" if key else ""


def footer_hint(node: DOMNode, action_id: str, label: str) -> KeyHint | None:
    """Return a key for the footer with a label for the moment; None if the action has no key."""
    action = actions.BY_ID[action_id]
    keys = keys_of(node.app, action)
    return KeyHint(keys[0], shown_key(node, action_id), label, action.help, True, comes_first=True) if keys else None


def enter_hint(label: str) -> KeyHint:
    """Return Enter for the footer, where a field or a list of Textual has it. No setting changes that key."""
    return KeyHint("enter", "enter", label, "", True, comes_first=True)


def press(node: DOMNode, action_id: str, purpose: str) -> str:
    """Return the sentence "Press KEY to PURPOSE."; empty if the action has no key."""
    key = shown_key(node, action_id)
    return f"Press {key} to {purpose}." if key else ""


_KEYS_THAT_HELP: Mapping[ErrorKind, tuple[str, str]] = {
    ErrorKind.IMAGE_NOT_FOUND: ("app.find", "look for it in all repositories"),
    ErrorKind.NO_WRITE: ("app.activity", "see all writes"),
}
"""The action that helps after an error, and what for."""


def key_that_helps(node: DOMNode, kind: ErrorKind | None) -> str:
    """Return the sentence "Press KEY to …" for the next step after an error; empty if no key helps."""
    found = None if kind is None else _KEYS_THAT_HELP.get(kind)
    return press(node, *found) if found else ""


def footer_order(binding: Binding) -> int:
    """Return the position of an action in the footer: its index in ``actions.FIRST_IN_FOOTER``, else after them."""
    first = actions.FIRST_IN_FOOTER
    return first.index(binding.id) if binding.id in first else len(first)


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
