"""When signing in fails, the error names the file, the line, the clock or the command, and the way out."""

from __future__ import annotations

import hashlib
import json
import os
import socket
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ecrtui.errors import ConnectionFailed, CredentialsError, ErrorKind
from ecrtui.registry.configuration.session import new_session
from ecrtui.registry.credentials.sign_in_hints import sign_in_hint
from ecrtui.registry.user import User
from ecrtui.settings import Connection
from ecrtui.wiring import open_registry
from tests.registry.conftest import RegistryEnv, WriteFile, failed
from tests.registry.credentials.test_sign_in import ROLE, opened
from tests.support.aws_profiles import SSO
from tests.support.fake_sts import FakeSts
from tests.support.local_server import LocalServer, QuietHandler

FILES: dict[str, Callable[[Path], object]] = {
    "empty": lambda path: path.write_bytes(b""),
    "cut": lambda path: path.write_bytes(b'{"Credentials": {"AccessKey'),
    "not UTF-8": lambda path: path.write_bytes(b'{"accessToken": "\xff"}'),
    "UTF-16": lambda path: path.write_bytes("{}".encode("utf-16")),
    "zeros": lambda path: path.write_bytes(b"\0" * 200),
    "no object": lambda path: path.write_text("[]"),
    "null": lambda path: path.write_text("null"),
    "empty object": lambda path: path.write_text("{}"),
    "deep": lambda path: path.write_text("[" * 100_000),
    "wrong types": lambda path: path.write_text(
        '{"Credentials": {"AccessKeyId": 1, "SecretAccessKey": [], "SessionToken": {}, "Expiration": 5}, '
        '"accessToken": 5, "expiresAt": {}}'
    ),
    "no time": lambda path: path.write_text(
        '{"Credentials": {"AccessKeyId": "K", "SecretAccessKey": "s", "SessionToken": "t", "Expiration": "soon"}, '
        '"accessToken": "t", "expiresAt": "soon"}'
    ),
    "time without zone": lambda path: path.write_text(
        '{"Credentials": {"AccessKeyId": "K", "SecretAccessKey": "s", "SessionToken": "t", '
        '"Expiration": "2040-01-01T00:00:00"}, "accessToken": "t", "expiresAt": "2040-01-01T00:00:00"}'
    ),
    "folder": lambda path: path.mkdir(),
    "FIFO": os.mkfifo,
    "link to itself": lambda path: path.symlink_to(path),
    "link to nothing": lambda path: path.symlink_to(path.with_name("nothing")),
}


@pytest.mark.parametrize("kind", FILES)
def test_a_damaged_file_in_the_credentials_cache_is_not_used(
    served: str, profiles: WriteFile, sts: FakeSts, own_home: Path, kind: str
) -> None:
    profiles(ROLE)
    opened(served)[0].location()
    (path,) = (own_home / ".aws" / "cli" / "cache").iterdir()
    path.unlink()
    FILES[kind](path)
    registry, keys = opened(served)
    registry.location()
    assert keys == ["ROLEKEY2"]


@pytest.mark.parametrize("profile", ["legacy", "modern", "role"])
@pytest.mark.parametrize("kind", FILES)
def test_a_damaged_sign_in_file_is_named(
    served: str, profiles: WriteFile, own_home: Path, kind: str, profile: str
) -> None:
    cache = own_home / ".aws" / "sso" / "cache"
    profiles(SSO)
    cache.mkdir(parents=True)
    name = "https://example.awsapps.com/start" if profile == "legacy" else "corp"
    path = cache / f"{hashlib.sha1(name.encode(), usedforsecurity=False).hexdigest()}.json"
    FILES[kind](path)
    error = failed(open_registry(Connection(profile=profile, endpoint_url=served)).location)
    assert isinstance(error, CredentialsError)
    assert str(path) in error.detail
    accepted = "modern" if profile == "role" else profile
    assert error.hint == f"Run `aws sso login --profile {accepted}`, then try again."


# what AWS refuses


def entry(key: str) -> str:
    until = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    return json.dumps(
        {
            "Credentials": {
                "AccessKeyId": key,
                "SecretAccessKey": "s",
                "SessionToken": "t",
                "Expiration": until,
            }
        }
    )


