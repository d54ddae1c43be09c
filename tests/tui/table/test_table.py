"""The table: drawing, cursor, marks, sorting, filtering, columns and the mouse."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from textual.content import Content
from textual.pilot import Pilot
from textual.widgets import Input

from ecrtui.catalog.rows.rows import RowDelta, Rows
from ecrtui.tui import safe_text as text
from ecrtui.tui.table import column_layout as layout
from ecrtui.tui.table.arranger import SLICE, SOON, Arranger
from ecrtui.tui.table.arrival_pause import ARRIVAL_CELLS_PER_SECOND
from ecrtui.tui.table.column_layout import Column
from ecrtui.tui.table.table import Table
from tests.support.host import WidgetApp, rendered_lines, resize

ALL_THEMES = ["ecrtui-dark", "ecrtui-light", "ecrtui-colourblind", "ecrtui-contrast", "ecrtui-16"]


@dataclass(frozen=True)
class Entry:
    key: str
    name: str
    size: int = 0


class Counting:
    """A cell that counts how often it was asked for."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, entry: Entry) -> str:
        self.calls += 1
        return entry.name


def by_name(entry: Entry) -> str:
    return entry.name


def by_size(entry: Entry) -> int:
    return entry.size


def key_of(entry: Entry) -> str:
    return entry.key


def entries(count: int) -> list[Entry]:
    return [Entry(f"k{number}", f"name-{number:06}", (number * 7919) % count) for number in range(count)]


def make(
    cell: Callable[[Entry], str | Content] = by_name,
    *,
    markable: bool = True,
    slice_seconds: float = SLICE,
    arrival_speed: float = ARRIVAL_CELLS_PER_SECOND,
) -> Table[Entry]:
    return Table(
        Rows(key_of),
        [
            Column("name", "name", cell, by_name, flex=1, min_width=12, matches=True, style="$tag"),
            Column("key", "key", key_of, None, drop_priority=2),
            Column("size", "size", lambda entry: str(entry.size), by_size, align="right", drop_priority=1),
        ],
        sort="name",
        markable=markable,
        note="nothing here",
        slice_seconds=slice_seconds,
        arrival_speed=arrival_speed,
    )


def key_contains(digits: str) -> Callable[[Entry], bool]:
    return lambda entry: digits in entry.key


def spans_of(words: str) -> Callable[[str], text.Spans]:
    return lambda cell: [match.span() for match in re.finditer(words, cell)]


async def arranged(pilot: Pilot[None], table: Table[Entry]) -> None:
    """Wait until what was asked for is in force; on a busy machine a slice is not always enough."""
    await pilot.pause()
    while table._arranger.active:
        await pilot.pause(0.01)


async def test_rows_have_headings_and_the_sorted_one_has_an_arrow() -> None:
    table = make()
    async with WidgetApp(table).run_test(size=(60, 8)) as pilot:
        table.merge(entries(3))
        await pilot.pause()
        assert rendered_lines(table)[0].split() == ["name", "▲", "key", "size"]
        assert [line.split() for line in rendered_lines(table)[1:4]] == [
            ["▸", "name-000000", "k0", "0"],
            ["name-000001", "k1", "2"],
            ["name-000002", "k2", "1"],
        ]
        assert rendered_lines(table)[4:] == [""] * 4
        assert all(table.render_line(y).cell_length == table.scrollable_content_region.width for y in range(8))


async def test_drawing_100_000_rows_costs_only_the_visible_part() -> None:
    cell = Counting()
    table = make(cell)
    app = WidgetApp(table)
    async with app.run_test(size=(80, 24)) as pilot:
        table.merge(entries(100_000))
        await pilot.pause()
        assert len(table.rows) == 100_000
        shown = cell.calls
        assert shown <= 100 + 2 * 24
        await pilot.press("G")
        assert "name-099999" in rendered_lines(table)[-1]
        await pilot.press("g", "ctrl+d")
        assert cell.calls <= shown + 3 * 24
        before = cell.calls
        await pilot.press("j", "j", "j", "k")
        await pilot.pause()
        assert cell.calls <= before + 4 * 2 + 4


