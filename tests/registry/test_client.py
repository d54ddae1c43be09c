"""Which registry the options, the environment and ~/.aws lead to, as the AWS CLI reads them."""

from __future__ import annotations

import pytest

from ecrtui.errors import ConnectionFailed, CredentialsError, EcrTuiError, UsageError
from ecrtui.registry.client import CONNECT_TIMEOUT, MAX_CONNECTIONS, READ_TIMEOUT, Clients, is_aws
from ecrtui.settings import Connection
from ecrtui.wiring import open_registry


@pytest.fixture
def aws(own_home, monkeypatch):
    """Writes ~/.aws/config; takes region and credentials out of the environment."""
    for name in ("AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)

    def write(text: str, name: str = "config") -> None:
        folder = own_home / ".aws"
        folder.mkdir(exist_ok=True)
        (folder / name).write_text(text)

    return write


def failed(call) -> EcrTuiError:
    with pytest.raises(EcrTuiError) as caught:
        call()
    return caught.value


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
def test_region_and_profile_have_the_order_of_the_aws_cli(aws, monkeypatch, flags, environment, region):
    aws(REGIONS)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert Clients(Connection(sign_request=False, **flags)).region == region


def test_no_region(aws):
    error = failed(open_registry(Connection()).location)
    assert isinstance(error, CredentialsError)
    assert error.title == "No region is configured"
    assert "--region" in error.hint


def test_what_is_no_region(aws):
    error = failed(open_registry(Connection(region="EU West")).location)
    assert isinstance(error, UsageError)
    assert "EU West" in error.detail


def test_no_credentials(aws):
    error = failed(open_registry(Connection(region="eu-west-1")).location)
    assert isinstance(error, CredentialsError)
    assert error.title == "No AWS credentials"
    assert "--demo" in error.hint


@pytest.mark.parametrize("way", ["flag", "variable"])
def test_an_unknown_profile(aws, monkeypatch, way):
    aws(REGIONS)
    if way == "variable":
        monkeypatch.setenv("AWS_PROFILE", "nope")
    error = failed(open_registry(Connection(profile="nope" if way == "flag" else None, region="eu-west-1")).location)
    assert isinstance(error, CredentialsError)
    assert "nope" in error.detail
    assert "list-profiles" in error.hint


@pytest.mark.parametrize("name", ["config", "credentials"])
def test_a_broken_configuration_file_is_named(aws, own_home, name):
    aws("[profile a\nregion=x", name)
    error = failed(open_registry(Connection(region="eu-west-1")).location)
    assert isinstance(error, CredentialsError)
    assert str(own_home / ".aws" / name) in error.detail


@pytest.mark.parametrize(
    ("name", "value"), [("AWS_RETRY_MODE", "always"), ("AWS_MAX_ATTEMPTS", "many"), ("AWS_MAX_ATTEMPTS", "0")]
)
def test_a_variable_that_makes_no_sense(monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    error = failed(lambda: open_registry(Connection()).location())
    assert error.hint
    assert isinstance(error, CredentialsError | UsageError)


# endpoint and TLS


@pytest.mark.parametrize("url", ["foo", "localhost:4566", "ftp://localhost", "http://"])
def test_what_is_no_endpoint(url):
    error = failed(open_registry(Connection(endpoint_url=url)).location)
    assert isinstance(error, UsageError)
    assert repr(url) in error.title
    assert "http://localhost:4566" in error.hint


def test_what_is_no_endpoint_in_a_variable(monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL_ECR", "foo")
    error = failed(open_registry(Connection()).location)
    assert isinstance(error, UsageError)
    assert "foo" in error.detail


def test_the_endpoint_is_found_by_botocores_own_rules(aws, monkeypatch):
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
def test_which_endpoints_are_awss_own(url, own):
    assert is_aws(url) is own


@pytest.mark.parametrize("way", ["flag", "variable", "profile"])
def test_a_file_of_certificates_that_does_not_exist(aws, monkeypatch, way):
    aws("[default]\nca_bundle = /no/such.pem\n" if way == "profile" else "")
    if way == "variable":
        monkeypatch.setenv("AWS_CA_BUNDLE", "/no/such.pem")
    error = failed(
        open_registry(Connection(region="eu-west-1", ca_bundle="/no/such.pem" if way == "flag" else None)).location
    )
    assert isinstance(error, UsageError)
    assert "/no/such.pem" in error.title


def test_not_checking_certificates_wins_over_a_file_of_them(tmp_path):
    bundle = tmp_path / "bundle.pem"
    bundle.write_text("")
    assert Clients(Connection(ca_bundle=str(bundle))).verify == str(bundle)
    assert Clients(Connection(ca_bundle="/no/such.pem", verify_ssl=False)).verify is False
    assert Clients(Connection()).verify is True


def test_the_file_of_certificates_of_the_environment_is_used_for_downloads_too(monkeypatch, tmp_path):
    bundle = tmp_path / "bundle.pem"
    bundle.write_text("")
    monkeypatch.setenv("AWS_CA_BUNDLE", str(bundle))
    assert Clients(Connection()).verify == str(bundle)


# time limits and retries


def test_time_limits_and_pool():
    config = Clients(Connection()).read_client.meta.config
    assert (config.connect_timeout, config.read_timeout) == (CONNECT_TIMEOUT, READ_TIMEOUT)
    assert config.max_pool_connections == MAX_CONNECTIONS
    config = Clients(Connection(connect_timeout=1, read_timeout=0)).read_client.meta.config
    assert (config.connect_timeout, config.read_timeout) == (1, None)


@pytest.mark.parametrize(
    ("environment", "profile", "mode", "attempts"),
    [
        ({}, "", "adaptive", None),
        ({}, "retry_mode = standard\nmax_attempts = 7\n", "standard", 7),
        ({"AWS_RETRY_MODE": "standard", "AWS_MAX_ATTEMPTS": "2"}, "retry_mode = adaptive\n", "standard", 2),
    ],
)
def test_reads_are_retried_adaptively_unless_configured_otherwise_and_writes_never_by_botocore(
    aws, monkeypatch, environment, profile, mode, attempts
):
    aws(f"[default]\n{profile}")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    clients = Clients(Connection(region="eu-west-1", sign_request=False))
    retries = clients.read_client.meta.config.retries
    assert (retries["mode"], retries.get("total_max_attempts")) == (mode, attempts)
    assert clients.write_client.meta.config.retries["total_max_attempts"] == 1


def test_an_endpoint_that_nobody_listens_on_cannot_be_reached_and_nothing_was_written(monkeypatch, unreachable):
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    registry = open_registry(Connection(endpoint_url=unreachable))
    error = failed(registry.location)
    assert isinstance(error, ConnectionFailed)
    assert (error.title, error.retryable) == ("Could not reach the service", True)
    assert not failed(lambda: registry.untag("team/app", "x")).ambiguous


# the clients themselves


def test_there_is_one_client_of_each_kind_for_all(env):
    clients = Clients(Connection())
    assert clients.read_client is clients.read_client
    assert clients.write_client is clients.write_client
    assert clients.read_client is not clients.write_client


def test_unsigned_requests_need_no_credentials(aws, served):
    assert (
        open_registry(Connection(region="eu-west-1", endpoint_url=served, sign_request=False)).location().region
        == "eu-west-1"
    )


def test_the_embedded_registry_needs_no_configuration_and_reads_none(aws, monkeypatch, env):
    aws("[broken")
    monkeypatch.setenv("AWS_PROFILE", "nope")
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    registry = open_registry(Connection(), embedded=env.embedded)
    assert registry.location().region == "eu-west-1"
    assert registry.repository("team/app").name == "team/app"
