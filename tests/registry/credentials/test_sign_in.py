"""Credentials of every kind are renewed, and no provider reads the terminal."""

from __future__ import annotations

import hashlib
import json
import stat
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from ecrtui.ecr.location import RegistryLocation
from ecrtui.errors import CredentialsError
from ecrtui.registry.gateway import EcrRegistry
from ecrtui.registry.process.client import RegistryProcess, RemoteRegistry
from ecrtui.registry.user import User
from ecrtui.retag.plan import TagChange
from ecrtui.settings import Connection, load
from ecrtui.wiring import open_engine, open_registry
from tests.registry.conftest import RegistryEnv, WriteFile, failed
from tests.support import embedded as support
from tests.support.aws_profiles import SSO, START_URL
from tests.support.fake_sts import FakeSts, access_key_of


def opened(served: str, profile: str = "role", **options: Any) -> tuple[EcrRegistry, list[str]]:
    """Return a client of the served registry, and the access keys that sign its requests."""
    registry = open_registry(Connection(profile=profile, endpoint_url=served), **options)
    keys: list[str] = []

    def record(request: Any, **_: Any) -> None:
        keys.append(access_key_of(str(request.headers["Authorization"])))

    registry._clients.read_client.meta.events.register("before-send.ecr", record)
    return registry, keys


ROLE = """
[profile base]
aws_access_key_id = BASEKEY
aws_secret_access_key = secret
[profile role]
role_arn = arn:aws:iam::123456789012:role/deploy
source_profile = base
"""


def test_an_assumed_role_is_renewed_before_it_expires(served: str, profiles: WriteFile, sts: FakeSts) -> None:
    profiles(ROLE)
    sts.lifetime = timedelta(minutes=5)  # botocore renews what has less than ten minutes left
    registry, keys = opened(served)
    registry.location()
    registry.repository("team/app")
    assert keys == ["ROLEKEY1", "ROLEKEY2"]
    signed = {(call["Action"], key) for call, key in zip(sts.calls, sts.signed_by, strict=True)}
    assert signed == {("AssumeRole", "BASEKEY"), ("GetCallerIdentity", "ROLEKEY2")}


def test_an_assumed_role_is_cached_where_the_aws_cli_does(
    served: str, profiles: WriteFile, sts: FakeSts, own_home: Path
) -> None:
    profiles(ROLE)
    registry, keys = opened(served)
    registry.location()
    registry.repository("team/app")
    again, more_keys = opened(served)
    again.location()
    assert (keys, more_keys, len(sts.calls)) == (["ROLEKEY1", "ROLEKEY1"], ["ROLEKEY1"], 1)
    (kept,) = (own_home / ".aws" / "cli" / "cache").iterdir()
    assert json.loads(kept.read_text())["Credentials"]["AccessKeyId"] == "ROLEKEY1"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600


def test_credentials_work_without_a_writable_cache(
    served: str, profiles: WriteFile, sts: FakeSts, own_home: Path
) -> None:
    profiles(ROLE)
    (own_home / ".aws" / "cli").write_text("in the way")
    registry, keys = opened(served)
    registry.location()
    assert keys == ["ROLEKEY1"]


MFA = ROLE + "mfa_serial = arn:aws:iam::123456789012:mfa/me\n"


def test_a_profile_with_mfa_names_the_command_that_asks(served: str, profiles: WriteFile, sts: FakeSts) -> None:
    profiles(MFA)
    registry, _ = opened(served)
    error = failed(registry.location)
    assert isinstance(error, CredentialsError)
    assert "mfa/me" in error.detail
    assert "aws sts get-caller-identity --profile role" in error.hint
    assert sts.calls == []


def test_the_application_can_ask_for_the_mfa_code(served: str, profiles: WriteFile, sts: FakeSts) -> None:
    profiles(MFA)
    asked: list[str] = []

    def code(question: str) -> str:
        asked.append(question)
        return "123456"

    registry, keys = opened(served, user=User(mfa_code=code))
    registry.location()
    assert keys == ["ROLEKEY1"]
    assert "mfa/me" in asked[0]
    assert sts.calls[0]["TokenCode"] == "123456"


def test_connections_of_one_role_ask_for_one_mfa_code(served: str, profiles: WriteFile, sts: FakeSts) -> None:
    profiles(MFA)
    asked: list[str] = []
    begun = threading.Event()

    def code(question: str) -> str:
        asked.append(question)
        begun.wait()
        return "123456"

    def second() -> RegistryLocation:
        registry, _ = opened(served, user=User(mfa_code=code))
        begun.set()
        return registry.location()

    first, _ = opened(served, user=User(mfa_code=code))
    with ThreadPoolExecutor(2) as threads:
        calls = [threads.submit(first.location), threads.submit(second)]
        assert len({call.result() for call in calls}) == 1
    assert len(asked) == 1