async def test_rows_that_arrive_out_of_view_are_not_measured() -> None:
    cell = Counting()
    table = make(cell)
    async with WidgetApp(table).run_test(size=(80, 24)) as pilot:
        table.merge(entries(100))
        await pilot.pause()
        before = cell.calls
        table.merge([Entry(f"z{number}", f"name-1{number:05}") for number in range(1_000)])
        await pilot.pause()
        assert len(table.rows) == 1_100
        assert cell.calls == before


async def test_the_first_matches_of_a_long_list_are_shown_before_the_other_rows_are_tested() -> None:
    tested = 0

    def matches(entry: Entry) -> bool:
        nonlocal tested
        tested += 1
        return entry.size % 2 == 0

    table = make(slice_seconds=60)
    async with WidgetApp(table).run_test(size=(80, 24)) as pilot:
        table.merge(entries(20_000))
        await pilot.pause()
        table.filter(matches)
        assert tested < 4_000
        assert not table.awaits_rows
        assert all(entry.size % 2 == 0 for entry in table.visible_rows())
        await arranged(pilot, table)
        assert len(table.rows) == 10_000


async def test_a_row_is_drawn_with_few_segments_and_needs_no_cut() -> None:
    table = make()
    async with WidgetApp(table).run_test(size=(80, 24)) as pilot:
        table.merge(entries(3))
        for columns, segments in ((80, 7), (50, 6)):  # on a wide line, there are blanks behind the last cell, too
            await resize(pilot, columns, 24)
            strip, _ = table._painter.row(1, hovered=False, highlight=None)
            assert [segment.text.strip() for segment in strip if segment.text.strip()] == ["name-000001", "k1", "2"]
            assert len(list(strip)) == segments  # the gutter, three cells, and the blanks before two of them
            assert strip.cell_length == table.scrollable_content_region.width


@pytest.mark.parametrize(
    ("keys", "cursor"),
    [
        (["j", "j", "k"], 1),
        (["down", "up", "up"], 0),
        (["G"], 99),
        (["end", "home"], 0),
        (["ctrl+d"], 9),
        (["pagedown", "pagedown", "ctrl+u"], 9),
        (["G", "j"], 99),
        (["pageup"], 0),
    ],
)
async def test_keys_move_the_cursor_and_keep_it_visible(keys: list[str], cursor: int) -> None:
    table = make()
    async with WidgetApp(table).run_test(size=(60, 10)) as pilot:
        table.merge(entries(100))
        await pilot.press(*keys)
        assert table.rows.cursor == cursor
        assert [f"name-{cursor:06}" in line for line in rendered_lines(table) if line.startswith("▸")] == [True]


async def test_the_cursor_message_is_posted_only_for_another_row() -> None:
    table = make()
    app = WidgetApp(table)
    async with app.run_test(size=(60, 10)) as pilot:
        table.merge(entries(5))
        await pilot.pause()
        await pilot.press("j", "k", "k", "k")
        moved = [(message.item.key, message.index) for message in app.messages_of(Table.CursorMoved)]
        assert moved == [("k0", 0), ("k1", 1), ("k0", 0)]
        table.clear()
        await pilot.pause()
        assert app.messages_of(Table.CursorMoved)[-1].item is None


async def test_new_rows_keep_the_cursor_on_its_row_and_line() -> None:
    table = make()
    async with WidgetApp(table).run_test(size=(60, 10)) as pilot:
        table.merge(entries(100))
        await pilot.press("ctrl+d", "ctrl+d", "k", "k", "k")
        before = rendered_lines(table)
        assert table.scroll_offset.y > 0
        table.merge(Entry(f"early{number}", f"a-{number}") for number in range(500))
        await pilot.pause()
        assert [line.split()[:2] for line in rendered_lines(table)] == [line.split()[:2] for line in before]


async def test_new_rows_keep_the_scroll_position_of_the_user() -> None:
    table = make()
    async with WidgetApp(table).run_test(size=(60, 10)) as pilot:
        table.merge(entries(100))
        await pilot.pause()
        table.scroll_to(y=50, animate=False)
        await pilot.pause()
        assert "name-000050" in rendered_lines(table)[1]
        table.merge(Entry(f"early{number}", f"a-{number}") for number in range(30))
        await pilot.pause()
        assert "name-000050" in rendered_lines(table)[1]


