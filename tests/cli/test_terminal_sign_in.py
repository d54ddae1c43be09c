"""On a terminal, commands ask for the MFA code, and lend the terminal to the command of ``credential_process``."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.aws_profiles import SSO, mfa_over_process, write_config
from tests.support.embedded import client_for, create_repository, new_embedded, served
from tests.support.fake_sso import FakeSso
from tests.support.fake_sts import FakeSts
from tests.support.terminal import Terminal

ASKS = """
import json
with open("/dev/tty", "r+b", 0) as terminal:
    terminal.write(b"Badge number: ")
    badge = terminal.readline().decode().strip()
print(json.dumps({"Version": 1, "AccessKeyId": "BADGE" + badge, "SecretAccessKey": "secret"}))
"""


@pytest.fixture
def sts() -> Iterator[FakeSts]:
    with FakeSts() as fake:
        yield fake


@pytest.fixture
def environment(own_home: Path, tmp_path: Path, sts: FakeSts) -> dict[str, str]:
    """The environment of a machine whose credential_process asks the user, and whose role needs MFA."""
    (tmp_path / "badge.py").write_text(ASKS)
    write_config(own_home, mfa_over_process(tmp_path / "badge.py"))
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_ACCESS")}
    return {**kept, "AWS_ENDPOINT_URL_STS": sts.url, "AWS_PROFILE": "role"}


def test_a_command_asks_for_the_code_and_its_credential_process_asks_too(
    environment: dict[str, str], sts: FakeSts
) -> None:
    embedded = new_embedded()
    create_repository(client_for(embedded), "team/app")
    sts.codes = {"654321"}
    with served(embedded) as url:
        arguments = [sys.executable, "-m", "ecrtui", "repositories", "--endpoint-url", url]
        terminal = Terminal(arguments, environment)
        try:
            terminal.until("Badge number:")
            terminal.press("7\r")
            terminal.until("mfa/me:")
            terminal.press("111111\r")
            terminal.until("did not accept the code")
            terminal.until(lambda screen: screen.count("mfa/me:") == 2)
            terminal.press("654321\r")
            terminal.until("team/app")
            assert terminal.wait() == 0
        finally:
            terminal.close()
    assert set(sts.signed_by) == {"BADGE7"}
    assert "654321" not in terminal.screen


def test_a_command_prints_the_code_and_continues_after_the_sign_in(environment: dict[str, str], own_home: Path) -> None:
    embedded = new_embedded()
    create_repository(client_for(embedded), "team/app")
    write_config(own_home, SSO)
    with served(embedded) as url, FakeSso() as sso:
        sso.approved.clear()
        variables = {"AWS_PROFILE": "modern", "AWS_ENDPOINT_URL_SSO": sso.url, "AWS_ENDPOINT_URL_SSO_OIDC": sso.url}
        arguments = [sys.executable, "-m", "ecrtui", "repositories", "--endpoint-url", url]
        terminal = Terminal(arguments, environment | variables)
        try:
            screen = terminal.until("code: ABCD-EFGH")
            assert f"\n{sso.url}/device?user_code=ABCD-EFGH\n" in screen
            sso.approved.set()
            terminal.until("team/app")
            assert terminal.wait() == 0
        finally:
            terminal.close()
