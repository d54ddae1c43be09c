"""The application follows credentials that change, to another caller or to another account."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from ecrtui.connections import SessionFactory
from ecrtui.ecr.put_image_request import PutImageRequest
from ecrtui.emulator.service import EmbeddedRegistry
from ecrtui.session import AccountSource
from ecrtui.settings import Connection, Settings
from ecrtui.tui import messages
from ecrtui.tui.app import EcrTuiApp
from ecrtui.tui.messages import PutImageDraft
from ecrtui.tui.put_image.app import PutImageApp
from tests.support.changing_credentials import ChangingCredentials
from tests.support.embedded import (
    client_for,
    create_repository,
    manifest_text,
    new_embedded,
    push_image,
    served,
    tags_of,
)
from tests.support.fake_sts import ACCOUNT, FakeSts
from tests.support.screen import running, until, until_gone

OTHER = "222222222222"


class Site(NamedTuple):
    """A served registry with the repository ``app``, a client of it, and the connection under test."""

    embedded: EmbeddedRegistry
    client: Any
    credentials: ChangingCredentials
    connection: Connection


@pytest.fixture
def site(own_home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    embedded = new_embedded()
    client = client_for(embedded)
    create_repository(client, "app")
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    with served(embedded) as url, FakeSts() as sts:
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", sts.url)
        yield Site(embedded, client, ChangingCredentials(own_home, sts), Connection(profile="p", endpoint_url=url))


async def test_the_header_and_reading_ahead_follow_the_caller(site: Site) -> None:
    push_image(site.client, "app", "one", "v1")
    site.client.register_pull_time_update_exclusion(principalArn=f"arn:aws:iam::{ACCOUNT}:user/FIRST")
    async with running(None, "app", size=(160, 30), connection=site.connection, prefetch="auto") as pilot:
        assert isinstance(pilot.app, EcrTuiApp)
        assert isinstance(pilot.app.connect, SessionFactory)
        pilot.app.connect.talk_through(pilot.app)
        await until(pilot, "user/FIRST")
        await pilot.press("o")
        await until(pilot, '"schemaVersion"')  # the manifest was read ahead
        read = site.embedded.calls["BatchGetImage"]
        site.credentials.become("SECOND")
        push_image(site.client, "app", "two", "v2")
        read_by_client = site.embedded.calls["BatchGetImage"] - read
        await pilot.press("ctrl+r")
        await until(pilot, "user/SECOND")
        await until(pilot, "2 images ·")
        await pilot.press("g")
        await until(pilot, "The manifest was not read.")
        assert site.embedded.calls["BatchGetImage"] == read + read_by_client
        expired = site.embedded.faults.add("*:error:code=ExpiredTokenException:message=it has expired")
        await pilot.press("ctrl+r")
        await until(pilot, "NOT SIGNED IN  READ-WRITE")
        pilot.app.post_message(messages.OpenImage(AccountSource(pilot.app.connect, OTHER), "app", "v1"))
        await until(pilot, lambda text: "app › v1" in text and "NOT SIGNED IN" in text)
        pilot.app.show_credentials(pilot.app.connect, work=True)
        await until_gone(pilot, "NOT SIGNED IN")
        pilot.app.show_credentials(pilot.app.connect, work=False)
        await until(pilot, "NOT SIGNED IN")
        await pilot.press("escape", "escape")
        await until(pilot, lambda text: "Repositories ›" not in text and "NOT SIGNED IN" in text)
        expired.times = expired.hits
        await pilot.press("ctrl+r")
        await until_gone(pilot, "NOT SIGNED IN")


@pytest.mark.parametrize("registry_id", ["", ACCOUNT])
async def test_the_put_image_form_sends_nothing_to_another_account(site: Site, registry_id: str) -> None:
    manifest = manifest_text(site.client, "app")
    request = PutImageRequest(registry_id=registry_id, repository="app", manifest=manifest, tag="v1")
    app = PutImageApp(SessionFactory(site.connection, Settings()), Settings(), PutImageDraft(request))
    async with app.run_test(size=(140, 45)) as pilot:
        await until(pilot, "user/FIRST")
        await pilot.press("f2")
        await until(pilot, "enter apply")
        before = site.embedded.calls["PutImage"]
        site.credentials.become("SECOND", OTHER)
        await pilot.press("enter")
        screen = await until(pilot, "The credentials belong to another account now")
        assert OTHER in screen
        assert site.embedded.calls["PutImage"] == before
        assert tags_of(site.client, "app") == {}