async def test_the_first_row_stays_on_top_until_the_user_moves() -> None:
    table = make()
    async with WidgetApp(table).run_test(size=(60, 10)) as pilot:
        table.merge(entries(100))
        table.merge([Entry("early", "a")])
        await pilot.pause()
        assert rendered_lines(table)[1].split() == ["▸", "a", "early", "0"]


async def test_the_cursor_stays_on_its_row_and_in_view_once_all_rows_are_loaded() -> None:
    table = make()
    async with WidgetApp(table).run_test(size=(60, 11)) as pilot:
        table.begin_reload()
        table.merge(entries(30))
        table.finish_reload()
        await pilot.pause()
        table.merge([Entry("new", "a new row")])
        await pilot.pause()
        assert [line.split()[:2] for line in rendered_lines(table)[1:3]] == [["a", "new"], ["▸", "name-000000"]]
        table.merge(Entry(f"new{number}", f"b-{number:02}") for number in range(50))
        await pilot.pause()
        assert next(line for line in rendered_lines(table) if "▸" in line).split()[1] == "name-000000"


async def test_pages_that_arrive_at_a_full_screen_wait_for_each_other() -> None:
    table = make(arrival_speed=1e-6)  # the pause never ends
    async with WidgetApp(table).run_test(size=(24, 5)) as pilot:
        table.merge(entries(3), more=True)
        table.merge(entries(100), more=True)
        await pilot.pause()
        first_page = rendered_lines(table)
        table.merge([Entry("early", "a")], more=True)
        table.merge([Entry("earlier", "A")], more=True)
        assert (len(table.rows), table.rows.total) == (100, 102)
        await pilot.pause()
        assert rendered_lines(table) == first_page
        assert table.current == entries(1)[0], "a key acts on the row that is on the screen"
        table.merge([Entry("last", "z")])
        assert len(table.rows) == 103


async def test_waiting_rows_are_shown_when_the_pause_ends() -> None:
    table = make()
    async with WidgetApp(table).run_test(size=(24, 5)) as pilot:
        table.merge(entries(100), more=True)
        table.merge([Entry("early", "a")], more=True)
        while table.rows.has_waiting:
            await pilot.pause(0.01)
        assert len(table.rows) == 101
        await pilot.pause()
        assert rendered_lines(table)[1].split()[:2] == ["▸", "a"]


async def test_other_work_is_done_while_many_waiting_rows_are_put_into_order() -> None:
    table = make()
    async with WidgetApp(table).run_test(size=(24, 5)):
        rows = entries(20_000)
        table.merge(rows[:100], more=True)
        for start in range(100, len(rows), 1000):
            table.merge(rows[start : start + 1000], more=True)
        turns = 0

        async def count_turns() -> None:
            nonlocal turns
            while table.rows.has_waiting:
                turns += 1
                await asyncio.sleep(0)

        await asyncio.gather(table.show_arrived_in_slices(), count_turns())
        assert len(table.rows) == len(rows)
        assert turns > 20


async def test_the_cursor_line_stays_when_rows_above_are_removed() -> None:
    table = make()
    async with WidgetApp(table).run_test(size=(60, 10)) as pilot:
        table.merge(entries(100))
        await pilot.press(*["ctrl+d"] * 4)
        line = next(number for number, line in enumerate(rendered_lines(table)) if line.startswith("▸"))
        current = table.current
        table.remove_rows([f"k{number}" for number in range(20)])
        await pilot.pause()
        assert table.current is current
        assert rendered_lines(table)[line].startswith("▸")


async def test_marks_have_a_sign_and_post_a_message() -> None:
    table = make()
    app = WidgetApp(table)
    async with app.run_test(size=(60, 10)) as pilot:
        table.merge(entries(5))
        table.toggle_mark()
        table.toggle_mark()
        await pilot.pause()
        assert [line[:3] for line in rendered_lines(table)[1:4]] == [" ✓ ", " ✓ ", "▸  "]
        await pilot.press("G")
        table.mark_range()
        assert table.rows.marked_count == 5
        table.mark_all()
        assert table.rows.marked_count == 0
        table.mark_all()
        table.remove_rows(["k0"])
        await pilot.pause()
        assert [message.count for message in app.messages_of(Table.MarksChanged)] == [1, 2, 5, 0, 5, 4]


