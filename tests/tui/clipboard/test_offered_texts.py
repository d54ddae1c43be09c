"""The texts of a result that the user can copy."""

from __future__ import annotations

import threading
from collections.abc import Iterable

from ecrtui.tui.clipboard.copy_items import CopyItem
from ecrtui.tui.saving import SavesFiles
from tests.support.embedded import new_embedded
from tests.support.screen import running, until


async def test_the_texts_of_many_rows_do_not_delay_the_screen() -> None:
    made_in: list[int] = []

    def make_items() -> Iterable[CopyItem]:
        made_in.append(threading.get_ident())
        yield CopyItem("rows as CSV", "a,b\n", lines=True)

    async with running(new_embedded()) as pilot:
        await until(pilot, "no repositories")
        await pilot.press("a")
        await until(pilot, "No writes recorded")
        screen = pilot.app.screen
        assert isinstance(screen, SavesFiles)
        await screen.offer_copies(make_items)
        await until(pilot, "rows as CSV")
    assert made_in != [threading.get_ident()]
