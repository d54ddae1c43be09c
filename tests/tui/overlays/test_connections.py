"""Choose another connection: it is opened beside the one in use, and the screens switch only if it works."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from textual import events

from ecrtui.connections import ProcessConnections
from ecrtui.ecr.reference import Reference
from ecrtui.emulator.database_file import open_database
from ecrtui.emulator.service import EmbeddedRegistry
from ecrtui.paths import recent_connections_file
from ecrtui.registry.process.client import RegistryProcess
from ecrtui.settings import Connection, load
from ecrtui.tui.connections.rows import PROFILE_COLUMNS, ConnectionRow, PickerContext
from ecrtui.tui.overlays.connections import ConnectionPicker
from tests.support.aws_profiles import profile, write_config
from tests.support.embedded import client_for, create_repository, new_embedded, push_image, served, tags_of
from tests.support.screen import cursor_row, retag, row_of, running, screen_text, type_text, until

HERE, THERE = "123456789012", "210987654321"
WIDE = (140, 30)
HANG = 60
"""Seconds after which a write that a test holds ends by itself."""


class Site(NamedTuple):
    """Two served registries, and the home whose AWS configuration names them."""

    here: EmbeddedRegistry
    there: EmbeddedRegistry
    home: Path


def registry(registry_id: str, region: str, *repositories: str) -> EmbeddedRegistry:
    embedded = EmbeddedRegistry(open_database(None), registry_id=registry_id, region=region)
    client = client_for(embedded, region=region)
    for name in repositories:
        create_repository(client, name)
        push_image(client, name, "one", "v1")
    return embedded


@pytest.fixture
def site(own_home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """A machine without a region and without credentials but those of its profiles."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name)
    here = registry(HERE, "eu-west-1", "team/app", "team/here")
    there = registry(THERE, "us-east-1", "team/app", "shop/there")
    with served(here) as url, served(there) as other:
        profiles = (
            profile("home", url, "eu-west-1"),
            profile("away", other, "us-east-1"),
            profile("no-region", other),
            profile("dead", "http://127.0.0.1:9", "eu-west-1"),
            "[profile bad]\nrole_arn = arn:aws:iam::333333333333:role/deploy\n",
        )
        write_config(own_home, "".join(profiles))
        yield Site(here, there, own_home)


class LargePicker(ConnectionPicker):
    """A picker with so many rows that a letter of the filter is not applied at once."""

    COLUMNS = PROFILE_COLUMNS
    chosen: ConnectionRow | None = None

    def title_text(self) -> str:
        return "Accounts"

    def read_rows(self) -> Iterator[Iterable[ConnectionRow]]:
        yield [ConnectionRow((number,), f"account-{number}", Connection(), "profile") for number in range(100_000)]

    def choose(self, row: ConnectionRow | None) -> None:
        self.chosen = row


async def test_enter_connects_to_what_was_typed_though_the_rows_are_still_filtered() -> None:
    async with running(new_embedded()) as pilot:
        picker = LargePicker(ProcessConnections(load({})), PickerContext(Connection()), lambda _: Reference())
        await pilot.app.push_screen(picker)
        await until(pilot, "account-0 ")
        for key in (*"account-99999", "enter"):
            pilot.app.post_message(events.Key(key, key if len(key) == 1 else None))
        await until(pilot, lambda _: picker.chosen is not None)
        assert picker.chosen is not None
        assert picker.chosen.name == "account-99999"


async def choose(pilot: Any, words: str, key: str = "P") -> None:
    """Open the picker, filter it, and connect to the row under the cursor."""
    await pilot.press(key)
    await until(pilot, "type to filter")
    await type_text(pilot, words)
    await until(pilot, lambda screen: words in cursor_row(screen))
    await pilot.press("enter")


async def test_the_picker_opens_when_nothing_can_connect_and_leads_to_a_registry(site: Site) -> None:
    async with running(None, size=WIDE, elsewhere=True) as pilot:
        await until(pilot, lambda screen: "Connect to" in screen and "No region is configured" in screen)
        await type_text(pilot, "bad")
        screen = await until(pilot, "no source_profile or credential_source")
        assert "Fix the profile" in screen
        await pilot.press("enter")  # it cannot be used: nothing happens
        await pilot.press("ctrl+u")
        await type_text(pilot, "no-region")
        await pilot.press("enter")
        await until(pilot, "Region for no-region")
        await until(pilot, "af-south-1")
        await pilot.press("tab", "down", "tab", "enter")
        await until(pilot, "Repositories of 2 connections")
        await choose(pilot, "no-region")
        await until(pilot, "Region for no-region")
        await type_text(pilot, "moon-1")
        await pilot.press("enter")
        await until(pilot, f"{THERE} · moon-1")
        await until(pilot, "0 repositories")
        await choose(pilot, "us-east-1", "R")
        await until(pilot, f"{THERE} · us-east-1")
        await until(pilot, "shop/there")
        await pilot.press("P")
        screen = await until(pilot, "in use")
        assert [row_of(screen, f"no-region {' ' * 4}").split()[0], "us-east-1" in cursor_row(screen)] == ["│", True]
        assert THERE in cursor_row(screen), "the account that the registry told"


