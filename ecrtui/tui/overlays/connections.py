"""The overlays that choose another connection: a profile, or a region of the same profile.

A new connection is opened beside the one in use. The application switches to it only if it works.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from textual import work
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Input, Static

from ecrtui.catalog.filter.words import words_filter
from ecrtui.catalog.rows.rows import Rows
from ecrtui.ecr.profile import FIX_ENVIRONMENT, ProfileKind
from ecrtui.errors import EcrTuiError
from ecrtui.tui import blocking, messages
from ecrtui.tui import safe_text as text
from ecrtui.tui.bindings import bindings, footer_hint
from ecrtui.tui.connections.rows import (
    PROFILE_COLUMNS,
    REGION_COLUMNS,
    ROLE_COLUMNS,
    ConnectionRow,
    PickerContext,
    profile_rows,
    region_row,
    region_rows,
    role_rows,
)
from ecrtui.tui.overlays.base import Overlay
from ecrtui.tui.table.column_layout import Column
from ecrtui.tui.table.table import Table
from ecrtui.tui.textual_fixes.footer import Footer, KeyHint
from ecrtui.tui.textual_fixes.line_input import LineInput
from ecrtui.tui.widgets.message_panel import MessagePanel, PanelMessage, Severity

if TYPE_CHECKING:
    from ecrtui.catalog.filter import Filter
    from ecrtui.ecr.reference import Reference
    from ecrtui.session import Connections, Session


FindStart = Callable[["Session"], "Reference"]
"""Returns the part of the location on the screen that exists in another registry. Blocks."""


def _searchable(row: ConnectionRow) -> str:
    return row.searchable


class ConnectionPicker(Overlay[None]):
    """A list to filter by typing; Enter connects.

    Args:
        connections: what the user can connect to.
        context: the connection in use.
        find_start: finds what the screens show after a switch.
        problem: why nothing is connected; None if something is, or nothing was tried.
    """

    TITLE = ""
    PLACEHOLDER = ""
    COLUMNS: Sequence[Column[ConnectionRow]] = ()
    BINDINGS = bindings("connections")
    DEFAULT_CSS = """
    ConnectionPicker {
        .overlay { width: 100%; max-width: 100%; height: 100%; max-height: 100%; }
        LineInput, LineInput:focus { border: none; height: 1; padding: 0; background: $surface; }
        MessagePanel { max-height: 50%; }
        .overlay Footer { dock: bottom; margin: 0; }
        .facts { height: 1; text-wrap: nowrap; text-overflow: ellipsis; color: $text-muted; }
    }
    """

    def __init__(
        self,
        connections: Connections,
        context: PickerContext,
        find_start: FindStart,
        problem: EcrTuiError | None = None,
    ) -> None:
        super().__init__()
        self.connections = connections
        self.context = context
        self.find_start = find_start
        self.problem = problem
        self.first_choice: ConnectionRow | None = None
        """The row to connect to at once."""
        self.rows: Rows[ConnectionRow] = Rows(lambda row: row.key)
        self._errors: dict[object, EcrTuiError] = {}
        """The error of the last attempt to use a row, by its key."""
        self._connecting_key: str | None = None
        """The key of the row whose connection is being opened; None while there is none."""

    def compose(self) -> ComposeResult:
        with Vertical(classes="overlay"):
            yield Static(text.content(self.title_text()), classes="overlay-title")
            yield LineInput(placeholder=self.PLACEHOLDER, select_on_focus=False)
            table = Table(self.rows, self.COLUMNS, sort="name", markable=True, note="loading…")
            table.can_focus = False
            yield table
            yield MessagePanel()
            yield Static(classes="facts")
            yield Footer()

    def on_mount(self) -> None:
        self.query_one(LineInput).focus()
        self.query_one(MessagePanel).can_focus = False
        self._show_message()
        self.load()

    def footer_hints(self) -> Iterable[KeyHint]:
        """Return the keys for the footer: the field takes letters."""
        hints = (
            ("connections.open", "connect"),
            ("connections.mark", "mark several, to see them side by side"),
            ("overlay.close", "close"),
        )
        return filter(None, (footer_hint(self, *hint) for hint in hints))

    def title_text(self) -> str:
        """Return the title."""
        raise NotImplementedError

    def read_rows(self) -> Iterator[Iterable[ConnectionRow]]:
        """Yield the rows, in parts. Blocks; raises EcrTuiError."""
        raise NotImplementedError

    @property
    def table(self) -> Table[ConnectionRow]:
        """The table with the rows."""
        return self.query_one(Table)

    @work(exclusive=True, group="load", exit_on_error=False)
    async def load(self) -> None:
        """Read the rows."""
        try:
            async for found in blocking.iterate_blocking(self.read_rows()):
                self.table.merge(found)
        except EcrTuiError as error:
            self.problem = error
        self.table.set_placeholder("Nothing matches." if self.rows.total else "Nothing to connect to.")
        self._show_message()
        if self.first_choice is not None:
            self.table.merge([self.first_choice])
            self.table.go_to(self.first_choice.key)
            self.choose(self.first_choice)

    # Filter and cursor

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        line = event.value
        chosen: Filter[ConnectionRow] | None = words_filter(line, _searchable) if line.strip() else None
        self.table.filter(None if chosen is None else chosen.matches)
        self.table.action_top()

    def action_down(self) -> None:
        """Move one row down."""
        self.table.action_down()

    def action_up(self) -> None:
        """Move one row up."""
        self.table.action_up()

    def action_page_down(self) -> None:
        """Move one page down."""
        self.table.action_page_down()

    def action_page_up(self) -> None:
        """Move one page up."""
        self.table.action_page_up()

    def on_table_cursor_moved(self) -> None:
        self._show_message()

    def on_table_sort_filter_done(self) -> None:
        self._show_message()

    def _show_message(self) -> None:
        """Show what is known of the selected row: its last error, why it cannot be used, or its facts."""
        if not self.is_mounted:
            return
        row = self.table.current
        error = self._errors.get(row.key) if row else None
        panel, message = self.query_one(MessagePanel), None
        if error is not None:
            message = PanelMessage.from_error(error)._replace(retryable=False)
        elif row is not None and row.problem:
            in_environment = row.kind == ProfileKind.ENVIRONMENT.value
            hint = FIX_ENVIRONMENT if in_environment else "Fix the profile in the AWS configuration."
            message = PanelMessage(f"{row.name} cannot be used", row.problem, hint, severity=Severity.WARNING)
        elif self.problem is not None and self._connecting_key is None:
            message = PanelMessage.from_error(self.problem)._replace(retryable=False)
        panel.message = message
        self.query_one(".facts", Static).update(text.content(row.facts if row else ""))

    # Connecting

    def action_open(self) -> None:
        """Connect to the selected row; show several marked rows side by side."""
        if not self._open_marked():
            self.choose(self.table.current)

    def _open_marked(self) -> bool:
        """Show the marked rows side by side. Return False if there are none."""
        marked = [row.connection for row in self.rows.marked() if row.connection is not None]
        if marked:
            self.post_message(messages.OpenSideBySide(tuple(map(self.connections.open, marked))))
        return bool(marked)

    def action_mark(self) -> None:
        """Mark or unmark the selected row."""
        if self.table.current is not None and self.table.current.connection is not None:
            self.table.toggle_mark()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.table.complete_filter()  # of many rows, the last letters may not have been applied yet
        self.action_open()

    def on_table_activated(self, message: Table.Activated) -> None:
        message.stop()
        self.choose(message.item)

    def choose(self, row: ConnectionRow | None) -> None:
        """Connect to a row, unless that is under way."""
        if row is not None and row.connection is not None and row.key != self._connecting_key:
            self.connect(row)

    def action_leave(self) -> None:
        """Stop connecting; if nothing connects, close."""
        if self._connecting_key is not None:
            self.workers.cancel_group(self, "connect")
        else:
            super().action_leave()

    @work(exclusive=True, group="connect", exit_on_error=False)
    async def connect(self, row: ConnectionRow) -> None:
        """Open the connection of a row beside the one in use, and ask the application to switch to it."""
        connection = row.connection
        if connection is None:
            return
        self._connecting_key = row.key
        self._errors.pop(row.key, None)
        self._show_state(row._replace(state="connecting…"))
        source = self.connections.open(connection)
        try:
            session = await blocking.run_blocking(source)
            start = await blocking.run_blocking(self.find_start, session)
            self._show_state(row)
            await blocking.run_blocking(self.connections.remember, connection, session.location.region)
        except EcrTuiError as error:
            source.close()
            self._errors[row.key] = error
            self._show_state(row._replace(state=f"✗ {error.title}"))
        except asyncio.CancelledError:
            source.close()
            self._show_state(row)
            raise
        else:
            self.post_message(messages.SwitchTo(source, session, start))
        finally:
            if self._connecting_key == row.key:
                self._connecting_key = None
            self._show_message()

    def _show_state(self, row: ConnectionRow) -> None:
        if self.is_mounted:
            self.table.update([row])
        self._show_message()


class ProfilePicker(ConnectionPicker):
    """The profiles of the AWS configuration.

    Without a region in the profile, and without one in use, Enter asks for the region first.
    """

    PLACEHOLDER = "type to filter: profile, account, role, region"
    COLUMNS = PROFILE_COLUMNS

    def title_text(self) -> str:
        return "Connect to"

    def read_rows(self) -> Iterator[Iterable[ConnectionRow]]:
        listed = self.connections.profiles()
        if listed.problem and self.problem is None:
            self.problem = EcrTuiError("The AWS configuration cannot be read", listed.problem, "Fix the file.")
        yield list(profile_rows(listed, self.connections.recent(), self.context))

    def choose(self, row: ConnectionRow | None) -> None:
        if row is not None and row.sso_session:
            self.app.push_screen(RolePicker(self.connections, self.context, self.find_start, row.sso_session))
        elif row is not None and row.connection is not None and not row.region and not row.connection.demo:
            self.app.push_screen(
                RegionPicker(self.connections, self.context._replace(connection=row.connection), self.find_start)
            )
        else:
            super().choose(row)


class RolePicker(ProfilePicker):
    """The accounts and roles of an ``sso-session``. To list them, the user signs in first.

    Args:
        connections: what the user can connect to.
        context: the connection in use.
        find_start: finds what the screens show after a switch.
        session: the name of the ``sso-session``.
    """

    PLACEHOLDER = "type to filter: account, role"
    COLUMNS = ROLE_COLUMNS

    def __init__(self, connections: Connections, context: PickerContext, find_start: FindStart, session: str) -> None:
        super().__init__(connections, context, find_start)
        self._sso_session = session

    def title_text(self) -> str:
        return f"Accounts and roles of {self._sso_session}"

    def read_rows(self) -> Iterator[Iterable[ConnectionRow]]:
        first = 0
        found = self.connections.sso_roles(self._sso_session, self.context.connection, lambda: self.is_running)
        for roles in found:
            yield list(role_rows(roles, first, self.context))
            first += len(roles)


class RegionPicker(ConnectionPicker):
    """The AWS regions, for one profile. The user can type one that is not in the list."""

    PLACEHOLDER = "type to filter, or name another region"
    COLUMNS = REGION_COLUMNS

    def title_text(self) -> str:
        name = self.context.connection.profile
        return f"Region for {name}" if name else "Region"

    def read_rows(self) -> Iterator[Iterable[ConnectionRow]]:
        context = self.context
        yield list(region_rows(self.connections.regions(context.region), context.connection, context.region))

    def action_open(self) -> None:
        """Connect to the selected region, or to the one that was typed."""
        if self._open_marked():
            return
        typed = self.query_one(LineInput).value.strip()
        chosen = self.table.current
        if chosen is None and typed:
            chosen = region_row(typed, self.context.connection)
            self.table.merge([chosen])
        self.choose(chosen)
