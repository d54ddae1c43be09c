"""What is pasted into a field: several lines, control characters, very much text."""

from __future__ import annotations

from pathlib import Path

from tests.support.embedded import client_for, create_repository, new_embedded, push_image, served, tags_of
from tests.support.terminal import ecrtui

REPOSITORY = "team/app"
ENTER, ESCAPE = "\r", "\x1b"


def pasted(text: str) -> bytes:
    """Return a text as a terminal with bracketed paste sends it."""
    return b"\x1b[200~" + text.encode() + b"\x1b[201~"


def test_lines_become_tags_and_what_is_dropped_is_reported(own_home: Path) -> None:
    registry = new_embedded()
    client = client_for(registry)
    create_repository(client, REPOSITORY)
    push_image(client, REPOSITORY, "one", "v1")
    with (
        served(registry) as url,
        ecrtui("--endpoint-url", url, REPOSITORY, home=own_home, size=(120, 30), STY="1.screen") as terminal,
    ):
        terminal.until("1 image ·")
        terminal.press("t")
        terminal.until("new tags, separated")
        terminal.send(b"rc1\rrc2\rrc3\r")  # without bracketed paste
        terminal.until("rc1 rc2 rc3")
        terminal.send(pasted("rc4\nrc5\x07\n"))
        screen = terminal.until("rc1 rc2 rc3 rc4 rc5")
        assert "done" not in screen
        terminal.until("of the pasted text fits")
        terminal.until("enter apply")
        assert set(tags_of(client, REPOSITORY)) == {"v1"}  # no line end has applied the plan
        terminal.press(ENTER)
        terminal.until("✓ done")
        assert set(tags_of(client, REPOSITORY)) == {"v1", "rc1", "rc2", "rc3", "rc4", "rc5"}
        terminal.press(ENTER)
        terminal.until(lambda screen: "Retag" not in screen)

        terminal.press("/")
        terminal.send(pasted("rc1\nrc2\n"))
        terminal.until("/ rc1 rc2")
        terminal.press(ESCAPE)
        terminal.until(lambda screen: "/ rc1" not in screen)
        terminal.press("/")
        terminal.send(pasted("q" * 1_200_000))  # as keys, the rest would stay in the field or quit
        terminal.until("qqq")
        terminal.press(ESCAPE)
        terminal.until(lambda screen: "qqq" not in screen)
        terminal.press("q")
        assert terminal.wait() == 0
