"""The output formats of the AWS CLI, byte for byte.

A command calls :func:`check_format` before it sends anything, so that a wrong format, query or encoding is reported
while nothing has happened yet. :func:`write` prints the result. ``pager`` starts the pager of a terminal.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from datetime import date
from typing import Any, TextIO

from ecrtui.cli.aws_cli_output.encoding import check_encoding
from ecrtui.cli.aws_cli_output.query import CompiledQuery, compile_query
from ecrtui.cli.aws_cli_output.terminal import for_display
from ecrtui.errors import UsageError

__all__ = [
    "COLORS",
    "FORMATS",
    "CompiledQuery",
    "check_encoding",
    "check_format",
    "compile_query",
    "for_display",
    "json_default",
    "render",
    "write",
]

FORMATS = ("json", "text", "table", "yaml", "yaml-stream", "off")
"""The values of ``--output``."""

COLORS = ("on", "off", "auto")
"""The values of ``--color``. With ``auto`` tables have colors on a terminal only, and not with ``NO_COLOR``."""


def check_format(output_format: str, query: str | CompiledQuery | None = None) -> CompiledQuery | None:
    """Check the format, the query and the encoding of the output, and return the compiled query for :func:`write`.

    Args:
        output_format: one of :data:`FORMATS`.
        query: a JMESPath expression, as text or compiled.

    Raises:
        UsageError: the format or the encoding (``AWS_CLI_OUTPUT_ENCODING``) is unknown, or the query is not valid.
    """
    if output_format not in FORMATS:
        raise UsageError(f"Unknown output type: {output_format}", "", f"The formats are {', '.join(FORMATS)}.")
    compiled = compile_query(query) if isinstance(query, str) else query
    check_encoding(sys.stdout)
    return compiled


def write(
    value: Any,
    output_format: str = "json",
    query: str | CompiledQuery | None = None,
    stream: TextIO | None = None,
    *,
    title: str = "",
    color: str = "auto",
    terminal: bool | None = None,
) -> None:
    """Write a value in a format, as the AWS CLI writes a response.

    Args:
        value: dicts, lists and scalars; dates are written as ISO 8601.
        output_format: one of :data:`FORMATS`; ``off`` writes nothing.
        query: a JMESPath expression that selects a part of the value.
        stream: the stream to write to; standard output if None.
        title: the heading of a table: the operation ("PutImage").
        color: one of :data:`COLORS`.
        terminal: whether a terminal shows the output, so that control characters are made visible. None asks the
            stream.

    Raises:
        UsageError: the format is unknown, or the query is not valid.
        QueryMismatchError: the query does not fit the value (a function got another type), or a table would have rows
            of different lengths.
        OSError: the stream cannot be written.
        UnicodeEncodeError: the encoding of the stream lacks a character.
    """
    if output_format not in FORMATS:
        raise UsageError(f"Unknown output type: {output_format}", "", f"The formats are {', '.join(FORMATS)}.")
    if output_format == "off":
        return
    compiled = compile_query(query) if isinstance(query, str) else query
    found = value if compiled is None else compiled.search(value)
    target = stream if stream is not None else sys.stdout
    shown = target.isatty() if terminal is None else terminal
    if output_format == "table":
        _write_table(found, target, title, color, terminal=shown)
    else:
        _WRITERS[output_format](found, for_display(target, output_format, terminal=shown))
    target.flush()


def render(value: Any, output_format: str, query: CompiledQuery | None = None, *, title: str = "") -> str:
    """Return the text that :func:`write` would write, without colors."""
    from io import StringIO

    stream = StringIO()
    write(value, output_format, query, stream, title=title, color="off")
    return stream.getvalue()


def json_default(value: Any) -> Any:
    """Convert a value that JSON lacks to text: dates to ISO 8601, as the AWS CLI does."""
    return value.isoformat() if isinstance(value, date) else str(value)


def _write_json(value: Any, stream: TextIO) -> None:
    if value != {}:  # the response of an operation without output
        json.dump(value, stream, indent=4, default=json_default, ensure_ascii=False)
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
