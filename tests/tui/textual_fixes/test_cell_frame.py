"""The frame writes only changed cells, and the terminal shows what Textual's own output would show."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Literal, NamedTuple

import pyte
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.color import ColorSystem
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual.color import Color
from textual.filter import Monochrome
from textual.geometry import Region
from textual.strip import Strip

from ecrtui.tui.textual_fixes.cell_frame import CellFrame
from ecrtui.tui.textual_fixes.cell_looks import PLAIN, Look, LookTable, transition

WIDTH, HEIGHT = 24, 5
COLOR_SYSTEMS: dict[ColorSystem, Literal["truecolor", "256", "standard"]] = {
    ColorSystem.TRUECOLOR: "truecolor",
    ColorSystem.EIGHT_BIT: "256",
    ColorSystem.STANDARD: "standard",
}
"""Rich's names for the sets of colors."""
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

texts = (
    st.text(st.sampled_from("ab 漢é▸·"), min_size=1, max_size=9)
    | st.just(" " * 14)
    | st.sampled_from(["e\u0301x", "a\u0301", "   "])
)
strips = st.lists(st.tuples(texts, st.sampled_from(STYLES)), max_size=4).map(
    lambda parts: Strip([Segment(text, style) for text, style in parts])
)
whole_lines = strips.map(lambda strip: strip.adjust_cell_length(WIDTH, Style(bgcolor="blue")))


class Resized(NamedTuple):
    """Another width of the terminal, and the lines that Textual draws for it."""

    width: int
    lines: Sequence[Strip]


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


screens = st.lists(whole_lines, min_size=HEIGHT, max_size=HEIGHT)
resizes = st.builds(Resized, st.sampled_from([WIDTH, WIDTH - 5, WIDTH + 3]), screens)
updates = st.lists(screens | chops() | resizes | st.just("suspend"), max_size=8)


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
        """The cells as a user sees them.

        A half of a character that lost its other half is blank, as in a real terminal. A blank has no foreground.
        """
        lines = [[self.screen.buffer[y][x] for x in range(self.screen.columns)] for y in range(self.screen.lines)]
        return [[_seen(_whole(line, x)) for x in range(len(line))] for line in lines]


def _seen(cell: pyte.screens.Char) -> pyte.screens.Char:
    if cell.data != " ":
        return cell
    has_foreground = cell.underscore or cell.strikethrough or cell.reverse
    return cell._replace(fg=cell.fg if has_foreground else "default", bold=False, italics=False, blink=False)


def _whole(line: list[pyte.screens.Char], x: int) -> pyte.screens.Char:
    cell = line[x]
    has_tail = x + 1 < len(line) and line[x + 1].data == ""
    is_wide = cell.data[:1] == "漢"
    is_orphan = (is_wide and not has_tail) or (cell.data == "" and (x == 0 or line[x - 1].data[:1] != "漢"))
    return cell._replace(data=" ") if is_orphan else cell


def frame(width: int = WIDTH, height: int = HEIGHT, colors: ColorSystem = ColorSystem.TRUECOLOR) -> CellFrame:
    return CellFrame(width, height, LookTable(colors))


def layout(lines: Sequence[Strip], width: int = WIDTH) -> LayoutUpdate:
    return LayoutUpdate([[line.adjust_cell_length(width)] for line in lines], Region(0, 0, width, HEIGHT))


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


def _fresh(style: Style | None) -> Style:
    """Return a copy of a style. Rich keeps the codes of a style for the first set of colors that it was drawn in."""
    copy = (style or Style()).copy()
    copy._ansi = None
    return copy