async def test_a_connection_that_fails_leaves_the_one_in_use(site: Site) -> None:
    connection = Connection(profile="home")
    async with running(None, connection=connection, size=WIDE, elsewhere=True) as pilot:
        await until(pilot, "team/here")
        await choose(pilot, "dead")
        screen = await until(pilot, "✗ Could not reach the service")
        assert "http://127.0.0.1:9" in screen
        assert "Check the network" in screen
        await pilot.press("escape")
        await until(pilot, f"{HERE} · eu-west-1")
        await pilot.press("ctrl+r")
        await until(pilot, "2 repositories")
        await pilot.press("colon")
        await type_text(pilot, "Region mars-1")
        await until(pilot, "region mars-1")
        await pilot.press("escape", "colon")
        await type_text(pilot, "profile away")
        await until(pilot, "Connect beside")
        await pilot.press("enter")
        await until(pilot, f"{THERE} · us-east-1")
        await choose(pilot, "home")
        await until(pilot, f"{HERE} · eu-west-1")
        await until(pilot, "team/here")


async def test_letters_typed_before_the_profiles_are_read_find_commands(site: Site) -> None:
    with closing(RegistryProcess()) as process:
        home = Connection(profile="home")
        async with running(None, connection=home, size=WIDE, elsewhere=True, process=process) as pilot:
            await until(pilot, "team/here")
            assert process.start()
            os.kill(process.pid, signal.SIGSTOP)
            await pilot.press("colon")
            await type_text(pilot, "profile away")
            await until(pilot, lambda _: getattr(pilot.app.focused, "value", "") == "profile away")
            os.kill(process.pid, signal.SIGCONT)
            await until(pilot, "Connect beside")


async def test_half_an_access_key_in_the_environment_names_the_variable(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "K")
    async with running(None, connection=Connection(profile="home"), size=WIDE, elsewhere=True) as pilot:
        await until(pilot, "team/here")
        await pilot.press("P")
        await until(pilot, "environment variables")
        await type_text(pilot, "variables")
        screen = await until(pilot, "AWS_SECRET_ACCESS_KEY is not set")
        assert "Set AWS_SECRET_ACCESS_KEY, or unset AWS_ACCESS_KEY_ID" in screen


async def test_a_connection_is_stopped_with_escape(site: Site) -> None:
    release = threading.Event()
    site.there.faults.before("DescribeRegistry", lambda: release.wait(HANG))
    async with running(None, connection=Connection(profile="home"), size=WIDE, elsewhere=True) as pilot:
        await until(pilot, "team/here")
        await choose(pilot, "away")
        await until(pilot, "connecting…")
        await pilot.press("enter", "escape")  # a second Enter starts no second connection
        screen = await until(pilot, lambda screen: "connecting…" not in screen)
        assert "Connect to" in screen
        release.set()
        await pilot.press("escape")
        await until(pilot, "2 repositories")


