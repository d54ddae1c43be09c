"""The application follows credentials that change to another caller of the same account."""

from __future__ import annotations

from pathlib import Path

import pytest

from ecrtui.settings import Connection
from ecrtui.tui.app import EcrTuiApp
from ecrtui.wiring import SessionFactory
from tests.support.changing_credentials import ChangingCredentials
from tests.support.embedded import client_for, create_repository, new_embedded, push_image, served
from tests.support.fake_sts import ACCOUNT, FakeSts
from tests.support.screen import running, until


async def test_the_header_and_reading_ahead_follow_the_caller(own_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    embedded = new_embedded()
    client = client_for(embedded)
    create_repository(client, "app")
    push_image(client, "app", "one", "v1")
    client.register_pull_time_update_exclusion(principalArn=f"arn:aws:iam::{ACCOUNT}:user/FIRST")
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    with served(embedded) as url, FakeSts() as sts:
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", sts.url)
        credentials = ChangingCredentials(own_home, sts)
        connection = Connection(profile="p", endpoint_url=url)
        async with running(None, "app", size=(160, 30), connection=connection, prefetch="auto") as pilot:
            assert isinstance(pilot.app, EcrTuiApp)
            assert isinstance(pilot.app.connect, SessionFactory)
            pilot.app.connect.talk_through(pilot.app)
            await until(pilot, f"arn:aws:iam::{ACCOUNT}:user/FIRST")
            await until(pilot, '"schemaVersion"')  # the manifest was read ahead
            read = embedded.calls["BatchGetImage"]
            credentials.become("SECOND")
            push_image(client, "app", "two", "v2")
            read_by_client = embedded.calls["BatchGetImage"] - read
            await pilot.press("ctrl+r")
            await until(pilot, f"arn:aws:iam::{ACCOUNT}:user/SECOND")
            await until(pilot, "2 images ·")
            await pilot.press("g")
            await until(pilot, "The manifest was not read.")
            assert embedded.calls["BatchGetImage"] == read + read_by_client
