"""``--output text``: tab-separated lines, for grep and cut.

The layout is that of the AWS CLI: a line has the name of a map in capitals, then its scalars sorted by key. Maps and
lists in it follow on lines of their own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TextIO


def write_text(value: Any, stream: TextIO) -> None:
    """Write a value as lines of tab-separated fields."""
    _write(value, stream, "", None)


def _write(value: Any, stream: TextIO, name: str, columns: Sequence[str] | None) -> None:
    if isinstance(value, dict):
        _write_map(value, stream, name, columns)
    elif isinstance(value, list):
        _write_list(value, stream, name)
    else:
        stream.write(f"{value}\n")


def _write_map(value: dict[str, Any], stream: TextIO, name: str, columns: Sequence[str] | None) -> None:
    if columns is None:
        columns = sorted(key for key in value if not _nested(value[key]))
    fields = [str(value.get(key, "")) for key in columns]
    if fields:
        stream.write("\t".join([name.upper(), *fields] if name else fields) + "\n")
    for key in sorted(set(value) - set(columns)):
        _write(value[key], stream, key, None)


def _write_list(values: list[Any], stream: TextIO, name: str) -> None:
    if any(isinstance(value, dict) for value in values):
        maps = [value for value in values if isinstance(value, dict)]
        columns = sorted({key for value in maps for key in value if not _nested(value[key])})
        for value in values:
            _write(value, stream, name, columns)
    elif any(isinstance(value, list) for value in values):
        scalars = [value for value in values if not _nested(value)]
        if scalars:
            _write_scalars(scalars, stream, name)
        for value in values:
            if _nested(value):
                _write(value, stream, name, None)
    elif values:
        _write_scalars(values, stream, name)


def _write_scalars(values: list[Any], stream: TextIO, name: str) -> None:
    if name:
        stream.writelines(f"{name.upper()}\t{value}\n" for value in values)
    else:
        stream.write("\t".join(str(value) for value in values) + "\n")


def _nested(value: Any) -> bool:
    return isinstance(value, (dict, list))