async def test_a_table_that_is_not_markable_marks_nothing() -> None:
    table = make(markable=False)
    async with WidgetApp(table).run_test(size=(60, 10)):
        table.merge(entries(5))
        table.toggle_mark()
        table.mark_all()
        table.mark_range()
        assert table.rows.marked_count == 0


async def test_mark_all_marks_the_filtered_rows() -> None:
    table = make()
    async with WidgetApp(table).run_test(size=(60, 10)):
        table.merge(entries(20))
        table.filter(lambda entry: entry.key.endswith("1"))
        table.mark_all()
        assert table.rows.marks == {"k1", "k11"}
        table.filter(None)
        assert table.rows.marked_count == 2
        table.mark_all()
        assert table.rows.marked_count == 20
        table.mark_all()
        assert not table.rows.marks


async def test_the_mouse_moves_marks_sorts_and_opens() -> None:
    table = make()
    app = WidgetApp(table)
    async with app.run_test(size=(60, 10)) as pilot:
        table.merge(entries(5))
        await pilot.pause()
        await pilot.click(table, offset=(6, 3))
        assert table.rows.cursor == 2
        await pilot.click(table, offset=(1, 2))
        assert table.rows.marks == {"k1"}
        assert table.rows.cursor == 1
        await pilot.click(table, offset=(6, 4), control=True)
        assert table.rows.marks == {"k1", "k3"}
        await pilot.click(table, offset=(6, 2), times=2)
        assert table.rows.marks == {"k1", "k3"}
        assert [message.item.key for message in app.messages_of(Table.Activated)] == ["k1"]
        heading = rendered_lines(table)[0]
        await pilot.click(table, offset=(heading.index("size"), 0))
        await pilot.click(table, offset=(heading.index("key"), 0))
        assert [message.column for message in app.messages_of(Table.SortRequested)] == ["size"]
        await pilot.click(table, offset=(6, 9))
        assert table.rows.cursor == 1


async def test_the_row_under_the_mouse_has_another_color() -> None:
    table = make()
    async with WidgetApp(table).run_test(size=(60, 10)) as pilot:
        table.merge(entries(5))
        await pilot.pause()
        before = table.render_line(4)
        await pilot.hover(table, offset=(6, 4))
        assert table.render_line(4) != before
        await pilot.hover(table, offset=(6, 9))
        assert table.render_line(4) == before


async def test_sorting_and_reversing_keep_the_cursor_on_its_row() -> None:
    table = make()
    app = WidgetApp(table)
    async with app.run_test(size=(60, 10)) as pilot:
        table.merge(entries(50))
        await pilot.press("j", "j", "j")
        current = table.current
        table.sort_by("size", True)
        await arranged(pilot, table)
        assert table.current is current
        assert [entry.size for entry in table.rows] == sorted((entry.size for entry in entries(50)), reverse=True)
        assert "size ▼" in rendered_lines(table)[0]
        table.sort_by("size", False)
        assert table.current is current
        assert "size ▲" in rendered_lines(table)[0]
        assert app.messages_of(Table.SortFilterDone)[-1].total == 50


async def test_the_last_of_several_quick_filters_wins() -> None:
    table = make(slice_seconds=0)
    app = WidgetApp(table)
    async with app.run_test(size=(60, 10)) as pilot:
        table.merge(entries(30_000))
        for digits in ("1", "12", "123"):
            table.filter(key_contains(digits))
        table.merge([Entry("k-123-late", "late"), Entry("k-9-late", "late")])
        while not app.messages_of(Table.SortFilterDone):
            await pilot.pause()
        expected = {entry.key for entry in entries(30_000) if "123" in entry.key} | {"k-123-late"}
        assert {entry.key for entry in table.rows} == expected
        assert app.messages_of(Table.SortFilterDone)[-1].shown == len(expected)


async def test_first_matches_appear_before_the_filter_is_done() -> None:
    table = make(slice_seconds=0)
    app = WidgetApp(table)
    async with app.run_test(size=(60, 10)):
        table.merge(entries(30_000))
        table.filter(lambda entry: entry.key.endswith("7"))
        assert [line.split()[-2] for line in rendered_lines(table)[2:5]] == ["k17", "k27", "k37"]
        assert len(table.rows) < 3_000
        assert table.virtual_size.height == 30_001  # so the scroll bar does not jump
        table.mark_all()
        assert table.rows.marked_count == 3_000
        assert table.virtual_size.height == 3_001


