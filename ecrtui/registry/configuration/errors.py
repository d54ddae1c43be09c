"""Say where a file of the AWS configuration is wrong. botocore names the file only.

No text of the file is repeated: it may hold a secret.
"""

from __future__ import annotations

import configparser
import os
import re
from codecs import BOM_UTF8
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ecrtui.paths import AWS_FILES, expand
from ecrtui.registry.credentials.cache import why_unreadable
from ecrtui.text_files import encoding_fault

_LINE = re.compile(r"\[?line:?\s+(\d+)")


def explain_parse_error(path: str, problem: Any) -> str:
    """Return the place and the reason of a ConfigParseError, as ``/home/me/.aws/config, line 3: …``.

    Args:
        path: the file.
        problem: what botocore found: an error of configparser, or a ValueError.
    """
    line, reason = _place(path, problem)
    return f"{path}, line {line}: {reason}." if line else f"{path}: {reason}."


def unreadable_files(environment: Mapping[str, str]) -> str:
    """Return which files of the AWS configuration cannot be read, and why; empty if there are none.

    botocore takes such a file for an empty one. A missing file counts only if a variable names it.
    """
    problems = []
    for variable, default in AWS_FILES.items():
        path = expand(environment.get(variable) or default)
        if (environment.get(variable) or os.path.lexists(path)) and (reason := why_unreadable(path)):
            problems.append(f"{path}: {reason}.")
    return "\n".join(problems)


def is_configured(environment: Mapping[str, str]) -> bool:
    """Return whether there is any AWS configuration: a file, or an access key in the environment."""
    files = (expand(environment.get(variable) or default) for variable, default in AWS_FILES.items())
    return bool(environment.get("AWS_ACCESS_KEY_ID")) or any(map(os.path.lexists, files))


def _place(path: str, problem: Any) -> tuple[int, str]:
    try:
        content = Path(path).read_bytes()
    except OSError as unread:
        return 0, unread.strerror or str(unread)
    if content.startswith(BOM_UTF8):
        return 1, "the file begins with a byte order mark; save it as UTF-8 without one"
    if wrong := encoding_fault(content):
        return wrong.line, wrong.reason
    if isinstance(problem, configparser.MissingSectionHeaderError):
        return problem.lineno, "text before the first [section]"
    if isinstance(problem, configparser.DuplicateSectionError):
        return problem.lineno or 0, f"the section [{problem.section}] is there twice"
    if isinstance(problem, configparser.DuplicateOptionError):
        return problem.lineno or 0, f"{problem.option} is there twice in [{problem.section}]"
    if isinstance(problem, configparser.ParsingError) and problem.errors:
        return problem.errors[0][0], "this is neither a [section] nor NAME = VALUE"
    if isinstance(problem, ValueError):
        return _indented_line(content.decode()), "an indented line must be NAME = VALUE"
    found = _LINE.search(str(problem))
    return int(found[1]) if found else 0, "the file cannot be parsed"


def _indented_line(text: str) -> int:
    """Return the line of the first indented line without a value; 0 if there is none."""
    for number, line in enumerate(text.split("\n"), 1):
        if line[:1] in (" ", "\t") and line.strip() and not line.lstrip().startswith(("#", ";")) and "=" not in line:
            return number
    return 0
