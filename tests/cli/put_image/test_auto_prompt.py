"""When the Put image form opens, what it is filled in with, and how its result is printed."""

from __future__ import annotations

import pytest

from ecrtui.cli.put_image.auto_prompt import FormOutcome, Prefill
from tests.cli.put_image.conftest import PutImageRunner
from tests.cli.put_image.endpoint import Endpoint

LINE = ("--repository-name", "foo", "--image-manifest", "{}", "--query", "image.imageId.imageTag")


class FakeForm:
    """A form without a terminal: what it was opened with, and what it returns."""

    def __init__(self) -> None:
        self.opened: list[Prefill] = []
        self.outcome = FormOutcome(code=130)

    def __call__(self, prefill: Prefill) -> FormOutcome:
        self.opened.append(prefill)
        return self.outcome


@pytest.fixture
def form(put_image: PutImageRunner) -> FakeForm:
    put_image.form = FakeForm()
    return put_image.form


def test_the_option_opens_the_form_with_the_given_values(
    form: FakeForm, put_image: PutImageRunner, endpoint: Endpoint
) -> None:
    (put_image.folder / "m").write_bytes(b"{}\r\n")
    line = ("--image-manifest", "file://m", "--image-t", "v1", "--region", "eu-west-1", "--image-digest", "file://nope")
    result = put_image("--cli-auto-prompt", *line)
    assert (result.code, endpoint.requests) == (130, [])
    assert form.opened[0].parameters == {"imageManifest": "{}\r\n", "imageTag": "v1"}
    assert form.opened[0].globals["region"] == "eu-west-1"


def test_an_input_document_fills_the_form_in(form: FakeForm, put_image: PutImageRunner, endpoint: Endpoint) -> None:
    put_image(
        "--cli-input-json",
        '{"repositoryName": "foo", "imageTag": "a", "zz": "z"}',
        "--image-tag",
        "b",
        "--cli-auto-prompt",
    )
    assert form.opened[0].parameters == {"repositoryName": "foo", "imageTag": "b"}


def test_the_response_of_the_form_is_formatted(form: FakeForm, put_image: PutImageRunner, endpoint: Endpoint) -> None:
    form.outcome = FormOutcome({"image": {"imageId": {"imageTag": "by-the-form"}}})
    result = put_image("--cli-auto-prompt", "--query", "image.imageId.imageTag", "--output", "text")
    assert (result.code, result.out, endpoint.requests) == (0, "by-the-form\n", [])


@pytest.mark.parametrize(
    ("variable", "profile", "words", "opens"),
    [
        ("on", "", (), True),
        ("ON", "off", (), True),
        ("off", "on", (), False),
        (None, "on", (), True),
        (None, "", (), False),
        ("maybe", "", (), False),
        ("on", "", ("--no-cli-auto-prompt",), False),
        ("off", "", ("--cli-auto-prompt",), True),
        ("on", "", ("help",), False),
        ("on", "", ("--version",), False),
        ("on-partial", "", (), False),
    ],
)
def test_option_environment_and_profile_decide(
    variable: str | None,
    profile: str,
    words: tuple[str, ...],
    opens: bool,
    form: FakeForm,
    put_image: PutImageRunner,
    endpoint: Endpoint,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if variable is not None:
        monkeypatch.setenv("AWS_CLI_AUTO_PROMPT", variable)
    put_image.configure(f"[default]\ncli_auto_prompt = {profile}\n" if profile else "")
    put_image(*LINE, *words)
    assert bool(form.opened) == opens


@pytest.mark.parametrize("words", [(), ("--bogus",), ("--output", "xml"), ("--image", "x"), (*LINE, "--image-tag", "")])
def test_on_partial_opens_the_form_for_an_invalid_command_line(
    words: tuple[str, ...],
    form: FakeForm,
    put_image: PutImageRunner,
    endpoint: Endpoint,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_CLI_AUTO_PROMPT", "on-partial")
    result = put_image(*words)
    assert (result.code, result.err) == (130, "")
    assert form.opened[0].problem


def test_on_partial_does_not_open_the_form_for_a_refusal(
    form: FakeForm, put_image: PutImageRunner, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_CLI_AUTO_PROMPT", "on-partial")
    assert put_image("--repository-name", "err-exists", "--image-manifest", "{}").code == 254
    assert form.opened == []


def test_without_a_terminal_only_the_option_opens_the_form(
    put_image: PutImageRunner, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = put_image(*LINE, "--cli-auto-prompt")
    assert (result.code, endpoint.requests) == (252, [])
    assert "the Put image form needs a terminal" in result.err
    monkeypatch.setenv("AWS_CLI_AUTO_PROMPT", "on")
    assert put_image(*LINE).code == 0
    monkeypatch.setenv("AWS_CLI_AUTO_PROMPT", "on-partial")
    assert "the following arguments are required" in put_image().err
