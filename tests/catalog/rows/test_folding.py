"""Rows that belong to other rows: they fold into them, in any order of arrival, sort order and filter."""

from __future__ import annotations

import gc
import sys
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from ecrtui.catalog.rows.rows import Predicate, RowLine, Rows, SortFilterJob, SortKey


@dataclass(frozen=True)
class Node:
    key: str
    value: int = 0
    tag: str = ""
    owners: tuple[str, ...] = ()


class NodeGroups:
    """The owners that each node names."""

    def __init__(self) -> None:
        self.named: dict[str, set[str]] = {}

    def add(self, nodes: Iterable[Node]) -> None:
        for node in nodes:
            for owner in node.owners:
                self.named.setdefault(owner, set()).add(node.key)

    def remove(self, nodes: Iterable[Node]) -> None:
        for node in nodes:
            for owner in node.owners:
                self.named[owner].discard(node.key)

    def clear(self) -> None:
        self.named.clear()

    def owners(self, node: Node) -> Sequence[str]:
        return node.owners

    def children(self, key: str) -> Sequence[str]:
        return sorted(self.named.get(key, ()))

    def owning(self) -> Collection[str]:
        return list(self.named)

    def stands_alone(self, node: Node) -> bool:
        return bool(node.tag)

    def unrelated(self, nodes: Iterable[Node]) -> Sequence[bool | None]:
        return [None if node.owners or self.named.get(node.key) else bool(node.tag) for node in nodes]


class LateGroups(NodeGroups):
    """Does not know what belongs to some nodes, such as indexes that were not read."""

    def __init__(self, unread: Iterable[str]) -> None:
        super().__init__()
        self.unread = set(unread)

    def owners(self, node: Node) -> Sequence[str]:
        return [owner for owner in node.owners if owner not in self.unread]

    def children(self, key: str) -> Sequence[str]:
        return () if key in self.unread else super().children(key)


class CountedGroups(NodeGroups):
    """Counts how often it is asked what belongs to a node, what a node belongs to, and whether it stands alone."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0
        self.owners_asked = 0
        self.alone_asked = 0

    def stands_alone(self, node: Node) -> bool:
        self.alone_asked += 1
        return super().stands_alone(node)

    def owners(self, node: Node) -> Sequence[str]:
        self.owners_asked += 1
        return super().owners(node)

    def children(self, key: str) -> Sequence[str]:
        self.asked += 1
        return super().children(key)


def by_value(node: Node) -> int:
    return node.value


def is_even(node: Node) -> bool:
    return node.value % 2 == 0


class Odd:
    """Shows odd rows. An even row with an odd row inside is shown, too, unless its value is 2."""

    def __call__(self, node: Node) -> bool:
        return node.value % 2 == 1

    def admits(self, node: Node) -> bool:
        return node.value != 2


def folded(*nodes: Node, predicate: Predicate[Node] | None = None) -> Rows[Node]:
    rows: Rows[Node] = Rows(lambda node: node.key, groups=NodeGroups())
    rows.merge(nodes)
    return arranged(rows, predicate)


def arranged(rows: Rows[Node], predicate: Predicate[Node] | None = None) -> Rows[Node]:
    job = rows.start_sort_filter(by_value, predicate)
    assert job.run()
    assert rows.apply(job)
    return rows


@contextmanager
def without_collections() -> Iterator[None]:
    """Collect all garbage, then none in the block."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def outline(rows: Rows[Node]) -> list[str]:
    """Return the lines: the sign of a top row, the depth of the others, and the key."""
    lines = [(rows.outline(line), rows.key_at(line)) for line in range(len(rows))]
    return [f"{shape.sign or ' ' * shape.depth}{key}" for shape, key in lines]


INDEX, ARM, AMD, SIGNATURE, OTHER = (
    Node("index", 5, "v1"),
    Node("arm", 2, owners=("index",)),
    Node("amd", 8, owners=("index",)),
    Node("sig", 1, owners=("arm",)),
    Node("other", 6),
)
NODES = (SIGNATURE, ARM, INDEX, OTHER, AMD)