async def test_filter_matches_are_highlighted_in_the_cell() -> None:
    table = make()
    async with WidgetApp(table).run_test(size=(60, 10)) as pilot:
        table.merge([Entry("k0", "release-2026 \x1b2026"), Entry("k1", "release-2025")])
        table.filter(
            lambda entry: "2026" in entry.name, lambda name: [match.span() for match in re.finditer("2026", name)]
        )
        await arranged(pilot, table)
        found = [segment.text for segment in table.render_line(1) if segment.style and segment.style.underline]
        assert found == ["2026", "2026"]
        assert "release-2026 ␛2026" in table.render_line(1).text


async def test_a_filter_with_the_same_rows_updates_the_highlights() -> None:
    table = make()
    async with WidgetApp(table).run_test(size=(60, 10)) as pilot:
        table.merge(entries(5))
        for found in ("na", "name", None):
            table.filter(lambda entry: True, None if found is None else spans_of(found))
            await arranged(pilot, table)
            drawn = list(pilot.app.screen._compositor.render_strips())[1]
            lit = [segment.text for segment in drawn if segment.style and segment.style.underline]
            assert lit == ([found] if found else [])


async def test_an_invisible_change_only_moves_the_scrollbar() -> None:
    table = make()
    async with WidgetApp(table).run_test(size=(60, 10)) as pilot:
        table.merge(entries(100))
        await pilot.pause()
        changes: list[Callable[[], RowDelta]] = [
            lambda: table.merge(Entry(f"late{number}", f"z-{number}") for number in range(500)),
            lambda: table.remove_rows(["late400"]),
            lambda: table.update([Entry("late3", "z-3", 7)]),
        ]
        for change in changes:
            drawn = table._dirty_regions.copy()
            assert change()
            assert table._dirty_regions == drawn
            await pilot.pause()
        assert table.vertical_scrollbar.window_virtual_size == 600
        assert table.max_scroll_y == 600 - 10
        table.filter(lambda entry: entry.name.startswith("z-"))
        await arranged(pilot, table)
        await pilot.press("G")
        assert "z-99" in rendered_lines(table)[-1]
        table.filter(lambda entry: entry.key in ("k3", "k4"))
        await arranged(pilot, table)
        assert [line.split()[-2] for line in rendered_lines(table)[1:3]] == ["k3", "k4"]
        assert not table.show_vertical_scrollbar


async def test_hostile_text_is_visible_and_not_markup() -> None:
    table = make()
    app = WidgetApp(table)
    async with app.run_test(size=(80, 10)) as pilot:
        table.merge([Entry("k0", "\x1b]0;pwned\x07[/] [@click=app.quit]x\u202e\r\n"), Entry("k1", "z" * 10_000)])
        await pilot.pause()
        shown = rendered_lines(table)
        assert "␛]0;pwned␇[/] [@click=app.quit]x‹202E›␍␊" in shown[1]
        assert shown[2].count("z") < 80
        assert "…" in shown[2]
        drawn = "".join(segment.text for strip in app.screen._compositor.render_strips() for segment in strip)
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", drawn)


async def test_cells_can_be_content() -> None:
    table = make(lambda entry: text.content("<untagged>", "italic $text-muted") if entry.size else entry.name)
    async with WidgetApp(table).run_test(size=(60, 10)) as pilot:
        table.merge([Entry("k0", "a", 1), Entry("k1", "b")])
        await pilot.pause()
        assert rendered_lines(table)[1].split()[1] == "<untagged>"
        assert any(segment.style and segment.style.italic for segment in table.render_line(1))


async def test_a_table_without_rows_shows_the_placeholder() -> None:
    table = make()
    async with WidgetApp(table).run_test(size=(60, 10)) as pilot:
        assert rendered_lines(table)[1].strip() == "nothing here"
        table.set_placeholder("still\nloading [b]")
        await pilot.pause()
        assert [line.strip() for line in rendered_lines(table)[1:3]] == ["still", "loading [b]"]
        table.merge(entries(2))
        await pilot.pause()
        assert "loading" not in "".join(rendered_lines(table))


