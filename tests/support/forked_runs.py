"""Run many commands with the same standard streams, each in a process of its own.

Loading the program takes most of the time of a command. So one interpreter starts with the streams, loads it, and forks
for each command. A forked process runs the command and ends as any other: what Python does with the streams at the
start and at the end is tested, too.
"""

from __future__ import annotations

import gc
import json
import os
import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

ROOT = Path(__file__).parents[2]


class Run(NamedTuple):
    """The exit code of a command, its standard error, and its standard output if nothing is redirected."""

    code: int
    err: str
    out: bytes


def run_all(
    commands: Sequence[Sequence[str]],
    folder: Path,
    *,
    redirect: str = "",
    environment: Mapping[str, str] = MappingProxyType({}),
) -> list[Run]:
    """Run commands, one after the other.

    Args:
        commands: the command lines after ``ecrtui``.
        folder: a folder for the results.
        redirect: the redirection of the standard streams, as the shell reads it.
        environment: variables besides those of this process.
    """
    request = folder / "request.json"
    request.write_text(json.dumps([list(words) for words in commands]))
    program = shlex.join([sys.executable, "-m", "tests.support.forked_runs", str(folder), redirect])
    done = subprocess.run(
        ["/bin/bash", "-c", f"exec {program} {redirect}"],
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    assert not done.returncode, done.stderr.decode()
    return [
        Run(code, _content(folder / f"err-{number}").decode(), _content(folder / f"out-{number}"))
        for number, code in enumerate(json.loads((folder / "codes.json").read_text()))
    ]


def _content(file: Path) -> bytes:
    return file.read_bytes() if file.exists() else b""


def _serve(folder: Path, redirect: str) -> None:
    """Run the commands of a request."""
    commands = json.loads((folder / "request.json").read_text())
    codes = []
    for number, words in enumerate(commands):
        child = os.fork()
        if not child:
            if not redirect:
                _redirect(1, folder / f"out-{number}")
            if "2>" not in redirect:
                _redirect(2, folder / f"err-{number}")
            sys.argv = ["ecrtui", *words]
            from ecrtui.__main__ import run

            run()
        codes.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    (folder / "codes.json").write_text(json.dumps(codes))


def _redirect(descriptor: int, file: Path) -> None:
    opened = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(opened, descriptor)
    os.close(opened)


def _load() -> None:
    """Load what the commands load, the service model too."""
    import ecrtui.cli.aws_cli_output
    import ecrtui.cli.images
    import ecrtui.cli.main
    import ecrtui.cli.put_image.command
    import ecrtui.cli.swap
    import ecrtui.retag.engine  # noqa: F401
    from ecrtui.emulator.database_file import open_database
    from ecrtui.emulator.service import EmbeddedRegistry
    from ecrtui.settings import Connection
    from ecrtui.wiring import open_registry

    embedded = EmbeddedRegistry(open_database(None))
    tuple(open_registry(Connection(region=embedded.region), embedded=embedded).repositories())
    gc.freeze()  # so that no forked process copies what it never changes


if __name__ == "__main__":
    _load()
    _serve(Path(sys.argv[1]), sys.argv[2])
