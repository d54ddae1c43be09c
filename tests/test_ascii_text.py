"""Every character has a form in ASCII that takes as many cells."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.color import ColorSystem
from rich.segment import Segment
from textual.strip import Strip

from ecrtui.ascii_text import ascii_cells, ascii_character, ascii_text
from ecrtui.tui.textual_fixes.cell_frame import CellFrame
from ecrtui.tui.textual_fixes.cell_looks import LookTable

NAME_CHARACTERS = {*string.ascii_letters, *string.digits, *"._-/:@"}


@pytest.mark.parametrize(
    ("shown", "ascii_form"),
    [
        ("╭─┬╮│├┼╰╯", "+-++|++++"),
        ("┏━┓┃╔═╗║▌▐▏", "+-+|+-+||||"),
        ("▁▄█▇ ", "_### "),
        ("▶▸›→", ">>>>"),
        ("◀‹←", "<<<"),
        ("▲▼↑↓", "^v^v"),
        ("✓✗…·–", "+x~--"),
        ("“a” ‘b’\u00a0", "\"a\" 'b' "),
        ("é漢␛☃", "????"),
    ],
)
def test_one_ascii_character_for_each_cell(shown: str, ascii_form: str) -> None:
    assert "".join(ascii_cells(list(shown))) == ascii_form


@given(st.characters(exclude_categories=["Cs", "Cc"]))
def test_no_character_passes_for_one_of_another_name(character: str) -> None:
    form = ascii_character(character)
    assert len(form) == 1
    assert form.isascii()
    assert form.isprintable()
    if not character.isascii():
        assert form not in NAME_CHARACTERS - {"-", "o", "v", "x", "/", "_"}


@given(st.text(st.characters(exclude_categories=["Cs", "Cc", "Cf", "Cn", "Co"]), max_size=12))
def test_a_frame_shows_as_many_cells_of_ascii(text: str) -> None:
    width = cell_len(text)
    frame = CellFrame(width + 1, 1, LookTable(ColorSystem.STANDARD), ascii_only=True)
    frame.draw_strip(0, 0, Strip([Segment(text)], width))
    cells = frame._lines[0].wanted
    assert all(len(cell) == 1 and cell.isascii() for cell in cells)
    assert len(cells) == width + 1


@pytest.mark.parametrize(
    ("text", "ascii_form"), [("a…", "a..."), ("old → new", "old -> new"), ("é", "\\xe9"), ("漢", "\\u6f22")]
)
def test_a_text_of_the_program_in_ascii(text: str, ascii_form: str) -> None:
    assert ascii_text(text) == ascii_form