def test_parts_are_below_their_row_in_any_order() -> None:
    rows = folded(*NODES)
    assert outline(rows) == ["+index", "other"]
    rows.unfold(0)
    assert outline(rows) == ["-index", " amd", " arm", "  sig", "other"]
    rows.set_descending(True)
    assert outline(rows) == ["other", "-index", " amd", " arm", "  sig"]
    assert [rows.index_of(key) for key in ("other", "index", "sig")] == [0, 1, 4]
    assert (rows.total, rows.inside_count, rows.alone_count) == (5, 3, 1)


def test_folding_moves_the_cursor_to_the_owner_and_keeps_rows_without_an_owner() -> None:
    rows = folded(*NODES)
    rows.unfold(0)
    rows.move(3)
    assert (rows.current, rows.line_at(3)) == (SIGNATURE, RowLine("sig", "index"))
    rows.unfold(3, False)
    assert (rows.current, outline(rows)) == (INDEX, ["+index", "other"])
    rows.remove(["index"])
    assert outline(rows) == ["+arm", "other", "amd"]


def test_a_chain_longer_than_the_recursion_limit_is_inside_its_first_row() -> None:
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(250)
    try:
        rows = folded(Node("0"), *(Node(str(number), owners=(str(number - 1),)) for number in range(1, 300)))
        assert outline(rows) == ["+0"]
    finally:
        sys.setrecursionlimit(limit)


@pytest.mark.parametrize("circle", [False, True], ids=["chain", "circle"])
@pytest.mark.parametrize("unfolded", [False, True], ids=["folded", "unfolded"])
@pytest.mark.parametrize("value", [None, 1, 7, 1_000], ids=["all", "some", "one", "none"])
def test_the_rows_of_a_long_chain_are_visited_a_few_times_each(circle: bool, unfolded: bool, value: int | None) -> None:
    """Who may push can make such a list. The preview of a filter looks at the first rows, then the filter at all."""
    groups, length = CountedGroups(), 300
    rows: Rows[Node] = Rows(lambda node: node.key, groups=groups, chunk_rows=16)
    first = Node("0", 0, owners=(str(length - 1),) if circle else ())
    rows.merge([first, *(Node(str(number), number % 7, owners=(str(number - 1),)) for number in range(1, length))])
    assert rows.inside_count == (0 if circle else length - 1)
    rows.unfold_all(unfolded)
    rows.groups_changed()
    groups.asked = groups.owners_asked = 0
    arranged(rows, None if value is None else lambda node: node.value == value)
    assert groups.asked + groups.owners_asked < 20 * length


def test_unfolding_makes_one_object_for_each_group_that_the_garbage_collector_counts() -> None:
    groups = 1_000
    indexes = [Node(f"index {number}", number) for number in range(groups)]
    rows = folded(*indexes, *(Node(f"part of {index.key}", owners=(index.key,)) for index in indexes))
    rows.unfold_all(True)
    with without_collections():
        before = gc.get_count()[0]
        assert len(arranged(rows)) == 2 * groups
        assert gc.get_count()[0] - before < 1.1 * groups


@pytest.mark.parametrize("direction", [1, -1], ids=["first row first", "last row first"])
def test_the_rows_of_a_chain_that_arrives_in_pages_are_visited_a_few_times_for_each_page(direction: int) -> None:
    groups, pages, page = CountedGroups(), 40, 10
    chain = [Node("0"), *(Node(str(number), owners=(str(number - 1),)) for number in range(1, pages * page))][
        ::direction
    ]
    rows: Rows[Node] = Rows(lambda node: node.key, groups=groups)
    for start in range(0, len(chain), page):
        rows.merge(chain[start : start + page])
    assert outline(rows) == ["+0"]
    visits = sum(range(0, len(chain), page))  # each page looks once at the rows above it
    assert groups.asked + groups.owners_asked < 2 * visits


