"""The names of the parts of a screen on one line: counts go before names, names before keys."""

from __future__ import annotations

import re

from ecrtui.inspect.comparison.comparison import SECTIONS
from ecrtui.tui.comparison import heading
from ecrtui.tui.inspector import pane_table
from ecrtui.tui.widgets.tab_line import TabLine
from tests.support.embedded import client_for, create_repository, new_embedded, push_image
from tests.support.screen import running, until


async def test_a_narrow_line_has_all_keys_and_the_name_of_what_is_shown() -> None:
    embedded = new_embedded()
    client = client_for(embedded)
    create_repository(client, "app")
    push_image(client, "app", "one", "v1")
    async with running(embedded, "app:v1", size=(60, 15)) as pilot:
        screen = await until(pilot, "‹1 over›")
        for key, name in (("9", "raw"), ("2", "manif"), ("7", "tags")):
            line = screen.splitlines()[2]
            assert re.findall(r"\d", line) == list("123456789"), line
            await pilot.click(TabLine, offset=(line.index(key), 0))
            screen = await until(pilot, f"‹{key} {name}")


def test_every_tab_line_leaves_out_its_counts_in_a_certain_order() -> None:
    for tabs in (pane_table.TABS, heading.TABS):
        assert sorted(tab.drop for tab in tabs) == list(range(1, len(tabs) + 1))
    assert tuple(tab.id for tab in heading.TABS) == SECTIONS
