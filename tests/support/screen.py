"""The application in tests: on an embedded registry, driven by keys, read as text."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from textual import events
from textual.app import App
from textual.pilot import Pilot

from ecrtui import application, wiring
from ecrtui.catalog.catalog import Catalog
from ecrtui.connections import ProcessConnections, SessionFactory
from ecrtui.ecr.reference import Reference, parse_reference
from ecrtui.emulator.service import EmbeddedRegistry
from ecrtui.registry.process.client import RegistryProcess
from ecrtui.registry.protocol import Capabilities
from ecrtui.registry.rate_limiter import RateLimiter
from ecrtui.retag.engine import Engine
from ecrtui.retag.journal.journal import Journal
from ecrtui.session import Session, SessionSource
from ecrtui.settings import Connection, Settings, load
from ecrtui.tui.app import EcrTuiApp
from ecrtui.tui.bindings import shown_key
from ecrtui.tui.retag.field_form import FieldForm
from ecrtui.tui.widgets.tab_line import TabLine

TIMEOUT = 60.0
"""Seconds of pauses after which a waiting test fails. Only a slow machine needs them."""

POLL = 0.02
"""Seconds between two looks at the screen."""

# A busy machine may not look at the screen while a shorter toast is there.
EcrTuiApp.NOTIFICATION_TIMEOUT = 2 * TIMEOUT


@asynccontextmanager
async def running(
    embedded: EmbeddedRegistry | None,
    start: str = "",
    size: tuple[int, int] = (100, 30),
    *,
    connection: Connection | None = None,
    unhurried: bool = True,
    capabilities: Capabilities | None = None,
    elsewhere: bool = False,
    process: RegistryProcess | None = None,
    age_interval: float | None = None,
    **settings: Any,
) -> AsyncIterator[Pilot[None]]:
    """Run the application on this registry while the block runs.

    Args:
        embedded: the registry; None for the one that the connection describes.
        start: the reference to land on.
        size: columns and rows.
        connection: the connection options.
        unhurried: False lets a throttled writer retry at once.
        capabilities: the features of the registry; None for those of ECR.
        elsewhere: True if the user can choose other connections, over the network.
        process: the process that holds those connections; None for this one.
        age_interval: seconds between two looks at the age of data; None for those of the application.
        settings: settings, given as flags.
    """
    chosen = load({"writes_per_second": 10_000.0, "prefetch": True, **settings})
    options = connection or Connection()
    connect: SessionSource
    if capabilities is not None:
        connect = _limited(embedded, chosen, capabilities)
    elif unhurried:
        connect = SessionFactory(options, chosen, embedded=embedded)
    else:
        connect = _hurried(embedded, chosen)
    reference = parse_reference(start) if start else Reference()
    connections = ProcessConnections(chosen, process) if elsewhere else None
    app = application.create_app(connect, chosen, reference, demo=embedded is not None, connections=connections)
    if age_interval is not None:
        app.age_interval = age_interval
    if connections is not None:
        connections.talk_through(app)
    async with app.run_test(size=size, notifications=True) as pilot:
        yield pilot


def _hurried(embedded: EmbeddedRegistry | None, settings: Settings) -> SessionSource:
    registry = wiring.open_registry(Connection(), embedded=embedded)
    engine = Engine(registry, Journal(None), settings, rate_limiter=RateLimiter(0, sleep=lambda seconds: None))
    session = Session(
        registry.location(),
        settings,
        registry,
        Catalog(registry),
        lambda: engine,
        lambda other: session,
        wiring.open_copier,
    )
    return OpenSession(session)


def _limited(embedded: EmbeddedRegistry | None, settings: Settings, capabilities: Capabilities) -> SessionSource:
    registry = wiring.open_registry(Connection(), embedded=embedded)
    registry.capabilities = capabilities
    return OpenSession(wiring.open_session(registry, settings))


_AS_CONFIGURED = Connection()


@dataclass(frozen=True)
class OpenSession:
    """A session source with an open session and no cached snapshot."""

    session: Session
    connection: Connection = _AS_CONFIGURED

    def __call__(self) -> Session:
        return self.session

    @property
    def opened(self) -> Session | None:
        return self.session

    def cached_snapshot(self) -> None:
        return None

    def close(self) -> None:
        """Do nothing: nothing was opened."""


def app_of(pilot: Pilot[None]) -> EcrTuiApp:
    """Return the application of a pilot."""
    assert isinstance(pilot.app, EcrTuiApp)
    return pilot.app


def screen_text(app: EcrTuiApp | Any) -> str:
    """Return the screen as text, without trailing blanks."""
    strips = app.screen._compositor.render_strips(app.size)
    return "\n".join(strip.text.rstrip() for strip in strips)


async def until(pilot: Pilot[Any], wanted: str | Callable[[str], bool], limit: float = TIMEOUT) -> str:
    """Wait until a text is on the screen, or a condition holds. Return the screen's text."""
    holds = (lambda text: wanted in text) if isinstance(wanted, str) else wanted
    waited = 0.0
    while not holds(screen := screen_text(pilot.app)):
        if waited > limit:
            raise AssertionError(f"never on the screen: {wanted!r}\n{screen}")
        await pilot.pause(POLL)
        waited += POLL
    await pilot.pause()  # a widget that has just grown gets its layout in the next frame
    save_step(pilot.app)
    return screen_text(pilot.app)


