"""Say where a file of the AWS configuration is wrong. botocore names the file only.

No text of the file is repeated: it may hold a secret.
"""

from __future__ import annotations

import configparser
import re
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from pathlib import Path
from typing import Any

_MARKS = {BOM_UTF8: "a byte order mark", BOM_UTF16_LE: "UTF-16", BOM_UTF16_BE: "UTF-16"}
_LINE = re.compile(r"\[?line:?\s+(\d+)")


def explain_parse_error(path: str, problem: Any) -> str:
    """Return the place and the reason of a ConfigParseError, as ``/home/me/.aws/config, line 3: …``.

    Args:
        path: the file.
        problem: what botocore found: an error of configparser, or a ValueError.
    """
    line, reason = _place(path, problem)
    return f"{path}, line {line}: {reason}." if line else f"{path}: {reason}."


def _place(path: str, problem: Any) -> tuple[int, str]:
    try:
        content = Path(path).read_bytes()
    except OSError as unread:
        return 0, unread.strerror or str(unread)
    for mark, name in _MARKS.items():
        if content.startswith(mark):
            return 1, f"the file begins with {name}; save it as UTF-8 without a byte order mark"
    try:
        text = content.decode()
    except UnicodeDecodeError as undecodable:
        line = content.count(b"\n", 0, undecodable.start) + 1
        return line, f"byte 0x{content[undecodable.start]:02x} is not UTF-8; save the file as UTF-8"
    if isinstance(problem, configparser.MissingSectionHeaderError):
        return problem.lineno, "text before the first [section]"
    if isinstance(problem, configparser.DuplicateSectionError):
        return problem.lineno or 0, f"the section [{problem.section}] is there twice"
    if isinstance(problem, configparser.DuplicateOptionError):
        return problem.lineno or 0, f"{problem.option} is there twice in [{problem.section}]"
    if isinstance(problem, configparser.ParsingError) and problem.errors:
        return problem.errors[0][0], "this is neither a [section] nor NAME = VALUE"
    if isinstance(problem, ValueError):
        return _indented_line(text), "an indented line must be NAME = VALUE"
    found = _LINE.search(str(problem))
    return int(found[1]) if found else 0, "the file cannot be parsed"


def _indented_line(text: str) -> int:
    """Return the line of the first indented line without a value; 0 if there is none."""
    for number, line in enumerate(text.split("\n"), 1):
        if line[:1] in (" ", "\t") and line.strip() and not line.lstrip().startswith(("#", ";")) and "=" not in line:
            return number
    return 0