def test_rows_of_no_group_are_not_looked_up_one_by_one() -> None:
    groups = CountedGroups()
    rows: Rows[Node] = Rows(lambda node: node.key, groups=groups)
    rows.merge(Node(str(number), number, "v1" if number % 2 else "") for number in range(100))
    assert (len(rows), rows.alone_count, rows.inside_count) == (100, 50, 0)
    assert groups.asked == groups.owners_asked == groups.alone_asked == 0


def test_an_index_is_asked_once_for_all_its_parts() -> None:
    groups = CountedGroups()
    rows: Rows[Node] = Rows(lambda node: node.key, groups=groups)
    rows.merge([Node("index", 0, "v1"), *(Node(str(number), number, owners=("index",)) for number in range(100))])
    rows.groups_changed()
    groups.asked = groups.alone_asked = groups.owners_asked = 0
    arranged(rows)
    assert rows.inside_count == 100
    assert (groups.asked, groups.alone_asked, groups.owners_asked) == (1, 0, 0)


def test_a_filter_does_not_ask_what_belongs_to_rows_while_none_is_inside_another() -> None:
    groups = CountedGroups()
    rows: Rows[Node] = Rows(lambda node: node.key, groups=groups)
    rows.merge(Node(str(number), number) for number in range(100))
    groups.asked = 0
    arranged(rows, lambda node: node.value == 70)
    assert (outline(rows), groups.asked) == (["70"], 1)  # of the row that the line shows


def test_a_filter_without_matches_among_the_first_rows_goes_on_with_all_rows() -> None:
    groups = CountedGroups()
    rows: Rows[Node] = Rows(lambda node: node.key, groups=groups, chunk_rows=16)
    rows.merge([Node("index", 0, "v1"), Node("part", owners=("index",))])
    rows.merge(Node(str(number), number) for number in range(1, 62))
    arranged(rows)
    groups.asked = 0
    arranged(rows, lambda node: node.value == 50)
    assert (len(rows), groups.asked) == (1, 16)  # half of the first rows


def test_each_row_of_a_circle_shows_what_belongs_to_it() -> None:
    nodes = [Node(str(number), number, owners=(str((number + 1) % 3),)) for number in range(3)]
    rows = folded(*nodes, Node("inside", 3, owners=("0",)))
    assert outline(rows) == ["+0", "+1", "+2", "inside"]
    rows.unfold(0)
    assert outline(rows) == ["-0", " 2", " inside", "+1", "+2", "inside"]
    arranged(rows, lambda node: node.value > 1)
    assert outline(rows) == ["+2", "inside"]


def test_a_part_of_two_indexes_is_below_both_and_has_a_row_if_it_has_a_tag() -> None:
    rows = folded(INDEX, Node("two", 7, "v2"), Node("arm", 2, owners=("index", "two")))
    rows.unfold(0)
    rows.unfold(2)
    assert outline(rows) == ["-index", " arm", "-two", " arm"]
    rows.move(3)
    assert (rows.cursor, rows.index_of("arm")) == (3, 1)
    rows.update([Node("arm", 2, "own", ("index", "two"))])
    assert outline(rows) == ["arm", "-index", " arm", "-two", " arm"]
    assert rows.cursor == 4


def test_a_circle_that_becomes_known_later_is_shown() -> None:
    groups = LateGroups(["b"])
    rows: Rows[Node] = Rows(lambda node: node.key, groups=groups)
    rows.merge([Node("a", 1, owners=("b",)), Node("b", 2, owners=("a",)), INDEX, ARM])
    rows.unfold_all(True)
    assert outline(arranged(rows)) == ["-a", " b", "-index", " arm"]
    groups.unread.clear()
    rows.groups_changed()
    assert outline(arranged(rows)) == ["-a", " b", "-b", " a", "-index", " arm"]


