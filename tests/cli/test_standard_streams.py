"""Output that cannot be written: the exit code is that of the write, and there is no traceback."""

from __future__ import annotations

import json
import os
import pty
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import pytest

from ecrtui.cli.exit_codes import ExitCode
from ecrtui.emulator.service import EmbeddedRegistry
from tests.cli.test_write_commands import RetagRegistry, registry
from tests.support.cli_env import CliEnv, run_on_terminal
from tests.support.embedded import REGION, client_for, create_repository, new_embedded, push_image, served, tags_of

__all__ = ["registry"]

ROOT = Path(__file__).parents[2]
ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
LATIN = {"LC_ALL": "C", "PYTHONIOENCODING": "latin-1"}

RETAG = ("retag", "team/app:one", "new", "--yes")
PARTLY = ("retag", "team/app:one", ".x", "newer", "--yes", "--on-conflict", "continue")
READS = (("repositories",), ("images", "team/app"), ("images", "team/app", "--output", "csv"), ("history",), ("keys",))


def run_in_shell(
    env: CliEnv, *words: str, redirect: str, environment: Mapping[str, str] = MappingProxyType({})
) -> tuple[int, str]:
    """Run a command with this redirection; return its exit code and standard error."""
    command = [sys.executable, "-m", "ecrtui", *words, *(env.options if words[0] != "keys" else ())]
    done = subprocess.run(
        ["/bin/bash", "-c", f"exec {shlex.join(command)} {redirect}"],
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        timeout=60,
    )
    return done.returncode, done.stderr.decode()


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


@pytest.mark.parametrize(
    ("redirect", "message", "writes"),
    [
        (">/dev/full", "No space left on device", ("untag", "retag, partly")),
        (">&-", "Standard output is closed", ("undo", "swap")),
        ("> >(exec true)", "", ("undo", "retag")),
        ("2>/dev/full", "", ("retag", "swap")),
        ("2>&-", "", ("untag", "retag, partly")),
        (">/dev/full 2>/dev/full", "", ("undo", "swap")),
        (">&- 2>&- <&-", "", ("retag", "untag")),
    ],
)
def test_the_code_of_a_write_does_not_depend_on_the_output(
    redirect: str, message: str, writes: Sequence[str], registry: RetagRegistry
) -> None:
    registry.push("one", "spare")
    assert registry.run("retag", "team/app:one", "undone", "--yes").code == ExitCode.DONE
    for write in map(WRITES.__getitem__, writes):
        code, err = run_in_shell(registry.env, *write.words, redirect=redirect, environment=ASCII)
        assert code == write.code, err
        tags = registry.tags()
        for tag, name in write.tags.items():
            assert tags.get(tag, "") == {"one": registry.one, "two": registry.two, "": ""}[name], write.words
        assert "Traceback" not in err
        assert "Exception ignored" not in err
        if "2>" not in redirect:
            assert message in err
            assert "undo with: ecrtui undo" in err


@pytest.mark.parametrize("words", READS)
@pytest.mark.parametrize(
    ("redirect", "code", "message"),
    [
        (">/dev/full", ExitCode.OUTPUT_ERROR, "ecrtui: Could not write the output: No space left on device\n"),
        (">&-", ExitCode.OUTPUT_ERROR, "ecrtui: Could not write the output: Standard output is closed.\n"),
        ("2>&-", ExitCode.DONE, ""),
        ("2>/dev/full", ExitCode.DONE, ""),
    ],
)
def test_a_reading_command_fails_if_its_output_does(
    words: tuple[str, ...], redirect: str, code: int, message: str, registry: RetagRegistry
) -> None:
    assert run_in_shell(registry.env, *words, redirect=redirect) == (code, message)


@pytest.mark.parametrize("words", [("--help",), ("retag", "--help"), ("--version",), ("put-image", "help")])
def test_help_that_cannot_be_printed_ends_without_a_traceback(words: tuple[str, ...], cli: CliEnv) -> None:
    done = subprocess.run(
        ["/bin/bash", "-c", f"exec {shlex.join([sys.executable, '-m', 'ecrtui', *words])} >/dev/full"],
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": ""},  # argparse ignores an error of its write
        stderr=subprocess.PIPE,
        text=True,
    )
    assert done.returncode == (255 if words[0] == "put-image" else ExitCode.OUTPUT_ERROR), done.stderr
    assert "No space left on device" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_closed_standard_output_is_not_written_into_another_file(registry: RetagRegistry) -> None:
    run_in_shell(registry.env, *RETAG, redirect=">&-")
    for file in (Path(registry.env.database), *Path(os.environ["HOME"]).rglob("*.sqlite*")):
        assert b"planId" not in file.read_bytes()[:64]


