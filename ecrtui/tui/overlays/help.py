"""The help: the keyboard shortcuts that work on the screen below."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence

from ecrtui.tui.actions import SCOPES, Action
from ecrtui.tui.bindings import bindings
from ecrtui.tui.key_line import KEY_STYLE
from ecrtui.tui.overlays.text_viewer import TextViewer
from ecrtui.tui.text_document import Span, TextDocument, prepare_text

_REFUSED = "✗"


class HelpOverlay(TextViewer):
    """The actions that have a key now, grouped by scope.

    Args:
        keys: the displayed keys of each action, as the user's keymap has them.
        refused: the actions that the registry refuses now.
        reason: why it does.
    """

    BINDINGS = bindings("help")

    def __init__(self, keys: Mapping[Action, Sequence[str]], refused: Container[Action] = (), reason: str = "") -> None:
        super().__init__("Keyboard shortcuts", _document(keys, refused, reason))


def _document(keys: Mapping[Action, Sequence[str]], refused: Container[Action], reason: str) -> TextDocument:
    width = max((len(" ".join(names)) for names in keys.values()), default=0)
    lines: list[str] = [reason, f"Actions with {_REFUSED} do not work now."] if reason else []
    styles: dict[int, Sequence[Span]] = {}
    for scope in SCOPES:
        rows = [(action, names) for action, names in keys.items() if action.scope == scope.id]
        if not rows:
            continue
        lines += ["", scope.title] if lines else [scope.title]
        styles[len(lines) - 1] = [(0, len(scope.title), "bold")]
        for action, names in rows:
            off = action in refused
            styles[len(lines)] = [(0, 2 + width + 2 + len(action.help), "dim")] if off else [(2, 2 + width, KEY_STYLE)]
            lines.append(f"{_REFUSED if off else ' '} {' '.join(names):<{width}}  {action.help}")
    return prepare_text("\n".join(lines), styles)