def test_the_cursor_goes_to_the_row_of_a_circle_that_hides_its_row() -> None:
    circle = Node("a", 1, owners=("b",)), Node("b", 2, owners=("a",))
    rows = folded(Node("first"), *circle, Node("part", 3, owners=("b", "a", "index")), Node("index", 4, "v1"))
    rows.unfold(1)
    rows.unfold(4)
    assert outline(rows) == ["first", "-a", " b", " part", "-b", " a", " part", "+index"]
    rows.move(3)
    rows.unfold(1, False)
    assert (rows.cursor, outline(rows)) == (4, ["first", "+a", "-b", " a", " part", "+index"])
    rows.unfold(2, False)
    assert (rows.current, outline(rows)) == (circle[1], ["first", "+a", "+b", "+index"])


def test_the_cursor_does_not_go_to_a_row_that_its_row_has_left() -> None:
    rows = folded(Node("first"), INDEX, Node("part", 2, owners=("index",)), Node("two", 7, "v2"))
    rows.unfold(1)
    rows.move(2)
    rows.update([Node("part", 2, owners=("two",))])
    assert (rows.current, outline(rows)) == (Node("two", 7, "v2"), ["first", "index", "+two"])


def test_what_hangs_on_a_circle_that_closes_is_shown() -> None:
    chain = Node("0"), Node("1", owners=("0",)), Node("2", owners=("1",)), Node("3", owners=("2",))
    rows = folded(*chain)
    assert outline(rows) == ["+0"]
    rows.merge([Node("0", owners=("1",))])
    assert outline(rows) == ["+0", "+1", "+2", "3"]
    rows.merge([Node("0")])
    assert outline(rows) == ["+0"]


def test_rows_that_belong_to_each_other_do_not_disappear() -> None:
    assert outline(folded(Node("a", 1, owners=("b",)), Node("b", 2, owners=("a",)))) == ["+a", "+b"]
    assert outline(folded(Node("a", 1, owners=("a",)))) == ["a"]


def test_a_row_inside_that_matches_shows_what_it_belongs_to() -> None:
    rows = folded(*NODES, predicate=Odd())
    assert (outline(rows), rows.matched) == (["+index"], 1)  # the index matches itself, so it stays folded
    rows = folded(replace(INDEX, value=4), *NODES[:2], OTHER, AMD, predicate=Odd())
    assert (outline(rows), rows.matched) == (["+index", "  sig"], 1)
    rows.mark_shown()
    assert rows.marks == {"sig"}
    rows.unfold(0)
    assert outline(rows) == ["-index", " amd", " arm", "  sig"]
    rows.update([replace(INDEX, value=2)])
    assert len(rows) == 0


def test_marks_take_a_row_with_all_that_is_inside() -> None:
    rows = folded(*NODES)
    rows.mark_shown()
    assert rows.marks == {"index", "other"}
    rows.mark_shown()
    rows.unfold(0)
    rows.mark_range(1, 4)
    assert rows.marks == {"amd", "arm", "sig", "other"}
    rows.mark(rows.marks, False)
    rows.mark_range(0, 4)
    assert [node.key for node in rows.marked()] == ["index", "other"]


def test_what_becomes_known_later_folds_rows_and_keeps_the_cursor_on_their_row() -> None:
    rows = folded(INDEX, Node("arm", 2), OTHER)
    assert outline(rows) == ["arm", "index", "other"]
    rows.move(0)
    rows.update([ARM])
    assert (outline(rows), rows.current) == (["+index", "other"], INDEX)


def test_rows_that_wait_for_the_screen_cost_nothing_more_when_they_are_shown() -> None:
    groups = CountedGroups()
    rows: Rows[Node] = Rows(lambda node: node.key, groups=groups)
    rows.merge([Node("p0", owners=("i9",)), OTHER])
    for number in range(10):
        rows.merge([Node(f"i{number}", number, "v1"), Node(f"p{number + 1}", owners=(f"i{number}",))], show=False)
    groups.asked = 0
    rows.show_arrived()
    assert (len(rows), rows.inside_count) == (11, 11)
    assert groups.asked < 12


