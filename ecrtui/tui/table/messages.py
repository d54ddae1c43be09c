"""The messages of a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from textual.message import Message

from ecrtui.tui.fields_message import FieldsMessage

if TYPE_CHECKING:
    from ecrtui.tui.table.table import Table


class Activated(FieldsMessage, namespace="table"):
    """The user opened a row with a double click or :meth:`Table.activate`."""

    table: Table[Any]
    item: Any

    @property
    def control(self) -> Table[Any]:
        return self.table


class CursorMoved(FieldsMessage, namespace="table"):
    """Another row is under the cursor, or that row has changed. The item is None if there are no rows."""

    table: Table[Any]
    item: Any | None
    index: int

    @property
    def control(self) -> Table[Any]:
        return self.table

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, CursorMoved) and message.table is self.table


class SortRequested(FieldsMessage, namespace="table"):
    """The user clicked the heading of a sortable column."""

    table: Table[Any]
    column: str

    @property
    def control(self) -> Table[Any]:
        return self.table


class MarksChanged(FieldsMessage, namespace="table"):
    """The number of marked rows may have changed."""

    table: Table[Any]
    count: int

    @property
    def control(self) -> Table[Any]:
        return self.table


class SortFilterDone(FieldsMessage, namespace="table"):
    """A requested sort or filter is complete."""

    table: Table[Any]
    shown: int
    total: int

    @property
    def control(self) -> Table[Any]:
        return self.table


class ViewChanged(FieldsMessage, namespace="table"):
    """Other rows may be visible, or other columns."""

    table: Table[Any]

    @property
    def control(self) -> Table[Any]:
        return self.table

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, ViewChanged) and message.table is self.table
