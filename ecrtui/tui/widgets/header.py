"""The line at the top: account, region, identity, mode."""

from __future__ import annotations

from rich.cells import cell_len
from textual.app import RenderResult
from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from ecrtui.ecr.location import EMBEDDED
from ecrtui.tui import safe_text as text
from ecrtui.tui.header_state import HeaderState


class Header(Widget):
    """Tells at every moment which account would be written to. What does not fit goes from the identity first."""

    DEFAULT_CSS = """
    Header { dock: top; height: 1; width: 100%; background: $panel; color: $foreground; }
    """

    header_state: reactive[HeaderState] = reactive(HeaderState())

    def render(self) -> RenderResult:
        banner = self.header_state
        mode = self._mode(banner)
        place = [part for part in (banner.registry_id, banner.region) if part]
        if banner.endpoint != EMBEDDED and banner.endpoint:
            place.append(banner.endpoint)
        left = " ecrtui  " + (" · ".join(place) if place else "not connected")
        room = self.size.width - cell_len(left) - cell_len(mode.plain) - 4
        identity = text.one_line(banner.identity, room) if banner.identity and room > 8 else ""
        middle = f" · {identity}" if identity else ""
        head = Content.assemble((" ecrtui", "bold"), text.one_line(left, self.size.width)[7:], middle)
        gap = max(1, self.size.width - head.cell_length - mode.cell_length)
        return Content.assemble(head, " " * gap, mode)

    def _mode(self, banner: HeaderState) -> Content:
        """The right end: what can be done here. Said in words, colour only underlines it."""
        parts: list[Content | str | tuple[str, str]] = []
        if banner.writes:
            parts.append(("writing… ", "bold"))
        parts.append(("READ-ONLY", "bold") if banner.read_only else ("READ-WRITE", "bold $warning"))
        if banner.demo:
            parts.append("  demo")
        parts.append(" ")
        return Content.assemble(*parts)
