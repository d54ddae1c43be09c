"""Listings: the pages of a registry as batches of rows, every row once, stopped and resumed at will.

The first page is read by whoever iterates. If there are more, a daemon thread reads ahead while the caller works, a few
pages at most. Where pages are slow because of the way to the service, the listing is read as parts at the same time
(the tagged and the untagged images), which hides half of the waiting.
"""

from __future__ import annotations

import time
import weakref
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from ecrtui.catalog.page_source import PAUSE, PageIterator, PageSource, ReaderPool, SourceEvent, ThrottlePause
from ecrtui.gc_tuning import FREEZE_THRESHOLD_ROWS, freeze_heap, unfreeze_heap
from ecrtui.registry.protocol import Page

Item = TypeVar("Item")

AHEAD = 2
"""Pages that are read before they are asked for."""

SLOW_PAGE = 0.3
"""Seconds from which on a page is worth to be asked for beside another one. What this computer does to a page takes
a tenth of that and is not made shorter by asking twice at a time."""


@dataclass(frozen=True, slots=True)
class Batch(Generic[Item]):
    """What has come since the last batch, and how far the listing is."""

    items: tuple[Item, ...]
    """Rows that no batch before had, each once."""
    loaded: int
    """Rows so far, this batch's included."""
    pages: int
    """Pages read so far."""
    complete: bool
    """Whether this is all. The batch that says so is the last one; it may be without rows."""
    changed: tuple[Item, ...] = ()
    """Rows that had come and were seen again, different now (a tag moved while the pages came)."""
    throttled: float = 0.0
    """Seconds until the next request, because the service asked for fewer; such a batch comes before the wait."""


