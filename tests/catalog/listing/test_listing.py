"""A listing returns each row once, whatever happens to its pages."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecrtui.catalog.listing.listing import PAGES_AHEAD, Batch, Listing, ListingParts, SeenKeys, SeenRows, SingleBatch
from ecrtui.catalog.listing.page_source import MAX_PAUSES, MAX_RESTARTS
from ecrtui.errors import ConnectionFailed, EcrTuiError, ListingExpired, NotFound, Throttled
from ecrtui.registry.protocol import Page, PageRows

Row = tuple[str, bool]
"""A name, and True if it is tagged."""


@dataclass
class FakePages:
    """Pages of rows sorted by name; the token of a page is the last name before it."""

    rows: dict[str, bool]
    size: int = 3
    actions: list[Callable[[], None]] = field(default_factory=list)
    """One action runs before each page."""
    requests: list[tuple[str, str]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def pages(self, status: str = "ANY") -> Callable[[str], Iterator[Page[Row]]]:
        def from_token(start: str) -> Iterator[Page[Row]]:
            token, more = start, True
            while more:
                page = self.page(status, token)
                token, more = page.next_token, bool(page.next_token)
                yield page

        return from_token

    def page(self, status: str, token: str) -> Page[Row]:
        with self.lock:
            self.requests.append((status, token))
            if self.actions:
                self.actions.pop(0)()
            wanted = {"ANY": (True, False), "TAGGED": (True,), "UNTAGGED": (False,)}[status]
            names = [name for name in sorted(self.rows) if self.rows[name] in wanted and name > token]
            items = tuple((name, self.rows[name]) for name in names[: self.size])
            return Page(items, names[self.size - 1] if len(names) > self.size else "")

    def listing(self, *, parts: bool = False, **options: object) -> Listing[Row]:
        listing_parts = ListingParts((self.pages("TAGGED"), self.pages("UNTAGGED")), slow_page=0.0) if parts else None
        known = options.pop("known", None) or SeenRows(lambda row: row[0])
        return Listing(self.pages(), known, parts=listing_parts, pause=0.001, **options)  # type: ignore[arg-type]


def fake_pages(count: int = 10, **options: object) -> FakePages:
    return FakePages({f"{number:03}": number % 3 != 0 for number in range(count)}, **options)  # type: ignore[arg-type]


def failing(error: Exception) -> Callable[[], None]:
    def fail() -> None:
        raise error

    return fail


def nothing() -> None: ...


def names(batches: list[Batch[Row]]) -> list[str]:
    return [name for batch in batches for name, _ in batch.items]


@pytest.mark.parametrize("parts", [False, True])
@pytest.mark.parametrize("count", [0, 1, 3, 4, 9, 10, 31])
def test_each_row_comes_once_and_the_progress_is_right(count: int, parts: bool) -> None:
    source = fake_pages(count)
    listing = source.listing(parts=parts)
    batches = list(listing)
    assert sorted(names(batches)) == sorted(source.rows)
    assert [batch.complete for batch in batches] == [False] * (len(batches) - 1) + [True]
    assert [batch.pages for batch in batches] == list(range(1, len(source.requests) + 1))
    assert batches[-1].loaded == listing.loaded == count
    assert listing.complete
    assert not any(batch.changed for batch in batches)


def test_one_page_takes_one_request_and_no_thread() -> None:
    source = fake_pages(3)
    before = threading.active_count()
    assert len(list(source.listing(parts=True))) == 1
    assert (len(source.requests), threading.active_count()) == (1, before)


def test_parts_are_read_only_if_pages_are_slow() -> None:
    source = fake_pages(10)
    list(
        Listing(
            source.pages(), SeenRows(lambda row: row[0]), parts=ListingParts((source.pages("TAGGED"),), slow_page=60)
        )
    )
    assert {status for status, _ in source.requests} == {"ANY"}
    source = fake_pages(10)
    list(source.listing(parts=True))
    assert {status for status, _ in source.requests} == {"ANY", "TAGGED", "UNTAGGED"}


def test_an_empty_page_does_not_end_the_listing() -> None:
    pages = {"": Page((("a", True),), "1"), "1": Page((), "2"), "2": Page((("b", True),))}

    def from_token(start: str) -> Iterator[Page[Row]]:
        token = start
        while True:
            yield pages[token]
            if not (token := pages[token].next_token):
                return

    batches = list(Listing(from_token, SeenRows(lambda row: row[0])))
    assert [len(batch.items) for batch in batches] == [1, 0, 1]


def test_a_listing_without_pages_is_complete() -> None:
    listing = Listing(lambda start: iter(()), SeenRows(str))
    assert [batch.complete for batch in listing] == [True]


@pytest.mark.parametrize("parts", [False, True])
@pytest.mark.parametrize("at", range(7))
def test_a_listing_continues_after_an_error(at: int, parts: bool) -> None:
    source = fake_pages(16, actions=[nothing] * at + [failing(ConnectionFailed("cut"))])
    listing = source.listing(parts=parts)
    batches: list[Batch[Row]] = []
    failures = 0
    while not listing.complete:
        try:
            batches.append(next(listing))
        except EcrTuiError as error:
            assert error.title == "cut"
            failures += 1
            assert listing.loaded == len(names(batches))
    assert failures <= 1
    assert sorted(names(batches)) == sorted(source.rows)
    if not parts and at < 6:
        assert failures == 1
        assert source.requests[at] == source.requests[at + 1], "the failed page is requested again"


def test_a_lasting_error_is_raised_on_each_attempt() -> None:
    source = fake_pages(10, actions=[nothing, *[failing(NotFound("gone"))] * 3])
    listing = source.listing()
    next(listing)
    for _ in range(3):
        with pytest.raises(NotFound):
            next(listing)
    assert len(names(list(listing))) == 7


def test_rows_received_before_a_bug_are_kept() -> None:
    listing = fake_pages(12, actions=[nothing, nothing, failing(ZeroDivisionError())]).listing(interval=60.0)
    kept = [next(listing), next(listing)]
    assert names(kept) == ["000", "001", "002", "003", "004", "005"]
    with pytest.raises(ZeroDivisionError):
        next(listing)
    assert names(list(listing)) == ["006", "007", "008", "009", "010", "011"]


def test_an_exception_of_a_thread_is_raised_by_the_iteration() -> None:
    listing = fake_pages(10, actions=[nothing, failing(ZeroDivisionError())]).listing()
    next(listing)
    with pytest.raises(ZeroDivisionError):
        next(listing)


@pytest.mark.parametrize("at", [0, 1, 3])
def test_a_throttled_listing_reports_the_pause_and_slows_down(at: int) -> None:
    source = fake_pages(10, actions=[nothing] * at + [failing(Throttled("slow down"))] * 3)
    batches = list(source.listing())
    pauses = [batch.throttled for batch in batches if batch.throttled]
    assert len(pauses) == 3
    assert pauses[0] < pauses[2]
    assert sorted(names(batches)) == sorted(source.rows)
    assert [batch.pages for batch in batches if not batch.throttled] == [1, 2, 3, 4]


def test_a_listing_continues_after_a_throttling_error() -> None:
    source = fake_pages(4, actions=[nothing, *[failing(Throttled("slow down"))] * (MAX_PAUSES + 1)])
    listing = source.listing()
    with pytest.raises(Throttled):
        list(listing)
    assert [name for name, _ in next(listing).items] == ["003"]


@pytest.mark.parametrize("parts", [False, True])
@pytest.mark.parametrize("at", [1, 2, 3])
def test_rows_seen_before_an_expired_token_are_not_repeated(at: int, parts: bool) -> None:
    source = fake_pages(16, actions=[nothing] * at + [failing(ListingExpired("expired"))])
    batches = list(source.listing(parts=parts))
    assert sorted(names(batches)) == sorted(source.rows)
    assert batches[-1].complete


@pytest.mark.parametrize("at", [0, 2, 3])
def test_a_malformed_page_is_reported_and_read_again(at: int) -> None:
    source = fake_pages(10)
    made: list[str] = []

    def from_token(start: str) -> Iterator[Page[Row]]:
        for page in source.pages()(start):
            yield Page(read=partial(read, page), next_token=page.next_token)

    def read(page: Page[Row]) -> PageRows[Row]:
        made.append(page.next_token)
        if len(made) == at + 1:
            raise ConnectionFailed("malformed")
        return page.rows

    listing = Listing(from_token, SeenRows(lambda row: row[0]))
    batches: list[Batch[Row]] = []
    failures = 0
    while not listing.complete:
        try:
            batches.append(next(listing))
        except ConnectionFailed:
            failures += 1
    assert failures == 1
    assert sorted(names(batches)) == sorted(source.rows)


def test_repeatedly_expired_tokens_raise_an_error() -> None:
    expired = failing(ListingExpired("expired"))
    source = fake_pages(10, actions=[nothing, *[expired, nothing] * MAX_RESTARTS, expired])
    with pytest.raises(ListingExpired):
        list(source.listing())


def test_only_a_few_pages_are_read_ahead() -> None:
    source = fake_pages(60)
    listing = source.listing()
    next(listing)
    next(listing)
    let_threads_read()
    assert len(source.requests) <= 2 + PAGES_AHEAD + 1
    assert len(names(list(listing))) == 60 - 2 * 3, "the listing continues after a stop"


def test_closing_ends_the_iteration_and_the_threads() -> None:
    source = fake_pages(60)
    listing = source.listing(parts=True)
    next(listing)
    listing.close()
    assert list(listing) == []
    assert not listing.complete
    expect_no_threads()


def test_closing_releases_a_waiting_thread() -> None:
    waiting, released = threading.Event(), threading.Event()

    def hang() -> None:
        waiting.set()
        released.wait(60)

    listing = fake_pages(10, actions=[nothing, hang]).listing()
    next(listing)
    taken: list[object] = []
    thread = threading.Thread(target=lambda: taken.append(next(listing, "closed")))
    thread.start()
    assert waiting.wait(60)
    listing.close()
    thread.join(60)
    assert taken == ["closed"]
    released.set()
    expect_no_threads()


def test_a_freed_listing_leaves_no_thread() -> None:
    source = fake_pages(60)
    listing = source.listing(parts=True)
    next(listing)
    next(listing)
    del listing
    gc.collect()
    expect_no_threads()


def test_completed_is_called_once_after_the_last_batch() -> None:
    called: list[int] = []
    listing = fake_pages(4).listing(completed=lambda: called.append(1))
    next(listing)
    assert next(listing).complete
    assert not called
    assert list(listing) == list(listing) == []
    assert called == [1]
    listing.close()
    expect_no_threads()
    assert called == [1]


def test_completed_is_called_for_a_listing_that_is_closed_after_its_last_batch() -> None:
    called: list[int] = []
    for batches in (1, 2):
        listing = fake_pages(4).listing(completed=lambda: called.append(1))
        assert [next(listing).complete for _ in range(batches)][-1] == (batches == 2)
        listing.close()
        listing.close()
        expect_no_threads()
        assert len(called) == batches - 1


def test_a_row_that_changes_meanwhile_is_reported_as_changed() -> None:
    source = FakePages({"a": True, "b": True, "c": True, "d": True}, size=2)

    def untag() -> None:
        source.rows["a"] = False

    source.actions = [nothing, untag]
    batches = list(source.listing(parts=True))
    assert sorted(names(batches)) == ["a", "b", "c", "d"]
    assert ("a", False) in [row for batch in batches for row in batch.changed]


@pytest.mark.parametrize("slower", ["TAGGED", "UNTAGGED"])
def test_a_row_that_moves_between_the_parts_is_not_lost(slower: str) -> None:
    """One part is read to its end, a row of the other part moves to it, and only then the other part is read."""
    source = FakePages({f"{number:03}": number % 2 == 0 for number in range(20)})
    del source.rows["000"], source.rows["001"]  # not in the first page, which is of the whole
    ended = threading.Event()
    quicker = "UNTAGGED" if slower == "TAGGED" else "TAGGED"

    def quick(start: str) -> Iterator[Page[Row]]:
        for page in source.pages(quicker)(start):
            if not page.next_token and not ended.is_set():
                source.rows["012" if slower == "TAGGED" else "013"] = quicker == "TAGGED"
                ended.set()
            yield page

    def slow(start: str) -> Iterator[Page[Row]]:
        assert ended.wait(60)
        yield from source.pages(slower)(start)

    parts = ListingParts((quick, slow), slow_page=0.0)
    listed = names(list(Listing(source.pages(), SeenRows(lambda row: row[0]), parts=parts)))
    assert sorted(listed) == sorted(source.rows)


def test_seen_keys_skip_known_rows_and_report_no_changes() -> None:
    source = fake_pages(16, actions=[nothing] * 3 + [failing(ListingExpired("expired"))])
    batches = list(source.listing(known=SeenKeys(lambda row: row[0])))
    assert sorted(names(batches)) == sorted(source.rows)
    assert batches[-1].loaded == 16


actions = st.lists(
    st.one_of(
        st.just(("nothing", 0)),
        st.tuples(
            st.sampled_from(["push", "push untagged", "delete", "toggle", "throttle", "cut", "expire"]),
            st.integers(0, 29),
        ),
    ),
    max_size=14,
)


@given(st.sets(st.integers(0, 29)), actions, st.booleans())
def test_rows_that_stay_are_listed_once(begun: set[int], sequence: list[tuple[str, int]], parts: bool) -> None:
    source = FakePages({f"{number:03}": number % 2 == 0 for number in begun}, size=6)
    ever = set(source.rows)
    gone: set[str] = set()
    toggled: set[str] = set()

    def happen(what: str, number: int) -> Callable[[], None]:
        name = f"{number:03}"

        def act() -> None:
            if what in ("push", "push untagged"):
                source.rows.setdefault(name, what == "push")
                ever.add(name)
            elif what == "delete" and source.rows.pop(name, None) is not None:
                gone.add(name)
            elif what == "toggle" and name in source.rows and name not in toggled:
                toggled.add(name)  # once: no reader can see an image that is tagged and untagged within seconds
                source.rows[name] = not source.rows[name]
            elif what in ("throttle", "cut", "expire"):
                raise {"throttle": Throttled, "cut": ConnectionFailed, "expire": ListingExpired}[what](what)

        return act

    # The first page has no token that could expire.
    source.actions = [nothing, *(happen(what, number) for what, number in sequence)]
    stay = set(source.rows)
    listing = source.listing(parts=parts)
    batches: list[Batch[Row]] = []
    for _ in range(200):
        try:
            batches.append(next(listing))
        except StopIteration:
            break
        except (ConnectionFailed, ListingExpired):
            continue
    assert listing.complete
    listed = names(batches)
    assert len(listed) == len(set(listed)) == batches[-1].loaded
    assert set(listed) <= ever
    assert stay - gone <= set(listed)


def let_threads_read() -> None:
    """Give the threads of listings time to read ahead."""
    for thread in listing_threads():
        thread.join(0.2)


def expect_no_threads() -> None:
    """Wait for the threads of listings to end."""
    for thread in listing_threads():
        thread.join(60)
    assert not listing_threads()


def listing_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "listing"]


def test_a_single_batch_has_all_rows() -> None:
    assert list(SingleBatch(lambda: "ab")) == [Batch(("a", "b"), 2, 1, complete=True)]


def test_a_single_batch_is_computed_again_after_an_error() -> None:
    answers: Iterator[EcrTuiError | str] = iter([EcrTuiError("busy", retryable=True), "a"])

    def make() -> str:
        answer = next(answers)
        if isinstance(answer, EcrTuiError):
            raise answer
        return answer

    listing = SingleBatch(make)
    with pytest.raises(EcrTuiError, match="busy"):
        next(listing)
    assert [batch.items for batch in listing] == [("a",)]


def test_a_single_batch_can_be_closed_while_it_is_computed() -> None:
    def make() -> str:
        listing.close()
        return "a"

    listing = SingleBatch(make)
    assert next(listing).items == ("a",)
    assert list(listing) == []
