"""Standard input, output and error of the process: closed and non-blocking ones, missing characters, failed writes.

Only the standard library: every command line loads this module first.
"""

from __future__ import annotations

import codecs
import errno
import io
import os
import sys
from contextlib import suppress
from typing import TextIO

ESCAPE = "ecrtui-escape"
r"""The error handler of standard output: a character that the encoding lacks becomes ``\uXXXX``, as in JSON."""

SIMILAR = "ecrtui-similar"
"""The error handler of standard error: a character that the encoding lacks becomes a similar one, or ``\\uXXXX``."""


def open_closed_streams() -> None:
    """Open what the caller closed (``>&-``): a file that is opened later must not become standard output.

    Writing to a closed standard output fails with EBADF, as it does for other programs. A closed standard error takes
    every text and drops it.
    """
    if sys.stdin is None:
        sys.stdin = _opened(0, os.O_RDONLY, "r")
    if sys.stdout is None:
        sys.stdout = _opened(1, os.O_RDONLY, "w")  # so that a write fails
    if sys.stderr is None:
        sys.stderr = _opened(2, os.O_WRONLY, "w")


def wait_for_streams() -> None:
    """Let reads and writes of the standard streams wait, as a shell does for itself.

    Another program can leave a terminal or a pipe in non-blocking mode. A long output is then cut, and a question gets
    no answer.
    """
    for number in (0, 1, 2):
        with suppress(OSError):  # it is closed
            os.set_blocking(number, True)


def _opened(descriptor: int, flags: int, mode: str) -> TextIO:
    """Return a stream on a descriptor that is free."""
    opened = os.open(os.devnull, flags)
    if opened != descriptor:
        os.dup2(opened, descriptor)
        os.close(opened)
    os.set_inheritable(descriptor, True)
    raw = io.FileIO(descriptor, mode, closefd=False)
    buffer = io.BufferedReader(raw) if mode == "r" else io.BufferedWriter(raw)
    return io.TextIOWrapper(buffer, "utf-8", "backslashreplace")


def escape_missing_characters() -> None:
    """Let the standard streams take every text, whatever the locale. A terminal gets what its locale can show.

    Standard input takes every byte: an answer that the locale cannot read confirms nothing.
    """
    if hasattr(sys.stdin, "reconfigure"):
        sys.stdin.reconfigure(errors="backslashreplace")
    codecs.register_error(ESCAPE, _escape)
    codecs.register_error(SIMILAR, _use_similar)
    for stream, errors in ((sys.stdout, ESCAPE), (sys.stderr, SIMILAR)):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="ascii" if _needs_ascii(stream) else None, errors=errors)


def _needs_ascii(stream: TextIO) -> bool:
    """Return True if Python sends UTF-8 to a terminal whose locale has another encoding.

    Files and pipes get UTF-8, whatever the locale, and so does everything with ``PYTHONIOENCODING=utf-8``.
    """
    if not stream.isatty() or stream.encoding != "utf-8" or os.environ.get("PYTHONIOENCODING"):
        return False
    from ecrtui.locale_encoding import is_utf8_locale  # only a terminal needs it

    return not is_utf8_locale()


def _escape(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    import json  # no other command line needs it

    return json.dumps(error.object[error.start : error.end])[1:-1], error.end


def _use_similar(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    from ecrtui.ascii_text import ascii_text  # no other command line needs it

    return ascii_text(error.object[error.start : error.end]), error.end


def flush_stdout() -> OSError | None:
    """Write what standard output still holds. Return the error, after which standard output takes and drops all."""
    try:
        sys.stdout.flush()
    except OSError as problem:
        discard(sys.stdout)
        return problem
    return None


def write_stderr(text: str, *, hide_secrets: bool = True) -> None:
    """Write to standard error, without secrets. If that fails there is no place to report it: the command continues.

    Args:
        text: the text.
        hide_secrets: False for a text that the user needs as it is, such as the page of a sign-in.
    """
    from ecrtui.redaction import redact  # most commands print no message

    try:
        sys.stderr.write(redact(text) if hide_secrets else text)
        sys.stderr.flush()
    except (OSError, ValueError):
        discard(sys.stderr)


def discard(stream: TextIO) -> None:
    """Send the rest of a standard stream to ``os.devnull``, so that flushing it at exit cannot fail."""
    with suppress(OSError, ValueError, AttributeError):
        devnull = os.open(os.devnull, os.O_WRONLY)
        os.dup2(devnull, stream.fileno())
        os.close(devnull)


def is_closed(problem: OSError) -> bool:
    """Return True if the caller closed the stream that could not be written."""
    return problem.errno == errno.EBADF
