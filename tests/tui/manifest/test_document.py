"""The lines, rows, colors, digests and search of a manifest."""

from __future__ import annotations

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rich.cells import cell_len

from ecrtui.tui import safe_text as text
from ecrtui.tui.manifest.document import MAX_COLORED_LENGTH, ManifestDocument, prepare_manifest
from ecrtui.tui.text_document import MAX_MATCHES, LineWrapping, TextRange

DIGEST = "sha256:" + "ab" * 32
TEXTS = st.text(st.sampled_from('{}[]":, \\\n\r\tab1-.e漢é́\x1b\u202e🚀'), max_size=120)


@given(TEXTS, st.integers(2, 12))
@example("漢" * 5_000 + "\n" + "x" * 9_999, 7)
def test_wrapped_rows_hold_every_character_and_fit_the_width(source: str, width: int) -> None:
    prepared = prepare_manifest(source)
    layout = LineWrapping(prepared, width)
    rows = [layout[number] for number in range(len(layout))]
    for number, line in enumerate(prepared.lines):
        assert "".join(prepared.text_at(row) for row in rows if row.line == number) == line
    assert all(cell_len(prepared.text_at(row)) <= width for row in rows)
    assert [row.line for row in rows] == sorted(row.line for row in rows)
    for number, row in enumerate(rows):
        if row.start < row.end:
            assert layout.row_of(row.line, row.start) == number
            assert layout.row_of(row.line, row.end - 1) == number


@given(TEXTS)
def test_only_line_feeds_split_lines(source: str) -> None:
    prepared = prepare_manifest(source)
    assert prepared.text == source
    assert "\n".join(prepared.lines) == text.visible_lines(source.removesuffix("\n"))
    assert prepared.width == max(map(cell_len, prepared.lines))


def styles(source: str) -> dict[str, str]:
    prepared = prepare_manifest(source)
    return {
        prepared.lines[0][start:end]: style
        for start, end, style in prepared.spans(TextRange(0, 0, len(prepared.lines[0])))
    }


def test_json_tokens_have_their_colors() -> None:
    assert styles('{"a\\"b": "c: d", "n" : -1.5e3, "t": [true, null, false]}') == {
        '"a\\"b"': "$json-key",
        '"c: d"': "$json-string",
        '"n"': "$json-key",
        "-1.5e3": "$json-number",
        '"t"': "$json-key",
        "true": "$json-constant",
        "null": "$json-constant",
        "false": "$json-constant",
    }


LAYERS = [{"digest": DIGEST, "size": number, "ok": True} for number in range(200)]
LONG = {
    "plain": prepare_manifest(json.dumps({"layers": LAYERS, "note": "12 true " * 2_000, "more": LAYERS})),
    "escapes": prepare_manifest(
        json.dumps({"layers": LAYERS, "escapes": "\\" * 10_001 + '"' * 7, "note": "12 true " * 2_000})
    ),
    "one string": prepare_manifest(f'"{"x" * 50_000}"'),
    "open string": prepare_manifest(f'{{"a": "{"x" * 50_000}'),
    "no strings": prepare_manifest("[" + "12.5, true, " * 4_000 + "1]"),
}


def colors(document: ManifestDocument, part: TextRange) -> dict[int, str]:
    """Return the color of each character of a range."""
    found: dict[int, str] = {}
    for begin, end, style in document.spans(part):
        found.update(dict.fromkeys(range(max(begin, part.start), min(end, part.end)), style))
    return found


@pytest.mark.parametrize("name", LONG)
def test_a_part_of_a_long_line_has_the_colors_of_the_whole(name: str) -> None:
    document = LONG[name]
    length = len(document.lines[0])
    assert length <= MAX_COLORED_LENGTH
    whole = colors(document, TextRange(0, 0, length))
    assert whole
    for start in range(0, length, 997):
        part = TextRange(0, start, min(start + 120, length))
        expected = {at: whole[at] for at in range(part.start, part.end) if at in whole}
        assert colors(document, part) == expected, part


def test_a_line_that_is_too_long_has_no_colors() -> None:
    source = json.dumps({"note": "x" * MAX_COLORED_LENGTH})
    document = prepare_manifest(source)
    assert not list(document.spans(TextRange(0, 0, len(source))))
    assert document.find('"note"') == (TextRange(0, 1, 7),)


def test_digests_are_found() -> None:
    source = json.dumps(
        {"config": {"digest": DIGEST}, "text": f"see {DIGEST} and {DIGEST}0 and sha256:short"}, indent=1
    )
    prepared = prepare_manifest(source)
    assert [prepared.text_at(place) for place in prepared.digests] == [DIGEST, DIGEST]
    assert [place.line for place in prepared.digests] == [2, 4]


def test_search_ignores_case_and_is_literal() -> None:
    prepared = prepare_manifest("A.b\nxa.B a.b\nacb\x1b")
    assert prepared.find("a.b") == (TextRange(0, 0, 3), TextRange(1, 1, 4), TextRange(1, 5, 8))
    assert prepared.find("\x1b") == (TextRange(2, 3, 4),)
    assert prepared.find("") == ()


def test_a_search_stops_at_the_maximum_of_matches() -> None:
    assert len(prepare_manifest("a" * 30_000).find("a")) == MAX_MATCHES


def test_invisible_characters_become_visible() -> None:
    assert prepare_manifest("\ufeff{\r\n\t}").lines == ("‹FEFF›{␍", "␉}")
