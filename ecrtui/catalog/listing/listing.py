"""Listings: the pages of a registry as batches of rows. Each row comes once; a listing can be stopped and resumed.

The caller reads the first page. If there are more, a daemon thread reads a few pages ahead while the caller works.
Where pages are slow because of the distance to the service, the listing is read as parts at the same time (the tagged
and the untagged images). This hides half of the waiting.
"""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from ecrtui.catalog.listing.page_source import (
    FIRST_PAUSE,
    PageIterator,
    PageSource,
    ReaderPool,
    SourceEvent,
    ThrottlePause,
)
from ecrtui.errors import EcrTuiError, IncompleteListing, unreadable_rows
from ecrtui.gc_tuning import FREEZE_THRESHOLD_ROWS, freeze_heap, unfreeze_heap
from ecrtui.registry.paging import RepetitionCheck
from ecrtui.registry.protocol import Page

Item = TypeVar("Item")

PAGES_AHEAD = 2
"""Pages to read before the caller asks for them."""

SLOW_PAGE = 0.3
"""If a page takes at least this many seconds, it pays to request two at a time. The work of this computer is a tenth of
that, and a second request does not make it shorter."""


@dataclass(frozen=True, slots=True)
class Batch(Generic[Item]):
    """The rows since the last batch, and the progress of the listing."""

    items: tuple[Item, ...]
    """New rows; each occurs in one batch only."""
    loaded: int
    """The number of rows so far, this batch included."""
    pages: int
    """The number of pages so far."""
    complete: bool
    """True in the last batch, which may have no rows."""
    changed: tuple[Item, ...] = ()
    """Rows of earlier batches that were read again with another content (a tag moved meanwhile)."""
    throttled: float = 0.0
    """Seconds until the next request, because the service throttled one. The batch comes before the pause."""


class SingleBatch(Generic[Item]):
    """A listing of one batch, for rows that are computed in one call.

    Args:
        make: returns the rows. It may block and raise EcrTuiError; the next iteration then calls it again.
    """

    def __init__(self, make: Callable[[], Iterable[Item]]) -> None:
        self._make: Callable[[], Iterable[Item]] | None = make

    def __iter__(self) -> SingleBatch[Item]:
        return self

    def __next__(self) -> Batch[Item]:
        if self._make is None:
            raise StopIteration
        rows = tuple(self._make())
        self._make = None
        return Batch(rows, len(rows), 1, complete=True)

    def close(self) -> None:
        """End the iteration. Any thread may call this, also while the rows are computed."""
        self._make = None


class Unreadable:
    """The rows of a listing that could not be read. One that is read again counts once."""

    KEPT = 1_000
    """Messages to keep. Beyond them, rows are only counted."""

    def __init__(self) -> None:
        self._problems: dict[str, None] = {}
        self._more = 0

    def __len__(self) -> int:
        return len(self._problems) + self._more

    def add(self, problems: Iterable[str]) -> None:
        """Add the problems of a page."""
        for problem in problems:
            if len(self._problems) < self.KEPT:
                self._problems[problem] = None
            else:
                self._more += problem not in self._problems

    def error(self) -> IncompleteListing:
        """Return the error that names the rows."""
        return unreadable_rows(tuple(self._problems), len(self))


class SeenItems(Protocol[Item]):
    """The rows that a listing has returned."""

    def partition_new(self, items: Iterable[Item]) -> tuple[tuple[Item, ...], tuple[Item, ...]]:
        """Return the new rows, and the known rows that have changed; remember both."""

    def forget(self) -> None:
        """Forget the rows, but not their number."""

    def __len__(self) -> int:
        """Return the number of rows so far."""


class SeenRows(Generic[Item]):
    """Seen rows, stored by key."""

    def __init__(self, key: Callable[[Item], str]) -> None:
        self._key = key
        self._rows: dict[str, Item] = {}
        self._forgotten = 0

    def __len__(self) -> int:
        return len(self._rows) + self._forgotten

    def __iter__(self) -> Iterator[Item]:
        return iter(self._rows.values())

    def forget(self) -> None:
        """Forget the rows, but not their number."""
        self._forgotten = len(self)
        self._rows = {}

    def partition_new(self, items: Iterable[Item]) -> tuple[tuple[Item, ...], tuple[Item, ...]]:
        """Return the new rows, and the known rows that have changed; remember both."""
        fresh = {self._key(item): item for item in items}
        known = {key: fresh.pop(key) for key in filter(self._rows.__contains__, list(fresh))}
        changed = {key: item for key, item in known.items() if self._rows[key] != item}
        self._rows |= fresh
        self._rows |= changed
        return tuple(fresh.values()), tuple(changed.values())