@pytest.mark.parametrize("code", ["ExpiredTokenException", "UnrecognizedClientException", "InvalidSignatureException"])
def test_only_the_refused_entry_leaves_the_cache(
    env: RegistryEnv, served: str, profiles: WriteFile, sts: FakeSts, own_home: Path, code: str
) -> None:
    profiles(ROLE)
    opened(served)[0].location()
    cache = own_home / ".aws" / "cli" / "cache"
    (path,) = cache.iterdir()
    (cache / "other.json").write_text(entry("OTHER"))
    (cache / "notes.txt").write_text(entry("ROLEKEY1"))
    env.fault(f"DescribeRegistry:error:code={code}:status=403:times=1")
    registry, keys = opened(served)
    assert registry.location().registry_id, "the role is assumed again, and the read is repeated"
    assert keys[0] == "ROLEKEY1"
    assert {left.name for left in cache.iterdir()} == {"other.json", "notes.txt", path.name}
    assert json.loads(path.read_text())["Credentials"]["AccessKeyId"] == "ROLEKEY2"


@pytest.mark.parametrize("code", ["AccessDeniedException", "ThrottlingException"])
def test_other_errors_leave_the_cache_alone(
    env: RegistryEnv, served: str, profiles: WriteFile, sts: FakeSts, own_home: Path, code: str, no_sdk_retries: None
) -> None:
    profiles(ROLE)
    opened(served)[0].location()
    env.fault(f"DescribeRepositories:error:code={code}")
    failed(opened(served)[0].repository, "team/app")
    assert len(list((own_home / ".aws" / "cli" / "cache").iterdir())) == 1


def test_the_refused_credentials_of_the_source_leave_the_cache(
    served: str, profiles: WriteFile, sts: FakeSts, own_home: Path
) -> None:
    profiles(
        ROLE + "[profile second]\nrole_arn = arn:aws:iam::123456789012:role/second\nsource_profile = role\n",
    )
    opened(served, "role")[0].location()
    (source,) = (own_home / ".aws" / "cli" / "cache").iterdir()
    sts.error = "ExpiredToken"
    error = failed(open_registry(Connection(profile="second", endpoint_url=served)).location)
    assert error.code == "ExpiredToken"
    assert not source.exists()


def test_a_new_mfa_code_does_not_help_if_the_access_key_is_refused(
    served: str, profiles: WriteFile, sts: FakeSts
) -> None:
    profiles(f"{ROLE}mfa_serial = arn:aws:iam::123456789012:mfa/me\n")
    sts.error = "InvalidClientTokenId"
    error = failed(opened(served, user=User(mfa_code=lambda _: "123456"))[0].location)
    assert (error.title, error.detail) == ("AWS does not accept the credentials", "AssumeRole: refused")
    assert "aws configure --profile base" in error.hint
    assert "MFA" not in error.hint
    assert len(sts.calls) == 1


@pytest.mark.parametrize("code", ["UnrecognizedClientException", "ExpiredTokenException"])
def test_a_key_that_aws_does_not_know_points_to_the_region(
    env: RegistryEnv, served: str, profiles: WriteFile, code: str
) -> None:
    profiles(ROLE)
    env.fault(f"DescribeRepositories:error:code={code}:status=400")
    hint = failed(opened(served, "base")[0].repository, "team/app").hint
    assert hint.startswith("Renew the access key of the profile (`aws configure --profile base`)")
    assert ("this one is not enabled" in hint) == (code == "UnrecognizedClientException")


# clocks


@pytest.mark.parametrize(
    "message",
    [
        "Signature expired: 20261127T010000Z is now earlier than 20261127T015500Z (20261127T020000Z - 5 min.)",
        "Signature not yet current: 20261127T030000Z is still later than 20261127T020500Z (20261127T020000Z + 5 min.)",
    ],
)
@pytest.mark.parametrize("code", ["InvalidSignatureException", "SignatureDoesNotMatch"])
def test_a_wrong_clock_is_named(
    env: RegistryEnv, served: str, profiles: WriteFile, sts: FakeSts, own_home: Path, code: str, message: str
) -> None:
    profiles(ROLE)
    opened(served)[0].location()
    spec = f"DescribeRepositories:error:code={code}:status=403:message={message.replace(':', '%3A')}"
    env.embedded.faults.add(spec)
    error = failed(opened(served)[0].repository, "team/app")
    assert error.kind is ErrorKind.CLOCK
    assert error.title == "The clock of this machine is wrong"
    assert "Set the clock" in error.hint
    assert len(list((own_home / ".aws" / "cli" / "cache").iterdir())) == 1


