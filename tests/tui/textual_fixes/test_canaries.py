"""Canaries: each test fails when Textual no longer needs a workaround, or no longer has the internals that it uses."""

from __future__ import annotations

import asyncio
import gc
import inspect
import pkgutil
import re
import weakref
from collections.abc import Callable
from importlib import import_module
from io import StringIO
from itertools import count
from typing import Any, ClassVar

import pytest
import textual.screen
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual import _time, events, work
from textual._styles_cache import StylesCache
from textual.app import App, ComposeResult
from textual.await_remove import AwaitRemove
from textual.binding import Binding, BindingType
from textual.color import Color
from textual.command import CommandList, CommandPalette, Hit
from textual.containers import Vertical
from textual.dom import DOMNode
from textual.geometry import Region, Size
from textual.message_pump import _MessagePumpMeta
from textual.screen import Screen
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import Footer, Input, Static, TextArea
from textual.widgets.option_list import Option
from textual.worker import WorkerCancelled

from ecrtui.tui import textual_fixes
from ecrtui.tui.textual_fixes import class_definitions, one_shot_timers, removals
from ecrtui.tui.textual_fixes.bare_lines import BareLines
from ecrtui.tui.textual_fixes.fatal_error import ReportingApp
from ecrtui.tui.textual_fixes.first_breakpoints import set_first_breakpoints
from ecrtui.tui.textual_fixes.first_styles import FirstStyles
from ecrtui.tui.textual_fixes.kept_focus import KeptFocus
from ecrtui.tui.textual_fixes.line_input import LineInput
from ecrtui.tui.textual_fixes.palette import Palette
from ecrtui.tui.textual_fixes.segments import component_style
from ecrtui.tui.textual_fixes.styles_cache import clear_styles_cache
from ecrtui.tui.textual_fixes.terminal_app import TerminalApp
from ecrtui.tui.textual_fixes.theme_start import start_with_theme
from ecrtui.tui.textual_fixes.virtual_size import set_virtual_size
from ecrtui.tui.textual_fixes.worker_description import LARGE_ARGUMENTS
from tests.support.screen import TIMEOUT, until


