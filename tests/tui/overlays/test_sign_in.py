"""The application asks for what a sign-in needs, and the work goes on by itself afterwards."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ecrtui.emulator.service import EmbeddedRegistry
from ecrtui.settings import Connection
from ecrtui.wiring import SessionFactory
from tests.support.embedded import served
from tests.support.fake_sts import FakeSts
from tests.support.screen import app_of, running, type_text, until

NEEDS_TERMINAL = """
import json, os, sys
if os.getsid(0) == os.getpid():
    sys.exit("where is the badge?")
print(json.dumps({"Version": 1, "AccessKeyId": "BADGE", "SecretAccessKey": "secret"}))
"""
CONFIG = """
[profile process]
credential_process = {python} {script}
[profile role]
role_arn = arn:aws:iam::123456789012:role/deploy
source_profile = process
mfa_serial = arn:aws:iam::123456789012:mfa/me
region = eu-west-1
"""


@pytest.fixture
def sts(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeSts]:
    with FakeSts() as fake:
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", fake.url)
        yield fake


async def test_the_terminal_is_lent_and_a_refused_mfa_code_is_told(
    one_image: EmbeddedRegistry, own_home: Path, tmp_path: Path, sts: FakeSts
) -> None:
    (tmp_path / "badge.py").write_text(NEEDS_TERMINAL)
    (own_home / ".aws").mkdir()
    (own_home / ".aws/config").write_text(CONFIG.format(python=sys.executable, script=tmp_path / "badge.py"))
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
    assert {call["TokenCode"] for call in sts.calls if call["Action"] == "AssumeRole"} == {"111111", "222222"}
