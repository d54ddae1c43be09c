"""Rows stay unique and in order while they change and the user sorts, filters, marks and moves."""

from __future__ import annotations

import itertools
import sys
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from ecrtui.catalog.rows.batch_predicate import matching_indices
from ecrtui.catalog.rows.rows import CHUNK_ROWS, Predicate, Rows, SortFilterJob, SortKey


@dataclass(frozen=True)
class Entry:
    key: str
    value: int = 0
    tag: str = ""


def by_value(entry: Entry) -> int:
    return entry.value


def by_tag(entry: Entry) -> str:
    return entry.tag


def is_tagged(entry: Entry) -> bool:
    return bool(entry.tag)


def is_even(entry: Entry) -> bool:
    return entry.value % 2 == 0


SORTS: tuple[SortKey[Entry] | None, ...] = (None, by_value, by_tag)
FILTERS: tuple[Predicate[Entry] | None, ...] = (None, is_tagged, is_even)
BISECTION_COSTS = (0, 1, 10**6)
"""New rows are inserted by bisection, by bisection if they are few, or in one pass."""


def key_of(entry: Entry) -> str:
    return entry.key


def sorted_and_filtered(
    rows: Rows[Entry], sort_key: SortKey[Entry] | None = None, predicate: Predicate[Entry] | None = None
) -> Rows[Entry]:
    job = rows.start_sort_filter(sort_key, predicate)
    assert job.run()
    assert rows.apply(job)
    return rows


def filled(
    count: int = 10, sort_key: SortKey[Entry] | None = None, predicate: Predicate[Entry] | None = None
) -> Rows[Entry]:
    rows: Rows[Entry] = Rows(key_of)
    rows.merge(Entry(f"k{number}", (number * 7) % count, "t" if number % 3 else "") for number in range(count))
    return sorted_and_filtered(rows, sort_key, predicate)


def keys(rows: Rows[Entry]) -> list[str]:
    return [entry.key for entry in rows]


def test_a_row_that_arrives_again_is_replaced() -> None:
    rows = filled(3)
    change = rows.merge([Entry("k1", 99), Entry("k1", 100), Entry("new")])
    assert (change.added, change.changed) == (1, 1)
    assert sorted(keys(rows)) == ["k0", "k1", "k2", "new"]
    assert rows.get("k1") == Entry("k1", 100)


def test_an_unchanged_row_that_arrives_again_is_no_change() -> None:
    rows = filled(3)
    assert not rows.merge(list(rows))


def test_an_amended_row_is_sorted_and_filtered_again() -> None:
    rows = filled(10, by_value, is_even)
    before = keys(rows)
    change = rows.amend([Entry(before[0], 100), Entry(before[1], 7), Entry("missing", 2)])
    assert (change.added, change.changed, change.removed) == (0, 2, 0)
    assert keys(rows) == [*before[2:], before[0]]
    assert "missing" not in rows


def test_amending_a_row_is_neither_an_arrival_nor_a_write() -> None:
    rows = filled(3)
    version = rows.version
    rows.begin()
    rows.amend([Entry("k0", 50), Entry("k1", 50)])
    rows.merge([Entry("k0", 60), Entry("k2", 0)], version)
    rows.finish()
    assert sorted(keys(rows)) == ["k0", "k2"]
    assert rows.get("k0") == Entry("k0", 60)


def test_a_row_that_is_amended_during_a_sort_is_in_its_result() -> None:
    rows = filled(10)
    job = rows.start_sort_filter(by_value, None)
    rows.amend([Entry("k0", 100)])
    assert job.run()
    assert rows.apply(job)
    assert keys(rows)[-1] == "k0"


def test_the_order_can_be_reversed_without_another_sort() -> None:
    rows = filled(10, sort_key=by_value)
    ascending = keys(rows)
    rows.set_descending(True)
    assert keys(rows) == ascending[::-1]
    assert [rows.index_of(key) for key in keys(rows)] == list(range(10))


def test_arriving_rows_do_not_move_the_cursor_from_its_row() -> None:
    rows = filled(10, sort_key=by_value)
    rows.move(4)
    current = rows.current
    rows.merge(Entry(f"early{number}", -number) for number in range(50))
    assert rows.current == current
    assert rows.cursor == 54


def test_the_cursor_stays_on_the_first_row_until_it_is_moved() -> None:
    rows = filled(10, sort_key=by_value)
    rows.merge([Entry("first", -1)])
    assert rows.current == Entry("first", -1)
    assert not rows.anchored


