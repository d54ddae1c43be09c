"""Connection errors appear where the data would be, and a retry works after the fix."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from ecrtui.catalog.cache.fingerprint import connection_fingerprint
from ecrtui.catalog.cache.store import Cache
from ecrtui.ecr.location import RegistryLocation
from ecrtui.emulator.service import EmbeddedRegistry
from ecrtui.paths import cache_file
from ecrtui.settings import Connection
from tests.support.embedded import REGION, new_embedded, served
from tests.support.screen import TIMEOUT, running, until, until_gone


@pytest.fixture
def no_credentials(monkeypatch: pytest.MonkeyPatch, own_home: Path) -> Path:
    """Return the AWS configuration folder of a machine without credentials."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name)
    folder = own_home / ".aws"
    folder.mkdir()
    return folder


async def test_the_header_shows_the_endpoint_over_http(one_image: EmbeddedRegistry) -> None:
    with served(one_image) as url:
        async with running(None, connection=Connection(endpoint_url=url), size=(140, 30)) as pilot:
            screen = await until(pilot, "1 repository")
            assert f"123456789012 · {REGION} · {url}" in screen
            assert "demo" not in screen


async def test_missing_credentials_show_the_next_step_and_a_retry_works(
    one_image: EmbeddedRegistry, no_credentials: Path
) -> None:
    with served(one_image) as url:
        connection = Connection(endpoint_url=url, region=REGION)
        async with running(None, connection=connection, size=(140, 30)) as pilot:
            screen = await until(pilot, "No AWS credentials")
            assert "aws configure" in screen
            assert "look around without an account" in screen
            assert "r try again" in screen
            (no_credentials / "credentials").write_text(
                "[default]\naws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = secret\n"
            )
            await pilot.press("r")
            await until(pilot, "1 repository")
            await until_gone(pilot, "No AWS credentials")


async def test_the_header_shows_where_the_connection_led_before_it_is_open(no_credentials: Path) -> None:
    connection = Connection(region=REGION)
    cache = Cache(cache_file(), RegistryLocation("123456789012", REGION))
    cache.remember_connection(connection_fingerprint(connection))
    cache.keep_alias("shop-prod")
    accounts = {"*prod*": {"production": True, "read_only": True}}
    async with running(None, connection=connection, size=(140, 30), cache=True, accounts=accounts) as pilot:
        screen = await until(pilot, f"shop-prod 123456789012 · {REGION} · not connected")
        assert "PRODUCTION  READ-ONLY" in screen
        await until(pilot, "No AWS credentials")


async def test_a_missing_region_shows_the_next_step_and_a_retry_works(
    one_image: EmbeddedRegistry, no_credentials: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    with served(one_image) as url:
        async with running(None, connection=Connection(endpoint_url=url), size=(140, 30)) as pilot:
            screen = await until(pilot, "No region is configured")
            assert "--region" in screen
            assert "r try again" in screen
            (no_credentials / "config").write_text(f"[default]\nregion = {REGION}\n")
            await pilot.press("r")
            await until(pilot, "1 repository")


async def test_an_unknown_profile_is_named_and_a_retry_works(one_image: EmbeddedRegistry, no_credentials: Path) -> None:
    with served(one_image) as url:
        connection = Connection(endpoint_url=url, profile="deploy")
        async with running(None, "team/app:v1", connection=connection, size=(140, 30)) as pilot:
            screen = await until(pilot, "Profile not found")
            assert "deploy" in screen
            (no_credentials / "config").write_text(f"[profile deploy]\nregion = {REGION}\n")
            (no_credentials / "credentials").write_text(
                "[deploy]\naws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = secret\n"
            )
            await pilot.press("r")
            await until(pilot, "last pulled")


async def test_an_unreachable_registry_is_reported_with_its_address() -> None:
    with served(new_embedded()) as url:
        pass  # the port is closed now
    async with running(None, connection=Connection(endpoint_url=url), size=(140, 30)) as pilot:
        screen = await until(pilot, "Could not reach the service")
        assert url in screen
        assert "r try again" in screen


@pytest.mark.parametrize(
    ("start", "fault", "title"),
    [
        ("", "error:code=ExpiredTokenException:message=the token is too old", "The credentials have expired"),
        ("", "unavailable", "The service failed"),
        ("team/app:v1", "error:code=AccessDeniedException:message=jane may not ecr", "Access denied"),
        ("team/app:v1", "drop-before", "The connection closed before the response"),
    ],
)
async def test_an_error_appears_in_place_and_a_retry_continues(
    start: str, fault: str, title: str, one_image: EmbeddedRegistry
) -> None:
    async with running(one_image, start, size=(140, 30)) as pilot:
        await until(pilot, "last pulled" if start else "1 repository")
        struck = one_image.faults.add(f"*:{fault}" if start else f"DescribeRepositories:{fault}")
        try:
            await pilot.press("ctrl+r")
            screen = await until(pilot, title)
            assert struck.hits
            assert all(word in screen for word in fault.partition("message=")[2].split())
        finally:
            one_image.faults.clear()
        await pilot.press("r")
        await until_gone(pilot, title)
        await until(pilot, "last pulled" if start else "1 repository")


async def test_a_throttled_listing_says_so_and_continues(embedded: EmbeddedRegistry, client: Any) -> None:
    seen = threading.Event()
    embedded.faults.before("DescribeRepositories", lambda: seen.wait(TIMEOUT), times=None)
    throttle = embedded.faults.add("DescribeRepositories:throttle:times=1")  # the first request does not wait
    async with running(embedded) as pilot:
        await until(pilot, "throttled by the service")
        seen.set()
        await until(pilot, "1 repository")
        assert throttle.hits == 1
        await until_gone(pilot, "throttled by the service")


async def test_an_endpoint_that_is_not_ecr_is_reported() -> None:
    one_image = new_embedded()
    one_image.faults.add("*:unavailable:status=404")
    async with running(one_image, size=(140, 30)) as pilot:
        await until(pilot, "Check the endpoint URL")
        assert pilot.app.is_running
