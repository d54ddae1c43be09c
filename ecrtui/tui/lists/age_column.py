"""The column of a time, as an age."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from textual.content import Content

from ecrtui.ecr import units
from ecrtui.tui.table.column_layout import Column

Item = TypeVar("Item")


def age_column(
    column_id: str,
    title: str,
    moment: Callable[[Item], float | None],
    missing: Callable[[Item], str | Content] = lambda item: units.UNKNOWN,
    *,
    drop_priority: int = 0,
    extra: bool = False,
) -> Column[Item]:
    """Return a column that shows how long ago a time was. No age is cut.

    Args:
        column_id: The id of the column.
        title: The heading.
        moment: Returns the time of a row, in seconds since the epoch, or None.
        missing: Returns the text if there is no time.
        extra: See :class:`~ecrtui.tui.table.column_layout.Column`.
        drop_priority: See :class:`~ecrtui.tui.table.column_layout.Column`.
    """

    def cell(item: Item) -> str | Content:
        time = moment(item)
        return missing(item) if time is None else units.format_age(time)

    return Column(
        column_id,
        title,
        cell,
        lambda item: moment(item) or 0.0,
        align="right",
        min_width=units.MAX_AGE_WIDTH,
        drop_priority=drop_priority,
        extra=extra,
    )
