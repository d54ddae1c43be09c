"""Run the command of ``credential_process``, and end it with ecrtui, however that ends.

It has no terminal, unless it is lent that of ecrtui, to ask the user.

The format of its output: https://docs.aws.amazon.com/cli/latest/topic/config-vars.html, "Sourcing credentials with an
external process".
"""

from __future__ import annotations

import errno
import json
import os
import shlex
import shutil
import signal
import subprocess
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, NamedTuple

from dateutil.parser import parse  # type: ignore[import-untyped]

from ecrtui.errors import CredentialsError
from ecrtui.redaction import redact

WAITING_AFTER = 2.0
"""Seconds after which ecrtui names what it waits for."""

_SUPERVISED = """
exec 3<&0 </dev/null
{ trap "" TERM; read -r done <&3 || { kill -TERM 0; sleep 1; kill -KILL 0; }; } >/dev/null 2>&1 &
exec "$@" 3<&-
"""
"""The script that becomes the command. Beside it, a shell waits for a line on standard input.

The end of standard input without a line means that ecrtui has ended, in whatever way, SIGKILL included. Then it ends
the command with the processes that it has started: they are one process group.
"""

_ON_TERMINAL = """
exec 3<"/dev/fd/$1"
shift
{ trap "" INT TERM; read -r done <&3 || { kill -TERM $$; sleep 1; kill -KILL $$; }; } </dev/null >/dev/null 2>&1 &
exec "$@" 3<&-
"""
"""The same for a command with the terminal: it stays in the process group that may read there. ``$1`` is a descriptor
instead of standard input, which can have two digits: not every shell redirects those. It ends the command alone."""

OnWaiting = Callable[[str], None]
"""Tells the user what ecrtui waits for; called with an empty text when it waits no longer."""


class _Running(NamedTuple):
    """A command that runs.

    Args:
        process: the command; without the terminal, its id is that of its process group.
        lifeline: the descriptor whose end ends the command, unless a line comes first.
        on_terminal: whether it has the terminal.
    """

    process: subprocess.Popen[bytes]
    lifeline: int
    on_terminal: bool

    def release(self) -> None:
        """Leave alone what the command has started: it did its work."""
        with suppress(BrokenPipeError):  # it has ended the shell that reads
            os.write(self.lifeline, b"\n")

    def end(self) -> None:
        """End the command; without the terminal, with the processes that it has started."""
        with suppress(OSError):  # it has ended already
            (os.kill if self.on_terminal else os.killpg)(self.process.pid, signal.SIGTERM)


_running: set[_Running] = set()
_lock = threading.Lock()
_ended = False


def run_credential_process(
    command: str, profile: str, on_waiting: OnWaiting, *, on_terminal: bool = False
) -> dict[str, Any]:
    """Run a command and return the credentials that it prints, with the member names of botocore.

    Args:
        command: the value of ``credential_process``. No shell reads it.
        profile: the profile that has it, for errors.
        on_waiting: called when the command takes long; not on the terminal, where the command speaks for itself.
        on_terminal: whether the command reads and writes on the terminal. Its standard output is read here.

    Raises:
        CredentialsError: the command cannot be run, fails, or prints something else.
    """
    output = _output_of(command, profile, None if on_terminal else on_waiting)
    try:
        printed = json.loads(output)
        if printed["Version"] != 1:
            raise _failed(command, profile, f"it printed the version {printed['Version']!r}; ecrtui knows version 1")
        for name in ("AccessKeyId", "SecretAccessKey"):
            if not isinstance(printed[name], str) or not printed[name]:
                raise _failed(command, profile, f"{name} in its output is not a text")
        expiration = printed.get("Expiration")
        if expiration is not None:
            _check_expiration(parse(expiration), command, profile)
    except KeyError as problem:
        raise _failed(command, profile, f"{problem.args[0]} is missing in its output") from None
    except (ValueError, OverflowError, TypeError, RecursionError, AttributeError) as problem:
        # The text of the error may contain the output, and so a secret.
        what = "a time that is not valid" if isinstance(problem, OverflowError) else "something else than credentials"
        raise _failed(command, profile, f"it printed {'nothing' if not output.strip() else what}") from None
    return {
        "access_key": printed["AccessKeyId"],
        "secret_key": printed["SecretAccessKey"],
        "token": printed.get("SessionToken"),
        "expiry_time": expiration,
        "account_id": printed.get("AccountId"),
    }


