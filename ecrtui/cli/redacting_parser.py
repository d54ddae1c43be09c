"""A command line parser that repeats no secret of the user in its errors."""

from __future__ import annotations

import argparse
from typing import NoReturn


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