def test_credentials_that_arrive_expired_point_to_the_clock(served: str, profiles: WriteFile, sts: FakeSts) -> None:
    profiles(ROLE)
    sts.lifetime = timedelta(hours=-1)
    error = failed(opened(served)[0].location)
    assert isinstance(error, CredentialsError)
    assert "clock of this machine says" in error.detail
    assert "Set the clock" in error.hint


def test_credentials_of_the_environment_that_state_their_end_are_to_be_renewed(
    served: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_CREDENTIAL_EXPIRATION", "2020-01-01T00:00:00Z")
    error = failed(open_registry(Connection(endpoint_url=served)).location)
    assert isinstance(error, CredentialsError)
    assert error.title == "The credentials have expired"
    assert "AWS_CREDENTIAL_EXPIRATION is 2020-01-01T00:00:00Z" in error.detail
    assert "AWS_ACCESS_KEY_ID" in error.hint


@pytest.mark.parametrize("config", ["", "role_arn = arn:aws:iam::1:role/r\ncredential_source = Environment\n"])
def test_half_an_access_key_in_the_environment_is_not_a_fault_of_the_profile(
    profiles: WriteFile, monkeypatch: pytest.MonkeyPatch, config: str
) -> None:
    profiles(f"[profile p]\nregion = eu-west-1\n{config}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "K")
    error = failed(open_registry(Connection(profile="p" if config else None, region="eu-west-1")).connect)
    assert isinstance(error, CredentialsError)
    assert "AWS_SECRET_ACCESS_KEY" in error.detail
    assert error.hint.startswith("Set AWS_SECRET_ACCESS_KEY")
    assert "Fix the profile" not in error.hint


# a service that does not answer, or refuses the request for a role


def test_the_time_limits_apply_to_the_sign_in(
    served: str, profiles: WriteFile, monkeypatch: pytest.MonkeyPatch, no_sdk_retries: None
) -> None:
    profiles(ROLE)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", f"http://127.0.0.1:{silent.getsockname()[1]}")
        begun = time.monotonic()
        connection = Connection(profile="role", endpoint_url=served, read_timeout=1)
        error = failed(open_registry(connection).location)
    assert error.kind is ErrorKind.TIMED_OUT
    assert time.monotonic() - begun < 30


@pytest.mark.parametrize("code", ["ValidationError", "PackedPolicyTooLarge"])
def test_a_request_for_a_role_that_sts_refuses_is_not_one_that_ecr_refused(
    served: str, profiles: WriteFile, sts: FakeSts, code: str
) -> None:
    profiles(ROLE)
    sts.error, sts.error_status = code, 400
    works: list[bool] = []
    error = failed(opened(served, user=User(on_credentials=works.append))[0].location)
    assert isinstance(error, CredentialsError)
    assert error.title == "AWS refused the sign-in"
    assert error.detail == "AssumeRole: refused"
    assert len(sts.calls) == 1, "one attempt, and no other way to the account"
    assert works == [False]


@pytest.mark.parametrize(
    ("code", "status", "title"),
    [
        ("Throttling", 400, "STS is throttling requests"),
        ("RegionDisabledException", 403, "STS is not enabled in this region"),
        ("404", 404, "The endpoint is not STS"),
    ],
)
def test_an_error_of_sts_is_not_called_one_of_ecr(
    served: str, profiles: WriteFile, sts: FakeSts, no_sdk_retries: None, code: str, status: int, title: str
) -> None:
    profiles(ROLE)
    sts.error, sts.error_status = code, status
    error = failed(opened(served)[0].location)
    assert error.title == title
    assert error.detail == "AssumeRole: refused"
    assert "permission" not in error.hint


# credential_process

VALID = {"Version": 1, "AccessKeyId": "KEY", "SecretAccessKey": "very-secret"}
OUTPUTS: dict[str, tuple[str, str]] = {
    "nothing": ("", "printed nothing"),
    "text": ("Enter your PIN:", "something else"),
    "cut": (json.dumps(VALID)[:-3], "something else"),
    "list": (json.dumps([VALID]), "something else"),
    "version": (json.dumps(VALID | {"Version": 2}), "version 2"),
    "no version": (json.dumps({"AccessKeyId": "KEY", "SecretAccessKey": "very-secret"}), "Version is missing"),
    "no key": (json.dumps({"Version": 1, "SecretAccessKey": "very-secret"}), "AccessKeyId is missing"),
    "number": (json.dumps(VALID | {"AccessKeyId": 5}), "AccessKeyId"),
    "time": (json.dumps(VALID | {"Expiration": "very-secret"}), "something else"),
    "number as time": (json.dumps(VALID | {"Expiration": 1700000000}), "something else"),
    "no zone": (json.dumps(VALID | {"Expiration": "2040-01-01T00:00:00"}), "no time zone"),
    "expired": (json.dumps(VALID | {"Expiration": "2020-01-01T00:00:00Z"}), "expired at 2020-01-01 00:00:00 UTC"),
}


@pytest.mark.parametrize("kind", OUTPUTS)
def test_wrong_output_of_credential_process_is_named(
    served: str, profiles: WriteFile, tmp_path: Path, kind: str
) -> None:
    output, expected = OUTPUTS[kind]
    (tmp_path / "output").write_text(output)
    profiles(f"[profile p]\ncredential_process = cat {tmp_path / 'output'}\n")
    error = failed(open_registry(Connection(profile="p", endpoint_url=served)).location)
    assert isinstance(error, CredentialsError)
    assert expected in error.detail
    assert f"cat {tmp_path / 'output'}" in error.detail
    assert error.hint
    assert "very-secret" not in str(error)


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("no-such-command --profile x", "no-such-command: No such file"),
        ("/etc", "Permission denied"),
        ("'unclosed", "No closing quotation"),
        ("sh -c 'kill -9 $$'", "exit code -9"),
        ("false", "it said nothing"),
    ],
)
def test_a_command_that_cannot_run_is_named(served: str, profiles: WriteFile, command: str, expected: str) -> None:
    profiles(f"[profile p]\ncredential_process = {command}\n")
    error = failed(open_registry(Connection(profile="p", endpoint_url=served)).location)
    assert isinstance(error, CredentialsError)
    assert expected in error.detail
    assert "credential_process" in error.hint


