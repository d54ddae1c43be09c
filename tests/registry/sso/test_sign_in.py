"""A request without a sign-in asks the user, waits, and continues. The token is where other programs look for it."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.session import Session

from ecrtui.ecr.sign_in_request import SignInRequest
from ecrtui.errors import CredentialsError
from ecrtui.registry.process.client import RegistryProcess, RemoteRegistry
from ecrtui.registry.sso.configuration import token_key, token_path
from ecrtui.registry.sso.sign_in import turns_of
from ecrtui.registry.user import SignInMethod, User
from ecrtui.settings import Connection
from ecrtui.wiring import open_registry
from tests.registry.conftest import WriteFile, failed
from tests.support.aws_profiles import SSO, START_URL
from tests.support.fake_sso import FakeSso
from tests.support.fake_sts import FakeSts

CONFIG = f"""{SSO}
[profile denied]
sso_session = corp
sso_account_id = 123456789012
sso_role_name = admin
"""


class Person:
    """A user who is asked to sign in."""

    def __init__(self, *, cancels: bool = False) -> None:
        self.requests: list[SignInRequest] = []
        self.ended: list[SignInRequest] = []
        self.notices: list[str] = []
        self._cancels = cancels
        self.user = User(
            sign_in_method=lambda: SignInMethod.DEVICE,
            sign_in=self._sign_in,
            end_sign_in=self.ended.append,
            on_notice=self.notices.append,
        )

    def _sign_in(self, request: SignInRequest) -> bool:
        self.requests.append(request)
        return self._cancels


@pytest.fixture
def site(sso: FakeSso, profiles: WriteFile, served: str) -> Callable[..., Any]:
    """Open the registry of a profile."""
    profiles(CONFIG)

    def opened(profile: str, person: Person | None = None) -> Any:
        user = person.user if person else None
        return open_registry(Connection(profile=profile, endpoint_url=served, region="eu-west-1"), user=user)

    return opened


def token(**changes: Any) -> dict[str, Any]:
    later = (datetime.now(UTC) + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"accessToken": "old", "expiresAt": later, "startUrl": START_URL, "region": "eu-west-1", **changes}


def write_token(content: Any, name: str = "corp") -> Path:
    path = token_path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


BEFORE = {
    "no token": None,
    "an expired token": token(expiresAt="2020-01-01T00:00:00Z"),
    "a token that AWS refuses": token(),
    "a token with a dead refresh token": token(
        expiresAt="2020-01-01T00:00:00Z",
        refreshToken="r",
        clientId="c",
        clientSecret="s",
        registrationExpiresAt="2099-01-01T00:00:00Z",
    ),
    "a damaged file": '{"accessToken": ',
    "no time": token(expiresAt="soon"),
}


@pytest.mark.parametrize("before", BEFORE)
def test_a_request_without_a_sign_in_asks_and_continues(site: Any, sso: FakeSso, before: str) -> None:
    if (content := BEFORE[before]) is not None:
        write_token(content)
    if "dead" in before:
        sso.replies = ["InvalidGrantException"]
    person = Person()
    assert site("modern", person).location().registry_id
    assert [request.code for request in person.requests] == ["ABCD-EFGH"]
    assert person.ended == person.requests
    path = token_path("corp")
    kept = json.loads(path.read_text())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert kept["accessToken"] in sso.valid_tokens
    assert kept["startUrl"] == START_URL
    assert datetime.strptime(kept["expiresAt"], "%Y-%m-%dT%H:%M:%SZ")
    assert not list(path.parent.glob("*.tmp"))


@pytest.mark.parametrize("profile", ["legacy", "role"])
def test_every_kind_of_sso_profile_can_sign_in(site: Any, sso: FakeSso, sts: FakeSts, profile: str) -> None:
    person = Person()
    assert site(profile, person).location().registry_id
    assert [request.session for request in person.requests] == [START_URL if profile == "legacy" else "corp"]
    assert token_path(person.requests[0].session).exists()


def test_other_programs_use_the_token_and_it_is_renewed_without_a_question(
    site: Any, sso: FakeSso, own_home: Path
) -> None:
    site("modern", Person()).location()
    (role,) = (own_home / ".aws/cli/cache").iterdir()
    role.unlink()
    path, calls = token_path("corp"), len(sso.calls)
    assert Session(profile="modern").get_credentials() is not None  # reads the token where botocore does
    write_token(json.loads(path.read_text()) | {"expiresAt": "2020-01-01T00:00:00Z"})
    person = Person()
    site("modern", person).location()
    assert person.requests == []
    assert sso.routes()[calls:] == ["token", "credentials"]
    assert sso.calls[calls][1]["grantType"] == "refresh_token"
    assert json.loads(path.read_text())["accessToken"] in sso.valid_tokens


def test_without_a_user_the_command_to_run_is_named(site: Any) -> None:
    assert "aws sso login --profile modern" in failed(site("modern").location).hint


def test_a_cancelled_sign_in_ends_at_once_and_writes_nothing(site: Any, sso: FakeSso) -> None:
    sso.approved.clear()
    person = Person(cancels=True)
    registry = site("modern", person)
    error = failed(registry.location)
    assert isinstance(error, CredentialsError)
    assert error.title == "The sign-in was cancelled"
    assert not token_path("corp").exists()
    assert "aws sso login" not in error.hint
    sso.approved.set()
    person._cancels = False
    assert registry.location().registry_id, "a retry asks again"
    assert len(person.requests) == 2


def test_a_sign_in_that_fails_says_why_and_removes_its_page(site: Any, sso: FakeSso) -> None:
    sso.replies = ["AccessDeniedException"]
    person = Person()
    assert failed(site("modern", person).location).title == "The sign-in was denied"
    assert person.ended == person.requests
    assert len(person.requests) == 1


def test_a_token_that_another_program_has_renewed_is_used_without_a_question(site: Any, sso: FakeSso) -> None:
    write_token(token())
    person = Person()

    def meanwhile() -> SignInMethod:
        sso.valid_tokens.add("theirs")
        write_token(token(accessToken="theirs"))
        return SignInMethod.DEVICE

    person.user.sign_in_method = meanwhile
    assert site("modern", person).location().registry_id
    assert person.requests == []


def test_a_token_that_another_program_renews_first_is_used_without_a_user(
    site: Any, sso: FakeSso, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_token(BEFORE["a token with a dead refresh token"])
    answer = sso.answer

    def renewed_meanwhile(route: str, parameters: dict[str, Any], bearer: str) -> dict[str, Any] | str:
        if route == "/token":
            sso.valid_tokens.add("theirs")
            write_token(token(accessToken="theirs"))
            return "InvalidGrantException"
        return answer(route, parameters, bearer)

    monkeypatch.setattr(sso, "answer", renewed_meanwhile)
    assert site("modern").location().registry_id


def test_requests_of_several_connections_sign_in_once(site: Any, sso: FakeSso) -> None:
    sso.approved.clear()
    person = Person()
    with ThreadPoolExecutor(3) as threads:
        calls = [threads.submit(site(profile, person).location) for profile in ("modern", "modern", "modern")]
        sso.polled.wait()
        sso.approved.set()
        assert len({call.result() for call in calls}) == 1
    assert len(person.requests) == 1


def test_the_user_cancels_once_for_several_connections(site: Any, sso: FakeSso) -> None:
    sso.approved.clear()
    person = Person(cancels=True)
    turns = turns_of(token_key("corp"))

    def cancel(request: SignInRequest) -> bool:
        person.requests.append(request)
        with turns.changed:
            turns.changed.wait_for(lambda: turns.waiting == 2)
        return True

    person.user.sign_in = cancel
    with ThreadPoolExecutor(3) as threads:
        calls = [threads.submit(failed, site("modern", person).location) for _ in range(3)]
        assert {call.result().title for call in calls} == {"The sign-in was cancelled"}
    assert len(person.requests) == 1
    sso.approved.set()


def test_a_user_who_has_left_cancels_for_nobody_else(site: Any, sso: FakeSso) -> None:
    sso.approved.clear()
    leaving, staying = Person(), Person()
    turns = turns_of(token_key("corp"))
    shown = threading.Event()

    def leave(_: SignInRequest) -> bool:
        shown.set()
        with turns.changed:
            turns.changed.wait_for(lambda: turns.waiting == 1)
        leaving.user.sign_in_method = lambda: None
        return True

    leaving.user.sign_in = leave
    with ThreadPoolExecutor(2) as threads:
        left = threads.submit(failed, site("modern", leaving).location)
        shown.wait()
        call = threads.submit(site("modern", staying).location)
        assert left.result().title == "The sign-in was cancelled"
        sso.approved.set()
        assert call.result().registry_id
    assert len(staying.requests) == 1


def test_a_token_that_cannot_be_written_is_good_for_this_process(site: Any, own_home: Path) -> None:
    (own_home / ".aws/sso").write_text("in the way")
    person = Person()
    site("modern", person).location()
    assert "could not be saved" in person.notices[0]
    (own_home / ".aws/cli/cache").rename(own_home / "moved")
    site("modern", person).location()
    assert len(person.requests) == 1


def test_a_role_that_is_not_assigned_is_named(site: Any, sso: FakeSso) -> None:
    write_token(token())
    sso.valid_tokens.add("old")
    error = failed(site("denied", Person()).location)
    assert "GetRoleCredentials" in error.detail
    assert "the role admin in account 123456789012" in error.hint


def test_the_registry_process_asks_the_application_to_sign_in(sso: FakeSso, profiles: WriteFile, served: str) -> None:
    profiles(CONFIG)
    sso.approved.clear()
    process = RegistryProcess()
    person = Person()
    shown, ended = threading.Event(), threading.Event()

    def show(request: SignInRequest) -> bool:
        person.requests.append(request)
        shown.set()
        ended.wait()
        return False

    person.user.sign_in = show
    person.user.end_sign_in = lambda _: ended.set()
    registry = RemoteRegistry(process.open(Connection(profile="modern", endpoint_url=served), person.user))
    with ThreadPoolExecutor(1) as thread:
        call = thread.submit(registry.location)
        shown.wait()
        sso.approved.set()
        assert call.result().registry_id
    ended.wait()
    process.close()
    assert person.requests[0].url == f"{sso.url}/device?user_code=ABCD-EFGH"


def test_the_aws_cli_uses_the_token_without_a_new_sign_in(site: Any, sso: FakeSso, served: str, own_home: Path) -> None:
    pytest.importorskip("awscli")
    site("modern", Person()).location()
    for kept in (own_home / ".aws/cli/cache").iterdir():
        kept.unlink()
    calls = len(sso.calls)
    command = [sys.executable, "-m", "awscli", "ecr", "describe-repositories", "--endpoint-url", served]
    done = subprocess.run([*command, "--profile", "modern"], capture_output=True, text=True, check=True)
    assert "team/app" in done.stdout
    assert sso.routes()[calls:] == ["credentials"]
