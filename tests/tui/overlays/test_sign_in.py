"""The application asks for what a sign-in needs, and the work continues by itself afterwards."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ecrtui.connections import SessionFactory
from ecrtui.emulator.service import EmbeddedRegistry
from ecrtui.settings import Connection
from ecrtui.tui.overlays.sign_in import SignInOverlay
from tests.support.aws_profiles import SSO, mfa_over_process, write_config
from tests.support.embedded import served
from tests.support.fake_sso import FakeSso
from tests.support.fake_sts import FakeSts
from tests.support.screen import app_of, cursor_row, row_of, running, screen_text, type_text, until

NEEDS_TERMINAL = """
import json, os, sys
if os.getsid(0) == os.getpid():
    sys.exit("where is the badge?")
print(json.dumps({"Version": 1, "AccessKeyId": "BADGE", "SecretAccessKey": "secret"}))
"""


@pytest.fixture
def sts(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeSts]:
    with FakeSts() as fake:
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", fake.url)
        yield fake


async def test_a_command_uses_the_terminal_and_the_prompt_says_that_a_code_was_refused(
    one_image: EmbeddedRegistry, own_home: Path, tmp_path: Path, sts: FakeSts
) -> None:
    (tmp_path / "badge.py").write_text(NEEDS_TERMINAL)
    write_config(own_home, mfa_over_process(tmp_path / "badge.py"))
    sts.codes = {"222222"}
    with served(one_image) as url:
        connection = Connection(profile="role", endpoint_url=url)
        async with running(None, connection=connection) as pilot:
            source = app_of(pilot).connect
            assert isinstance(source, SessionFactory)
            source.talk_through(app_of(pilot))
            await until(pilot, lambda screen: "credential_process failed" in screen or "may have a question" in screen)
            await pilot.press("escape")
            screen = await until(pilot, "credential_process failed")
            assert "where is the badge?" in screen
            await pilot.press("r")
            await until(pilot, "Run it on this terminal")
            await pilot.press("enter")
            await until(pilot, "mfa/me")
            await type_text(pilot, "111111")
            await pilot.press("enter")
            screen = await until(pilot, "AWS did not accept the code")
            assert "mfa/me" in screen
            await type_text(pilot, "222222")
            await pilot.press("enter")
            await until(pilot, "1 repository")
            await until(pilot, "MFA 59 min")
    assert {call["TokenCode"] for call in sts.calls if call["Action"] == "AssumeRole"} == {"111111", "222222"}


async def test_a_sign_in_shows_code_and_page_and_the_read_continues(
    one_image: EmbeddedRegistry, own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_config(own_home, SSO)
    with served(one_image) as url, FakeSso() as sso:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SSO", sso.url)
        monkeypatch.setenv("AWS_ENDPOINT_URL_SSO_OIDC", sso.url)
        sso.approved.clear()
        connection = Connection(profile="modern", endpoint_url=url)
        async with running(None, connection=connection, size=(80, 24)) as pilot:
            app = app_of(pilot)
            assert isinstance(app.connect, SessionFactory)
            app.connect.talk_through(app)
            await until(pilot, lambda screen: "Sign in to corp" in screen or "aws sso login" in screen)
            if "aws sso login" in screen_text(app):  # the first read came before the application could ask
                await pilot.press("r")
            screen = await until(pilot, "Sign in to corp")
            assert f"{sso.url}/device?user_code=ABCD-EFGH" in screen
            assert "Code: ABCD-EFGH" in screen
            assert re.search(r"Time left: (10:00|9:[0-5][0-9])", screen)
            await pilot.press("y")
            await until(pilot, lambda _: not isinstance(app.screen, SignInOverlay))  # no clipboard: the code is shown
            await pilot.press("escape")
            await until(pilot, lambda _: isinstance(app.screen, SignInOverlay))
            await pilot.press("escape")
            await until(pilot, "The sign-in was cancelled")
            await pilot.press("r")
            await until(pilot, "Sign in to corp")
            sso.approved.set()
            await until(pilot, "1 repository")
            assert not isinstance(app.screen, SignInOverlay)


async def test_a_role_of_an_sso_session_is_chosen_without_a_profile(
    one_image: EmbeddedRegistry, own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_config(own_home, SSO)
    with served(one_image) as url, FakeSso() as sso:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SSO", sso.url)
        monkeypatch.setenv("AWS_ENDPOINT_URL_SSO_OIDC", sso.url)
        sso.accounts = {"111111111111": ["admin", "deploy"], "222222222222": ["audit"]}
        connection = Connection(endpoint_url=url)
        async with running(None, connection=connection, size=(100, 30), elsewhere=True) as pilot:
            await until(pilot, "1 repository")
            await pilot.press("P")
            await until(pilot, "SSO session")
            await type_text(pilot, "session")
            await until(pilot, lambda screen: "SSO session" in cursor_row(screen))
            await pilot.press("enter")
            screen = await until(pilot, lambda screen: "audit" in screen and "Sign in to" not in screen)
            assert "Accounts and roles of corp" in screen
            assert "name-111111111111" in screen
            await type_text(pilot, "111 deploy")
            await until(pilot, lambda screen: "deploy" in cursor_row(screen))
            assert "--profile corp/111111111111/deploy" in screen_text(app_of(pilot))
            await pilot.press("enter")
            await until(pilot, lambda screen: "Accounts and roles" not in screen)
            await until(pilot, "1 repository")
            assert app_of(pilot).connect.connection.profile == "corp/111111111111/deploy"
            await pilot.press("P")
            await until(pilot, lambda screen: "in use" in row_of(screen, "corp/111111111111"))


async def test_a_list_of_roles_that_was_closed_asks_nothing(
    one_image: EmbeddedRegistry, own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_config(own_home, SSO)
    asked, reply = threading.Event(), threading.Event()
    with served(one_image) as url, FakeSso() as sso:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SSO", sso.url)
        monkeypatch.setenv("AWS_ENDPOINT_URL_SSO_OIDC", sso.url)
        sso.interval = 1
        sso.replies = ["AuthorizationPendingException"] * 10_000
        answer = sso.answer

        def hold(route: str, parameters: dict[str, Any], bearer: str) -> dict[str, Any] | str:
            if route == "/client/register":
                asked.set()
                reply.wait(60)
            return answer(route, parameters, bearer)

        monkeypatch.setattr(sso, "answer", hold)
        connection = Connection(endpoint_url=url)
        async with running(None, connection=connection, size=(100, 30), elsewhere=True) as pilot:
            await until(pilot, "1 repository")
            await pilot.press("P")
            await until(pilot, "SSO session")
            await type_text(pilot, "session")
            await until(pilot, lambda screen: "SSO session" in cursor_row(screen))
            await pilot.press("enter")
            await until(pilot, lambda _: asked.is_set())
            roles = app_of(pilot).screen
            await pilot.press("escape")
            await until(pilot, lambda _: not roles.is_running)
            reply.set()
            await until(pilot, lambda _: "device_authorization" in sso.routes() and not signing_in())
            assert not any(isinstance(screen, SignInOverlay) for screen in app_of(pilot).screen_stack)


def signing_in() -> bool:
    return any(thread.name.startswith("sign-in") for thread in threading.enumerate())
