"""Two registries in one application: each screen has the header and the session of its own registry."""

from __future__ import annotations

from typing import Any, cast

from textual.pilot import Pilot

from ecrtui.connections import SessionFactory
from ecrtui.emulator.database_file import open_database
from ecrtui.emulator.service import EmbeddedRegistry
from ecrtui.session import AccountSource
from ecrtui.settings import Connection, load
from ecrtui.tui import messages
from ecrtui.tui.app import EcrTuiApp
from ecrtui.tui.screens.repositories import RepositoriesScreen
from tests.support.embedded import REGISTRY_ID, client_for, create_repository, push_image
from tests.support.screen import OpenSession, app_of, retag, running, screen_text, until

OTHER_ID = "210987654321"


def registry(registry_id: str, repository: str) -> EmbeddedRegistry:
    embedded = EmbeddedRegistry(open_database(None), registry_id=registry_id, region="eu-west-1")
    client = client_for(embedded)
    create_repository(client, repository)
    push_image(client, repository, "one", "v1")
    return embedded


def open_second(pilot: Pilot[Any], embedded: EmbeddedRegistry, **settings: Any) -> None:
    app = cast(EcrTuiApp, pilot.app)
    source = SessionFactory(Connection(), load(settings), embedded=embedded)
    source()  # as a row of several connections has done
    app.push_app_screen(RepositoriesScreen(source))


async def test_connections_that_were_left_close_after_their_last_write(one_image: EmbeddedRegistry) -> None:
    async with running(one_image, size=(120, 30)) as pilot:
        app = app_of(pilot)
        closed: list[bool] = []

        class Source(OpenSession):
            def close(self) -> None:
                closed.append(True)

        source = Source(app.connect())
        for _ in range(2):
            app.on_write_began(messages.WriteBegan(source))
        app.on_left_connections(messages.LeftConnections((source,)))
        app.on_write_ended(messages.WriteEnded(source))
        assert not closed, "one write is still in flight"
        app.on_write_ended(messages.WriteEnded(source))
        assert closed


async def test_each_screen_shows_its_own_registry_in_the_header() -> None:
    first, second = registry(REGISTRY_ID, "team/first"), registry(OTHER_ID, "team/second")
    async with running(first, size=(120, 30)) as pilot:
        await until(pilot, f"{REGISTRY_ID} · eu-west-1 · user/embedded")
        open_second(pilot, second, read_only=True)
        screen = await until(pilot, f"{OTHER_ID} · eu-west-1 · user/embedded")
        assert "READ-ONLY" in screen
        assert REGISTRY_ID not in screen.splitlines()[0]
        await until(pilot, "team/second")
        await pilot.press("escape")
        screen = await until(pilot, "team/first")
        assert f"{REGISTRY_ID} · eu-west-1 · user/embedded" in screen.splitlines()[0]
        assert "READ-WRITE" in screen


async def test_a_screen_opens_the_next_screen_on_its_own_registry() -> None:
    first, second = registry(REGISTRY_ID, "team/first"), registry(OTHER_ID, "team/second")
    async with running(first, size=(120, 30)) as pilot:
        await until(pilot, "team/first")
        open_second(pilot, second)
        await until(pilot, "team/second")
        await pilot.press("enter")
        await until(pilot, "1 image ·")
        assert OTHER_ID in screen_text(pilot.app).splitlines()[0]
        await retag(pilot, "new")
        await pilot.press("enter")
        await until(pilot, "✓ done")
        await pilot.press("enter", "a")
        screen = await until(pilot, "1 write")
        assert "team/second" in screen
    assert (first.calls["PutImage"], second.calls["PutImage"]) == (1, 2)


async def test_a_connection_stays_open_while_a_write_to_another_account_uses_it(one_image: EmbeddedRegistry) -> None:
    async with running(one_image, size=(120, 30)) as pilot:
        app = app_of(pilot)
        closed: list[bool] = []

        class Source(OpenSession):
            def close(self) -> None:
                closed.append(True)

        source = Source(app.connect())
        account = AccountSource(source, OTHER_ID)
        app.on_write_began(messages.WriteBegan(account))
        assert app.is_writing_over(source), "so that the user cannot switch to another connection"
        app.on_left_connections(messages.LeftConnections((source,)))
        assert not closed
        app.on_write_ended(messages.WriteEnded(account))
        assert closed
