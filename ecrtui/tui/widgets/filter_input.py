"""The field of a filter."""

from __future__ import annotations

from ecrtui.tui.textual_fixes.line_input import LineInput


class FilterInput(LineInput):
    """The field for a filter. The lines of a paste become words."""

    joins_lines = True
