"""What is wrong with a filter, and where."""

from __future__ import annotations

from ecrtui.errors import UsageError


class FilterError(UsageError):
    """The text is not a filter.

    ``title`` tells what is wrong, ``hint`` what would be right. ``position`` is the index of the character where it
    goes wrong and ``end`` the index behind the last wrong one; both may be the length of the text.
    """

    def __init__(self, title: str, position: int, end: int, hint: str = "") -> None:
        super().__init__(title, hint=hint)
        self.position = position
        self.end = end
