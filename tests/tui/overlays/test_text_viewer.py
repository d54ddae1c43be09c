"""The overlay with a text: every line and every character can be reached, found and copied at every size."""

from __future__ import annotations

import pytest

from ecrtui.emulator.service import EmbeddedRegistry
from ecrtui.tui.messages import ShowText
from ecrtui.tui.overlays.text_viewer import TextViewer
from ecrtui.tui.text_document import prepare_text
from tests.support.host import resize
from tests.support.screen import app_of, row_of, running, type_text, until, until_gone

SIZES = [(160, 50), (80, 24), (60, 15)]
TEXT = "\n".join(
    [
        "platform  linux/amd64",
        f"labels    solid: {'x' * 700}ENDSOLID",
        f"history    0  RUN {' '.join(f'pkg{number}' for number in range(200))} ENDHIST",
        *(f"{number:>12}  RUN step-{number}-" for number in range(1, 60)),
    ]
)


@pytest.fixture
def over_ssh(monkeypatch: pytest.MonkeyPatch) -> None:
    """Use the terminal's clipboard, so that no test changes the developer's own."""
    monkeypatch.setenv("SSH_TTY", "/dev/pts/9")


async def test_every_line_is_reached_found_and_copied_at_every_size(
    one_image: EmbeddedRegistry, over_ssh: None
) -> None:
    async with running(one_image, size=SIZES[0]) as pilot:
        await until(pilot, "1 repository")
        for size in SIZES:
            await resize(pilot, *size)
            app_of(pilot).post_message(ShowText("config", TEXT))
            screen = await until(pilot, "linux/amd64")
            assert "RUN step-59-" not in screen
            await pilot.press("G")
            assert "esc close" in await until(pilot, "RUN step-59-")
            await pilot.press("g")
            await until(pilot, "linux/amd64")
            await pilot.press("slash", *"endsolid", "enter")
            await until(pilot, lambda screen: "ENDSO" in screen or "LID" in screen)
            await pilot.press("slash", "escape", "w", "g")
            await until_gone(pilot, "ENDSO")
            await type_text(pilot, "l" * 80)
            await until(pilot, lambda screen: "ENDHIST" in screen and "linux" not in screen)
            await type_text(pilot, "h" * 80)
            await until(pilot, "linux/amd64")
            await pilot.press("slash")
            await type_text(pilot, "STEP-5")
            await pilot.press("enter", "n", "n")
            await until(pilot, "RUN step-51-")
            await pilot.press("N", "N")
            await until(pilot, "RUN step-5-")
            await pilot.press("c", "1")
            await until(pilot, "Copy lines found: not confirmed")
            assert app_of(pilot).clipboard.splitlines()[1].strip() == "50  RUN step-50-"
            await pilot.press("enter", "c", "2")
            await until(pilot, "Copy all lines: not confirmed")
            assert len(app_of(pilot).clipboard.splitlines()) == len(TEXT.splitlines())
            await pilot.press("enter")
            assert isinstance(pilot.app.screen, TextViewer)
            await pilot.press("slash")
            await type_text(pilot, "zzz")
            await until(pilot, "not found")
            await pilot.press("escape", "escape")
            await until_gone(pilot, "RUN step")


async def test_the_help_and_the_copy_menu_end_inside_their_frame(one_image: EmbeddedRegistry) -> None:
    async with running(one_image, "team/app", size=SIZES[0]) as pilot:
        await until(pilot, "1 image")
        for size in SIZES:
            await resize(pilot, *size)
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
            screen = await until(pilot, "repository ARN")
            assert "enter copy esc cancel" in screen
            await pilot.press("escape")
            await until_gone(pilot, "digest URI")


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


async def test_a_long_title_is_cut(one_image: EmbeddedRegistry) -> None:
    async with running(one_image, size=(60, 15)) as pilot:
        pilot.app.push_screen(TextViewer("title " * 40, prepare_text("the only line")))
        screen = await until(pilot, "the only line")
        assert "…" in row_of(screen, "title title")