class SingleBatch(Generic[Item]):
    """Rows that are made all at once: a listing of one batch, as :class:`Listing` is one of many.

    Args:
        make: makes the rows; may block and raise EcrTuiError, after which iterating further tries again.
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
        """Nobody wants the rows any more. Any thread may call it, also while they are made."""
        self._make = None


class SeenItems(Protocol[Item]):
    """What a listing remembers of the rows that it gave."""

    def partition_new(self, items: Iterable[Item]) -> tuple[tuple[Item, ...], tuple[Item, ...]]:
        """The rows that are new, and those that are known and different now; remembers both."""

    def forget(self) -> None:
        """Remember nothing but how many there were."""

    def __len__(self) -> int:
        """Rows so far."""


class SeenRows(Generic[Item]):
    """Remembers the rows themselves, by key."""

    def __init__(self, key: Callable[[Item], str]) -> None:
        self._key = key
        self._rows: dict[str, Item] = {}
        self._forgotten = 0

    def __len__(self) -> int:
        return len(self._rows) + self._forgotten

    def __iter__(self) -> Iterator[Item]:
        return iter(self._rows.values())

    def forget(self) -> None:
        """Remember nothing but how many there were."""
        self._forgotten = len(self)
        self._rows = {}

    def partition_new(self, items: Iterable[Item]) -> tuple[tuple[Item, ...], tuple[Item, ...]]:
        """The rows that are new, and those that are known and different now; the latter replace the former."""
        fresh: dict[str, Item] = {}
        changed: dict[str, Item] = {}
        for item in items:
            key = self._key(item)
            known = self._rows.get(key)
            if known is None:
                fresh[key] = item
            elif known != item:
                changed[key] = item
        self._rows |= fresh
        self._rows |= changed
        return tuple(fresh.values()), tuple(changed.values())


class SeenKeys(Generic[Item]):
    """Remembers a number for each row only, so that a stream of any length fits; tells no changes."""

    def __init__(self, key: Callable[[Item], str]) -> None:
        self._key = key
        self._hashes: set[int] = set()
        self._forgotten = 0

    def __len__(self) -> int:
        return len(self._hashes) + self._forgotten

    def forget(self) -> None:
        """Remember nothing but how many there were."""
        self._forgotten = len(self)
        self._hashes = set()

    def partition_new(self, items: Iterable[Item]) -> tuple[tuple[Item, ...], tuple[Item, ...]]:
        """The rows that are new."""
        fresh = {hash(self._key(item)): item for item in items}
        for known in self._hashes & fresh.keys():
            del fresh[known]
        self._hashes.update(fresh)
        return tuple(fresh.values()), ()


@dataclass(frozen=True, slots=True)
class ListingParts(Generic[Item]):
    """The same rows as disjoint parts that can be read at the same time, if a page takes at least so many seconds."""

    pages: tuple[PageIterator[Item], ...]
    slow_page: float = SLOW_PAGE


class Listing(Generic[Item]):
    """The rows of one listing, batch by batch. Iterating blocks, for instance in a daemon thread.

    A page that fails raises its EcrTuiError out of ``next()``; what has come stays, and iterating further goes on from
    where it stopped. Not iterating is a stop too: nothing more than a few pages is read ahead. One thread iterates at
    a time; any thread may call :meth:`close`, which ends the iteration.

    Args:
        pages: the pages of the whole listing from a token on.
        known: what is remembered of the rows.
        parts: the same as parts, to be read at the same time where that is quicker.
        completed: called when the caller asks on behind the complete batch, so that nobody waits for it.
        pause: seconds of the first pause after a throttling.
        interval: seconds between two batches, if pages come quicker than that: a batch has what came meanwhile.
    """

    def __init__(
        self,
        pages: PageIterator[Item],
        known: SeenItems[Item],
        *,
        parts: ListingParts[Item] | None = None,
        completed: Callable[[], None] | None = None,
        pause: float = PAUSE,
        interval: float = 0.0,
    ) -> None:
        self._known = known
        self._parts = parts
        self._completed = completed
        self._pause = pause
        self._interval = interval
        self._given = 0.0
        self._problem: Exception | None = None
        self._pages = 0
        self._unsettled = 0
        self._complete = False
        self._whole = PageSource(pages, pause=pause)
        self._opening: Iterator[Page[Item] | ThrottlePause] | None = None
        self._readers: ReaderPool[Item] = ReaderPool(AHEAD)
        self._halves: list[tuple[PageIterator[Item], PageSource[Item]]] = []
        self._again: list[PageSource[Item]] = []
        # A listing that nobody holds any more must not leave threads behind that wait for room.
        weakref.finalize(self, self._readers.close)

    @property
    def loaded(self) -> int:
        """Rows so far."""
        return len(self._known)

    @property
    def complete(self) -> bool:
        """Whether all pages were read."""
        return self._complete

    def close(self) -> None:
        """Stop: no further request is sent, and the iteration ends. Call it too when nobody wants its rows any more."""
        self._readers.close()
        unfreeze_heap()

    def __iter__(self) -> Listing[Item]:
        return self

    def __next__(self) -> Batch[Item]:
        if self._complete:
            self._leave()
        if self._problem is not None:
            problem, self._problem = self._problem, None
            raise problem
        until = self._given + self._interval
        begun = self._pages
        fresh: list[Item] = []
        changed: list[Item] = []
        throttled = 0.0
        while True:
            try:
                told = self._next_told()
            except Exception as problem:
                if self._pages == begun:
                    raise
                self._problem = problem  # after the rows that came before it
                break
            if told is None:
                raise StopIteration
            if isinstance(told.event, ThrottlePause):
                throttled = told.event.seconds
                break
            self._take(told, told.event, fresh, changed)
            rest = until - time.monotonic()
            if self._complete or self._problem is not None or rest <= 0 or not self._readers.wait(rest):
                break
        self._given = time.monotonic()
        return Batch(tuple(fresh), len(self._known), self._pages, self._complete, tuple(changed), throttled)

    def _leave(self) -> None:
        """The caller has all the rows: they are kept, and need not be held here any more."""
        completed, self._completed = self._completed, None
        if completed is not None:
            completed()
        self._known.forget()

    def _next_told(self) -> SourceEvent[Item] | None:
        if self._complete:
            return None
        return self._readers.get() if self._readers.busy else self._open()

    def _take(self, told: SourceEvent[Item], page: Page[Item], fresh: list[Item], changed: list[Item]) -> None:
        self._pages += 1
        try:
            items = page.items
        except Exception as problem:  # noqa: BLE001 - raised behind the rows that came before it
            # The pages behind it are on their way already: what it had is read once more, with all the rest.
            self._problem, items = problem, ()
            self._again.append(told.source.restarted())
        new, other = self._known.partition_new(items)
        fresh += new
        changed += other
        self._unsettled += len(new)
        if self._unsettled >= FREEZE_THRESHOLD_ROWS:
            self._unsettled = 0
            freeze_heap()
        if told.last:
            self._ended(told.source)

    def _open(self) -> SourceEvent[Item] | None:
        """The first page; starts the threads if there are more. None if the listing was closed."""
        paused = self._opening is not None
        self._opening = self._opening or self._whole.events(self._readers.closed)
        begun = time.perf_counter()
        try:
            event = next(self._opening, None)
        except Exception:
            self._opening = None
            raise
        if event is None or self._readers.closed.is_set():
            return None
        told = SourceEvent(self._whole, event, self._whole.complete)
        if isinstance(event, Page) and not told.last:
            self._read_on(time.perf_counter() - begun, paused)
        return told

    def _read_on(self, seconds: float, paused: bool) -> None:
        if self._parts is not None and seconds >= self._parts.slow_page and not paused:
            self._halves = [(pages, PageSource(pages, pause=self._pause)) for pages in self._parts.pages]
            self._readers.start(source for _, source in self._halves)
        else:
            self._readers.start([self._whole])

    def _ended(self, source: PageSource[Item]) -> None:
        """A source is complete, and with the last one the listing.

        A row that changes sides while parts are read at the same time (an image that loses its last tag) is in neither
        if one had already passed it and the other had yet to come to it. So what each part had read by the time the
        first of them ended is read once more.
        """
        if self._halves:
            self._again += [PageSource(pages, pause=self._pause, limit=half.pages + 1) for pages, half in self._halves]
            self._halves = []
        self._readers.ended(source)
        if self._readers.busy:
            return
        again, self._again = self._again, []
        self._readers.start(again)
        self._complete = not again
