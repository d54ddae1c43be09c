"""The keys that move in everything that scrolls, the same everywhere."""

from __future__ import annotations

from textual.binding import Binding, BindingType


def movement(scope: str) -> list[BindingType]:
    """Bindings for the actions ``down``, ``up``, ``page_down`` … of a widget; their ids are ``scope.down`` …"""
    return [
        Binding(keys, call, words, tooltip=tooltip, show=False, id=f"{scope}.{call}")
        for keys, call, words, tooltip in (
            ("j,down", "down", "down", "One line down"),
            ("k,up", "up", "up", "One line up"),
            ("g,home", "top", "top", "To the first line"),
            ("G,end", "bottom", "bottom", "To the last line"),
            ("ctrl+d,pagedown", "page_down", "page down", "One page down"),
            ("ctrl+u,pageup", "page_up", "page up", "One page up"),
            ("l,right", "right", "right", "Scroll to the right"),
            ("h,left", "left", "left", "Scroll to the left"),
        )
    ]
