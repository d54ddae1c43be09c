"""Chains of page tokens that are read on after whatever happened to them, and the threads that read them ahead."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from threading import Event, Thread
from typing import Generic, TypeVar

from ecrtui.catalog.channel import ClosableQueue
from ecrtui.errors import ListingExpired, Throttled
from ecrtui.registry.protocol import Page

Item = TypeVar("Item")
PageIterator = Callable[[str], Iterator[Page[Item]]]
"""Gives the pages from a token on; each page is requested when it is asked for."""

PAUSE = 1.0
"""Seconds of the first pause after a throttling; each further one is twice as long."""
LONGEST_PAUSE = 30.0
MOST_PAUSES = 6
"""Throttlings one after the other until it is an error. The registry has tried several times before each."""
MOST_RESTARTS = 3
"""Expired tokens until it is an error."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ThrottlePause:
    """The service asked for fewer requests; the next one is sent after so many seconds."""

    seconds: float


class PageSource(Generic[Item]):
    """A chain of page tokens that can be read on after whatever happened to it.

    Args:
        pages: the pages from a token on.
        pause: seconds of the first pause after a throttling.
        limit: pages after which it ends early; None to read all.
    """

    def __init__(self, pages: PageIterator[Item], *, pause: float = PAUSE, limit: int | None = None) -> None:
        self.pages = 0
        """Pages read so far."""
        self.complete = False
        """Whether there is nothing more to read."""
        self._pages = pages
        self._pause = pause
        self._limit = limit
        self._token = ""
        self._slowness = 0.0
        self._restarts = 0

    def restarted(self) -> PageSource[Item]:
        """The same chain from its beginning."""
        return PageSource(self._pages, pause=self._pause, limit=self._limit)

    def events(self, stopped: Event) -> Iterator[Page[Item] | ThrottlePause]:
        """The pages from where the chain stands, and the pauses before they are made.

        Ends when the chain does or the event is set; the last page is there even if it is empty. After an error a
        new call goes on behind the last page.

        Raises:
            EcrTuiError: a page could not be had.
        """
        pauses = 0
        while not (self.complete or stopped.is_set()):
            try:
                for page in self._pages(self._token):
                    pauses = 0
                    yield self._took(page)
                    if self.complete or stopped.wait(self._slowness):
                        return
                yield self._took(Page(()))
            except Throttled:
                pauses += 1
                if pauses > MOST_PAUSES:
                    raise
                yield self._paused(pauses)
                stopped.wait(self._slowness)
            except ListingExpired:
                self._restarts += 1
                if self._restarts > MOST_RESTARTS:
                    raise
                _log.info("the token of page %d has expired; beginning again", self.pages + 1)
                self._token = ""

    def _took(self, page: Page[Item]) -> Page[Item]:
        self.pages += 1
        self._token = page.next_token
        self._slowness = self._slowness / 2 if self._slowness > self._pause / 8 else 0.0
        self.complete = not page.next_token or self.pages == self._limit
        return page

    def _paused(self, pauses: int) -> ThrottlePause:
        """A longer pause each time, not the same for all who were throttled together."""
        self._slowness = min(self._pause * 2 ** (pauses - 1), LONGEST_PAUSE) * random.uniform(0.75, 1.25)  # noqa: S311 - jitter
        _log.info("throttled; going on in %.1f s", self._slowness)
        return ThrottlePause(self._slowness)


@dataclass(frozen=True, slots=True)
class SourceEvent(Generic[Item]):
    """What a source has given, and whether it is the last of it."""

    source: PageSource[Item]
    event: Page[Item] | ThrottlePause
    last: bool


class ReaderPool(Generic[Item]):
    """Daemon threads that read sources ahead, one each, for one caller; a few events at most.

    Args:
        ahead: events that are read before they are asked for.
    """

    def __init__(self, ahead: int) -> None:
        self._channel: ClosableQueue[SourceEvent[Item] | tuple[PageSource[Item], Exception]] = ClosableQueue(ahead)
        self._unfinished: set[PageSource[Item]] = set()
        self._failed: list[PageSource[Item]] = []

    @property
    def busy(self) -> bool:
        """Whether there is a source that is not at its end, be it that it failed."""
        return bool(self._unfinished)

    @property
    def closed(self) -> Event:
        """Set when nothing more shall be read."""
        return self._channel.closed

    def start(self, sources: Iterable[PageSource[Item]]) -> None:
        """Read these too."""
        for source in sources:
            self._unfinished.add(source)
            Thread(target=_read, args=(source, self._channel), daemon=True, name="listing").start()

    def get(self) -> SourceEvent[Item] | None:
        """Wait for what comes next; None if it was closed. A source that failed is read on.

        Raises:
            EcrTuiError: a page of a source could not be had.
        """
        failed, self._failed = self._failed, []
        self.start(failed)
        told = self._channel.get()
        if isinstance(told, tuple):
            source, problem = told
            self._failed.append(source)
            raise problem
        return told

    def wait(self, seconds: float) -> bool:
        """Wait at most so long for something to come; whether there is anything to get."""
        return self._channel.wait(seconds)

    def ended(self, source: PageSource[Item]) -> None:
        """The caller has had the last of this source."""
        self._unfinished.discard(source)

    def close(self) -> None:
        """Read nothing more, and let everybody go who waits."""
        self._channel.close()


def _read(
    source: PageSource[Item], channel: ClosableQueue[SourceEvent[Item] | tuple[PageSource[Item], Exception]]
) -> None:
    """What a thread does. It knows the channel only, so that it ends when nobody holds the listing any more."""
    try:
        for event in source.events(channel.closed):
            if not channel.put(SourceEvent(source, event, source.complete)):
                return
    except Exception as problem:  # noqa: BLE001 - raised where the listing is iterated
        channel.put((source, problem))
