"""The fields of a filter on findings.

=====================  ===============================================================================================
``word`` ``"a word"``  part of a shown value: id, package, version, fix, severity, platform, layer or status
``id:``                part of the id of the vulnerability; ``package:`` of the package
``installed:``         part of the installed version; ``fixed:`` of the version with a fix
``severity>=high``     this severity or a worse one
``score>7``            CVSS score, 0 to 10, with or without decimals
``fix:yes``            there is a fix, for one platform at least; ``fix:partial``: not for all; ``fix:no``: for none
``exploit:yes``        an exploit is known
``platform:arm64``     part of the platform; ``layer:`` of the layer; ``manager:`` of the package manager
``seen<7d``            seen for the first time within seven days; ``updated<7d``: changed
``inuse>0``            number of clusters that run the image
``status:suppressed``  open, suppressed or closed
``text:``              part of the description
=====================  ===============================================================================================

A finding whose score is not known matches neither ``score>7`` nor ``!score>7``. A filter reports such findings as
undecided. The same holds for ``fix``, ``exploit``, ``seen``, ``updated`` and ``inuse``. ``fix:unknown`` and
``exploit:unknown`` select those that a scan does not state.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from operator import attrgetter

from ecrtui.catalog.filter.language import Clock, Condition, Field, FilterSchema, any_of, of_text, of_time, on_text
from ecrtui.catalog.filter.lexer import Term, terms
from ecrtui.catalog.filter.matching import matcher
from ecrtui.catalog.filter.parser import Filter, parse_terms
from ecrtui.catalog.filter.values import COMPARISONS, number_test, one_of, require_plain, value_error
from ecrtui.ecr.findings import SEVERITIES, Availability
from ecrtui.inspect.findings import FindingRow

_SHOWN: Sequence[Callable[[FindingRow], str]] = (
    *(attrgetter(name) for name in ("id", "package", "installed", "fixed_in", "severity", "platforms", "layer")),
    lambda row: "" if row.is_open else row.status,
)
"""The values that a plain word can match."""

_STATUSES = ("open", "suppressed", "closed")

_RANKS = {severity: rank for rank, severity in enumerate(reversed(SEVERITIES))}
_SEVERITY_WORDS = tuple(severity.lower() for severity in SEVERITIES)
_SCORE = re.compile(r"\d{1,2}(?:\.\d{1,4})?", re.ASCII)


def parse_findings(text: str, now: float | None = None) -> Filter[FindingRow]:
    """Parse a filter on findings.

    Args:
        text: the filter; a blank text matches everything.
        now: the time in seconds since the epoch that ages count from; None for the time at which a row is tested.

    Raises:
        FilterError: the text is not a valid filter.
    """
    return parse_terms(text, FINDINGS, now)


def names_status(text: str) -> bool:
    """Return True if a valid filter has a term about the status of a finding."""
    return any(term.field == "status" for term in terms(text))


def _plain(term: Term, clock: Clock) -> Condition[FindingRow]:
    found = matcher(term.value)
    return Condition(any_of(*(of_text(read, found) for read in _SHOWN)), {"": found.find})


def _severity(term: Term, clock: Clock) -> Condition[FindingRow]:
    require_plain(term, *COMPARISONS, ":")
    rank = _RANKS[one_of(term, _SEVERITY_WORDS).upper()]
    compare = COMPARISONS["=" if term.operator == ":" else term.operator]
    return Condition(
        lambda rows: [not row.unreadable and compare(_RANKS[row.severity], rank) for row in rows],
        {},
        lambda rows: [row.unreadable for row in rows],
    )


def _score(term: Term, clock: Clock) -> Condition[FindingRow]:
    hint = f"Use {term.field}>7 or {term.field}>=7.5."
    if term.operator == ":" or not _SCORE.fullmatch(term.value.text):
        raise value_error(term, f"{term.field} needs <, <=, =, >= or > and a number from 0 to 10", hint)
    compare, limit = COMPARISONS[term.operator], float(term.value.text)
    return _known(attrgetter("score"), lambda value: compare(value, limit))


def _known(read: Callable[[FindingRow], float | None], test: Callable[[float], bool]) -> Condition[FindingRow]:
    """Return a comparison that is undecided about an unknown value."""
    return Condition(
        lambda rows: [value is not None and test(value) for value in map(read, rows)],
        {},
        lambda rows: [value is None for value in map(read, rows)],
    )


def _answered(read: Callable[[FindingRow], Availability], choices: Collection[Availability]) -> Field[FindingRow]:
    """Return the field of what a scan answers. A partial yes counts as yes."""
    words = tuple(choice.value for choice in choices)

    def make(term: Term, clock: Clock) -> Condition[FindingRow]:
        require_plain(term, ":", "=")
        wanted = Availability(one_of(term, words))
        accepted = {Availability.YES, Availability.PARTIAL} if wanted is Availability.YES else {wanted}
        undecided = (
            None if wanted is Availability.UNKNOWN else lambda rows: [read(row) is Availability.UNKNOWN for row in rows]
        )
        return Condition(lambda rows: [read(row) in accepted for row in rows], {}, undecided)

    return Field(make, words=words)


def _status(term: Term, clock: Clock) -> Condition[FindingRow]:
    require_plain(term, ":", "=")
    wanted = one_of(term, _STATUSES)
    return Condition(lambda rows: [row.status == wanted for row in rows], {})


def _time(read: Callable[[FindingRow], float | None]) -> Field[FindingRow]:
    def make(term: Term, clock: Clock) -> Condition[FindingRow]:
        return Condition(of_time(term, clock, read), {}, lambda rows: [read(row) is None for row in rows])

    return Field(make, "<")


def _platforms(rows: Sequence[FindingRow]) -> Sequence[str]:
    return [name for row in rows for name in row.platforms.split()]


def _ids_and_packages(rows: Sequence[FindingRow]) -> Sequence[str]:
    return [*(row.id for row in rows), *(row.package for row in rows)]


def _text(name: str) -> Field[FindingRow]:
    read: Callable[[FindingRow], str] = attrgetter(name)
    return on_text(read, name)


FINDINGS: FilterSchema[FindingRow] = FilterSchema(
    plain=Field(_plain, "", texts=_ids_and_packages),
    fields={
        "id": _text("id"),
        "package": _text("package"),
        "installed": _text("installed"),
        "fixed": _text("fixed_in"),
        "severity": Field(_severity, ">=", _SEVERITY_WORDS),
        "score": Field(_score, ">"),
        "fix": _answered(attrgetter("fix"), tuple(Availability)),
        "exploit": _answered(
            attrgetter("exploit"), [answer for answer in Availability if answer is not Availability.PARTIAL]
        ),
        "platform": replace(_text("platforms"), texts=_platforms),
        "layer": _text("layer"),
        "manager": on_text(lambda row: row.finding.package_manager),
        "seen": _time(attrgetter("first_seen")),
        "updated": _time(attrgetter("updated")),
        "inuse": Field(lambda term, clock: _known(attrgetter("in_use"), number_test(term)), ">"),
        "status": Field(_status, words=_STATUSES),
        "text": on_text(lambda row: row.finding.description),
    },
)
