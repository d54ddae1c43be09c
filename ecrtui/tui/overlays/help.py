"""The help: generated from the bindings that are alive on the place it was asked for."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.binding import ActiveBinding, Binding
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from ecrtui.tui.overlays.base import Overlay

_SCOPES = {
    "list": "The list",
    "row": "The row",
    "images": "Images",
    "repositories": "Repositories",
    "marks": "Marks",
    "plan": "The plan",
    "activity": "Activity",
    "image": "The image",
    "manifest": "The manifest",
    "put_form": "The form",
    "place": "Here",
    "app": "Everywhere",
}


class HelpOverlay(Overlay[None]):
    """Keys and what they do, by where they hold."""

    BINDINGS = [
        Binding("question_mark,f1,enter", "leave", show=False),
        Binding("j,down", "scroll(1)", show=False),
        Binding("k,up", "scroll(-1)", show=False),
    ]

    def __init__(self, bindings: Sequence[ActiveBinding], keys: dict[str, str]) -> None:
        """The bindings of the place below, and how the application writes each key."""
        super().__init__()
        self.bindings = bindings
        self.keys = keys

    def compose(self) -> ComposeResult:
        with Vertical(classes="overlay"):
            yield Static("Keys here", classes="overlay-title")
            with VerticalScroll():
                yield Static(self._table())

    def action_scroll(self, lines: int) -> None:
        """Scroll by lines."""
        self.query_one(VerticalScroll).scroll_relative(y=lines, animate=False)

    def _table(self) -> Content:
        groups: dict[str, dict[str, list[str]]] = {}
        for active in self.bindings:
            binding = active.binding
            words = active.tooltip or binding.tooltip or binding.description
            if not words or binding.system or not binding.id:
                continue
            scope = binding.id.partition(".")[0]
            keys = groups.setdefault(_SCOPES.get(scope, scope), {}).setdefault(words, [])
            key = self.keys.get(binding.key, binding.key)
            if key not in keys:
                keys.append(key)
        width = max((len(" ".join(keys)) for rows in groups.values() for keys in rows.values()), default=0)
        parts: list[Content | tuple[str, str] | str] = []
        for title in sorted(groups, key=[*_SCOPES.values(), *groups].index):
            parts.append((f"{title}\n", "bold"))
            for words, keys in groups[title].items():
                parts += [(f"  {' '.join(keys):<{width}}  ", "$accent"), f"{words}\n"]
            parts.append("\n")
        return Content.assemble(*parts)
