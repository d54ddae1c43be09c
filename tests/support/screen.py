"""The application in a test: on an embedded registry, driven by keys, read as text."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from textual.pilot import Pilot

from ecrtui import wiring
from ecrtui.local.service import EmbeddedRegistry
from ecrtui.model.reference import Reference, parse
from ecrtui.settings import Connection, load
from ecrtui.ui.app import EcrTuiApp

PATIENCE = 20.0
"""Seconds after which a test gives up waiting; a slow machine needs some, a passing test none of it."""


@asynccontextmanager
async def running(
    embedded: EmbeddedRegistry, start: str = "", size: tuple[int, int] = (100, 30), **settings: Any
) -> AsyncIterator[Pilot[None]]:
    """The application on this registry, landed on a reference, until the block ends."""
    chosen = load({"writes_per_second": 10_000.0, **settings})
    connect = wiring.Connector(Connection(), chosen, embedded=embedded)
    app = wiring.application(connect, chosen, parse(start) if start else Reference(), demo=True)
    async with app.run_test(size=size, notifications=True) as pilot:
        yield pilot


def screen_text(app: EcrTuiApp | Any) -> str:
    """What stands on the screen, a line a row, trailing blanks cut."""
    strips = app.screen._compositor.render_strips(app.size)
    return "\n".join(strip.text.rstrip() for strip in strips)


async def until(pilot: Pilot[Any], wanted: str | Callable[[str], bool], patience: float = PATIENCE) -> str:
    """Wait until a text stands on the screen, or until what is asked of it holds; the screen's text."""
    holds = (lambda text: wanted in text) if isinstance(wanted, str) else wanted
    waited = 0.0
    while not holds(screen := screen_text(pilot.app)):
        if waited > patience:
            raise AssertionError(f"never on the screen: {wanted!r}\n{screen}")
        await pilot.pause(0.02)
        waited += 0.02
    return screen


async def type_text(pilot: Pilot[Any], text: str) -> None:
    """Press the keys of a text, one by one."""
    names = {" ": "space", "-": "minus", ".": "full_stop", "/": "slash", ":": "colon", "_": "underscore"}
    await pilot.press(*(names.get(character, character) for character in text))
