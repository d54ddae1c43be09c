"""The commands of the palette that run actions, with their keys. Actions that do not work now say why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from textual.actions import parse as parse_action
from textual.binding import ActiveBinding, Binding
from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content
from textual.dom import DOMNode
from textual.fuzzy import Matcher
from textual.types import IgnoreReturnCallbackType

from ecrtui.tui.actions import Action
from ecrtui.tui.bindings import ExplainsActions, declared_actions, keys_of, why_refused
from ecrtui.tui.key_line import KEY_STYLE
from ecrtui.tui.palette.synonyms import matching_synonym

_BY_SYNONYM, _BY_HELP = 0.9, 0.3
"""The scores of a match in another word, and in the help. That of a whole label is 1 or more."""

_IN_HELP = 3
"""The least number of characters to search the help for: fewer are in almost every help."""


@dataclass(frozen=True, slots=True)
class _Command:
    """An action, the node that runs it, its key, and why it does not work now."""

    action: Action
    node: DOMNode
    key: str
    reason: str

    @property
    def name(self) -> str:
        return self.action.label.capitalize()

    @property
    def help(self) -> str:
        return f"Not now: {self.reason}" if self.reason else self.action.help

    def show(self, name: Content) -> Content:
        """Return the row: the name and the key, dimmed if the action does not work now."""
        row = Content.assemble(name, f"  {self.key}").stylize(KEY_STYLE, len(name)) if self.key else name
        return row.stylize("dim") if self.reason else row

    def score(self, matcher: Matcher) -> tuple[float, Content]:
        """Return how well a query matches, 0 for not at all, and the name with what matches."""
        score = matcher.match(self.name)
        if synonym := matching_synonym(self.action.id, matcher.query):
            return max(score, _BY_SYNONYM), Content(f"{self.name} ({synonym})")
        if score > 0:
            return score, matcher.highlight(self.name)
        query = matcher.query.lower()
        found = len(query) >= _IN_HELP and query in self.action.help.lower()
        return _BY_HELP if found else 0, Content(self.name)


class ActionCommands(Provider):
    """Offers the actions of the focused widget, of what contains it, and of the application."""

    async def discover(self) -> Hits:
        """Yield all commands by name, those that do not work now at the end."""
        for command in sorted(self._commands(), key=lambda command: (bool(command.reason), command.name)):
            yield DiscoveryHit(command.show(Content(command.name)), self._run(command), command.name, command.help)

    async def search(self, query: str) -> Hits:
        """Yield the commands whose name, synonym or help matches."""
        matcher = self.matcher(query)
        for command in self._commands():
            score, name = command.score(matcher)
            if score > 0:
                yield Hit(score, command.show(name), self._run(command), command.name, command.help)

    def _commands(self) -> Iterator[_Command]:
        screen = self.screen
        active = screen.active_bindings
        nodes = (screen, self.app) if screen.focused is None else screen.focused.ancestors_with_self
        for node in nodes:
            for action in declared_actions(type(node)):
                if action.palette and (command := _command(action, node, active)):
                    yield command

    def _run(self, command: _Command) -> IgnoreReturnCallbackType:
        if command.reason:
            return partial(self.app.notify, f"{command.name} does not work now. {command.reason}")
        return partial(self._run_where_found, command)

    async def _run_where_found(self, command: _Command) -> None:
        """Run a command, unless its screen was left after the command was chosen."""
        if command.node is self.app or self.screen in self.app.screen_stack:
            await self.app.run_action(command.action.call, command.node)


def _command(action: Action, node: DOMNode, active: Mapping[str, ActiveBinding]) -> _Command | None:
    """Return the command for an action; None if it does not work now and nothing says why.

    Args:
        action: the action.
        node: the node that runs it.
        active: what each key does now.
    """
    _, name, parameters = parse_action(action.call)
    reason = (node.why_not(name) if isinstance(node, ExplainsActions) else "") or why_refused(node, name)
    if not reason and not node.check_action(name, parameters):
        return None
    return _Command(action, node, _own_key(action, node, active), reason)


def _own_key(action: Action, node: DOMNode, active: Mapping[str, ActiveBinding]) -> str:
    """Return the first key of an action that runs no other one now, as the footer shows it; empty without one."""
    for key in keys_of(node.app, action):
        if key not in active or active[key].binding.id == action.id:
            return node.app.get_key_display(Binding(key, action.call))
    return ""
