"""The sets of colors that a terminal can show."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Palette(NamedTuple):
    """A set of colors.

    Args:
        name: Its name for users.
        variables: The environment variables that select it.
        color_bytes: Bytes of the sequence that sets one color, such as ``ESC[38;2;12;100;100m``.
    """

    name: str
    variables: Mapping[str, str]
    color_bytes: int


TRUE_COLOR = Palette("true color", {"TERM": "xterm-256color", "COLORTERM": "truecolor"}, 18)
OTHERS = (
    Palette("256 colors", {"TERM": "xterm-256color", "COLORTERM": ""}, 11),
    Palette("16 colors", {"TERM": "xterm", "COLORTERM": ""}, 5),
    TRUE_COLOR._replace(name="NO_COLOR", variables={**TRUE_COLOR.variables, "NO_COLOR": "1"}),
)
