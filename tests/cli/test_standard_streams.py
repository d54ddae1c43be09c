"""Output that cannot be written: the exit code is that of the write, and there is no traceback."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import select
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

from ecrtui.cli.exit_codes import ExitCode
from tests.cli.test_write_commands import RetagRegistry, registry
from tests.support.cli_env import CliEnv, run_on_terminal
from tests.support.embedded import REGION, create_repository, push_image, served
from tests.support.forked_runs import Run, run_all
from tests.support.terminal import ecrtui, wait_for

__all__ = ["registry"]

ROOT = Path(__file__).parents[2]
ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
LATIN = {"LC_ALL": "C", "PYTHONIOENCODING": "latin-1"}

RETAG = ("retag", "team/app:one", "new", "--yes")
PARTLY = ("retag", "team/app:one", ".x", "newer", "--yes", "--on-conflict", "continue")
READS = (("repositories",), ("images", "team/app", "--output", "csv"), ("keys",))


class Write(NamedTuple):
    """A command that writes, its exit code, and the tags that it changes: to ``one``, to ``two`` or removed."""

    words: tuple[str, ...]
    code: ExitCode
    tags: Mapping[str, str]


WRITES = {
    "retag": Write(RETAG, ExitCode.DONE, {"new": "one"}),
    "retag, partly": Write(PARTLY, ExitCode.PARTLY_DONE, {"newer": "one"}),
    "untag": Write(("untag", "team/app:spare", "--yes"), ExitCode.DONE, {"spare": ""}),
    "swap": Write(("swap", "team/app", "one", "two", "--yes"), ExitCode.DONE, {"one": "two", "two": "one"}),
    "undo": Write(("undo", "--last", "--yes"), ExitCode.DONE, {"undone": ""}),
}


NO_SPACE, CLOSED = "No space left on device", "Standard output is closed."


class Streams(NamedTuple):
    """The error of standard output, if there is one, and the writes to try."""

    problem: str
    writes: tuple[str, ...]


STREAMS = {
    ">/dev/full": Streams(NO_SPACE, ("untag", "retag, partly")),
    ">&-": Streams(CLOSED, ("undo", "swap")),
    "> >(exec true)": Streams("", ("undo", "retag")),
    "2>/dev/full": Streams("", ("retag", "swap")),
    "2>&-": Streams("", ("untag", "retag, partly")),
    ">/dev/full 2>/dev/full": Streams(NO_SPACE, ("undo", "swap")),
    ">&- 2>&- <&-": Streams(CLOSED, ("retag", "untag")),
}
"""By redirection of the shell."""


@pytest.fixture(params=STREAMS)
def runs(request: pytest.FixtureRequest, registry: RetagRegistry, tmp_path: Path) -> Iterator[tuple[str, list[Run]]]:
    """A redirection, and what it does to the commands that read, to put-image, and to those that write."""
    redirect: str = request.param
    registry.push("one", "spare")
    registry.push("two", "given")
    manifest = registry.env.client.batch_get_image(repositoryName="team/app", imageIds=[{"imageTag": "one"}])
    (tmp_path / "manifest").write_text(manifest["images"][0]["imageManifest"])
    assert registry.run("retag", "team/app:one", "undone", "--yes").code == ExitCode.DONE
    put = ("put-image", "--repository-name", "team/app", "--image-manifest", f"file://{tmp_path}/manifest")
    writes = [WRITES[name].words for name in STREAMS[redirect].writes]
    with served(registry.env.embedded) as url:
        commands = [
            *((*words, *(registry.env.options if words != ("keys",) else ())) for words in (*READS, *writes)),
            (*put, "--image-tag", "given", "--endpoint-url", url, "--region", REGION),
        ]
        yield redirect, run_all(commands, tmp_path, redirect=redirect, environment=ASCII)


def test_the_exit_code_follows_the_write_and_then_the_output(
    runs: tuple[str, list[Run]], registry: RetagRegistry
) -> None:
    redirect, results = runs
    problem, names = STREAMS[redirect]
    shows_errors = "2>" not in redirect
    tags = registry.tags()
    for words, run in zip(READS, results[: len(READS)], strict=True):
        assert run.code == (ExitCode.OUTPUT_ERROR if problem else ExitCode.DONE), words
        assert run.err.rstrip() == (
            f"ecrtui: Could not write the output: {problem}" if problem and shows_errors else ""
        )
    for write, run in zip(map(WRITES.__getitem__, names), results[len(READS) : -1], strict=True):
        assert run.code == write.code, run.err
        for tag, name in write.tags.items():
            assert tags.get(tag, "") == {"one": registry.one, "two": registry.two, "": ""}[name], write.words
        if shows_errors:
            assert problem in run.err
            assert "undo with: ecrtui undo" in run.err
    put = results[-1]
    assert put.code == (255 if problem == NO_SPACE else 0), put.err
    assert tags["given"] == registry.one
    if shows_errors and redirect.startswith(">"):
        failed = "; only printing its response failed." if problem == NO_SPACE else ""
        assert f"hint: team/app:given@{registry.one} was put{failed}" in put.err
        assert (NO_SPACE in put.err) == (problem == NO_SPACE)
    assert not any("Traceback" in run.err or "Exception ignored" in run.err for run in results)
    for file in (Path(registry.env.database), *Path(os.environ["HOME"]).rglob("*.sqlite*")):
        assert b"planId" not in file.read_bytes()[:64]  # an opened file never becomes standard output


HELP = (("--help",), ("retag", "--help"), ("local", "--help"), ("--version",), ("put-image", "help"))


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_help_that_cannot_be_printed_ends_without_a_traceback(unbuffered: str, tmp_path: Path) -> None:
    environment = {"PYTHONUNBUFFERED": unbuffered}
    for words, run in zip(HELP, run_all(HELP, tmp_path, redirect=">/dev/full", environment=environment), strict=True):
        assert run.code == (255 if words[0] == "put-image" else ExitCode.OUTPUT_ERROR), run.err
        assert "No space left on device" in run.err
        assert "Traceback" not in run.err


@pytest.mark.parametrize(
    ("outputs", "environment"),
    [
        (("json", "text", "table", "yaml", "jsonl"), ASCII),
        (("json",), LATIN),
        (("text",), ASCII | {"AWS_CLI_OUTPUT_ENCODING": "ascii"}),
    ],
)
def test_a_character_that_the_locale_lacks_is_escaped(
    outputs: Sequence[str], environment: Mapping[str, str], cli: CliEnv, tmp_path: Path
) -> None:
    create_repository(cli.client, "team/app")
    push_image(cli.client, "team/app", "one", "one")
    query = ("--query", r'`["\u00e9\u20ac\ud83d\ude00"]`')
    commands = [("images", "team/app", "--output", output, *query, *cli.options) for output in outputs]
    for output, run in zip(outputs, run_all(commands, tmp_path, environment=environment), strict=True):
        assert (run.code, run.err) == (0, "")
        assert b"\\u20ac" in run.out
        if output.startswith("json"):
            assert json.loads(run.out.decode("latin-1")) == ["é€😀"]


def test_an_answer_that_the_locale_cannot_read_confirms_nothing(registry: RetagRegistry) -> None:
    words = ["retag", "team/app:one", "new", *registry.env.options]
    code, shown = run_on_terminal(
        words, typed="yé\n", stdout=subprocess.DEVNULL, environment={"PYTHONIOENCODING": "ascii"}
    )
    assert code == ExitCode.REFUSED, shown
    assert "not confirmed. Nothing was sent." in shown
    assert "new" not in registry.tags()


def test_a_word_that_is_not_utf_8_is_refused_without_a_traceback(registry: RetagRegistry, tmp_path: Path) -> None:
    words = (*RETAG[:2], os.fsdecode(b"caf\xe9"), "--yes", *registry.env.options)
    commands = [(*words, "--output", output) for output in ("json", "yaml", "text", "table")]
    for run in run_all(commands, tmp_path):
        assert run.code == ExitCode.REFUSED, run.err
        assert b"\\udce9" in run.out
        assert "Traceback" not in run.err


@pytest.mark.parametrize("query", ["length(results[0].nothing)", "sort_by(results, &x)", "results[0].action > `1`"])
def test_a_query_that_does_not_fit_hides_no_write(query: str, registry: RetagRegistry) -> None:
    result = registry.run(*RETAG, "--query", query)
    assert (result.code, registry.tags()["new"]) == (ExitCode.DONE, registry.one)
    assert "undo with: ecrtui undo" in result.err
    if "length" in query:
        assert "The query does not fit the result" in result.err
        assert registry.run("images", "team/app", "--query", "length(`1`)").code == ExitCode.USAGE
        assert registry.run("history", "--query", query).code == ExitCode.USAGE


def test_a_table_with_rows_of_other_lengths_is_a_usage_error(registry: RetagRegistry) -> None:
    words = ("--output", "table", "--query", "[[`1`, `2`], [`3`]]")
    assert registry.run("images", "team/app", *words).code == ExitCode.USAGE
    assert registry.run(*RETAG, *words).code == ExitCode.DONE


def test_a_pipe_in_non_blocking_mode_gets_the_whole_output() -> None:
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
    os.set_blocking(writer, False)
    with subprocess.Popen([sys.executable, "-m", "ecrtui", "keys", "--output", "json"], stdout=writer) as command:
        wait_for(lambda: not select.select([], [writer], [], 0)[1])  # the pipe is full
        os.close(writer)
        with os.fdopen(reader, encoding="utf-8") as output:
            assert json.load(output)["actions"]
    assert command.returncode == ExitCode.DONE


def test_a_question_on_a_terminal_in_non_blocking_mode_waits_for_the_answer(
    registry: RetagRegistry, tmp_path: Path
) -> None:
    words = ("retag", "team/app:one", "new", *registry.env.options)
    non_blocking = "import os, sys; os.set_blocking(0, False); os.execv(sys.argv[1], sys.argv[1:])"
    with ecrtui(*words, home=tmp_path, parent=(sys.executable, "-c", non_blocking)) as terminal:
        terminal.until("[y/N]")
        terminal.press("y\r")
        assert terminal.wait() == ExitCode.DONE
    assert registry.tags()["new"] == registry.one


@pytest.mark.parametrize("ignored", [True, False])
def test_a_bulk_run_that_ignores_hang_up_continues_without_its_terminal(
    ignored: bool, registry: RetagRegistry, tmp_path: Path
) -> None:
    tags = [f"t{number}" for number in range(30)]
    command = [sys.executable, "-m", "ecrtui", "retag", "team/app:one", *tags, "--yes", *registry.env.options]
    ours, theirs = pty.openpty()
    trap = "trap '' HUP;" if ignored else ""
    shell = f"{trap} {shlex.join(command)}; echo $? > {tmp_path}/code"
    process = subprocess.Popen(
        ["/bin/bash", "-c", shell],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**os.environ, "PYTHONPATH": str(ROOT), "ECRTUI_WRITES_PER_SECOND": "60"},
        preexec_fn=_lead_session,
    )
    os.close(theirs)
    while b"/30" not in os.read(ours, 65536):  # the progress line: the run is under way
        pass
    os.close(ours)
    assert process.wait(60) in ((0,) if ignored else (0, -signal.SIGHUP, 128 + signal.SIGHUP))
    if ignored:
        assert (tmp_path / "code").read_text() == "0\n"
        assert set(registry.tags()) == {"one", "two", *tags}


def _lead_session() -> None:
    import fcntl
    import termios

    os.setsid()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


BIG = "9" * 30


@pytest.mark.parametrize(
    "words",
    [
        ("history", "--limit", BIG),
        ("history", "--limit", "-1"),
        ("history", "--limit", "9" * 5000),
        ("images", "team/app", "--limit", BIG),
        ("images", "team/app", "--limit", "٣"),
        ("undo", BIG, "--yes"),
        ("undo", "9" * 5000, "--yes"),
        ("undo", str(2**63), "--yes"),
        ("repositories", "--cli-read-timeout", BIG),
        ("repositories", "--cli-connect-timeout", "-1"),
        ("repositories", "--cli-connect-timeout", "1e9"),
    ],
)
def test_a_number_that_is_too_large_is_a_usage_error(words: tuple[str, ...], registry: RetagRegistry) -> None:
    try:
        code = registry.run(*words).code
    except SystemExit as ended:  # argparse
        code = int(str(ended.code))
    assert code == ExitCode.USAGE


@pytest.mark.parametrize("since", ["9" * 400 + "d", "99999999mo", "0001-01-01", "9999-12-31T23:59:59"])
def test_a_time_out_of_range_is_no_bug(since: str, registry: RetagRegistry) -> None:
    assert registry.run("history", "--since", since).code in (ExitCode.DONE, ExitCode.USAGE)
