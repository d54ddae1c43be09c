"""A copy is reported as done only if it is known to be; otherwise its text is shown for selecting it."""

from __future__ import annotations

from pathlib import Path

import pytest

from ecrtui.tui.clipboard.copy_items import CopyItem
from ecrtui.tui.overlays.copied_text import CopiedText, ExactText, prepare_exact_text
from ecrtui.tui.textual_fixes.footer import Footer
from tests.support.embedded import new_embedded
from tests.support.programs import add_clipboard
from tests.support.screen import app_of, running, until, until_gone

LONG = "".join(f"{number:05}" for number in range(60))
URI = f"registry/team/app@sha256:{LONG}"


async def test_copies_are_confirmed_or_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    programs = tmp_path / "bin"
    add_clipboard(programs, "xclip", stored='{ grep -v unlucky || { echo "no display" >&2; exit 1; }; }')
    add_clipboard(programs, "xsel", stored="exit 2")
    monkeypatch.setenv("PATH", str(programs))
    monkeypatch.setenv("DISPLAY", ":0")
    async with running(new_embedded(), size=(80, 24)) as pilot:
        app = app_of(pilot)
        await until(pilot, "has no repositories")
        app.copy(CopyItem("digest", "lucky\n", lines=True))
        await until(pilot, "Copied digest")
        assert not isinstance(app.screen, CopiedText)

        app.copy(CopyItem("URI", f"unlucky {URI}"))
        screen = await until(pilot, "Copy URI: not confirmed")
        assert "xclip failed: no display" in screen
        assert "It was sent to the terminal, which did not confirm it." in screen
        text = app.screen.query_one(ExactText)
        first = text.region.y
        rows = screen.splitlines()[first : first + 5]
        assert "".join(rows).rstrip() == f"unlucky {URI}"  # nothing beside it, nothing added where it wraps
        await pilot.click(Footer, offset=(1, 0))  # who has the mouse alone needs a way back
        await until_gone(pilot, "not confirmed")

        app.copy(CopyItem("manifest", "unlucky" * 20_000))
        screen = await until(pilot, "Copy manifest: not confirmed")
        assert "186,668 characters in base64; the limit is 74,994" in " ".join(screen.split())
        assert "was sent" not in screen
        assert app.clipboard == "unlucky" * 20_000


async def test_a_trusted_terminal_needs_no_overlay() -> None:
    async with running(new_embedded(), trust_terminal_clipboard=True) as pilot:
        app = app_of(pilot)
        await until(pilot, "has no repositories")
        app.copy(CopyItem("digest", "a"))
        await until(pilot, "Sent digest to the terminal (not confirmed)")
        app.copy(CopyItem("manifest", "a" * 100_000))
        await until(pilot, "Copy manifest: not confirmed")


@pytest.mark.parametrize(
    ("text", "lines"), [("a\tb\n\n  c ", ["a       b", "", "  c "]), ("\x1b漢", ["␛漢"]), ("", [""])]
)
def test_the_shown_text_keeps_its_lines(text: str, lines: list[str]) -> None:
    assert list(prepare_exact_text(text).lines) == lines
    assert prepare_exact_text(text).text == text
