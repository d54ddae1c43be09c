"""A command line parser that repeats no secret of the user in its errors."""

from __future__ import annotations

import argparse
from typing import NoReturn


class RedactingParser(argparse.ArgumentParser):
    """A parser whose errors show words of the command line without secrets, such as a password in a URL."""

    def error(self, message: str) -> NoReturn:
        """Print usage and message on standard error, and exit with 2."""
        from ecrtui.redaction import redact  # most command lines have no error

        super().error(redact(message))
