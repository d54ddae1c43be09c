"""The door: nothing that a terminal could take for a command goes through it."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rich.cells import cell_len

from ecrtui.tui import safe_text as text

HOSTILE = (
    "\x1b]0;title\x07 \x9b31m \u202eevil\u202c \u200b\u2028\r\n\t\ud800 [/] [@click=app.quit]x[/] $primary e\u0301"
)
ANYTHING = st.text(st.characters(exclude_categories=()), max_size=80)


def harmless(shown: str) -> bool:
    """No control, format or line separator, no surrogate, nothing unassigned; no runs of marks."""
    return all(unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp") for character in shown)


@given(ANYTHING)
@example(HOSTILE)
def test_no_text_brings_a_control_character_to_the_screen(anything: str) -> None:
    shown = text.visible(anything)
    assert harmless(shown)
    assert shown.encode().decode() == shown
    assert text.content(anything).plain == shown
    assert text.label(anything).plain == shown


@given(st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), max_size=80))
def test_plain_text_comes_through_as_it_is(plain: str) -> None:
    assert text.visible(plain) is plain
    assert text.content(plain).plain == plain


@pytest.mark.parametrize("plain", ["Grüße", "漢字", "naïve – “quoted” …", "emoji 🚀", "non\u00a0breaking"])
def test_letters_of_other_scripts_come_through_as_they_are(plain: str) -> None:
    assert text.visible(plain) == plain


@pytest.mark.parametrize(
    ("hidden", "shown"),
    [
        ("\x00\x1b\x1f\x7f", "␀␛␟␡"),
        ("a\tb\r\n", "a␉b␍␊"),
        ("\x85\x9b", "‹0085›‹009B›"),
        ("\u202e\u2066\u200f\u061c", "‹202E›‹2066›‹200F›‹061C›"),
        ("\u200b\u200d\ufeff\u00ad\u2060", "‹200B›‹200D›‹FEFF›‹00AD›‹2060›"),
        ("\u2028\u2029", "‹2028›‹2029›"),
        ("\ud800\udfff", "‹D800›‹DFFF›"),
        ("\ue000\U000f0000", "‹E000›‹F0000›"),
        ("\u3164\u115f\u2800\ufe0f\U000e0041", "‹3164›‹115F›‹2800›‹FE0F›‹E0041›"),
    ],
)
def test_what_is_not_seen_is_shown_as_what_it_is(hidden: str, shown: str) -> None:
    assert text.visible(hidden) == shown


def test_marks_stand_on_a_letter_and_do_not_pile_up() -> None:
    assert text.visible("e\u0301") == "e\u0301"
    assert text.visible("e" + "\u0301" * 5) == "e\u0301\u0301" + "‹0301›" * 3
    assert text.visible("\u0301") == "‹0301›"


@given(ANYTHING, st.integers(0, 40))
@example("漢字漢字", 3)
@example("a" + "\u0301" * 90, 4)
def test_one_line_takes_no_more_cells_than_it_may(anything: str, width: int) -> None:
    shown = text.one_line(anything, width)
    assert cell_len(shown) <= width
    assert harmless(shown)
    if cell_len(text.visible(anything)) <= width:
        assert shown == text.visible(anything)
    elif width > 0:
        assert shown.endswith("…")


def test_a_limit_keeps_a_text_of_megabytes_short() -> None:
    assert text.visible("\x1b" * 4_000_000, 10) == "␛" * 9 + "…"
    assert text.visible("short", 10) == "short"


def test_a_block_keeps_its_lines_and_shows_everything_else() -> None:
    assert text.block("one\r\ntwo\x1b\n").plain == "one␍\ntwo␛\n"


@given(ANYTHING, st.integers(0, 80), st.integers(0, 80))
def test_highlights_are_on_the_characters_that_they_were_meant_for(anything: str, start: int, length: int) -> None:
    start, end = min(start, len(anything)), min(start + length, len(anything))
    shown = text.visible(anything)
    [(first, last)] = text.shifted(anything, shown, [(start, end)])
    if not any(unicodedata.category(character) in ("Mn", "Me") for character in anything):
        assert shown[first:last] == text.visible(anything[start:end])


def test_markup_in_a_text_is_text() -> None:
    content = text.content("[b]bold[/b] [/] [@click=app.quit]x", "bold")
    assert content.plain == "[b]bold[/b] [/] [@click=app.quit]x"
    assert [span.style for span in content.spans] == ["bold"]