def test_a_row_that_arrives_when_all_are_known_does_not_take_the_cursor() -> None:
    rows = filled(10, sort_key=by_value)
    rows.finish()
    first = rows.current
    rows.merge([Entry("first", -1)])
    assert (rows.current, rows.cursor, rows.anchored) == (first, 1, False)
    sorted_and_filtered(rows, by_value)  # the same view: a list is grouped again when rows arrive
    assert rows.current == first
    rows.set_descending(True)
    assert rows.cursor == 0
    sorted_and_filtered(rows, by_tag)
    assert rows.cursor == 0


def test_rows_that_wait_leave_the_order_and_the_cursor_as_they_are() -> None:
    rows = filled(10, by_value)
    before = keys(rows)
    rows.merge([Entry("first", -1), Entry("last", 99)], show=False)
    rows.amend([Entry("k3", 1, "scanned")])
    assert keys(rows) == before
    assert rows.current is not None
    assert (rows.current.key, rows.index_of("first"), rows.total, rows.has_waiting) == (before[0], None, 12, True)
    rows.show_arrived()
    assert keys(rows) == ["first", *before, "last"]
    assert rows.current.key == "first"


def test_the_cursor_of_a_removed_row_goes_to_the_next_one() -> None:
    rows = filled(10, sort_key=by_value)
    rows.move(4)
    following = rows[5]
    rows.remove([rows[4].key])
    assert rows.current == following


def test_the_cursor_does_not_return_to_a_removed_row_that_arrives_again() -> None:
    rows = filled(10, sort_key=by_value)
    rows.move(4)
    removed, following = rows[4], rows[5]
    rows.remove([removed.key])
    rows.merge([removed])
    sorted_and_filtered(rows, by_tag)
    assert rows.current == following


def test_the_cursor_returns_when_the_filter_shows_its_row_again() -> None:
    rows = filled(10, sort_key=by_value)
    rows.move(3)
    current = rows.current
    assert current is not None
    sorted_and_filtered(rows, by_value, lambda entry: entry is not current)
    assert rows.cursor == 0
    sorted_and_filtered(rows, by_value, None)
    assert rows.current == current


def test_marks_survive_a_sort_a_filter_and_a_reload() -> None:
    rows = filled(10, sort_key=by_value)
    rows.mark(["k1", "k2", "missing"])
    sorted_and_filtered(rows, by_tag, is_tagged)
    rows.begin()
    rows.merge(Entry(f"k{number}", 5, "moved") for number in range(10))
    rows.finish()
    assert rows.marks == {"k1", "k2"}
    assert {entry.key for entry in rows.marked()} == {"k1", "k2"}


def test_marked_rows_that_the_filter_hides_stay_marked() -> None:
    rows = filled(9)
    rows.mark(["k0", "k1"])
    sorted_and_filtered(rows, None, is_tagged)
    assert keys(rows).count("k0") == 0
    assert [entry.key for entry in rows.marked()] == ["k1", "k0"]


def test_a_reload_removes_missing_rows_and_their_marks() -> None:
    rows = filled(4)
    rows.mark(["k0", "k3"])
    rows.begin()
    rows.merge([Entry("k0"), Entry("k1")])
    assert len(rows) == 4
    assert rows.finish().removed == 2
    assert keys(rows) == ["k0", "k1"]
    assert rows.marks == {"k0"}


def test_a_page_requested_before_a_write_does_not_undo_it() -> None:
    rows = filled(2)
    asked = rows.version
    rows.update([Entry("k0", tag="retagged")])
    rows.merge([Entry("k0", tag="old"), Entry("k1", tag="fresh")], asked)
    assert rows.get("k0") == Entry("k0", tag="retagged")
    assert rows.get("k1") == Entry("k1", tag="fresh")
    rows.merge([Entry("k0", tag="later")], rows.version)
    assert rows.get("k0") == Entry("k0", tag="later")


def test_a_row_written_during_a_reload_survives_that_reload() -> None:
    rows = filled(2)
    rows.begin()
    rows.update([Entry("made")])
    rows.merge([Entry("k0"), Entry("k1")])
    assert not rows.finish()
    assert "made" in rows
    rows.begin()
    rows.merge([Entry("k0"), Entry("k1")])
    assert rows.finish().removed == 1


def test_a_newer_job_replaces_the_older_one() -> None:
    rows = filled(10)
    older, newer = rows.start_sort_filter(by_value, None), rows.start_sort_filter(by_tag, None)
    assert older.run()
    assert newer.run()
    assert not rows.apply(older)
    assert rows.apply(newer)
    assert [entry.tag for entry in rows] == sorted(entry.tag for entry in rows)


