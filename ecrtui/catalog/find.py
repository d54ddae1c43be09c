"""Find images in all repositories of a registry: several requests at a time, and hits as they arrive.

A tag or a digest costs one DescribeImages for each repository. The beginning of a digest and a tag with ``*`` need all
images: first those of the last listings, which are in the cache, then a listing of each repository. No request counts
as a pull, unless the caller allows it. So the index of a platform is known only if its manifest was read before.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from threading import Lock, Thread
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from ecrtui.catalog.batch_queue import BatchInput, BatchQueue, End, FailureLimit
from ecrtui.catalog.find_query import Query, Term
from ecrtui.catalog.index_parts import KnownParts, find_parts, parts_of_indexes
from ecrtui.catalog.page_source import MAX_PAUSES, PageSource, ThrottlePause
from ecrtui.ecr.image import Image
from ecrtui.ecr.location import RegistryLocation
from ecrtui.errors import OF_ALL_REQUESTS, AccessDenied, EcrTuiError, ErrorKind, NotFound, unreadable_rows
from ecrtui.registry.protocol import Registry
from ecrtui.registry.rate_limiter import RateLimiter

if TYPE_CHECKING:
    from ecrtui.catalog.catalog import Catalog

Result = TypeVar("Result")

CONCURRENT_REQUESTS = 8
"""Requests at the same time."""

REQUESTS_PER_SECOND = 500.0
"""Highest rate of requests of one registry: more than eight at a time reach over a network. ECR publishes no quota for
DescribeImages; throttling lowers the rate."""

BATCH_INTERVAL = 0.1
"""The least seconds between two batches. Each batch redraws rows."""

_log = logging.getLogger(__name__)


class PartOf(NamedTuple):
    """The index that names an image.

    Args:
        digest: the digest of the index.
        tags: its tags now.
        part: what the image is in it: "linux/arm64", "attestation".
    """

    digest: str
    tags: tuple[str, ...]
    part: str


class Hit(NamedTuple):
    """What was found.

    Args:
        repository: the name of the repository.
        image: the image; None for a repository without an image that should be missing.
        part_of: an index that names the image; None if none is known.
        age: seconds since the listing of which the image is; None if it was read now.
        in_no_index: True if all indexes of the repository were read, and none names the image.
    """

    repository: str
    image: Image | None
    part_of: PartOf | None = None
    age: float | None = None
    in_no_index: bool = False


class Answer(NamedTuple):
    """What a repository has.

    Args:
        repository: its name; empty for an error about all repositories.
        hits: the hits; with ``final`` all of them, which replace those of earlier answers.
        error: why it, or the indexes of its hits, could not be read.
        final: False if more hits can follow.
    """

    repository: str
    hits: tuple[Hit, ...] = ()
    error: EcrTuiError | None = None
    final: bool = True


class _Indexes(NamedTuple):
    """The indexes of a repository that name some images.

    Args:
        parts: the index of an image, by the digest of the image.
        are_all: True if all indexes of the repository were read.
        error: why they, or their tags, could not be read.
    """

    parts: Mapping[str, PartOf]
    are_all: bool = False
    error: EcrTuiError | None = None


class FindBatch(NamedTuple):
    """The answers since the last batch, and the progress.

    Args:
        answers: the answers.
        asked: the number of repositories that have answered, or could not be asked.
        total: the number of repositories that are known.
        listing: True while all images are listed: the repositories then count from the start again.
        throttled: seconds until the next request, because the service throttled one.
    """

    answers: tuple[Answer, ...]
    asked: int
    total: int
    listing: bool = False
    throttled: float = 0.0


class FindReading:
    """The answers of all repositories of a registry, batch by batch. Iterating blocks, so it runs in a daemon thread.

    A repository that cannot be asked has an answer with its error. Any thread may call :meth:`close`, which ends the
    iteration.

    Args:
        catalog: the catalog of the registry.
        registry: the registry to read.
        query: what to find; see :func:`resolve_references`.
        limiter: limits the requests.
        may_read: returns True for a repository whose indexes may be read, to know which one has an image without
            tags. ECR records a pull of each. It can block.
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
        self._queue: BatchQueue[Answer] = BatchQueue(256, interval)
        self._search = _Search(catalog, registry, query, limiter, self._queue.input, may_read)

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
        return FindBatch(tuple(answers), search.asked, search.names.total, search.lists, throttled)


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
    """A search for one query. The lanes share it."""

    catalog: Catalog
    registry: Registry
    query: Query
    limiter: RateLimiter
    queue: BatchInput[Answer]
    may_read: Callable[[str], bool]
    asked: int = 0
    lists: bool = False
    failures: FailureLimit = field(default_factory=lambda: FailureLimit(OF_ALL_REQUESTS))
    error: Exception | None = None
    lock: Lock = field(default_factory=Lock)
    found: set[Term] = field(default_factory=set)
    """The terms that something was found for."""
    answered: dict[str, Answer] = field(default_factory=dict)
    """What each repository has by tag or digest, if a listing may follow."""

    def __post_init__(self) -> None:
        self.names = _Names(self._repository_names)

    def run(self) -> None:
        """Ask all repositories; list their images if only that can answer."""
        query = self.query
        must_list = any(not term.is_exact for term in query.missing)
        exact = () if must_list else tuple(term for term in query.terms if term.is_exact)
        if exact or (query.missing and not must_list):
            self._ask_all(partial(self._ask, exact), final=not any(term.needs_listing for term in query.terms))
        rest = tuple(term for term in query.terms if term.needs_listing and term not in self.found)
        if not rest and not must_list:
            for answer in self.answered.values():
                self.queue.put(answer)
        if (not rest and not must_list) or self.queue.closed.is_set():
            return
        self.asked, self.lists = 0, True
        wanted = query.terms if must_list else rest
        if not query.missing:
            for name in self.names:
                self._look_in_cache(wanted, name)
        self._ask_all(partial(self._list, wanted), final=True)

    def _ask_all(self, ask: Callable[[str], Answer], *, final: bool) -> None:
        names = iter(self.names)
        lock = Lock()

        def work() -> None:
            try:
                while True:
                    with lock:
                        name = None if self.error or self.queue.closed.is_set() else next(names, None)
                    if name is None:
                        return
                    self._put(self._answer(name, ask), final=final)
            except Exception as problem:  # noqa: BLE001 - raised in the thread that iterates
                self.error = self.error or problem

        lanes = [Thread(target=work, daemon=True, name=f"find {number}") for number in range(CONCURRENT_REQUESTS)]
        for lane in lanes:
            lane.start()
        for lane in lanes:
            lane.join()
        if self.error is not None:
            raise self.error

    def _answer(self, name: str, ask: Callable[[str], Answer]) -> Answer:
        """Ask one repository; return what was found before, too."""
        before = self.answered[name].hits if name in self.answered else ()
        try:
            found = ask(name) if self.query.asks(name) else Answer(name)
        except NotFound:  # the repository was deleted meanwhile
            return Answer(name)
        except EcrTuiError as error:
            found = Answer(name, error=error)
        self.failures.record(found.error)
        hits = {hit.image and hit.image.digest: hit for hit in (*before, *found.hits)}
        return found._replace(hits=tuple(hits.values()))

    def _put(self, answer: Answer, *, final: bool) -> None:
        if not final:
            self.answered[answer.repository] = answer
        with self.lock:
            self.asked += 1
        self.queue.put(answer._replace(final=final))

    # What one repository has

    def _ask(self, terms: Sequence[Term], repository: str) -> Answer:
        """Return the hits by exact tags and digests: a request for each of them."""
        asked = [term for term in terms if term.asks(repository)]
        images = self._described(repository, asked)
        if self.query.missing and (self._described(repository, self.query.missing) or (terms and not images)):
            return Answer(repository)
        with self.lock:
            self.found.update(term for term in asked if any(map(term.matches, images)))
        return self._hits(repository, images)

    def _described(self, repository: str, terms: Sequence[Term]) -> tuple[Image, ...]:
        found: dict[str, Image] = {}
        digests = [term.digest for term in terms if term.digest]
        if digests:
            images = self._send(lambda: self.registry.images_by_digest(repository, digests))
            found |= {image.digest: image for image in images}
        for tag in dict.fromkeys(term.tag for term in terms if term.tag):
            # One by one: many tags at once would be read with BatchGetImage, which counts as a pull.
            by_tag = self._send(partial(self.registry.images_by_tag, repository, [tag]))
            found |= {image.digest: image for image in by_tag.values()}
        return tuple(found.values())

    def _look_in_cache(self, terms: Sequence[Term], repository: str) -> None:
        snapshot = self.catalog.listed_before(repository) if self.query.asks(repository) else None
        if snapshot is None:
            return
        images = [image for image in snapshot.items if any(_finds(terms, repository, image))]
        if images:
            hits = tuple(Hit(repository, image, age=snapshot.age) for image in images)
            self.queue.put(Answer(repository, hits, final=False))

    def _list(self, terms: Sequence[Term], repository: str) -> Answer:
        """List the images of a repository; return the hits."""
        images: list[Image] = []
        only_tagged = not any(term.prefix or term.digest for term in (*terms, *self.query.missing))
        for page in self._image_pages(repository, "TAGGED" if only_tagged else "ANY"):
            if any(term.matches(image) for term in self.query.missing for image in page):
                return Answer(repository)
            matching = [image for image in page if any(_finds(terms, repository, image))]
            images += matching
            if matching and not self.query.missing:
                self.queue.put(Answer(repository, tuple(Hit(repository, image) for image in matching), final=False))
        if self.query.missing and self.query.terms and not images:
            return Answer(repository)
        return self._hits(repository, images)

    def _hits(self, repository: str, images: Collection[Image]) -> Answer:
        if self.query.missing and not self.query.terms:
            return Answer(repository, (Hit(repository, None),))
        found = self._indexes_of(repository, {image.digest for image in images if not image.tags and not image.subject})
        hits = (
            Hit(
                repository,
                image,
                found.parts.get(image.digest),
                in_no_index=found.are_all and image.digest not in found.parts,
            )
            for image in images
        )
        return Answer(repository, tuple(hits), found.error)

    def _indexes_of(self, repository: str, digests: Collection[str]) -> _Indexes:
        """Return the indexes that name these images, as far as manifests tell."""
        if not digests:
            return _Indexes({})
        known = parts_of_indexes(self.catalog.kept_indexes(repository))
        error: EcrTuiError | None = None
        try:
            if not known.indexes.keys() >= set(digests) and self.may_read(repository):
                known = self._read_parts(repository)
            images = self._send(partial(self.registry.images_by_digest, repository, _indexes_with(known, digests)))
        except NotFound:
            raise
        except EcrTuiError as problem:
            error, images = problem, ()  # the hits are known all the same
        tags = {image.digest: image.tags for image in images}
        parts: dict[str, PartOf] = {}
        for digest in digests:
            # A kept index may have been deleted, which only an answer without error tells.
            for index in known.indexes.get(digest, ()):
                if error is not None or index in tags:
                    parts.setdefault(digest, PartOf(index, tags.get(index, ()), known.part(digest, index).name))
        return _Indexes(parts, known.complete, error)

    def _read_parts(self, repository: str) -> KnownParts:
        """Return the parts of the indexes of a repository. ECR records a pull of each index that is not kept."""
        images = [image for page in self._image_pages(repository, "ANY") for image in page]

        def read() -> KnownParts:
            known = KnownParts()
            for step in find_parts(self.catalog, repository, images, read=True):
                known = step
                if self.queue.closed.is_set():
                    break
            return known

        return self._send(read)

    # Requests

    def _send(self, request: Callable[[], Result]) -> Result:
        """Send a request at the rate of the registry; wait and send it again while the service throttles."""
        throttled = 0
        while True:
            self.limiter.acquire()
            try:
                result = request()
            except EcrTuiError as error:
                if error.kind is not ErrorKind.THROTTLED or throttled >= MAX_PAUSES or self.queue.closed.is_set():
                    raise
                throttled += 1
                self.limiter.record_throttling()
                _log.info("throttled while searching")
                self.queue.put(ThrottlePause(self.limiter.seconds_for(1)))
            else:
                self.limiter.record_success()
                return result

    def _image_pages(self, repository: str, tag_status: str) -> Iterator[Sequence[Image]]:
        """Yield the images of each page. An image that cannot be read is an error of the repository."""
        source = PageSource(lambda start: self.registry.images(repository, tag_status=tag_status, start=start))
        for event in source.events(self.queue.closed):
            if isinstance(event, ThrottlePause):
                self.queue.put(event)
            else:
                yield event.items

    def _repository_names(self) -> Iterator[str]:
        source = PageSource(lambda start: self.registry.repositories(start=start))
        try:
            for event in source.events(self.queue.closed):
                if isinstance(event, ThrottlePause):
                    self.queue.put(event)
                    continue
                rows, problems = event.rows
                if problems:
                    self.queue.put(Answer("", error=unreadable_rows(problems)))
                yield from (repository.name for repository in rows)
        except AccessDenied as error:
            self.queue.put(Answer("", error=error))
            yield from self._names_without_listing()

    def _names_without_listing(self) -> Iterable[str]:
        """Return the repositories that can be asked although they cannot be listed."""
        snapshot = self.catalog.repositories_listed_before()
        known = [] if snapshot is None else [repository.name for repository in snapshot.items]
        terms = (*self.query.terms, *self.query.missing)
        named = [term.repository for term in terms if term.repository and "*" not in term.repository]
        return dict.fromkeys([*known, *named])


