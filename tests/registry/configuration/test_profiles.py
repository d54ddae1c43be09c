"""The listing of the AWS profiles: kind, account, role, region and sign-in state, from files only."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ecrtui.ecr.profile import Profile, ProfileKind, ProfileList, SignInState
from ecrtui.registry.configuration.profiles import list_profiles
from ecrtui.registry.sso.configuration import token_path
from ecrtui.settings import Connection
from ecrtui.wiring import open_registry
from tests.registry.conftest import WriteFile
from tests.support.fake_sts import FakeSts

NOW = datetime(2026, 11, 27, 10, 0, tzinfo=UTC)
START_URL = "https://example.awsapps.com/start"

KEY, ROLE, SSO, HOST = ProfileKind.ACCESS_KEY, ProfileKind.ROLE, ProfileKind.SSO, ProfileKind.HOST
LOGIN, PROCESS, WEB = ProfileKind.LOGIN, ProfileKind.PROCESS, ProfileKind.WEB_IDENTITY
READY, SIGNED_IN, UNKNOWN = SignInState.NOT_NEEDED, SignInState.SIGNED_IN, SignInState.UNKNOWN
OUT, UNUSABLE, EXPIRED = SignInState.SIGNED_OUT, SignInState.UNUSABLE, SignInState.EXPIRED
RENEWABLE, CODE = SignInState.RENEWABLE, SignInState.NEEDS_CODE

Section = dict[str, str]

NEW_KEY, OLD_KEY = "ASIAQNZGKIQY56JQ7WML", "AKIAIOSFODNN7EXAMPLE"
A, B, C, D, E = (digit * 12 for digit in "23456")
OF_NEW_KEY = "029608264753"
MFA = {"mfa_serial": f"arn:aws:iam::{OF_NEW_KEY}:mfa/me"}


def keys(access_key: str = NEW_KEY, **more: str) -> Section:
    return {"aws_access_key_id": access_key, "aws_secret_access_key": "secret", **more}


def role(path: str, account: str = A, **more: str) -> Section:
    return {"role_arn": f"arn:aws:iam::{account}:role/{path}", **more}


def sso(session: str, name: str = "Admin", **more: str) -> Section:
    return {"sso_session": session, "sso_account_id": C, "sso_role_name": name, **more}


PROFILES: dict[str, tuple[Section, ProfileKind, str, str, SignInState, str]] = {
    # its section, kind, account, role, state, a part of the problem
    "default": ({"region": "us-east-1"}, HOST, "", "", UNKNOWN, ""),
    "keys": (keys(region="eu-west-1"), KEY, OF_NEW_KEY, "", READY, ""),
    "old-key": (keys(OLD_KEY), KEY, "", "", READY, ""),
    "session-key": (keys(aws_session_token="token"), KEY, OF_NEW_KEY, "", UNKNOWN, ""),
    "half-key": ({"aws_access_key_id": NEW_KEY}, KEY, OF_NEW_KEY, "", UNUSABLE, "no aws_secret_access_key"),
    "role": (role("path/deploy", source_profile="keys"), ROLE, A, "deploy", READY, ""),
    "chain": (role("admin", B, source_profile="role"), ROLE, B, "admin", READY, ""),
    "mfa": (role("deploy", source_profile="keys", **MFA), ROLE, A, "deploy", CODE, ""),
    "cached": (role("cached", source_profile="keys", duration_seconds="3600", **MFA), ROLE, A, "cached", SIGNED_IN, ""),
    "ending": (role("ending", source_profile="keys"), ROLE, A, "ending", READY, ""),
    "own": (role("own", source_profile="own", **keys()), ROLE, A, "own", READY, ""),
    "key-before-role": (role("x", source_profile="own"), ROLE, A, "x", READY, ""),
    "loop-a": (role("a", source_profile="loop-b"), ROLE, A, "a", UNUSABLE, "loop-a leads back to itself"),
    "loop-b": (role("b", source_profile="loop-a"), ROLE, A, "b", UNUSABLE, "loop-b leads back to itself"),
    "self": (role("a", source_profile="self"), ROLE, A, "a", UNUSABLE, "self leads back to itself"),
    "orphan": (role("a", source_profile="nobody"), ROLE, A, "a", UNUSABLE, "nobody does not exist"),
    "no-source": (role("a"), ROLE, A, "a", UNUSABLE, "no source_profile"),
    "two-sources": (
        role("a", source_profile="keys", credential_source="Environment"),
        *(ROLE, A, "a", UNUSABLE, "both source_profile"),
    ),
    "from-empty": (role("a", source_profile="default"), ROLE, A, "a", UNUSABLE, "default has no credentials"),
    "from-instance": (role("a", credential_source="Ec2InstanceMetadata"), ROLE, A, "a", UNKNOWN, ""),
    "from-nothing": (role("a", credential_source="Environment"), ROLE, A, "a", UNUSABLE, "Environment"),
    "from-unknown": (role("a", credential_source="Elsewhere"), ROLE, A, "a", UNUSABLE, "Elsewhere"),
    "from-sso": (role("a", source_profile="sso-out"), ROLE, A, "a", OUT, ""),
    "from-sso-mfa": (role("a", source_profile="sso-out", **MFA), ROLE, A, "a", OUT, ""),
    "web": (role("web", web_identity_token_file="/dev/null/nothing"), WEB, A, "web", UNUSABLE, "/dev/null/nothing"),
    "web-without-role": ({"web_identity_token_file": "/etc/hostname"}, WEB, "", "", UNUSABLE, "no role_arn"),
    "sso": (sso("corp", "ReadOnly"), SSO, C, "ReadOnly", SIGNED_IN, ""),
    "sso-out": (sso("out"), SSO, C, "Admin", OUT, ""),
    "sso-ended": (sso("ended"), SSO, C, "Admin", RENEWABLE, ""),
    "sso-damaged": (sso("damaged"), SSO, C, "Admin", OUT, ""),
    "sso-cached": (sso("out", "Cached"), SSO, C, "Cached", SIGNED_IN, ""),
    "sso-legacy": (
        {"sso_start_url": START_URL, "sso_region": "eu-west-1", "sso_account_id": C, "sso_role_name": "Admin"},
        *(SSO, C, "Admin", EXPIRED, ""),
    ),
    "sso-token": ({"sso_session": "corp"}, ProfileKind.SSO_WITHOUT_ROLE, "", "", UNUSABLE, "no sso_account_id"),
    "sso-half": ({"sso_session": "corp", "sso_account_id": C}, SSO, C, "", UNUSABLE, "no sso_role_name"),
    "sso-nowhere": (sso("nowhere"), SSO, C, "Admin", UNUSABLE, "nowhere does not exist"),
    "sso-other": (sso("corp", sso_region="us-east-1"), SSO, C, "Admin", UNUSABLE, "sso_region differs"),
    "login": ({"login_session": f"arn:aws:iam::{D}:user/me"}, LOGIN, D, "me", RENEWABLE, ""),
    "login-out": ({"login_session": f"arn:aws:iam::{D}:user/you"}, LOGIN, D, "you", OUT, ""),
    "process": ({"credential_process": "/must/not/run", "aws_account_id": E}, PROCESS, E, "", UNKNOWN, ""),
    "process-and-key": (keys(credential_process="/must/not/run"), PROCESS, "", "", UNKNOWN, ""),
    "both-files": ({"credential_process": "/must/not/run"}, KEY, "", "", READY, ""),
    "only-there": ({}, KEY, "", "", READY, ""),
    "nested": (
        {"sso_session": "\n  x = 1", "sso_account_id": C, "region": "\n  x = 1"},
        SSO,
        C,
        "",
        UNUSABLE,
        "no sso",
    ),
}
IN_CREDENTIALS_FILE = ("both-files", "only-there")
SSO_SESSIONS = ("corp", "out", "ended", "damaged")


def ini(sections: dict[str, Section]) -> str:
    return "".join(
        f"[{title}]\n" + "".join(f"{name} = {value}\n" for name, value in section.items())
        for title, section in sections.items()
    )


CONFIG = ini(
    {("default" if name == "default" else f"profile {name}"): row[0] for name, row in PROFILES.items() if row[0]}
    | {"plain": {"region": "eu-west-1"}}  # no profile
    | {f"sso-session {name}": {"sso_start_url": START_URL, "sso_region": "eu-west-1"} for name in SSO_SESSIONS}
    | {"sso-session nested": {"sso_start_url": "\n  x = 1"}}
)


def write_json(path: Path, content: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content))


def cache_role(home: Path, arguments: dict[str, Any], minutes: float, *, separators: Any = None) -> None:
    key = hashlib.sha1(json.dumps(arguments, sort_keys=True, separators=separators).encode(), usedforsecurity=False)
    end = (NOW + timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%SZ")
    keys = {"AccessKeyId": "A", "SecretAccessKey": "s", "SessionToken": "t", "Expiration": end}
    write_json(home / ".aws/cli/cache" / f"{key.hexdigest()}.json", {"Credentials": keys})


@pytest.fixture
def listing(own_home: Path) -> ProfileList:
    """Every kind of profile, with the caches of the AWS CLI."""
    write_json(own_home / ".aws/config", CONFIG)
    write_json(own_home / ".aws/credentials", ini(dict.fromkeys(IN_CREDENTIALS_FILE, keys(OLD_KEY))))
    token = {"accessToken": "t", "expiresAt": "2026-11-27T12:00:00Z"}
    write_json(token_path("corp"), token)
    ended = {"accessToken": "t", "expiresAt": "2026-11-27T09:00:00UTC", "refreshToken": "r"}
    ended["registrationExpiresAt"] = "2027-01-01T00:00:00Z"
    write_json(token_path("ended"), ended)
    write_json(token_path(START_URL), ended)
    write_json(token_path("damaged"), '{"accessToken": ')
    login = {"accessToken": {"expiresAt": "2026-11-27T09:00:00Z"}, "refreshToken": "r"}
    name = hashlib.sha256(PROFILES["login"][0]["login_session"].encode()).hexdigest()
    write_json(own_home / ".aws/login/cache" / f"{name}.json", login)
    prefix, serial = f"arn:aws:iam::{A}:role/", MFA["mfa_serial"]
    cache_role(own_home, {"RoleArn": f"{prefix}cached", "SerialNumber": serial, "DurationSeconds": 3600}, 45)
    cache_role(own_home, {"RoleArn": f"{prefix}ending"}, 14)
    arguments = {"accountId": C, "roleName": "Cached", "sessionName": "out"}
    cache_role(own_home, arguments, 45, separators=(",", ":"))
    return list_profiles({}, NOW)


def test_each_profile_has_its_kind_account_role_and_state(listing: ProfileList) -> None:
    found = {profile.name: profile for profile in listing.profiles}
    shown = {name: (entry.kind, entry.account, entry.role, entry.state) for name, entry in found.items()}
    assert shown == {name: row[1:5] for name, row in PROFILES.items()}
    for name, (*_, problem) in PROFILES.items():
        assert problem in found[name].problem, name
        assert bool(problem) == bool(found[name].problem), name
    assert [session.state for session in listing.sso_sessions] == [SIGNED_IN, OUT, RENEWABLE, OUT, OUT]
    assert listing.sso_sessions[0].until == NOW + timedelta(hours=2)
    assert found["cached"].until == NOW + timedelta(minutes=45)
    assert (found["chain"].via, found["own"].via, found["from-sso"].via) == (("role", "keys"), (), ("sso-out",))
    assert (found["from-sso"].sso_session, found["from-sso"].login_profile) == ("out", "sso-out")
    assert (found["keys"].account_by_key, found["process"].account_by_key) == (True, False)


def test_the_credentials_of_the_environment_come_first_and_its_region_wins(listing: ProfileList) -> None:
    variables = {"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": "s", "AWS_REGION": "eu-north-1"}
    again = list_profiles(variables, NOW).profiles
    assert again[0] == Profile("", ProfileKind.ENVIRONMENT, region="eu-north-1", state=READY)
    assert {profile.region for profile in again} == {"eu-north-1"}
    assert {profile.region for profile in listing.profiles} == {"", "eu-west-1", "us-east-1"}
    assert next(p for p in again if p.name == "from-nothing").state is READY


def test_a_broken_file_is_named_with_its_line(own_home: Path) -> None:
    write_json(own_home / ".aws/config", "[default]\nregion = eu-west-1\nnonsense\n")
    found = list_profiles({}, NOW)
    assert found.profiles == ()
    assert "config, line 3" in found.problem


def test_without_files_there_are_no_profiles(own_home: Path) -> None:
    assert list_profiles({}, NOW) == ProfileList()


def test_other_files_are_those_of_the_variables(tmp_path: Path) -> None:
    write_json(tmp_path / "c", "[profile there]\nregion = eu-west-1\n")
    found = list_profiles({"AWS_CONFIG_FILE": str(tmp_path / "c")}, NOW).profiles
    assert [(profile.name, profile.region) for profile in found] == [("there", "eu-west-1")]


def test_credentials_that_botocore_has_cached_are_found(served: str, profiles: WriteFile, sts: FakeSts) -> None:
    profiles(CONFIG.replace(NEW_KEY, "KEY"))
    for name in ("role", "cached"):
        assert _state(name) is not SIGNED_IN
        registry = open_registry(Connection(profile=name, endpoint_url=served, region="eu-west-1"))
        registry._clients._user.mfa_code = lambda _: "123456"
        registry.location()
        assert _state(name) is SIGNED_IN


def _state(name: str) -> SignInState:
    return next(profile.state for profile in list_profiles().profiles if profile.name == name)
