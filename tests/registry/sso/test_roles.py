"""The accounts and roles of an sso-session: listed after a sign-in, and used without a profile."""

from __future__ import annotations

import shutil
import socket
import time
from pathlib import Path
from typing import Any

import pytest

from ecrtui.ecr.profile import SsoRole, parse_sso_role
from ecrtui.errors import CredentialsError, ErrorKind, NotFound
from ecrtui.registry.process.client import RegistryProcess
from ecrtui.registry.sso.roles import list_roles
from ecrtui.registry.user import User
from ecrtui.settings import Connection
from ecrtui.wiring import open_registry
from tests.registry.conftest import WriteFile, failed
from tests.registry.sso.test_sign_in import CONFIG, Person, token, write_token
from tests.support.fake_sso import FakeSso

A, B = "111111111111", "222222222222"
CORP = "[sso-session corp]\nsso_start_url = https://corp.example/start\nsso_region = eu-west-1\n"


@pytest.fixture
def portal(sso: FakeSso, profiles: WriteFile) -> FakeSso:
    profiles(CONFIG)
    sso.accounts = {B: ["readonly", "admin"], A: ["deploy"]}
    return sso


def roles(person: Person | None, name: str = "corp", connection: Connection | None = None) -> list[str]:
    user = person.user if person else User()
    return [role.profile for found in list_roles(name, connection or Connection(), user) for role in found]


ALL = [f"corp/{A}/deploy", f"corp/{B}/admin", f"corp/{B}/readonly"]


@pytest.mark.parametrize("before", [None, token(), token(expiresAt="2020-01-01T00:00:00Z"), '{"accessToken": '])
def test_the_roles_are_listed_after_one_sign_in(portal: FakeSso, before: Any) -> None:
    if before is not None:
        write_token(before)
    person = Person()
    assert roles(person) == ALL
    assert len(person.requests) == 1
    assert roles(None) == ALL  # the token is in its file now
    assert next(list_roles("corp", Connection(), User()))[0].account_name == f"name-{A}"


def test_without_a_user_the_error_names_the_command_that_signs_in(portal: FakeSso) -> None:
    error = failed(lambda: roles(None))
    assert isinstance(error, CredentialsError)
    assert "aws sso login --sso-session corp" in error.hint


def test_a_token_that_is_refused_again_is_an_error(portal: FakeSso) -> None:
    portal.errors["/assignment/accounts"] = ["UnauthorizedException"] * 2
    person = Person()
    assert isinstance(failed(lambda: roles(person)), CredentialsError)
    assert len(person.requests) == 2


@pytest.mark.parametrize(
    ("config", "missing"),
    [
        ("", "does not exist"),
        ("[sso-session corp]\nsso_region = x\n", "no sso_start_url"),
        (f"{CORP}sso_registration_scopes =\n  scope = x\n", "corp has no value on the line of sso_registration_scopes"),
    ],
)
def test_a_session_that_is_not_complete_is_named(
    portal: FakeSso, profiles: WriteFile, config: str, missing: str
) -> None:
    profiles(config)
    error = failed(lambda: roles(Person()))
    assert missing in str(error)
    assert "~/.aws/config" in error.hint


def test_the_registry_process_lists_the_roles_and_asks_the_user_of_the_call(portal: FakeSso) -> None:
    process, person = RegistryProcess(), Person()
    try:
        found = [role for part in process.sso_roles("corp", Connection(), person.user) for role in part]
        assert [role.profile for role in found] == ALL
        assert len(person.requests) == 1
        portal.errors["/assignment/roles"] = ["ForbiddenException"] * 2
        assert "ListAccount" in str(failed(lambda: list(process.sso_roles("corp", Connection(), person.user))).detail)
    finally:
        process.close()


def test_the_list_has_the_time_limits_of_the_connection(
    portal: FakeSso, monkeypatch: pytest.MonkeyPatch, no_sdk_retries: None
) -> None:
    write_token(token())
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SSO", f"http://127.0.0.1:{silent.getsockname()[1]}")
        begun = time.monotonic()
        error = failed(lambda: roles(None, connection=Connection(read_timeout=1)))
    assert error.kind is ErrorKind.TIMED_OUT
    assert time.monotonic() - begun < 30


@pytest.mark.skipif(shutil.which("openssl") is None, reason="makes its certificate with openssl")
def test_the_list_trusts_the_certificates_of_the_connection(
    profiles: WriteFile, certificate: Path, monkeypatch: pytest.MonkeyPatch, no_sdk_retries: None
) -> None:
    profiles(CONFIG)
    portal = FakeSso()
    portal.use_tls(certificate)
    monkeypatch.setenv("AWS_ENDPOINT_URL_SSO", portal.url)
    portal.valid_tokens.add("old")
    write_token(token())
    with portal:
        assert "certificate" in failed(lambda: roles(None)).title
        assert roles(None, connection=Connection(ca_bundle=str(certificate))) == ["corp/123456789012/deploy"]


@pytest.mark.parametrize("operation", ["accounts", "roles"])
@pytest.mark.parametrize(
    ("code", "title"),
    [
        ("ForbiddenException", "Access denied while signing in"),
        ("TooManyRequestsException", "IAM Identity Center is throttling requests"),
        ("InvalidRequestException", "AWS refused the sign-in"),
    ],
)
def test_an_error_of_the_portal_is_not_called_one_of_ecr(
    portal: FakeSso, no_sdk_retries: None, operation: str, code: str, title: str
) -> None:
    write_token(token())
    portal.valid_tokens.add("old")
    portal.errors[f"/assignment/{operation}"] = [code] * 2
    error = failed(lambda: roles(None))
    assert error.title == title
    assert error.detail.startswith("ListAccount")
    assert "ecr:" not in error.hint


def test_a_role_connects_without_a_profile(portal: FakeSso, served: str) -> None:
    def opened(profile: str) -> Any:
        return open_registry(
            Connection(profile=profile, endpoint_url=served, region="eu-west-1"), user=Person().user
        ).location()

    assert opened(f"corp/{A}/deploy").registry_id
    credentials = [parameters for route, parameters in portal.calls if route.endswith("credentials")]
    assert credentials == [{"account_id": A, "role_name": "deploy"}]
    for other in (f"nowhere/{A}/deploy", "corp/1/deploy", f"corp/{A}/"):
        assert isinstance(failed(lambda: opened(other)), (CredentialsError, NotFound)), other  # noqa: B023 - used at once


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"corp/{A}/deploy", SsoRole("corp", A, "deploy")),
        (f"corp/{A}/a/b", SsoRole("corp", A, "a/b")),
        *[
            (text, None)
            for text in ("", "corp", f"/{A}/x", f"corp/{A}", f"corp/{A}/", f"corp/{A}1/x", "corp/١23456789012/x")
        ],
    ],
)
def test_a_profile_name_with_session_account_and_role_names_a_role(text: str, expected: SsoRole | None) -> None:
    assert parse_sso_role(text) == expected