def test_the_registry_process_asks_the_application_for_the_mfa_code(
    served: str, profiles: WriteFile, sts: FakeSts
) -> None:
    profiles(MFA)
    opened = RegistryProcess().open(Connection(profile="role", endpoint_url=served))
    registry = RemoteRegistry(opened)
    assert isinstance(failed(registry.location), CredentialsError)  # there is no user to ask yet
    opened.user.mfa_code = lambda question: "654321" if "mfa/me" in question else ""
    registry.location()
    assert sts.calls[0]["TokenCode"] == "654321"
    opened.process.close()


def test_the_mfa_code_is_asked_again_shortly_before_the_credentials_expire(
    served: str, profiles: WriteFile, sts: FakeSts
) -> None:
    profiles(MFA)
    asked: list[str] = []

    def code(question: str) -> str:
        asked.append(question)
        return "123456"

    sts.lifetime = timedelta(minutes=13)  # botocore tries to renew them, and needs not
    registry, keys = opened(served, user=User(mfa_code=code))
    registry.location()
    registry.repository("team/app")
    assert (len(asked), keys) == (1, ["ROLEKEY1", "ROLEKEY1"])
    sts.lifetime = timedelta(minutes=5)
    registry, keys = opened(served, user=User(mfa_code=code))
    registry.location()
    registry.repository("team/app")
    assert (len(asked), len(set(keys))) == (3, 2)


REFUSED = [
    # the accepted code, what the user enters, the codes that STS gets, how often the user is asked
    ("222222", ["111111", "222222"], ["111111", "222222"], 2),
    ("222222", ["", "12345", "a23456", "1234567", "222 222"], ["222222"], 5),
    ("222222", ["111111", "111111", "333333", "222222"], ["111111", "111111", "333333", "222222"], 4),
]


@pytest.mark.parametrize(("good", "entered", "sent", "questions"), REFUSED)
def test_the_prompt_says_that_a_code_was_refused_and_asks_again(
    served: str, profiles: WriteFile, sts: FakeSts, good: str, entered: list[str], sent: list[str], questions: int
) -> None:
    profiles(MFA)
    sts.codes = {good}
    asked: list[str] = []

    def code(question: str) -> str:
        asked.append(question)
        return entered[len(asked) - 1]

    registry, keys = opened(served, user=User(mfa_code=code))
    registry.location()
    assert len(asked) == questions
    assert "did not accept" not in asked[0]
    assert all("did not accept the code" in question or "six digits" in question for question in asked[1:])
    assert all("mfa/me" in question for question in asked)
    assert [call["TokenCode"] for call in sts.calls] == sent
    assert len(keys) == 1


def test_a_prompt_without_a_code_fails_every_request_that_waits(served: str, profiles: WriteFile, sts: FakeSts) -> None:
    profiles(MFA)
    asked = threading.Event()
    answered = threading.Event()
    count: list[str] = []

    def no_code(question: str) -> str:
        count.append(question)
        asked.set()
        answered.wait()
        raise CredentialsError("No MFA code entered")

    registry, _ = opened(served, user=User(mfa_code=no_code))
    client: Any = registry._clients.read_client
    with ThreadPoolExecutor(3) as threads:
        calls = [threads.submit(failed, client.describe_registry) for _ in range(3)]
        asked.wait()
        answered.set()
        assert {str(call.result()) for call in calls} == {"No MFA code entered"}
    assert len(count) == 1


DENIALS = [
    # the profile, what is denied and why, the hint, what else the hint says
    ("role", "role/deploy", "no identity-based policy allows it", "sts:AssumeRole on arn:aws:iam::123456789012:role/"),
    ("role", "role/deploy", "no identity-based policy allows it", "add mfa_serial"),
    ("role", "role/deploy", "with an explicit deny in a policy", "denies it explicitly"),
    ("mfa", "role/deploy", "MultiFactorAuthentication failed, unable to validate MFA code. Please verify your MFA "
     "serial number is valid", "Check mfa_serial"),
    ("mfa", "role/deploy", "not authorized", "sts:AssumeRole on arn:aws:iam::123456789012:role/deploy"),
    ("chain", "role/deploy", "not authorized", "sts:AssumeRole on arn:aws:iam::123456789012:role/deploy"),
    ("chain", "role/far", "not authorized", "sts:AssumeRole on arn:aws:iam::123456789012:role/far"),
    ("web", "role/web", "not authorized", "trust policy of arn:aws:iam::123456789012:role/web"),
]  # fmt: skip
DENIED_PROFILES = f"""{ROLE}
[profile mfa]
role_arn = arn:aws:iam::123456789012:role/deploy
source_profile = base
mfa_serial = arn:aws:iam::123456789012:mfa/me
[profile chain]
role_arn = arn:aws:iam::123456789012:role/far
source_profile = role
region = eu-west-1
[profile web]
role_arn = arn:aws:iam::123456789012:role/web
web_identity_token_file = {{token}}
"""


