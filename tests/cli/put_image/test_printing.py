"""Output is checked before the call; an image that was put is never reported as failed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.put_image.conftest import PutImageRunner
from tests.cli.put_image.endpoint import Endpoint
from tests.support.cli_env import run_on_terminal

LINE = ("--repository-name", "foo", "--image-manifest", "{}", "--image-tag", "v1")
ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


@pytest.mark.parametrize("output", ["xml", "JSON", ""])
def test_an_unknown_format_is_reported_before_the_call(
    output: str, put_image: PutImageRunner, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_OUTPUT", output)
    result = put_image(*LINE)
    assert (result.code, endpoint.requests) == (252, [])
    assert f"Unknown output type: {output}".rstrip() in result.err


def test_the_option_overrides_environment_and_profile(
    put_image: PutImageRunner, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    query = ("--query", "image.imageId.imageTag")
    put_image.configure("[default]\noutput = yaml-stream\n")
    assert put_image(*LINE, *query).out == "- v1\n"
    monkeypatch.setenv("AWS_DEFAULT_OUTPUT", "text")
    assert put_image(*LINE, *query).out == "v1\n"
    assert put_image(*LINE, *query, "--output", "json").out == '"v1"\n'
    assert put_image(*LINE, *query, "--output", "off").out == ""


@pytest.mark.parametrize("query", ["sort_by(image, &x)", "length(image.nothing)"])
def test_a_query_that_fails_reports_that_the_image_was_put(
    query: str, put_image: PutImageRunner, endpoint: Endpoint
) -> None:
    result = put_image(*LINE, "--query", query)
    assert (result.code, result.out, len(endpoint.requests)) == (255, "", 1)
    assert any(hint.startswith("foo:v1@sha256:") and "was put" in hint for hint in result.hints)


def test_a_table_of_unequal_rows_reports_that_the_image_was_put(put_image: PutImageRunner, endpoint: Endpoint) -> None:
    result = put_image(*LINE, "--output", "table", "--query", "[[`1`, `2`], [`3`]]")
    assert result.code == 255
    assert "Row should have 2 elements, instead it has 1" in result.err
    assert any("was put" in hint for hint in result.hints)


def test_a_missing_character_is_reported_before_the_call(put_image: PutImageRunner, endpoint: Endpoint) -> None:
    (put_image.folder / "m").write_bytes('{"a": "é"}'.encode())
    line = ("--repository-name", "foo", "--image-manifest", "file://m")
    result = put_image.process(*line, environment=ASCII)
    assert (result.code, result.out, endpoint.requests) == (255, "", [])
    assert "'ascii' codec can't encode character" in result.err
    assert put_image.process(*line, environment=ASCII | {"AWS_CLI_OUTPUT_ENCODING": "utf-8"}).out.count("é") == 1
    assert put_image.process(*line, "--query", "image.imageId", environment=ASCII).code == 0


def test_an_unknown_encoding_is_reported_before_the_call(
    put_image: PutImageRunner, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_CLI_OUTPUT_ENCODING", "martian")
    result = put_image(*LINE)
    assert (result.code, endpoint.requests) == (255, [])
    assert "Unknown codec `martian` specified for AWS_CLI_OUTPUT_ENCODING." in result.err


def on_terminal(*words: str, **environment: str) -> tuple[int, str]:
    """Run the command on a terminal; return its exit code and what it showed."""
    return run_on_terminal(["put-image", *words], environment=environment)


QUERY = ("--query", "image.imageId.imageTag")


def test_a_missing_pager_is_reported_before_the_call(put_image: PutImageRunner, endpoint: Endpoint) -> None:
    code, seen = on_terminal(*LINE, AWS_PAGER="no-such-pager")
    assert (code, endpoint.requests) == (253, [])
    assert "An error occurred (Pager): Unable to redirect output to pager." in seen
    assert "No such file or directory: 'no-such-pager'" in seen


def test_a_terminal_uses_the_pager(put_image: PutImageRunner, endpoint: Endpoint) -> None:
    put_image.configure("[default]\ncli_pager = sed s/^/paged:/\n")
    assert on_terminal(*LINE, *QUERY, PAGER="no-such-pager") == (0, 'paged:"v1"\n')
    assert on_terminal(*LINE, *QUERY, AWS_PAGER="sh -c 'echo $LESS; cat'") == (0, 'FRX\n"v1"\n')
    assert on_terminal(*LINE, *QUERY, "--no-cli-pager") == (0, '"v1"\n')


def test_an_empty_pager_switches_paging_off(put_image: PutImageRunner, endpoint: Endpoint) -> None:
    code, seen = on_terminal(*LINE, "--output", "table", "--query", "image.imageId", AWS_PAGER="")
    assert code == 0
    assert "\x1b[1m\x1b[34mv1\x1b[0m" in seen  # a terminal gets colors


@pytest.mark.parametrize(("color", "colored"), [("auto", False), ("on", True)])
def test_no_color_turns_automatic_colors_off(
    put_image: PutImageRunner, endpoint: Endpoint, color: str, colored: bool
) -> None:
    words = (*LINE, "--output", "table", "--query", "image.imageId", "--no-cli-pager", "--color", color)
    code, seen = on_terminal(*words, NO_COLOR="1")
    assert (code, "\x1b[" in seen) == (0, colored)


def test_quitting_the_pager_early_is_no_failure(put_image: PutImageRunner, endpoint: Endpoint) -> None:
    (put_image.folder / "big").write_text(json.dumps({"a": "x" * 500_000}))
    code, seen = on_terminal("--repository-name", "foo", "--image-manifest", "file://big", AWS_PAGER="true")
    assert code == 0
    assert "[ERROR]" not in seen


def test_a_closed_standard_error_changes_no_exit_code(put_image: PutImageRunner, endpoint: Endpoint) -> None:
    for format_of_errors in ((), ("--cli-error-format", "json")):
        words = (*LINE, "--image-tag", "", *format_of_errors)
        done = subprocess.run(
            ["/bin/sh", "-c", 'exec "$@" 2>&-', "sh", sys.executable, "-m", "ecrtui", "put-image", *words],
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
            stdout=subprocess.PIPE,
        )
        assert (done.returncode, done.stdout) == (252, b"")
