"""The pager of a terminal: ``AWS_PAGER``, ``cli_pager``, ``PAGER``, or less. Redirected output has none."""

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
"""The options of less if ``LESS`` is not set: exit if the text fits the screen, show colors, keep the screen."""


class PagerError(UsageError):
    """The pager could not be started. The title is the message of the AWS CLI."""


def configured_pager(configuration: Mapping[str, str]) -> str:
    """Return the command of the pager; empty if an empty value switches paging off.

    Args:
        configuration: the profile's section of the AWS configuration file (``cli_pager``).
    """
    for source, name in ((os.environ, "AWS_PAGER"), (configuration, "cli_pager"), (os.environ, "PAGER")):
        if name in source:
            return source[name]
    return DEFAULT_PAGER


def check_pager(command: str) -> None:
    """Check that a pager can be started, before anything is sent.

    Raises:
        PagerError: there is no such program, or the command has unbalanced quotes.
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
def paged(command: str) -> Iterator[TextIO]:
    """Yield standard output, or the input of the pager if standard output is a terminal.

    It is not an error if the user quits the pager early.

    Raises:
        PagerError: the pager could not be started.
    """
    if not command.strip() or not on_terminal():
        yield sys.stdout
        return
    import shlex
    import subprocess

    variables = {"LESS": DEFAULT_LESS, **os.environ}
    try:
        process = subprocess.Popen(shlex.split(command), stdin=subprocess.PIPE, env=variables, text=True)
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
