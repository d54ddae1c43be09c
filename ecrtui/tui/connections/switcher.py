"""Choose another connection, and switch the screens to it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from ecrtui.ecr.digest import is_digest
from ecrtui.ecr.reference import Reference
from ecrtui.errors import AccessDenied, CredentialsError, EcrTuiError
from ecrtui.tui import blocking
from ecrtui.tui.base_screen import AppScreen
from ecrtui.tui.header_state import HeaderState
from ecrtui.tui.lists.list_screen import ListScreen

if TYPE_CHECKING:
    from ecrtui.session import Connections, Session, SessionSource
    from ecrtui.tui.app import EcrTuiApp
    from ecrtui.tui.connections.rows import ConnectionRow, PickerContext
    from ecrtui.tui.overlays.connections import ConnectionPicker


class ConnectionSwitcher:
    """Opens the connection picker, and switches the screens to the connection that it opened.

    Args:
        app: the application.
        connections: what the user can connect to; None if there is no choice.
    """

    def __init__(self, app: EcrTuiApp, connections: Connections | None) -> None:
        self._app = app
        self._connections = connections
        self._offered = False
        """True once the picker has opened by itself."""

    @property
    def is_available(self) -> bool:
        """True if the user can choose another connection."""
        return self._connections is not None

    def choose_profile(self, problem: EcrTuiError | None = None) -> ConnectionPicker | None:
        """Open the list of profiles, unless a list is open; return it.

        Args:
            problem: why nothing is connected.
        """
        from ecrtui.tui.overlays.connections import ProfilePicker

        return self._open(ProfilePicker, problem)

    def choose_region(self) -> ConnectionPicker | None:
        """Open the list of regions, unless a list is open; return it."""
        from ecrtui.tui.overlays.connections import RegionPicker

        return self._open(RegionPicker)

    def _open(self, picker: type[ConnectionPicker], problem: EcrTuiError | None = None) -> ConnectionPicker | None:
        from ecrtui.tui.overlays.connections import ConnectionPicker

        if self._connections is None or any(isinstance(each, ConnectionPicker) for each in self._app.screen_stack):
            return None
        opened = picker(self._connections, self._context(), self._find_start(), problem)
        self._app.push_screen(opened)
        return opened

    def commands(self) -> Iterator[tuple[str, ConnectionRow]]:
        """Yield what the user can type to connect, with the row that it connects to. Blocks; raises EcrTuiError."""
        from ecrtui.tui.connections.rows import profile_rows, region_rows

        if self._connections is not None:
            context = self._context()
            for row in profile_rows(self._connections.profiles(), (), context):
                yield f"profile {row.name}", row
            for row in region_rows(self._connections.regions(context.region), context.connection, context.region):
                yield f"region {row.name}", row

    def row_of_region(self, name: str) -> ConnectionRow:
        """Return the row of a region that is not in the list."""
        from ecrtui.tui.connections.rows import region_row

        return region_row(name, self._app.connect.connection)

    def connect_to(self, row: ConnectionRow) -> None:
        """Open the list that a row belongs to, and connect to the row."""
        picker = self.choose_region() if row.is_region else self.choose_profile()
        if picker is not None:
            picker.first_choice = row

    async def offer(self, source: SessionSource, error: EcrTuiError) -> None:
        """Open the list of profiles, once, if the first connection fails and there are other profiles."""
        is_cause = isinstance(error, (CredentialsError, AccessDenied))
        if self._connections is None or self._offered or not is_cause or source is not self._app.connect:
            return
        self._offered = True
        listed = await blocking.run_blocking(self._connections.profiles)
        if any(profile.name != self._context().profile for profile in listed.profiles):
            self.choose_profile(error)

    def switch(self, source: SessionSource, session: Session, start: Reference) -> None:
        """Switch the screens to another connection and close the one in use. Refuse while it writes."""
        app, before = self._app, self._app.connect
        if app.is_writing_over(before):
            source.close()
            app.notify(
                "Not switched: a write is in flight. Switch again when it completes.", severity="warning", timeout=10
            )
            return
        filters = self._filters(start)
        with app.batch_update():
            self._leave_screens()
            app.use_source(source)
            self._open_screens(source, session, start, filters)
        app.begin_session(source, session)
        before.close()

    def open_side_by_side(self, sources: Sequence[SessionSource]) -> None:
        """Show the repositories of several connections in one list, above the screens of the connection in use."""
        from ecrtui.tui.connections.combined_source import CombinedSource
        from ecrtui.tui.overlays.connections import ConnectionPicker
        from ecrtui.tui.screens.side_by_side import SideBySideScreen

        while isinstance(self._app.screen, ConnectionPicker):  # the regions of a profile are above the profiles
            self._app.pop_screen()
        self._app.push_screen(SideBySideScreen(CombinedSource(sources)))

    def _context(self) -> PickerContext:
        from ecrtui.tui.connections.rows import PickerContext

        state = self._app.header_state_of(self._app.connect)
        connection = self._app.connect.connection
        profile = connection.used_profile(os.environ)
        return PickerContext(connection, profile, state.registry_id, state.region, state.connected)

    def _find_start(self) -> Callable[[Session], Reference]:
        references = [screen.reference for screen in self._app.screen_stack if isinstance(screen, AppScreen)]
        return partial(
            existing_part, next((reference for reference in reversed(references) if reference.repository), Reference())
        )

    def _filters(self, start: Reference) -> dict[type[AppScreen], str]:
        """Return the filters to keep: that of the repositories, and that of the images of the same repository."""
        return {
            type(screen): screen.state.filter_text
            for screen in self._app.screen_stack
            if isinstance(screen, ListScreen) and screen.reference.repository in ("", start.repository)
        }

    def _leave_screens(self) -> None:
        """Close every screen but the lowest. A question gets no answer."""
        from ecrtui.tui.overlays.base import Overlay

        while len(self._app.screen_stack) > 1:
            if isinstance(self._app.screen, Overlay):
                self._app.screen.dismiss(None)
            else:
                self._app.pop_screen()

    def _open_screens(
        self, source: SessionSource, session: Session, start: Reference, filters: dict[type[AppScreen], str]
    ) -> None:
        from ecrtui.tui.screens.image import ImageScreen
        from ecrtui.tui.screens.images import ImagesScreen
        from ecrtui.tui.screens.repositories import RepositoriesScreen
        from ecrtui.tui.textual_fixes.switch_screen import switch_screen

        repositories = RepositoriesScreen(source)
        repositories.first_filter = filters.get(RepositoriesScreen, "")
        repositories.header_state = HeaderState(demo=source.connection.demo).connected_to(session)
        switch_screen(self._app, repositories)
        if start.repository:
            images = ImagesScreen(source, start.repository)
            images.first_filter = filters.get(ImagesScreen, "")
            self._app.push_app_screen(images)
        if subject := start.digest or start.tag:
            self._app.push_app_screen(ImageScreen(source, start.repository, subject))


def existing_part(reference: Reference, session: Session) -> Reference:
    """Return the part of a location that exists in a registry; an empty reference if it cannot be read. Blocks.

    Args:
        reference: a repository, or an image of it.
        session: the session of the registry.
    """
    registry, repository = session.registry, Reference(repository=reference.repository)
    subject = reference.digest or reference.tag
    found = Reference()
    with suppress(EcrTuiError):  # what cannot be read cannot be shown either
        if reference.repository and registry.repository(reference.repository):
            found = repository
        if found.repository and is_digest(subject):
            found = reference if registry.images_by_digest(reference.repository, [subject]) else repository
        elif found.repository and subject:
            found = reference if registry.images_by_tag(reference.repository, [subject]) else repository
    return found
