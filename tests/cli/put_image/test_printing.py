"""Nothing is told as failed after it was written: it is checked before, or told as put though not printed."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.put_image.conftest import PutImage
from tests.cli.put_image.endpoint import Endpoint

LINE = ("--repository-name", "foo", "--image-manifest", "{}", "--image-tag", "v1")
ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


@pytest.mark.parametrize("output", ["xml", "JSON", ""])
def test_a_format_that_does_not_exist_is_told_before_the_call(
    output: str, put_image: PutImage, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_OUTPUT", output)
    ran = put_image(*LINE)
    assert (ran.code, endpoint.requests) == (252, [])
    assert f"Unknown output type: {output}".rstrip() in ran.err


def test_the_format_is_the_options_then_the_environments_then_the_profiles(
    put_image: PutImage, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    query = ("--query", "image.imageId.imageTag")
    put_image.configure("[default]\noutput = yaml-stream\n")
    assert put_image(*LINE, *query).out == "- v1\n"
    monkeypatch.setenv("AWS_DEFAULT_OUTPUT", "text")
    assert put_image(*LINE, *query).out == "v1\n"
    assert put_image(*LINE, *query, "--output", "json").out == '"v1"\n'
    assert put_image(*LINE, *query, "--output", "off").out == ""


@pytest.mark.parametrize("query", ["sort_by(image, &x)", "length(image.nothing)"])
def test_a_query_that_does_not_fit_says_that_the_image_was_put(
    query: str, put_image: PutImage, endpoint: Endpoint
) -> None:
    ran = put_image(*LINE, "--query", query)
    assert (ran.code, ran.out, len(endpoint.requests)) == (255, "", 1)
    assert any(hint.startswith("foo:v1@sha256:") and "was put" in hint for hint in ran.hints)


def test_a_table_of_unequal_rows_says_that_the_image_was_put(put_image: PutImage, endpoint: Endpoint) -> None:
    ran = put_image(*LINE, "--output", "table", "--query", "[[`1`, `2`], [`3`]]")
    assert ran.code == 255
    assert "Row should have 2 elements, instead it has 1" in ran.err
    assert any("was put" in hint for hint in ran.hints)


def test_an_encoding_without_the_characters_is_told_before_the_call(put_image: PutImage, endpoint: Endpoint) -> None:
    (put_image.folder / "m").write_bytes('{"a": "é"}'.encode())
    line = ("--repository-name", "foo", "--image-manifest", "file://m")
    ran = put_image.process(*line, **ASCII)
    assert (ran.code, ran.out, endpoint.requests) == (255, "", [])
    assert "'ascii' codec can't encode character" in ran.err
    assert put_image.process(*line, **ASCII, AWS_CLI_OUTPUT_ENCODING="utf-8").out.count("é") == 1
    assert put_image.process(*line, "--query", "image.imageId", **ASCII).code == 0


def test_an_encoding_that_does_not_exist_is_told_before_the_call(
    put_image: PutImage, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_CLI_OUTPUT_ENCODING", "martian")
    ran = put_image(*LINE)
    assert (ran.code, endpoint.requests) == (255, [])
    assert "Unknown codec `martian` specified for AWS_CLI_OUTPUT_ENCODING." in ran.err


def test_a_full_disk_says_that_the_image_was_put(put_image: PutImage, endpoint: Endpoint) -> None:
    full = os.open("/dev/full", os.O_WRONLY)
    try:
        ran = put_image.process(*LINE, stdout=full)
    finally:
        os.close(full)
    assert (ran.code, len(endpoint.requests)) == (255, 1)
    assert "No space left on device" in ran.err
    assert any("was put; only its answer could not be printed" in hint for hint in ran.hints)
    assert "Exception" not in ran.err


def test_a_reader_that_has_left_is_no_failure(put_image: PutImage, endpoint: Endpoint) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    try:
        ran = put_image.process(*LINE, stdout=writer)
    finally:
        os.close(writer)
    assert (ran.code, len(endpoint.requests)) == (0, 1)
    assert any("was put" in hint for hint in ran.hints)
    assert "Broken pipe" not in ran.err


def test_a_closed_standard_output_is_no_failure(put_image: PutImage, endpoint: Endpoint) -> None:
    done = subprocess.run(
        ["/bin/sh", "-c", 'exec "$@" >&-', "sh", sys.executable, "-m", "ecrtui", "put-image", *LINE],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
        stderr=subprocess.PIPE,
        text=True,
    )
    assert (done.returncode, len(endpoint.requests)) == (0, 1)
    assert done.stderr.startswith("hint: foo:v1@sha256:")


def on_terminal(*words: str, **environment: str) -> tuple[int, str]:
    """The command on a terminal: its exit code, and what was to be seen."""
    ours, theirs = pty.openpty()
    running = subprocess.Popen(
        [sys.executable, "-m", "ecrtui", "put-image", *words],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3]), **environment},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    seen = b""
    while True:
        try:
            chunk = os.read(ours, 65536)
        except OSError:  # everybody at the other end has left
            break
        if not chunk:
            break
        seen += chunk
    os.close(ours)
    return running.wait(30), seen.decode().replace("\r\n", "\n")


QUERY = ("--query", "image.imageId.imageTag")


def test_a_pager_that_does_not_exist_is_told_before_the_call(put_image: PutImage, endpoint: Endpoint) -> None:
    code, seen = on_terminal(*LINE, AWS_PAGER="no-such-pager")
    assert (code, endpoint.requests) == (253, [])
    assert "An error occurred (Pager): Unable to redirect output to pager." in seen
    assert "No such file or directory: 'no-such-pager'" in seen


def test_a_terminal_gets_the_pager(put_image: PutImage, endpoint: Endpoint) -> None:
    put_image.configure("[default]\ncli_pager = sed s/^/paged:/\n")
    assert on_terminal(*LINE, *QUERY, PAGER="no-such-pager") == (0, 'paged:"v1"\n')
    assert on_terminal(*LINE, *QUERY, AWS_PAGER="sh -c 'echo $LESS; cat'") == (0, 'FRX\n"v1"\n')
    assert on_terminal(*LINE, *QUERY, "--no-cli-pager") == (0, '"v1"\n')


def test_an_empty_pager_is_none(put_image: PutImage, endpoint: Endpoint) -> None:
    code, seen = on_terminal(*LINE, "--output", "table", "--query", "image.imageId", AWS_PAGER="")
    assert code == 0
    assert "\x1b[1m\x1b[34mv1\x1b[0m" in seen  # and a terminal gets colours


def test_a_pager_that_is_left_early_is_no_failure(put_image: PutImage, endpoint: Endpoint) -> None:
    (put_image.folder / "big").write_text(json.dumps({"a": "x" * 500_000}))
    code, seen = on_terminal("--repository-name", "foo", "--image-manifest", "file://big", AWS_PAGER="true")
    assert code == 0
    assert "[ERROR]" not in seen


def test_a_closed_standard_error_changes_no_exit_code(put_image: PutImage, endpoint: Endpoint) -> None:
    for format_of_errors in ((), ("--cli-error-format", "json")):
        words = (*LINE, "--image-tag", "", *format_of_errors)
        done = subprocess.run(
            ["/bin/sh", "-c", 'exec "$@" 2>&-', "sh", sys.executable, "-m", "ecrtui", "put-image", *words],
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
            stdout=subprocess.PIPE,
        )
        assert (done.returncode, done.stdout) == (252, b"")
