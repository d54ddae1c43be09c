"""Following page tokens from one page of a listing to the next."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

from ecrtui.errors import ConnectionFailed

Reply = TypeVar("Reply")


def iterate_pages(
    ask: Callable[[str], Reply], token_of: Callable[[Reply], str], start: str, operation: str
) -> Iterator[Reply]:
    """Every page of a listing from a token on; each is asked for when it is wanted.

    Args:
        ask: gets the page behind a token; the empty one is the first page's.
        token_of: the token of the page behind a page; empty on the last one.
        start: the token to begin with.
        operation: the operation of the ECR API, for the error.

    Raises:
        ConnectionFailed: the service gives the same page again and again.
    """
    token = start
    while True:
        page = ask(token)
        following = token_of(page)
        if following and following == token:
            raise ConnectionFailed("ECR gives the same page again and again", operation=operation)
        yield page
        if not following:
            return
        token = following
