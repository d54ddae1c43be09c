"""Copy with the clipboard programs of this machine and with tmux, and read back what arrived.

pyperclip copies to the desktop. It runs in a process of its own, because the programs that it starts write to the
screen and may never end. These functions wait for their programs: call them in a thread.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

TIMEOUT = 5.0
"""Seconds for a program. A window system that does not answer would keep it for ever."""

OLD_TMUX = "Only tmux 3.2 and newer ones copy to their terminal."
"""The note on a copy to the buffer of an older tmux."""

Environment = Mapping[str, str]


class ClipboardProgram(NamedTuple):
    """A program that pyperclip uses.

    Args:
        name: the name of the program.
        mechanism: the name of its function in pyperclip, without ``init_`` and ``_clipboard``.
        variable: the environment variable of the clipboard's owner; empty for none.
    """

    name: str
    mechanism: str
    variable: str = ""


PROGRAMS = (
    ClipboardProgram("wl-copy", "wl", "WAYLAND_DISPLAY"),
    ClipboardProgram("xclip", "xclip", "DISPLAY"),
    ClipboardProgram("xsel", "xsel", "DISPLAY"),
    ClipboardProgram("pbcopy", "osx_pbcopy"),
    ClipboardProgram("clip.exe", "wsl", "WSL_DISTRO_NAME"),
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


def copy_to_desktop(text: str, environment: Environment, timeout: float = TIMEOUT) -> Copied:
    """Copy with the first program that works, to the clipboard of the user's desktop.

    Args:
        text: the text.
        environment: the environment of the terminal.
        timeout: seconds for each program.
    """
    problems: list[str] = []
    for program in _usable_programs(environment):
        command = (sys.executable, "-P", "-m", "ecrtui.tui.clipboard.pyperclip_copy", program.mechanism)
        try:
            _run(command, environment, text, name=program.name, timeout=timeout)
        except ClipboardError as problem:
            problems.append(str(problem))
        else:
            return Copied("the clipboard", tuple(problems))
    return Copied("", tuple(problems))


def desktop_program(environment: Environment) -> ClipboardProgram | None:
    """Return the program that a copy to the clipboard of the user's desktop tries first; None if there is none."""
    return next(_usable_programs(environment), None)


def tmux_option(name: str, environment: Environment) -> str:
    """Return the value of a global option of tmux; empty if tmux does not answer."""
    try:
        return _run(("tmux", "show-options", "-gsv", name), environment).decode(errors="replace").strip()
    except ClipboardError:
        return ""


def copy_to_tmux(text: str, environment: Environment, *, with_terminal: bool) -> Copied:
    """Copy to the buffer of tmux.

    Args:
        text: the text.
        environment: the environment of the terminal.
        with_terminal: True to let tmux copy to its own terminal too. tmux does not report whether that worked, and
            with its defaults it drops the sequence with which a program could do so.

    Returns:
        The result; with :data:`OLD_TMUX` as a problem if the text is in the buffer alone.
    """
    problems: tuple[str, ...] = ()
    try:
        try:
            _run(("tmux", "load-buffer", *(("-w",) if with_terminal else ()), "-"), environment, text)
        except ClipboardError:
            if not with_terminal:
                raise
            _run(("tmux", "load-buffer", "-"), environment, text)
            problems = (OLD_TMUX,)
        buffered = _run(("tmux", "show-buffer"), environment)
    except ClipboardError as problem:
        return Copied("", (str(problem),))
    if buffered != text.encode("utf-8", "replace"):
        return Copied("", ("tmux returned another text than it got",))
    return Copied("the tmux buffer", problems)


class ClipboardError(Exception):
    """A program failed; the message names it and has its words."""


def _usable_programs(environment: Environment) -> Iterator[ClipboardProgram]:
    for program in PROGRAMS:
        if _serves_the_user(program, environment) and shutil.which(program.name, path=_path(environment)) is not None:
            yield program


def _serves_the_user(program: ClipboardProgram, environment: Environment) -> bool:
    value = environment.get(program.variable, "")
    if not over_ssh(environment):
        return bool(value) or not program.variable
    return program.variable == "DISPLAY" and not value.startswith(":") and bool(value)  # X11 forwarding


def _run(
    command: Sequence[str], environment: Environment, text: str = "", *, name: str = "tmux", timeout: float = TIMEOUT
) -> bytes:
    """Run a program and return its output.

    The output goes into files: a program that serves its text in the background keeps its output open. It is in a
    session of its own, so that it outlives the terminal.

    Args:
        command: the command.
        environment: its environment.
        text: its standard input.
        name: the name of the program in an error.
        timeout: seconds for the program.

    Raises:
        ClipboardError: the program is missing, failed or did not end in time.
    """
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        given.write(text.encode("utf-8", "replace"))
        given.seek(0)
        try:
            process = subprocess.Popen(
                command, stdin=given, stdout=output, stderr=errors, env=dict(environment), start_new_session=True
            )
        except OSError as problem:
            raise ClipboardError(f"{name} did not start: {problem.strerror or problem}") from problem
        try:
            code = process.wait(timeout)
        except subprocess.TimeoutExpired as problem:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise ClipboardError(f"{name} did not end within {timeout:g} seconds") from problem
        if code:
            errors.seek(0)
            words = " ".join(errors.read(1000).decode(errors="replace").split())
            raise ClipboardError(f"{name} failed: {words or f'exit code {code}'}")
        output.seek(0)
        return output.read()


def _path(environment: Environment) -> str | None:
    return environment.get("PATH")
