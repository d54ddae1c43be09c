"""What commands print: the AWS CLI's output formats, byte for byte.

Before a command sends anything it calls :func:`check`, so that a misspelt format, a ``--query`` that is no JMESPath or
an encoding that cannot be written is told while nothing has happened yet; afterwards :func:`write` prints the value.
``pager`` has the pager that a terminal gets.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from datetime import date
from typing import Any, TextIO

from ecrtui.cli.aws_cli_output.encoding import check_encoding
from ecrtui.cli.aws_cli_output.query import Query, compile_query
from ecrtui.cli.aws_cli_output.terminal import for_display
from ecrtui.errors import UsageError

__all__ = ["COLORS", "FORMATS", "Query", "check", "check_encoding", "compile_query", "for_display", "render", "write"]

FORMATS = ("json", "text", "table", "yaml", "yaml-stream", "off")
"""The output formats, by the names that ``--output`` takes."""

COLORS = ("on", "off", "auto")
"""When tables are coloured; ``auto`` is on a terminal."""


def check(format: str, query: str | Query | None = None, stream: TextIO | None = None) -> Query | None:  # noqa: A002
    """What can be known before anything is sent: the format, the syntax of the query, the encoding of the stream.

    Args:
        format: one of :data:`FORMATS`.
        query: a JMESPath expression, or one that is compiled already.
        stream: where it will be written; standard output if None.

    Returns:
        The compiled query, to be given to :func:`write`; None if there is none.

    Raises:
        UsageError: the format does not exist, the query is no JMESPath, ``AWS_CLI_OUTPUT_ENCODING`` is no encoding.
    """
    if format not in FORMATS:
        raise UsageError(f"Unknown output type: {format}", "", f"The formats are {', '.join(FORMATS)}.")
    compiled = compile_query(query) if isinstance(query, str) else query
    check_encoding(stream if stream is not None else sys.stdout)
    return compiled


def write(
    value: Any,
    format: str = "json",  # noqa: A002 - the word that the option has
    query: str | Query | None = None,
    stream: TextIO | None = None,
    *,
    title: str = "",
    color: str = "auto",
    terminal: bool | None = None,
) -> None:
    """Write a value in a format, as the AWS CLI writes a response.

    Args:
        value: dicts, lists and scalars; dates are written as ISO 8601.
        format: one of :data:`FORMATS`; ``off`` writes nothing.
        query: a JMESPath expression that picks what is written.
        stream: standard output if None.
        title: what stands above a table: the operation ("PutImage").
        color: one of :data:`COLORS`.
        terminal: True if a terminal shows the output, so that control characters in it must be made visible; the
            stream itself is asked if None.

    Raises:
        UsageError: the format does not exist, or the query is no JMESPath.
        jmespath.exceptions.JMESPathError: the query does not fit the value (a function got another type).
        ValueError: a table of lists that are not equally long.
        OSError: the stream cannot be written.
        UnicodeEncodeError: the stream's encoding does not have a character.
    """
    if format not in FORMATS:
        raise UsageError(f"Unknown output type: {format}", "", f"The formats are {', '.join(FORMATS)}.")
    if format == "off":
        return
    compiled = compile_query(query) if isinstance(query, str) else query
    found = value if compiled is None else compiled.search(value)
    target = stream if stream is not None else sys.stdout
    shown = target.isatty() if terminal is None else terminal
    if format == "table":
        _write_table(found, target, title, color, terminal=shown)
    else:
        _WRITERS[format](found, for_display(target, format, terminal=shown))
    target.flush()


def render(value: Any, format: str, query: Query | None = None, *, title: str = "") -> str:  # noqa: A002
    """The text that :func:`write` would write, without colours."""
    from io import StringIO

    stream = StringIO()
    write(value, format, query, stream, title=title, color="off")
    return stream.getvalue()


def plain(value: Any) -> Any:
    """What JSON has no word for, as the AWS CLI writes it: dates as ISO 8601 text."""
    return value.isoformat() if isinstance(value, date) else str(value)


def _write_json(value: Any, stream: TextIO) -> None:
    if value != {}:  # an operation without an answer
        json.dump(value, stream, indent=4, default=plain, ensure_ascii=False)
        stream.write("\n")


def _write_text(value: Any, stream: TextIO) -> None:
    from ecrtui.cli.aws_cli_output.text_format import write_text

    write_text(value, stream)


def _write_yaml(value: Any, stream: TextIO) -> None:
    if value != {}:
        from ecrtui.cli.aws_cli_output.yaml_format import write_yaml

        write_yaml(value, stream)


def _write_yaml_stream(value: Any, stream: TextIO) -> None:
    if value != {}:
        from ecrtui.cli.aws_cli_output.yaml_format import write_yaml

        write_yaml([value], stream)


def _write_table(value: Any, stream: TextIO, title: str, color: str, *, terminal: bool) -> None:
    from ecrtui.cli.aws_cli_output.table_format import write_table

    write_table(value, stream, title, color, terminal=terminal)


_WRITERS: dict[str, Callable[[Any, TextIO], None]] = {
    "json": _write_json,
    "text": _write_text,
    "yaml": _write_yaml,
    "yaml-stream": _write_yaml_stream,
}
