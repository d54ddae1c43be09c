"""A terminal whose locale is not UTF-8 gets ASCII, with every column in its place."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.support.embedded import OCI_MANIFEST, client_for, create_repository, manifest_text, new_embedded, put, served
from tests.support.screen import row_of
from tests.support.terminal import ecrtui

REPOSITORY = "team/app"


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """Serve an image whose annotation has an accent, wide characters and a combining mark."""
    registry = new_embedded()
    client = client_for(registry)
    create_repository(client, REPOSITORY)
    text = manifest_text(client, REPOSITORY, annotations={"note": "?"}).replace("?", "é漢字e\u0301|")
    put(client, REPOSITORY, text, "v1", OCI_MANIFEST)
    with served(registry) as address:
        yield address


def shows(text: str, screen: str) -> bool:
    """Return True if the text is on the screen. pyte composes characters, and fills up wide ones with a space."""
    return unicodedata.normalize("NFC", text) in unicodedata.normalize("NFC", "".join(screen.split()))


def test_the_screens_are_ascii_and_keep_their_columns(url: str, own_home: Path) -> None:
    shown = {}
    for locale, note in (("C.UTF-8", "é漢字e\u0301|"), ("C", "??????|")):
        with ecrtui("--endpoint-url", url, f"{REPOSITORY}:v1", home=own_home, LC_ALL=locale) as terminal:
            terminal.until("last pulled")
            terminal.press("2")
            terminal.until(partial(shows, note))
            terminal.press("c")
            shown[locale] = terminal.until("esc cancel")  # the last line: the lines above it are complete
            terminal.press("qq")
            assert terminal.wait() == 0
            assert bytes(terminal.output).isascii() == (locale == "C")
    for word in ("tag URI", "docker pull"):
        columns = [row_of(screen, word).index(word) for screen in shown.values()]
        assert len(set(columns)) == 1, shown["C"]


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        (("manifest", f"{REPOSITORY}:v1"), "\\u00e9\\u6f22\\u5b57e\\u0301|"),
        (("untag", REPOSITORY), f"Write {REPOSITORY}:TAG, or {REPOSITORY} TAG ...."),
        (("retag", "--help"), "team/app@sha256:... or an image URI"),
    ],
)
def test_a_command_prints_ascii(arguments: tuple[str, ...], wanted: str, url: str, own_home: Path) -> None:
    with ecrtui(*arguments, "--endpoint-url", url, home=own_home, size=(200, 60), LC_ALL="C") as terminal:
        terminal.wait()
        assert wanted in " ".join(terminal.screen.split())
        assert bytes(terminal.output).isascii()
