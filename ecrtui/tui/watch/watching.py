"""Watch a list: read it again at an interval, and show which rows changed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, TypeVar

from ecrtui.catalog.rows.rows import Key
from ecrtui.ecr import units
from ecrtui.tui import blocking
from ecrtui.tui.line_parts import LinePart, line_part
from ecrtui.tui.lists.list_screen import BatchSource, ListScreen
from ecrtui.tui.watch.loop import CHANGED, GONE, NEW, Change, WatchedScreen

if TYPE_CHECKING:
    from ecrtui.catalog.watch import RowChanges
    from ecrtui.session import Session, SessionSource

Item = TypeVar("Item")


class WatchMixin(WatchedScreen, ListScreen[Item]):
    """A list that can be watched."""

    _reading: BatchSource[Item] | None = None

    def __init__(self, connect: SessionSource) -> None:
        super().__init__(connect)
        self._gone: set[Key] = set()
        """The keys of rows that do not exist any more. They are shown for some time."""

    # What a listing returns

    def listed_values(self, item: Item) -> object:
        """Return the values of a row that a listing returns. Screens override it if rows have more."""
        return item

    def watched_values(self, item: Item) -> object:
        """Return what must differ for a row to count as changed. Screens override it."""
        return self.listed_values(item)

    async def describe_changes(self, session: Session, changes: RowChanges[Item]) -> list[Change]:
        """Return the changes in words. Screens override it to say more."""
        key = self.rows.key_of
        noun = self.NOUNS[0]
        return [
            *(Change(key(item), f"{NEW} new {noun} {self.name_of(item)}") for item in changes.new),
            *(Change(key(item), f"{CHANGED} {self.name_of(item)} changed") for _, item in changes.changed),
            *(Change(key(item), f"{GONE} {self.name_of(item)} is gone") for item in changes.gone),
        ]

    def name_of(self, item: Item) -> str:
        """Return the name of a row in a sentence. Screens override it."""
        return self.rows.key_of(item)

    # Reading

    @property
    def watched_count(self) -> int:
        return self.rows.total

    @property
    def is_loading(self) -> bool:
        return self.state.loading

    def close_reading(self) -> None:
        if self._reading is not None:
            self._reading.close()
            self._reading = None

    async def read_changes(self, session: Session) -> bool:
        before = list(self.rows.everything())  # a thread does the rest: there can be 100,000 rows
        version = self.rows.version
        changes, throttled = await blocking.run_blocking(self._read_changes, session, before)
        await self._show_changes(session, changes, version)
        self.mark_read()
        return throttled

    def _read_changes(self, session: Session, before: Iterable[Item]) -> tuple[RowChanges[Item], bool]:
        """Read all rows; return what changed, and True if the service throttled. Blocks."""
        from ecrtui.catalog.watch import row_changes  # the first frame does not need it

        known = {self.rows.key_of(item): item for item in before}
        found: dict[Key, Item] = {}
        throttled = False
        reading = self._reading = self.list_all(session)
        for batch in reading:
            throttled = throttled or bool(batch.throttled)
            found.update((self.rows.key_of(item), item) for item in (*batch.items, *batch.changed))
        return row_changes(known, found, self.listed_values), throttled

    async def _show_changes(self, session: Session, changes: RowChanges[Item], version: int) -> None:
        if version != self.rows.version:
            return  # a write of the user came in between: its rows are newer
        key = self.rows.key_of
        back = self._gone.difference(key(item) for item in changes.gone)
        self._gone -= back
        now = {key(item): item for _, item in changes.changed}
        returned = (now.get(each) or self.rows.get(each) for each in back)
        changes = changes._replace(
            new=(*changes.new, *(item for item in returned if item is not None)),
            changed=tuple(pair for pair in changes.changed if key(pair[1]) not in back),
        )
        # A row can have been removed while this was read.
        gone = tuple(item for item in changes.gone if key(item) in self.rows and key(item) not in self._gone)
        watched = tuple(pair for pair in changes.changed if self._is_watched(*pair))
        shown = changes._replace(changed=watched, gone=gone)
        self.table.merge(self.complete_rows(session, [*changes.new, *(item for _, item in changes.changed)]), version)
        if not shown:
            return
        signs = {key(item): NEW for item in changes.new}
        signs |= {key(item): CHANGED for _, item in watched} | {key(item): GONE for item in gone}
        self.table.sign_rows(signs, self.watch_times.shown)
        self._gone.update(key(item) for item in gone)
        self.add_changes(await self.describe_changes(session, shown))
        self.rows_loaded()

    def _is_watched(self, before: Item, after: Item) -> bool:
        return self.watched_values(before) != self.watched_values(after)

    # What the user sees

    def show_watch(self) -> None:
        self.show_progress()

    def go_to_change(self, change: Change) -> None:
        self.table.go_to(change.key)

    def changes_expired(self, changes: Sequence[Change]) -> None:
        gone = {change.key for change in changes} & self._gone
        if gone:
            self._gone -= gone
            self.table.remove_rows(gone)

    def rows_loaded(self) -> None:
        super().rows_loaded()
        if self.state.loading:  # a reload has removed the rows that are gone
            self._gone.clear()

    def age_parts(self) -> Iterable[LinePart]:
        yield from self.watch_parts()
        if not self.reads_on_time:
            yield from super().age_parts()

    def status_parts(self) -> Iterable[LinePart]:
        if self._changes:
            yield line_part(units.format_count(len(self._changes), "change"))
        yield from super().status_parts()