class SeenKeys(Generic[Item]):
    """A hash per seen row, not the row, so that a stream of any length fits. It reports no changed rows."""

    def __init__(self, key: Callable[[Item], str]) -> None:
        self._key = key
        self._hashes: set[int] = set()
        self._forgotten = 0

    def __len__(self) -> int:
        return len(self._hashes) + self._forgotten

    def forget(self) -> None:
        """Forget the hashes, but not their number."""
        self._forgotten = len(self)
        self._hashes = set()

    def partition_new(self, items: Iterable[Item]) -> tuple[tuple[Item, ...], tuple[Item, ...]]:
        """Return the new rows, and no changed rows."""
        fresh = {hash(self._key(item)): item for item in items}
        for known in self._hashes & fresh.keys():
            del fresh[known]
        self._hashes.update(fresh)
        return tuple(fresh.values()), ()


@dataclass(frozen=True, slots=True)
class ListingParts(Generic[Item]):
    """The rows of a listing as disjoint parts, to read at the same time if a page takes ``slow_page`` seconds."""

    pages: tuple[PageIterator[Item], ...]
    slow_page: float = SLOW_PAGE


class Listing(Generic[Item]):
    """The rows of one listing, batch by batch. Iterating blocks, so it runs in a daemon thread.

    If a page fails, ``next()`` first returns the rows before it and then raises its error. Iterating further continues
    after the last page that was read. If single rows could not be read, no batch is complete: after all other rows,
    ``next()`` raises IncompleteListing. A caller that stops iterating also stops the reading, a few pages ahead. One
    thread iterates at a time; any thread may call :meth:`close`, which ends the iteration.

    Args:
        pages: returns the pages of the whole listing from a token on.
        seen: remembers the rows that were returned.
        parts: the same rows as parts, to read at the same time where that is faster.
        operation: the API operation, for errors.
        completed: called when the caller asks for more after the last batch, so that no batch waits for it.
            If the caller closes the listing instead, a thread calls it.
        pause: seconds of the first pause after a throttled request.
        interval: the least seconds between two batches. A batch has all rows that arrived meanwhile.
    """

    def __init__(
        self,
        pages: PageIterator[Item],
        seen: SeenItems[Item],
        *,
        operation: str = "",
        parts: ListingParts[Item] | None = None,
        completed: Callable[[], None] | None = None,
        pause: float = FIRST_PAUSE,
        interval: float = 0.0,
    ) -> None:
        self._seen = seen
        self._parts = parts
        self._completed = completed
        self._finishing = threading.Lock()
        self._pause = pause
        self._interval = interval
        self._last_batch = 0.0
        self._pending_error: Exception | None = None
        self._unreadable = Unreadable()
        self._has_unreadable = False
        self._repetition = RepetitionCheck(operation)
        self._pages = 0
        self._unfrozen_rows = 0
        self._complete = False
        self._whole = PageSource(pages, pause=pause)
        self._first_events: Iterator[Page[Item] | ThrottlePause] | None = None
        self._readers: ReaderPool[Item] = ReaderPool(PAGES_AHEAD)
        self._part_sources: list[tuple[PageIterator[Item], PageSource[Item]]] = []
        self._second_pass: list[PageSource[Item]] = []
        # A listing that is freed must not leave threads behind that wait for room in the queue.
        weakref.finalize(self, self._readers.close)

    @property
    def loaded(self) -> int:
        """The number of rows so far."""
        return len(self._seen)

    @property
    def complete(self) -> bool:
        """True once all pages were read."""
        return self._complete

    @property
    def whole(self) -> bool:
        """True once all pages were read, and each row of them could be read."""
        return self._complete and not self._has_unreadable

    def close(self) -> None:
        """End the iteration and send no further request. Call this too when the rows are no longer needed."""
        self._readers.close()
        unfreeze_heap()
        if self._complete and self._completed is not None and not self._unreadable:
            threading.Thread(target=self._finish, daemon=True, name="listing").start()

    def __iter__(self) -> Listing[Item]:
        return self

    def __next__(self) -> Batch[Item]:
        if self._complete:
            self._finish()
        if self._pending_error is not None:
            problem, self._pending_error = self._pending_error, None
            raise problem
        until = self._last_batch + self._interval
        pages_before = self._pages
        fresh: list[Item] = []
        changed: list[Item] = []
        throttled = 0.0
        while True:
            try:
                event = self._next_event()
            except Exception as problem:
                if self._pages == pages_before:
                    raise
                self._pending_error = problem  # raised after the rows that came before it
                break
            if event is None:
                raise StopIteration
            if isinstance(event.event, ThrottlePause):
                throttled = event.event.seconds
                break
            self._add_page(event, event.event, fresh, changed)
            rest = until - time.monotonic()
            if self._complete or self._pending_error is not None or rest <= 0 or not self._readers.wait(rest):
                break
        self._last_batch = time.monotonic()
        complete = self._complete and not self._unreadable
        return Batch(tuple(fresh), len(self._seen), self._pages, complete, tuple(changed), throttled)

    def _finish(self) -> None:
        """Report completion, and free the rows: the caller has all of them.

        Raises:
            IncompleteListing: some rows could not be read, so the listing is not complete. Raised once.
        """
        if self._unreadable:
            self._has_unreadable = True
            unreadable, self._unreadable, self._completed = self._unreadable, Unreadable(), None
            raise unreadable.error()
        with self._finishing:
            completed, self._completed = self._completed, None
            if completed is not None:
                completed()
            self._seen.forget()

    def _next_event(self) -> SourceEvent[Item] | None:
        if self._complete:
            return None
        return self._readers.get() if self._readers.busy else self._first_page()

    def _add_page(self, event: SourceEvent[Item], page: Page[Item], fresh: list[Item], changed: list[Item]) -> None:
        self._pages += 1
        try:
            items, problems = page.rows
        except Exception as problem:  # noqa: BLE001 - raised after the rows that came before it
            # Pages after this one are already on their way, so its source is read once more from the start.
            self._pending_error, items, problems = problem, (), ()
            self._second_pass.append(event.source.restarted())
        new, different = self._seen.partition_new(items)
        fresh += new
        changed += different
        self._unreadable.add(problems)
        self._unfrozen_rows += len(new)
        if self._unfrozen_rows >= FREEZE_THRESHOLD_ROWS:
            self._unfrozen_rows = 0
            freeze_heap()
        if event.last:
            self._end_source(event.source)
        elif self._pending_error is None:
            self._check_repetition(bool(new))

    def _check_repetition(self, has_new_rows: bool) -> None:
        try:
            self._repetition.page(has_new_rows=has_new_rows)
        except EcrTuiError as problem:
            self._pending_error = problem

    def _first_page(self) -> SourceEvent[Item] | None:
        """Read the first page, and start the threads if there are more; return None if the listing is closed."""
        was_paused = self._first_events is not None
        self._first_events = self._first_events or self._whole.events(self._readers.closed)
        start = time.perf_counter()
        try:
            event = next(self._first_events, None)
        except Exception:
            self._first_events = None
            raise
        if event is None or self._readers.closed.is_set():
            return None
        result = SourceEvent(self._whole, event, self._whole.complete)
        if isinstance(event, Page) and not result.last:
            self._start_readers(time.perf_counter() - start, was_paused)
        return result

    def _start_readers(self, seconds: float, was_paused: bool) -> None:
        if self._parts is not None and seconds >= self._parts.slow_page and not was_paused:
            self._part_sources = [(pages, PageSource(pages, pause=self._pause)) for pages in self._parts.pages]
            self._readers.start(source for _, source in self._part_sources)
        else:
            self._readers.start([self._whole])

    def _end_source(self, source: PageSource[Item]) -> None:
        """Finish a source; complete the listing with the last one.

        A row can change sides while parts are read at the same time: an image loses its last tag. It is in neither
        part if one had already passed it and the other had not reached it yet. So when the first part ends, the pages
        that each part has read until then are read once more.
        """
        if self._part_sources:
            self._second_pass += [
                PageSource(pages, pause=self._pause, limit=part.pages + 1) for pages, part in self._part_sources
            ]
            self._part_sources = []
        self._readers.finish(source)
        if self._readers.busy:
            return
        second_pass, self._second_pass = self._second_pass, []
        self._readers.start(second_pass)
        self._complete = not second_pass
