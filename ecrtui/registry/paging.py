"""Follow the page tokens of a listing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

from ecrtui.errors import ConnectionFailed

Reply = TypeVar("Reply")


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
        ConnectionFailed: the service returns the same page again.
    """
    token = start
    while True:
        page = read(token)
        next_token = token_of(page)
        if next_token and next_token == token:
            raise ConnectionFailed("ECR returned the same page twice", hint="Load the list again.", operation=operation)
        yield page
        if not next_token:
            return
        token = next_token
