"""Activity, when rows of the journal hold anything: each is listed, described and refused with its reason."""

from __future__ import annotations

import re
from contextlib import closing

from ecrtui.paths import journal_file
from ecrtui.retag.journal.journal import Journal
from ecrtui.retag.plan import StepOutcome
from ecrtui.settings import Connection
from ecrtui.wiring import open_registry
from tests.retag.journal.test_damaged_rows import BAD_VALUES, damage
from tests.retag.journal.test_journal import PLAN, pending_write
from tests.support.embedded import client_for, create_repository, new_embedded, served
from tests.support.screen import running, screen_text, unsafe_characters, until, until_gone

DAMAGE = {
    "repository": "blob",
    "tag": "not UTF-8",
    "action": "text",
    "before": "text",
    "outcome": "a megabyte",
    "plan": "null",
    "undoes": "negative",
    "begun_at": "infinity",
    "detail": "half a surrogate pair",
}
LATER = {
    "begun_at": "4102444800",
    "finished_at": "4102444800",
    "undoes": "99",
    "undone_by": "99",
    "kind": "'archive'",
    "tag": r"'a' || char(27) || '[31m' || char(10) || 'prod'",
}
"""Values that a later version, or a wrong clock, may have written: the entry is listed like any other."""


async def test_every_row_of_a_damaged_journal_can_be_looked_at_and_is_refused_with_its_reason() -> None:
    embedded = new_embedded()
    create_repository(client_for(embedded), "team/app")
    with served(embedded) as url:
        connection = Connection(endpoint_url=url, region="eu-west-1")
        location = open_registry(connection).location()
        with closing(Journal(journal_file())) as journal:
            journal.save_plan(PLAN, location)
            for _ in range(len(DAMAGE) + len(LATER) + 1):
                journal.finish(journal.begin(pending_write(location=location)), StepOutcome.DONE)
        values: list[tuple[str, str]] = [(column, BAD_VALUES[label]) for column, label in DAMAGE.items()] + list(
            LATER.items()
        )
        for number, (column, value) in enumerate(values, 1):
            damage(journal_file(), "entries", column, value, f"number = {number}")
        async with running(None, connection=connection, size=(140, 30)) as pilot:
            await until(pilot, "1 repository")
            await pilot.press("a")
            await until(pilot, f"{len(values) + 1} writes")
            await pilot.press("G")
            rows = screen_text(pilot.app).splitlines()
            assert sum(re.search(r"(now|ago|–)  ! damaged  ", row) is not None for row in rows) == len(DAMAGE)
            for _ in range(len(values)):
                await pilot.press("d")
                screen = await until(pilot, "│ write ")
                number = int(screen.split("│ write ")[1].split()[0])
                column = values[number - 1][0] if number <= len(values) else ""
                await pilot.press("escape")
                await until_gone(pilot, "│ write ")
                assert number > len(DAMAGE) or "nothing" not in screen_text(pilot.app)
                await pilot.press("u")
                expected = "esc cancel"
                if number <= len(DAMAGE):
                    expected = f"refused: entry {number} of the journal is damaged: {column} is"
                elif column == "undone_by":
                    expected = "already undone by entry 99"
                screen = await until(pilot, expected)
                assert not unsafe_characters(screen)
                await pilot.press("escape")
                await until_gone(pilot, "esc cancel")
                await pilot.press("k")
            await pilot.press("U")
            await until(pilot, "Plan › Undo plan")
            await until(pilot, "is damaged")