async def test_the_text_of_a_placeholder_is_found_out_when_it_is_drawn() -> None:
    table, asked = make(), list[int]()

    def note() -> str:
        asked.append(len(table.rows))
        return "no match"

    async with WidgetApp(table).run_test(size=(60, 10)) as pilot:
        table.merge(entries(2))
        table.set_placeholder(note)
        await pilot.pause()
        assert not asked
        table.filter(lambda entry: False)
        await pilot.pause()
        assert rendered_lines(table)[1].strip() == "no match"
        assert asked == [0]


@pytest.mark.parametrize(("width", "headings"), [(160, 3), (60, 3), (27, 2), (18, 1), (8, 1)])
async def test_a_narrow_terminal_drops_columns_by_priority(width: int, headings: int) -> None:
    table = make()
    async with WidgetApp(table).run_test(size=(width, 10)) as pilot:
        table.merge(entries(5))
        await pilot.pause()
        assert len(table._layout.placed) == headings
        assert table._layout.placed[0].column.id == "name"
        assert all(table.render_line(y).cell_length == table.scrollable_content_region.width for y in range(8))


async def test_columns_keep_their_width_while_scrolling() -> None:
    table = make()
    async with WidgetApp(table).run_test(size=(60, 10)) as pilot:
        table.merge(entries(2_000))
        table.merge([Entry("k-a-very-long-key-indeed", "zzz")])
        await pilot.pause()
        before = rendered_lines(table)[0]
        await pilot.press("G")
        assert rendered_lines(table)[0] == before
        assert "…" in rendered_lines(table)[-1]


async def test_a_line_that_is_too_wide_scrolls() -> None:
    table = Table(Rows(key_of), [Column(str(number), f"column{number}", by_name, min_width=11) for number in range(9)])
    async with WidgetApp(table).run_test(size=(40, 10)) as pilot:
        table.merge(entries(5))
        await pilot.pause()
        assert table.virtual_size.width > 40
        await pilot.press(*["l"] * 20)
        assert "column8" in rendered_lines(table)[0]
        await pilot.press(*["h"] * 20)
        assert "column0" in rendered_lines(table)[0]


async def test_resizing_keeps_the_cursor_visible() -> None:
    table = make()
    async with WidgetApp(table).run_test(size=(80, 30)) as pilot:
        table.merge(entries(100))
        await pilot.press(*["j"] * 25)
        await resize(pilot, 60, 10)
        assert any(line.startswith("▸") and "name-000025" in line for line in rendered_lines(table))


async def test_another_theme_repaints_every_line() -> None:
    table = make()
    app = WidgetApp(table)
    async with app.run_test(size=(60, 10)) as pilot:
        table.merge(entries(5))
        await pilot.pause()
        seen = []
        for name in ALL_THEMES:
            app.theme = name
            await pilot.pause()
            seen.append(tuple(str(segment.style) for y in range(4) for segment in table.render_line(y)))
            fill = table.get_visual_style("table--row").rich_style
            assert [segment.style for segment in table.render_line(8)] == [fill]  # below the last row
        assert len(set(seen)) == len(ALL_THEMES)


async def test_the_cursor_looks_different_without_focus() -> None:
    table = make()
    app = WidgetApp(table, before=Input())
    async with app.run_test(size=(60, 10)) as pilot:
        table.merge(entries(5))
        await pilot.pause()
        focused = table.render_line(1)
        app.query_one(Input).focus()
        await pilot.pause()
        assert table.render_line(1) != focused
        assert table.render_line(1).text == focused.text


async def test_a_change_of_the_focus_applies_no_styles() -> None:
    table = make()
    app = WidgetApp(table, before=Input())
    async with app.run_test(size=(60, 10)) as pilot:
        await pilot.pause()
        styles = table._component_styles["table--row"]
        app.query_one(Input).focus()
        await pilot.pause()
        assert table._component_styles["table--row"] is styles


async def test_a_changed_row_is_redrawn_and_announced_at_the_cursor() -> None:
    table = make()
    app = WidgetApp(table)
    async with app.run_test(size=(60, 10)) as pilot:
        table.merge(entries(3))
        await pilot.pause()
        table.update([Entry("k0", "name-000000 prod")])
        await pilot.pause()
        assert "prod" in rendered_lines(table)[1]
        assert app.messages_of(Table.CursorMoved)[-1].item.name == "name-000000 prod"


