"""Copy with the clipboard programs of this machine and with tmux, and read back what arrived.

These functions run programs and wait for them: call them in a thread. A program gets two seconds. Its output never
reaches the screen.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from typing import NamedTuple

TIMEOUT = 2.0
"""Seconds for a program. A window system that does not answer would keep it for ever."""

Environment = Mapping[str, str]


class ClipboardProgram(NamedTuple):
    """A program that copies standard input.

    Args:
        copy: its command.
        paste: the command that prints what was copied; empty if the exit code of ``copy`` is proof enough.
        variable: the environment variable of the clipboard's owner; empty for none.
        encoding: the encoding of its input.
    """

    copy: tuple[str, ...]
    paste: tuple[str, ...]
    variable: str = ""
    encoding: str = "utf-8"


PROGRAMS = (
    ClipboardProgram(("wl-copy",), ("wl-paste", "--no-newline"), "WAYLAND_DISPLAY"),
    ClipboardProgram(
        ("xclip", "-selection", "clipboard", "-in"), ("xclip", "-selection", "clipboard", "-out"), "DISPLAY"
    ),
    ClipboardProgram(("xsel", "--clipboard", "--input"), ("xsel", "--clipboard", "--output"), "DISPLAY"),
    ClipboardProgram(("pbcopy",), ("pbpaste",)),
    ClipboardProgram(("clip.exe",), (), "WSL_DISTRO_NAME", "utf-16-le"),
)
"""The programs of Wayland, X11, macOS and Windows, in the order in which they are tried."""


class Copied(NamedTuple):
    """The result of a copy.

    Args:
        place: where the text is for certain; empty if nowhere.
        problems: what each program that failed said.
    """

    place: str = ""
    problems: tuple[str, ...] = ()


def current_environment() -> Environment:
    """Return the environment of the terminal that shows the program.

    In tmux that terminal can be another one than at the start of the shell. tmux keeps its variables.
    """
    environment = dict(os.environ)
    if not environment.get("TMUX"):
        return environment
    try:
        kept = _run(("tmux", "show-environment"), environment).decode(errors="replace").splitlines()
    except ClipboardError:
        return environment
    for line in kept:
        name, found, value = line.partition("=")
        if found:
            environment[name] = value
        else:
            environment.pop(name.removeprefix("-"), None)
    if "SSH_CONNECTION" not in environment:
        environment.pop("SSH_TTY", None)  # tmux keeps only the connection
    return environment


def over_ssh(environment: Environment) -> bool:
    """Return True in an SSH session, where the clipboard of this machine is not the user's."""
    return bool(environment.get("SSH_TTY") or environment.get("SSH_CONNECTION"))


def copy_to_desktop(text: str, environment: Environment) -> Copied:
    """Copy with the first program that works, to the clipboard of the user's desktop."""
    problems: list[str] = []
    for program in PROGRAMS:
        if not _serves_the_user(program, environment) or shutil.which(program.copy[0], path=_path(environment)) is None:
            continue
        try:
            _copy(program, text, environment)
        except ClipboardError as problem:
            problems.append(str(problem))
        else:
            return Copied("the clipboard", tuple(problems))
    return Copied("", tuple(problems))


def copy_to_tmux(text: str, environment: Environment, *, with_terminal: bool) -> Copied:
    """Copy to the buffer of tmux.

    Args:
        text: the text.
        environment: the environment of the terminal.
        with_terminal: True to let tmux copy to its own terminal too. tmux does not tell whether that worked, and
            with its defaults it drops the sequence with which a program could do so.
    """
    load = ("tmux", "load-buffer", *(("-w",) if with_terminal else ()), "-")
    try:
        _copy(ClipboardProgram(load, ("tmux", "show-buffer")), text, environment)
    except ClipboardError as problem:
        return Copied("", (str(problem),))
    return Copied("the tmux buffer")


class ClipboardError(Exception):
    """A program failed; the message names it and has its words."""


def _serves_the_user(program: ClipboardProgram, environment: Environment) -> bool:
    value = environment.get(program.variable, "")
    if not over_ssh(environment):
        return bool(value) or not program.variable
    return program.variable == "DISPLAY" and not value.startswith(":") and bool(value)  # X11 forwarding


def _copy(program: ClipboardProgram, text: str, environment: Environment) -> None:
    _run(program.copy, environment, text.encode(program.encoding, "replace"))
    if program.paste and _run(program.paste, environment) != text.encode("utf-8", "replace"):
        raise ClipboardError(f"{program.paste[0]} returned another text than {program.copy[0]} got")


def _run(command: Sequence[str], environment: Environment, text: bytes = b"") -> bytes:
    """Run a program and return its output.

    The output goes into files: a program that serves its text in the background keeps its output open. It is in a
    session of its own, so that it outlives the terminal.

    Raises:
        ClipboardError: the program is missing, failed or did not end in time.
    """
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        given.write(text)
        given.seek(0)
        try:
            code = subprocess.run(
                command,
                stdin=given,
                stdout=output,
                stderr=errors,
                env=dict(environment),
                timeout=TIMEOUT,
                start_new_session=True,
                check=False,
            ).returncode
        except subprocess.TimeoutExpired as problem:
            raise ClipboardError(f"{command[0]} did not end within {TIMEOUT:g} seconds") from problem
        except OSError as problem:
            raise ClipboardError(f"{command[0]} did not start: {problem.strerror or problem}") from problem
        if code:
            errors.seek(0)
            words = " ".join(errors.read(1000).decode(errors="replace").split())
            raise ClipboardError(f"{command[0]} failed: {words or f'exit code {code}'}")
        output.seek(0)
        return output.read()


def _path(environment: Environment) -> str | None:
    return environment.get("PATH")