def _finds(terms: Sequence[Term], repository: str, image: Image) -> Iterator[bool]:
    return (term.matches(image) for term in terms if term.asks(repository))


def _indexes_with(known: KnownParts, digests: Iterable[str]) -> Sequence[str]:
    """Return the indexes that name these images, each once."""
    return list(dict.fromkeys(index for digest in digests for index in known.indexes.get(digest, ())))


def resolve_references(query: Query, registries: Sequence[tuple[RegistryLocation, Registry]]) -> Query:
    """Return the query with digests in place of references by tag: the image is then found under any tag.

    A reference whose tag does not exist stays: its tag is looked for in all repositories. Blocks.

    Args:
        query: what to find.
        registries: the registries to ask, with their locations. That of a URI is asked first.

    Raises:
        EcrTuiError: it is not known whether a tag exists, for another reason than a missing permission.
    """
    terms: list[Term] = []
    notes = list(query.notes)
    for term in query.terms:
        if term.names_image:
            digest = _digest_of(term, registries)
            name = f"{term.repository}:{term.tag}"
            if digest:
                terms.append(term._replace(digest=digest, tag=""))
                continue
            notes.append(f"{name} was not found; each repository is asked for the tag {term.tag}")
        terms.append(term)
    return query._replace(terms=tuple(terms), notes=tuple(notes))


def _digest_of(term: Term, registries: Sequence[tuple[RegistryLocation, Registry]]) -> str:
    place = (term.registry_id, term.region)
    problem: EcrTuiError | None = None
    for _, registry in sorted(registries, key=lambda entry: (entry[0].registry_id, entry[0].region) != place):
        try:
            images = registry.images_by_tag(term.repository, [term.tag])
        except (NotFound, AccessDenied):
            continue  # the search tells what is not permitted
        except EcrTuiError as error:
            problem = error
            continue
        if images:
            return images[term.tag].digest
    if problem is not None:
        raise problem
    return ""
