"""The requests of a search: several threads send them at the rate of the registry, and wait while it throttles."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from ecrtui.catalog.batch_queue import BatchInput
from ecrtui.catalog.find.result import FindAnswer
from ecrtui.catalog.listing.page_source import MAX_PAUSES, PageSource, ThrottlePause
from ecrtui.ecr.image import Image
from ecrtui.errors import EcrTuiError, ErrorKind, unreadable_rows
from ecrtui.registry.protocol import Registry
from ecrtui.registry.rate_limiter import RateLimiter

Result = TypeVar("Result")

_log = logging.getLogger(__name__)


class FindRequests:
    """Sends the requests of one search. Thread-safe.

    Args:
        registry: the registry to read.
        limiter: limits the requests.
        queue: receives the pauses. No request is sent again once it is closed.
    """

    def __init__(self, registry: Registry, limiter: RateLimiter, queue: BatchInput[FindAnswer]) -> None:
        self.registry = registry
        self._limiter = limiter
        self._queue = queue

    @property
    def search_ended(self) -> bool:
        """True once the search has ended. Then a long read stops."""
        return self._queue.closed.is_set()

    def send(self, request: Callable[[], Result]) -> Result:
        """Send a request at the rate of the registry; wait and send it again while the service throttles."""
        throttled = 0
        while True:
            self._limiter.acquire()
            try:
                result = request()
            except EcrTuiError as error:
                if error.kind is not ErrorKind.THROTTLED or throttled >= MAX_PAUSES or self.search_ended:
                    raise
                throttled += 1
                self._limiter.record_throttling()
                _log.info("throttled while searching")
                self._queue.put(ThrottlePause(self._limiter.seconds_for(1)))
            else:
                self._limiter.record_success()
                return result

    def image_pages(self, repository: str, tag_status: str) -> Iterator[Sequence[Image]]:
        """Yield the images of each page. An image that cannot be read is an error of the repository."""
        source = PageSource(lambda start: self.registry.images(repository, tag_status=tag_status, start=start))
        for event in source.events(self._queue.closed):
            if isinstance(event, ThrottlePause):
                self._queue.put(event)
            else:
                yield event.items

    def repository_names(self) -> Iterator[str]:
        """Yield the names of all repositories. Those that cannot be read are an answer with their error.

        Raises:
            AccessDenied: the repositories cannot be listed.
        """
        source = PageSource(lambda start: self.registry.repositories(start=start))
        for event in source.events(self._queue.closed):
            if isinstance(event, ThrottlePause):
                self._queue.put(event)
                continue
            rows, problems = event.rows
            if problems:
                self._queue.put(FindAnswer("", error=unreadable_rows(problems)))
            yield from (repository.name for repository in rows)
