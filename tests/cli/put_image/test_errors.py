"""Errors have the exit codes, messages and formats of the AWS CLI, and hints."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.cli.put_image.conftest import PutImageRunner
from tests.cli.put_image.endpoint import Endpoint
from tests.support import embedded as support

LINE = ("--repository-name", "foo", "--image-manifest", "{}")


def failing(kind: str) -> tuple[str, ...]:
    return ("--repository-name", f"err-{kind}", "--image-manifest", "{}", "--image-tag", "v1")


@pytest.mark.parametrize(
    ("kind", "requests", "message"),
    [
        ("exists", 1, "(ImageAlreadyExistsException) when calling the PutImage operation: Image with digest"),
        ("server", 3, "(ServerException) when calling the PutImage operation (reached max retries: 2): boom"),
        ("expired", 1, "(ExpiredTokenException) when calling the PutImage operation: The security token"),
    ],
)
def test_a_refusal_of_the_service_exits_with_254(
    kind: str, requests: int, message: str, put_image: PutImageRunner, endpoint: Endpoint
) -> None:
    result = put_image(*failing(kind))
    assert (result.code, result.out, len(endpoint.requests)) == (254, "", requests)
    assert f"\necrtui: [ERROR]: An error occurred {message}" in result.err
    assert result.hints


def test_structured_errors_have_no_other_text_beside_them(put_image: PutImageRunner, endpoint: Endpoint) -> None:
    result = put_image(*failing("kms"), "--cli-error-format", "json", "--query", "image.imageId")
    assert (result.code, result.out) == (254, "")
    assert json.loads(result.err) == {
        "Message": "kms failed",
        "Code": "KmsException",
        "message": "kms failed",
        "kmsError": "DisabledException",
    }


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        ("text", "ParamValidation\tParameter validation failed:"),
        ("yaml", "Code: ParamValidation\n"),
        ("json", '{\n    "Code": "ParamValidation",'),
        ("table", "|  Code   |  ParamValidation"),
        ("legacy", "\necrtui: [ERROR]: Parameter validation failed:"),
        ("enhanced", "\necrtui: [ERROR]: An error occurred (ParamValidation): Parameter validation failed:"),
    ],
)
def test_an_option_selects_the_error_format(
    chosen: str, message: str, put_image: PutImageRunner, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_CLI_ERROR_FORMAT", "legacy")
    result = put_image(*LINE, "--image-tag", "", "--cli-error-format", chosen)
    assert result.code == 252
    assert message in result.err


def test_the_environment_overrides_the_error_format_of_the_profile(
    put_image: PutImageRunner, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_image.configure("[default]\ncli_error_format = JSON\n")
    assert json.loads(put_image("--bogus").err)["Code"] == "ParamValidation"
    monkeypatch.setenv("AWS_CLI_ERROR_FORMAT", "text")
    assert put_image("--bogus").err.startswith("ParamValidation\t")


def test_a_missing_profile_is_reported_after_other_errors(put_image: PutImageRunner, endpoint: Endpoint) -> None:
    assert put_image(*LINE, "--profile", "nope").code == 255
    missing = put_image("--profile", "nope", "--image-tag", "v1")
    assert missing.code == 252
    assert "\necrtui: [ERROR]: the following arguments are required: --repository-name" in missing.err
    assert put_image(*LINE, "--profile", "nope", "--output", "xml").code == 252


@pytest.mark.parametrize(
    ("words", "code", "message"),
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
def test_global_options_are_checked_first_and_in_order(
    words: tuple[str, ...], code: int, message: str, put_image: PutImageRunner, endpoint: Endpoint
) -> None:
    result = put_image(*words)
    assert (result.code, endpoint.requests) == (code, [])
    assert message in result.err


def test_invalid_aws_cli_settings_are_refused(put_image: PutImageRunner, endpoint: Endpoint) -> None:
    put_image.configure("[default]\ncli_timestamp_format = sundial\n")
    result = put_image()
    assert result.code == 253
    assert (
        "An error occurred (Configuration): Unknown cli_timestamp_format value: sundial, valid values are" in result.err
    )
    put_image.configure("[default]\ncli_binary_format = octal\n")
    assert put_image().code == 255
    put_image.configure("not a configuration")
    result = put_image("--cli-auto-prompt", "--no-cli-auto-prompt")
    assert result.code == 255
    assert "Unable to parse config file" in result.err


def test_control_characters_in_an_error_are_made_visible(put_image: PutImageRunner, endpoint: Endpoint) -> None:
    result = put_image(*failing("escape"))
    assert result.code == 254
    assert "␛]0;owned␇ ‹202E›bad" in result.err


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    embedded = support.new_embedded(region="us-east-1")
    with support.served(embedded) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        client = support.client_for(embedded, region="us-east-1")
        support.create_repository(client, "app")
        yield client


def test_refusals_have_a_hint(registry: Any, put_image: PutImageRunner) -> None:
    pushed = support.push_image(registry, "app", tag="v1")

    def hint(*words: str, repository: str = "app", manifest: str = pushed.manifest) -> str:
        result = put_image("--repository-name", repository, "--image-manifest", manifest, *words)
        assert (result.code, len(result.hints)) == (254, 1), result.err
        return result.hints[0]

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


def test_json_that_is_no_manifest_is_not_taken_for_one_without_a_media_type(
    registry: Any, put_image: PutImageRunner
) -> None:
    result = put_image("--repository-name", "app", "--image-manifest", '{"a": 1}')
    assert (result.code, result.hints) == (254, [])


def test_help_as_an_option_gets_a_hint(put_image: PutImageRunner, endpoint: Endpoint) -> None:
    assert put_image("--help").hints == ["Run `ecrtui put-image help` for help."]
    result = put_image(*LINE, "-h")
    assert "Unknown options: -h" in result.err
    assert result.hints == ["Run `ecrtui put-image help` for help."]
