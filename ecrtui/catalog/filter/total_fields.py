"""The fields of a filter on repositories that read their totals.

A repository matches neither a term nor its negation if too little is known of it: it is not counted, its lifecycle
policy cannot be read, some of its images may be parts, or the scans of some images are not known.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from ecrtui.catalog.filter.image_scans import SEVERITY
from ecrtui.catalog.filter.language import Clock, Condition, Field, Knowledge
from ecrtui.catalog.filter.lexer import Term
from ecrtui.catalog.filter.values import (
    SPACED_SIZE,
    SPACED_TIME,
    Test,
    number_test,
    one_of,
    require_plain,
    size_test,
    time_test,
)
from ecrtui.catalog.totals.repository_totals import RepositoryTotals, totals_of
from ecrtui.ecr.findings import ImageScan
from ecrtui.ecr.image import Image
from ecrtui.ecr.repository import Repository

_NOTHING_FOUND = Image("").with_scan(ImageScan("COMPLETE", ()))


def _of_totals(decide: Callable[[RepositoryTotals], bool | None]) -> Condition[Repository]:
    """Return a condition on totals.

    Args:
        decide: returns whether totals match; None if that is not known.
    """

    def answers(repositories: Sequence[Repository]) -> list[bool | None]:
        return [None if (totals := totals_of(each)) is None else decide(totals) for each in repositories]

    return Condition(
        lambda repositories: [answer is True for answer in answers(repositories)],
        {},
        lambda repositories: [answer is None for answer in answers(repositories)],
        Knowledge.TOTALS,
    )


def _number(
    read: Callable[[RepositoryTotals], int | None], parse: Callable[[Term], Test] = number_test, spaced: str = ""
) -> Field[Repository]:
    """Return the field of a number, which can be unknown."""

    def make(term: Term, clock: Clock) -> Condition[Repository]:
        test = parse(term)
        return _of_totals(lambda totals: None if (number := read(totals)) is None else test(number))

    return Field(make, ">", spaced=spaced)


def _time(read: Callable[[RepositoryTotals], float | None]) -> Field[Repository]:
    """Return the field of a time, which can be never."""

    def make(term: Term, clock: Clock) -> Condition[Repository]:
        if term.operator in (":", "=") and term.value.text.lower() == "never":
            return _of_totals(lambda totals: read(totals) is None)
        test_at = time_test(term)
        return _of_totals(lambda totals: (moment := read(totals)) is not None and test_at(clock())(moment))

    return Field(make, "<", ("never",), spaced=SPACED_TIME)


def _images(term: Term, clock: Clock) -> Condition[Repository]:
    """Return the condition on the number of images. It is between two numbers while some of them may be parts."""
    test = number_test(term)

    def decide(totals: RepositoryTotals) -> bool | None:
        counts = totals.counts
        most = test(counts.images)
        is_decided = counts.is_exact or (term.operator != "=" and most == test(counts.tagged))
        return most if is_decided else None

    return _of_totals(decide)


def _severity(term: Term, clock: Clock) -> Condition[Repository]:
    """Return the condition on the worst findings that are known."""
    condition = SEVERITY.condition(term, clock)
    fits_nothing_found = _decide(condition, _NOTHING_FOUND)

    def decide(totals: RepositoryTotals) -> bool | None:
        if not totals.counts.listed:
            return False
        found = None if totals.scan is None else _decide(condition, Image("").with_scan(totals.scan))
        # Another image can have worse findings, and then a term that allows none does not match.
        return None if totals.unknown_scans and found == fits_nothing_found else found

    return _of_totals(decide)


def _decide(condition: Condition[Image], image: Image) -> bool | None:
    if condition.undecided is not None and any(condition.undecided([image])):
        return None
    return any(condition.mask([image]))


def _lifecycle(term: Term, clock: Clock) -> Condition[Repository]:
    """Return the condition on the number of rules of the lifecycle policy."""
    is_number = term.operator not in (":", "=") or term.value.text.isdecimal()
    test = number_test(term) if is_number else _is_zero(term)
    return _of_totals(lambda totals: None if totals.rules is None else test(totals.rules))


def _is_zero(term: Term) -> Test:
    require_plain(term, ":", "=")
    one_of(term, ("none",))
    return lambda count: count == 0


TOTAL_FIELDS: Mapping[str, Field[Repository]] = {
    "images": Field(_images, ">"),
    "tagged": _number(lambda totals: totals.counts.tagged),
    "parts": _number(lambda totals: totals.counts.known_parts),
    "orphans": _number(lambda totals: totals.counts.orphans),
    "size": _number(lambda totals: totals.size, size_test, SPACED_SIZE),
    "pushed": _time(lambda totals: totals.newest_push),
    "pulled": _time(lambda totals: totals.last_pull),
    "severity": Field(_severity, SEVERITY.operator, SEVERITY.words),
    "lifecycle": Field(_lifecycle, words=("none",)),
    "counted": _time(lambda totals: totals.counted_at),
}
"""The fields by name."""
