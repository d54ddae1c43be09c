"""Lines that name keys, in the style of the footer."""

from __future__ import annotations

from collections.abc import Iterable

from textual.content import Content

KEY_STYLE = "bold $footer-key-foreground"


def key_line(hints: Iterable[str]) -> Content:
    """Return hints on one line, each with its key in the style of the footer.

    Args:
        hints: the results of :func:`ecrtui.tui.bindings.key_hint`; empty ones are left out.
    """
    parts = [(key, label) for key, _, label in (hint.partition(" ") for hint in hints if hint)]
    return Content(" ").join([Content.assemble((key, KEY_STYLE), f" {label}") for key, label in parts])
