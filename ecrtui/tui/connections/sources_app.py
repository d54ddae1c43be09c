"""An application that knows, for each source of a session, its screens and its writes in flight."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from ecrtui.session import source_of_credentials
from ecrtui.tui import blocking, messages
from ecrtui.tui.base_screen import AppScreen
from ecrtui.tui.header_state import HeaderState
from ecrtui.tui.textual_fixes.terminal_app import TerminalApp

if TYPE_CHECKING:
    from ecrtui.ecr.permissions import Denial
    from ecrtui.session import Session, SessionSource
    from ecrtui.settings import Settings


class SourcesApp(TerminalApp):
    """An application whose headers show the registry of their screens, and that does not end within a write."""

    connect: SessionSource
    """The source that new screens use."""
    settings: Settings
    """The settings before the account is known."""
    demo: bool
    """True for the embedded registry; the header shows it."""

    def __init__(self) -> None:
        super().__init__()
        self.leaving = False
        """True if the application ends when the last write in flight completes."""
        self.connected: list[SessionSource] = []
        """The sources that have a session."""
        self._writes: list[SessionSource] = []
        """The source of each write in flight."""
        self._denials: WeakKeyDictionary[SessionSource, dict[Denial, None]] = WeakKeyDictionary()
        """The requests that ECR denies, in their order, by the source of their connection. Closed sources are freed."""
        self._left: list[SessionSource] = []
        """The sources to close when their last write has ended."""

    def header_state_of(self, source: SessionSource) -> HeaderState:
        """Return what the headers of a source show."""
        if peers := self.screens_on(source):
            return peers[-1].header_state
        signed_out = any(screen.header_state.signed_out for screen in self._screens_with_credentials_of(source))
        new = HeaderState(read_only=self.settings.read_only, demo=self.demo, signed_out=signed_out)
        if source.opened is None:
            return new
        # The first screen on a source posts Connected; the caller and the alias are read then.
        return new.connected_to(source.opened)._replace(connected=False)

    def show_new_caller(self) -> None:
        """Show who the caller is after new credentials. The thread that signs in calls this."""
        self.call_from_thread(self._identify_again)

    def show_credentials(self, source: SessionSource, work: bool) -> None:
        """Show whether ECR accepts the credentials of a source. Any thread can call it; it does not wait."""
        self.call_later(self._show_signed_out, source, not work)

    def note_denial(self, source: SessionSource, denial: Denial, denied: bool) -> None:
        """Note whether ECR denies such requests over the connection of a source. Any thread can call it."""
        if denied:
            self._denials.setdefault(source, {})[denial] = None
        else:
            self._denials.get(source, {}).pop(denial, None)

    def denials_of(self, source: SessionSource) -> Sequence[Denial]:
        """Return the requests that ECR denies over the connection of a source, in the order in which it did."""
        return tuple(self._denials.get(source_of_credentials(source), ()))

    def _show_signed_out(self, source: SessionSource, signed_out: bool) -> None:
        for screen in self._screens_with_credentials_of(source):
            screen.header_state = screen.header_state._replace(signed_out=signed_out)

    def _screens_with_credentials_of(self, source: SessionSource) -> list[AppScreen]:
        """Return the open screens that use the credentials of a source, those of other accounts too."""
        own = source_of_credentials(source)
        screens = (entry for entry in self.screen_stack if isinstance(entry, AppScreen))
        return [screen for screen in screens if source_of_credentials(screen.connect) is own]

    def _identify_again(self) -> None:
        for source in self.connected:
            self.run_in_worker(partial(self.identify, source, source()), "identify")

    def run_in_worker(self, function: Callable[[], Coroutine[Any, Any, None]], group: str = "default") -> None:
        """Run a function in a worker. If the application ends before that, it leaves no coroutine that never ran."""
        work: Any = function  # Textual's type has no result of a coroutine
        self.run_worker(work, group=group, exit_on_error=False)

    def screens_on(self, source: SessionSource) -> list[AppScreen]:
        """Return the open screens on this source, the top one last."""
        return [entry for entry in self.screen_stack if isinstance(entry, AppScreen) and entry.connect is source]

    def update_headers(self, source: SessionSource, change: Callable[[HeaderState], HeaderState]) -> None:
        """Change what the headers of a source show."""
        for screen in self.screens_on(source):
            was_locked = screen.header_state.is_locked
            screen.header_state = change(screen.header_state)
            if screen.header_state.is_locked != was_locked:
                screen.refresh_bindings()

    async def name_account(self, source: SessionSource, session: Session) -> None:
        """Read the alias of the account, and show it."""
        alias = await blocking.run_blocking(session.catalog.account_alias)
        self.update_headers(source, lambda state: state._replace(alias=alias))

    async def identify(self, source: SessionSource, session: Session) -> None:
        """Read who the caller is, and until when an MFA code is enough, and show both."""
        identity = await blocking.run_blocking(session.registry.identity)
        mfa_ends = await blocking.run_blocking(session.registry.mfa_ends)
        self.update_headers(source, lambda state: state._replace(identity=identity, mfa_ends=mfa_ends))

    def writes_on(self, source: SessionSource) -> int:
        """Return the number of writes in flight to the registry of a source."""
        return sum(source is writing for writing in self._writes)

    def is_writing_over(self, source: SessionSource) -> bool:
        """Return whether a write in flight uses the connection of a source, also one to another account."""
        return any(source_of_credentials(writing) is source for writing in self._writes)

    def close_source(self, source: SessionSource) -> None:
        """Close a source that no screen uses any more; while it writes, after the last write."""
        self._left.append(source)
        self._close_left()

    def _close_left(self) -> None:
        """Close the sources that were left and write nothing any more."""
        for source in [source for source in self._left if not self.is_writing_over(source)]:
            self._left.remove(source)
            source.close()

    def on_write_began(self, message: messages.WriteBegan) -> None:
        self._writes.append(message.source)
        self._show_writes(message.source)

    def on_write_ended(self, message: messages.WriteEnded) -> None:
        source = message.source
        self._writes.remove(source)
        self._show_writes(source)
        self._close_left()
        if self.leaving and not self._writes:
            self.exit()

    def _show_writes(self, source: SessionSource) -> None:
        self.update_headers(source, lambda state: state._replace(writes=self.writes_on(source)))

    async def action_quit(self) -> None:
        """Quit at once. If a write is in flight, quit when it completes."""
        if self._writes:
            self.leaving = True
            self.notify("A write is in flight. ecrtui quits when it completes.", severity="warning")
        else:
            self.exit()

    def open_sources(self) -> list[SessionSource]:
        """Return the sources of the open screens, that of the screen on top first."""
        found: list[SessionSource] = []
        for screen in reversed(self.screen_stack):
            if isinstance(screen, AppScreen):
                members = getattr(screen.connect, "members", (screen.connect,))
                found += [source for source in members if not any(source is known for known in found)]
        return found or [self.connect]
