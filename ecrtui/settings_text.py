"""Change one value in the text of a settings file. Comments and all else stay."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

_TABLE_HEADER = r"(?m)^[^\S\n]*\["
_VALUE = r"""(?:"(?:[^"\\\n]|\\.)*"|'[^'\n]*'|\[[^\[\]]*\]|[^\s#"'\[]+)"""
_END = r"(?=[^\S\n]*(?:\#|$))"


def with_value(text: str, names: Sequence[str], value: str | list[str] | None) -> str:
    """Return the text with another value of a setting.

    A setting that is not there yet is added. The result is wrong where the setting is written in an unusual way, such
    as in an inline table; parse it.

    Args:
        text: the text of the file.
        names: the setting, or a table and a setting in it.
        value: the value; None removes the setting.
    """
    table = re.search(_TABLE_HEADER, text)
    top, rest = (text[: table.start()], text[table.start() :]) if table else (text, "")
    *tables, name = names
    header = re.search(rf"(?m)^[^\S\n]*\[\s*{re.escape(tables[0])}\s*\][^\n]*(?:\n|\Z)", rest) if tables else None
    if header is None:
        return _with_line(top, ".".join(names), value) + rest
    after = re.compile(_TABLE_HEADER).search(rest, header.end())
    end = after.start() if after else len(rest)
    before = rest[: header.end()] if rest[: header.end()].endswith("\n") else rest[: header.end()] + "\n"
    return top + before + _with_line(rest[header.end() : end], name, value) + rest[end:]


def _with_line(text: str, name: str, value: str | list[str] | None) -> str:
    """Return some lines with another value of a key, at the top if it is not there."""
    escaped = r"\s*\.\s*".join(rf"""(?:{part}|"{part}"|'{part}')""" for part in map(re.escape, name.split(".")))
    key = rf"(?m)^([^\S\n]*{escaped}\s*=\s*)"
    if value is None:
        return re.sub(rf"{key}{_VALUE}{_END}[^\n]*\n?", "", text, count=1)
    shown = json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    changed, times = re.subn(rf"{key}{_VALUE}{_END}", lambda found: found[1] + shown, text, count=1)
    return changed if times else f"{name} = {shown}\n{text}"