class Terminals:
    """Two terminals: one shows the output of Textual, the other one ours.

    Args:
        colors: The colors of the terminals.
        monochrome: True for ``NO_COLOR``: Textual then turns all colors into grays.
        erases: True if the terminals erase in color.
    """

    def __init__(self, colors: ColorSystem, monochrome: bool, erases: bool) -> None:
        self.theirs, self.ours = Emulated(), Emulated()
        self._colors = colors
        self._console = Console(file=io.StringIO(), force_terminal=True, color_system=COLOR_SYSTEMS[colors])
        self._filters = [Monochrome()] if monochrome else []
        self._erases = erases
        self._cells = self._frame(WIDTH)

    def draw(self, change: Sequence[Strip] | Part) -> None:
        if isinstance(change, Part):
            self._show(chop(change._replace(strip=self._filtered(change.strip))))
        else:
            self._show(layout([self._filtered(line) for line in change], self._cells.width))

    def resize(self, resized: Resized) -> None:
        for terminal in (self.theirs, self.ours):
            terminal.screen.resize(HEIGHT, resized.width)
        self._cells = self._frame(resized.width)
        self.draw(resized.lines)

    def _frame(self, width: int) -> CellFrame:
        cells = frame(width, colors=self._colors)
        cells.erases_in_color = self._erases
        return cells

    def suspend(self) -> None:
        self.ours.write("\x1b[3mother output\x1b[4;4H")
        self._cells.forget()
        self.ours.write(self._cells.take_changes((0, 0)))

    def _filtered(self, strip: Strip) -> Strip:
        strip = Strip([Segment(text, style or Style()) for text, style, _ in strip], strip.cell_length)
        for line_filter in self._filters:
            strip = strip.apply_filter(line_filter, Color(0, 0, 0))
        return Strip([Segment(text, _fresh(style)) for text, style, _ in strip], strip.cell_length)

    def _show(self, update: LayoutUpdate | ChopsUpdate) -> None:
        self.theirs.write(update.render_segments(self._console))
        self._cells.draw(update)
        self.ours.write(self._cells.take_changes(None))


@given(st.sampled_from(list(COLOR_SYSTEMS)), st.booleans(), st.booleans(), updates)
def test_the_cells_are_those_of_the_output_of_textual(
    colors: ColorSystem, monochrome: bool, erases: bool, changes: list[list[Strip] | Part | Resized | str]
) -> None:
    terminals = Terminals(colors, monochrome, erases)
    width = WIDTH
    for change in changes:
        if isinstance(change, Resized):
            width = change.width
            terminals.resize(change)
        elif isinstance(change, str):
            terminals.suspend()
        elif isinstance(change, list) or width == WIDTH:
            terminals.draw(change)
        assert terminals.ours.cells == terminals.theirs.cells


@given(st.lists(whole_lines, min_size=HEIGHT, max_size=HEIGHT))
def test_an_unchanged_screen_writes_nothing(lines: list[Strip]) -> None:
    cells = frame()
    cells.draw(layout(lines))
    assert cells.take_changes((3, 2))
    cells.draw(layout([Strip(list(line)) for line in lines]))
    assert cells.take_changes((3, 2)) == ""


@pytest.mark.parametrize("erases", [True, False])
@pytest.mark.parametrize(
    ("before", "after", "output"),
    [
        pytest.param("", "     x", "\x1b[1;6Hx", id="a cell before blanks"),
        pytest.param("ab cd f", "aX cd X", "\x1b[1;2HX cd X", id="a short gap is written again"),
        pytest.param("ab cdefgh", "aX cdefgX", "\x1b[1;2HX\x1b[6CX", id="a long gap is skipped"),
        pytest.param("a              b", "X              Y", "\x1b[1HX\x1b[14CY", id="unchanged blanks"),
    ],
)
def test_only_the_changed_cells_are_written(before: str, after: str, output: str, erases: bool) -> None:
    assert _change(before, after, erases) == output


@pytest.mark.parametrize(
    ("before", "after", "erased", "written"),
    [
        pytest.param("a" + "b" * 16, "a" + " " * 16, "\x1b[1;2H\x1b[K", " " * 16, id="up to the end"),
        pytest.param("a" + "b b" * 5 + "c", "a" + " " * 15 + "c", "\x1b[1;2H\x1b[15X", None, id="with a gap"),
        pytest.param("a" + "b" * 9 + "c", "a" + " " * 9 + "c", "\x1b[1;2H" + " " * 9, None, id="too few"),
        pytest.param("abcd bb", "abcd", "\x1b[1;6H  ", None, id="too few at the end"),
    ],
)
def test_blank_cells_are_erased_if_that_is_shorter(before: str, after: str, erased: str, written: str | None) -> None:
    assert _change(before, after, erases=True) == erased
    assert written is None or _change(before, after, erases=False).endswith(written)


def _change(before: str, after: str, erases: bool) -> str:
    """Return the output that changes one line of text into another."""
    cells = frame(WIDTH, 1)
    cells.erases_in_color = erases
    for text in (before, after):
        cells.draw_strip(0, 0, Strip([Segment(text.ljust(WIDTH))]))
        output = cells.take_changes(None)
    return output


