"""Draw the screenshots in this folder from the real application on demo data: ``make screenshots``."""

from __future__ import annotations

import asyncio
import os
import re
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

os.environ["TEXTUAL_ANIMATIONS"] = "none"  # Textual reads it when it is imported

from textual.app import App
from textual.pilot import Pilot

FOLDER = Path(__file__).parent
TIMEOUT = 30.0
QUIET = 1.5
"""Seconds without a change after which a screen is complete."""


@dataclass(frozen=True)
class Screenshot:
    """One screenshot: the reference to open, and the steps to its screen.

    A step is a comma-separated list of keys to press, and a text to wait for.
    """

    name: str
    reference: str
    steps: tuple[tuple[str, str], ...]
    size: tuple[int, int] = (120, 34)
    theme: str = "ecrtui-dark"


SCREENSHOTS = (
    Screenshot("images", "team/checkout", (("", "index 2"),), size=(130, 30)),
    Screenshot("unfolded", "team/checkout", (("", "index 2"), ("plus", "linux/arm64")), size=(130, 30)),
    Screenshot("repositories", "", (("", "repositories"), ("z", "1.1 GB"))),
    Screenshot("image", "team/checkout:prod", (("", "here since"),)),
    Screenshot("findings", "team/checkout:prod", (("", "here since"), ("5", "CVE-2024-3094"))),
    Screenshot(
        "artifacts", "team/checkout:prod", (("", "here since"), ("6", "not verified"), ("down,down,down", "sbom"))
    ),
    Screenshot(
        "compare",
        "team/checkout",
        (("", "index 2"), ("space", "1 marked"), ("slash,r,o,l,l,b,a,c,k,enter", "match"), ("D", "summary")),
    ),
    Screenshot(
        "retag",
        "team/checkout",
        (("", "index 2"), ("t", "Retag"), ("s,t,a,b,l,e,space,r,o,l,l,b,a,c,k", "rollback  moves")),
    ),
    Screenshot(
        "result",
        "team/checkout",
        (("", "index 2"), ("t", "Retag"), ("c,a,n,d,i,d,a,t,e", "candidate  new"), ("enter", "request id")),
    ),
    Screenshot(
        "bulk",
        "team/checkout",
        (
            ("", "index 2"),
            ("slash,r,e,l,e,a,s,e,enter", "match"),
            ("asterisk", "marked"),
            ("t", "a rule"),
            ("left_curly_bracket,t,a,g,right_curly_bracket,minus,o,l,d,enter", "new"),
        ),
    ),
    Screenshot("light", "team/checkout", (("", "index 2"),), theme="ecrtui-light"),
)


async def draw(screenshot: Screenshot) -> str:
    """Run the application and return the screenshot as SVG."""
    from ecrtui import application
    from ecrtui.connections import SessionFactory
    from ecrtui.ecr.reference import Reference, parse_reference
    from ecrtui.settings import Connection, load

    settings = load({"theme": screenshot.theme})
    connect = SessionFactory(Connection(demo=True), settings)
    reference = parse_reference(screenshot.reference) if screenshot.reference else Reference()
    app = application.create_app(connect, settings, reference, demo=True)
    async with app.run_test(size=screenshot.size) as pilot:
        for keys, text in screenshot.steps:
            if keys:
                await pilot.press(*keys.split(","))
            await wait_for(pilot, text)
        await wait_until_quiet(pilot)
        return re.sub(r"terminal-\d+", "terminal-ecrtui", app.export_screenshot(title="ecrtui"))


async def wait_for(pilot: Pilot[None], text: str) -> None:
    """Wait until the text is on the screen. Exit with the screen after :data:`TIMEOUT` seconds."""
    waited = 0.0
    while text not in (screen := screen_text(pilot.app)):
        if waited > TIMEOUT:
            sys.exit(f"not on the screen after {TIMEOUT} s: {text!r}\n{screen}")
        await pilot.pause(0.05)
        waited += 0.05


async def wait_until_quiet(pilot: Pilot[None]) -> None:
    """Wait until the screen has not changed for :data:`QUIET` seconds. Findings of the rows in view arrive late."""
    before = ""
    while before != (before := screen_text(pilot.app)):
        await pilot.pause(QUIET)


def screen_text(app: App[None]) -> str:
    """Return the text on the screen."""
    return "\n".join(strip.text for strip in app.screen._compositor.render_strips(app.size))


def main() -> None:
    """Draw the named screenshots, or all of them."""
    names = sys.argv[1:]
    with tempfile.TemporaryDirectory() as home:
        os.environ["HOME"] = home
        for variable in (
            "XDG_CONFIG_HOME",
            "XDG_STATE_HOME",
            "XDG_CACHE_HOME",
            "NO_COLOR",
            "AWS_REGION",
            "AWS_PROFILE",
        ):
            os.environ.pop(variable, None)
        for screenshot in SCREENSHOTS:
            if not names or screenshot.name in names:
                (FOLDER / f"{screenshot.name}.svg").write_text(asyncio.run(draw(screenshot)), "utf-8")
                print(f"screenshots/{screenshot.name}.svg")


if __name__ == "__main__":
    main()