def test_columns_share_the_spare_width_by_flex() -> None:
    columns = [
        Column("a", "a", by_name, flex=1, min_width=4),
        Column("b", "b", by_name, min_width=4),
        Column("c", "c", by_name, flex=3, min_width=4),
    ]
    placed = layout.layout_columns(columns, {"a": 4, "b": 10, "c": 4}, 62, 2)
    assert [(entry.start, entry.width) for entry in placed] == [(2, 13), (17, 10), (29, 33)]


def test_a_wide_line_keeps_the_cells_of_a_row_together() -> None:
    columns: list[Column[Entry]] = [
        Column("name", "name", by_name, flex=3, min_width=20),
        Column("size", "size", by_name, min_width=8),
        Column("rule", "rule", by_name, flex=1, min_width=10, max_width=30),
    ]
    wanted = {"name": 25, "size": 8, "rule": 40}
    for width, expected in ((100, [48, 8, 38]), (200, [60, 8, 60]), (300, [60, 8, 60])):
        assert [entry.width for entry in layout.layout_columns(columns, wanted, width, 2)] == expected
    wider = layout.layout_columns(columns, wanted | {"name": 36}, 200, 2)
    assert [entry.start for entry in wider] == [2, 64, 74]  # the same places


def test_an_optional_column_without_contents_is_left_out_unless_it_was_chosen() -> None:
    columns: list[Column[Entry]] = [
        Column("name", "name", by_name),
        Column("user", "user", lambda row: "", optional=True),
    ]
    for chosen, expected in ((None, ["name"]), (["user", "name"], ["user", "name"])):
        table = layout.ColumnLayout(columns, 2, chosen)
        table.measure(entries(3))
        table.place(80)
        assert [entry.column.id for entry in table.placed] == expected
    named = [columns[0], columns[1]._replace(cell=by_name)]
    table = layout.ColumnLayout(named, 2)
    table.measure(entries(3))
    table.place(80)
    assert [entry.column.id for entry in table.placed] == ["name", "user"]


async def test_the_table_knows_which_rows_and_columns_are_in_view() -> None:
    table = make()
    async with WidgetApp(table).run_test(size=(60, 11)) as pilot:
        table.merge(entries(50))
        await pilot.pause()
        assert [entry.key for entry in table.visible_rows()] == [
            f"k{number}" for number in range(len(table.visible_rows()))
        ]
        assert table.shows("size")
        table.action_bottom()
        await pilot.pause()
        assert table.visible_rows()[-1].key == "k49"
        await resize(pilot, 20, 11)
        assert not table.shows("size")
        assert not table.shows("no such column")


@pytest.mark.parametrize(
    ("width", "expected"),
    [
        (70, {"name": 34, "kind": 12, "age": 10, "size": 6}),  # what the contents want
        (50, {"name": 18, "kind": 8, "age": 10, "size": 6}),  # the flexible one shrinks first
        (49, {"name": 18, "kind": 7, "age": 10, "size": 6}),
        (48, {"name": 20, "kind": 12, "age": 10}),  # nothing shrinks more: the greatest priority goes
        (36, {"name": 22, "age": 10}),
        (28, {"name": 18, "age": 10}),  # nothing can be dropped: the line scrolls
    ],
)
def test_columns_shrink_before_one_is_dropped(width: int, expected: dict[str, int]) -> None:
    columns: list[Column[Entry]] = [
        Column("name", "name", by_name, flex=1, min_width=18),
        Column("kind", "kind", by_name, min_width=7, max_width=12, drop_priority=1),
        Column("age", "age", by_name, min_width=10),
        Column("size", "size", by_name, drop_priority=2),
    ]
    placed = layout.layout_columns(columns, {"name": 40, "kind": 20, "age": 8, "size": 6}, width, 2)
    assert {entry.column.id: entry.width for entry in placed} == expected


def test_a_column_is_dropped_before_another_one_is_cut_and_then_that_one_shrinks() -> None:
    columns: list[Column[Entry]] = [
        Column("name", "name", by_name, min_width=6, full_width=12),
        Column("user", "user", by_name, min_width=10, drop_priority=1),
    ]
    wanted = {"name": 12, "user": 10}
    for width, expected in ((26, {"name": 12, "user": 10}), (25, {"name": 12}), (10, {"name": 8})):
        placed = layout.layout_columns(columns, wanted, width, 2)
        assert {entry.column.id: entry.width for entry in placed} == expected


