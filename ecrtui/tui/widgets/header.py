"""The line at the top: registry, region, identity and mode."""

from __future__ import annotations

import time

from rich.cells import cell_len
from textual.app import RenderResult
from textual.content import Content
from textual.reactive import reactive
from textual.timer import Timer
from textual.widget import Widget

from ecrtui.ecr.caller import caller_names
from ecrtui.ecr.location import EMBEDDED
from ecrtui.ecr.safe_text import ELLIPSIS
from ecrtui.tui import safe_text as text
from ecrtui.tui.header_state import HeaderState

_BRAND = " ecrtui"
_NOT_CONNECTED = "not connected"

_SHOWN_DIGITS = 4
"""The last digits of the account, where there is no room for all."""

REFRESH_INTERVAL = 30.0
"""Seconds between two updates of the time left."""


class Header(Widget):
    """Shows which registry writes go to. A narrow terminal shortens its parts; the role or user stays."""

    DEFAULT_CSS = """
    Header { dock: top; height: 1; width: 100%; background: $panel; color: $foreground; }
    """

    header_state: reactive[HeaderState] = reactive(HeaderState())

    _clock: Timer | None = None

    def watch_header_state(self, state: HeaderState) -> None:
        """Count the minutes of credentials and of an unlocked registry."""
        counts = bool(state.mfa_ends or state.unlocked_until)
        if counts and self._clock is None:
            self._clock = self.set_interval(REFRESH_INTERVAL, self.refresh)
        elif not counts and self._clock is not None:
            self._clock.stop()
            self._clock = None

    def render(self) -> RenderResult:
        state, width = self.header_state, self.size.width
        mode = self._mode(state)
        room = width - mode.cell_length - 1
        mfa = f"MFA {_time_left(state.mfa_ends - time.time())}  " if state.mfa_ends else ""
        left = next((left for left in _left_ends(state) if cell_len(left) <= room - cell_len(mfa)), None)
        if left is None:  # the mode is never cut
            mfa, left = "", next((left for left in _left_ends(state) if cell_len(left) <= room), None)
        if left is None:
            left = text.one_line(_left_ends(state)[-1], room)
        if mfa:
            mode = Content.assemble((mfa, "$text-muted"), mode)
        brand = _BRAND if left.startswith(_BRAND) else ""
        head = Content.assemble((brand, "bold"), text.visible(left[len(brand) :]))
        return Content.assemble(head, " " * max(1, width - head.cell_length - mode.cell_length), mode)

    def _mode(self, state: HeaderState) -> Content:
        """Return the right end: the mode in words, so that it is clear without colors."""
        parts: list[Content | str | tuple[str, str]] = []
        if state.production:
            parts += [(" PRODUCTION ", "bold $background on $error"), " "]
        if state.writes:
            parts.append(("writing… ", "bold"))
        if state.signed_out:
            parts.append(("NOT SIGNED IN  ", "bold $text-error"))
        unlocked = state.unlocked_until - time.time()
        is_unlocked = state.read_only and not state.is_locked
        if state.is_locked:
            parts.append(("READ-ONLY", "bold $text-success"))
        else:  # the usual mode stays quiet, so that a registry that is unlocked for some minutes is seen
            parts.append(("READ-WRITE", "bold $text-warning" if is_unlocked else ""))
        if is_unlocked:
            parts.append((f" {_time_left(unlocked)}", "bold $text-warning"))
        if state.demo:
            parts.append("  demo")
        parts.append(" ")
        return Content.assemble(*parts)


def _left_ends(state: HeaderState) -> list[str]:
    """Return the left end, the longest form first."""
    names = caller_names(state.identity, state.registry_id) or ("" if state.connected else _NOT_CONNECTED,)
    brief = names[min(1, len(names) - 1)]
    names = names if not state.connections else ("",)
    account = f"{state.alias} {state.registry_id}".strip()
    digits = f"{ELLIPSIS}{state.registry_id[-_SHOWN_DIGITS:]}" if state.registry_id.isdigit() else state.registry_id
    short = f"{state.alias} {digits}".strip()
    endpoint = "" if state.endpoint == EMBEDDED else state.endpoint
    host = endpoint.partition("://")[2] or endpoint
    forms = [
        (_BRAND, account, endpoint, names[0]),
        (_BRAND, account, endpoint, brief),
        (_BRAND, short, endpoint, brief),
        (_BRAND, short, host, brief),
        ("", short, host, brief),
        ("", digits, host, names[-1]),
        ("", digits, "", names[-1]),
    ]
    return [_joined(brand, state.connections, account, state.region, *rest) for brand, account, *rest in forms]


def _joined(brand: str, *parts: str) -> str:
    parts = tuple(filter(None, parts))
    return f"{brand}{'  ' if brand else ' '}{' · '.join(parts) or _NOT_CONNECTED}"


def _time_left(seconds: float) -> str:
    """Return a time in full minutes."""
    minutes = int(seconds // 60)
    if minutes < 1:
        return "ends now"
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