# files

CONFIGS: dict[str, tuple[bytes, str]] = {
    "byte order mark": (b"\xef\xbb\xbf[default]\nregion = eu-west-1\n", "line 1: the file begins with a byte order"),
    "UTF-16": ("[default]\n".encode("utf-16"), "UTF-16"),
    "Latin-1": (b"[default]\nregion = eu-west-1\n# caf\xe9\n", "line 3: Byte 0xe9 is not UTF-8"),
    "no section": (b"\n\naws_secret_access_key = very-secret\n", "line 3: text before the first [section]"),
    "no value": (b"[default]\nregion = x\nvery-secret\n", "line 3: this is neither"),
    "twice": (b"[default]\nregion = x\n[default]\n", "line 3: the section [default] is there twice"),
    "option twice": (b"[default]\nregion = x\nregion = y\n", "line 3: region is there twice"),
    "indented": (b"[default]\nregion = x\ns3 =\n  very-secret\n", "line 4: an indented line"),
}


@pytest.mark.parametrize("name", ["config", "credentials"])
@pytest.mark.parametrize("kind", CONFIGS)
def test_a_broken_configuration_names_file_and_line(served: str, own_home: Path, kind: str, name: str) -> None:
    content, expected = CONFIGS[kind]
    path = own_home / ".aws" / name
    path.parent.mkdir()
    path.write_bytes(content)
    error = failed(open_registry(Connection(endpoint_url=served)).location)
    assert isinstance(error, CredentialsError)
    assert error.detail.startswith(str(path))
    assert expected in error.detail
    assert "very-secret" not in str(error)


@pytest.mark.parametrize("as_folder", [False, True])
def test_a_missing_token_file_is_named(
    served: str, profiles: WriteFile, sts: FakeSts, tmp_path: Path, *, as_folder: bool
) -> None:
    token = tmp_path / "token"
    if as_folder:
        token.mkdir()
    profiles(f"[profile p]\nrole_arn = arn:aws:iam::123456789012:role/deploy\nweb_identity_token_file = {token}\n")
    error = failed(open_registry(Connection(profile="p", endpoint_url=served)).location)
    assert isinstance(error, CredentialsError)
    assert not isinstance(error, ConnectionFailed)
    assert str(token) in error.detail
    assert "web_identity_token_file" in error.hint.lower()


UNREADABLE: dict[str, tuple[Callable[[Path], object], str]] = {
    "folder": (Path.mkdir, "it is not a file"),
    "FIFO": (os.mkfifo, "it is not a file"),
    "link to nothing": (lambda path: path.symlink_to("nothing"), "No such file"),
    "no permission": (lambda path: path.touch(0o000), "you have no permission to read it"),
}


