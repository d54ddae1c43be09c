"""The page on which the user signs in to IAM Identity Center."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.style import Style
from textual.widgets import Static

from ecrtui.ecr.sign_in_request import SignInRequest
from ecrtui.tui import messages
from ecrtui.tui import safe_text as text
from ecrtui.tui.bindings import bindings, footer_hint
from ecrtui.tui.clipboard.copy_items import CopyItem
from ecrtui.tui.overlays.base import Overlay
from ecrtui.tui.textual_fixes.footer import Footer, KeyHint

_SAFE_URL = re.compile(r"https?://[!-~]+")
"""A URL that can be a link of the terminal: without control characters."""


class SignInOverlay(Overlay[bool]):
    """Shows where to sign in until the sign-in ends; Esc cancels it and returns None.

    Args:
        request: what the user has to do.
    """

    BINDINGS = bindings("sign_in")
    DEFAULT_CSS = """
    SignInOverlay {
        .overlay Static { width: auto; max-width: 100%; }
        .code { text-style: bold; margin: 1 0; }
    }
    """

    def __init__(self, request: SignInRequest) -> None:
        super().__init__()
        self.request = request
        self._has_ended = False

    def compose(self) -> ComposeResult:
        request = self.request
        with Vertical(classes="overlay"):
            yield Static(Content.assemble("Sign in to ", text.content(request.session)), classes="overlay-title")
            yield Static("Open this page, on any device:" if request.code else "The browser opens this page:")
            yield Static(self._link(), classes="page")
            if request.code:
                yield Static(Content.assemble("Code: ", text.content(request.code)), classes="code")
                yield Static("Check that the page shows the same code, then allow the request.")
            yield Static(classes="time")
            yield Footer()

    def _link(self) -> Content:
        url = self.request.url
        style = Style(link=url, underline=True) if _SAFE_URL.fullmatch(url) else Style()
        return Content.styled(text.content(url).plain, style)

    def footer_hints(self) -> Iterable[KeyHint]:
        """Return the keys for the footer."""
        hints = (
            ("sign_in.copy_page", "copy the page"),
            *([("sign_in.copy_code", "copy the code")] if self.request.code else []),
            ("overlay.close", "cancel"),
        )
        return filter(None, (footer_hint(self, *hint) for hint in hints))

    def on_mount(self) -> None:
        self._show_time()
        self.set_interval(1, self._show_time)

    def _show_time(self) -> None:
        minutes, seconds = divmod(max(round(self.request.expires_at - time.time()), 0), 60)
        self.query_one(".time", Static).update(f"Time left: {minutes}:{seconds:02}")

    def on_screen_resume(self) -> None:
        if self._has_ended:
            self.finish(False)

    def end(self) -> None:
        """Close: the sign-in has ended. Another overlay above it is closed first, by the user."""
        self._has_ended = True
        if self.is_active:
            self.finish(False)

    def action_copy_page(self) -> None:
        """Copy the address of the page."""
        self.post_message(messages.Copy(CopyItem("the page", self.request.url)))

    def action_copy_code(self) -> None:
        """Copy the code."""
        if self.request.code:
            self.post_message(messages.Copy(CopyItem("the code", self.request.code)))
