"""A text that names a key names the key that the user has chosen, and that key works."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import ecrtui.tui
from tests.support.embedded import client_for, create_repository, new_embedded, push_image
from tests.support.screen import running, type_text, until, until_gone

KEYS = {
    "plan_form.submit": "f5",
    "plan_form.close": "f6",
    "plan_form.retry": "f7",
    "plan_form.manifest": "f8",
    "plan_form.undo": "f11",
    "bulk_form.on_conflict": "f9",
    "screen.back": "f10",
    "row.open": "ctrl+o",
    "screen.retry": "ctrl+y",
}


async def test_every_hint_names_the_key_of_the_settings_and_the_key_works() -> None:
    embedded = new_embedded()
    client = client_for(embedded)
    create_repository(client, "app")
    push_image(client, "app", "one", "prod")
    push_image(client, "app", "two", "two")
    async with running(embedded, "app", size=(160, 40), keys=KEYS, prefetch=False) as pilot:
        await until(pilot, "^o opens it · o its manifest")
        await pilot.press("o")
        await until(pilot, "The manifest was not read. Press ^o to read it.")

        await pilot.press("slash")
        await type_text(pilot, "zzz")
        await until(pilot, "Nothing matches zzz. Press f10 to clear the filter.")
        await pilot.press("f10", "t")  # a key after it reaches the list
        await until(pilot, "new tags, separated")
        await type_text(pilot, "prod")
        await until(pilot, "f5 apply f6 cancel")
        await pilot.press("f5")
        await until(pilot, "Type prod to confirm and press f5.")
        await until(pilot, "f5 apply f6 back")
        await pilot.press("f6")
        await until(pilot, "f5 apply f6 cancel")
        await pilot.press("f5")
        await until(pilot, "f6 back")
        await type_text(pilot, "prod")
        fault = embedded.faults.add("PutImage:error:code=AccessDeniedException")
        await pilot.press("f5")
        await until(pilot, "f5 close f7 try again")
        embedded.faults.remove(fault)
        await pilot.press("f7")
        await until(pilot, "f5 apply f6 cancel")
        await pilot.press("f5")
        await until(pilot, "f6 back")
        await type_text(pilot, "prod")
        await pilot.press("f5")
        await until(pilot, "f5 close f11 undo it f8 manifest")
        await pilot.press("f8")
        await until(pilot, "schemaVersion")
        await pilot.press("escape", "f5")
        await until_gone(pilot, "f5 close")

        await pilot.press("asterisk", "t")
        await until(pilot, "a rule for the new tags")
        await type_text(pilot, "{tag}-new")
        await pilot.press("enter")
        await until(pilot, "prod-new")
        await pilot.press("enter")
        await until(pilot, "f5 apply f9 on conflict: stop f6 back to the rows")
        await pilot.press("f9")
        await until(pilot, "f9 on conflict: continue")
        await pilot.press("f6")
        await until_gone(pilot, "f9")
        await pilot.press("f10")
        await until(pilot, "2 images")

        fault = embedded.faults.add("DescribeImages:error:code=AccessDeniedException")
        await pilot.press("ctrl+r")
        await until(pilot, "^y try again")
        embedded.faults.remove(fault)
        await pilot.press("ctrl+y")
        await until_gone(pilot, "^y try again")


FIXED_KEY = re.compile(
    r"\b[Pp]ress (?:enter|esc|escape|tab|space|ctrl\S+|\w)\b|\b(?:enter|esc|f\d+|ctrl\S+) [a-z]+", re.IGNORECASE
)
NOT_KEYS = ("Enter the ", "Enter two tags", "enter the code", "to return to ecrtui", "Ctrl-C stops waiting")
"""What to enter is no key, and outside the screens no key can be changed."""


def test_no_text_names_a_fixed_key() -> None:
    found = [
        f"{path.name}: {text}"
        for path in Path(ecrtui.tui.__file__).parent.rglob("*.py")
        for text in texts(ast.parse(path.read_text(encoding="utf-8")))
        if FIXED_KEY.search(text) and not any(words in text for words in NOT_KEYS)
    ]
    assert found == []


def texts(module: ast.Module) -> Iterator[str]:
    """Yield the texts of a module without its docstrings."""
    docstrings = {id(node.value) for node in ast.walk(module) if isinstance(node, ast.Expr)}
    for node in ast.walk(module):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node.value
