"""The help: the keyboard shortcuts that work on the screen below."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ecrtui.tui.actions import SCOPES, Action
from ecrtui.tui.bindings import bindings
from ecrtui.tui.overlays.text_viewer import TextViewer
from ecrtui.tui.text_document import Span, TextDocument, prepare_text


class HelpOverlay(TextViewer):
    """The actions that have a key now, grouped by scope.

    Args:
        keys: the displayed keys of each action, as the user's keymap has them.
    """

    BINDINGS = bindings("help")

    def __init__(self, keys: Mapping[Action, Sequence[str]]) -> None:
        super().__init__("Keyboard shortcuts", _document(keys))


def _document(keys: Mapping[Action, Sequence[str]]) -> TextDocument:
    width = max((len(" ".join(names)) for names in keys.values()), default=0)
    lines: list[str] = []
    styles: dict[int, Sequence[Span]] = {}
    for scope in SCOPES:
        rows = [(action, names) for action, names in keys.items() if action.scope == scope.id]
        if not rows:
            continue
        lines += ["", scope.title] if lines else [scope.title]
        styles[len(lines) - 1] = [(0, len(scope.title), "bold")]
        for action, names in rows:
            styles[len(lines)] = [(2, 2 + width, "$accent")]
            lines.append(f"  {' '.join(names):<{width}}  {action.help}")
    return prepare_text("\n".join(lines), styles)