async def test_escape_while_the_connection_is_remembered_closes_it(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    written, release = threading.Event(), threading.Event()
    replace = os.replace

    def hold(source: Any, target: Any) -> None:
        if Path(target) == recent_connections_file():
            written.set()
            release.wait(HANG)
        replace(source, target)

    monkeypatch.setattr(os, "replace", hold)
    home = Connection(profile="home")
    with closing(RegistryProcess()) as process:
        async with running(None, connection=home, size=WIDE, elsewhere=True, process=process) as pilot:
            await until(pilot, "team/here")
            await choose(pilot, "away")
            await until(pilot, lambda _: written.is_set())
            assert process._connections
            await pilot.press("escape")
            await until(pilot, lambda _: not process._connections)
            release.set()
            assert "Connect to" in screen_text(pilot.app)


async def test_filter_and_location_survive_where_they_exist(site: Site) -> None:
    async with running(None, connection=Connection(profile="home"), size=WIDE, elsewhere=True) as pilot:
        await until(pilot, "team/here")
        await pilot.press("slash")
        await type_text(pilot, "app")
        await pilot.press("enter", "enter")
        await until(pilot, "1 image ·")
        await pilot.press("enter")
        await until(pilot, "last pulled")
        await choose(pilot, "away")
        await until(pilot, f"{THERE} · us-east-1")
        await until(pilot, "last pulled")
        assert "team/app" in screen_text(pilot.app).splitlines()[1]
        await pilot.press("escape", "escape")
        screen = await until(pilot, "2 repositories")
        assert "/ app" in screen
        assert "shop/there" not in screen
        await pilot.press("escape")
        await until(pilot, "shop/there")
        await pilot.press("enter")
        await until(pilot, "1 image ·")
        await choose(pilot, "home")
        await until(pilot, f"{HERE} · eu-west-1")
        screen = await until(pilot, "2 repositories")
        assert "shop/there" not in screen


async def test_no_switch_while_a_write_is_in_flight(site: Site) -> None:
    reply = threading.Event()
    site.here.faults.before("PutImage", lambda: reply.wait(HANG))
    connection = Connection(profile="home")
    async with running(None, "team/app", size=WIDE, connection=connection, elsewhere=True) as pilot:
        await until(pilot, "1 image ·")
        await retag(pilot, "new")
        await pilot.press("enter")
        await until(pilot, "writing…")
        pilot.app.action_choose_profile()  # type: ignore[attr-defined]  # the form has the keys
        await until(pilot, "type to filter")
        await type_text(pilot, "away")
        await pilot.press("enter")
        await until(pilot, "Not switched: a write is in flight.")
        reply.set()
        await pilot.press("escape")
        await until(pilot, "✓ done")
        assert HERE in screen_text(pilot.app).splitlines()[0]


async def test_each_account_has_its_theme_and_its_protection(site: Site) -> None:
    config = site.home / ".config" / "ecrtui"
    config.mkdir(parents=True)
    own = f'[accounts.{THERE}]\ntheme = "ecrtui-light"\nread_only = true\n'
    (config / "settings.toml").write_text(own)
    async with running(None, connection=Connection(profile="home"), size=WIDE, elsewhere=True) as pilot:
        await until(pilot, "team/here")
        assert pilot.app.theme == "ecrtui-dark"
        await choose(pilot, "away")
        screen = await until(pilot, f"{THERE} · us-east-1")
        assert "READ-ONLY" in screen.splitlines()[0]
        assert pilot.app.theme == "ecrtui-light"
        await choose(pilot, "home")
        screen = await until(pilot, f"{HERE} · eu-west-1")
        assert "READ-WRITE" in screen.splitlines()[0]
        assert pilot.app.theme == "ecrtui-dark"


async def test_several_connections_stand_side_by_side_and_each_row_acts_in_its_own(site: Site) -> None:
    config = site.home / ".config" / "ecrtui"
    config.mkdir(parents=True)
    (config / "settings.toml").write_text(f"unlock_minutes = 61\n[accounts.{THERE}]\nread_only = true\n")
    async with running(None, connection=Connection(profile="home"), size=WIDE, elsewhere=True) as pilot:
        await until(pilot, "team/here")
        await pilot.press("P")
        await until(pilot, "type to filter")
        await until(pilot, "in use")
        await pilot.press("tab", "tab", "down", "tab", "enter")  # home, away, dead
        await until(pilot, "Repositories of 3 connections")
        screen = await until(pilot, "4 repositories · 1 error")
        assert f"{HERE}  eu-west-1" in row_of(screen, "team/here")
        assert f"{THERE}  us-east-1" in row_of(screen, "shop/there")
        assert "dead" in row_of(screen, "✗ Could not reach the service")
        await pilot.press("g", "enter")
        await until(pilot, "Check the network")
        await pilot.press("escape", "slash")
        await type_text(pilot, "us-east team/app")
        await until(pilot, "1 match")
        await pilot.press("enter")
        await until(pilot, f"3 connections · {THERE} · us-east-1")
        await until(pilot, "READ-ONLY")
        await pilot.press("t")
        await until(pilot, f"ecrtui writes nothing in {THERE}")
        await pilot.press("exclamation_mark")
        await until(pilot, f"Allow writes in {THERE}")
        await type_text(pilot, "yes")
        await pilot.press("enter")
        await until(pilot, "READ-WRITE 1 h")
        await pilot.press("enter")
        await until(pilot, "1 image ·")
        await until(pilot, "READ-WRITE 1 h")
        await until(pilot, f"{THERE} · us-east-1")
        await retag(pilot, "new")
        await pilot.press("enter")
        await until(pilot, "✓ done")
        await pilot.press("enter", "escape", "escape")
        await until(pilot, "4 repositories · 1 error")
        await pilot.press("slash")
        await type_text(pilot, "team/app")
        await until(pilot, "2 match")
        await pilot.press("enter", "exclamation_mark")  # the selected row is that of the other account
        await until(pilot, "READ-ONLY")
        await pilot.press("asterisk", "t")
        await until(pilot, f"Tag in 1 repository of {HERE} eu-west-1")
        await pilot.press("escape")
        await until(pilot, f"Tag in 1 repository of {THERE} us-east-1")
        screen = await until(pilot, "READ-ONLY")
        await type_text(pilot, "v1 other")
        await pilot.press("enter")
        await until(pilot, "read-only mode")
        await pilot.press("enter")
        await until(pilot, f"ecrtui writes nothing in {THERE}")
        await pilot.press("exclamation_mark")
        await until(pilot, f"Allow writes in {THERE}")
        await type_text(pilot, "yes")
        await pilot.press("enter")
        await until(pilot, lambda screen: "read now" in screen and "read-only mode" not in screen)
        await pilot.press("escape", "escape", "escape")
        await until(pilot, f"{HERE} · eu-west-1")
    assert tags_of(client_for(site.there, region="us-east-1"), "team/app").keys() == {"v1", "new"}
    assert tags_of(client_for(site.here), "team/app").keys() == {"v1"}