@pytest.mark.parametrize("descending", [False, True])
def test_a_preview_shows_the_first_matches(descending: bool) -> None:
    rows = filled(5 * CHUNK_ROWS, sort_key=by_value)
    rows.set_descending(descending)
    whole = [entry for entry in rows if is_even(entry)]
    job = rows.start_sort_filter(by_value, is_even)
    assert not rows.preview(job)
    job.run(0)
    assert rows.preview(job)
    assert 0 < len(rows) < len(whole)
    assert list(rows) == whole[: len(rows)]
    rows.remove([whole[0].key])
    assert job.run()
    assert rows.apply(job)
    assert list(rows) == whole[1:]


def test_there_is_no_preview_before_the_cursors_row_is_decided() -> None:
    rows = filled(5 * CHUNK_ROWS, sort_key=by_value)
    rows.move(5 * CHUNK_ROWS - 2)
    current = rows.current
    job = rows.start_sort_filter(by_value, is_even)
    job.run(0)
    assert not rows.preview(job)
    job.run()
    rows.apply(job)
    assert rows.current == current


def test_a_job_that_is_not_done_is_not_applied() -> None:
    rows = filled(3 * CHUNK_ROWS)
    job = rows.start_sort_filter(by_value, is_even)
    assert not job.run(0)
    with pytest.raises(ValueError, match="not done"):
        rows.apply(job)
    assert len(rows) == 3 * CHUNK_ROWS


def test_a_filter_that_raises_changes_nothing() -> None:
    rows = filled(10, sort_key=by_value)
    before = keys(rows)
    job = rows.start_sort_filter(by_tag, lambda entry: entry.key[99] == "x")
    with pytest.raises(IndexError):
        job.run()
    assert not job.run()
    assert keys(rows) == before


def test_clearing_during_a_job_keeps_the_new_order() -> None:
    rows = filled(10)
    job = rows.start_sort_filter(by_value, is_even)
    rows.clear()
    job.run()
    assert not rows.apply(job)
    rows.merge([Entry("b", 4), Entry("a", 2), Entry("c", 3)])
    assert keys(rows) == ["a", "b"]


def test_a_large_sort_runs_in_steps_and_equals_sorted() -> None:
    rows: Rows[Entry] = Rows(key_of)
    entries = [Entry(f"k{number}", (number * 7919) % 5_003, "") for number in range(20_000)]
    rows.merge(entries)
    job = rows.start_sort_filter(by_value, None)
    steps = 1
    while not job.run(0):
        steps += 1
    assert steps > 20
    assert rows.apply(job)
    assert list(rows) == sorted(entries, key=by_value)


