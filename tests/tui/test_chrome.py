"""Common to all screens: help, command palette, themes, small terminals and terminals without color."""

from __future__ import annotations

import re
import threading
import tomllib
from pathlib import Path

import pytest
from rich.segment import Segment
from textual.color import Color
from textual.pilot import Pilot

from ecrtui.emulator.service import EmbeddedRegistry
from ecrtui.paths import settings_file, themes_folder
from ecrtui.tui import actions
from tests.support.embedded import client_for, create_repository, new_embedded, push_image
from tests.support.screen import (
    app_of,
    open_pane,
    paste,
    retag,
    row_of,
    running,
    screen_text,
    type_text,
    until,
    until_gone,
    until_idle,
)


async def test_help_lists_every_key_that_works_on_the_screen(one_image: EmbeddedRegistry) -> None:
    async with running(one_image, "team/app", size=(120, 80), elsewhere=True, read_only=True) as pilot:
        await until(pilot, "1 image ·")
        await until_idle(pilot, "parts")  # until then, there may be indexes to read
        await pilot.press("question_mark")
        screen = await until(pilot, "Keyboard shortcuts")
        for action in actions.of("app", "screen", "list", "row", "images", "image", "marks", "table"):
            # There is no index to read, and no room for a manifest.
            works = bool(action.keys) and action.id not in ("images.read_indexes", "images.manifest")
            assert works == (bool(action.keys) and action.help in screen), action.id
        assert "Plan to undo every write" not in screen  # Activity only
        assert "ctrl+" not in row_of(screen, "Quit; a write")
        assert "^c" in row_of(screen, "Quit; a write")


async def test_help_groups_keys_under_titles_without_ids(one_image: EmbeddedRegistry) -> None:
    async with running(one_image, "team/app:v1", size=(120, 80)) as pilot:
        await open_pane(pilot, "manifest")
        await until(pilot, '"schemaVersion": 2')
        await pilot.press("o")
        await pilot.press("question_mark")
        screen = await until(pilot, "Keyboard shortcuts")
        assert "Move in the contents" in screen
        assert "structure" not in screen


async def test_help_includes_the_keys_of_an_open_form(one_image: EmbeddedRegistry) -> None:
    async with running(one_image, "team/app", size=(120, 60)) as pilot:
        await until(pilot, "1 image ·")
        await retag(pilot, "prod")
        await pilot.press("enter")
        await until(pilot, "Protected")
        app_of(pilot).action_help()
        screen = await until(pilot, "Keyboard shortcuts")
        assert "Plan form" in screen
        assert "Cancel, or close the result" in screen


async def test_an_action_without_a_default_key_can_be_given_one(one_image: EmbeddedRegistry) -> None:
    async with running(one_image, "team/app", keys={"images.swap": "f6"}) as pilot:
        await until(pilot, "1 image ·")
        await pilot.press("f6")
        await until(pilot, "Plan › Swap two tags")


async def test_an_unknown_id_in_the_keymap_is_reported_at_start(one_image: EmbeddedRegistry) -> None:
    async with running(one_image, size=(120, 30), keys={"image.retga": "f2"}) as pilot:
        await until(pilot, lambda screen: "'image.retga'" in screen and "'image.retag'" in screen)


async def test_an_unknown_key_in_the_keymap_is_reported_at_start(one_image: EmbeddedRegistry) -> None:
    async with running(one_image, size=(120, 30), keys={"image.retag": "F2"}) as pilot:
        await until(pilot, lambda screen: "Unknown key 'F2' for image.retag" in screen and "'f2'" in screen)


async def test_the_palette_includes_actions_of_the_focused_widget(one_image: EmbeddedRegistry) -> None:
    async with running(one_image, "team/app:v1", size=(120, 120)) as pilot:
        await until(pilot, "last pulled")
        await pilot.press("colon")
        await until(pilot, "Wrap or scroll long lines")


