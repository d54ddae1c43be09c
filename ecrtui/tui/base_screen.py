"""The base class of all screens: header, breadcrumb, body, footer and error handling."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from rich.console import RenderableType
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.reactive import var
from textual.screen import Screen
from textual.widget import Widget
from textual.worker import Worker, WorkerState

from ecrtui.ecr.reference import Reference
from ecrtui.errors import EcrTuiError, internal_error
from ecrtui.tui import blocking
from ecrtui.tui.bindings import bindings, footer_order, is_refused, key_that_helps, press
from ecrtui.tui.header_state import HeaderState
from ecrtui.tui.line_parts import LinePart, parts_in_order
from ecrtui.tui.messages import Connected, ConnectFailed, GoBack
from ecrtui.tui.textual_fixes.first_breakpoints import set_first_breakpoints
from ecrtui.tui.textual_fixes.first_styles import FirstStyles
from ecrtui.tui.textual_fixes.footer import Footer
from ecrtui.tui.textual_fixes.frame_hold import HeldFrames
from ecrtui.tui.textual_fixes.frame_timer import PromptFrames
from ecrtui.tui.textual_fixes.kept_focus import KeptFocus
from ecrtui.tui.textual_fixes.seen_lines import DrawsSeenLines
from ecrtui.tui.textual_fixes.styles_cache import clear_styles_cache
from ecrtui.tui.widgets.breadcrumb import SEPARATOR, Breadcrumb
from ecrtui.tui.widgets.header import Header

if TYPE_CHECKING:
    from ecrtui.session import Session, SessionSource

log = logging.getLogger(__name__)

SMALLEST = (60, 15)
"""Columns and rows that a screen needs."""

WIDE = 140
"""Columns from which a list has room for something beside it."""


def registry_in_words(screen: Screen[Any]) -> str:
    """Return where writes of a screen go: " in 123456789012, eu-west-1"; empty if that is not known."""
    return screen.header_state.registry_in_words() if isinstance(screen, AppScreen) else ""


def worker_error(event: Worker.StateChanged) -> EcrTuiError | None:
    """Return why a worker failed, and log what no one expected; None if it did not fail."""
    problem = event.worker.error
    if event.state is not WorkerState.ERROR or problem is None:
        return None
    if isinstance(problem, EcrTuiError):
        return problem
    log.error("worker %s failed", event.worker.name, exc_info=problem)
    return internal_error(problem)


class AppScreen(FirstStyles, PromptFrames, DrawsSeenLines, HeldFrames, KeptFocus):
    """A screen on the session of one source.

    Args:
        connect: the source of the session.
    """

    SCOPES: ClassVar[tuple[str, ...]] = ("screen",)
    """The scopes of :mod:`ecrtui.tui.actions` that this class adds to those of its bases; its bindings follow."""
    BINDINGS = bindings(*SCOPES)

    DEFAULT_CSS = """
    AppScreen {
        layout: vertical;
        background: $surface;
        #body { height: 1fr; }
        &.-no-header Header { display: none; }
        &.-tiny, &.-flat {
            #body, Breadcrumb, Footer, Header { display: none; }
        }
    }
    """
    HORIZONTAL_BREAKPOINTS = [(0, "-tiny"), (SMALLEST[0], "-narrow"), (100, "-normal"), (WIDE, "-wide")]
    VERTICAL_BREAKPOINTS = [(0, "-flat"), (SMALLEST[1], "-low"), (24, "-tall")]

    header_state: var[HeaderState] = var(HeaderState())
    """A ``var`` like every state of a screen; a ``reactive`` would draw the whole screen after each change."""

    def __init_subclass__(cls, **options: Any) -> None:
        """Bind the actions of the scopes that the class declares."""
        if "SCOPES" in vars(cls):
            cls.BINDINGS = bindings(*cls.SCOPES)
        super().__init_subclass__(**options)

    def __init__(self, connect: SessionSource) -> None:
        super().__init__()
        self.connect = connect

    def compose(self) -> ComposeResult:
        set_first_breakpoints(self)
        yield self.header()
        yield Breadcrumb(self.breadcrumb())
        yield Vertical(*self.body(), id="body")
        yield Footer(footer_order, is_refused)

    def render(self) -> RenderableType:
        """Return nothing, or the text for a terminal that is too small for the widgets."""
        if not self.is_too_small:
            return super().render()
        size = f"\n  ecrtui needs {SMALLEST[0]} columns and {SMALLEST[1]} rows. Enlarge the terminal."
        return f"{size} Until then, keys do nothing, except those that quit."

    @property
    def is_too_small(self) -> bool:
        """True if the terminal is too small for the widgets: none is shown, and what a key does could not be seen."""
        return self.has_class("-tiny") or self.has_class("-flat")

    def header(self) -> Header:
        """Return the header; it shows the registry of the session."""
        return Header().data_bind(AppScreen.header_state)

    def breadcrumb(self) -> str:
        """Return the path of this screen: "Repositories › team/checkout"."""
        raise NotImplementedError

    def body(self) -> Iterable[Widget]:
        """Yield the widgets between the breadcrumb and the footer."""
        raise NotImplementedError

    @property
    def acting_source(self) -> SessionSource:
        """The source that actions of the whole application use. Screens with several connections override it."""
        return self.connect

    def why_no_writes(self) -> str:
        """Return why all writes are refused now; see :class:`ecrtui.tui.bindings.RefusesWrites`."""
        if not self.header_state.is_locked:
            return ""
        unlock = press(self, "app.unlock", "allow writes for some minutes")
        return f"Read-only: ecrtui writes nothing{self.header_state.registry_in_words()}. {unlock}".rstrip()

    def lock_changed(self) -> None:
        """Show that writes to a registry are allowed now, or refused again. Screens override it."""

    @property
    def reference(self) -> Reference:
        """The repository or image on the screen; empty for a screen of the whole registry. Screens override it."""
        return Reference()

    @property
    def text_to_find(self) -> str:
        """The image that the user may want to find elsewhere: a digest or a reference. Screens override it."""
        reference = self.reference
        return reference.digest or (str(reference) if reference.tag else "")

    @property
    def no_image(self) -> str:
        """What to say after a key for an image when there is none. Screens override it."""
        return "Select an image first."

    def aws_options(self) -> tuple[str, ...]:
        """Return the options of AWS CLI commands that use the connection of this screen."""
        from ecrtui.tui.aws_options import aws_options  # the first frame does not need it

        state = self.header_state
        return aws_options(self.connect.connection, state.region, state.endpoint, os.environ)

    def known_repositories(self) -> Sequence[str]:
        """Return the names of the repositories that the screens of this connection have loaded."""
        screens = (screen for screen in self.app.screen_stack if isinstance(screen, AppScreen))
        return [name for screen in screens if screen.connect is self.connect for name in screen.repository_names()]

    def repository_names(self) -> Sequence[str]:
        """Return the names of the repositories that this screen lists. Screens override it."""
        return ()

    def show_age(self) -> None:
        """Show again how old the data is. Screens that say it override this."""

    def list_loaded(self) -> None:
        """Use the list of a screen below, which may be complete now. Screens override it."""

    @property
    def awaits_content(self) -> bool:
        """True if what the user asked for may appear at once. The terminal then waits a moment for it."""
        return False

    def set_status(self, status: str | Iterable[LinePart]) -> None:
        """Show counts or progress at the right end of the breadcrumb: parts, or a text whose first ones matter most."""
        self.query_one(Breadcrumb).status = parts_in_order(status) if isinstance(status, str) else tuple(status)

    def order_tags(self, tags: tuple[str, ...]) -> tuple[str, ...]:
        """Return the tags of an image in the order in which they are shown."""
        session = self.connect.opened
        return tags if session is None else session.order_tags(tags)

    async def session(self) -> Session:
        """Return the session; connect first if needed. Raises EcrTuiError."""
        try:
            opened = self.connect.opened
            session = await blocking.run_blocking(self.connect) if opened is None else opened
        except EcrTuiError as error:
            if not self.header_state.connected:
                self.post_message(ConnectFailed(self.connect, error))
            raise
        if not self.header_state.connected:
            self.post_message(Connected(self.connect, session))
        return session

    def show_error(self, error: EcrTuiError) -> None:
        """Show an error in place of the data."""
        raise NotImplementedError

    def notify_error(self, error: EcrTuiError) -> None:
        """Show an error that leaves the screen as it is: what happened, the service's words, the next step."""
        words = " ".join(filter(None, (error.with_hint(), "" if error.hint else key_that_helps(self, error.kind))))
        self.notify(words, severity="error", timeout=10)

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Show the error of a failed worker in place, without the locals of a traceback."""
        error = worker_error(event)
        if error is not None:
            self.show_error(error)

    def on_unmount(self) -> None:
        clear_styles_cache()

    def on_message_panel_retry_requested(self) -> None:
        self.action_retry()

    async def on_breadcrumb_picked(self, message: Breadcrumb.Picked) -> None:
        """Go back to the screen whose path was clicked. Without one, leave this screen."""
        if not self.check_action("back", ()):
            await self.app.run_action("back", self)  # it says why this screen cannot be left now
            return
        below = list(reversed(self.app.screen_stack[:-1]))
        paths = [screen.breadcrumb() if isinstance(screen, AppScreen) else "" for screen in below]
        if message.path in paths:
            self.post_message(GoBack(self, paths.index(message.path) + 1))
        elif not message.is_last or SEPARATOR not in message.path:
            self.action_back()

    def action_back(self) -> None:
        """Leave this screen."""
        self.post_message(GoBack(self))

    def action_retry(self) -> None:
        """Try again after an error. Screens override it."""

    def action_refresh_screen(self) -> None:
        """Read the data again. Screens override it."""
