"""In which encoding standard output is written, and whether it has the characters."""

from __future__ import annotations

import os
from typing import TextIO

from ecrtui.errors import UsageError

OUTPUT_ENCODING = "AWS_CLI_OUTPUT_ENCODING"
"""The environment variable with which the AWS CLI lets the encoding of its output be chosen."""


def check_encoding(stream: TextIO | None) -> None:
    """Apply ``AWS_CLI_OUTPUT_ENCODING`` (or ``PYTHONUTF8=1``) to a stream.

    Raises:
        UsageError: the variable does not name an encoding; in the AWS CLI's words.
    """
    encoding = os.environ.get(OUTPUT_ENCODING)
    if encoding is not None:
        try:
            "".encode(encoding)
        except LookupError as problem:
            raise UsageError(
                f"Unknown codec `{encoding}` specified for {OUTPUT_ENCODING}.", "", "utf-8 is one that always works."
            ) from problem
    elif os.environ.get("PYTHONUTF8") == "1":
        encoding = "UTF-8"
    if encoding is not None and stream is not None and hasattr(stream, "reconfigure"):
        stream.reconfigure(encoding=encoding)


def has_all_characters(encoding: str | None) -> bool:
    """Whether every character of Unicode can be written in the encoding."""
    return (encoding or "utf-8").lower().replace("_", "-").startswith(("utf-8", "utf8", "utf-16", "utf-32", "gb18030"))
