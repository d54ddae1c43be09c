"""The footer: the active keys, their tooltips and clicks on them."""

from __future__ import annotations

import gc
from collections.abc import Iterable
from typing import ClassVar

from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.widget import Widget
from textual.widgets import Input, Static

from ecrtui.tui.textual_fixes.footer import Footer, KeyHint
from tests.support.host import screen_lines


class Pane(Static, can_focus=True):
    """Something with a key of its own."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("x", "cut", "cut", tooltip="Cut it out")]

    def action_cut(self) -> None:
        self.update("was cut")


class Keys(App[None], inherit_bindings=False):
    """Keys of every kind."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a,b", "twice", "twice"),
        Binding("c", "never", "never"),
        Binding("d", "hidden", "hidden", show=False),
        Binding("e", "not_here", "not here"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.done: list[str] = []
        self.bells = 0

    def compose(self) -> ComposeResult:
        yield Pane("text", id="pane")
        yield Input()
        yield Footer()

    def action_twice(self) -> None:
        self.done.append("twice")

    def action_never(self) -> None:
        self.done.append("never")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return {"never": None, "not_here": False}.get(action, True)

    def bell(self) -> None:
        self.bells += 1


async def test_each_active_action_is_shown_once_with_its_first_key() -> None:
    app = Keys()
    async with app.run_test(size=(60, 10)) as pilot:
        await pilot.pause()
        assert screen_lines(app)[-1] == "x cut a twice c never"


async def test_the_keys_follow_the_focus() -> None:
    app = Keys()
    async with app.run_test(size=(60, 10)) as pilot:
        app.query_one(Input).focus()  # it takes the letters
        await pilot.pause()
        assert "twice" not in screen_lines(app)[-1]
        app.query_one(Pane).focus()
        await pilot.pause()
        assert screen_lines(app)[-1] == "x cut a twice c never"


async def test_the_keys_are_found_once_for_a_frame() -> None:
    checks: list[str] = []

    class Counted(Keys):
        def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
            checks.append(action)
            return super().check_action(action, parameters)

    app = Counted()
    async with app.run_test(size=(60, 10)) as pilot:
        await pilot.pause()
        checks.clear()
        with app.batch_update():
            for _ in range(3):
                app.screen.refresh_bindings()
                await pilot.pause()
            assert not checks
        await pilot.pause()
        assert checks.count("never") == 1


async def test_a_click_on_a_key_presses_it() -> None:
    app = Keys()
    async with app.run_test(size=(60, 10)) as pilot:
        await pilot.pause()
        await pilot.click(Footer, offset=(9, 0))
        await pilot.pause()
        assert app.done == ["twice"]
        await pilot.click(Footer, offset=(2, 0))
        await pilot.pause()
        assert screen_lines(app)[0] == "was cut"


async def test_a_click_beside_the_keys_or_on_a_disabled_key_does_nothing() -> None:
    app = Keys()
    async with app.run_test(size=(60, 10)) as pilot:
        await pilot.pause()
        for x in (5, 16, 50):
            await pilot.click(Footer, offset=(x, 0))
        await pilot.pause()
        assert (app.done, app.bells) == ([], 1)


async def test_hovering_a_key_shows_its_tooltip() -> None:
    app = Keys()
    async with app.run_test(size=(60, 10)) as pilot:
        await pilot.pause()
        footer = app.query_one(Footer)
        await pilot.hover(Footer, offset=(1, 0))
        assert footer.hovered == KeyHint("x", "x", "cut", "Cut it out", enabled=True)
        assert footer.tooltip == "Cut it out"
        await pilot.hover(Pane)
        assert footer.hovered is None


async def test_labels_are_not_markup_and_a_narrow_line_leaves_out_the_last_keys() -> None:
    class Hostile(Keys):
        BINDINGS: ClassVar[list[BindingType]] = [Binding("a", "twice", "[b]漢字 [/]")]

    app = Hostile()
    async with app.run_test(size=(14, 10)) as pilot:
        await pilot.pause()
        assert screen_lines(app)[-1] == "a [b]漢字 [/]"  # the key of the application stays


async def test_a_widget_that_names_its_keys_has_room_before_the_application() -> None:
    class Form(Pane):
        label = "apply"

        def footer_hints(self) -> Iterable[KeyHint]:
            return [KeyHint("enter", "enter", self.label, "Apply it", enabled=True, comes_first=True)]

    class Forms(Keys):
        def compose(self) -> ComposeResult:
            yield Form("text")
            yield Footer()

    app = Forms()
    async with app.run_test(size=(20, 10)) as pilot:
        await pilot.pause()
        assert screen_lines(app)[-1] == "enter apply a twice"
        app.query_one(Form).label = "go to the rows"
        app.query_one(Form).refresh_bindings()
        await pilot.pause()
        assert screen_lines(app)[-1] == "enter go to the rows"


async def test_moving_the_focus_leaks_no_widgets() -> None:
    app = Keys()
    async with app.run_test(size=(60, 10)) as pilot:

        async def round_trip() -> int:
            for target in (Input, Pane):
                app.query_one(target).focus()
                await pilot.pause()
            gc.collect()
            return sum(isinstance(entry, Widget) for entry in gc.get_objects())

        before = await round_trip()
        assert await round_trip() == before


async def test_a_key_that_the_field_takes_as_text_is_not_shown() -> None:
    class Finder(Keys):
        BINDINGS: ClassVar[list[BindingType]] = [Binding("slash,f1", "twice", "find")]

    app = Finder()
    async with app.run_test(size=(60, 10)) as pilot:
        app.query_one(Input).focus()
        await pilot.pause()
        assert "f1 find" in screen_lines(app)[-1]
