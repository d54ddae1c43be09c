"""The line at the top: registry, region, identity and mode."""

from __future__ import annotations

import time

from rich.cells import cell_len
from textual.app import RenderResult
from textual.content import Content
from textual.reactive import reactive
from textual.timer import Timer
from textual.widget import Widget

from ecrtui.ecr.location import EMBEDDED
from ecrtui.tui import safe_text as text
from ecrtui.tui.header_state import HeaderState

REFRESH_INTERVAL = 30.0
"""Seconds between two updates of the time left."""


class Header(Widget):
    """Shows which registry writes go to. A narrow terminal cuts the identity first."""

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
        state = self.header_state
        mode = self._mode(state)
        account = f"{state.alias} {state.registry_id}" if state.alias else state.registry_id
        location = [part for part in (account, state.region) if part]
        if state.endpoint != EMBEDDED and state.endpoint:
            location.append(state.endpoint)
        left = " ecrtui  " + (" · ".join(location) if location else "not connected")
        width = self.size.width - cell_len(left) - cell_len(mode.plain) - 4
        mfa = f"MFA {_time_left(state.mfa_ends - time.time())}  " if state.mfa_ends else ""
        if mfa and cell_len(mfa) <= width + 3:  # the mode is never cut
            mode = Content.assemble((mfa, "$text-muted"), mode)
            width -= cell_len(mfa)
        identity = text.one_line(state.identity, width) if state.identity and width > 8 else ""
        middle = f" · {identity}" if identity else ""
        head = Content.assemble((" ecrtui", "bold"), text.one_line(left, self.size.width)[7:], middle)
        gap = max(1, self.size.width - head.cell_length - mode.cell_length)
        return Content.assemble(head, " " * gap, mode)

    def _mode(self, state: HeaderState) -> Content:
        """Return the right end: the mode in words, so that it is clear without colors."""
        parts: list[Content | str | tuple[str, str]] = []
        if state.writes:
            parts.append(("writing… ", "bold"))
        unlocked = state.unlocked_until - time.time()
        is_read_only = state.read_only and unlocked <= 0
        parts.append(("READ-ONLY", "bold") if is_read_only else ("READ-WRITE", "bold $warning"))
        if state.read_only and not is_read_only:
            parts.append((f" {_time_left(unlocked)}", "bold $warning"))
        if state.demo:
            parts.append("  demo")
        parts.append(" ")
        return Content.assemble(*parts)


def _time_left(seconds: float) -> str:
    """Return a time in full minutes."""
    minutes = int(seconds // 60)
    if minutes < 1:
        return "ends now"
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