@pytest.mark.parametrize(("profile", "denied", "message", "hint"), DENIALS)
def test_a_denied_role_names_the_permission_and_the_role(
    served: str,
    profiles: WriteFile,
    sts: FakeSts,
    tmp_path: Path,
    profile: str,
    denied: str,
    message: str,
    hint: str,
) -> None:
    (tmp_path / "token").write_text("token")
    profiles(DENIED_PROFILES.format(token=tmp_path / "token"))
    sts.denied = {f"arn:aws:iam::123456789012:{denied}": message}
    asked: list[str] = []

    def code(question: str) -> str:
        asked.append(question)
        return "123456"

    registry, _ = opened(served, profile, user=User(mfa_code=code))
    error = failed(registry.location)
    assert isinstance(error, CredentialsError)
    assert message in error.detail
    assert hint in error.hint
    assert "ecr:" not in error.hint
    assert len(sts.calls) == (2 if denied == "role/far" else 1), "one attempt, and no other way to the account"
    assert len(asked) == (profile == "mfa")


@pytest.mark.parametrize("content", ["", "jwt"])
def test_a_file_without_a_web_identity_token_is_named(
    served: str, profiles: WriteFile, sts: FakeSts, tmp_path: Path, content: str
) -> None:
    (tmp_path / "token").write_text(content)
    profiles(DENIED_PROFILES.format(token=tmp_path / "token"))
    error = failed(opened(served, "web")[0].location)
    assert isinstance(error, CredentialsError)
    assert f"Its file has {len(content)} characters" in error.detail
    assert "web_identity_token_file in ~/.aws/config. Renew this token" in error.hint
    assert sts.calls == []


PROCESS = """
import json, os, sys
detached = os.getsid(0) == os.getpid() and sys.stdin.read() == ""
print(json.dumps({"Version": 1, "AccessKeyId": "DETACHED" if detached else "ATTACHED", "SecretAccessKey": "secret"}))
"""


@pytest.mark.parametrize("profile", ["command", "role"])
def test_the_command_of_credential_process_has_no_terminal(
    served: str, profiles: WriteFile, sts: FakeSts, tmp_path: Path, profile: str
) -> None:
    script = tmp_path / "credentials.py"
    script.write_text(PROCESS)
    profiles(
        f"[profile command]\ncredential_process = {sys.executable} {script}\n"
        "[profile role]\nrole_arn = arn:aws:iam::123456789012:role/deploy\nsource_profile = command\n"
    )
    registry, keys = opened(served, profile)
    registry.location()
    assert (keys if profile == "command" else sts.signed_by) == ["DETACHED"]


def test_a_failing_credential_process_is_an_error(served: str, profiles: WriteFile) -> None:
    profiles("[profile command]\ncredential_process = sh -c 'echo no badge >&2; exit 1'\n")
    error = failed(open_registry(Connection(profile="command", endpoint_url=served)).location)
    assert isinstance(error, CredentialsError)
    assert "no badge" in error.detail
    assert "credential_process" in error.hint


@pytest.mark.parametrize("token", ["none", "expired"])
@pytest.mark.parametrize("profile", ["legacy", "modern", "role"])
def test_an_expired_sso_sign_in_names_the_command_that_renews_it(
    served: str, profiles: WriteFile, own_home: Path, profile: str, token: str
) -> None:
    profiles(SSO)
    if token == "expired":
        cache = own_home / ".aws" / "sso" / "cache"
        cache.mkdir(parents=True)
        for name in ("corp", START_URL):
            content = {"accessToken": "hidden", "expiresAt": "2020-01-01T00:00:00Z", "region": "eu-west-1"}
            (cache / f"{hashlib.sha1(name.encode(), usedforsecurity=False).hexdigest()}.json").write_text(
                json.dumps(content)
            )
    error = failed(open_registry(Connection(profile=profile, endpoint_url=served)).location)
    assert isinstance(error, CredentialsError)
    accepted = "modern" if profile == "role" else profile  # the AWS CLI refuses the profile of a role
    assert error.hint == f"Run `aws sso login --profile {accepted}`, then try again."
    assert "hidden" not in str(error)