@pytest.mark.parametrize("preview", [False, True])
def test_rows_that_wait_during_a_filter_are_in_its_result(preview: bool) -> None:
    rows: Rows[Node] = Rows(lambda node: node.key, groups=NodeGroups(), chunk_rows=2)
    rows.merge([Node("index", 4, "v1"), Node("amd", 3, owners=("index",)), OTHER, Node("part", 9, owners=("late",))])
    job = rows.start_sort_filter(by_value, Odd())
    while preview and not job.found:
        assert not job.run(0)
    rows.merge([ARM, Node("late", 1, "v2"), Node("new", 1, owners=("other",))], show=False)
    assert rows.preview(job) == preview
    assert job.run()
    assert rows.apply(job)
    assert outline(rows) == ["+late", "+index", " amd", "+other", " new"]


def test_a_matching_row_that_stands_alone_does_not_show_what_it_belongs_to() -> None:
    rows = folded(Node("index", 4), Node("tagged", 1, "v1", ("index",)), predicate=Odd())
    assert outline(rows) == ["tagged"]
    rows.update([Node("index", 6)])
    assert outline(rows) == ["tagged"]
    rows.merge([Node("part", 3, owners=("index",))])
    assert outline(rows) == ["tagged", "+index", " part", " tagged"]
    assert rows.matched == 2


KEYS = st.integers(0, 9).map("k{}".format)
PAGES = st.lists(
    st.builds(
        Node,
        KEYS,
        st.integers(0, 5),
        st.sampled_from(["", "", "v1"]),
        st.lists(KEYS, max_size=2, unique=True).map(tuple),
    ),
    max_size=6,
)
FILTERS: tuple[Predicate[Node] | None, ...] = (None, is_even, Odd())


