"""The logs of all libraries: to a file, to standard error, or nowhere; always without secrets.

``--debug`` of the AWS CLI prints the session token; that of ecrtui does not.
"""

from __future__ import annotations

import logging
import os
import sys
import warnings
from pathlib import Path
from typing import TextIO

from ecrtui.ecr.safe_text import visible_lines
from ecrtui.private_files import open_private
from ecrtui.redaction import redact


class RedactingFormatter(logging.Formatter):
    """Formats records as the AWS CLI does, and redacts the result, tracebacks included."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s - %(threadName)s - %(name)s - %(levelname)s - %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as text, redacted, with control characters visible."""
        return visible_lines(redact(super().format(record)), keep_tabs=True)


def log_to(target: Path | TextIO | None, *, debug: bool) -> None:
    """Send the log records and warnings of all libraries to a file or a stream, or nowhere.

    Afterwards, Python prints none of them on the terminal by itself.

    Args:
        target: a file, created for its owner only; a stream, such as standard error; or None.
        debug: whether to log everything, or warnings and errors only.

    Raises:
        OSError: the file cannot be written.
    """
    handler = _handler(target)
    handler.setFormatter(RedactingFormatter())
    handler.setLevel(logging.DEBUG if debug else logging.WARNING)
    root = logging.getLogger()
    for old in list(root.handlers):
        if isinstance(old.formatter, RedactingFormatter):
            root.removeHandler(old)
            old.close()
    root.addHandler(handler)
    root.setLevel(handler.level)
    logging.captureWarnings(True)
    if not sys.warnoptions:
        warnings.simplefilter("default" if debug else "ignore")


def _handler(target: Path | TextIO | None) -> logging.Handler:
    if target is None:
        return logging.NullHandler()
    if not isinstance(target, Path):
        return logging.StreamHandler(target)
    os.close(open_private(target))
    return logging.FileHandler(target, encoding="utf-8", errors="backslashreplace")
