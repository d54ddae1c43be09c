"""Options, environment and ~/.aws select the registry in the order of the AWS CLI."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest
from botocore.loaders import create_loader

from ecrtui.errors import ConnectionFailed, CredentialsError, UsageError
from ecrtui.registry.client import MAX_CONNECTIONS, Clients
from ecrtui.registry.configuration.session import CONNECT_TIMEOUT, READ_TIMEOUT
from ecrtui.registry.endpoint import is_aws
from ecrtui.settings import Connection
from ecrtui.wiring import open_registry
from tests.registry.conftest import RegistryEnv, WriteFile, failed


@pytest.fixture
def aws(own_home: Path, monkeypatch: pytest.MonkeyPatch) -> WriteFile:
    """Writes ~/.aws/config. Removes region and credentials from the environment."""
    for name in ("AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)

    def write(text: str, name: str = "config") -> None:
        folder = own_home / ".aws"
        folder.mkdir(exist_ok=True)
        (folder / name).write_text(text)

    return write


# region and profile

REGIONS = """
[default]
region = default-1
[profile a]
region = a-1
[profile b]
region = b-1
"""


@pytest.mark.parametrize(
    ("flags", "environment", "region"),
    [
        ({}, {}, "default-1"),
        ({"profile": "a"}, {}, "a-1"),
        ({}, {"AWS_PROFILE": "a"}, "a-1"),
        ({}, {"AWS_DEFAULT_PROFILE": "b"}, "b-1"),
        ({}, {"AWS_PROFILE": "a", "AWS_DEFAULT_PROFILE": "b"}, "a-1"),
        ({"profile": "b"}, {"AWS_PROFILE": "a"}, "b-1"),
        ({"profile": "b"}, {"AWS_DEFAULT_REGION": "env-2"}, "env-2"),
        ({}, {"AWS_REGION": "env-1", "AWS_DEFAULT_REGION": "env-2"}, "env-1"),
        ({"region": "flag-1"}, {"AWS_REGION": "env-1"}, "flag-1"),
    ],
)
def test_region_and_profile_follow_the_order_of_the_aws_cli(
    aws: WriteFile, monkeypatch: pytest.MonkeyPatch, flags: dict[str, Any], environment: dict[str, str], region: str
) -> None:
    aws(REGIONS)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert Clients(Connection(sign_request=False, **flags)).region == region


def test_a_missing_region_is_an_error(aws: WriteFile) -> None:
    error = failed(open_registry(Connection()).location)
    assert isinstance(error, CredentialsError)
    assert error.title == "No region is configured"
    assert "--region" in error.hint


def test_an_invalid_region_is_an_error(aws: WriteFile) -> None:
    error = failed(open_registry(Connection(region="EU West")).location)
    assert isinstance(error, UsageError)
    assert "EU West" in error.detail


def test_missing_credentials_are_an_error(aws: WriteFile) -> None:
    error = failed(open_registry(Connection(region="eu-west-1")).location)
    assert isinstance(error, CredentialsError)
    assert error.title == "No AWS credentials"
    assert "--demo" in error.hint


@pytest.mark.parametrize("way", ["flag", "variable"])
def test_an_unknown_profile_is_an_error(aws: WriteFile, monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    aws(REGIONS)
    if way == "variable":
        monkeypatch.setenv("AWS_PROFILE", "nope")
    error = failed(open_registry(Connection(profile="nope" if way == "flag" else None, region="eu-west-1")).location)
    assert isinstance(error, CredentialsError)
    assert "nope" in error.detail
    assert "list-profiles" in error.hint


@pytest.mark.parametrize("name", ["config", "credentials"])
def test_a_broken_configuration_file_is_named(aws: WriteFile, own_home: Path, name: str) -> None:
    aws("[profile a\nregion=x", name)
    error = failed(open_registry(Connection(region="eu-west-1")).location)
    assert isinstance(error, CredentialsError)
    assert str(own_home / ".aws" / name) in error.detail


@pytest.mark.parametrize(
    ("name", "value"), [("AWS_RETRY_MODE", "always"), ("AWS_MAX_ATTEMPTS", "many"), ("AWS_MAX_ATTEMPTS", "0")]
)
def test_an_invalid_variable_is_an_error(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    error = failed(lambda: open_registry(Connection()).location())
    assert error.hint
    assert isinstance(error, CredentialsError | UsageError)


# endpoint and TLS


NO_SCHEME, PORT = "It does not begin with http:// or https://.", "Its port is not a number from 1 to 65535."
NO_NAME, SPACE = (
    "Its host is not a name of letters, digits, hyphens and dots.",
    "It has a space or a control character.",
)
INVALID_ENDPOINTS = (
    ("foo", NO_SCHEME),
    ("localhost:4566", NO_SCHEME),
    ("http:/localhost", NO_SCHEME),
    ("ftp://localhost", "Its scheme is not http or https."),
    ("http://", "It has no host."),
    ("http://:4566", "It has no host."),
    ("http://local_host", NO_NAME),
    ("http://-x:1", NO_NAME),
    ("http://local host:1", SPACE),
    ("http://localhost:1 ", SPACE),
    ("http://localhost:99999", PORT),
    ("http://localhost:0", PORT),
    ("http://localhost:-1", PORT),
    ("http://localhost:x/path", PORT),
    ("http://[::1]:0", PORT),
    ("http://[::1", "Its brackets are not around an IPv6 address."),
    ("http://[zz]:1", "Its brackets are not around an IPv6 address."),
    ("http://::1:4566", "An IPv6 address must be in brackets, as in http://[::1]:4566."),
)


@pytest.mark.parametrize(("url", "fault"), INVALID_ENDPOINTS)
def test_an_endpoint_that_cannot_be_used_is_an_error_with_the_reason(url: str, fault: str) -> None:
    error = failed(open_registry(Connection(endpoint_url=url)).location)
    assert isinstance(error, UsageError)
    assert error.title == f"The endpoint {url!r} cannot be used"
    assert error.detail == fault
    assert "http://localhost:4566" in error.hint


@pytest.mark.parametrize(("url", "fault"), [given for given in INVALID_ENDPOINTS if "brackets are" not in given[1]])
def test_an_endpoint_of_a_variable_that_cannot_be_used_is_an_error_with_the_reason(
    url: str, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_ECR", url)
    error = failed(open_registry(Connection()).location)
    assert isinstance(error, UsageError)
    assert error.detail == fault
    assert "AWS_ENDPOINT_URL_ECR" in error.hint


@pytest.mark.parametrize("address", ["localhost:99999", "local host", "[zz]"])
@pytest.mark.parametrize("scheme", ["http://", "ftp://", ""])
@pytest.mark.parametrize("password", ["secret", "sec/ret", "sec@ret:9"])
def test_the_error_of_an_endpoint_shows_no_password(address: str, scheme: str, password: str) -> None:
    error = failed(open_registry(Connection(endpoint_url=f"{scheme}user:{password}@{address}")).location)
    assert "sec" not in f"{error} {error.hint}"
    assert f"[hidden]@{address}" in error.title


def test_the_endpoint_follows_the_rules_of_botocore(aws: WriteFile, monkeypatch: pytest.MonkeyPatch) -> None:
    aws("[default]\nregion = eu-west-1\nendpoint_url = http://127.0.0.1:1\n")

    def endpoint(url: str | None = None) -> str:
        return Clients(Connection(sign_request=False, endpoint_url=url)).endpoint

    assert endpoint() == "http://127.0.0.1:1"
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:2")
    assert endpoint() == "http://127.0.0.1:2"
    monkeypatch.setenv("AWS_ENDPOINT_URL_ECR", "http://127.0.0.1:3")
    assert endpoint() == "http://127.0.0.1:3"
    assert endpoint("http://127.0.0.1:4") == "http://127.0.0.1:4"
    monkeypatch.setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")
    assert endpoint() == ""


@pytest.mark.parametrize(
    ("url", "own"),
    [
        ("https://api.ecr.eu-west-1.amazonaws.com", True),
        ("https://ecr-fips.us-gov-west-1.amazonaws.com", True),
        ("https://api.ecr.cn-north-1.amazonaws.com.cn", True),
        ("https://ecr.eu-west-1.api.aws", True),
        ("https://vpce-1.api.ecr.eu-west-1.vpce.amazonaws.com", True),
        ("https://registry.example.com", False),
        ("https://notamazonaws.com", False),
        ("https://amazonaws.com.example.com", False),
        ("http://127.0.0.1:4566", False),
    ],
)
def test_endpoints_of_aws_are_recognized(url: str, own: bool) -> None:
    assert is_aws(url) is own


def test_the_endpoints_of_every_partition_are_recognized() -> None:
    for partition in create_loader().load_data("partitions")["partitions"]:
        for suffix in ("dnsSuffix", "dualStackDnsSuffix"):
            assert is_aws(f"https://ecr.some-region-1.{partition['outputs'][suffix]}"), partition["id"]


@pytest.mark.parametrize("way", ["flag", "variable", "profile"])
def test_a_missing_certificate_file_is_an_error(aws: WriteFile, monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    aws("[default]\nca_bundle = /no/such.pem\n" if way == "profile" else "")
    if way == "variable":
        monkeypatch.setenv("AWS_CA_BUNDLE", "/no/such.pem")
    error = failed(
        open_registry(Connection(region="eu-west-1", ca_bundle="/no/such.pem" if way == "flag" else None)).location
    )
    assert isinstance(error, UsageError)
    assert "/no/such.pem" in error.title


def test_no_verify_ssl_wins_over_a_certificate_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)  # a test may run with it
    bundle = tmp_path / "bundle.pem"
    bundle.write_text("")
    assert Clients(Connection(ca_bundle=str(bundle))).verify == str(bundle)
    assert Clients(Connection(ca_bundle="/no/such.pem", verify_ssl=False)).verify is False
    assert Clients(Connection()).verify is True


def test_downloads_use_the_certificate_file_of_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    bundle = tmp_path / "bundle.pem"
    bundle.write_text("")
    monkeypatch.setenv("AWS_CA_BUNDLE", str(bundle))
    assert Clients(Connection()).verify == str(bundle)


# time limits and retries


def test_clients_have_timeouts_and_a_connection_pool() -> None:
    config = cast(Any, Clients(Connection()).read_client).meta.config
    assert (config.connect_timeout, config.read_timeout) == (CONNECT_TIMEOUT, READ_TIMEOUT)
    assert config.max_pool_connections == MAX_CONNECTIONS
    config = cast(Any, Clients(Connection(connect_timeout=1, read_timeout=0)).read_client).meta.config
    assert (config.connect_timeout, config.read_timeout) == (1, None)


@pytest.mark.parametrize(
    ("environment", "profile", "mode", "attempts"),
    [
        ({}, "", "adaptive", None),
        ({}, "retry_mode = standard\nmax_attempts = 7\n", "standard", 7),
        ({"AWS_RETRY_MODE": "standard", "AWS_MAX_ATTEMPTS": "2"}, "retry_mode = adaptive\n", "standard", 2),
    ],
)
def test_reads_retry_as_configured_and_writes_never(
    aws: WriteFile,
    monkeypatch: pytest.MonkeyPatch,
    environment: dict[str, str],
    profile: str,
    mode: str,
    attempts: int | None,
) -> None:
    aws(f"[default]\n{profile}")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    clients = Clients(Connection(region="eu-west-1", sign_request=False))
    retries = cast(Any, clients.read_client).meta.config.retries
    assert (retries["mode"], retries.get("total_max_attempts")) == (mode, attempts)
    assert cast(Any, clients.write_client).meta.config.retries["total_max_attempts"] == 1


def test_a_write_to_an_unreachable_endpoint_is_not_ambiguous(no_sdk_retries: None, unreachable: str) -> None:
    registry = open_registry(Connection(endpoint_url=unreachable))
    error = failed(registry.location)
    assert isinstance(error, ConnectionFailed)
    assert (error.title, error.retryable) == ("Could not reach the service", True)
    assert not failed(lambda: registry.untag("team/app", "x")).ambiguous


# the clients themselves


def test_clients_are_created_once(env: RegistryEnv) -> None:
    clients = Clients(Connection())
    assert clients.read_client is clients.read_client
    assert clients.write_client is clients.write_client
    assert clients.read_client is not clients.write_client


def test_unsigned_requests_need_no_credentials(aws: WriteFile, served: str) -> None:
    assert (
        open_registry(Connection(region="eu-west-1", endpoint_url=served, sign_request=False)).location().region
        == "eu-west-1"
    )


def test_the_embedded_registry_reads_no_configuration(
    aws: WriteFile, monkeypatch: pytest.MonkeyPatch, env: RegistryEnv
) -> None:
    aws("[broken")
    monkeypatch.setenv("AWS_PROFILE", "nope")
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    registry = open_registry(Connection(), embedded=env.embedded)
    assert registry.location().region == "eu-west-1"
    assert registry.repository("team/app").name == "team/app"
