"""Environment and configuration have the precedence of the AWS CLI 2, not of botocore."""

from __future__ import annotations

import pytest

from tests.cli.put_image.conftest import PutImageRunner
from tests.cli.put_image.endpoint import Endpoint

LINE = ("--repository-name", "foo", "--image-manifest", "{}", "--output", "off")
PROFILES = """
[default]
region = eu-west-1
[profile one]
region = eu-west-2
[profile two]
region = eu-west-3
[services local]
ecr =
  endpoint_url = {url}
[profile endpoint]
region = eu-west-2
services = local
"""


def region(put_image: PutImageRunner, endpoint: Endpoint, *words: str) -> str | None:
    endpoint.requests.clear()
    result = put_image(*LINE, *words)
    assert result.code == 0, result.err
    signed_region: str | None = endpoint.requests[0]["region"]
    return signed_region


def test_the_region_comes_from_option_environment_profile(
    put_image: PutImageRunner, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_image.configure(PROFILES)
    monkeypatch.setenv("AWS_REGION", "ap-south-1")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "ap-south-2")
    assert region(put_image, endpoint, "--region", "sa-east-1") == "sa-east-1"
    assert region(put_image, endpoint, "--profile", "one", "--no-sign-request") is None
    assert region(put_image, endpoint) == "ap-south-1"
    monkeypatch.delenv("AWS_REGION")
    assert region(put_image, endpoint) == "ap-south-2"
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    assert region(put_image, endpoint) == "eu-west-1"


def test_the_profile_comes_from_option_and_the_two_variables(
    put_image: PutImageRunner, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_image.configure(PROFILES)
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    monkeypatch.setenv("AWS_PROFILE", "one")
    monkeypatch.setenv("AWS_DEFAULT_PROFILE", "two")
    assert region(put_image, endpoint) == "eu-west-2"
    monkeypatch.delenv("AWS_PROFILE")
    assert region(put_image, endpoint) == "eu-west-3"


@pytest.mark.parametrize("named_by", ["option", "variable"])
def test_a_missing_profile_is_reported_when_it_is_needed(
    put_image: PutImageRunner, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch, named_by: str
) -> None:
    words = ("--profile", "nope") if named_by == "option" else ()
    if not words:
        monkeypatch.setenv("AWS_PROFILE", "nope")
    assert put_image(*words, "help").code == 0
    assert put_image(*LINE, *words, "--image-tag", "file://nope").code == 252
    assert put_image(*LINE, *words).code == 255


@pytest.mark.parametrize("named_by", ["option", "variable"])
def test_a_profile_can_be_a_role_of_an_sso_session(
    put_image: PutImageRunner, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch, named_by: str
) -> None:
    put_image.configure("[sso-session corp]\nsso_region = eu-west-1\nsso_start_url = https://corp.awsapps.com/start\n")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)
    words = ("--profile", "corp/123456789012/deploy") if named_by == "option" else ()
    if not words:
        monkeypatch.setenv("AWS_PROFILE", "corp/123456789012/deploy")
    result = put_image(*LINE, *words)
    assert (result.code, endpoint.requests) == (255, [])
    assert "Error loading SSO Token: Token for corp does not exist" in result.err
    assert result.hints == ["Run `aws sso login --sso-session corp`, then try again."]


def test_a_missing_region_exits_with_253(
    put_image: PutImageRunner, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    result = put_image(*LINE)
    assert (result.code, endpoint.requests) == (253, [])
    assert (
        "An error occurred (NoRegion): You must specify a region. You can also configure your region by running "
        '"aws configure".' in result.err
    )


def test_a_profile_sets_credentials_and_endpoint(
    put_image: PutImageRunner, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_image.configure(PROFILES.format(url=endpoint.url))
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    (put_image.folder / "credentials").write_text(
        "[endpoint]\naws_access_key_id = AKIDOFPROFILE\naws_secret_access_key = x\naws_session_token = of-profile\n"
    )
    assert put_image(*LINE, "--profile", "endpoint").code == 0
    headers = endpoint.requests[-1]["headers"]
    assert "Credential=AKIDOFPROFILE/" in headers["Authorization"]  # an option wins over credentials of the environment
    assert headers["X-Amz-Security-Token"] == "of-profile"
    monkeypatch.setenv("AWS_PROFILE", "endpoint")
    assert put_image(*LINE).code == 0
    assert "Credential=AKIDEXAMPLE/" in endpoint.requests[-1]["headers"]["Authorization"]  # a variable does not


def test_throttled_requests_are_retried_in_standard_mode(
    put_image: PutImageRunner, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = ("--repository-name", "err-throttle", "--image-manifest", "{}")
    put_image.configure("[default]\nmax_attempts = 1\n")
    assert "(reached max retries: 0)" in put_image(*line).err
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "2")
    endpoint.requests.clear()
    assert "(reached max retries: 1)" in put_image(*line).err
    assert len(endpoint.requests) == 2
    assert "cfg/retry-mode#standard" in endpoint.requests[0]["headers"]["User-Agent"]
    assert endpoint.requests[0]["headers"]["User-Agent"].startswith("ecrtui/")


def test_an_unsigned_request_needs_no_credentials(
    put_image: PutImageRunner, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    assert put_image(*LINE).code == 253
    assert put_image(*LINE, "--no-sign-request").code == 0
    assert "Authorization" not in endpoint.requests[0]["headers"]