@pytest.mark.parametrize("name", ["config", "credentials"])
@pytest.mark.parametrize("kind", UNREADABLE)
def test_a_file_that_botocore_skips_is_named(
    served: str, own_home: Path, monkeypatch: pytest.MonkeyPatch, kind: str, name: str
) -> None:
    if kind == "no permission" and os.geteuid() == 0:
        pytest.skip("root may read every file")
    make, reason = UNREADABLE[kind]
    path = own_home / ".aws" / name
    path.parent.mkdir()
    make(path)
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    error = failed(open_registry(Connection(endpoint_url=served)).location)
    assert error.title == "No AWS credentials"
    assert f"{path}: {reason}" in error.detail
    error = failed(open_registry(Connection(endpoint_url=served, profile="p")).location)
    assert error.title == "Profile not found"
    assert f"{path}: {reason}" in error.detail


@pytest.mark.parametrize("variable", ["AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"])
def test_a_missing_file_counts_if_a_variable_names_it(
    served: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    assert ".aws" not in failed(open_registry(Connection(endpoint_url=served)).location).detail
    monkeypatch.setenv(variable, str(tmp_path / "missing"))
    error = failed(open_registry(Connection(endpoint_url=served)).location)
    assert f"{tmp_path / 'missing'}: No such file" in error.detail


RENEW = "the token that AWS_WEB_IDENTITY_TOKEN_FILE names. Renew it"


@pytest.mark.parametrize(
    ("content", "code", "hint"),
    [
        (None, "", "AWS_WEB_IDENTITY_TOKEN_FILE"),
        ("", "", RENEW),
        ("an old token", "ExpiredTokenException", RENEW),
        ("a token", "IDPRejectedClaim", RENEW),
        ("a token", "AccessDenied", "Check role_arn (AWS_ROLE_ARN)"),
    ],
)
def test_a_web_identity_token_of_the_environment_that_cannot_be_used_is_named(
    served: str,
    profiles: WriteFile,
    sts: FakeSts,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    content: str | None,
    code: str,
    hint: str,
) -> None:
    """The token comes before the key of the profile."""
    profiles("[default]\naws_access_key_id = K\naws_secret_access_key = s\n")
    if content is not None:
        (tmp_path / "token").write_text(content)
    monkeypatch.setenv("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/deploy")
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(tmp_path / "token"))
    sts.error = code
    error = failed(open_registry(Connection(endpoint_url=served)).location)
    assert isinstance(error, CredentialsError)
    assert hint in error.hint
    assert "IAM permission" not in error.hint


