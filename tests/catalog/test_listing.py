"""Listings over chains of pages: every row once, whatever happens meanwhile."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecrtui.catalog.listing import PAGES_AHEAD, Batch, Listing, ListingParts, SeenKeys, SeenRows, SingleBatch
from ecrtui.catalog.page_source import MAX_PAUSES, MAX_RESTARTS
from ecrtui.errors import ConnectionFailed, EcrTuiError, ListingExpired, NotFound, Throttled
from ecrtui.registry.protocol import Page

Row = tuple[str, bool]
"""A name, and whether it is tagged."""


@dataclass
class Shelf:
    """A registry in small: rows in the order of their names, pages that begin behind a name."""

    rows: dict[str, bool]
    size: int = 3
    happenings: list[Callable[[], None]] = field(default_factory=list)
    """What happens before the next pages, one each."""
    asked: list[tuple[str, str]] = field(default_factory=list)
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
            self.asked.append((status, token))
            if self.happenings:
                self.happenings.pop(0)()
            wanted = {"ANY": (True, False), "TAGGED": (True,), "UNTAGGED": (False,)}[status]
            names = [name for name in sorted(self.rows) if self.rows[name] in wanted and name > token]
            items = tuple((name, self.rows[name]) for name in names[: self.size])
            return Page(items, names[self.size - 1] if len(names) > self.size else "")

    def listing(self, *, parts: bool = False, **options: object) -> Listing[Row]:
        halves = ListingParts((self.pages("TAGGED"), self.pages("UNTAGGED")), slow_page=0.0) if parts else None
        known = options.pop("known", None) or SeenRows(lambda row: row[0])
        return Listing(self.pages(), known, parts=halves, pause=0.001, **options)  # type: ignore[arg-type]


def shelf(count: int = 10, **options: object) -> Shelf:
    return Shelf({f"{number:03}": number % 3 != 0 for number in range(count)}, **options)  # type: ignore[arg-type]


def failing(error: Exception) -> Callable[[], None]:
    def fail() -> None:
        raise error

    return fail


def nothing() -> None: ...


def names(batches: list[Batch[Row]]) -> list[str]:
    return [name for batch in batches for name, _ in batch.items]


@pytest.mark.parametrize("parts", [False, True])
@pytest.mark.parametrize("count", [0, 1, 3, 4, 9, 10, 31])
def test_every_row_comes_once_and_progress_is_true(count: int, parts: bool) -> None:
    place = shelf(count)
    listing = place.listing(parts=parts)
    batches = list(listing)
    assert sorted(names(batches)) == sorted(place.rows)
    assert [batch.complete for batch in batches] == [False] * (len(batches) - 1) + [True]
    assert [batch.pages for batch in batches] == list(range(1, len(place.asked) + 1))
    assert batches[-1].loaded == listing.loaded == count
    assert listing.complete
    assert not any(batch.changed for batch in batches)


def test_a_listing_of_one_page_is_one_request_and_no_thread() -> None:
    place = shelf(3)
    before = threading.active_count()
    assert len(list(place.listing(parts=True))) == 1
    assert (len(place.asked), threading.active_count()) == (1, before)


def test_parts_are_asked_for_only_where_pages_are_slow() -> None:
    place = shelf(10)
    list(
        Listing(place.pages(), SeenRows(lambda row: row[0]), parts=ListingParts((place.pages("TAGGED"),), slow_page=60))
    )
    assert {status for status, _ in place.asked} == {"ANY"}
    place = shelf(10)
    list(place.listing(parts=True))
    assert {status for status, _ in place.asked} == {"ANY", "TAGGED", "UNTAGGED"}


def test_a_page_that_comes_empty_is_told_and_is_not_the_end() -> None:
    pages = {"": Page((("a", True),), "1"), "1": Page((), "2"), "2": Page((("b", True),))}

    def from_token(start: str) -> Iterator[Page[Row]]:
        token = start
        while True:
            yield pages[token]
            if not (token := pages[token].next_token):
                return

    batches = list(Listing(from_token, SeenRows(lambda row: row[0])))
    assert [len(batch.items) for batch in batches] == [1, 0, 1]


def test_pages_that_just_end_are_a_complete_listing() -> None:
    listing = Listing(lambda start: iter(()), SeenRows(str))
    assert [batch.complete for batch in listing] == [True]


@pytest.mark.parametrize("parts", [False, True])
@pytest.mark.parametrize("at", range(7))
def test_an_error_keeps_what_is_there_and_can_be_gone_on_from(at: int, parts: bool) -> None:
    place = shelf(16, happenings=[nothing] * at + [failing(ConnectionFailed("cut"))])
    listing = place.listing(parts=parts)
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
    assert sorted(names(batches)) == sorted(place.rows)
    if not parts and at < 6:
        assert failures == 1
        assert place.asked[at] == place.asked[at + 1], "the page that failed is asked for again"


def test_an_error_that_stays_is_raised_each_time() -> None:
    place = shelf(10, happenings=[nothing, *[failing(NotFound("gone"))] * 3])
    listing = place.listing()
    next(listing)
    for _ in range(3):
        with pytest.raises(NotFound):
            next(listing)
    assert len(names(list(listing))) == 7


def test_rows_received_before_a_bug_are_kept() -> None:
    listing = shelf(12, happenings=[nothing, nothing, failing(ZeroDivisionError())]).listing(interval=60.0)
    kept = [next(listing), next(listing)]
    assert names(kept) == ["000", "001", "002", "003", "004", "005"]
    with pytest.raises(ZeroDivisionError):
        next(listing)
    assert names(list(listing)) == ["006", "007", "008", "009", "010", "011"]


def test_a_bug_in_a_thread_is_raised_where_the_listing_is_iterated() -> None:
    listing = shelf(10, happenings=[nothing, failing(ZeroDivisionError())]).listing()
    next(listing)
    with pytest.raises(ZeroDivisionError):
        next(listing)


@pytest.mark.parametrize("at", [0, 1, 3])
def test_throttling_is_told_before_the_wait_and_slows_down(at: int) -> None:
    place = shelf(10, happenings=[nothing] * at + [failing(Throttled("slow down"))] * 3)
    batches = list(place.listing())
    pauses = [batch.throttled for batch in batches if batch.throttled]
    assert len(pauses) == 3
    assert pauses[0] < pauses[2]
    assert sorted(names(batches)) == sorted(place.rows)
    assert [batch.pages for batch in batches if not batch.throttled] == [1, 2, 3, 4]


def test_throttling_without_end_is_an_error_that_can_be_gone_on_from() -> None:
    place = shelf(4, happenings=[nothing, *[failing(Throttled("slow down"))] * (MAX_PAUSES + 1)])
    listing = place.listing()
    with pytest.raises(Throttled):
        list(listing)
    assert [name for name, _ in next(listing).items] == ["003"]


@pytest.mark.parametrize("parts", [False, True])
@pytest.mark.parametrize("at", [1, 2, 3])
def test_after_an_expired_token_the_rows_that_were_seen_are_skipped(at: int, parts: bool) -> None:
    place = shelf(16, happenings=[nothing] * at + [failing(ListingExpired("expired"))])
    batches = list(place.listing(parts=parts))
    assert sorted(names(batches)) == sorted(place.rows)
    assert batches[-1].complete


@pytest.mark.parametrize("at", [0, 2, 3])
def test_a_page_that_cannot_be_understood_is_told_and_what_it_had_is_read_again(at: int) -> None:
    place = shelf(10)
    made: list[str] = []

    def from_token(start: str) -> Iterator[Page[Row]]:
        for page in place.pages()(start):
            yield Page(read=lambda page=page: read(page), next_token=page.next_token)

    def read(page: Page[Row]) -> tuple[Row, ...]:
        made.append(page.next_token)
        if len(made) == at + 1:
            raise ConnectionFailed("not understood")
        return page.items

    listing = Listing(from_token, SeenRows(lambda row: row[0]))
    batches: list[Batch[Row]] = []
    failures = 0
    while not listing.complete:
        try:
            batches.append(next(listing))
        except ConnectionFailed:
            failures += 1
    assert failures == 1
    assert sorted(names(batches)) == sorted(place.rows)


def test_tokens_that_expire_again_and_again_are_an_error() -> None:
    expired = failing(ListingExpired("expired"))
    place = shelf(10, happenings=[nothing, *[expired, nothing] * MAX_RESTARTS, expired])
    with pytest.raises(ListingExpired):
        list(place.listing())


def test_nothing_more_is_read_than_a_few_pages_ahead() -> None:
    place = shelf(60)
    listing = place.listing()
    next(listing)
    next(listing)
    settle()
    assert len(place.asked) <= 2 + PAGES_AHEAD + 1
    assert len(names(list(listing))) == 60 - 2 * 3, "a stop is no end"


def test_closing_ends_the_iteration_and_the_threads() -> None:
    place = shelf(60)
    listing = place.listing(parts=True)
    next(listing)
    listing.close()
    assert list(listing) == []
    assert not listing.complete
    expect_no_threads()


def test_closing_wakes_up_whoever_waits() -> None:
    waiting, released = threading.Event(), threading.Event()

    def hang() -> None:
        waiting.set()
        released.wait(60)

    listing = shelf(10, happenings=[nothing, hang]).listing()
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


def test_a_listing_that_nobody_holds_leaves_no_thread() -> None:
    place = shelf(60)
    listing = place.listing(parts=True)
    next(listing)
    next(listing)
    del listing
    gc.collect()
    expect_no_threads()


def test_completed_is_called_behind_the_last_batch_and_once() -> None:
    called: list[int] = []
    listing = shelf(4).listing(completed=lambda: called.append(1))
    next(listing)
    assert next(listing).complete
    assert not called
    assert list(listing) == list(listing) == []
    assert called == [1]


def test_a_row_that_changes_while_it_is_listed_is_told_as_changed() -> None:
    place = Shelf({"a": True, "b": True, "c": True, "d": True}, size=2)

    def untag() -> None:
        place.rows["a"] = False

    place.happenings = [nothing, untag]
    batches = list(place.listing(parts=True))
    assert sorted(names(batches)) == ["a", "b", "c", "d"]
    assert ("a", False) in [row for batch in batches for row in batch.changed]


@pytest.mark.parametrize("slower", ["TAGGED", "UNTAGGED"])
def test_a_row_that_changes_sides_between_the_parts_is_not_lost(slower: str) -> None:
    """One part is read to its end, a row of the other goes over to it, and only then is the other one read."""
    place = Shelf({f"{number:03}": number % 2 == 0 for number in range(20)})
    del place.rows["000"], place.rows["001"]  # not in the first page, which is of the whole
    ended = threading.Event()
    quicker = "UNTAGGED" if slower == "TAGGED" else "TAGGED"

    def quick(start: str) -> Iterator[Page[Row]]:
        for page in place.pages(quicker)(start):
            if not page.next_token and not ended.is_set():
                place.rows["012" if slower == "TAGGED" else "013"] = quicker == "TAGGED"
                ended.set()
            yield page

    def slow(start: str) -> Iterator[Page[Row]]:
        assert ended.wait(60)
        yield from place.pages(slower)(start)

    parts = ListingParts((quick, slow), slow_page=0.0)
    listed = names(list(Listing(place.pages(), SeenRows(lambda row: row[0]), parts=parts)))
    assert sorted(listed) == sorted(place.rows)


def test_keys_alone_remember_what_was_seen_and_tell_no_changes() -> None:
    place = shelf(16, happenings=[nothing] * 3 + [failing(ListingExpired("expired"))])
    batches = list(place.listing(known=SeenKeys(lambda row: row[0])))
    assert sorted(names(batches)) == sorted(place.rows)
    assert batches[-1].loaded == 16


happenings = st.lists(
    st.one_of(
        st.just(("nothing", 0)),
        st.tuples(
            st.sampled_from(["push", "push untagged", "delete", "toggle", "throttle", "cut", "expire"]),
            st.integers(0, 29),
        ),
    ),
    max_size=14,
)


@settings(deadline=None, max_examples=150)
@given(st.sets(st.integers(0, 29)), happenings, st.booleans())
def test_rows_that_stay_are_listed_once_and_none_is_made_up(
    begun: set[int], sequence: list[tuple[str, int]], parts: bool
) -> None:
    place = Shelf({f"{number:03}": number % 2 == 0 for number in begun}, size=6)
    ever = set(place.rows)
    gone: set[str] = set()
    toggled: set[str] = set()

    def happen(what: str, number: int) -> Callable[[], None]:
        name = f"{number:03}"

        def act() -> None:
            if what in ("push", "push untagged"):
                place.rows.setdefault(name, what == "push")
                ever.add(name)
            elif what == "delete" and place.rows.pop(name, None) is not None:
                gone.add(name)
            elif what == "toggle" and name in place.rows and name not in toggled:
                toggled.add(name)  # once: an image that is tagged and untagged within seconds may hide from any reader
                place.rows[name] = not place.rows[name]
            elif what in ("throttle", "cut", "expire"):
                raise {"throttle": Throttled, "cut": ConnectionFailed, "expire": ListingExpired}[what](what)

        return act

    # A first page is never refused for its token.
    place.happenings = [nothing, *(happen(what, number) for what, number in sequence)]
    stay = set(place.rows)
    listing = place.listing(parts=parts)
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


def settle() -> None:
    """Wait until the threads of listings have done what they can."""
    for thread in listing_threads():
        thread.join(0.2)


def expect_no_threads() -> None:
    """Wait for the threads of listings to end."""
    for thread in listing_threads():
        thread.join(60)
    assert not listing_threads()


def listing_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "listing"]


def test_rows_that_are_made_at_once_come_in_one_batch() -> None:
    assert list(SingleBatch(lambda: "ab")) == [Batch(("a", "b"), 2, 1, complete=True)]


def test_what_could_not_be_made_is_tried_again_by_iterating_further() -> None:
    answers = iter([EcrTuiError("busy", retryable=True), "a"])

    def make() -> str:
        answer = next(answers)
        if isinstance(answer, EcrTuiError):
            raise answer
        return answer

    listing = SingleBatch(make)
    with pytest.raises(EcrTuiError, match="busy"):
        next(listing)
    assert [batch.items for batch in listing] == [("a",)]


def test_rows_can_be_given_up_while_they_are_made() -> None:
    def make() -> str:
        listing.close()
        return "a"

    listing = SingleBatch(make)
    assert next(listing).items == ("a",)
    assert list(listing) == []