@pytest.mark.parametrize("bisection", BISECTION_COSTS)
@given(
    values=st.lists(st.integers(0, 3), max_size=60),
    page=st.integers(1, 8),
    waits=st.integers(0, 8),
    chunk=st.integers(1, 8),
    slices=st.integers(0, 60),
    chosen=st.sampled_from(FILTERS),
)
def test_rows_arriving_in_pages_equal_one_sort(
    bisection: int,
    values: list[int],
    page: int,
    waits: int,
    chunk: int,
    slices: int,
    chosen: Predicate[Entry] | None,
) -> None:
    rows = sorted_and_filtered(Rows(key_of, chunk_rows=chunk, bisection_cost=bisection), by_value, chosen)
    entries = [Entry(f"k{number}", value) for number, value in enumerate(values)]
    for start in range(0, len(entries), page):
        rows.merge(entries[start : start + page], show=start // page >= waits)
    deque(itertools.islice(rows.join_arrived(), slices), maxlen=0)
    rows.show_arrived()
    assert list(rows) == [entry for entry in sorted(entries, key=by_value) if chosen is None or chosen(entry)]


def test_rows_that_wait_are_put_into_order_in_slices() -> None:
    rows = filled(1, by_value)
    entries = [Entry(f"late{number}", number * 7919 % 20_000) for number in range(20_000)]
    for start in range(0, len(entries), 1_000):
        rows.merge(entries[start : start + 1_000], show=False)
    slices = len(list(rows.join_arrived()))
    rows.show_arrived()
    assert slices > 5
    assert list(rows)[1:] == sorted(entries, key=by_value)


def test_a_batch_predicate_is_called_for_many_rows_at_once() -> None:
    asked: list[int] = []

    class Even:
        def __call__(self, entry: Entry) -> bool:
            raise AssertionError("called for one row")

        def matching_indices(self, entries: Sequence[Entry]) -> list[int]:
            asked.append(len(entries))
            return [index for index, entry in enumerate(entries) if is_even(entry)]

    rows = filled(3 * CHUNK_ROWS, sort_key=by_value, predicate=Even())
    rows.merge(Entry(f"late{number}", number) for number in range(100))
    assert [entry.value for entry in rows] == sorted(entry.value for entry in rows.everything() if is_even(entry))
    assert max(asked) == CHUNK_ROWS
    assert len(asked) < 10


def test_a_batch_predicate_takes_few_calls_for_a_chunk() -> None:
    class Nothing:
        def __call__(self, entry: Entry) -> bool:
            return False

        def matching_indices(self, entries: Sequence[Entry]) -> list[int]:
            return []

    chosen = Nothing()
    matching_indices(chosen, ())
    calls: list[str] = []
    sys.setprofile(lambda frame, event, _: calls.append(frame.f_code.co_name) if event == "call" else None)
    try:
        matching_indices(chosen, ())
    finally:
        sys.setprofile(None)
    assert len(calls) < 5


def test_a_filter_sees_changes_since_its_last_use() -> None:
    rows = filled(3 * CHUNK_ROWS, sort_key=by_value, predicate=is_tagged)
    before = len(rows)
    rows.update([Entry("k1", 1, ""), Entry("k3", 3, "now")])
    rows.remove(["k2"])
    rows.merge([Entry("late", 5, "t")])
    sorted_and_filtered(rows, by_value, is_even)
    sorted_and_filtered(rows, by_value, is_tagged)
    assert len(rows) == before
    assert {"k3", "late"} <= set(keys(rows))
    assert not {"k1", "k2"} & set(keys(rows))


def test_a_changed_row_is_filtered_again_and_keeps_its_position() -> None:
    rows = sorted_and_filtered(Rows(key_of), by_value, is_tagged)
    rows.merge(Entry(f"k{number}", 1, "t") for number in range(4))
    rows.update([Entry("k1", 1, "")])
    assert keys(rows) == ["k0", "k2", "k3"]
    rows.update([Entry("k1", 1, "again"), Entry("k3", 0, "t")])
    assert keys(rows) == ["k3", "k0", "k1", "k2"]


@pytest.mark.parametrize("chosen", FILTERS)
def test_changes_during_a_job_are_in_its_result(chosen: Predicate[Entry] | None) -> None:
    count = 4 * CHUNK_ROWS
    rows = filled(count)
    job = rows.start_sort_filter(by_value, chosen)
    known = {entry.key: entry for entry in rows}
    for step in itertools.count():
        if job.run(0):
            break
        late, changed = Entry(f"late{step}", step, "t"), Entry(f"k{step * 5}", -step, "t" * (step % 2))
        rows.merge([late, changed])
        rows.remove([f"k{count - step}"])
        known |= {late.key: late, changed.key: changed}
        known.pop(f"k{count - step}", None)
    assert rows.apply(job)
    assert list(rows) == sorted((entry for entry in known.values() if chosen is None or chosen(entry)), key=by_value)


ENTRIES = st.builds(
    Entry,
    st.integers(0, 15).map("k{}".format),
    st.integers(0, 5),
    st.sampled_from(["", "prod", "stable"]),
)


class RowsMachine(RuleBasedStateMachine):
    """Compare rows with a dictionary as their model; jobs stay unfinished while rows change."""

    @initialize(chunk=st.sampled_from([1, 2, 1024]), bisection=st.sampled_from(BISECTION_COSTS))
    def start_empty(self, chunk: int, bisection: int) -> None:
        self.rows: Rows[Entry] = Rows(key_of, chunk_rows=chunk, bisection_cost=bisection)
        self.known: dict[str, Entry] = {}
        self.marks: set[str] = set()
        self.waiting: set[str] = set()
        self.sort, self.filter = SORTS[0], FILTERS[0]
        self.pending: tuple[SortFilterJob[Entry], SortKey[Entry] | None, Predicate[Entry] | None] | None = None
        self.partial = self.settled = False
        self.joining: Iterator[None] | None = None

    @rule(page=st.lists(ENTRIES, max_size=8), show=st.booleans())
    def a_page_arrives(self, page: list[Entry], show: bool) -> None:
        held = self.held()
        self.rows.merge(page, show=show)
        arrived = {entry.key: entry for entry in page}
        self.waiting = set() if show else self.waiting | (arrived.keys() - self.known.keys())
        self.known.update(arrived)
        self.check_cursor(held)

    @rule()
    def arrived_rows_are_shown(self) -> None:
        held = self.held()
        self.rows.show_arrived()
        self.waiting = set()
        self.check_cursor(held)

    @rule(slices=st.integers(1, 4))
    def arrived_rows_are_put_into_order(self, slices: int) -> None:
        """Rows may change between two slices."""
        self.joining = self.joining or self.rows.join_arrived()
        if len(list(itertools.islice(self.joining, slices))) < slices:
            self.joining = None

    @rule(key=st.integers(0, 15), tag=st.sampled_from(["", "prod"]))
    def an_image_is_retagged(self, key: int, tag: str) -> None:
        entry = self.known.get(f"k{key}")
        if entry is not None:
            held = self.held()
            self.rows.update([replace(entry, tag=tag)])
            self.known[entry.key] = replace(entry, tag=tag)
            self.waiting = set()
            self.check_cursor(held)

    @rule(gone=st.sets(st.integers(0, 15).map("k{}".format), max_size=4))
    def images_vanish(self, gone: set[str]) -> None:
        held = self.held()
        self.rows.remove(gone)
        for key in gone:
            self.known.pop(key, None)
        self.marks -= gone
        self.waiting -= gone
        self.check_cursor(held)

    @rule(page=st.lists(ENTRIES, max_size=12))
    def all_rows_are_reloaded(self, page: list[Entry]) -> None:
        held = self.held()
        self.rows.begin()
        self.rows.merge(page)
        self.rows.finish()
        self.known = {entry.key: entry for entry in page}
        self.marks &= self.known.keys()
        self.waiting = set()
        self.settled = True
        self.check_cursor(held)

    @rule(sort=st.sampled_from(SORTS), chosen=st.sampled_from(FILTERS))
    def a_sort_or_filter_starts(self, sort: SortKey[Entry] | None, chosen: Predicate[Entry] | None) -> None:
        self.pending = (self.rows.start_sort_filter(sort, chosen), sort, chosen)

    @precondition(lambda self: self.pending is not None)
    @rule(slices=st.integers(1, 8), preview=st.booleans())
    def slices_are_done(self, slices: int, preview: bool) -> None:
        assert self.pending is not None
        job, sort, chosen = self.pending
        if any(job.run(0) for _ in range(slices)):
            assert self.rows.apply(job)
            self.sort, self.filter, self.pending, self.partial = sort, chosen, None, False
            self.waiting = set()
        elif preview and self.rows.preview(job):
            self.sort, self.filter, self.partial = sort, chosen, True
            self.waiting = set()

    @rule(descending=st.booleans())
    def order_is_reversed(self, descending: bool) -> None:
        self.rows.set_descending(descending)

    @rule(index=st.integers(-2, 20))
    def the_cursor_moves(self, index: int) -> None:
        self.rows.move(index)

    @rule(marked=st.sets(st.integers(0, 15).map("k{}".format), max_size=4), on=st.booleans())
    def rows_are_marked(self, marked: set[str], on: bool) -> None:
        self.rows.mark(marked, on)
        self.marks = self.marks | (marked & self.known.keys()) if on else self.marks - marked

    @rule()
    def shown_rows_are_marked_or_unmarked(self) -> None:
        shown = {entry.key for entry in self.rows}
        self.rows.mark_shown()
        self.marks = self.marks - shown if shown <= self.marks else self.marks | shown

    def held(self) -> Entry | None:
        """Return the row that the cursor has to stay on: the user chose it, or all rows are known."""
        return self.rows.current if self.rows.anchored or self.settled else None

    def check_cursor(self, held: Entry | None) -> None:
        """The cursor is on the row that held it, if that is shown."""
        if held is not None and self.rows.index_of(held.key) is not None:
            assert self.rows.current is not None
            assert self.rows.current.key == held.key

    @invariant()
    def every_row_is_shown_once_in_order(self) -> None:
        if not hasattr(self, "rows"):
            return
        seen = [entry for key, entry in self.known.items() if key not in self.waiting]
        expected = [entry for entry in seen if self.filter is None or self.filter(entry)]
        shown = list(self.rows)
        if self.partial:
            assert len(set(shown)) == len(shown)
            assert set(shown) <= set(expected)
        else:
            assert sorted(shown, key=key_of) == sorted(expected, key=key_of)
        assert self.rows.total == len(self.known)
        if self.sort is not None:
            values = [self.sort(entry) for entry in shown]
            assert values == sorted(values, reverse=self.rows.descending)
        assert [self.rows.index_of(entry.key) for entry in shown] == list(range(len(shown)))

    @invariant()
    def marks_and_cursor_are_on_rows(self) -> None:
        if not hasattr(self, "rows"):
            return
        assert self.rows.marks == self.marks
        assert (self.rows.cursor is None) == (len(self.rows) == 0)
        if self.rows.cursor is not None:
            assert self.rows.current == self.rows[self.rows.cursor]


RowsMachine.TestCase.settings = settings(stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck))
TestRows = RowsMachine.TestCase