def test_a_retry_uses_new_credentials(served: str, profiles: WriteFile, env: RegistryEnv) -> None:
    profiles("[profile p]\naws_access_key_id = OLD\naws_secret_access_key = s\n")
    registry, _ = opened(served, "p")
    env.fault("DescribeRegistry:error:code=ExpiredTokenException:times=1")
    error = failed(registry.location)
    assert "--profile p" in error.hint
    profiles("[profile p]\naws_access_key_id = NEW\naws_secret_access_key = s\n")
    assert registry.location().registry_id
    assert cast(Any, registry._clients)._session.get_credentials().access_key == "NEW"


def test_expired_credentials_of_the_environment_are_named(served: str, env: RegistryEnv) -> None:
    env.fault("*:error:code=ExpiredTokenException")
    error = failed(open_registry(Connection(endpoint_url=served)).location)
    assert "AWS_ACCESS_KEY_ID" in error.hint


# who the caller is


def test_the_identity_comes_from_sts_at_the_same_endpoint(served: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", served)
    assert open_registry(Connection()).identity() == "arn:aws:iam::123456789012:user/embedded"


def test_sts_of_aws_is_not_used_with_another_ecr_endpoint(served: str) -> None:
    registry = open_registry(Connection(endpoint_url=served))
    assert registry._clients.sts_client is None
    assert registry.identity() == ""


def test_the_identity_is_empty_when_sts_refuses(served: str, monkeypatch: pytest.MonkeyPatch, env: RegistryEnv) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", served)
    env.fault("GetCallerIdentity:error:code=AccessDenied:status=403")
    assert open_registry(Connection()).identity() == ""


def test_the_identity_is_empty_without_signed_requests(served: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", served)
    assert open_registry(Connection(sign_request=False)).identity() == ""


LOGIN = """
[profile login]
login_session = arn:aws:iam::123456789012:user/me
[profile over]
role_arn = arn:aws:iam::123456789012:role/deploy
source_profile = login
"""
VERSION_1 = """#!/bin/sh
echo 'usage: aws [options] <command> <subcommand> [<subcommand> ...] [parameters]' >&2
echo 'aws: error: argument subcommand: Invalid choice, valid choices are:' >&2
exit 2
"""
EXPORT = """#!{python}
import json, sys
from datetime import UTC, datetime, timedelta
if sys.argv[1:] != "configure export-credentials --profile login --format process".split():
    sys.exit("unexpected: " + " ".join(sys.argv))
if {fails}:
    sys.exit("Your session has expired. Please reauthenticate using 'aws login'.")
until = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
names = {{"AccessKeyId": "LOGINKEY", "SecretAccessKey": "s", "SessionToken": "t", "Expiration": until}}
print(json.dumps({{"Version": 1, **names}}))
"""


@pytest.mark.parametrize("profile", ["login", "over"])
@pytest.mark.parametrize("cli", ["works", "fails", "is version 1", "is missing"])
def test_a_profile_of_aws_login_uses_the_aws_cli_or_says_what_to_install(
    served: str,
    profiles: WriteFile,
    sts: FakeSts,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    profile: str,
    cli: str,
) -> None:
    profiles(LOGIN)
    monkeypatch.setattr("botocore.credentials.EC", None)  # as without botocore[crt]
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin")
    if cli != "is missing":
        exported = EXPORT.format(python=sys.executable, fails=cli == "fails")
        (tmp_path / "aws").write_text(VERSION_1 if cli == "is version 1" else exported)
        (tmp_path / "aws").chmod(0o755)
    if cli == "works":
        registry, keys = opened(served, profile)
        registry.location()
        assert (keys if profile == "login" else sts.signed_by) == ["LOGINKEY"]
        return
    lent: list[str] = []
    user = User(lend_terminal=lambda command, *_: lent.append(command))
    error = failed(open_registry(Connection(profile=profile, endpoint_url=served), user=user).location)
    assert isinstance(error, CredentialsError)
    assert lent == [], "the command has no questions"
    if cli == "is version 1":
        assert "is an AWS CLI 1" in error.detail
    assert "ecrtui[login]" in error.hint
    assert "AWS CLI 2" in error.hint
    assert cli != "fails" or ("has expired" in error.detail and "aws login --profile login" in error.hint)


def test_credentials_that_were_renewed_in_another_window_are_used_at_once(
    served: str, profiles: WriteFile, env: RegistryEnv
) -> None:
    profiles("[profile p]\naws_access_key_id = OLD\naws_secret_access_key = s\n")
    registry, _ = opened(served, "p")
    registry.location()
    profiles("[profile p]\naws_access_key_id = NEW\naws_secret_access_key = s\n")
    env.fault("DescribeRepositories:error:code=ExpiredTokenException:times=1")
    assert registry.repository("team/app").name == "team/app"
    assert registry._clients.access_key == "NEW"


def test_a_renewal_that_fails_after_a_refusal_is_a_credentials_error(
    served: str, profiles: WriteFile, sts: FakeSts, env: RegistryEnv
) -> None:
    profiles(ROLE)
    sts.lifetime = timedelta(minutes=5)  # each request renews them
    registry, _ = opened(served)
    registry.location()

    def end_the_source(**_: Any) -> None:
        sts.error = "ExpiredToken"

    registry._clients.read_client.meta.events.register("before-send.ecr", end_the_source)
    env.fault("DescribeRepositories:error:code=ExpiredTokenException:times=1")
    assert isinstance(failed(registry.repository, "team/app"), CredentialsError)


def test_a_long_run_asks_for_a_new_mfa_code_before_it_begins(served: str, profiles: WriteFile, sts: FakeSts) -> None:
    profiles(MFA)
    sts.lifetime = timedelta(minutes=30)
    opened(served, user=User(mfa_code=lambda _: "123456"))[0].location()
    asked: list[str] = []
    answers = ["", "654321"]

    def code(question: str) -> str:
        asked.append(question)
        if not (answer := answers[len(asked) - 1]):
            raise CredentialsError("No MFA code entered")
        return answer

    registry, _ = opened(served, user=User(mfa_code=code))  # it uses the cached credentials
    assert registry.mfa_ends() == 0
    registry.location()
    ends = registry.mfa_ends()
    assert 29 * 60 < ends - time.time() <= 30 * 60
    registry.ensure_credentials(60)
    assert asked == []
    assert "No MFA code" in failed(registry.ensure_credentials, 3600).title
    assert "before this run does" in asked[0]
    registry, _ = opened(served, user=User(mfa_code=code))
    registry.location()
    assert (registry.mfa_ends(), len(asked)) == (ends, 1), "the old credentials are still in the cache"
    sts.lifetime = timedelta(minutes=40)
    registry.ensure_credentials(3600)
    assert registry.mfa_ends() > ends
    registry.ensure_credentials(3600)
    assert len(asked) == 2, "new credentials would not last longer"


def test_a_plan_longer_than_the_credentials_writes_nothing_without_a_code(
    served: str, profiles: WriteFile, sts: FakeSts, env: RegistryEnv
) -> None:
    support.push_image(env.client, "team/app", "one", "v1")
    profiles(MFA)
    sts.lifetime = timedelta(minutes=30)
    opened(served, user=User(mfa_code=lambda _: "123456"))[0].location()
    registry, _ = opened(served)
    engine = open_engine(registry, load({"writes_per_second": 0.001}))
    plan = engine.plan(TagChange("team/app", tag, env.tags()["v1"]) for tag in ("a", "b", "c"))
    assert "The profile needs an MFA code" in failed(engine.apply, plan).title
    assert list(env.tags()) == ["v1"]


def test_credentials_without_mfa_need_no_code(served: str, profiles: WriteFile, sts: FakeSts) -> None:
    profiles(ROLE)
    registry, _ = opened(served)
    registry.location()
    registry.ensure_credentials(10**6)
    assert registry.mfa_ends() == 0


def test_the_registry_process_asks_once_for_its_preparation_and_the_first_operation(
    served: str, profiles: WriteFile, tmp_path: Path
) -> None:
    profiles(f"[profile p]\ncredential_process = sh -c 'echo run >> {tmp_path}/runs; exit 1'\n")
    process = RegistryProcess()
    offers: list[str] = []

    def declined(command: str, profile: str, problem: str) -> None:
        offers.append(profile)

    registry = RemoteRegistry(process.open(Connection(profile="p", endpoint_url=served), User(lend_terminal=declined)))
    process.start()
    for runs in (1, 2):
        assert failed(registry.location).title == "credential_process failed"
        assert ((tmp_path / "runs").read_text().count("run"), len(offers)) == (runs, runs)
    process.close()
