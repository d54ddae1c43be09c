"""The listing of the AWS profiles: kind, account, role, region and sign-in state, from files only."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ecrtui.ecr.profile import Profile, ProfileKind, ProfileList, SignInState
from ecrtui.registry.profiles import list_profiles
from ecrtui.registry.sso.configuration import token_path
from ecrtui.settings import Connection
from ecrtui.wiring import open_registry
from tests.registry.conftest import WriteFile
from tests.support.fake_sts import FakeSts

NOW = datetime(2026, 11, 27, 10, 0, tzinfo=UTC)
START_URL = "https://example.awsapps.com/start"

CONFIG = f"""
[default]
region = us-east-1
[profile keys]
aws_access_key_id = ASIAQNZGKIQY56JQ7WML
aws_secret_access_key = secret
region = eu-west-1
[profile old-key]
aws_access_key_id = AKIAIOSFODNN7EXAMPLE
aws_secret_access_key = secret
[profile session-key]
aws_access_key_id = ASIAQNZGKIQY56JQ7WML
aws_secret_access_key = secret
aws_session_token = token
[profile half-key]
aws_access_key_id = ASIAQNZGKIQY56JQ7WML
[profile role]
role_arn = arn:aws:iam::222222222222:role/path/deploy
source_profile = keys
[profile chain]
role_arn = arn:aws:iam::333333333333:role/admin
source_profile = role
[profile mfa]
role_arn = arn:aws:iam::222222222222:role/deploy
source_profile = keys
mfa_serial = arn:aws:iam::029608264753:mfa/me
[profile cached]
role_arn = arn:aws:iam::222222222222:role/cached
source_profile = keys
mfa_serial = arn:aws:iam::029608264753:mfa/me
duration_seconds = 3600
[profile ending]
role_arn = arn:aws:iam::222222222222:role/ending
source_profile = keys
[profile own]
role_arn = arn:aws:iam::222222222222:role/own
source_profile = own
aws_access_key_id = ASIAQNZGKIQY56JQ7WML
aws_secret_access_key = secret
[profile key-before-role]
role_arn = arn:aws:iam::222222222222:role/x
source_profile = own
[profile loop-a]
role_arn = arn:aws:iam::222222222222:role/a
source_profile = loop-b
[profile loop-b]
role_arn = arn:aws:iam::222222222222:role/b
source_profile = loop-a
[profile self]
role_arn = arn:aws:iam::222222222222:role/a
source_profile = self
[profile orphan]
role_arn = arn:aws:iam::222222222222:role/a
source_profile = nobody
[profile no-source]
role_arn = arn:aws:iam::222222222222:role/a
[profile two-sources]
role_arn = arn:aws:iam::222222222222:role/a
source_profile = keys
credential_source = Environment
[profile from-empty]
role_arn = arn:aws:iam::222222222222:role/a
source_profile = default
[profile from-instance]
role_arn = arn:aws:iam::222222222222:role/a
credential_source = Ec2InstanceMetadata
[profile from-nothing]
role_arn = arn:aws:iam::222222222222:role/a
credential_source = Environment
[profile from-unknown]
role_arn = arn:aws:iam::222222222222:role/a
credential_source = Elsewhere
[profile from-sso]
role_arn = arn:aws:iam::222222222222:role/a
source_profile = sso-out
[profile from-sso-mfa]
role_arn = arn:aws:iam::222222222222:role/a
source_profile = sso-out
mfa_serial = arn:aws:iam::029608264753:mfa/me
[profile web]
role_arn = arn:aws:iam::222222222222:role/web
web_identity_token_file = /dev/null/nothing
[profile web-without-role]
web_identity_token_file = /etc/hostname
[profile sso]
sso_session = corp
sso_account_id = 444444444444
sso_role_name = ReadOnly
[profile sso-out]
sso_session = out
sso_account_id = 444444444444
sso_role_name = Admin
[profile sso-ended]
sso_session = ended
sso_account_id = 444444444444
sso_role_name = Admin
[profile sso-damaged]
sso_session = damaged
sso_account_id = 444444444444
sso_role_name = Admin
[profile sso-cached]
sso_session = out
sso_account_id = 444444444444
sso_role_name = Cached
[profile sso-legacy]
sso_start_url = {START_URL}
sso_region = eu-west-1
sso_account_id = 444444444444
sso_role_name = Admin
[profile sso-token]
sso_session = corp
[profile sso-half]
sso_session = corp
sso_account_id = 444444444444
[profile sso-nowhere]
sso_session = nowhere
sso_account_id = 444444444444
sso_role_name = Admin
[profile sso-other]
sso_session = corp
sso_region = us-east-1
sso_account_id = 444444444444
sso_role_name = Admin
[profile login]
login_session = arn:aws:iam::555555555555:user/me
[profile login-out]
login_session = arn:aws:iam::555555555555:user/you
[profile process]
credential_process = /must/not/run
aws_account_id = 666666666666
[profile process-and-key]
credential_process = /must/not/run
aws_access_key_id = ASIAQNZGKIQY56JQ7WML
aws_secret_access_key = secret
[profile both-files]
credential_process = /must/not/run
[plain]
region = eu-west-1
[sso-session corp]
sso_start_url = {START_URL}
sso_region = eu-west-1
[sso-session out]
sso_start_url = {START_URL}
sso_region = eu-west-1
[sso-session ended]
sso_start_url = {START_URL}
sso_region = eu-west-1
[sso-session damaged]
sso_start_url = {START_URL}
sso_region = eu-west-1
"""

CREDENTIALS = """
[both-files]
aws_access_key_id = AKIAIOSFODNN7EXAMPLE
aws_secret_access_key = secret
[only-there]
aws_access_key_id = AKIAIOSFODNN7EXAMPLE
aws_secret_access_key = secret
"""

KEY, ROLE, SSO, HOST = ProfileKind.ACCESS_KEY, ProfileKind.ROLE, ProfileKind.SSO, ProfileKind.HOST
LOGIN, PROCESS, WEB = ProfileKind.LOGIN, ProfileKind.PROCESS, ProfileKind.WEB_IDENTITY
READY, SIGNED_IN, UNKNOWN = SignInState.NOT_NEEDED, SignInState.SIGNED_IN, SignInState.UNKNOWN
OUT, UNUSABLE, EXPIRED = SignInState.SIGNED_OUT, SignInState.UNUSABLE, SignInState.EXPIRED
RENEWABLE, CODE = SignInState.RENEWABLE, SignInState.NEEDS_CODE

EXPECTED: dict[str, tuple[ProfileKind, str, str, SignInState, str]] = {
    # kind, account, role, state, a part of the problem
    "default": (HOST, "", "", UNKNOWN, ""),
    "keys": (KEY, "029608264753", "", READY, ""),
    "old-key": (KEY, "", "", READY, ""),
    "session-key": (KEY, "029608264753", "", UNKNOWN, ""),
    "half-key": (KEY, "029608264753", "", UNUSABLE, "no aws_secret_access_key"),
    "role": (ROLE, "222222222222", "deploy", READY, ""),
    "chain": (ROLE, "333333333333", "admin", READY, ""),
    "mfa": (ROLE, "222222222222", "deploy", CODE, ""),
    "cached": (ROLE, "222222222222", "cached", SIGNED_IN, ""),
    "ending": (ROLE, "222222222222", "ending", READY, ""),
    "own": (ROLE, "222222222222", "own", READY, ""),
    "key-before-role": (ROLE, "222222222222", "x", READY, ""),
    "loop-a": (ROLE, "222222222222", "a", UNUSABLE, "loop-a leads back to itself"),
    "loop-b": (ROLE, "222222222222", "b", UNUSABLE, "loop-b leads back to itself"),
    "self": (ROLE, "222222222222", "a", UNUSABLE, "self leads back to itself"),
    "orphan": (ROLE, "222222222222", "a", UNUSABLE, "nobody does not exist"),
    "no-source": (ROLE, "222222222222", "a", UNUSABLE, "no source_profile"),
    "two-sources": (ROLE, "222222222222", "a", UNUSABLE, "both source_profile"),
    "from-empty": (ROLE, "222222222222", "a", UNUSABLE, "default has no credentials"),
    "from-instance": (ROLE, "222222222222", "a", UNKNOWN, ""),
    "from-nothing": (ROLE, "222222222222", "a", UNUSABLE, "Environment"),
    "from-unknown": (ROLE, "222222222222", "a", UNUSABLE, "Elsewhere"),
    "from-sso": (ROLE, "222222222222", "a", OUT, ""),
    "from-sso-mfa": (ROLE, "222222222222", "a", OUT, ""),
    "web": (WEB, "222222222222", "web", UNUSABLE, "/dev/null/nothing"),
    "web-without-role": (WEB, "", "", UNUSABLE, "no role_arn"),
    "sso": (SSO, "444444444444", "ReadOnly", SIGNED_IN, ""),
    "sso-out": (SSO, "444444444444", "Admin", OUT, ""),
    "sso-ended": (SSO, "444444444444", "Admin", RENEWABLE, ""),
    "sso-damaged": (SSO, "444444444444", "Admin", OUT, ""),
    "sso-cached": (SSO, "444444444444", "Cached", SIGNED_IN, ""),
    "sso-legacy": (SSO, "444444444444", "Admin", EXPIRED, ""),
    "sso-token": (ProfileKind.SSO_WITHOUT_ROLE, "", "", UNUSABLE, "no sso_account_id"),
    "sso-half": (SSO, "444444444444", "", UNUSABLE, "no sso_role_name"),
    "sso-nowhere": (SSO, "444444444444", "Admin", UNUSABLE, "nowhere does not exist"),
    "sso-other": (SSO, "444444444444", "Admin", UNUSABLE, "sso_region differs"),
    "login": (LOGIN, "555555555555", "me", RENEWABLE, ""),
    "login-out": (LOGIN, "555555555555", "you", OUT, ""),
    "process": (PROCESS, "666666666666", "", UNKNOWN, ""),
    "process-and-key": (PROCESS, "", "", UNKNOWN, ""),
    "both-files": (KEY, "", "", READY, ""),
    "only-there": (KEY, "", "", READY, ""),
}


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
    write_json(own_home / ".aws/credentials", CREDENTIALS)
    token = {"accessToken": "t", "expiresAt": "2026-11-27T12:00:00Z"}
    write_json(token_path("corp"), token)
    ended = {"accessToken": "t", "expiresAt": "2026-11-27T09:00:00UTC", "refreshToken": "r"}
    ended["registrationExpiresAt"] = "2027-01-01T00:00:00Z"
    write_json(token_path("ended"), ended)
    write_json(token_path(START_URL), ended)
    write_json(token_path("damaged"), '{"accessToken": ')
    login = {"accessToken": {"expiresAt": "2026-11-27T09:00:00Z"}, "refreshToken": "r"}
    name = hashlib.sha256(b"arn:aws:iam::555555555555:user/me").hexdigest()
    write_json(own_home / ".aws/login/cache" / f"{name}.json", login)
    role = "arn:aws:iam::222222222222:role/"
    serial = "arn:aws:iam::029608264753:mfa/me"
    cache_role(own_home, {"RoleArn": f"{role}cached", "SerialNumber": serial, "DurationSeconds": 3600}, 45)
    cache_role(own_home, {"RoleArn": f"{role}ending"}, 14)
    sso = {"accountId": "444444444444", "roleName": "Cached", "sessionName": "out"}
    cache_role(own_home, sso, 45, separators=(",", ":"))
    return list_profiles({}, NOW)


def test_each_profile_has_its_kind_account_role_and_state(listing: ProfileList) -> None:
    found = {profile.name: profile for profile in listing.profiles}
    shown = {name: (entry.kind, entry.account, entry.role, entry.state) for name, entry in found.items()}
    assert shown == {name: row[:4] for name, row in EXPECTED.items()}
    for name, row in EXPECTED.items():
        assert row[4] in found[name].problem, name
        assert bool(row[4]) == bool(found[name].problem), name
    assert [session.state for session in listing.sso_sessions] == [SIGNED_IN, OUT, RENEWABLE, OUT]
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
    profiles(CONFIG.replace("ASIAQNZGKIQY56JQ7WML", "KEY"))
    for name in ("role", "cached"):
        assert _state(name) is not SIGNED_IN
        registry = open_registry(Connection(profile=name, endpoint_url=served, region="eu-west-1"))
        registry._clients._user.mfa_code = lambda _: "123456"
        registry.location()
        assert _state(name) is SIGNED_IN


def _state(name: str) -> SignInState:
    return next(profile.state for profile in list_profiles().profiles if profile.name == name)
