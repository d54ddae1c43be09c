"""Follow the page tokens of a listing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

from ecrtui.errors import IncompleteListing

Reply = TypeVar("Reply")

PAGE_SIZE = 1000
"""Entries a page: the maximum of ECR (``MaxResults``)."""


def iterate_pages(
    read: Callable[[str], Reply], token_of: Callable[[Reply], str], start: str, operation: str
) -> Iterator[Reply]:
    """Yield the pages of a listing from a token on. Each page is read when the iterator reaches it.

    Args:
        read: reads the page of a token; the token of the first page is empty.
        token_of: returns the token of the next page; empty on the last page.
        start: the first token.
        operation: the API operation, for the error.

    Raises:
        IncompleteListing: a token comes again, so that the pages would never end. All pages so far were yielded.
    """
    token = start
    used: set[str] = set()
    while True:
        used.add(token)
        page = read(token)
        yield page
        token = token_of(page)
        if not token:
            return
        if token in used:
            raise _endless("A page token came again.", operation)


class RepetitionCheck:
    """Notices a listing that has a new token for every page, but no new rows.

    A good listing has pages without new rows too: a page can be empty, and the pages before an expired token, or
    before the point where the repository changed, are read again.

    Args:
        operation: the API operation, for the error.
    """

    MAX_PAGES = 100
    """Pages in a row without a new row, besides those that can be read again."""

    def __init__(self, operation: str) -> None:
        self._operation = operation
        self._pages = 0
        self._last_new = 0

    def page(self, *, has_new_rows: bool) -> None:
        """Count a page.

        Raises:
            IncompleteListing: too many pages in a row had no new rows.
        """
        self._pages += 1
        if has_new_rows:
            self._last_new = self._pages
        elif (repeated := self._pages - self._last_new) > self.MAX_PAGES + 2 * self._last_new:
            raise _endless(f"The last {repeated:,} pages had no new rows.", self._operation)


def _endless(detail: str, operation: str) -> IncompleteListing:
    return IncompleteListing(
        "ECR returned the same pages again",
        f"{detail} There may be more rows than are shown.",
        "Load the list again. If this comes again, check the endpoint URL.",
        operation=operation,
    )