async def test_help_follows_the_user_s_own_keys(one_image: EmbeddedRegistry) -> None:
    async with running(one_image, "team/app", size=(120, 60), keys={"image.retag": "f2"}) as pilot:
        await until(pilot, "1 image ·")
        await pilot.press("t")
        await pilot.press("question_mark")
        screen = await until(pilot, "Keyboard shortcuts")
        line = next(line for line in screen.splitlines() if "Give this image another tag" in line)
        assert "f2" in line
        await pilot.press("escape", "f2")
        await until(pilot, "new tags, separated")


async def test_the_palette_offers_the_actions_of_the_screen_and_runs_them(one_image: EmbeddedRegistry) -> None:
    async with running(one_image, "team/app") as pilot:
        await until(pilot, "1 image ·")
        await pilot.press("colon")
        await until(pilot, "Copy a URI, a digest, a tag or a command line")
        await type_text(pilot, "describe")
        await until_gone(pilot, "Copy a URI")
        await until(pilot, "Show all details of the row")
        await pilot.press("enter")
        await until(pilot, "imageManifestMediaType")


async def test_a_chosen_theme_applies_at_once_and_is_remembered(one_image: EmbeddedRegistry) -> None:
    async with running(one_image) as pilot:
        await until(pilot, "1 repository")
        before = pilot.app.theme
        pilot.app.action_change_theme()
        await until(pilot, "ecrtui-light")
        await pilot.press("down")
        await pilot.pause()
        seen = pilot.app.theme
        assert seen != before
        await pilot.press("enter")
        await until_gone(pilot, "Theme")
        assert pilot.app.theme == seen
        assert tomllib.loads(settings_file().read_text())["theme"] == seen


