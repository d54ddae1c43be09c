"""The looks of terminal cells, and the shortest sequence from one look to another.

Upstream: as for :mod:`ecrtui.tui.textual_fixes.cell_frame`, which this module is a part of.
Delete this module with that one.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from rich.color import ColorSystem
from rich.style import Style

SGR_ATTRIBUTES = ("1", "2", "3", "4", "5", "6", "7", "8", "9", "21", "51", "52", "53")
"""SGR parameter of each attribute bit of a Rich style."""

SGR_OFF = {
    "1": "22",
    "2": "22",
    "3": "23",
    "4": "24",
    "5": "25",
    "6": "25",
    "7": "27",
    "8": "28",
    "9": "29",
    "21": "24",
    "51": "54",
    "52": "54",
    "53": "55",
}
"""SGR parameter that ends each attribute; some end two (ECMA-48, 8.3.117)."""

VISIBLE_ON_BLANKS = frozenset(("4", "7", "9", "21", "51", "52", "53"))
"""SGR parameters of the attributes that change a blank cell: lines at or through it, and reverse colors."""

MAX_KNOWN_STYLES = 4096
"""Number of styles to remember. A style with an action for the mouse may be unique to its row."""


class Look(NamedTuple):
    """What SGR and OSC 8 set for a cell.

    Args:
        attributes: SGR parameters of the attributes, in order.
        foreground: SGR parameters of the foreground; empty for the default.
        background: SGR parameters of the background; empty for the default.
        link: Parameters and address of an OSC 8 hyperlink; empty for none.
    """

    attributes: tuple[str, ...] = ()
    foreground: str = ""
    background: str = ""
    link: str = ""


PLAIN = Look()


class LookTable:
    """Turns Rich styles into looks. Equal looks are one object, so ``is`` compares them.

    Args:
        color_system: The colors that the terminal can show.
    """

    def __init__(self, color_system: ColorSystem) -> None:
        self._color_system = color_system
        self._looks: dict[Look, Look] = {PLAIN: PLAIN}
        self._known: dict[Style | None, Look] = {None: PLAIN}

    def look(self, style: Style | None) -> Look:
        """Return the look of a style."""
        known = self._known.get(style)
        if known is None:
            if len(self._known) >= MAX_KNOWN_STYLES:
                self._known = {None: PLAIN}
            look = self._convert(style) if style is not None else PLAIN
            known = self._known[style] = self._looks.setdefault(look, look)
        return known

    def _convert(self, style: Style) -> Look:
        bits = style._attributes & style._set_attributes
        attributes = tuple(code for bit, code in enumerate(SGR_ATTRIBUTES) if bits & (1 << bit))
        link = f"id={style._link_id};{style._link}" if style._link else ""
        return Look(attributes, self._color(style, True), self._color(style, False), link)

    def _color(self, style: Style, foreground: bool) -> str:
        color = style.color if foreground else style.bgcolor
        if color is None:
            return ""
        codes = ";".join(color.downgrade(self._color_system).get_ansi_codes(foreground))
        return "" if codes in ("39", "49") else codes


@lru_cache(4096)
def blank_look(look: Look) -> Look:
    """Return the part of a look that shows on a blank cell. A foreground only shows in lines and reverse colors."""
    visible = tuple(code for code in look.attributes if code in VISIBLE_ON_BLANKS)
    return Look(visible, look.foreground if visible else "", look.background, look.link)


@lru_cache(4096)
def look_for_blanks(pen: Look, look: Look) -> Look:
    """Return the look that is nearest to that of the pen and the same as another look on blank cells."""
    if blank_look(pen) == blank_look(look):
        return pen
    if blank_look(pen).attributes or blank_look(look).attributes:
        return look
    return pen._replace(background=look.background, link=look.link)


@lru_cache(4096)
def transition(old: Look | None, new: Look) -> str:
    """Return the shortest sequence that changes the pen from one look to another.

    Args:
        old: The look of the pen; None if it is not known.
        new: The look to set.
    """
    if old == new:
        return ""
    everything = _sgr(["0", *_set(new)])
    if old is None:
        return everything + _link("", new.link)
    change = _sgr(_change(old, new))
    return min(change, everything, key=len) + _link(old.link, new.link)


def _set(look: Look) -> list[str]:
    return [*look.attributes, *filter(None, (look.foreground, look.background))]


def _change(old: Look, new: Look) -> list[str]:
    ended = dict.fromkeys(SGR_OFF[code] for code in old.attributes if code not in new.attributes)
    started = [code for code in new.attributes if code not in old.attributes or SGR_OFF[code] in ended]
    parameters = [*ended, *started]
    if old.foreground != new.foreground:
        parameters.append(new.foreground or "39")
    if old.background != new.background:
        parameters.append(new.background or "49")
    return parameters


def _sgr(parameters: list[str]) -> str:
    return f"\x1b[{';'.join(parameters)}m" if parameters else ""


def _link(old: str, new: str) -> str:
    return "" if old == new else f"\x1b]8;{new or ';'}\x1b\\"