class FoldedRows(RuleBasedStateMachine):
    """Compare lines, marks and cursor with those of a model, while jobs are not complete."""

    @initialize(chunk=st.sampled_from([1, 3, 1024]), unread=st.sets(KEYS, max_size=4))
    def start_empty(self, chunk: int, unread: set[str]) -> None:
        self.groups = LateGroups(unread)
        self.rows: Rows[Node] = Rows(lambda node: node.key, groups=self.groups, chunk_rows=chunk)
        self.known: dict[str, Node] = {}
        self.chosen = ""
        self.unfolded: set[str] = set()
        self.is_all_unfolded = self.settled = False
        self.marks: set[str] = set()
        self.sort: SortKey[Node] | None = None
        self.filter: Predicate[Node] | None = None
        self.pending: tuple[SortFilterJob[Node], SortKey[Node] | None, Predicate[Node] | None] | None = None
        self.partial = False

    @rule(page=PAGES)
    def a_page_arrives(self, page: list[Node]) -> None:
        with self.cursor_stays():
            self.rows.merge(page)
            self.known.update({node.key: node for node in page})

    @rule(pages=st.lists(PAGES, min_size=1, max_size=3), during_job=st.booleans())
    def pages_wait(self, pages: list[list[Node]], during_job: bool) -> None:
        for page in pages:
            self.rows.merge(page, show=False)
            self.known.update({node.key: node for node in page})
        if during_job:
            self.a_job_starts(self.sort, self.filter, again=False)
            self.slices_are_done(1_000, preview=False)
        else:
            self.rows.show_arrived()

    @rule(page=PAGES)
    def rows_get_more_values(self, page: list[Node]) -> None:
        with self.cursor_stays() if self.rows.anchored else nullcontext():
            self.rows.amend(page)
            self.known.update({node.key: node for node in page if node.key in self.known})

    @rule(gone=st.sets(KEYS, max_size=3))
    def rows_vanish(self, gone: set[str]) -> None:
        with self.cursor_stays():
            self.rows.remove(gone)
            for key in gone:
                self.known.pop(key, None)
            self.marks -= gone
        self.chosen_row_vanishes()

    @rule(page=PAGES)
    def all_rows_are_reloaded(self, page: list[Node]) -> None:
        self.rows.begin()
        self.rows.merge(page, show=False)
        self.rows.finish()
        self.known = {node.key: node for node in page}
        self.marks &= self.known.keys()
        self.settled = True
        self.chosen_row_vanishes()

    @rule(sort=st.sampled_from([None, by_value]), chosen=st.sampled_from(FILTERS), again=st.booleans())
    def a_job_starts(self, sort: SortKey[Node] | None, chosen: Predicate[Node] | None, again: bool) -> None:
        if again:
            self.rows.groups_changed()
        self.pending = (self.rows.start_sort_filter(sort, chosen), sort, chosen)

    @precondition(lambda self: self.pending is not None)
    @rule(slices=st.integers(1, 8), preview=st.booleans())
    def slices_are_done(self, slices: int, preview: bool) -> None:
        assert self.pending is not None
        job, sort, chosen = self.pending
        if any(job.run(0) for _ in range(slices)):
            assert self.rows.apply(job)
            self.sort, self.filter, self.pending, self.partial = sort, chosen, None, False
        elif preview and self.rows.preview(job):
            self.sort, self.filter, self.partial = sort, chosen, True

    @precondition(lambda self: self.pending is None)
    @rule(key=KEYS)
    def an_index_is_read(self, key: str) -> None:
        with self.cursor_stays():
            self.groups.unread.discard(key)
            self.a_job_starts(self.sort, self.filter, again=True)
            self.slices_are_done(1_000, preview=False)

    @precondition(lambda self: len(self.rows) > 0)
    @rule(line=st.integers(0, 30), on=st.booleans())
    def a_row_is_unfolded(self, line: int, on: bool) -> None:
        row_line = self.rows.line_at(line % len(self.rows))
        with self.cursor_stays():
            self.rows.unfold(line % len(self.rows), on)
            changes = self.unfolded.add if on != self.is_all_unfolded else self.unfolded.discard
            changes(row_line.top or row_line.key)

    @precondition(lambda self: self.pending is None)
    @rule(on=st.booleans())
    def all_rows_are_unfolded(self, on: bool) -> None:
        with self.cursor_stays():
            self.rows.unfold_all(on)
            self.is_all_unfolded, self.unfolded = on, set()
            self.a_job_starts(self.sort, self.filter, again=False)
            self.slices_are_done(1_000, preview=False)

    @rule(descending=st.booleans(), line=st.integers(0, 30))
    def order_and_cursor_change(self, descending: bool, line: int) -> None:
        self.rows.set_descending(descending)
        self.rows.move(line)
        self.chosen = self.current() if len(self.rows) else self.chosen

    @rule(line=st.integers(0, 30), on=st.booleans())
    def a_row_is_marked(self, line: int, on: bool) -> None:
        if len(self.rows):
            key = self.rows.key_at(line % len(self.rows))
            self.rows.mark([key], on)
            (self.marks.add if on else self.marks.discard)(key)

    @precondition(lambda self: not self.partial)
    @rule()
    def shown_rows_are_marked_or_unmarked(self) -> None:
        shown = self.expected()
        tops = {key for key in shown if self.matches(key)}
        below = {child for key in shown.keys() - tops for child, _ in shown[key] if self.matches(child)}
        matched = tops | below
        self.rows.mark_shown()
        self.marks = self.marks - matched if matched <= self.marks else self.marks | matched

    @contextmanager
    def cursor_stays(self) -> Iterator[None]:
        """Check that the cursor stays on its row through a change, or goes to a row above it that hides it.

        It may also return to the row that the user chose, or to one above that.
        """
        cursor = self.rows.cursor
        held = self.rows.anchored or self.settled
        line = self.rows.line_at(cursor) if held and cursor is not None else None
        yield
        if line is None or not {line.key, line.top} <= {"", *self.known} or not len(self.rows):
            return
        lines = [self.rows.line_at(index) for index in range(len(self.rows))]
        assert self.rows.cursor is not None
        now = lines[self.rows.cursor]
        if self.chosen in self.known and (now.key == self.chosen or self.is_above(now.key, self.chosen)):
            return
        if line in lines:
            assert now == line
        elif any(each.key == line.key for each in lines):
            assert now.key == line.key
        elif self.rows.anchored:
            tops = {each.key for each in lines if not each.top and self.is_above(each.key, line.key)}
            assert now.key in tops or not tops

    # The model

    def current(self) -> str:
        """Return the key of the cursor's row."""
        assert self.rows.cursor is not None
        return self.rows.line_at(self.rows.cursor).key

    def chosen_row_vanishes(self) -> None:
        """If the chosen row was removed, the one under the cursor is chosen."""
        if self.chosen not in self.known:
            self.chosen = self.current() if len(self.rows) else ""

    def owners(self, key: str) -> list[str]:
        return [owner for owner in self.groups.owners(self.known[key]) if owner in self.known and owner != key]

    def tops(self, key: str, seen: frozenset[str]) -> set[str]:
        found: set[str] = set()
        for owner in set(self.owners(key)) - seen:
            if self.known[owner].tag or not self.owners(owner):
                found.add(owner)
            else:
                found |= self.tops(owner, seen | {owner})
        return found

    def tops_above(self, key: str) -> set[str]:
        return set() if self.known[key].tag else self.tops(key, frozenset({key}))

    def is_above(self, top: str, key: str) -> bool:
        """Return True if a row shows another one below it as long as it is unfolded."""
        return any(child == key for child, _ in self.below(top))

    def below(self, key: str) -> list[tuple[str, int]]:
        found: dict[str, int] = {key: 0}

        def visit(owner: str, depth: int) -> None:
            for child in sorted(each for each in self.known if owner in self.groups.owners(self.known[each])):
                if child not in found:
                    found[child] = depth
                    visit(child, depth + 1)

        if self.owners(key) and not self.known[key].tag:  # a shown row of a circle
            return [(child, 1) for child in sorted(self.known) if key in self.owners(child)]
        visit(key, 1)
        return list(found.items())[1:]

    def matches(self, key: str) -> bool:
        return self.filter is None or bool(self.filter(self.known[key]))

    def expected(self) -> dict[str, list[tuple[str, int]]]:
        """Return what is below each top row that is shown."""
        shown = {}
        for key, node in self.known.items():
            if self.tops_above(key):
                continue
            below = self.below(key)
            hits = [(child, depth) for child, depth in below if self.matches(child)]
            admitted = not isinstance(self.filter, Odd) or self.filter.admits(node)
            is_unfolded = (key in self.unfolded) != self.is_all_unfolded
            if self.matches(key):
                shown[key] = below if is_unfolded else []
            elif admitted and any(key in self.tops_above(child) for child, _ in hits):
                shown[key] = below if is_unfolded else hits
        return shown

    @invariant()
    def the_lines_are_those_of_the_model(self) -> None:
        if not hasattr(self, "rows"):
            return
        rows = self.rows
        shown: dict[str, list[tuple[str, int]]] = {}
        for line in range(len(rows)):
            row_line = rows.line_at(line)
            assert rows.position(row_line) == line
            if row_line.top:
                shown[row_line.top].append((row_line.key, rows.outline(line).depth))
            else:
                shown[row_line.key] = []
        expected = self.expected()
        if self.partial:
            assert shown.items() <= expected.items()
        else:
            assert shown == expected
        values = [self.known[key].value for key in shown]
        assert self.sort is None or values == sorted(values, reverse=rows.descending)
        assert [node.key for node in rows] == [rows.key_at(line) for line in range(len(rows))]
        assert (rows.cursor is None) == (not len(rows))
        inside = list(filter(self.tops_above, self.known))
        assert rows.inside_count == len(inside)
        assert rows.alone_count == sum(bool(node.tag) for node in self.known.values())
        assert rows.marks == self.marks
        marked = [node.key for node in rows.marked()]
        assert sorted(marked) == sorted(self.marks)


FoldedRows.TestCase.settings = settings(
    max_examples=30, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
)
TestFoldedRows = FoldedRows.TestCase
