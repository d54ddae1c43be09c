"""Which list has the filter that another list, or the search in all repositories, does not have."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ecrtui.catalog.filter import FilterError, parse, parse_repositories
from ecrtui.catalog.filter.lexer import terms
from ecrtui.catalog.find.query import Query, parse_query
from ecrtui.ecr.units import format_quoted
from ecrtui.errors import UsageError
from ecrtui.inspect.findings_filter import parse_findings
from ecrtui.inspect.packages_filter import parse_packages

_LISTS: Mapping[str, Callable[[str], Any]] = {
    "repositories": parse_repositories,
    "the images of a repository": parse,
    "the findings of an image": parse_findings,
    "the packages of an image": parse_packages,
}


def filtered_lists(text: str) -> str:
    """Return a sentence that names the lists which a word of a text filters; empty if there is none.

    Args:
        text: any text. Its first word with a field of a filter counts, such as ``is:untagged``.
    """
    for word in text.split():
        if _has_field(word) and (names := [name for name, parse in _LISTS.items() if _is_valid(parse, word)]):
            listed = " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
            return f"{format_quoted(word)} filters {listed}; use it there."
    return ""


def parse_find_query(text: str, *, missing: bool = False) -> Query:
    """Parse what to find in all repositories; see :func:`~ecrtui.catalog.find.query.parse_query`.

    Raises:
        UsageError: there is nothing to find in the text. The hint names the lists that it filters, if there are any.
    """
    try:
        return parse_query(text, missing=missing)
    except UsageError as error:
        raise UsageError(error.title, error.detail, filtered_lists(text) or error.hint) from None


def naming_lists(problem: FilterError, text: str) -> FilterError:
    """Return the error of a filter, with the lists that have the wrong term in place of the hint if there are any."""
    before, after = text[: problem.position].split(" "), text[problem.position :].split(" ")
    hint = filtered_lists(before[-1] + after[0]) or problem.hint
    return FilterError(problem.title, problem.position, problem.end, hint)


def _has_field(word: str) -> bool:
    try:
        return any(term.field for term in terms(word))
    except FilterError:
        return False


def _is_valid(parse: Callable[[str], Any], word: str) -> bool:
    try:
        parse(word)
    except FilterError:
        return False
    return True
