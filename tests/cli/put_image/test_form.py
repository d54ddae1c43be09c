"""``--cli-auto-prompt`` in a real terminal: the form, the written image, the output and the exit code."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from ecrtui.cli.put_image.auto_prompt import FormOutcome, Prefill
from ecrtui.cli.put_image.options import parse_globals_leniently
from ecrtui.emulator.service import EmbeddedRegistry
from ecrtui.errors import Refused
from tests.cli.put_image.conftest import PutImageRunner
from tests.support.embedded import (
    OCI_MANIFEST,
    client_for,
    create_repository,
    digest_of,
    digests_of,
    manifest_text,
    new_embedded,
    tags_of,
)
from tests.support.terminal import Terminal, ecrtui

REPOSITORY = "team/app"
ENTER, ESCAPE, PLAN = "\r", "\x1b", "\x13"


@pytest.fixture(scope="module")
def embedded() -> EmbeddedRegistry:
    return new_embedded()


@pytest.fixture(scope="module")
def client(embedded: EmbeddedRegistry) -> Any:
    client = client_for(embedded)
    create_repository(client, REPOSITORY)
    create_repository(client, "team/frozen", "IMMUTABLE")
    return client


def put(terminal: Terminal) -> None:
    """Plan, apply and close."""
    terminal.press(PLAN)
    terminal.until("enter apply")
    terminal.press(ENTER)
    terminal.until("enter close")
    terminal.press(ENTER)


def printed(terminal: Terminal) -> str:
    """Return the output after the alternate screen was closed, without escape sequences."""
    text = bytes(terminal.output).decode(errors="replace").rpartition("\x1b[?1049l")[2]
    return re.sub(r"\x1b[\[>=][0-9;?<>=]*[a-zA-Z]?", "", text).replace("\r\n", "\n")


def test_the_response_of_the_form_is_printed(client: Any, url: str, own_home: Path) -> None:
    text = manifest_text(client, REPOSITORY, "form").replace("\n", "\r\n")
    (own_home / "m.json").write_bytes(text.encode())
    line = ("--repository-name", REPOSITORY, "--image-manifest", f"file://{own_home}/m.json", "--image-tag", "form")
    with ecrtui("put-image", *line, "--cli-auto-prompt", "--endpoint-url", url, "--no-cli-pager", home=own_home) as it:
        screen = it.until(digest_of(text)[:40])
        assert "CRLF · from the command line" in screen
        put(it)
        assert it.wait() == 0
        assert json.loads(printed(it)) == {
            "image": {
                "registryId": "123456789012",
                "repositoryName": REPOSITORY,
                "imageId": {"imageDigest": digest_of(text), "imageTag": "form"},
                "imageManifest": text,
                "imageManifestMediaType": OCI_MANIFEST,
            }
        }
    assert tags_of(client, REPOSITORY)["form"] == digest_of(text)


def test_output_and_query_apply_to_the_response_of_the_form(client: Any, url: str, own_home: Path) -> None:
    text = manifest_text(client, REPOSITORY, "untagged")
    line = ("--repository-name", REPOSITORY, "--image-manifest", text, "--output", "text", "--query", "image.imageId")
    with ecrtui("put-image", *line, "--cli-auto-prompt", "--endpoint-url", url, "--no-cli-pager", home=own_home) as it:
        it.until(digest_of(text)[:40])
        put(it)
        assert it.wait() == 0
        assert printed(it).strip() == digest_of(text)


def test_leaving_the_form_sends_nothing_and_exits_with_130(
    embedded: EmbeddedRegistry, client: Any, url: str, own_home: Path
) -> None:
    calls = embedded.calls["PutImage"]
    with ecrtui("put-image", "--cli-auto-prompt", "--endpoint-url", url, home=own_home) as it:
        it.until("123456789012")
        it.press(ESCAPE)
        assert it.wait() == 130
        assert printed(it).strip() == ""
    assert embedded.calls["PutImage"] == calls


def test_on_partial_opens_the_form_with_the_usage_error(client: Any, url: str, own_home: Path) -> None:
    text = manifest_text(client, REPOSITORY, "partial")
    (own_home / "m.json").write_text(text)
    line = ("put-image", "--repository-name", REPOSITORY, "--image-tag", "partial", "--endpoint-url", url)
    with ecrtui(*line, "--no-cli-pager", home=own_home, AWS_CLI_AUTO_PROMPT="on-partial") as it:
        it.until("the following arguments are required: --image-manifest")
        it.press(f"{own_home}/m.json")
        it.until(digest_of(text)[:40])
        put(it)
        assert it.wait() == 0
        assert json.loads(printed(it))["image"]["imageId"]["imageTag"] == "partial"


def test_leaving_after_a_refusal_prints_the_words_of_the_service(client: Any, url: str, own_home: Path) -> None:
    text = manifest_text(client, REPOSITORY, "elsewhere")  # its layers are not in the other repository
    line = ("--repository-name", "team/frozen", "--image-manifest", text, "--image-tag", "v1")
    with ecrtui("put-image", *line, "--cli-auto-prompt", "--endpoint-url", url, home=own_home) as it:
        it.until(digest_of(text)[:40])
        put(it)
        it.until("copy command")
        it.press(ESCAPE)
        assert it.wait() == 254
        message = printed(it)
        assert "An error occurred (LayersNotFoundException) when calling the PutImage operation" in message
        assert "hint: " in message
    assert digests_of(client, "team/frozen") == set()


def test_an_invalid_query_is_reported_before_the_form_opens(put_image: PutImageRunner) -> None:
    def unexpected(prefill: Prefill) -> FormOutcome:
        raise AssertionError("the form opened")

    put_image.form = unexpected
    result = put_image("--cli-auto-prompt", "--query", "[")
    assert result.code == 252
    assert "--query" in result.err


def test_an_error_of_the_form_has_its_exit_code_and_hint(put_image: PutImageRunner) -> None:
    def refuse(prefill: Prefill) -> FormOutcome:
        raise Refused("The tag was moved", "it now points to 123", "Refresh.")

    put_image.form = refuse
    result = put_image("--cli-auto-prompt")
    assert (result.code, result.hints) == (255, ["Refresh."])
    assert "The tag was moved: it now points to 123" in result.err


def test_an_invalid_command_line_keeps_its_profile() -> None:
    options, rest = parse_globals_leniently(
        ["--output", "xml", "--profile", "prod", "--region", "--image-tag", "v1", "--color"]
    )
    assert (options.profile, options.output, options.region, options.color) == ("prod", None, None, "auto")
    assert rest == ["--image-tag", "v1"]
