"""When the Put image form opens, what it is given, and what becomes of what it gives back."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import ModuleType

import pytest

from ecrtui.cli.put_image import prompt
from ecrtui.cli.put_image.prompt import FormOutcome, Prefill
from tests.cli.put_image.conftest import PutImage
from tests.cli.put_image.endpoint import Endpoint

LINE = ("--repository-name", "foo", "--image-manifest", "{}", "--query", "image.imageId.imageTag")


class Forms:
    """Stands for the form, which needs a terminal: what it was opened with, and what it will give back."""

    def __init__(self) -> None:
        self.opened: list[Prefill] = []
        self.fill_in: Callable[[Prefill], FormOutcome] = lambda prefill: FormOutcome(code=130)

    def open(self, prefill: Prefill) -> FormOutcome:
        self.opened.append(prefill)
        return self.fill_in(prefill)


@pytest.fixture
def form(monkeypatch: pytest.MonkeyPatch) -> Forms:
    forms = Forms()
    module = ModuleType(prompt.FORM)
    module.fill_in = forms.open  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, prompt.FORM, module)
    monkeypatch.setattr(prompt, "interactive", lambda: True)
    return forms


def test_the_option_opens_it_with_what_the_line_has(form: Forms, put_image: PutImage, endpoint: Endpoint) -> None:
    (put_image.folder / "m").write_bytes(b"{}\r\n")
    line = ("--image-manifest", "file://m", "--image-t", "v1", "--region", "eu-west-1", "--image-digest", "file://nope")
    ran = put_image("--cli-auto-prompt", *line)
    assert (ran.code, endpoint.requests) == (130, [])
    assert form.opened[0].parameters == {"imageManifest": "{}\r\n", "imageTag": "v1"}
    assert form.opened[0].globals["region"] == "eu-west-1"
    assert tuple(form.opened[0].words) == line


def test_an_input_is_part_of_what_the_line_has(form: Forms, put_image: PutImage, endpoint: Endpoint) -> None:
    put_image(
        "--cli-input-json",
        '{"repositoryName": "foo", "imageTag": "a", "zz": "z"}',
        "--image-tag",
        "b",
        "--cli-auto-prompt",
    )
    assert form.opened[0].parameters == {"repositoryName": "foo", "imageTag": "b"}


def test_what_was_filled_in_runs_as_if_it_had_been_typed(form: Forms, put_image: PutImage, endpoint: Endpoint) -> None:
    form.fill_in = lambda prefill: FormOutcome([*prefill.words, "--image-tag", "filled-in"])
    ran = put_image(*LINE, "--cli-auto-prompt")
    assert (ran.code, ran.out) == (0, '"filled-in"\n')
    form.fill_in = lambda prefill: FormOutcome([*prefill.words, "--image-tag", ""])
    assert put_image(*LINE, "--cli-auto-prompt").code == 252


def test_an_answer_of_the_form_is_printed_as_asked_for(form: Forms, put_image: PutImage, endpoint: Endpoint) -> None:
    form.fill_in = lambda prefill: FormOutcome(answer={"image": {"imageId": {"imageTag": "by-the-form"}}})
    ran = put_image("--cli-auto-prompt", "--query", "image.imageId.imageTag", "--output", "text")
    assert (ran.code, ran.out, endpoint.requests) == (0, "by-the-form\n", [])


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
def test_line_environment_and_profile_decide(
    variable: str | None,
    profile: str,
    words: tuple[str, ...],
    opens: bool,
    form: Forms,
    put_image: PutImage,
    endpoint: Endpoint,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if variable is not None:
        monkeypatch.setenv("AWS_CLI_AUTO_PROMPT", variable)
    put_image.configure(f"[default]\ncli_auto_prompt = {profile}\n" if profile else "")
    put_image(*LINE, *words)
    assert bool(form.opened) == opens


@pytest.mark.parametrize("words", [(), ("--bogus",), ("--output", "xml"), ("--image", "x"), (*LINE, "--image-tag", "")])
def test_on_partial_opens_it_for_a_line_that_cannot_be_used(
    words: tuple[str, ...], form: Forms, put_image: PutImage, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_CLI_AUTO_PROMPT", "on-partial")
    ran = put_image(*words)
    assert (ran.code, ran.err) == (130, "")
    assert form.opened[0].problem


def test_on_partial_does_not_open_it_for_a_refusal(
    form: Forms, put_image: PutImage, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_CLI_AUTO_PROMPT", "on-partial")
    assert put_image("--repository-name", "err-exists", "--image-manifest", "{}").code == 254
    assert form.opened == []


def test_without_a_terminal_only_the_option_asks_for_it(
    put_image: PutImage, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = put_image(*LINE, "--cli-auto-prompt")
    assert (ran.code, endpoint.requests) == (252, [])
    assert "the Put image form needs a terminal" in ran.err
    monkeypatch.setenv("AWS_CLI_AUTO_PROMPT", "on")
    assert put_image(*LINE).code == 0
    monkeypatch.setenv("AWS_CLI_AUTO_PROMPT", "on-partial")
    assert "the following arguments are required" in put_image().err
