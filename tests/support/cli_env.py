"""The commands of ecrtui on a registry of their own: the environment of the tests of the command line."""

from __future__ import annotations

import csv
import io
import json
import os
import pty
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import pytest

from ecrtui.cli.main import main
from ecrtui.emulator.service import EmbeddedRegistry
from tests.support.embedded import REGION, client_for, new_embedded, tags_of


class CommandResult(NamedTuple):
    """The exit code and the output of a command."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The document on standard output; None if it is empty."""
        return json.loads(self.out) if self.out else None

    @property
    def json_lines(self) -> list[Any]:
        """The JSON Lines on standard output."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def csv_rows(self) -> list[dict[str, str]]:
        """The CSV rows on standard output."""
        return list(csv.DictReader(io.StringIO(self.out)))


@dataclass
class CliEnv:
    """A registry in a file, and commands that use it with ``--db`` and ``--region``."""

    database: str
    capsys: pytest.CaptureFixture[str]

    @property
    def options(self) -> tuple[str, ...]:
        """The options that select the registry."""
        return ("--db", self.database, "--region", REGION)

    @cached_property
    def embedded(self) -> EmbeddedRegistry:
        """The registry."""
        return new_embedded(self.database)

    @cached_property
    def client(self) -> Any:
        """A boto3 client of the registry."""
        return client_for(self.embedded)

    def run(self, *arguments: str) -> CommandResult:
        """Run a command on the registry in this process."""
        command, *words = arguments
        end = words.index("--") if "--" in words else len(words)
        code = main([command, *words[:end], *self.options, *words[end:]])
        return CommandResult(code, *self.capsys.readouterr())

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        """Start a command on the registry in a process of its own, with pipes for its output."""
        return subprocess.Popen(
            [sys.executable, "-m", "ecrtui", *arguments, *self.options],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **environment},
        )

    def run_on_terminal(self, typed: str, *arguments: str) -> tuple[int, str]:
        """Run a command with standard input and error on a terminal; return its exit code and what it showed there."""
        return run_on_terminal([*arguments, *self.options], typed=typed, stdout=subprocess.DEVNULL)

    def tags(self, repository: str) -> dict[str, str]:
        """Return the digest of each tag of a repository."""
        return tags_of(self.client, repository)


def run_on_terminal(
    arguments: Sequence[str],
    *,
    typed: str = "",
    stdout: int | None = None,
    environment: Mapping[str, str] = MappingProxyType({}),
) -> tuple[int, str]:
    """Run a command on a terminal of its own; return its exit code and what it showed there.

    Args:
        arguments: the command line after ``ecrtui``.
        typed: the input.
        stdout: where standard output goes; the terminal if None.
        environment: variables besides those of this process.
    """
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "ecrtui", *arguments],
        stdin=theirs,
        stdout=theirs if stdout is None else stdout,
        stderr=theirs,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), **environment},
    )
    os.close(theirs)
    os.write(ours, typed.encode())
    shown = b""
    while True:
        try:
            chunk = os.read(ours, 65536)
        except OSError:  # the process has closed its end
            break
        if not chunk:
            break
        shown += chunk
    os.close(ours)
    return process.wait(120), shown.decode().replace("\r\n", "\n")


def loaded_packages(*arguments: str) -> set[str]:
    """Return which of Textual, rich, boto3 and botocore a fresh process has loaded after a command."""
    (loaded,) = loaded_after_each([arguments])
    return loaded


def loaded_after_each(commands: Sequence[Sequence[str]]) -> list[set[str]]:
    """Run commands in one fresh process; return which of Textual, rich, boto3 and botocore it has loaded after each."""
    script = (
        "import sys\nfrom ecrtui.cli.main import main\n"
        f"for words in {[list(words) for words in commands]!r}:\n"
        "    try: main(words)\n    except SystemExit: pass\n"
        "    print('loaded:', *sorted({'boto3', 'botocore', 'textual', 'rich'} & set(sys.modules)))"
    )
    process = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2]
    )
    return [set(line.split()[1:]) for line in process.stdout.splitlines() if line.startswith("loaded:")]
