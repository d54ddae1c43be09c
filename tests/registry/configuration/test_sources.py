"""Each value of the AWS configuration has its source, and no password."""

from __future__ import annotations

from pathlib import Path

import pytest

from ecrtui.registry.configuration.session import select_profile, unread_session
from ecrtui.registry.configuration.sources import configuration_sources
from ecrtui.settings import Connection

URL = "https://ecr.test"
CONFIG = """
[default]
region = eu-west-1
[profile url]
region = eu-west-1
endpoint_url = https://ecr.test
ca_bundle = /profile.pem
[profile service]
region = eu-west-1
services = mine
[services mine]
ecr =
  endpoint_url = https://ecr.test
"""


@pytest.mark.parametrize(
    ("connection", "variables", "name", "expected"),
    [
        ({}, {}, "profile", ("default", "")),
        ({"profile": "url"}, {"AWS_PROFILE": "service"}, "profile", ("url", "--profile")),
        ({}, {"AWS_PROFILE": "url", "AWS_DEFAULT_PROFILE": "service"}, "profile", ("url", "AWS_PROFILE")),
        ({}, {"AWS_DEFAULT_PROFILE": "service"}, "profile", ("service", "AWS_DEFAULT_PROFILE")),
        ({}, {}, "region", ("eu-west-1", "region of the profile")),
        ({"region": "us-east-2"}, {"AWS_REGION": "us-east-1"}, "region", ("us-east-2", "--region")),
        ({}, {"AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "x"}, "region", ("us-east-1", "AWS_REGION")),
        ({}, {"AWS_DEFAULT_REGION": "us-east-1"}, "region", ("us-east-1", "AWS_DEFAULT_REGION")),
        ({}, {}, "endpoint", (URL, "the region")),
        ({"endpoint_url": URL}, {"AWS_ENDPOINT_URL": URL}, "endpoint", (URL, "--endpoint-url")),
        ({"profile": "url"}, {"AWS_ENDPOINT_URL": URL}, "endpoint", (URL, "AWS_ENDPOINT_URL")),
        ({}, {"AWS_ENDPOINT_URL_ECR": URL, "AWS_ENDPOINT_URL": "x"}, "endpoint", (URL, "AWS_ENDPOINT_URL_ECR")),
        ({"profile": "url"}, {}, "endpoint", (URL, "endpoint_url of the profile")),
        ({"profile": "service"}, {}, "endpoint", (URL, "services mine of the profile")),
        (
            {},
            {"AWS_ENDPOINT_URL": "x", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"},
            "endpoint",
            (URL, "ignore_configured_endpoint_urls"),
        ),
        ({}, {}, "proxy", ("none", "")),
        ({}, {"HTTPS_PROXY": "http://me:secret@p:1"}, "proxy", ("http://[hidden]@p:1", "HTTPS_PROXY")),
        ({}, {"https_proxy": "http://p:1", "HTTP_PROXY": "http://q:1"}, "proxy", ("http://p:1", "https_proxy")),
        ({}, {"HTTPS_PROXY": "http://p:1", "NO_PROXY": "ecr.test"}, "proxy", ("none for this endpoint", "NO_PROXY")),
        ({}, {}, "CA certificates", ("those of botocore", "")),
        ({"verify_ssl": False}, {"AWS_CA_BUNDLE": "/v.pem"}, "CA certificates", ("not verified", "--no-verify-ssl")),
        ({"ca_bundle": "/o.pem"}, {"AWS_CA_BUNDLE": "/v.pem"}, "CA certificates", ("/o.pem", "--ca-bundle")),
        ({"profile": "url"}, {"AWS_CA_BUNDLE": "/v.pem"}, "CA certificates", ("/v.pem", "AWS_CA_BUNDLE")),
        ({"profile": "url"}, {}, "CA certificates", ("/profile.pem", "ca_bundle of the profile")),
        ({}, {"REQUESTS_CA_BUNDLE": "/r.pem"}, "CA certificates", ("/r.pem", "REQUESTS_CA_BUNDLE")),
    ],
)
def test_a_value_and_its_source(
    connection: dict[str, str],
    variables: dict[str, str],
    name: str,
    expected: tuple[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    config = tmp_path / "config"
    config.write_text(CONFIG)
    for variable in ("AWS_DEFAULT_REGION", "REQUESTS_CA_BUNDLE"):  # a test may run with them
        monkeypatch.delenv(variable, raising=False)
    for variable, value in {"AWS_CONFIG_FILE": str(config), **variables}.items():
        monkeypatch.setenv(variable, value)
    given = Connection(**connection)  # type: ignore[arg-type]
    session = unread_session()
    select_profile(session, given.profile)
    if given.region is not None:
        session.set_config_variable("region", given.region)
    found = {value.name: value[1:] for value in configuration_sources(session, given, URL)}
    assert found[name] == expected
    assert found["config file"] == (str(config), "AWS_CONFIG_FILE")