@pytest.mark.parametrize(
    ("variable", "config", "expected"),
    [
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "[default]\n", "AWS_CONTAINER_CREDENTIALS_FULL_URI"),
        ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "[default]\n", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"),
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "[default]\naws_access_key_id = K\n", "aws configure"),
        ("AWS_PAGER", "[default]\nweb_identity_token_file = t\n", "web_identity_token_file"),
        # other programs use mfa_serial of a profile without a role
        ("AWS_PAGER", "[default]\naws_access_key_id = K\nmfa_serial = m\n", "`aws configure`"),
        # an SSO profile needs a role; `aws sso login` does not renew an access key
        ("AWS_PAGER", "[default]\naws_access_key_id = K\nsso_session = corp\n", "`aws configure`)"),
        ("AWS_WEB_IDENTITY_TOKEN_FILE", "[default]\naws_access_key_id = K\n", RENEW),
        (
            "AWS_WEB_IDENTITY_TOKEN_FILE",
            "[default]\nrole_arn = r\nsource_profile = base\n[profile base]\naws_access_key_id = K\n",
            "`aws configure --profile base`",
        ),
        ("AWS_PAGER", "[default]\nregion = eu-west-1\n", "the role of the EC2 instance"),
    ],
)
def test_the_next_step_names_the_source_of_the_credentials(
    profiles: WriteFile, monkeypatch: pytest.MonkeyPatch, variable: str, config: str, expected: str
) -> None:
    profiles(config)
    monkeypatch.setenv(variable, "http://127.0.0.1:9/credentials")
    assert expected in sign_in_hint(new_session(), None)


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ("source_profile = base\n[profile base]\naws_access_key_id = K\n", "`aws configure --profile base`"),
        ("credential_source = Environment\n", "Export new ones"),
        ("source_profile = base\n[profile base]\naws_access_key_id = K\nmfa_serial = m\n", "--profile base"),
        ("source_profile = q\nsso_account_id = 1\n[profile q]\ncredential_process = x\n", "credential_process"),
        ("source_profile = q\n[profile q]\naws_access_key_id = K\nsource_profile = p\n", "aws configure --profile q"),
    ],
)
def test_the_next_step_for_a_role_is_about_its_source(
    profiles: WriteFile, monkeypatch: pytest.MonkeyPatch, config: str, expected: str
) -> None:
    profiles(f"[profile p]\nrole_arn = arn:aws:iam::123456789012:role/r\n{config}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "K")
    hint = sign_in_hint(new_session("p"), "p")
    assert expected in hint
    assert "--profile p" not in hint


BROKEN = {
    "[profile p]\nrole_arn = arn:aws:iam::1:role/r\n": "source_profile or credential_source",
    "[profile p]\nrole_arn = arn:aws:iam::1:role/r\nsource_profile = nobody\n": "nobody",
    "[profile p]\nrole_arn = arn:aws:iam::1:role/r\nsource_profile = p\n": "loop",
    "[profile p]\nrole_arn = arn:aws:iam::1:role/r\ncredential_source = Nowhere\n": "Nowhere",
    "[profile p]\nrole_arn = arn:aws:iam::1:role/r\nsource_profile = q\n[profile q]\nregion = x\n": "q",
    "[profile p]\naws_access_key_id = K\n": "aws_secret_access_key",
    "[profile p]\nsso_session = corp\nsso_account_id = 1\n": "corp",
    "[profile p]\nsso_account_id = 1\nsso_role_name = r\n": "sso_start_url",
    "[profile p]\nweb_identity_token_file = t\n": "role ARN",
    "[profile p]\nsource_profile =\n  x = 1\nrole_arn = arn:aws:iam::1:role/r\n": "the line of source_profile",
    "[profile p]\nrole_arn = arn:aws:iam::1:role/r\nsource_profile = q\n[profile q]\naws_access_key_id =\n a = b\n": (
        "profile q has no value on the line of aws_access_key_id"
    ),
    "[profile p]\nuse_fips_endpoint =\n  x = 1\naws_access_key_id = K\n": "use_fips_endpoint",
    "[profile p]\nsso_session = s\nsso_account_id = 1\n[sso-session s]\nsso_region =\n  x = 1\n": "sso-session s has",
}


@pytest.mark.parametrize("config", BROKEN)
def test_a_broken_profile_is_to_be_fixed_not_renewed(profiles: WriteFile, config: str) -> None:
    profiles(config)
    registry = open_registry(Connection(profile="p", region="eu-west-1", endpoint_url="http://127.0.0.1:9"))
    error = failed(registry.connect)
    assert isinstance(error, CredentialsError)
    assert BROKEN[config].lower() in error.detail.lower()
    assert error.hint.startswith("Fix the profile")


def test_a_role_of_an_instance_that_has_none_is_not_renewed(profiles: WriteFile) -> None:
    profiles("[profile p]\nrole_arn = arn:aws:iam::1:role/r\ncredential_source = Ec2InstanceMetadata\n")
    registry = open_registry(Connection(profile="p", region="eu-west-1", endpoint_url="http://127.0.0.1:9"))
    assert "Ec2InstanceMetadata, which has none here" in failed(registry.connect).hint


@pytest.mark.parametrize("file", ["", "config", "credentials"])
def test_without_any_configuration_the_demo_is_offered(
    profiles: WriteFile, own_home: Path, file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    if file:
        (own_home / ".aws").mkdir()
        (own_home / ".aws" / file).write_text("[default]\n")
    error = failed(open_registry(Connection()).location)
    assert "No region" in error.title
    assert ("--demo" in error.hint) == (not file)


class OtherCloud(LocalServer):
    """The address of the EC2 metadata on a machine elsewhere.

    Args:
        status: the status of every reply.
    """

    def __init__(self, status: int) -> None:
        class Handler(QuietHandler):
            def do_GET(self) -> None:
                self.send_response(status)
                self.end_headers()

            def do_PUT(self) -> None:
                self.do_GET()

        super().__init__(Handler)


@pytest.mark.parametrize(("status", "needs_token"), [(400, "false"), (404, "false"), (404, "true")])
def test_a_machine_of_another_cloud_has_no_region(
    monkeypatch: pytest.MonkeyPatch, status: int, needs_token: str
) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    monkeypatch.delenv("AWS_EC2_METADATA_DISABLED")
    monkeypatch.setenv("AWS_EC2_METADATA_V1_DISABLED", needs_token)
    with OtherCloud(status) as cloud:
        monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", cloud.url)
        assert failed(open_registry(Connection()).location).title == "No region is configured"
