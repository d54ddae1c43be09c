"""The encoding of standard output."""

from __future__ import annotations

import os
from typing import TextIO

from ecrtui.errors import UsageError

OUTPUT_ENCODING = "AWS_CLI_OUTPUT_ENCODING"
"""The environment variable of the AWS CLI that selects the encoding of its output."""


def check_encoding(stream: TextIO | None) -> None:
    """Apply ``AWS_CLI_OUTPUT_ENCODING`` (or ``PYTHONUTF8=1``) to a stream.

    Raises:
        UsageError: the variable does not name an encoding. The title is the message of the AWS CLI.
    """
    encoding = os.environ.get(OUTPUT_ENCODING)
    if encoding is not None:
        try:
            "".encode(encoding)
        except LookupError as problem:
            raise UsageError(
                f"Unknown codec `{encoding}` specified for {OUTPUT_ENCODING}.", "", "Use utf-8."
            ) from problem
    elif os.environ.get("PYTHONUTF8") == "1":
        encoding = "UTF-8"
    if encoding is not None and stream is not None and hasattr(stream, "reconfigure"):
        stream.reconfigure(encoding=encoding, errors=stream.errors)


def has_all_characters(encoding: str | None) -> bool:
    """Return whether the encoding has every Unicode character."""
    return (encoding or "utf-8").lower().replace("_", "-").startswith(("utf-8", "utf8", "utf-16", "utf-32", "gb18030"))
