"""Check replies of ECR where they enter: types, ranges, texts, and whether a reply is about what was asked.

Whatever listens at the endpoint may have sent a reply. The functions here read a member of a reply and raise
:class:`BadValue` if its value is not as the API defines it. A member that is missing or null has no value: readers
return a default, or raise if it is required. Callers turn :class:`BadValue` into an error with
:func:`validate_reply`, or into one message a row with :func:`read_rows`.

The bounds come from the service model of ECR, as far as it has any (``ImageTag`` has 1 to 300 characters).
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NoReturn, TypeVar

from ecrtui.ecr.digest import DIGEST_PATTERN
from ecrtui.ecr.units import MAX_TIME
from ecrtui.errors import ConnectionFailed
from ecrtui.registry.errors import integrity_error
from ecrtui.registry.protocol import PageRows

Item = TypeVar("Item")
Reply = Mapping[str, Any]

MAX_INTEGER = 2**63 - 1
"""The largest ``long`` of the API."""
MAX_SCORE = 10
"""The highest score of CVSS and of Amazon Inspector."""
MAX_TEXT = 65_536
"""Characters of a text for which the API has no limit."""
MAX_NAME = 256
"""Characters of ``RepositoryName``."""
MAX_TAG = 300
"""Characters of ``ImageTag``."""
MAX_IDS = 100
"""Image ids in a request, and so images and failures in its reply (``ImageIdentifierList``)."""
MAX_MEDIA_TYPE = 1_024
"""Characters of a media type or an artifact type. RFC 6838 allows 255."""

_ACCOUNT = re.compile(r"[0-9]{12}")
_SHOWN = 60
"""Characters of a bad value in a message."""

_log = logging.getLogger(__name__)


class BadValue(ValueError):  # noqa: N818 - reads as what happened
    """A value in a reply is not as the API defines it. The text names the member and says what it has."""


class OtherSubject(BadValue):
    """A reply is about another registry, repository, image or tag than the one that was asked for."""


def text(entry: Reply, member: str, limit: int = MAX_TEXT) -> str:
    """Return a text; empty without a value.

    Raises:
        BadValue: it is not a text, longer than ``limit`` characters, or no valid Unicode (it has a lone surrogate).
    """
    value = entry.get(member)
    return "" if value is None else _text(value, member, limit)


def required_text(entry: Reply, member: str, limit: int = MAX_TEXT) -> str:
    """Return a text that is not empty; raises :class:`BadValue` as :func:`text` does."""
    return text(entry, member, limit) or _missing(member)


def texts(entry: Reply, member: str, limit: int = MAX_TEXT) -> tuple[str, ...]:
    """Return a list of texts that are not empty; raises :class:`BadValue`."""
    value = entry.get(member)
    if value is None:
        return ()
    if type(value) is not list:
        raise _not(member, value, "a list")
    return tuple([_text(item, member, limit) or _missing(member) for item in value])


def digest(entry: Reply, member: str) -> str:
    """Return a sha256 digest; empty without a value. Raises :class:`BadValue` if it is not one."""
    return _matching(entry, member, DIGEST_PATTERN, "a sha256 digest")


def _matching(entry: Reply, member: str, pattern: re.Pattern[str], description: str) -> str:
    value = entry.get(member)
    if value is None:
        return ""
    if type(value) is str and pattern.fullmatch(value):
        return value
    raise _not(member, value, description)


def required_digest(entry: Reply, member: str) -> str:
    """Return a sha256 digest. Raises :class:`BadValue` if there is none."""
    return digest(entry, member) or _missing(member)


def account(entry: Reply, member: str) -> str:
    """Return the 12 digits of an AWS account; empty without a value. Raises :class:`BadValue` if it is not one."""
    return _matching(entry, member, _ACCOUNT, "the 12 digits of an account")


def required_account(entry: Reply, member: str) -> str:
    """Return the 12 digits of an AWS account. Raises :class:`BadValue` if there are none."""
    return account(entry, member) or _missing(member)


def integer(entry: Reply, member: str) -> int | None:
    """Return a number from 0 to :data:`MAX_INTEGER`; None without a value. Raises :class:`BadValue`."""
    value = entry.get(member)
    return None if value is None else _integer(value, member)


def moment(entry: Reply, member: str) -> float | None:
    """Return a time in seconds since the epoch; None without a value. Raises :class:`BadValue`."""
    value = entry.get(member)
    if value is None or ((type(value) is float or type(value) is int) and 0 <= value <= MAX_TIME):
        return value
    raise _not(member, value, "a time in seconds since 1970, before the year 10000")


def score(entry: Reply, member: str) -> float | None:
    """Return a score of a vulnerability, 0 to 10; None without a value. Raises :class:`BadValue`."""
    value = entry.get(member)
    if value is None or ((type(value) is float or type(value) is int) and 0 <= value <= MAX_SCORE):
        return value
    raise _not(member, value, f"a number from 0 to {MAX_SCORE}")


def flag(entry: Reply, member: str) -> bool:
    """Return true or false; False without a value. Raises :class:`BadValue`."""
    value = entry.get(member)
    if value is None or type(value) is bool:
        return bool(value)
    raise _not(member, value, "true or false")


def structure(entry: Reply, member: str) -> Reply:
    """Return an object; an empty one without a value. Raises :class:`BadValue`."""
    value = entry.get(member)
    if type(value) is dict:
        return value
    if value is None:
        return {}
    raise _not(member, value, "an object")


def text_map(entry: Reply, member: str) -> Mapping[str, str]:
    """Return an object whose names and values are texts; an empty one without a value. Raises :class:`BadValue`."""
    found = structure(entry, member).items()
    return {_text(name, member, MAX_TEXT): _text(value, member, MAX_TEXT) for name, value in found}


def integer_map(entry: Reply, member: str) -> Mapping[str, int]:
    """Return an object whose values are numbers; an empty one without a value. Raises :class:`BadValue`."""
    found = structure(entry, member).items()
    return {_text(name, member, MAX_TEXT): _integer(value, member) for name, value in found}


def structures(entry: Reply, member: str, limit: int | None = None) -> Sequence[Reply]:
    """Return a list of at most ``limit`` objects; an empty one without a value. Raises :class:`BadValue`."""
    value = entries(entry, member)
    if limit is not None and len(value) > limit:
        raise BadValue(f"{member} has {len(value):,} entries; at most {limit:,} are accepted")
    for item in value:
        if type(item) is not dict:
            raise _not(f"an entry of {member}", item, "an object")
    return value


def entries(entry: Reply, member: str) -> Sequence[Any]:
    """Return a list whose entries are not checked, for :func:`read_rows`. Raises :class:`BadValue`."""
    value = entry.get(member)
    if type(value) is list:
        return value
    if value is None:
        return ()
    raise _not(member, value, "a list")


def check_subject(entry: Reply, asked: Mapping[str, str]) -> None:
    """Compare members with what was asked for. Members without a value are not compared, nor with an empty text.

    Raises:
        OtherSubject: a member has another value.
    """
    for member, wanted in asked.items():
        value = entry.get(member)
        if value != wanted and value is not None and wanted:
            raise OtherSubject(f"{member} is {shown(value)}, but the request was for {shown(wanted)}")


def check_answers(asked: Sequence[str], answered: Iterable[Iterable[str]], *, partly: bool = False) -> None:
    """Check that a reply answers exactly what was asked.

    Args:
        asked: digests or tags.
        answered: for each entry of the reply, the digests and tags that it is about.
        partly: whether the reply may leave some out.

    Raises:
        OtherSubject: an entry is about nothing that was asked for, or two are about the same.
        BadValue: there is no entry for something that was asked for.
    """
    missing = set(asked)
    for names in map(set, answered):
        if not missing & names:
            raise OtherSubject(f"the reply has {shown(min(names, default=''))}, which was not asked for")
        missing -= names
    if missing and not partly:
        raise BadValue(f"the reply has nothing about {shown(min(missing))}")


def read_rows(
    rows: Sequence[Any],
    key: str,
    convert: Callable[[Any], Item],
    convert_all: Callable[[Sequence[Any]], Iterable[Item]] | None = None,
) -> PageRows[Item]:
    """Convert the rows of a page. A bad row becomes a message that names it; the others are returned.

    Args:
        rows: the entries of a list in a reply.
        key: the member that names a row.
        convert: converts an entry; raises :class:`BadValue`.
        convert_all: converts all entries in less time, if none is bad; raises :class:`BadValue`.
    """
    if set(map(type, rows)) <= {dict}:
        try:
            return PageRows(tuple(map(convert, rows)) if convert_all is None else convert_all(rows))
        except BadValue:
            _log.debug("a page has bad rows", exc_info=True)
    items: list[Item] = []
    problems: list[str] = []
    for number, row in enumerate(rows, 1):
        try:
            items.append(convert(structure({key: row}, key)))
        except BadValue as problem:
            problems.append(f"{_name(row, key, number)}: {problem}")
    return PageRows(tuple(items), tuple(problems))


@contextmanager
def validate_reply(operation: str, *, write: bool = False) -> Iterator[None]:
    """Turn :class:`BadValue` into an error about the reply, for blocks that read one.

    Args:
        operation: the API operation.
        write: whether it changes the registry. The error is ambiguous then: the write may have been applied.

    Raises:
        IntegrityError: the reply is about something else than the request.
        ConnectionFailed: the reply is not as the API defines it.
    """
    try:
        yield
    except OtherSubject as problem:
        title = "The response does not match the request"
        raise integrity_error(title, str(problem), operation, ambiguous=write) from None
    except BadValue as problem:
        raise ConnectionFailed(
            "Unexpected response",
            f"{operation}: {problem}",
            "Check the endpoint URL: the response is not from ECR.",
            operation=operation,
            ambiguous=write,
        ) from None


def shown(value: object) -> str:
    """Return a value of a reply for a message: a short text in quotes, a number, or its type."""
    if isinstance(value, str):
        return repr(value) if len(value) <= _SHOWN else f"{value[:_SHOWN]!r}…"
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    if isinstance(value, int):
        return str(value) if value.bit_length() <= 64 else f"a number of {value.bit_length():,} bits"
    if isinstance(value, float):
        return repr(value)
    return "a list" if isinstance(value, list) else "an object"


def _text(value: Any, member: str, limit: int) -> str:
    if type(value) is not str:
        raise _not(member, value, "a text")
    if len(value) > limit:
        raise BadValue(f"{member} has {len(value):,} characters; at most {limit:,} are accepted")
    if not (value.isascii() or _is_unicode(value)):
        raise BadValue(f"{member} is no valid Unicode: {shown(value)}")
    return value


def _integer(value: Any, member: str) -> int:
    if type(value) is int and 0 <= value <= MAX_INTEGER:
        return value
    raise _not(member, value, f"a whole number from 0 to {MAX_INTEGER}")


def _name(row: object, key: str, number: int) -> str:
    name = row.get(key) if isinstance(row, dict) else None
    return name if isinstance(name, str) and 0 < len(name) <= MAX_NAME and _is_unicode(name) else f"row {number}"


def _is_unicode(value: str) -> bool:
    """Return False if the text has a lone surrogate, which no encoding can write."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _not(member: str, value: object, wanted: str) -> BadValue:
    return BadValue(f"{member} is {shown(value)}, not {wanted}")


def _missing(member: str) -> NoReturn:
    raise BadValue(f"{member} is missing")
