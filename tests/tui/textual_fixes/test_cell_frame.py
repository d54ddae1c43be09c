"""The frame writes only changed cells, and the terminal shows what Textual's own output would show."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import NamedTuple

import pyte
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.color import ColorSystem
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual.geometry import Region
from textual.strip import Strip

from ecrtui.tui.textual_fixes.cell_frame import CellFrame
from ecrtui.tui.textual_fixes.cell_looks import PLAIN, Look, LookTable, transition

WIDTH, HEIGHT = 24, 5
STYLES = [
    None,
    Style(),
    Style(color="red"),
    Style(color="#102030", bgcolor="#405060"),
    Style(bgcolor="#405060", bold=True),
    Style(color="#102030", dim=True, bold=True),
    Style(underline=True, italic=True),
    Style(reverse=True, strike=True),
    Style(meta={"@click": "nothing"}),
    Style(color="default", bgcolor="default"),
]

texts = st.text(st.sampled_from("ab 漢é▸·"), min_size=1, max_size=9) | st.sampled_from(["e\u0301x", "a\u0301", "   "])
strips = st.lists(st.tuples(texts, st.sampled_from(STYLES)), max_size=4).map(
    lambda parts: Strip([Segment(text, style) for text, style in parts])
)
whole_lines = strips.map(lambda strip: strip.adjust_cell_length(WIDTH, Style(bgcolor="blue")))


class Part(NamedTuple):
    """A part of a line that an update redraws."""

    x: int
    y: int
    strip: Strip


@st.composite
def chops(draw: st.DrawFn) -> Part:
    x = draw(st.integers(0, WIDTH - 2))
    width = draw(st.integers(1, WIDTH - x))
    return Part(x, draw(st.integers(0, HEIGHT - 1)), draw(strips).adjust_cell_length(width))


updates = st.lists(st.lists(whole_lines, min_size=HEIGHT, max_size=HEIGHT) | chops() | st.just("forget"), max_size=8)


class Emulated:
    """A terminal emulator."""

    def __init__(self, width: int = WIDTH, height: int = HEIGHT) -> None:
        self.screen = pyte.Screen(width, height)
        self.screen.reset_mode(pyte.modes.DECAWM)
        self.stream = pyte.Stream(self.screen)

    def write(self, output: str) -> None:
        self.stream.feed(output)

    @property
    def cells(self) -> list[list[pyte.screens.Char]]:
        """The cells. A half of a character that lost its other half is blank, as in a real terminal."""
        lines = [[self.screen.buffer[y][x] for x in range(self.screen.columns)] for y in range(self.screen.lines)]
        return [[_whole(line, x) for x in range(len(line))] for line in lines]


def _whole(line: list[pyte.screens.Char], x: int) -> pyte.screens.Char:
    cell = line[x]
    has_tail = x + 1 < len(line) and line[x + 1].data == ""
    is_wide = cell.data[:1] == "漢"
    is_orphan = (is_wide and not has_tail) or (cell.data == "" and (x == 0 or line[x - 1].data[:1] != "漢"))
    return cell._replace(data=" ") if is_orphan else cell


def frame(width: int = WIDTH, height: int = HEIGHT) -> CellFrame:
    return CellFrame(width, height, LookTable(ColorSystem.TRUECOLOR))


def layout(lines: Sequence[Strip]) -> LayoutUpdate:
    return LayoutUpdate([[line] for line in lines], Region(0, 0, WIDTH, HEIGHT))


def chop(part: Part) -> ChopsUpdate:
    """Return an update of one region, with the rest of its line in other strips, as the compositor returns it."""
    end = part.x + part.strip.cell_length
    pieces = {0: None, part.x: part.strip, end: None} if part.x else {part.x: part.strip, end: None}
    ends = [*list(pieces)[1:], WIDTH]
    lines: list[dict[int, Strip | None]] = [dict.fromkeys([0]) for _ in range(HEIGHT)]
    lines[part.y] = dict(pieces)
    all_ends = [[WIDTH] for _ in range(HEIGHT)]
    all_ends[part.y] = ends
    return ChopsUpdate(lines, [(part.y, part.x, end)], all_ends)


CONSOLE = Console(file=io.StringIO(), force_terminal=True, color_system="truecolor")


@given(updates)
def test_the_cells_are_those_of_the_output_of_textual(changes: list[list[Strip] | Part | str]) -> None:
    theirs, ours, cells = Emulated(), Emulated(), frame()
    for change in changes:
        if change == "forget":
            cells.forget()
            ours.write("\x1b[3mother output\x1b[4;4H")
        else:
            update = chop(change) if isinstance(change, Part) else layout(change)  # type: ignore[arg-type]
            theirs.write(update.render_segments(CONSOLE))
            cells.draw(update)
        ours.write(cells.take_changes((0, 0)))
        assert ours.cells == theirs.cells


@given(st.lists(whole_lines, min_size=HEIGHT, max_size=HEIGHT))
def test_an_unchanged_screen_writes_nothing(lines: list[Strip]) -> None:
    cells = frame()
    cells.draw(layout(lines))
    assert cells.take_changes((3, 2))
    cells.draw(layout([Strip(list(line)) for line in lines]))
    assert cells.take_changes((3, 2)) == ""


def test_only_the_changed_cells_are_written() -> None:
    cells = frame()
    blank = Strip.blank(WIDTH)
    lines = [blank] * HEIGHT
    cells.draw(layout(lines))
    cells.take_changes((0, 0))
    lines[2] = Strip([Segment("     x"), Segment(" " * 18)])
    cells.draw(layout(lines))
    assert cells.take_changes((6, 2)) == "\x1b[3;6Hx"


def test_a_text_that_is_longer_than_its_strip_claims_keeps_its_line() -> None:
    cells = frame()
    cells.draw_strip(0, 0, Strip([Segment("x" * 40), Segment("y" * 40)], 3))
    terminal = Emulated()
    terminal.write(cells.take_changes((0, 0)))
    assert terminal.screen.display[0].rstrip() == "xxx"


@pytest.mark.parametrize(
    ("old", "new", "sequence"),
    [
        (PLAIN, PLAIN, ""),
        (None, PLAIN, "\x1b[0m"),
        (None, Look(("1",), "31"), "\x1b[0;1;31m"),
        (PLAIN, Look(("1",)), "\x1b[1m"),
        (Look(("1",)), PLAIN, "\x1b[0m"),
        (Look(("1", "2"), "31"), Look(("2",), "31"), "\x1b[22;2m"),
        (Look((), "31", "41"), Look((), "32", "41"), "\x1b[32m"),
        (Look((), "31", "48;2;1;2;3"), Look((), "", "48;2;1;2;3"), "\x1b[39m"),
        (PLAIN, Look(link="id=1;https://x"), "\x1b]8;id=1;https://x\x1b\\"),
        (Look(link="id=1;https://x"), PLAIN, "\x1b]8;;\x1b\\"),
    ],
)
def test_only_the_changed_parameters_of_a_look_are_sent(old: Look | None, new: Look, sequence: str) -> None:
    assert transition(old, new) == sequence