@pytest.mark.parametrize("wins", ["variable", "flag", "account", "pattern", ""])
async def test_a_chosen_theme_that_does_not_apply_at_the_next_start_is_reported(
    one_image: EmbeddedRegistry, wins: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings_file().parent.mkdir(parents=True)
    account = {"account": one_image.registry_id, "pattern": f'"{one_image.registry_id[:3]}*"'}.get(wins)
    own = f'[accounts.{account}]\ntheme = "ecrtui-light"\n' if account else ""
    settings_file().write_text(f'theme = "ecrtui-dark"\n{own}')
    if wins == "variable":
        monkeypatch.setenv("ECRTUI_THEME", "ecrtui-light")
    flag = "ecrtui-light" if wins == "flag" else None
    async with running(one_image, size=(200, 30), theme=flag) as pilot:
        await until(pilot, "1 repository")
        await until(pilot, lambda _: pilot.app.theme == ("ecrtui-light" if wins else "ecrtui-dark"))
        pilot.app.action_change_theme()
        await until(pilot, "ecrtui-16")
        await pilot.press("home", "enter")
        await until_gone(pilot, "esc cancel")
        assert tomllib.loads(settings_file().read_text())["theme"] == pilot.app.theme != "ecrtui-light"
        if wins:
            winner = {"variable": "$ECRTUI_THEME", "flag": "--theme"}.get(wins, f"line 3, accounts.{account}")
            await until(pilot, "wins at the next start")
            assert winner.replace('"', "") in screen_text(pilot.app)
        else:
            await pilot.pause()
            assert "next start" not in screen_text(pilot.app)


async def test_esc_in_the_theme_menu_restores_the_previous_theme(
    one_image: EmbeddedRegistry,
) -> None:
    async with running(one_image) as pilot:
        await until(pilot, "1 repository")
        before = pilot.app.theme
        await pilot.press("colon")
        await type_text(pilot, "theme")
        await until(pilot, "Choose a theme")
        await pilot.press("enter")
        await until(pilot, "ecrtui-light")
        await pilot.press("down", "down")
        await pilot.pause()
        assert pilot.app.theme != before
        await pilot.press("escape")
        await until_gone(pilot, "ecrtui-light")
        assert pilot.app.theme == before
        assert not settings_file().exists()


async def test_esc_in_the_theme_menu_keeps_the_theme_that_an_account_has_set_meanwhile(
    one_image: EmbeddedRegistry,
) -> None:
    settings_file().parent.mkdir(parents=True)
    settings_file().write_text(f'[accounts.{one_image.registry_id}]\ntheme = "ecrtui-light"\n')
    answer = threading.Event()
    one_image.faults.before("DescribeRegistry", lambda: answer.wait(60))
    async with running(one_image) as pilot:
        pilot.app.action_change_theme()
        await until(pilot, "✓ ecrtui-dark")
        await pilot.pause()  # the menu shows the theme under its cursor
        answer.set()
        await until(pilot, lambda _: pilot.app.theme == "ecrtui-light")
        await pilot.press("escape")
        await until_gone(pilot, "✓ ecrtui-dark")
        assert pilot.app.theme == "ecrtui-light"


async def test_a_broken_theme_is_reported_once_with_file_and_line(one_image: EmbeddedRegistry) -> None:
    themes_folder().mkdir(parents=True)
    (themes_folder() / "mine.toml").write_text('name = "mine"\nprimary = "no colour"\n')
    async with running(one_image, size=(160, 30)) as pilot:
        screen = await until(pilot, "mine.toml")
        assert "line 2" in screen
        await until(pilot, "1 repository")


def header_colours(pilot: Pilot[None]) -> set[str]:
    """Return the colors of the top line."""
    return colours(list(pilot.app.screen._compositor.render_strips(pilot.app.size)[0]))


@pytest.mark.parametrize("name", ["ecrtui-dark", "ecrtui-light", "ecrtui-contrast", "ecrtui-colourblind", "nord"])
async def test_the_theme_of_the_settings_is_drawn(one_image: EmbeddedRegistry, name: str) -> None:
    async with running(one_image, theme=name) as pilot:
        await until(pilot, "1 repository")
        theme = pilot.app.current_theme
        assert theme.name == name
        assert theme.panel is not None
        begun = header_colours(pilot)
        assert str(Color.parse(theme.panel).rich_color.triplet) in begun
        pilot.app.theme = "textual-dark"
        await pilot.pause()
        assert header_colours(pilot) != begun
        pilot.app.theme = name
        await pilot.pause()
        assert header_colours(pilot) == begun


async def test_an_unknown_theme_is_reported_and_another_one_is_used(one_image: EmbeddedRegistry) -> None:
    async with running(one_image, theme="nothing-like-it") as pilot:
        await until(pilot, "Unknown theme 'nothing-like-it'")
        await until(pilot, "1 repository")


async def test_every_theme_shows_the_same_text(one_image: EmbeddedRegistry) -> None:
    async with running(one_image, "team/app", size=(160, 30)) as pilot:
        await until(pilot, "here since")
        await retag(pilot, "prod", "new")
        form = await until_idle(pilot)  # nothing else arrives: the caller, scans, facts beside the list
        assert all(words in form for words in ("▸", "protected", "new  ", "READ-WRITE"))
        await app_of(pilot).theme_manager.load_all()
        assert len(app_of(pilot).theme_manager.own_names) >= 5
        for theme in app_of(pilot).theme_manager.own_names:
            pilot.app.theme = theme
            await pilot.pause()
            assert ageless(screen_text(pilot.app)) == ageless(form), theme


def ageless(screen: str) -> str:
    """Return the screen without the parts that change with time."""
    return re.sub(r"read (now|\d+ min ago)", "", screen)


def colours(segments: list[Segment]) -> set[str]:
    """Return the names of the colors of the segments."""
    found = set()
    for segment in segments:
        style = segment.style
        for colour in (style.color, style.bgcolor) if style else ():
            if colour is not None:
                found.add(str(colour.triplet) if colour.triplet else str(colour.number))
    return found


async def test_the_16_color_theme_draws_with_16_colors_only(one_image: EmbeddedRegistry) -> None:
    async with running(one_image, "team/app", size=(160, 30), theme="ecrtui-16") as pilot:
        await until(pilot, "here since")
        await retag(pilot, "prod")
        strips = pilot.app.screen._compositor.render_strips(pilot.app.size)
        seen = colours([segment for strip in strips for segment in strip])
        assert all(colour in {"None", *map(str, range(16))} for colour in seen), seen


async def test_without_color_every_state_has_a_word_or_a_sign(
    one_image: EmbeddedRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with running(one_image, "team/app", size=(160, 30)) as pilot:
        await until(pilot, "here since")
        await pilot.press("space")
        screen = await until(pilot, "1 marked")
        assert "▸" in screen
        await pilot.press("space")
        await retag(pilot, "prod")
        strips = pilot.app.screen._compositor.render_strips(pilot.app.size)
        for segment in (segment for strip in strips for segment in strip):
            for colour in (segment.style.color, segment.style.bgcolor) if segment.style else ():
                if colour is not None and colour.triplet is not None:
                    red, green, blue = colour.triplet
                    assert red == green == blue, segment


async def test_a_terminal_of_60x15_is_enough_for_a_retag() -> None:
    made = new_embedded()
    client = client_for(made)
    create_repository(client, "team/app")
    push_image(client, "team/app", "one", "v1")
    async with running(made, size=(60, 15)) as pilot:
        await until(pilot, "1 repository")
        await pilot.press("enter")
        await until(pilot, "1 image ·")
        await pilot.press("enter")
        await until(pilot, "last pulled")
        await retag(pilot, "new")
        await pilot.press("enter")
        await until(pilot, "✓ done")
        await pilot.press("enter", "escape")
        await until(pilot, "new  v1")


@pytest.mark.parametrize("size", [(59, 15), (60, 14)])
async def test_a_smaller_terminal_says_so(size: tuple[int, int], one_image: EmbeddedRegistry) -> None:
    async with running(one_image, size=size) as pilot:
        screen = await until(pilot, "ecrtui")
        assert "needs" in screen
        await pilot.resize_terminal(80, 24)
        await until(pilot, "1 repository")


@pytest.mark.parametrize("key", ["slash", "F"])
async def test_a_field_keeps_the_focus_while_the_terminal_is_too_small(one_image: EmbeddedRegistry, key: str) -> None:
    async with running(one_image, size=(80, 24)) as pilot:
        await until(pilot, "1 repository")
        await pilot.press(key, *"te")
        await pilot.resize_terminal(50, 10)
        await until(pilot, "needs")
        await pilot.resize_terminal(80, 24)
        await until_gone(pilot, "needs")
        await type_text(pilot, "am")
        await until(pilot, lambda _: getattr(pilot.app.screen.focused, "value", "") == "team")


async def test_a_plan_that_the_terminal_has_no_room_for_is_not_applied(one_image: EmbeddedRegistry) -> None:
    writes = one_image.calls["PutImage"]
    async with running(one_image, "team/app", size=(80, 24)) as pilot:
        await until(pilot, "1 image ·")
        await retag(pilot, "new")
        await pilot.resize_terminal(40, 10)
        await until(pilot, "Until then")
        await pilot.press("enter", "escape", "q", "x")
        await paste(pilot, " other")
        await pilot.resize_terminal(80, 24)
        screen = await until(pilot, "enter apply")
        assert "other" not in screen
        assert one_image.calls["PutImage"] == writes
        await pilot.press("enter")
        await until(pilot, "✓ done")


async def test_a_paste_of_several_lines_does_not_apply_anything(one_image: EmbeddedRegistry) -> None:
    writes = one_image.calls["PutImage"]
    async with running(one_image, "team/app") as pilot:
        await until(pilot, "1 image ·")
        await pilot.press("t")
        await until(pilot, "new tags, separated")
        await paste(pilot, "one\ntwo\n")
        await until(pilot, "two  new")
        assert one_image.calls["PutImage"] == writes
        assert "✓" not in screen_text(pilot.app)


async def test_the_settings_are_read_from_the_user_s_file(one_image: EmbeddedRegistry, own_home: Path) -> None:
    settings_file().parent.mkdir(parents=True, exist_ok=True)
    settings_file().write_text('theme = "ecrtui-light"\n[accounts.123456789012]\nread_only = true\n')
    async with running(one_image) as pilot:
        await until(pilot, "READ-ONLY")
        assert pilot.app.theme == "ecrtui-light"