SHOW_FOLDER = os.environ.get("ECRTUI_SHOW")
"""The folder for an SVG of each step; read now, because tests run with their own environment."""

_steps = count(1)


def save_step(app: App[Any]) -> None:
    """Write an SVG of the screen into the folder that ``ECRTUI_SHOW`` names, if it is set."""
    if SHOW_FOLDER:
        Path(SHOW_FOLDER).mkdir(parents=True, exist_ok=True)
        app.save_screenshot(f"step-{next(_steps):03}.svg", SHOW_FOLDER)


async def until_gone(pilot: Pilot[Any], unwanted: str) -> str:
    """Wait until a text is gone from the screen. Return the screen's text."""
    return await until(pilot, lambda screen: unwanted not in screen)


async def until_idle(pilot: Pilot[Any], group: str | None = None) -> str:
    """Wait until no worker of a group, or none at all, is left. Return the screen's text."""
    return await until(pilot, lambda _: not any(group in (None, worker.group) for worker in pilot.app.workers))


async def open_pane(pilot: Pilot[Any], pane: str) -> str:
    """Wait for the image screen, and show one of its panes. Return the screen's text."""
    await until(pilot, "1 over")
    await pilot.press(shown_key(pilot.app, f"inspector.{pane}"))
    return await until(pilot, lambda screen: pilot.app.screen.query_one(TabLine).current == pane)


async def type_text(pilot: Pilot[Any], text: str) -> None:
    """Type a text into the focused field. All keys arrive at once, as from a fast typist."""
    for character in text:
        pilot.app.post_message(events.Key(character, character))
    await pilot.pause()


async def fill_in(pilot: Pilot[Any], text: str) -> None:
    """Type a text into the focused field, and wait until the field has all of it."""
    await type_text(pilot, text)
    await until(pilot, lambda _: str(getattr(pilot.app.focused, "value", "")).endswith(text))


async def until_planned(pilot: Pilot[Any]) -> str:
    """Wait until the form shows the plan of all that its field has, and it can be applied. Return the screen's text."""

    return await until(pilot, lambda screen: "enter apply" in screen and _has_newest_plan(pilot))


def _has_newest_plan(pilot: Pilot[Any]) -> bool:
    """Return True if the form has made the plan of all that its field has."""
    form = pilot.app.screen.query(FieldForm).first()
    return not form.state.planning and form.words_of(form.field.value) == form.state.tags


async def paste(pilot: Pilot[Any], text: str) -> None:
    """Paste a text at once, as a terminal does."""
    pilot.app.post_message(events.Paste(text))
    await pilot.pause()


async def retag(pilot: Pilot[Any], *tags: str) -> str:
    """Open the retag form for the image under the cursor, type tags and wait for the plan. Return the screen's text."""
    await pilot.press("t")
    await until(pilot, "new tags, separated")
    await fill_in(pilot, " ".join(tags))
    shown = ("enter apply", "refused: ")
    return await until(pilot, lambda screen: any(words in screen for words in shown) and _has_newest_plan(pilot))


def row_of(screen: str, words: str) -> str:
    """Return the first line of the screen with this text."""
    return next((line for line in screen.splitlines() if words in line), "")


def below(screen: str, words: str) -> str:
    """Return the lines of the screen from the first one with this text."""
    return screen[screen.index(words) :]


def cursor_row(screen: str) -> str:
    """Return the line with the cursor of a list."""
    return row_of(screen, "▸")


def unsafe_characters(screen: str) -> list[str]:
    """Return the characters of a screen that a terminal would interpret or hide: controls, C1, bidi, format."""
    return [character for character in screen if character != "\n" and unicodedata.category(character)[0] == "C"]
