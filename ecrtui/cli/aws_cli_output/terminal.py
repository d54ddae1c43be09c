"""Standard output as a terminal: its width, and streams that escape control characters."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable
from functools import partial
from typing import TextIO, cast

from ecrtui.ecr.safe_text import visible_json, visible_lines


def on_terminal() -> bool:
    """Return whether standard output is a terminal."""
    try:
        return os.isatty(sys.stdout.fileno())
    except (AttributeError, OSError, ValueError):
        return False


def terminal_width() -> int:
    """Return the columns of the terminal; 80 if standard output is none."""
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns
    except (AttributeError, OSError, ValueError):
        return 80


def for_display(stream: TextIO, output_format: str, *, terminal: bool | None = None) -> TextIO:
    """Return a stream that makes registry text visible if a terminal shows it; other streams get the exact text.

    Args:
        stream: the stream to write to.
        output_format: a value of ``--output``. Tables escape their own cells, because they contain color sequences.
        terminal: whether a terminal shows the output, possibly through a pager. None asks the stream.
    """
    shown = stream.isatty() if terminal is None else terminal
    if not shown or output_format == "table":
        return stream
    escape = visible_json if output_format in ("json", "jsonl") else partial(visible_lines, keep_tabs=True)
    return cast(TextIO, _EscapingStream(stream, escape))


class _EscapingStream:
    """A text stream for writing that escapes what is written."""

    def __init__(self, stream: TextIO, escape: Callable[[str], str]) -> None:
        self._stream = stream
        self._escape = escape

    def write(self, text: str) -> int:
        return self._stream.write(self._escape(text))

    def writelines(self, lines: Iterable[str]) -> None:
        self._stream.writelines(map(self._escape, lines))

    def flush(self) -> None:
        self._stream.flush()
