"""Errors have the AWS CLI's exit codes, words and formats, and a next step behind them."""

from __future__ import annotations

import json

import pytest

from tests.cli.put_image.conftest import PutImage
from tests.cli.put_image.endpoint import Endpoint
from tests.support import embedded as support

LINE = ("--repository-name", "foo", "--image-manifest", "{}")


def failing(kind: str) -> tuple[str, ...]:
    return ("--repository-name", f"err-{kind}", "--image-manifest", "{}", "--image-tag", "v1")


@pytest.mark.parametrize(
    ("kind", "requests", "told"),
    [
        ("exists", 1, "(ImageAlreadyExistsException) when calling the PutImage operation: Image with digest"),
        ("server", 3, "(ServerException) when calling the PutImage operation (reached max retries: 2): boom"),
        ("expired", 1, "(ExpiredTokenException) when calling the PutImage operation: The security token"),
    ],
)
def test_what_the_service_refuses_is_254(
    kind: str, requests: int, told: str, put_image: PutImage, endpoint: Endpoint
) -> None:
    ran = put_image(*failing(kind))
    assert (ran.code, ran.out, len(endpoint.requests)) == (254, "", requests)
    assert f"\necrtui: [ERROR]: An error occurred {told}" in ran.err
    assert ran.hints


def test_structured_formats_stand_on_standard_error_alone(put_image: PutImage, endpoint: Endpoint) -> None:
    ran = put_image(*failing("kms"), "--cli-error-format", "json", "--query", "image.imageId")
    assert (ran.code, ran.out) == (254, "")
    assert json.loads(ran.err) == {
        "Message": "kms failed",
        "Code": "KmsException",
        "message": "kms failed",
        "kmsError": "DisabledException",
    }


@pytest.mark.parametrize(
    ("chosen", "told"),
    [
        ("text", "ParamValidation\tParameter validation failed:"),
        ("yaml", "Code: ParamValidation\n"),
        ("json", '{\n    "Code": "ParamValidation",'),
        ("table", "|  Code   |  ParamValidation"),
        ("legacy", "\necrtui: [ERROR]: Parameter validation failed:"),
        ("enhanced", "\necrtui: [ERROR]: An error occurred (ParamValidation): Parameter validation failed:"),
    ],
)
def test_the_format_of_errors_can_be_chosen(
    chosen: str, told: str, put_image: PutImage, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_CLI_ERROR_FORMAT", "legacy")
    ran = put_image(*LINE, "--image-tag", "", "--cli-error-format", chosen)
    assert ran.code == 252
    assert told in ran.err


def test_the_format_of_errors_comes_from_environment_then_profile(
    put_image: PutImage, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_image.configure("[default]\ncli_error_format = JSON\n")
    assert json.loads(put_image("--bogus").err)["Code"] == "ParamValidation"
    monkeypatch.setenv("AWS_CLI_ERROR_FORMAT", "text")
    assert put_image("--bogus").err.startswith("ParamValidation\t")


def test_a_profile_that_does_not_exist_is_told_when_the_client_is_made(put_image: PutImage, endpoint: Endpoint) -> None:
    assert put_image(*LINE, "--profile", "nope").code == 255
    missing = put_image("--profile", "nope", "--image-tag", "v1")
    assert missing.code == 252
    assert "\necrtui: [ERROR]: the following arguments are required: --repository-name" in missing.err
    assert put_image(*LINE, "--profile", "nope", "--output", "xml").code == 252


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        ((*LINE, "--cli-read-timeout", "abc"), 255, "invalid literal for int() with base 10: 'abc'"),
        ((*LINE, "--cli-connect-timeout", ""), 255, "invalid literal for int() with base 10: ''"),
        ((*LINE, "--endpoint-url", "localhost:1"), 255, "Invalid endpoint: localhost:1"),
        ((*LINE, "--endpoint-url", ""), 252, 'Bad value for --endpoint-url "": scheme is missing.'),
        ((*LINE, "--region", "not a region"), 255, "Provided region_name 'not a region' doesn't match"),
        ((*LINE, "--query", "a["), 252, "Bad value for --query a[: Invalid jmespath expression"),
        (("--query", "a[", "--endpoint-url", "foo"), 252, "Bad value for --query"),
        (("--endpoint-url", "foo", "--cli-read-timeout", "x"), 252, "Bad value for --endpoint-url"),
    ],
)
def test_globals_are_checked_in_order_before_anything_else(
    words: tuple[str, ...], code: int, told: str, put_image: PutImage, endpoint: Endpoint
) -> None:
    ran = put_image(*words)
    assert (ran.code, endpoint.requests) == (code, [])
    assert told in ran.err


def test_settings_that_the_aws_cli_refuses_are_refused(put_image: PutImage, endpoint: Endpoint) -> None:
    put_image.configure("[default]\ncli_timestamp_format = sundial\n")
    ran = put_image()
    assert ran.code == 253
    assert "An error occurred (Configuration): Unknown cli_timestamp_format value: sundial, valid values are" in ran.err
    put_image.configure("[default]\ncli_binary_format = octal\n")
    assert put_image().code == 255
    put_image.configure("not a configuration")
    ran = put_image("--cli-auto-prompt", "--no-cli-auto-prompt")
    assert ran.code == 255
    assert "Unable to parse config file" in ran.err


def test_an_error_cannot_steer_the_terminal(put_image: PutImage, endpoint: Endpoint) -> None:
    ran = put_image(*failing("escape"))
    assert ran.code == 254
    assert "␛]0;owned␇ ‹202E›bad" in ran.err


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> object:
    embedded = support.new_embedded(region="us-east-1")
    with support.served(embedded) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        client = support.client_for(embedded, region="us-east-1")
        support.create_repository(client, "app")
        yield client


def test_the_next_step_is_told(registry: object, put_image: PutImage) -> None:
    pushed = support.push_image(registry, "app", tag="v1")

    def hint(*words: str, repository: str = "app", manifest: str = pushed.manifest) -> str:
        ran = put_image("--repository-name", repository, "--image-manifest", manifest, *words)
        assert (ran.code, len(ran.hints)) == (254, 1), ran.err
        return ran.hints[0]

    assert "nothing to do" in hint("--image-tag", "v1")
    assert "without the host of the registry" in hint(repository="nope")
    assert "an extra newline at its end" in hint("--image-digest", pushed.digest, manifest=pushed.manifest + "\n")
    assert "lacks the newline at its end" in hint("--image-digest", support.digest_of(pushed.manifest + "\n"))
    assert "reformatted" in hint("--image-digest", pushed.digest, manifest=pushed.manifest + " ")
    bare = support.manifest_text(registry, "app", "bare", media_type=None)
    assert "--image-manifest-media-type" in hint(manifest=bare)
    registry.put_image_tag_mutability(repositoryName="app", imageTagMutability="IMMUTABLE")
    other = support.push_image(registry, "app", "two")
    assert "put-image-tag-mutability --repository-name app" in hint("--image-tag", "v1", manifest=other.manifest)
    support.create_repository(registry, "empty")
    assert "PutImage does not copy layers" in hint(repository="empty")


def test_who_asks_for_help_the_other_way_is_told_the_way(put_image: PutImage, endpoint: Endpoint) -> None:
    assert put_image("--help").hints == ["The help is `ecrtui put-image help`."]
    ran = put_image(*LINE, "-h")
    assert "Unknown options: -h" in ran.err
    assert ran.hints == ["The help is `ecrtui put-image help`."]
