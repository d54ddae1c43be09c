"""The sequence that copies to the clipboard of the terminal."""

from __future__ import annotations

import base64
import re

import pytest

from ecrtui.tui.clipboard import osc52

LIMIT = osc52.MAX_LENGTH // 4 * 3


@pytest.mark.parametrize("text", ["", "a", "sha256:" + "a" * 64, "é\tb\n", "\ud800"])
def test_the_text_is_in_base64_for_the_clipboard_alone(text: str) -> None:
    found = re.fullmatch(r"\x1b\]52;c;([A-Za-z0-9+/=]*)\x07", osc52.copy_sequence(text, in_screen=False))
    assert found is not None
    assert base64.b64decode(found[1]) == text.encode("utf-8", "replace")
    assert len(found[1]) == osc52.encoded_length(text)


@pytest.mark.parametrize("length", [1, 500, 560, 561, 562, 10_000, LIMIT])
def test_screen_passes_the_same_sequence_on_in_pieces(length: int) -> None:
    plain = osc52.copy_sequence("a" * length, in_screen=False)
    wrapped = osc52.copy_sequence("a" * length, in_screen=True)
    pieces = re.findall(r"\x1bP([^\x1b]*(?:\x1b\][^\x1b]*)?)\x1b\\", wrapped)
    assert "".join(pieces) == plain
    assert wrapped == "".join(f"\x1bP{piece}\x1b\\" for piece in pieces)
    assert max(map(len, pieces)) + 4 <= osc52.SCREEN_STRING


def test_a_text_over_the_limit_is_not_sent() -> None:
    assert osc52.copy_sequence("a" * LIMIT, in_screen=False)
    assert osc52.copy_sequence("a" * (LIMIT + 1), in_screen=False) == ""
    assert osc52.copy_sequence("é" * (LIMIT // 2 + 1), in_screen=True) == ""
