"""Page chains that continue after errors, and the threads that read them ahead."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from threading import Event, Thread
from typing import Generic, TypeVar

from ecrtui.catalog.closable_queue import ClosableQueue
from ecrtui.errors import ListingExpired, Throttled
from ecrtui.registry.protocol import Page

Item = TypeVar("Item")
PageIterator = Callable[[str], Iterator[Page[Item]]]
"""Returns the pages from a token on. Each page is requested when the iterator reaches it."""

FIRST_PAUSE = 1.0
"""Seconds of the first pause after a throttled request; each further pause is twice as long."""
MAX_PAUSE = 30.0
"""Seconds of the longest pause."""
MAX_PAUSES = 6
"""Throttled requests in a row before :class:`Throttled` is raised. The registry has retried before each of them."""
MAX_RESTARTS = 3
"""Expired tokens before :class:`ListingExpired` is raised."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ThrottlePause:
    """The service throttled a request; the next one follows after this number of seconds."""

    seconds: float


class PageSource(Generic[Item]):
    """A chain of pages that continues after an error, a throttled request, or an expired token.

    Args:
        pages: returns the pages from a token on.
        pause: seconds of the first pause after a throttled request.
        limit: the number of pages after which the source ends early; None to read all.
    """

    def __init__(self, pages: PageIterator[Item], *, pause: float = FIRST_PAUSE, limit: int | None = None) -> None:
        self.pages = 0
        """The number of pages read so far."""
        self.complete = False
        """True once all pages are read."""
        self._pages = pages
        self._pause = pause
        self._limit = limit
        self._token = ""
        self._delay = 0.0
        self._restarts = 0

    def restarted(self) -> PageSource[Item]:
        """Return a source that reads the same pages from the first one on."""
        return PageSource(self._pages, pause=self._pause, limit=self._limit)

    def events(self, stopped: Event) -> Iterator[Page[Item] | ThrottlePause]:
        """Yield the pages that were not read yet, and each pause before it starts.

        End with the chain, or when the event is set. The last page is yielded even if it is empty. After an error,
        another call continues after the last page that was yielded.

        Raises:
            EcrTuiError: a page could not be read.
        """
        pauses = 0
        while not (self.complete or stopped.is_set()):
            try:
                for page in self._pages(self._token):
                    pauses = 0
                    yield self._advance(page)
                    if self.complete or stopped.wait(self._delay):
                        return
                yield self._advance(Page(()))
            except Throttled:
                pauses += 1
                if pauses > MAX_PAUSES:
                    raise
                yield self._slow_down(pauses)
                stopped.wait(self._delay)
            except ListingExpired:
                self._restarts += 1
                if self._restarts > MAX_RESTARTS:
                    raise
                _log.info("the token of page %d has expired; reading from the first page again", self.pages + 1)
                self._token = ""

    def _advance(self, page: Page[Item]) -> Page[Item]:
        self.pages += 1
        self._token = page.next_token
        self._delay = self._delay / 2 if self._delay > self._pause / 8 else 0.0
        self.complete = not page.next_token or self.pages == self._limit
        return page

    def _slow_down(self, pauses: int) -> ThrottlePause:
        """Return the next pause: longer each time, and different for clients that were throttled together."""
        self._delay = min(self._pause * 2 ** (pauses - 1), MAX_PAUSE) * random.uniform(0.75, 1.25)  # noqa: S311 - jitter
        _log.info("throttled; continuing in %.1f s", self._delay)
        return ThrottlePause(self._delay)


@dataclass(frozen=True, slots=True)
class SourceEvent(Generic[Item]):
    """A page or pause of a source; ``last`` is True for its last page."""

    source: PageSource[Item]
    event: Page[Item] | ThrottlePause
    last: bool


class ReaderPool(Generic[Item]):
    """Daemon threads, one for each source, that read a few pages ahead of one consumer.

    Args:
        ahead: the number of events to read before the consumer asks for them.
    """

    def __init__(self, ahead: int) -> None:
        self._queue: ClosableQueue[SourceEvent[Item] | tuple[PageSource[Item], Exception]] = ClosableQueue(ahead)
        self._unfinished: set[PageSource[Item]] = set()
        self._failed: list[PageSource[Item]] = []

    @property
    def busy(self) -> bool:
        """True if any source is not finished, including sources that failed."""
        return bool(self._unfinished)

    @property
    def closed(self) -> Event:
        """The event that is set when reading must stop."""
        return self._queue.closed

    def start(self, sources: Iterable[PageSource[Item]]) -> None:
        """Start to read these sources too."""
        for source in sources:
            self._unfinished.add(source)
            Thread(target=_read, args=(source, self._queue), daemon=True, name="listing").start()

    def get(self) -> SourceEvent[Item] | None:
        """Wait for the next event; return None if the pool is closed. Restart sources that failed.

        Raises:
            EcrTuiError: a page of a source could not be read.
        """
        failed, self._failed = self._failed, []
        self.start(failed)
        event = self._queue.get()
        if isinstance(event, tuple):
            source, problem = event
            self._failed.append(source)
            raise problem
        return event

    def wait(self, seconds: float) -> bool:
        """Wait at most this long for an event; return True if there is one."""
        return self._queue.wait(seconds)

    def finish(self, source: PageSource[Item]) -> None:
        """Record that the consumer has received the last page of this source."""
        self._unfinished.discard(source)

    def close(self) -> None:
        """Stop reading, and release every thread that waits."""
        self._queue.close()


def _read(
    source: PageSource[Item], queue: ClosableQueue[SourceEvent[Item] | tuple[PageSource[Item], Exception]]
) -> None:
    """Read a source into the queue. The thread holds no reference to the listing, so that both can be freed."""
    try:
        for event in source.events(queue.closed):
            if not queue.put(SourceEvent(source, event, source.complete)):
                return
    except Exception as problem:  # noqa: BLE001 - raised in the thread that iterates
        queue.put((source, problem))
