"""Registry text as Textual and Rich types: visible, of bounded width, never markup."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st
from rich.cells import cell_len

from ecrtui.tui import safe_text as text
from tests.support.hostile_text import HOSTILE, is_harmless

ANYTHING = st.text(st.characters(exclude_categories=()), max_size=80)


@given(ANYTHING)
@example(HOSTILE)
def test_content_and_label_hold_visible_text(anything: str) -> None:
    shown = text.visible(anything)
    assert is_harmless(shown)
    assert text.content(anything).plain == shown
    assert text.label(anything).plain == shown


@given(ANYTHING, st.integers(0, 40))
@example("漢字漢字", 3)
@example("a" + "\u0301" * 90, 4)
@example("a" + "\u0903" * 90, 4)
@example("a" + "\u1161" * 90, 4)
@example("\N{EMOJI MODIFIER FITZPATRICK TYPE-1-2}", 0)
def test_one_line_fits_its_width(anything: str, width: int) -> None:
    shown = text.one_line(anything, width)
    assert cell_len(shown) <= width
    assert is_harmless(shown)
    if cell_len(text.visible(anything)) <= width:
        assert shown == text.visible(anything)
    elif width > 0:
        assert shown.endswith("…")


def test_a_block_keeps_its_lines_and_shows_everything_else() -> None:
    assert text.block("one\r\ntwo\x1b\n").plain == "one␍\ntwo␛\n"


@given(ANYTHING, st.integers(0, 80), st.integers(0, 80))
def test_highlighted_ranges_follow_the_escaped_text(anything: str, start: int, length: int) -> None:
    start, end = min(start, len(anything)), min(start + length, len(anything))
    shown = text.visible(anything)
    [(first, last)] = text.map_spans(anything, shown, [(start, end)])
    if shown == "".join(map(text.visible, anything)):  # no character joins the one before it
        assert shown[first:last] == text.visible(anything[start:end])


def test_markup_in_a_text_is_text() -> None:
    content = text.content("[b]bold[/b] [/] [@click=app.quit]x", "bold")
    assert content.plain == "[b]bold[/b] [/] [@click=app.quit]x"
    assert [span.style for span in content.spans] == ["bold"]
