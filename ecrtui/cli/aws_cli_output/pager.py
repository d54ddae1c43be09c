"""The pager that a terminal gets: ``AWS_PAGER``, ``cli_pager``, ``PAGER``, or less; never when output is redirected."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TextIO, cast

from ecrtui.cli.aws_cli_output.terminal import on_terminal
from ecrtui.errors import UsageError

DEFAULT_PAGER = "less"
DEFAULT_LESS = "FRX"
"""What less is told if ``LESS`` is not set: leave if it fits on one screen, show colours, do not clear the screen."""


class PagerError(UsageError):
    """The pager cannot be started; the title has the AWS CLI's words."""


def configured_pager(configuration: Mapping[str, str], environment: Mapping[str, str] | None = None) -> str:
    """The pager in force; empty if paging is switched off by an empty value.

    Args:
        configuration: the profile's section of the AWS configuration file (``cli_pager``).
        environment: the process's own if None.
    """
    environment = os.environ if environment is None else environment
    for source, name in ((environment, "AWS_PAGER"), (configuration, "cli_pager"), (environment, "PAGER")):
        if name in source:
            return source[name]
    return DEFAULT_PAGER


def check_pager(command: str) -> None:
    """Whether a pager can be started, while nothing has been sent yet.

    Raises:
        PagerError: there is no such program, or the command cannot be split into words.
    """
    if not command.strip() or not on_terminal():
        return
    import shlex
    import shutil

    try:
        program = shlex.split(command)[0]
    except ValueError as problem:
        raise _pager_error(problem) from problem
    if shutil.which(program) is None:
        raise _pager_error(f"[Errno 2] No such file or directory: '{program}'")


@contextmanager
def paged(command: str, environment: Mapping[str, str] | None = None) -> Iterator[TextIO]:
    """Standard output, through the pager if it is a terminal.

    A pager that is left before it has seen everything is no error.

    Raises:
        PagerError: it cannot be started.
    """
    if not command.strip() or not on_terminal():
        yield sys.stdout
        return
    import shlex
    import subprocess

    surroundings = dict(os.environ if environment is None else environment)
    surroundings.setdefault("LESS", DEFAULT_LESS)
    try:
        process = subprocess.Popen(shlex.split(command), stdin=subprocess.PIPE, env=surroundings, text=True)
    except (OSError, ValueError) as problem:
        raise _pager_error(problem) from problem
    try:
        yield cast(TextIO, process.stdin)
    except BrokenPipeError:
        return
    finally:
        process.communicate()


def _pager_error(problem: object) -> PagerError:
    return PagerError(
        "Unable to redirect output to pager. Received the following error when opening pager:\n"
        f"{problem}\n\n"
        'Learn more about configuring the output pager by running "aws help config-vars".'
    )
