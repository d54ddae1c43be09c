"""The error of the filter language."""

from __future__ import annotations

from ecrtui.errors import UsageError


class FilterError(UsageError):
    """A syntax error in a filter.

    ``title`` says what is wrong and ``hint`` what to write instead. ``position`` is the index of the first wrong
    character, and ``end`` is the index after the last one. Both may equal the length of the text.
    """

    def __init__(self, title: str, position: int, end: int, hint: str = "") -> None:
        super().__init__(title, hint=hint)
        self.position = position
        self.end = end
