"""The panel of labels and values."""

from __future__ import annotations

import pytest

from ecrtui.tui import safe_text as text
from ecrtui.tui.widgets.facts import FactsPanel
from tests.support.host import WidgetApp, screen_lines


async def test_values_wrap_beside_their_labels() -> None:
    facts = FactsPanel(
        [("digest", "sha256:" + "a" * 40), ("kind", text.content("index", "bold")), ("tags", "one two three")]
    )
    async with WidgetApp(facts).run_test(size=(34, 8)) as pilot:
        assert screen_lines(pilot.app)[:5] == [
            " digest  " + ("sha256:" + "a" * 40)[:24],
            "         " + ("sha256:" + "a" * 40)[24:],
            " kind    index",
            " tags    one two three",
            "",
        ]
        assert facts.region.height == 4


@pytest.mark.parametrize("width", [4, 10, 60])
async def test_hostile_values_are_visible_at_any_width(width: int) -> None:
    facts = FactsPanel()
    async with WidgetApp(facts).run_test(size=(width, 30)) as pilot:
        facts.show([("la\x1bbel", "\x1b]0;x\x07[/]\nsecond")])
        await pilot.pause()
        shown = "\n".join(screen_lines(pilot.app))
        assert "\x1b" not in shown
        assert facts.region.height >= 2
        if width == 60:
            assert " la␛bel  ␛]0;x␇[/]\n         second\n" in shown