@pytest.mark.parametrize(
    ("output", "environment"),
    [
        *((output, ASCII) for output in ("json", "text", "table", "yaml", "jsonl")),
        ("json", LATIN),
        ("text", ASCII | {"AWS_CLI_OUTPUT_ENCODING": "ascii"}),
    ],
)
def test_a_character_that_the_locale_lacks_is_escaped(output: str, environment: Mapping[str, str], cli: CliEnv) -> None:
    create_repository(cli.client, "team/app")
    push_image(cli.client, "team/app", "one", "one")
    words = ["images", "team/app", "--output", output, "--query", r'`["\u00e9\u20ac\ud83d\ude00"]`']
    done = subprocess.run(
        [sys.executable, "-m", "ecrtui", *words, *cli.options],
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"\\u20ac" in done.stdout
    if output.startswith("json"):
        assert json.loads(done.stdout.decode("latin-1")) == ["é€😀"]


def test_an_answer_that_the_locale_cannot_read_confirms_nothing(registry: RetagRegistry) -> None:
    words = ["retag", "team/app:one", "new", *registry.env.options]
    code, shown = run_on_terminal(
        words, typed="yé\n", stdout=subprocess.DEVNULL, environment={"PYTHONIOENCODING": "ascii"}
    )
    assert code == ExitCode.REFUSED, shown
    assert "not confirmed. Nothing was sent." in shown
    assert "new" not in registry.tags()


def test_a_word_that_is_not_utf_8_is_refused_without_a_traceback(registry: RetagRegistry) -> None:
    for output in ("json", "yaml", "text", "table"):
        done = subprocess.run(
            [
                sys.executable,
                "-m",
                "ecrtui",
                *RETAG[:2],
                b"caf\xe9",
                "--yes",
                "--output",
                output,
                *registry.env.options,
            ],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
        )
        assert done.returncode == ExitCode.REFUSED, done.stderr
        assert b"\\udce9" in done.stdout
        assert b"Traceback" not in done.stderr


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


@pytest.mark.parametrize("ignored", [True, False])
def test_a_bulk_run_that_ignores_hang_up_goes_on_without_its_terminal(
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


@pytest.fixture
def silent() -> Iterator[tuple[EmbeddedRegistry, str]]:
    """A served registry that applies a PutImage and never replies to it."""
    embedded = new_embedded()
    client = client_for(embedded)
    create_repository(client, "team/app")
    push_image(client, "team/app", "one", "one")
    embedded.faults.add("PutImage:latency:seconds=80000")
    with served(embedded) as url:
        yield embedded, url


@pytest.mark.parametrize("tags", [1, 20])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_second_signal_leaves_a_write_that_never_ends(
    tags: int, number: signal.Signals, silent: tuple[EmbeddedRegistry, str]
) -> None:
    embedded, url = silent
    words = [f"t{position}" for position in range(tags)]
    process = subprocess.Popen(
        [sys.executable, "-m", "ecrtui", "retag", "team/app:one", *words, "--yes", "--endpoint-url", url],
        env={**os.environ, "PYTHONPATH": str(ROOT), "AWS_DEFAULT_REGION": REGION},
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    while "t0" not in tags_of(client_for(embedded), "team/app"):
        assert process.poll() is None
    process.send_signal(number)
    assert "stopping after the current step" in process.stderr.readline()
    process.send_signal(number)
    err = process.communicate(timeout=120)[1]
    assert process.returncode == ExitCode.UNKNOWN, err
    assert "team/app:t0 unknown: its write was in flight when you left" in err
    assert "ecrtui history --resolve-unknown" in err
    assert "Traceback" not in err


def _take_interrupts() -> None:
    """Take SIGINT, which a test run in the background ignores."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_two_signals_at_once_end_any_command_without_a_traceback(silent: tuple[EmbeddedRegistry, str]) -> None:
    embedded, url = silent
    embedded.faults.add("*:latency:seconds=80000")
    for words in (
        ("images", "team/app"),
        ("manifest", "team/app:one"),
        ("untag", "team/app:one", "--yes"),
        ("history", "--resolve-unknown"),
        ("put-image", "--repository-name", "team/app", "--image-manifest", "{}"),
    ):
        before = sum(embedded.calls.values())
        process = subprocess.Popen(
            [sys.executable, "-m", "ecrtui", *words, "--endpoint-url", url],
            env={**os.environ, "PYTHONPATH": str(ROOT), "AWS_DEFAULT_REGION": REGION},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=_take_interrupts,
        )
        while sum(embedded.calls.values()) == before:
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGINT)
        err = process.communicate(timeout=120)[1]
        assert process.returncode in (ExitCode.INTERRUPTED, -signal.SIGINT), err
        assert "Traceback" not in err


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
