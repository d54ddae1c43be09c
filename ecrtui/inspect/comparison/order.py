"""Which of two values is greater: versions of packages, numbers, times. The answer is empty where it is not certain.

Sources: deb-version(7), rpm-version(7), Semantic Versioning 2.0.0, PEP 440.
"""

from __future__ import annotations

import re
from collections.abc import Sequence, Set
from typing import Any

from ecrtui.ecr import units
from ecrtui.ecr.exact_json import Number

_SYSTEM = frozenset({"deb", "rpm", "apk"})
"""Types of packages in whose versions a further part, such as a revision, makes a greater version."""

_BEFORE_RELEASE = ("dev", "snapshot", "a", "alpha", "b", "beta", "milestone", "pre", "preview", "c", "rc")
"""Words for versions before a release, in their order."""

_EARLIER, _END, _REVISION, _FURTHER, _NUMBER = -1, 0, 1, 2, 3
"""What follows the part that two versions have in common, in the order of the versions."""

_HASH = re.compile(r"(?=[0-9a-f]*[a-f])(?=[0-9a-f]*[0-9])[0-9a-f]{7,64}")
_RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)")


def direction(order: int | None) -> str:
    """Return an order as a word: ``up``, ``down``; empty for the same, and for an order that is not known."""
    return "" if not order else "up" if order > 0 else "down"


def order_of_versions(before: str, after: str, kind: str = "") -> int | None:
    """Return 1 if the second version is the greater one, -1 if it is the lesser one; None if that is not certain.

    Schemes of versions differ. Only what all of them agree on is certain, and what the scheme of the type says.

    Args:
        before: the first version.
        after: the second version.
        kind: the type of the package (``deb``, ``npm``); empty if it is not known.
    """
    old, new = (_tokens(version) for version in (before, after))
    start = next((number for number, pair in enumerate(zip(old, new, strict=False)) if not _equal(*pair)), None)
    start = min(len(old), len(new)) if start is None else start
    is_build = "+" in old[:start] and kind not in {*_SYSTEM, ""}  # Semantic Versioning: it does not order versions
    if is_build or any(_is_in_hash(tokens, start) for tokens in (old, new)):
        return None
    first, second = old[start:], new[start:]
    if first and second and _is_number(first[0]) and _is_number(second[0]):
        return _compare(_number(first[0]), _number(second[0]))
    if first and second and first[0].isalpha() and second[0].isalpha():
        return _order_of_words(first[0], second[0], kind)
    stages = _stage(first, kind), _stage(second, kind)
    if None in stages and _NUMBER not in stages:
        return None
    return _compare(*(_END if stage is None else stage for stage in stages)) or None


def version_direction(before: Set[str], after: Set[str], kind: str = "") -> str:
    """Return ``up`` or ``down`` for the versions of a package; empty unless each image has one version of it."""
    if len(before) != 1 or len(after) != 1:
        return ""
    return direction(order_of_versions(next(iter(before)), next(iter(after)), kind))


def order_note(before: Any, after: Any) -> str:
    """Return the difference between two numbers or times in JSON: ``+1,200``, ``9 d newer``; empty for other values."""
    if before == after:
        return ""
    if isinstance(before, Number) and isinstance(after, Number):
        numbers = before.text, after.text
        return f"{int(numbers[1]) - int(numbers[0]):+,}" if all(map(_is_count, numbers)) else ""
    if isinstance(before, str) and isinstance(after, str) and _RFC3339.fullmatch(before) and _RFC3339.fullmatch(after):
        return time_note(units.parse_iso_time(before), units.parse_iso_time(after))
    return ""


def time_note(before: float | None, after: float | None) -> str:
    """Return the difference between two times in seconds since the epoch: ``9 d newer``; empty if there is none."""
    if before is None or after is None or before == after:
        return ""
    apart = abs(after - before)
    duration = units.format_short_duration(apart) if apart >= 1 else "less than 1 s"
    return f"{duration} {'newer' if after > before else 'older'}"


def _is_count(text: str) -> bool:
    return len(text) < 20 and text.isdigit()


def _tokens(version: str) -> Sequence[str]:
    """Return the numbers, words and separators of a version, with an epoch, and without the ``v`` at its start."""
    tokens = re.findall(r"[0-9]+|[a-z]+|[^0-9a-z]", re.sub(r"^v(?=[0-9])", "", version.lower()))
    return tokens if ":" in tokens[1:2] else ["0", ":", *tokens]


def _is_number(token: str) -> bool:
    return token[0] in "0123456789"


def _number(token: str) -> tuple[int, str]:
    """Return a key that sorts numbers of any length."""
    return len(token.lstrip("0")), token.lstrip("0")


def _equal(first: str, second: str) -> bool:
    return first == second or (_is_number(first) and _is_number(second) and _number(first) == _number(second))


def _is_in_hash(tokens: Sequence[str], position: int) -> bool:
    """Return True if the token at a position is in a word like the hash of a commit."""
    start = len("".join(tokens[:position]))
    word = next(
        (found[0] for found in re.finditer(r"\w+", "".join(tokens)) if found.start() <= start < found.end()), ""
    )
    return _HASH.fullmatch(word.removeprefix("g")) is not None


def _order_of_words(before: str, after: str, kind: str) -> int | None:
    if len(before) == len(after) == 1 and kind in {*_SYSTEM, ""}:  # OpenSSL 1.0.1f, 1.0.1g
        return _compare(before, after)
    known = before in _BEFORE_RELEASE and after in _BEFORE_RELEASE and kind not in _SYSTEM
    return _compare(_BEFORE_RELEASE.index(before), _BEFORE_RELEASE.index(after)) if known else None


def _stage(rest: Sequence[str], kind: str) -> int | None:
    """Return what the rest of a version is, in the order of versions; None if schemes do not agree on it."""
    if not rest:
        return _END
    separator, word = rest[0], next((token for token in rest if token.isalnum()), "")
    if separator == "." and _is_number(word) and _number(word)[0]:
        return _NUMBER
    if separator == "~":
        return _EARLIER if kind in {"deb", "rpm", ""} else None
    if word in _BEFORE_RELEASE and (separator == "_" if kind == "apk" else kind not in {"deb", "rpm", ""}):
        return _EARLIER
    if kind in _SYSTEM:
        return _REVISION if separator == "-" and "-" not in rest[1:] else _FURTHER
    return None


def _compare(before: Any, after: Any) -> int:
    return int(after > before) - int(after < before)
