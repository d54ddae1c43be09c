"""Text from a registry becomes visible, harmless text."""

from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ecrtui.ecr.safe_text import visible, visible_json, visible_lines
from tests.support.hostile_text import HOSTILE, is_harmless

ANYTHING = st.text(st.characters(exclude_categories=()), max_size=80)


@given(ANYTHING)
@example(HOSTILE)
def test_visible_text_holds_no_control_character(anything: str) -> None:
    shown = visible(anything)
    assert is_harmless(shown)
    assert shown.encode().decode() == shown


@given(ANYTHING)
@example(HOSTILE)
def test_visible_lines_keep_line_feeds_alone(anything: str) -> None:
    assert visible_lines(anything).split("\n") == [visible(line) for line in anything.split("\n")]
    assert is_harmless(visible_lines(anything, keep_tabs=True).replace("\n", "").replace("\t", ""))


@given(ANYTHING)
@example(HOSTILE)
def test_visible_json_has_the_same_value(anything: str) -> None:
    shown = visible_json(json.dumps({anything: [anything]}, ensure_ascii=False, indent=4))
    assert json.loads(shown) == {anything: [anything]}
    assert all(unicodedata.category(character) not in ("Cf", "Cs", "Co", "Cn", "Zl", "Zp") for character in shown)
    assert {character for character in shown if unicodedata.category(character) == "Cc"} == {"\n"}


@given(st.text(st.characters(max_codepoint=127, exclude_categories=["Cc"]), max_size=80))
def test_printable_ascii_is_unchanged(plain: str) -> None:
    assert visible(plain) is plain
    assert visible_lines(plain) == plain


@pytest.mark.parametrize("plain", ["Grüße", "漢字", "naïve – “quoted” …", "emoji 🚀", "non\u00a0breaking"])
def test_letters_of_other_scripts_are_unchanged(plain: str) -> None:
    assert visible(plain) == plain


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
def test_hidden_characters_become_pictures_or_code_points(hidden: str, shown: str) -> None:
    assert visible(hidden) == shown


def test_a_letter_keeps_two_combining_marks() -> None:
    assert visible("e\u0301") == "e\u0301"
    assert visible("e" + "\u0301" * 5) == "e\u0301\u0301" + "‹0301›" * 3
    assert visible("\u0301") == "‹0301›"


def test_a_limit_shortens_long_text() -> None:
    assert visible("\x1b" * 4_000_000, 10) == "␛" * 9 + "…"
    assert visible("short", 10) == "short"
    assert visible_lines("short\n" + "\x1b" * 40, 10) == "short\n" + "␛" * 9 + "…"


def test_visible_json_escapes_delete_and_characters_beyond_the_first_plane() -> None:
    assert visible_json('"\x7f\x9b\U000e0041"') == '"\\u007f\\u009b\\udb40\\udc41"'