class WidgetsApp(App[None]):
    """A plain Textual application around some widgets."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("x", "press", "press")]

    def __init__(self, *widgets: Widget) -> None:
        super().__init__()
        self.widgets = widgets
        self.presses = 0

    def compose(self) -> ComposeResult:
        yield from self.widgets

    def action_press(self) -> None:
        self.presses += 1


@pytest.mark.parametrize("name", [module.name for module in pkgutil.iter_modules(textual_fixes.__path__)])
def test_each_module_names_its_upstream_issue_and_when_to_delete_it(name: str) -> None:
    docstring = inspect.getdoc(import_module(f"{textual_fixes.__name__}.{name}")) or ""
    assert re.search(r"^Upstream: .+\n(.+\n)*Delete ", docstring, re.MULTILINE)


async def test_textual_lets_keys_overtake_each_other() -> None:
    app = WidgetsApp(Input())
    async with app.run_test() as pilot:
        for key in ("a", "b", "backspace", "c"):
            app.post_message(events.Key(key, key if len(key) == 1 else None))
        await pilot.pause()
        assert app.query_one(Input).value != "ac"


def test_the_styles_cache_keeps_widgets_alive_until_it_is_cleared() -> None:
    cache = StylesCache()
    cache.get_inner_outer(Color(1, 2, 3), Color(4, 5, 6))
    kept = weakref.ref(cache)
    del cache
    gc.collect()
    assert kept() is not None
    clear_styles_cache()
    gc.collect()
    assert kept() is None


class Pane(Static, can_focus=True):
    BINDINGS: ClassVar[list[BindingType]] = [Binding("p", "pane", "pane")]

    def action_pane(self) -> None:
        """Do nothing."""


async def test_the_footer_of_textual_keeps_its_old_widgets() -> None:
    app = WidgetsApp(Pane("text"), Input(), Footer())
    async with app.run_test() as pilot:

        async def widgets_after_a_round_trip() -> int:
            for target in (Input, Pane):
                app.query_one(target).focus()
                await pilot.pause()
            gc.collect()
            return sum(isinstance(entry, Widget) for entry in gc.get_objects())

        before = await widgets_after_a_round_trip()
        assert await widgets_after_a_round_trip() > before


def crash_report(app: App[Any]) -> str:
    """Return what the application prints after an exception in a function with a local variable."""
    report = StringIO()
    credential = "hunter" + "2"
    try:
        int(f"http://me:{credential}@localhost")
    except ValueError as error:
        app._handle_exception(error)
    Console(file=report, width=200).print(*app._exit_renderables)
    return report.getvalue()


def test_textual_prints_local_variables_in_a_crash_report() -> None:
    assert "hunter2" in crash_report(App())


def test_our_crash_report_has_no_local_variables_and_no_secrets() -> None:
    report = crash_report(ReportingApp())
    assert "ValueError" in report
    assert "http://[hidden]@localhost" in report
    assert "hunter2" not in report


class ThreadCrash(ReportingApp):
    """Gets an exception that no block handles at the time, as one of the thread that reads the terminal."""

    def on_mount(self) -> None:
        self.call_later(self._handle_exception, ValueError("a defect"))


class CancelledCrash(ReportingApp):
    """Has its task cancelled."""

    def on_mount(self) -> None:
        task = asyncio.current_task()
        assert task is not None
        self.call_later(task.cancel, "a defect")


class CutShutdown(ReportingApp):
    """Raises an exception, and has its shutdown cancelled."""

    class Cut(Static):
        """Its removal is cancelled."""

        def on_unmount(self) -> None:
            raise asyncio.CancelledError

    def compose(self) -> ComposeResult:
        yield self.Cut()

    def on_mount(self) -> None:
        raise ValueError("a defect")


class LateCrash(ReportingApp):
    """Raises an exception after its shutdown."""

    def on_mount(self) -> None:
        self.late = asyncio.create_task(self.fail_at_end())
        self.exit()

    async def fail_at_end(self) -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self._handle_exception(ValueError("a defect"))


@pytest.mark.parametrize("crashing", [ThreadCrash, CancelledCrash, CutShutdown, LateCrash])
def test_each_crash_is_reported(crashing: type[ReportingApp], capsys: pytest.CaptureFixture[str]) -> None:
    app = crashing()
    app.run(headless=True)
    assert app.return_code == 1
    assert "a defect" in capsys.readouterr().err


class ListedClass(_MessagePumpMeta):
    """Counts how often the names of a class and of its bases are listed."""

    listings = 0

    def __dir__(self) -> list[str]:
        ListedClass.listings += 1
        return list(super().__dir__())


def subclasses(base: type[DOMNode]) -> set[type[DOMNode]]:
    return {base}.union(*map(subclasses, base.__subclasses__())) - {DOMNode}


def test_textual_lists_the_names_of_all_bases_of_each_class() -> None:
    class Listed(Widget, metaclass=ListedClass):
        pass

    ListedClass.listings = 0
    class_definitions.init_subclass(Listed)
    assert ListedClass.listings == 0
    class_definitions.TEXTUALS(Listed)
    assert ListedClass.listings == 1


def test_a_class_that_is_defined_faster_has_all_that_textual_sets() -> None:
    def defined(define: Callable[..., None], cls: type[DOMNode]) -> dict[str, Any]:
        define(
            cls,
            inherit_css=cls._inherit_css,
            inherit_bindings=cls._inherit_bindings,
            inherit_component_classes=cls._inherit_component_classes,
        )
        values = dict(vars(cls))
        return values | {"_merged_bindings": values["_merged_bindings"].key_to_bindings}

    assert len(subclasses(DOMNode)) > 65
    for cls in subclasses(DOMNode):
        ours = defined(class_definitions.init_subclass, cls)
        textuals = defined(class_definitions.TEXTUALS, cls)
        assert ours == textuals
        assert list(ours["_reactives"]) == list(textuals["_reactives"])  # they get their first values in this order


def test_assigning_a_theme_before_the_start_parses_the_style_sheets_again() -> None:
    plain, quick = App[None](), App[None]()
    plain.theme = "nord"
    start_with_theme(quick, "nord")
    assert plain._css_update_count > quick._css_update_count == App[None]()._css_update_count
    assert quick.theme == "nord"
    assert quick.stylesheet._variables["primary"] == plain.get_css_variables()["primary"]


class Lines(ScrollView):
    DEFAULT_CSS = "Lines { scrollbar-gutter: stable; }"

    def render_line(self, y: int) -> Strip:
        return Strip.blank(self.size.width)


def needs_layout(widget: Widget) -> bool:
    return widget._layout_required


async def test_a_new_virtual_size_lays_the_screen_out_unless_set_directly() -> None:
    view = Lines()
    app = WidgetsApp(view)
    async with app.run_test(size=(40, 10)) as pilot:
        view.virtual_size = Size(20, 100)
        await pilot.pause()
        view.virtual_size = Size(20, 200)
        assert needs_layout(view)
        await pilot.pause()
        set_virtual_size(view, Size(20, 300))
        assert not needs_layout(view)
        assert view.vertical_scrollbar.window_virtual_size == 300


async def test_a_new_virtual_size_without_a_scroll_bar_lays_the_screen_out_if_the_widget_is_as_high() -> None:
    view, high = Lines(), Lines()
    high.styles.height = "auto"
    async with WidgetsApp(view, high).run_test(size=(40, 20)) as pilot:
        for each in (view, high):
            each.virtual_size = Size(20, 3)
            await pilot.pause()
            set_virtual_size(each, Size(20, 4))
            assert needs_layout(each) is (each is high)
            assert each.virtual_size.height == 4
            await pilot.pause()
            assert not each.show_vertical_scrollbar


async def test_a_letter_lays_the_screen_out_in_a_plain_field_only() -> None:
    plain, line = Input(), LineInput()
    async with WidgetsApp(plain, line).run_test(size=(40, 10)) as pilot:
        plain.value = "a"
        assert needs_layout(plain)
        await pilot.pause()
        line.value = "a"
        assert not needs_layout(line)
        line.value = "long " * 20
        line.cursor_position = 100
        await pilot.pause()
        assert line.scroll_offset.x > 0


def test_a_screen_has_a_timer_for_its_frames_that_is_only_resumed_and_paused() -> None:
    source = inspect.getsource(textual.screen)
    uses = set(re.findall(r"self\._update_timer\b(\.\w+)?", source))
    assert uses == {".resume", ".pause"}
    assert "UPDATE_PERIOD, self._on_timer_update" in source


class Working(Widget):
    """Starts workers with an argument that records whether it is written out."""

    written: ClassVar[list[str]] = []

    class Large:
        def __repr__(self) -> str:
            Working.written.append("repr")
            return "large"

    @work
    async def described(self, value: Large) -> None: ...

    @work(description=LARGE_ARGUMENTS)
    async def not_described(self, value: Large) -> None: ...


async def test_textual_writes_out_the_arguments_of_a_worker_without_a_description() -> None:
    widget = Working()
    async with WidgetsApp(widget).run_test():
        widget.not_described(Working.Large())
        assert not widget.written
        widget.described(Working.Large())
        assert widget.written


async def open_palette(pilot: Any, palette: CommandPalette) -> CommandList:
    """Open a palette whose list of commands has no size."""
    pilot.app.push_screen(palette)
    await pilot.pause()
    commands = palette.query_one(CommandList)
    commands.display = False
    await pilot.pause()
    commands.set_options([Option("one"), Option("two")])
    commands.highlighted = 1
    return commands


async def test_a_page_key_breaks_the_palette_of_textual() -> None:
    async with App[None]().run_test() as pilot:
        palette = CommandPalette()
        await open_palette(pilot, palette)
        with pytest.raises(KeyError):
            palette._action_command_list("page_up")


async def test_a_page_key_does_nothing_in_our_palette_without_a_size() -> None:
    async with App[None]().run_test() as pilot:
        palette = Palette()
        commands = await open_palette(pilot, palette)
        palette._action_command_list("page_up")
        assert commands.highlighted == 1


@pytest.mark.parametrize(("kind", "screens_left"), [(CommandPalette, 1), (Palette, 2)])
async def test_two_clicks_outside_the_palette_close_the_screen_below(
    kind: type[CommandPalette], screens_left: int
) -> None:
    async with App[None]().run_test() as pilot:
        pilot.app.push_screen(Screen())
        palette = kind()
        await pilot.app.push_screen(palette)
        palette.dismiss()
        palette.dismiss()
        await pilot.pause()
        assert len(pilot.app.screen_stack) == screens_left


@pytest.mark.parametrize(("kind", "runs"), [(CommandPalette, 2), (Palette, 1)])
async def test_two_clicks_on_a_command_of_the_palette_run_it_twice(kind: type[CommandPalette], runs: int) -> None:
    ran: list[str] = []
    async with App[None]().run_test() as pilot:
        pilot.app.push_screen(Screen())
        palette = kind()
        await pilot.app.push_screen(palette)
        palette._list_visible = False  # as after the choice of a command
        palette._selected_command = Hit(1, "one", lambda: ran.append("one"))
        palette._select_or_command()
        palette._select_or_command()
        await pilot.pause()
        assert len(ran) == runs


async def test_a_text_area_converts_the_line_ends_of_pasted_text() -> None:
    area = TextArea("first\nsecond\n")
    async with WidgetsApp(area).run_test() as pilot:
        area.focus()
        pilot.app.post_message(events.Paste("a\r\nb"))
        await pilot.pause()
        assert "\r" not in area.text
        assert area.text != "first\nsecond\n"


async def test_a_read_only_text_area_lets_letters_run_bindings() -> None:
    app = WidgetsApp(TextArea("text", read_only=True))
    async with app.run_test() as pilot:
        app.query_one(TextArea).focus()
        await pilot.press("x")
        assert app.presses == 1


class Styled(Static):
    COMPONENT_CLASSES: ClassVar[set[str]] = {"styled--cursor"}
    DEFAULT_CSS = "Styled > .styled--cursor { background: red; color: white; text-style: reverse; }"


async def test_a_partial_visual_style_loses_the_background() -> None:
    widget = Styled("text")
    async with WidgetsApp(widget).run_test():
        red = Color.parse("red")
        assert widget.get_visual_style("styled--cursor", partial=True).background != red
        assert component_style(widget, "styled--cursor").background == red
        assert component_style(widget, "styled--cursor").reverse


class StyledWidget(Static):
    """A widget that counts how often styles are applied to it."""

    times = 0

    def notify_style_update(self) -> None:
        self.times += 1
        super().notify_style_update()


class StyledScreen(Screen[None]):
    """A screen with such a widget."""

    def compose(self) -> ComposeResult:
        yield StyledWidget("text")


class StyledOnceScreen(FirstStyles, StyledScreen):
    """The same with our way to apply the first styles."""


@pytest.mark.parametrize(("screen", "times"), [(StyledScreen(), 2), (StyledOnceScreen(), 1)])
async def test_textual_applies_the_first_styles_of_a_screen_twice(screen: StyledScreen, times: int) -> None:
    async with App[None]().run_test() as pilot:
        await pilot.app.push_screen(screen)
        await pilot.pause()
        assert screen.query_one(StyledWidget).times == times


class WideScreen(Screen[None]):
    """A screen that records the classes that it has in its first frame."""

    def __init__(self, early: bool) -> None:
        super().__init__()
        self.HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (60, "-wide")]
        self.early = early
        self.first_classes: frozenset[str] | None = None

    def compose(self) -> ComposeResult:
        if self.early:
            set_first_breakpoints(self)
        yield Static("text")

    def render_lines(self, crop: Any) -> list[Strip]:
        if self.first_classes is None:
            self.first_classes = self.classes
        return super().render_lines(crop)


@pytest.mark.parametrize("early", [False, True])
async def test_the_first_frame_of_a_screen_has_no_breakpoint_classes_unless_set_early(early: bool) -> None:
    async with App[None]().run_test(size=(80, 24)) as pilot:
        screen = WideScreen(early)
        await pilot.app.push_screen(screen)
        await pilot.pause()
        assert screen.first_classes is not None
        assert ("-wide" in screen.first_classes) is early
        assert screen.has_class("-wide")


async def test_a_timer_of_textual_without_an_interval_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Timer, "__init__", one_shot_timers._create)
    timer = Timer(App(), 0, repeat=0)
    with pytest.raises(ZeroDivisionError):
        await timer._run()


async def test_a_timer_of_textual_that_starts_late_never_fires(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Timer, "__init__", one_shot_timers._create)
    fired = asyncio.Event()
    timer = Timer(App(), 0.5, repeat=0, callback=fired.set)
    with monkeypatch.context() as busy:
        busy.setattr(_time, "get_time", count().__next__)  # a second between any two steps
        await timer._run()
    assert not fired.is_set()


@pytest.mark.parametrize("interval", [0, -1.5])
async def test_a_timer_whose_time_has_come_fires_at_once(interval: float) -> None:
    fired = asyncio.Event()
    async with TerminalApp().run_test() as pilot:
        pilot.app.set_timer(interval, fired.set)
        await asyncio.wait_for(fired.wait(), TIMEOUT)


async def test_a_busy_machine_does_not_keep_a_new_size_from_the_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    size, laid_out = Size(100, 30), asyncio.Event()

    def check(screen: Screen[None]) -> None:
        if screen.outer_size == size:
            laid_out.set()

    async with TerminalApp().run_test(size=(80, 24)) as pilot:
        pilot.app.screen.screen_layout_refresh_signal.subscribe(pilot.app, check, immediate=True)
        monkeypatch.setattr(_time, "get_time", count().__next__)  # a second between any two steps
        pilot.app.post_message(events.Resize(size, size))
        await asyncio.wait_for(laid_out.wait(), TIMEOUT)


class WaitingToUnmount(Static):
    """A widget whose removal takes as long as a test wants."""

    def __init__(self) -> None:
        super().__init__()
        self.unmounting, self.may_end = asyncio.Event(), asyncio.Event()

    async def on_unmount(self) -> None:
        self.unmounting.set()
        await self.may_end.wait()


async def cancel_removal(app: App[None]) -> bool:
    """Cancel the worker that removes a widget. Return True if the widget is gone at the end."""
    widget = WaitingToUnmount()

    async def remove() -> None:
        await widget.remove()

    async with app.run_test():
        await app.screen.mount(widget)
        worker = app.run_worker(remove(), exit_on_error=False)
        await widget.unmounting.wait()
        worker.cancel()
        with pytest.raises(WorkerCancelled):
            await worker.wait()
        widget.may_end.set()
        # Textual has no event for either. A pilot would wait half a minute for an application that has ended.
        while widget.is_attached and app.is_running:  # noqa: ASYNC110
            await asyncio.sleep(0)
        return not widget.is_attached


async def test_textual_ends_when_a_worker_is_cancelled_that_removes_a_widget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(AwaitRemove, "__await__", removals._wait_for_removal)
    with pytest.raises(asyncio.CancelledError):
        await cancel_removal(App())


async def test_a_removal_goes_on_when_its_worker_is_cancelled() -> None:
    assert await cancel_removal(TerminalApp())


class NumberedLines(BareLines):
    """Lines that are shorter than the widget."""

    def render_line(self, y: int) -> Strip:
        return Strip([Segment(f"line {y}", Style(color="red", dim=True))])


@pytest.mark.parametrize(
    "style",
    [
        *("", "border: round red", "outline: round red", "padding: 1 2", "tint: red 50%", "opacity: 50%"),
        *(
            "text-opacity: 50%",
            "hatch: cross red",
            "background: green 50%",
            "border-left: solid red",
            "padding: 0 2 0 1",
        ),
        *("border-right: tall red 50%; padding: 0 1", "border-left: blank; border-right: round red"),
    ],
)
async def test_bare_lines_are_those_of_textual(style: str) -> None:
    lines = NumberedLines()
    app = WidgetsApp(lines)
    app.stylesheet.add_source(f"NumberedLines {{ {style}; }}" if style else "")
    async with app.run_test(size=(20, 6)) as pilot:
        await pilot.pause()
        for crop in (Region(0, 0, 20, 6), Region(3, 1, 5, 2)):
            drawn, expected = lines.render_lines(crop), Widget.render_lines(lines, crop)
            assert [list(strip) for strip in drawn] == [list(strip) for strip in expected]


class PlainLines(BareLines):
    """Lines without the colors of the terminal, which a filter replaces."""

    line = Strip([Segment("plain".ljust(20), Style(color="#102030", bgcolor="#000000"))])

    def render_line(self, y: int) -> Strip:
        return self.line


@pytest.mark.parametrize("line_type", [PlainLines, NumberedLines])
async def test_bare_lines_are_filtered_until_the_filters_change_nothing(line_type: type[BareLines]) -> None:
    lines, crop = line_type(), Region(0, 0, 20, 6)
    app = WidgetsApp(lines)
    async with app.run_test(size=(20, 6)) as pilot:
        await pilot.pause()
        for _ in range(2):
            drawn = lines.render_lines(crop)
        assert list(drawn[1]) == list(Widget.render_lines(lines, crop)[1])
        assert (drawn[1] is PlainLines.line) == (line_type is PlainLines)


@pytest.mark.parametrize(("screen", "keeps"), [(Screen[None], False), (KeptFocus, True)])
async def test_a_widget_that_is_hidden_and_shown_again_at_once_loses_the_focus(
    screen: type[Screen[None]], keeps: bool
) -> None:
    """Textual takes the focus away; our screen does not, but it does from a widget that stays hidden."""
    first, second = TextArea(), TextArea()
    async with App[None]().run_test() as pilot:
        await pilot.app.push_screen(screen())
        await pilot.app.screen.mount(first, second)
        first.focus()
        await pilot.pause()
        for display in (False, True):
            first.display = display
            pilot.app.screen._refresh_layout()  # at once, before the widget handles its events
        await pilot.pause()  # a widget that keeps the focus handles its events
        await until(pilot, lambda _: pilot.app.focused is (first if keeps else second))
        pilot.app.screen.set_focus(first)
        first.display = False
        await until(pilot, lambda _: pilot.app.focused is second)


@pytest.mark.parametrize(("screen", "keeps"), [(Screen[None], False), (KeptFocus, True)])
async def test_a_widget_loses_the_focus_while_its_container_is_hidden(screen: type[Screen[None]], keeps: bool) -> None:
    """Textual gives the focus to nothing, so that keys go to the screen; ours lets a field take them while it loads."""
    box = Vertical(field := Input())
    async with App[None]().run_test() as pilot:
        await pilot.app.push_screen(screen())
        await pilot.app.screen.mount(box)
        field.focus()
        await pilot.pause()
        box.display = False
        await pilot.pause()  # the container is hidden
        await pilot.pause()  # a field that keeps the focus handles its event
        await until(pilot, lambda _: (pilot.app.focused is field) == keeps)
        await pilot.press("a")
        assert field.value == ("a" if keeps else "")
