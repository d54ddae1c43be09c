"""The compositor draws what an update shows, and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.color import ColorSystem
from textual._compositor import ChopsUpdate, Compositor, LayoutUpdate
from textual.app import App, ComposeResult
from textual.containers import Container
from textual.geometry import Region, Size
from textual.screen import ModalScreen, Screen
from textual.strip import Strip
from textual.widgets import Static

from ecrtui.tui.textual_fixes.cell_frame import CellFrame
from ecrtui.tui.textual_fixes.cell_looks import Look, LookTable
from ecrtui.tui.textual_fixes.seen_lines import DrawsSeenLines, SeenLinesCompositor

SIZE = Size(24, 10)


class Box(Static):
    """A text that records which of its lines are drawn."""

    def __init__(self, name: str) -> None:
        super().__init__("\n".join(f"{name}{line} " * 8 for line in range(SIZE.height)), id=name)
        self.drawn: list[Region] = []

    def render_lines(self, crop: Region) -> list[Strip]:
        self.drawn.append(crop)
        return super().render_lines(crop)


class PlainScreen(Screen[None]):
    """Boxes beside, above and inside each other, some of them cut off."""

    DEFAULT_CSS = """
    PlainScreen { layers: default high; overflow: hidden; }
    #wide { width: 24; height: 4; }
    #left { width: 9; height: 1fr; border: round red; }
    #right { width: 1fr; height: 1fr; overflow: hidden; }
    #inner { width: 30; height: 8; background: green; }
    #above { layer: high; position: absolute; offset: 5 2; width: 8; height: 4; background: blue; }
    #edge { layer: high; position: absolute; offset: 18 7; width: 12; height: 6; }
    #row { layout: horizontal; height: 1fr; }
    """

    def compose(self) -> ComposeResult:
        yield Box("wide")
        yield Container(Box("left"), Container(Box("inner"), id="right"), id="row")
        yield Box("above")
        yield Box("edge")


class BoxScreen(DrawsSeenLines, PlainScreen):
    """The same screen with our compositor."""


class BoxDialog(DrawsSeenLines, ModalScreen[None]):
    """A box above the screen below, which shines through around it."""

    DEFAULT_CSS = """
    BoxDialog { align: center middle; background: black 50%; }
    #dialog { width: 10; height: 4; }
    """

    def compose(self) -> ComposeResult:
        yield Box("dialog")


class BoxApp(App[None]):
    """An application with this screen."""

    def __init__(self, screen: type[Screen[None]] = BoxScreen) -> None:
        super().__init__()
        self._first = screen

    def get_default_screen(self) -> Screen[None]:
        return self._first()


def cells(update: object) -> list[tuple[list[str], list[Look]]]:
    """Return what an update shows on a terminal, with a mark where it shows nothing."""
    frame = CellFrame(SIZE.width, SIZE.height, LookTable(ColorSystem.TRUECOLOR))
    frame.draw(LayoutUpdate([[Strip.blank(SIZE.width)] for _ in range(SIZE.height)], SIZE.region))
    if update is not None:
        assert isinstance(update, LayoutUpdate | ChopsUpdate)
        frame.draw(update)
    return [(line.wanted, line.looks) for line in frame._lines]


regions = st.builds(
    lambda x, y, width, height: Region(x, y, width, height).intersection(SIZE.region),
    st.integers(0, SIZE.width - 1),
    st.integers(0, SIZE.height - 1),
    st.integers(1, SIZE.width),
    st.integers(1, SIZE.height),
)


@pytest.mark.parametrize("dialog", [False, True])
async def test_an_update_shows_what_that_of_textual_shows(dialog: bool) -> None:
    app = BoxApp()
    async with app.run_test(size=SIZE) as pilot:
        if dialog:
            await app.push_screen(BoxDialog())
        await pilot.pause()
        compositor = app.screen._compositor
        assert isinstance(compositor, SeenLinesCompositor)
        stack = app._background_screens

        @given(changed=st.sets(regions, max_size=4))
        def check(changed: set[Region]) -> None:
            compositor._dirty_regions = set(changed)
            ours = cells(compositor.render_update(screen_stack=list(stack)))
            assert not compositor._dirty_regions
            plain = Compositor.render_partial_update
            compositor._dirty_regions = set(changed)
            assert ours == cells(plain(compositor) if SIZE.region not in changed else textual_full(compositor))

        check()
        compositor._dirty_regions = {SIZE.region}


def textual_full(compositor: Compositor) -> LayoutUpdate:
    """Draw the whole screen as Textual does."""
    chops = Compositor._render_chops(compositor, SIZE.region, lambda y: True)
    return LayoutUpdate([chop.values() for chop in chops], SIZE.region)


@pytest.mark.parametrize(
    ("screen", "drawn"),
    [(BoxScreen, {"above": 3}), (PlainScreen, {"edge": 3, "above": 4, "left": 6, "inner": 6, "wide": 4})],
)
async def test_textual_draws_covered_and_unchanged_lines_but_our_screens_do_not(
    screen: type[Screen[None]], drawn: dict[str, int]
) -> None:
    app = BoxApp(screen)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause()
        boxes = list(app.screen.query(Box))
        for box in boxes:
            box.drawn.clear()
        app.screen._compositor._dirty_regions = {Region(5, 2, 8, 3)}
        app.screen._compositor.render_update()
        assert {box.id: sum(crop.height for crop in box.drawn) for box in boxes if box.drawn} == drawn
