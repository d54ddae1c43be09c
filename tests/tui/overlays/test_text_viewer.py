"""The overlay with a text: every line and every character can be reached, found and copied at every size."""

from __future__ import annotations

import pytest

from ecrtui.emulator.service import EmbeddedRegistry
from ecrtui.tui.overlays.text_viewer import TextViewer
from ecrtui.tui.text_document import prepare_text
from tests.support.cases import load_case
from tests.support.embedded import client_for, new_embedded
from tests.support.screen import app_of, running, screen_text, type_text, until, until_gone

SIZES = [(60, 15), (160, 50)]


@pytest.fixture(scope="module")
def embedded() -> EmbeddedRegistry:
    made = new_embedded()
    for name in ("long-line", "tall-text"):
        load_case(client_for(made), name, name)
    return made


@pytest.fixture
def over_ssh(monkeypatch: pytest.MonkeyPatch) -> None:
    """Use the terminal's clipboard, so that no test changes the developer's own."""
    monkeypatch.setenv("SSH_TTY", "/dev/pts/9")


@pytest.mark.parametrize("size", SIZES)
async def test_the_last_line_of_a_long_text_is_shown(size: tuple[int, int], embedded: EmbeddedRegistry) -> None:
    async with running(embedded, "tall-text:tall", size=size) as pilot:
        await until(pilot, "schemaVersion")
        await pilot.press("i")
        screen = await until(pilot, "RUN step-0-")
        assert "RUN step-59-" not in screen
        await pilot.press("G")
        screen = await until(pilot, "RUN step-59-")
        assert "esc close" in screen
        await pilot.press("g", *["pagedown"] * 8)
        await until(pilot, "RUN step-59-")
        await pilot.press("g")
        await until(pilot, "RUN step-0-")
        await pilot.press("enter")
        await until_gone(pilot, "RUN step-0-")


@pytest.mark.parametrize("size", SIZES)
async def test_the_end_of_a_long_line_is_shown_wrapped_and_unwrapped(
    size: tuple[int, int], embedded: EmbeddedRegistry
) -> None:
    async with running(embedded, "long-line:long", size=size) as pilot:
        await until(pilot, "schemaVersion")
        await pilot.press("i")
        await until(pilot, "linux/amd64")
        await pilot.press("slash", *"endsolid", "enter")
        await until(pilot, lambda screen: "ENDSO" in screen and "LID" in screen)
        await pilot.press("slash", "escape", "G")
        await until(pilot, lambda screen: "ENDHIST" in screen and "buildkit" in screen)
        await pilot.press("w", "g")
        await until_gone(pilot, "ENDHIST")
        await pilot.press(*["l"] * 40)
        await until(pilot, lambda screen: "ENDHIST" in screen and "buildkit" in screen)
        await pilot.press(*["h"] * 40)
        await until(pilot, "linux/amd64")


async def test_the_further_rows_of_a_line_stand_beside_its_label(embedded: EmbeddedRegistry) -> None:
    async with running(embedded, "long-line:long", size=(80, 24)) as pilot:
        await until(pilot, "schemaVersion")
        await pilot.press("i")
        screen = await until(pilot, "linux/amd64")
        inside = [line.partition("│ ")[2] for line in screen.rstrip().splitlines()[:-1]]  # without the line of keys
        labels = {line.split()[0] for line in inside if line[:1].strip()}
        assert labels == {"config", "platform", "labels", "history"}


async def test_words_are_found_and_the_next_match_is_shown(embedded: EmbeddedRegistry) -> None:
    async with running(embedded, "tall-text:tall", size=(80, 24)) as pilot:
        await until(pilot, "schemaVersion")
        await pilot.press("i")
        await until(pilot, "RUN step-0-")
        await pilot.press("slash")
        await type_text(pilot, "STEP-5")
        await pilot.press("enter", "n", "n")
        await until(pilot, "RUN step-51-")
        await pilot.press("N", "N")
        await until(pilot, "RUN step-5-")
        await pilot.press("slash")
        await type_text(pilot, "zzz")
        await until(pilot, "not found")
        await pilot.press("escape")
        await until_gone(pilot, "not found")
        assert isinstance(pilot.app.screen, TextViewer)
        await pilot.press("escape")
        await until_gone(pilot, "RUN step")


async def test_a_text_and_the_lines_found_can_be_copied(embedded: EmbeddedRegistry, over_ssh: None) -> None:
    async with running(embedded, "tall-text:tall", size=(80, 24)) as pilot:
        await until(pilot, "schemaVersion")
        await pilot.press("i")
        await until(pilot, "RUN step-0-")
        await pilot.press("slash", *"step-5", "enter", "c", "1")
        await until(pilot, "Copy lines found: not confirmed")
        assert app_of(pilot).clipboard.splitlines()[1].strip() == "51  RUN step-50-"
        assert len(app_of(pilot).clipboard.splitlines()) == 11
        await pilot.press("enter", "c", "2")
        await until(pilot, "Copy all lines: not confirmed")
        assert len(app_of(pilot).clipboard.splitlines()) == 61
        await pilot.press("enter")
        assert isinstance(pilot.app.screen, TextViewer)


@pytest.mark.parametrize("size", SIZES)
async def test_the_help_and_the_copy_menu_end_inside_their_frame(
    size: tuple[int, int], embedded: EmbeddedRegistry
) -> None:
    async with running(embedded, "tall-text:tall", size=size) as pilot:
        await until(pilot, "schemaVersion")
        await pilot.press("question_mark")
        await until(pilot, "Keyboard shortcuts")
        await pilot.press("G")
        await until(pilot, "Quit; a write in flight")
        await pilot.press("slash", *"palette", "enter")
        await until(pilot, "Command palette")
        await pilot.press("escape")
        await until_gone(pilot, "Keyboard shortcuts")
        await pilot.press("c")
        await until(pilot, "digest URI")
        await pilot.press("up")
        screen = await until(pilot, "put-image")
        assert "esc close" in screen


@pytest.mark.parametrize(
    "source", ["user  " + "x" * 500, "label  value " * 60, "漢 " * 200, " " * 300 + "x", "a  " * 200]
)
@pytest.mark.parametrize("width", [2, 3, 20, 78])
def test_every_character_of_a_line_is_in_one_row_that_fits(source: str, width: int) -> None:
    from rich.cells import cell_len

    from ecrtui.tui.text_document import LineWrapping

    document = prepare_text(source)
    layout = LineWrapping(document, width)
    rows = [layout[number] for number in range(len(layout))]
    assert "".join(document.text_at(row) for row in rows) == document.lines[0]
    for number, row in enumerate(rows):
        assert layout.indent(row) > 0 if number else layout.indent(row) == 0
        assert cell_len(document.text_at(row).rstrip()) + layout.indent(row) <= max(width, 2) or width < 4
        assert layout.row_of(0, row.start) == number


async def test_a_long_title_is_cut(embedded: EmbeddedRegistry) -> None:
    async with running(embedded, "tall-text:tall", size=(60, 15)) as pilot:
        await until(pilot, "schemaVersion")
        pilot.app.push_screen(TextViewer("title " * 40, prepare_text("the only line")))
        await until(pilot, "the only line")
        assert "title … " in screen_text(pilot.app) or "…" in screen_text(pilot.app)
