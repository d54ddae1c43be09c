"""Each overlay has a line with its keys."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from textual.screen import Screen

from ecrtui.ecr.sign_in_request import SignInRequest
from ecrtui.emulator.service import EmbeddedRegistry
from ecrtui.tui.clipboard.copy_items import CopyItem
from ecrtui.tui.overlays.base import Overlay
from ecrtui.tui.overlays.column_menu import ColumnMenu
from ecrtui.tui.overlays.confirmation import Confirmation
from ecrtui.tui.overlays.connections import ConnectionPicker
from ecrtui.tui.overlays.copied_text import CopiedText, prepare_exact_text
from ecrtui.tui.overlays.help import HelpOverlay
from ecrtui.tui.overlays.menus import CopyMenu, Menu, ThemeMenu
from ecrtui.tui.overlays.prompt import TextPrompt
from ecrtui.tui.overlays.sign_in import SignInOverlay
from ecrtui.tui.overlays.text_viewer import TextViewer
from ecrtui.tui.screens.images import ImagesScreen
from ecrtui.tui.text_document import prepare_text
from ecrtui.tui.textual_fixes.palette import Palette
from tests.support.screen import app_of, running, until, until_gone


def _overlays(below: ImagesScreen) -> Iterator[tuple[Screen[Any], str]]:
    """Yield an overlay of each kind, and its keys."""
    request = SignInRequest("corp", "https://example.com", "ABCD-EFGH", time.time() + 600)
    yield TextPrompt("Compare with:", "compare"), "enter compare esc cancel"
    yield Confirmation("Go on?", "It ends.", yes="Go on", no="Stay"), "enter choose esc cancel"
    yield CopyMenu([CopyItem("digest", "sha256:1")]), "enter copy esc cancel"
    yield ThemeMenu(["ecrtui-dark"], "ecrtui-dark"), "enter choose esc cancel"
    yield ColumnMenu(below), "enter save space show or hide"
    yield SignInOverlay(request), "c copy the page y copy the code esc cancel"
    yield TextViewer("Text", prepare_text("text")), "esc close / find c copy"
    yield HelpOverlay({}), "esc close / find c copy"
    yield CopiedText("text", prepare_exact_text("text"), []), "enter close p print it"
    yield Palette(), "enter run esc close"


def _kinds(base: type[object]) -> set[type[object]]:
    """Return the overlays of the application, without base classes, and without those that a text snapshot shows."""
    if base is ConnectionPicker or not base.__module__.startswith("ecrtui."):
        return set()
    below = {found for each in base.__subclasses__() for found in _kinds(each)}
    return below if base in (Overlay, Menu) else {base, *below}


async def test_each_overlay_names_its_keys(one_image: EmbeddedRegistry) -> None:
    async with running(one_image, "team/app", size=(80, 24)) as pilot:
        await until(pilot, "1 image")
        below = pilot.app.screen
        assert isinstance(below, ImagesScreen)
        tried = set()
        for overlay, keys in _overlays(below):
            tried.add(type(overlay))
            app_of(pilot).push_screen(overlay)
            await until(pilot, keys)
            await pilot.press("escape")
            await until_gone(pilot, keys)
        assert tried == {Palette, *_kinds(Overlay)}