def end_running() -> None:
    """End the commands that run now, with the processes that they have started. Later ones are not started."""
    global _ended
    with _lock:
        _ended = True
        for running in _running:
            running.end()


def _output_of(command: str, profile: str, on_waiting: OnWaiting | None) -> bytes:
    try:
        words = shlex.split(command)
    except ValueError as problem:
        raise _failed(command, profile, f"it cannot be split into words: {problem}") from None
    if not words:
        raise _failed(command, profile, "it is empty")
    running = _start(words, command, profile, on_terminal=on_waiting is None)
    process = running.process
    try:
        output, complaint = _communicate(process, command, on_waiting)
        running.release()
    finally:
        with _lock:
            _running.discard(running)
            if process.returncode is None:  # Ctrl-C
                running.end()
            os.close(running.lifeline)
    if process.returncode:
        words_of_command = "its words are above" if running.on_terminal else "it said nothing"
        said = complaint.decode(errors="replace").strip() or words_of_command
        raise _failed(command, profile, f"it ended with exit code {process.returncode}: {said}")
    return output


def _start(words: list[str], command: str, profile: str, *, on_terminal: bool) -> _Running:
    if reason := _why_not_executable(words[0]):
        raise _failed(command, profile, f"it cannot be run: {words[0]}: {reason}")
    with _lock:
        if _ended:
            raise _failed(command, profile, "ecrtui has ended")
        read_end, lifeline = os.pipe()
        try:
            process = subprocess.Popen(
                _supervised(words, read_end, on_terminal=on_terminal),
                stdin=None if on_terminal else read_end,
                stdout=subprocess.PIPE,
                stderr=None if on_terminal else subprocess.PIPE,
                start_new_session=not on_terminal,
                pass_fds=(read_end,) if on_terminal else (),
            )
        except (OSError, ValueError) as problem:
            os.close(lifeline)
            refusal = problem.strerror if isinstance(problem, OSError) else None
            raise _failed(command, profile, f"it cannot be run: {words[0]}: {refusal or problem}") from None
        finally:
            os.close(read_end)
        running = _Running(process, lifeline, on_terminal)
        _running.add(running)
        return running


def _supervised(words: list[str], read_end: int, *, on_terminal: bool) -> list[str]:
    """Return the command line with the shell that ends the command; ``read_end`` is the other end of the lifeline."""
    script, descriptor = (_ON_TERMINAL, [str(read_end)]) if on_terminal else (_SUPERVISED, [])
    return ["/bin/sh", "-c", script, "credential_process", *descriptor, *words]


def _why_not_executable(program: str) -> str:
    """Return why a program cannot be run; empty if it can."""
    if shutil.which(program):
        return ""
    return os.strerror(errno.EACCES if "/" in program and os.path.exists(program) else errno.ENOENT)  # noqa: PTH110


def _communicate(process: subprocess.Popen[bytes], command: str, on_waiting: OnWaiting | None) -> tuple[bytes, bytes]:
    if on_waiting is None:
        output, _ = process.communicate()
        return output, b""
    try:
        return process.communicate(timeout=WAITING_AFTER)
    except subprocess.TimeoutExpired:
        on_waiting(f"Waiting for credential_process: {redact(command)}")
    try:
        return process.communicate()
    finally:
        on_waiting("")


def _check_expiration(expiration: datetime, command: str, profile: str) -> None:
    """Refuse credentials that have expired: botocore would ask for new ones for ever."""
    if expiration.tzinfo is None:
        raise _failed(command, profile, "Expiration in its output has no time zone")
    now = datetime.now(UTC)
    if expiration <= now:
        raise CredentialsError(
            "credential_process returned expired credentials",
            f"They expired at {expiration:%Y-%m-%d %H:%M:%S %Z}. The clock of this machine says "
            f"{now:%Y-%m-%d %H:%M:%S} UTC. The command of profile {profile} is: {command}",
            "Renew what the command reads, or set the clock of this machine. Then try again.",
        )


def _failed(command: str, profile: str, reason: str) -> CredentialsError:
    return CredentialsError(
        "credential_process failed",
        f"The command of profile {profile} is: {command}\n{reason[0].upper()}{reason[1:]}",
        f"Run the credential_process command of profile {profile} by itself, and fix it (~/.aws/config).",
    )
