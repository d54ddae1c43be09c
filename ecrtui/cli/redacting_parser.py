"""A command line parser that repeats no secret of the user in its errors."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from _typeshed import SupportsWrite


class RedactingParser(argparse.ArgumentParser):
    """A parser with the errors of all commands: without secrets, such as a password in a URL, and with a next step."""

    def error(self, message: str, hint: str = "") -> NoReturn:
        """Print usage, message and the next step on standard error, and exit with 2.

        Args:
            message: what is wrong with the command line.
            hint: the next step; empty for the help.
        """
        from ecrtui.cli.console import print_error  # most command lines have no error
        from ecrtui.cli.standard_streams import write_stderr
        from ecrtui.errors import UsageError

        write_stderr(self.format_usage())
        print_error(UsageError(message, "", hint or f"{self.prog} --help explains all options."))
        self.exit(2)

    def _print_message(self, message: str, file: SupportsWrite[str] | None = None) -> None:
        if file is sys.stdout:
            _print(message)
        else:
            super()._print_message(message, file)


def _print(text: str) -> None:
    """Print help or version. argparse ignores an error of the write.

    Raises:
        OutputError: standard output could not be written. A reader that closes it early is not an error.
    """
    from ecrtui.cli.standard_streams import discard

    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        discard(sys.stdout)
    except OSError as problem:
        from ecrtui.cli.context import output_error  # most texts can be written

        discard(sys.stdout)
        raise output_error(problem) from problem
