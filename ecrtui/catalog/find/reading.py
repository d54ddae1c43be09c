"""Find images in all repositories of a registry: several requests at a time, and hits as they arrive.

A tag or a digest costs one DescribeImages for each repository. The beginning of a digest and a tag with ``*`` need all
images: first those of the last listings, which are in the cache, then a listing of each repository. A digest that no
image has may be that of a layer or a config: each repository is asked for it. No request counts as a pull, unless the
caller allows it. So the index of a platform, and the images of a layer, are known only if their manifests were read
before.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from threading import Lock, Thread
from typing import TYPE_CHECKING

from ecrtui.catalog.batch_queue import BatchInput, BatchQueue, End, FailureLimit
from ecrtui.catalog.find.blobs import BlobLookup
from ecrtui.catalog.find.indexes import IndexLookup
from ecrtui.catalog.find.query import FindTerm, Query
from ecrtui.catalog.find.requests import FindRequests
from ecrtui.catalog.find.result import FindAnswer, FindBatch, Hit
from ecrtui.ecr.image import Image, ImageKind
from ecrtui.errors import OF_ALL_REQUESTS, AccessDenied, EcrTuiError, NotFound
from ecrtui.registry.protocol import Registry
from ecrtui.registry.rate_limiter import RateLimiter

if TYPE_CHECKING:
    from ecrtui.catalog.catalog import Catalog

CONCURRENT_REQUESTS = 8
"""Requests at the same time."""

REQUESTS_PER_SECOND = 500.0
"""Highest rate of requests of one registry: more than eight at a time reach over a network. ECR publishes no quota for
DescribeImages; throttling lowers the rate."""

BATCH_INTERVAL = 0.1
"""The least seconds between two batches. Each batch redraws rows."""


class FindReading:
    """The answers of all repositories of a registry, batch by batch. Iterating blocks, so it runs in a daemon thread.

    A repository that cannot be asked has an answer with its error. Any thread may call :meth:`close`, which ends the
    iteration.

    Args:
        catalog: the catalog of the registry.
        registry: the registry to read.
        query: what to find; see :func:`~ecrtui.catalog.find.references.resolve_references`.
        limiter: limits the requests.
        may_read: returns True for a repository whose manifests may be read, to know which index has an image without
            tags, and which images have a layer. ECR records a pull of each. It can block.
        interval: the least seconds between two batches.

    Raises:
        EcrTuiError: (from ``next()``) no repository can be asked: no credentials, no connection, throttled for long.
    """

    def __init__(
        self,
        catalog: Catalog,
        registry: Registry,
        query: Query,
        limiter: RateLimiter,
        *,
        may_read: Callable[[str], bool] = lambda _: False,
        interval: float = BATCH_INTERVAL,
    ) -> None:
        self._started = False
        self._queue: BatchQueue[FindAnswer] = BatchQueue(256, interval)
        requests = FindRequests(registry, limiter, self._queue.input)
        indexes = IndexLookup(catalog, requests, may_read)
        blobs = BlobLookup(catalog, requests, indexes, may_read)
        self._search = _Search(catalog, registry, query, self._queue.input, requests, indexes, blobs)

    def close(self) -> None:
        """End the iteration and send no further request."""
        self._queue.close()

    def __iter__(self) -> FindReading:
        return self

    def __next__(self) -> FindBatch:
        if not self._started:
            self._started = True
            Thread(target=_run, args=(self._search,), daemon=True, name="find").start()
        answers, throttled = self._queue.take()
        search = self._search
        blobs = search.blobs.counts if search.asks_for_blobs else None
        return FindBatch(tuple(answers), search.asked, search.names.total, search.lists, throttled, blobs)


def _run(search: _Search) -> None:
    """Search to the end. The thread holds no reference to the reading, so that it can be freed."""
    try:
        search.run()
    except Exception as problem:  # noqa: BLE001 - raised in the thread that iterates
        search.queue.put(problem)
    search.queue.put(End())


class _Names:
    """The names of the repositories to ask, read page by page when they are needed. Safe between threads."""

    def __init__(self, pages: Callable[[], Iterator[str]]) -> None:
        self._pages = pages
        self._iterator: Iterator[str] | None = None
        self._lock = Lock()
        self.known: list[str] = []

    @property
    def total(self) -> int:
        return len(self.known)

    def __iter__(self) -> Iterator[str]:
        position = 0
        while True:
            with self._lock:
                if position >= len(self.known) and not self._read():
                    return
                name = self.known[position]
            yield name
            position += 1

    def _read(self) -> bool:
        self._iterator = self._iterator or self._pages()
        name = next(self._iterator, None)
        if name is not None:
            self.known.append(name)
        return name is not None


@dataclass
class _Search:
    """A search for one query. The threads share it."""

    catalog: Catalog
    registry: Registry
    query: Query
    queue: BatchInput[FindAnswer]
    requests: FindRequests
    indexes: IndexLookup
    blobs: BlobLookup
    asked: int = 0
    lists: bool = False
    asks_for_blobs: bool = False
    failures: FailureLimit = field(default_factory=lambda: FailureLimit(OF_ALL_REQUESTS))
    error: Exception | None = None
    lock: Lock = field(default_factory=Lock)
    found: set[FindTerm] = field(default_factory=set)
    """The terms that something was found for."""
    answered: dict[str, FindAnswer] = field(default_factory=dict)
    """What each repository has, if more may follow."""
    listed: dict[str, int] = field(default_factory=dict)
    """By repository that was listed: the number of its images, apart from indexes."""

    def __post_init__(self) -> None:
        self.names = _Names(self._repository_names)

    def run(self) -> None:
        """Ask all repositories; list their images if only that can answer; look for layers if no image is found."""
        query = self.query
        must_list = any(not term.is_exact for term in query.missing)
        exact = () if must_list else tuple(term for term in query.terms if term.is_exact)
        blobs = () if query.missing else tuple(term for term in query.terms if term.may_be_blob)
        if exact or (query.missing and not must_list):
            later = tuple(term for term in query.terms if term.needs_listing or term in blobs)
            self._ask_all(partial(self._ask, exact), later)
        rest = tuple(term for term in query.terms if term.needs_listing and term not in self.found)
        if (rest or must_list) and not self.queue.closed.is_set():
            self.asked, self.lists = 0, True
            wanted = query.terms if must_list else rest
            if not query.missing:
                for name in self.names:
                    self._look_in_cache(wanted, name)
            self._ask_all(partial(self._list, wanted), blobs)
        blobs = tuple(term for term in blobs if term not in self.found)
        if blobs and not self.queue.closed.is_set():
            self.asked, self.lists, self.asks_for_blobs = 0, False, True
            self._ask_all(partial(self._find_blobs, blobs))
        elif not self.queue.closed.is_set():
            for answer in self.answered.values():
                self.queue.put(answer)

    def _ask_all(self, ask: Callable[[str], FindAnswer], later: Sequence[FindTerm] = ()) -> None:
        """Ask all repositories.

        Args:
            ask: asks one repository.
            later: the terms that are looked for in another way afterwards, unless something is found for them.
        """
        names = iter(self.names)
        lock = Lock()

        def work() -> None:
            try:
                while True:
                    with lock:
                        name = None if self.error or self.queue.closed.is_set() else next(names, None)
                    if name is None:
                        return
                    answer = self._answer(name, ask)
                    self._put(answer, final=self.found.issuperset(later))
            except Exception as problem:  # noqa: BLE001 - raised in the thread that iterates
                self.error = self.error or problem

        threads = [Thread(target=work, daemon=True, name=f"find {number}") for number in range(CONCURRENT_REQUESTS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if self.error is not None:
            raise self.error

    def _answer(self, name: str, ask: Callable[[str], FindAnswer]) -> FindAnswer:
        """Ask one repository; return what was found before, too."""
        before = self.answered.pop(name, FindAnswer(name))
        try:
            found = ask(name) if self.query.asks(name) else FindAnswer(name)
        except NotFound:  # the repository was deleted meanwhile
            return FindAnswer(name)
        except EcrTuiError as error:
            found = FindAnswer(name, error=error)
        self.failures.record(found.error)
        hits = {hit.digest: hit for hit in (*before.hits, *found.hits)}
        return found._replace(hits=tuple(hits.values()), error=found.error or before.error)

    def _put(self, answer: FindAnswer, *, final: bool) -> None:
        if not final:
            self.answered[answer.repository] = answer
        with self.lock:
            self.asked += 1
        self.queue.put(answer._replace(final=final))

    # What one repository has

    def _ask(self, terms: Sequence[FindTerm], repository: str) -> FindAnswer:
        """Return the hits by exact tags and digests: a request for each of them."""
        asked = [term for term in terms if term.asks(repository)]
        images = self._described(repository, asked)
        if self.query.missing and (self._described(repository, self.query.missing) or (terms and not images)):
            return FindAnswer(repository)
        with self.lock:
            self.found.update(term for term in asked if any(map(term.matches, images)))
        return self._hits(repository, images)

    def _described(self, repository: str, terms: Sequence[FindTerm]) -> tuple[Image, ...]:
        found: dict[str, Image] = {}
        digests = [term.digest for term in terms if term.digest]
        if digests:
            images = self.requests.send(lambda: self.registry.images_by_digest(repository, digests))
            found |= {image.digest: image for image in images}
        for tag in dict.fromkeys(term.tag for term in terms if term.tag):
            # One by one: many tags at once would be read with BatchGetImage, which counts as a pull.
            by_tag = self.requests.send(partial(self.registry.images_by_tag, repository, [tag]))
            found |= {image.digest: image for image in by_tag.values()}
        return tuple(found.values())

    def _look_in_cache(self, terms: Sequence[FindTerm], repository: str) -> None:
        snapshot = self.catalog.listed_before(repository) if self.query.asks(repository) else None
        if snapshot is None:
            return
        images = [image for image in snapshot.items if any(_finds(terms, repository, image))]
        if images:
            hits = tuple(Hit(repository, image, age=snapshot.age) for image in images)
            self.queue.put(FindAnswer(repository, hits, final=False))

    def _list(self, terms: Sequence[FindTerm], repository: str) -> FindAnswer:
        """List the images of a repository; return the hits."""
        images: list[Image] = []
        count = 0
        only_tagged = not any(term.prefix or term.digest for term in (*terms, *self.query.missing))
        for page in self.requests.image_pages(repository, "TAGGED" if only_tagged else "ANY"):
            if any(term.matches(image) for term in self.query.missing for image in page):
                return FindAnswer(repository)
            matching = [image for image in page if any(_finds(terms, repository, image))]
            images += matching
            count += sum(image.kind is not ImageKind.INDEX for image in page)
            if matching and not self.query.missing:
                self.queue.put(FindAnswer(repository, tuple(Hit(repository, image) for image in matching), final=False))
        if self.query.missing and self.query.terms and not images:
            return FindAnswer(repository)
        with self.lock:
            self.listed[repository] = count
            self.found.update(term for term in terms if term.asks(repository) and any(map(term.matches, images)))
        return self._hits(repository, images)

    def _find_blobs(self, terms: Sequence[FindTerm], repository: str) -> FindAnswer:
        """Return the layers and configs of the repository that are not images of it."""
        asked = [term for term in terms if term.asks(repository)]
        return self.blobs.find(repository, asked, self.listed.get(repository, 0), self.queue.put)

    def _hits(self, repository: str, images: Collection[Image]) -> FindAnswer:
        if self.query.missing and not self.query.terms:
            return FindAnswer(repository, (Hit(repository, None),))
        alone = {image.digest for image in images if not image.tags and not image.subject}
        found = self.indexes.find(repository, alone)
        hits = (
            Hit(
                repository,
                image,
                found.parts.get(image.digest),
                in_no_index=found.are_all and image.digest not in found.parts,
            )
            for image in images
        )
        return FindAnswer(repository, tuple(hits), found.error)

    def _repository_names(self) -> Iterator[str]:
        try:
            yield from self.requests.repository_names()
        except AccessDenied as error:
            self.queue.put(FindAnswer("", error=error))
            yield from self._names_without_listing()

    def _names_without_listing(self) -> Iterable[str]:
        """Return the repositories that can be asked although they cannot be listed."""
        snapshot = self.catalog.repositories_listed_before()
        known = [] if snapshot is None else [repository.name for repository in snapshot.items]
        terms = (*self.query.terms, *self.query.missing)
        named = [term.repository for term in terms if term.repository and "*" not in term.repository]
        return dict.fromkeys([*known, *named])


def _finds(terms: Sequence[FindTerm], repository: str, image: Image) -> Iterator[bool]:
    return (term.matches(image) for term in terms if term.asks(repository))
