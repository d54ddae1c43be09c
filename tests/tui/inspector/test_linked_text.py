"""A text with lines that open something, of which one version follows the other."""

from __future__ import annotations

import pytest
from textual.strip import Strip

from ecrtui.tui.inspector.linked_text import Link, LinkedText
from ecrtui.tui.text_document import prepare_text
from tests.support.host import WidgetApp, screen_lines

LINES = [f"line {number}" for number in range(30)]
LINKS = {3: Link("config"), 20: Link("tags")}


class Recording(LinkedText):
    """A text that records which of its lines are drawn."""

    def __init__(self) -> None:
        super().__init__()
        self.drawn: list[int] = []

    def render_line(self, y: int) -> Strip:
        self.drawn.append(y)
        return super().render_line(y)


def changed(*lines: int) -> list[str]:
    return [f"another {number}" if number in lines else line for number, line in enumerate(LINES)]


@pytest.mark.parametrize(
    ("after", "links", "drawn"),
    [
        (changed(5), LINKS, [5]),
        (changed(2, 7, 25), LINKS, [2, 7]),
        (LINES, LINKS, []),
        (LINES[:28], LINKS, []),
        (LINES, {4: Link("config")}, list(range(10))),
    ],
)
async def test_only_the_rows_that_differ_are_drawn_again(
    after: list[str], links: dict[int, Link], drawn: list[int]
) -> None:
    view = Recording()
    async with WidgetApp(view).run_test(size=(40, 10)) as pilot:
        view.change(prepare_text("\n".join(LINES)), LINKS)
        await pilot.pause()
        view.drawn.clear()
        view.change(prepare_text("\n".join(after)), links)
        await pilot.pause()
        assert sorted(set(view.drawn)) == drawn


async def test_a_text_that_grows_and_shrinks_looks_like_a_new_one() -> None:
    versions = ([*LINES[:2], "between", *LINES[2:6]], LINES[:3], changed(1)[:5])
    for version in versions:
        new = LinkedText()
        async with WidgetApp(view := LinkedText(), before=new).run_test(size=(40, 20)) as pilot:
            view.change(prepare_text("\n".join(LINES[:4])), {3: Link("config")})
            await pilot.pause()
            for each in (view, new):
                each.change(prepare_text("\n".join(version)), {2: Link("config")})
            await pilot.pause()
            screen = screen_lines(pilot.app)
            assert screen[:10] == screen[10:]
            assert "".join(screen).count(version[-1]) == 2
