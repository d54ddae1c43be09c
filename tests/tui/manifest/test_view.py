"""The manifest view: drawing, scrolling, the digest cursor and search."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest
from textual.content import Content
from textual.widgets import Input

from ecrtui.tui.manifest.document import prepare_manifest
from ecrtui.tui.manifest.view import ManifestView
from ecrtui.tui.text_document import TextRange
from tests.support.host import WidgetApp, rendered_lines, resize


def digest(number: int) -> str:
    return f"sha256:{number:064x}"


def index(count: int) -> str:
    manifests = [{"mediaType": "m", "digest": digest(number), "size": number} for number in range(count)]
    return json.dumps({"schemaVersion": 2, "manifests": manifests}, indent=2)


async def test_lines_are_numbered_and_long_lines_wrap() -> None:
    view = ManifestView(prepare_manifest('{\n  "a": "' + "x" * 60 + '"\n}'))
    async with WidgetApp(view).run_test(size=(41, 8)):
        assert rendered_lines(view) == [
            "  1 {",
            '  2   "a": "' + "x" * 28,
            "    " + "x" * 32 + '"',
            "  3 }",
            "",
            "",
            "",
            "",
        ]


async def test_long_lines_scroll_without_wrapping() -> None:
    view = ManifestView(prepare_manifest('{\n  "a": "' + "x" * 60 + 'END"\n}'))
    async with WidgetApp(view).run_test(size=(41, 8)) as pilot:
        await pilot.press("w")
        assert [line[:5] for line in rendered_lines(view)[:3]] == ["  1 {", "  2  ", "  3 }"]
        await pilot.press(*["l"] * 9)
        assert rendered_lines(view)[1].endswith('END"')
        assert rendered_lines(view)[0].strip() == "1"
        await pilot.press(*["h"] * 9)
        assert rendered_lines(view)[0] == "  1 {"


async def test_tab_visits_the_digests_and_then_the_next_widget() -> None:
    view = ManifestView()
    app = WidgetApp(view, before=Input())
    async with app.run_test(size=(100, 12)) as pilot:
        view.show(prepare_manifest(index(3)))
        await pilot.pause()
        assert view.digest is None
        assert not any(line.startswith("▸") for line in rendered_lines(view))
        await pilot.press("tab", "n", "tab", "shift+tab", "shift+tab", "tab", "tab")
        found = [message.digest for message in app.messages_of(ManifestView.DigestHighlighted)]
        assert found == [None, *(digest(number) for number in (0, 1, 2, 1, 0, 1, 2))]
        assert [f'"digest": "{digest(2)}"' in line for line in rendered_lines(view) if line.startswith("▸")] == [True]
        await pilot.press("tab")
        assert app.focused is not view
        view.focus()
        await pilot.press("shift+tab", "shift+tab", "shift+tab")
        assert view.digest is None
        await pilot.press("shift+tab")
        assert app.focused is not view


async def test_enter_and_a_double_click_select_the_digest() -> None:
    view = ManifestView(prepare_manifest(index(3)))
    app = WidgetApp(view)
    async with app.run_test(size=(100, 20)) as pilot:
        await pilot.press("enter", "tab", "enter")
        row = next(number for number, line in enumerate(rendered_lines(view)) if digest(1) in line)
        column = rendered_lines(view)[row].index("sha256")
        await pilot.click(view, offset=(column + 5, row))
        assert view.digest == digest(1)
        await pilot.click(view, offset=(column + 5, row), times=2)
        await pilot.click(view, offset=(2, 0), times=2)
        assert [message.digest for message in app.messages_of(ManifestView.DigestSelected)] == [digest(0), digest(1)]


async def test_a_text_without_digests_has_no_cursor() -> None:
    view = ManifestView()
    app = WidgetApp(view)
    async with app.run_test(size=(60, 10)) as pilot:
        view.show(prepare_manifest("not JSON at all"))
        await pilot.press("n", "enter")
        assert view.digest is None
        assert [message.digest for message in app.messages_of(ManifestView.DigestHighlighted)] == [None]
        assert not app.messages_of(ManifestView.DigestSelected)


async def test_go_to_digest_scrolls_to_it() -> None:
    view = ManifestView(prepare_manifest(index(500)))
    async with WidgetApp(view).run_test(size=(100, 12)):
        assert view.go_to_digest(digest(400))
        assert any(digest(400) in line and line.startswith("▸") for line in rendered_lines(view))
        assert not view.go_to_digest(digest(9999))


async def test_search_cycles_and_an_empty_search_ends_it() -> None:
    view = ManifestView(prepare_manifest(index(50)))
    async with WidgetApp(view).run_test(size=(90, 12)) as pilot:
        assert view.search('"SIZE": 4') == 11
        assert view.found == (1, 11)
        assert any('"size": 4' in line for line in rendered_lines(view))
        await pilot.press("N")
        assert view.found == (11, 11)
        assert any('"size": 49' in line for line in rendered_lines(view))
        await pilot.press("n", "n")
        assert view.found == (2, 11)
        assert view.search("nowhere") == 0
        assert view.search("") == 0
        await pilot.press("n")
        assert view.digest == digest(0)


async def test_a_match_far_to_the_right_is_scrolled_to() -> None:
    view = ManifestView(prepare_manifest("x" * 5_000 + "needle" + "x" * 5_000), wrap=False)
    async with WidgetApp(view).run_test(size=(60, 8)):
        view.search("needle")
        assert "needle" in rendered_lines(view)[0]


@pytest.mark.parametrize("wrap", [True, False])
@pytest.mark.parametrize(
    "written",
    [
        lambda: index(30_000)[:4_194_304],
        lambda: json.dumps(json.loads(index(23_000)))[:4_194_304],
        lambda: '"' + "\\" * 4_194_303,
    ],
    ids=["lines", "one line", "backslashes"],
)
async def test_drawing_4_mib_costs_only_the_visible_part(written: Callable[[], str], wrap: bool) -> None:
    source = written()
    view = ManifestView(wrap=wrap)
    async with WidgetApp(view).run_test(size=(80, 24)) as pilot:
        drawn: list[int] = []
        original = view._content

        def recorded(part: TextRange) -> Content:
            drawn.append(part.end - part.start)
            return original(part)

        view._content = recorded  # type: ignore[method-assign]
        view.show(prepare_manifest(source))
        await pilot.press("G", "g", "ctrl+d")
        await pilot.pause()
        assert sum(drawn) < 24 * 80 * 8
        assert view.prepared.text == source


async def test_hostile_text_is_visible_and_harmless() -> None:
    view = ManifestView(prepare_manifest('{"a": "\x1b]0;pwned\x07[/] [@click=app.quit]\u202e\ud800 漢字",\r\n "b": 1}'))
    app = WidgetApp(view)
    async with app.run_test(size=(100, 8)):
        assert rendered_lines(view)[0] == '  1 {"a": "␛]0;pwned␇[/] [@click=app.quit]‹202E›‹D800› 漢字",␍'
        drawn = "".join(segment.text for strip in app.screen._compositor.render_strips() for segment in strip)
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e\ud800]", drawn)


@pytest.mark.parametrize("size", [(60, 15), (160, 50), (20, 4), (8, 3)])
@pytest.mark.parametrize("wrap", [True, False])
async def test_every_line_has_the_width_of_the_view(size: tuple[int, int], wrap: bool) -> None:
    view = ManifestView(prepare_manifest(index(20) + "\n漢字" * 30), wrap=wrap)
    async with WidgetApp(view).run_test(size=size) as pilot:
        for _ in range(3):
            assert {view.render_line(y).cell_length for y in range(view.size.height)} == {
                view.scrollable_content_region.width
            }
            await pilot.press("l", "ctrl+d")


async def test_the_top_line_stays_when_wrapping_or_the_size_changes() -> None:
    view = ManifestView(prepare_manifest(index(200)))
    async with WidgetApp(view).run_test(size=(60, 12)) as pilot:
        await pilot.press(*["ctrl+d"] * 9)
        top = next(line for line in rendered_lines(view) if line[:7].strip()).split()[0]
        await pilot.press("w")
        assert abs(int(rendered_lines(view)[0].split()[0]) - int(top)) <= 1
        await resize(pilot, 100, 20)
        assert abs(int(rendered_lines(view)[0].split()[0]) - int(top)) <= 1


async def test_another_theme_changes_the_colors() -> None:
    view = ManifestView(prepare_manifest(index(2)))
    app = WidgetApp(view)
    async with app.run_test(size=(60, 12)) as pilot:
        seen = []
        for name in ("ecrtui-dark", "ecrtui-light", "ecrtui-contrast", "ecrtui-16"):
            app.theme = name
            await pilot.pause()
            seen.append(tuple(str(segment.style) for segment in view.render_line(1)))
        assert len(set(seen)) == 4
