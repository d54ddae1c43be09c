"""Cached rows are on the screen before anything is connected."""

from __future__ import annotations

import threading

from ecrtui.emulator.database_file import open_database
from ecrtui.emulator.faults import parse_fault
from ecrtui.emulator.http.server import serve
from ecrtui.emulator.service import EmbeddedRegistry
from ecrtui.settings import Connection
from tests.support.embedded import client_for, create_repository, new_embedded, push_image, served
from tests.support.screen import TIMEOUT, running, until, until_idle


async def test_cached_repositories_are_on_the_first_frame_until_live_rows_arrive() -> None:
    embedded = new_embedded()
    client = client_for(embedded)
    create_repository(client, "team/app")
    create_repository(client, "team/gone")
    with served(embedded) as url:
        connection = Connection(endpoint_url=url, region="eu-west-1")
        async with running(None, connection=connection) as pilot:
            await until(pilot, "2 repositories")
            await until_idle(pilot, "load")  # the rows are kept after they are shown
        client.delete_repository(repositoryName="team/gone")
        answer = threading.Event()
        held = embedded.faults.before("*", lambda: answer.wait(TIMEOUT), times=None)
        calls = sum(embedded.calls.values())
        async with running(None, connection=connection) as pilot:
            screen = await until(pilot, "as of")
            assert "team/gone" in screen
            assert sum(embedded.calls.values()) <= calls + 1
            embedded.faults.remove(held)
            answer.set()
            await until(pilot, lambda text: "1 repository" in text and "team/gone" not in text and "as of" not in text)


async def test_cached_images_are_shown_while_the_registry_is_unreachable() -> None:
    embedded = new_embedded()
    client = client_for(embedded)
    create_repository(client, "team/app")
    push_image(client, "team/app", "one", "v1")
    with served(embedded) as url:
        connection = Connection(endpoint_url=url, region="eu-west-1")
        async with running(None, "team/app", connection=connection) as pilot:
            await until(pilot, "1 image ·")
            await until_idle(pilot, "load")  # the rows are kept after they are shown
        embedded.faults.add(parse_fault("*:error:code=ExpiredTokenException"))
        async with running(None, "team/app", connection=connection) as pilot:
            await until(pilot, lambda text: "v1" in text and "as of" in text and "ExpiredTokenException" in text)


async def test_cached_rows_of_another_registry_are_dropped() -> None:
    first, second = new_embedded(), EmbeddedRegistry(open_database(None), registry_id="999999999999")
    create_repository(client_for(first), "team/first")
    create_repository(client_for(second, region="eu-west-1"), "team/second")
    with served(first) as url:
        port = int(url.rsplit(":", 1)[1])
        connection = Connection(endpoint_url=url, region="eu-west-1")
        async with running(None, connection=connection) as pilot:
            await until(pilot, "1 repository")
            await until_idle(pilot, "load")  # the rows are kept after they are shown

    with serve(second, port=port):
        async with running(None, connection=connection) as pilot:
            await until(
                pilot, lambda text: "team/second" in text and "team/first" not in text and "999999999999" in text
            )