async def test_signs_and_flashes_of_rows_end() -> None:
    table = make()
    app = WidgetApp(table)
    async with app.run_test(size=(60, 10)) as pilot:
        table.begin_reload()
        table.merge(entries(3))
        table.finish_reload()
        await pilot.pause()
        at_rest = [table.render_line(y) for y in range(1, 4)]

        table.sign_rows({"k0": "+", "k1": "~", "gone": "-"})
        table.toggle_mark(advance=False)
        assert [line[:4] for line in rendered_lines(table)[1:4]] == ["▸✓+n", " ~ n", "   n"]
        table.toggle_mark(advance=False)

        table.begin_reload()
        table.merge([*entries(3)[:2], Entry("k2", "name-000002 prod"), Entry("k9", "zzz")])
        table.finish_reload()
        flashing = [y for y in range(1, 5) if table._signs.is_flashing(table.rows.key_at(y - 1))]
        assert flashing == [3, 4]
        assert table.render_line(3) != at_rest[2]
        app.no_color = True
        table.redraw()
        assert rendered_lines(table)[3].startswith(" ~ name-000002 prod")
        app.no_color = False

        table._signs.expire(float("inf"))
        table.merge(entries(3))
        table.remove_rows(["k9"])
        assert [table.render_line(y) for y in range(1, 4)] == at_rest
        assert not table._signs.is_flashing("k2")
        assert table._signs._timer is None


async def test_a_written_row_flashes_and_too_many_do_not() -> None:
    table = make()
    async with WidgetApp(table).run_test(size=(60, 10)) as pilot:
        table.merge(entries(300))
        table.update([Entry("k0", "name-000000 prod"), *entries(300)[1:2]])
        await pilot.pause()
        assert [table._signs.is_flashing(key) for key in ("k0", "k1")] == [True, False]
        under_cursor = table.render_line(1)
        table._signs.expire(float("inf"))
        assert table.render_line(1).text == under_cursor.text
        assert table.render_line(1) != under_cursor
        table.update(Entry(entry.key, "new") for entry in entries(300))
        assert not table._signs.is_flashing("k5")


async def test_chosen_columns_are_dropped_from_the_right() -> None:
    table = make()
    async with WidgetApp(table).run_test(size=(60, 10)) as pilot:
        table.merge(entries(3))
        table.choose_columns(["size", "name", "key"])
        await pilot.pause()
        assert rendered_lines(table)[0].split() == ["size", "name", "▲", "key"]
        await resize(pilot, 26, 10)
        assert [column.id for column in table.shown_columns] == ["size", "name"]
        table.choose_columns(["size"])
        assert rendered_lines(table)[1].split() == ["▸", "0"]  # still sorted by name
        table.choose_columns(None)
        assert [column.id for column in table.shown_columns] == ["name", "size"]


async def test_a_filter_is_highlighted_in_a_cell_of_content_too() -> None:
    table = make(lambda entry: Content.assemble(("◆prod", "bold"), "  ", entry.name))
    async with WidgetApp(table).run_test(size=(60, 6)) as pilot:
        table.merge(entries(2))
        table.filter(key_contains("1"), spans_of("000001"))
        await arranged(pilot, table)
        assert any(
            segment.text == "000001" and segment.style is not None and segment.style.underline
            for segment in table.render_line(1)
        )


def test_frames_wait_for_the_rows_of_a_filter_for_a_short_time_also_while_a_key_repeats() -> None:
    rows, now = Rows(key_of), [1.0]
    rows.merge(entries(5_000))
    arranger = Arranger(
        rows,
        slice_seconds=0,
        page=lambda: 20,
        change=lambda change: change(),
        on_preview=lambda: None,
        on_done=lambda: None,
        clock=lambda: now[0],
    )

    def press(text: str) -> bool:
        arranger.set_filter(key_contains(text), None)
        arranger.start(None)
        assert arranger.awaits_rows
        return arranger.shows_rows_soon

    assert press("x")
    now[0] += SOON / 2
    assert press("xx")
    now[0] += SOON / 2
    assert not press("xxx")
    arranger.complete()
    assert not arranger.awaits_rows
    assert press("y")