def test_the_looks_of_a_table_change_once_a_line() -> None:
    cells = frame(8, 3)
    for y in range(3):
        cells.draw_strip(0, y, Strip([Segment("a b ", Style(color="#102030")), Segment("c", Style(color="#405060"))]))
    assert cells.take_changes(None).count("m") == 4, "the second line begins with the look at the end of the first"


def test_blank_cells_are_erased_if_the_terminal_fills_them_with_the_background() -> None:
    cells = frame()
    cells.erases_in_color = True
    cells.draw(layout([Strip.blank(WIDTH, Style(bgcolor="blue")), *[Strip.blank(WIDTH)] * (HEIGHT - 1)]))
    erased = ["\x1b[1H\x1b[0;44m\x1b[K", "\x1b[0m\x1b[K", *["\x1b[K"] * 3]
    assert cells.take_changes((0, 0)) == "\r\n".join(erased) + "\x1b[1H"
    cells.draw(layout([Strip([Segment("x" + " " * 22 + "y", Style(underline=True))])]))
    assert cells.take_changes((0, 0)).endswith("mx" + " " * 22 + "y\r"), "an underline is visible"


@pytest.mark.parametrize(
    ("before", "after", "output"),
    [
        pytest.param([("a", "red"), ("b", "red")], [("a", "red"), (" ", "blue")], "\x1b[1;2H ", id="the pen stays"),
        pytest.param([(" ", "red")], [(" ", "blue")], "", id="it looks the same"),
        pytest.param([("a", "red"), ("b", "red")], [("a", "red"), (" ", "on blue")], "\x1b[1;2H\x1b[44m ", id="filled"),
        pytest.param([("a", "red")], [(" ", "underline blue")], "\x1b[1H\x1b[4;34m ", id="underlined"),
        pytest.param([("a", "underline red")], [(" ", "blue")], "\x1b[1H\x1b[0;34m ", id="no longer underlined"),
    ],
)
def test_a_blank_needs_no_foreground(before: list[tuple[str, str]], after: list[tuple[str, str]], output: str) -> None:
    cells = frame(len(before), 1, ColorSystem.STANDARD)
    for parts in (before, after):
        cells.draw_strip(0, 0, Strip([Segment(text, Style.parse(style)) for text, style in parts]))
        written = cells.take_changes(None)
    assert written == output


def test_no_link_stays_open_behind_an_output() -> None:
    cells = frame(2, 1)
    cells.draw_strip(0, 0, Strip([Segment("a"), Segment("b", Style(link="https://example.com"))]))
    assert cells.take_changes(None).endswith("b\x1b]8;;\x1b\\")
    cells.forget()
    assert cells.take_changes(None).endswith("b\x1b]8;;\x1b\\")
    assert cells.take_changes(None) == ""


def test_the_first_move_of_an_output_is_absolute_and_the_cursor_stays_without_a_field() -> None:
    cells = frame(5, 1)
    cells.draw_strip(0, 0, Strip([Segment("abcde")]))
    assert cells.take_changes(None) == "\x1b[1H\x1b[0mabcde"
    cells.draw_strip(0, 0, Strip([Segment("abXde")]))
    assert cells.take_changes(None) == "\x1b[1;3HX"
    cells.draw_strip(0, 0, Strip([Segment("abXYe")]))
    assert cells.take_changes(None) == "\x1b[1;4HY"
    assert cells.take_changes(None) == ""


def test_a_text_that_is_longer_than_its_strip_claims_keeps_its_line() -> None:
    cells = frame()
    cells.draw_strip(0, 0, Strip([Segment("x" * 40), Segment("y" * 40)], 3))
    terminal = Emulated()
    terminal.write(cells.take_changes((0, 0)))
    assert terminal.screen.display[0].rstrip() == "xxx"


@pytest.mark.parametrize("control", "\x1b\x00\x07\n\x7f\x9b\x85\u200f\u202e\u2066")
@pytest.mark.parametrize("letter", "aé")
def test_control_characters_never_reach_the_terminal(letter: str, control: str) -> None:
    assert _output_of(letter + control + "[2Jb") == _output_of(letter + "[2Jb")


def _output_of(text: str) -> str:
    cells = frame()
    cells.draw_strip(0, 0, Strip([Segment(text)]))
    return cells.take_changes(None)


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
