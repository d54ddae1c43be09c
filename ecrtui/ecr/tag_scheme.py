"""The scheme of a tag: its text with the numbers of its version left open.

``v1.4.2-alpine`` and ``v1.5.0-alpine`` have one scheme; ``1.5.0-alpine``, ``v1.5.0-arm64`` and ``v1.5.0-rc.1`` each
have another one. A number that does not belong to the version, as in ``alpine3.20`` or ``1.5.0-python-3.13``, is text:
a repository has images for several of them at the same time. So is the number of a known piece of software, as in
``python-3.13``. A tag whose version is not clear has no scheme.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import IntEnum
from typing import NamedTuple

Version = tuple[tuple[int, ...], ...]
"""The numbers of a version: ``((1, 4, 2), (1,))`` of ``1.4.2-rc.1``. Those of one scheme compare with each other."""

_YEAR = r"(?:19|20)[0-9]{2}"
_DATE = rf"{_YEAR}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])"
_TIME = r"[0-9]{4}(?:[0-9]{2})?"
_COMMIT = rf"(?!{_DATE}(?:{_TIME})?(?![0-9a-f]))(?=[a-f]*[0-9])[0-9a-f]{{7,40}}"
"""A commit. Letters alone are a word, and a date is a number.

One in 27 commits of seven characters has digits alone. Nothing tells it from the number of a build, and the order of
the pushes is right for both.
"""

_COUNTER = r"(?i:alpha|beta|build|dev|post|preview|pre|rc|rev|b|p|r)"
"""Words whose number counts: ``rc1``, ``rc.1``, ``rc-1``."""

_COUNTER_PART = rf"({_COUNTER}\.?)[0-9]+"

_OTHER_NUMBERS = frozenset({
    "arm", "x86", "alpine", "amazonlinux", "centos", "debian", "distroless", "fedora", "rocky", "ubi", "ubuntu",
    "windowsservercore", "corretto", "cuda", "deno", "dotnet", "erlang", "go", "golang", "java", "jdk", "jre",
    "julia", "kotlin", "lua", "node", "nodejs", "openjdk", "perl", "php", "py", "python", "ruby", "rust", "scala",
    "temurin", "airflow", "cassandra", "elasticsearch", "kafka", "kubernetes", "k8s", "mariadb", "mongo", "mysql",
    "nginx", "postgres", "postgresql", "rabbitmq", "redis", "spark",
})  # fmt: skip
"""Words whose number does not count: ``arm-v7``, ``x86_64``, ``python-3.13``."""

_PART = (
    r"(?P<v>v?)(?P<first>[0-9]+)(?P<more>(?:\.[0-9]+)*)"
    rf"(?:(?P<word>\.?{_COUNTER}\.?)(?P<count>[0-9]+)|(?P<end>(?:\.[A-Za-z]+)?))"
)
"""A number between two separators, such as ``v1.4.2``, ``1.4.2rc1``, ``1.4.2.Final``."""


class SchemeKind(IntEnum):
    """What the scheme leaves open; the greater, the more it says about the order of images."""

    COMMIT = 1
    NUMBER = 2
    VERSION = 3


_NUMBERS = (SchemeKind.NUMBER, SchemeKind.VERSION)


class TagScheme(NamedTuple):
    """The scheme of a tag."""

    kind: SchemeKind
    pattern: re.Pattern[str]
    """Matches the tags of this scheme, with a group for each number."""

    def version(self, tag: str) -> Version | None:
        """Return the numbers of a tag of this scheme; None if it has another one."""
        if (found := self.pattern.fullmatch(tag)) is None:
            return None
        return tuple(tuple(map(int, number.split("."))) for number in found.groups())


def tag_scheme(tag: str) -> TagScheme | None:
    """Return the scheme of a tag; None if it has no number and no commit that could be another one."""
    texts = re.split("([-_])", tag)
    parts = _scheme_parts(texts[::2])
    kinds = [part.kind for part in parts if part.kind is not None]
    if not kinds:
        return None
    patterns = (part.pattern + separator for part, separator in zip(parts, [*texts[1::2], ""], strict=True))
    return TagScheme(max(kinds), re.compile("".join(patterns)))


class _SchemePart(NamedTuple):
    """The pattern of what is between two separators, and what it leaves open; None for nothing."""

    pattern: str
    kind: SchemeKind | None = None


def _scheme_parts(parts: Sequence[str]) -> list[_SchemePart]:
    version = _version_position(parts)
    start = len(parts) if version is None else version
    found: list[_SchemePart] = []
    for position, part in enumerate(parts):
        before = parts[position - 1] if position > start else ""
        follows = bool(_matches(_COUNTER, before)) or (before != "" and found[-1].kind in _NUMBERS)
        number = _matches(_PART, part)
        if commit := _commit_part(part, parts[position - 1] if position else ""):
            found.append(commit)
        elif position >= start and (counter := _matches(_COUNTER_PART, part)):
            found.append(_SchemePart(re.escape(counter[1]) + "([0-9]+)", SchemeKind.NUMBER))
        elif number and (position == start or (follows and not number["more"])):
            after = parts[position + 1] if position == start and position + 1 < len(parts) else ""
            long = bool(number["more"]) or (after.isdigit() and _commit_part(after, part) is None)
            may_be_commit = not (number["v"] or _matches(_COUNTER, parts[position - 1] if position else ""))
            found.append(_number_part(number, long=long, may_be_commit=may_be_commit))
        else:
            found.append(_SchemePart(re.escape(part)))
    return found


def _version_position(parts: Sequence[str]) -> int | None:
    """Return the position of the version: of the number at the start, else of the only number; None if unclear.

    What directly follows a number, and a counter, does not make it unclear.
    """
    numbers: list[int] = []
    follows = False
    for position, part in enumerate(parts):
        before = parts[position - 1] if position else ""
        is_text = before.lower() in _OTHER_NUMBERS or _commit_part(part, before)
        counter = _matches(_COUNTER_PART, part)
        is_number = not is_text and bool(counter or _matches(_PART, part))
        if is_number and not (numbers and (follows or counter or _matches(_COUNTER, before))):
            numbers.append(position)
        follows = is_number
    return numbers[0] if numbers and (numbers[0] == 0 or len(numbers) == 1) else None


def _commit_part(part: str, before: str) -> _SchemePart | None:
    """Return the pattern of a commit; None for a number, as digits alone are after a counter: ``build-1234567``."""
    commit = f"(?=[0-9]*[a-f]){_COMMIT}" if _matches(_COUNTER, before) else _COMMIT
    found = _matches(f"(g?){commit}", part)
    return _SchemePart(found[1] + commit, SchemeKind.COMMIT) if found else None


def _number_part(number: re.Match[str], *, long: bool, may_be_commit: bool) -> _SchemePart:
    """Return the pattern of a number; dates, versions that begin with a year, and other numbers are different.

    Args:
        number: the match of the part.
        long: whether it has several numbers, as ``2026.10`` and ``2026-11-28``. One alone is no year.
        may_be_commit: whether as many digits as a commit has are one here.
    """
    first = number["first"]
    if _matches(f"{_DATE}(?:{_TIME})?", first):
        pattern = f"{_DATE}[0-9]{{{len(first) - 8}}}"
    elif long and _matches(_YEAR, first):
        pattern = _YEAR
    else:
        pattern = rf"(?!{_DATE}(?:{_TIME})?(?![0-9]){rf'|{_YEAR}(?![0-9])' if long else ''})[0-9]+"
        if may_be_commit and not (number["more"] or number["word"] or number["end"]):
            pattern = "(?![0-9]{7,40}(?![0-9]))" + pattern
    more = r"(?:\.[0-9]+)+" if number["more"] else ""
    counted = re.escape(number["word"]) + "([0-9]+)" if number["word"] else re.escape(number["end"])
    return _SchemePart(f"{number['v']}({pattern}{more}){counted}", SchemeKind.VERSION if long else SchemeKind.NUMBER)


def _matches(pattern: str, text: str) -> re.Match[str] | None:
    return re.fullmatch(pattern, text, re.ASCII)
