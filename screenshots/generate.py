"""Draw the pictures of this folder from the real application on demo data: ``make screenshots``."""

from __future__ import annotations

import asyncio
import os
import re
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

os.environ["TEXTUAL_ANIMATIONS"] = "none"  # read when textual is imported

from textual.app import App
from textual.pilot import Pilot

HERE = Path(__file__).parent
PATIENCE = 30.0


@dataclass(frozen=True)
class Picture:
    """One picture: where the application starts, what is pressed, and what must stand on the screen after each step."""

    name: str
    start: str
    steps: tuple[tuple[str, str], ...]
    size: tuple[int, int] = (120, 34)
    theme: str = "ecrtui-dark"


PICTURES = (
    Picture("repositories", "", (("", "repositories"),)),
    Picture("images", "team/checkout", (("", "images_by_tag"), ("down,up", "schemaVersion")), size=(160, 40)),
    Picture("image", "team/checkout:prod", (("", "linux/arm64"), ("o,down,down", "can be tagged"))),
    Picture(
        "retag",
        "team/checkout",
        (("", "images_by_tag"), ("t", "Retag"), ("s,t,a,b,l,e,space,r,o,l,l,b,a,c,k", "enter apply")),
    ),
    Picture(
        "result",
        "team/checkout",
        (("", "images_by_tag"), ("t", "Retag"), ("c,a,n,d,i,d,a,t,e", "enter apply"), ("enter", "request id")),
    ),
    Picture(
        "bulk",
        "team/checkout",
        (
            ("", "images_by_tag"),
            ("slash,r,e,l,e,a,s,e,enter", "match"),
            ("asterisk", "marked"),
            ("t", "a rule"),
            ("left_curly_bracket,t,a,g,right_curly_bracket,minus,o,l,d,enter", "new"),
        ),
    ),
    Picture("light", "team/checkout", (("", "images_by_tag"),), theme="ecrtui-light"),
)


async def draw(picture: Picture) -> str:
    """The picture as SVG."""
    from ecrtui import wiring
    from ecrtui.ecr.reference import Reference, parse_reference
    from ecrtui.settings import Connection, load

    settings = load({"theme": picture.theme})
    connect = wiring.SessionFactory(Connection(demo=True), settings)
    app = wiring.application(
        connect, settings, parse_reference(picture.start) if picture.start else Reference(), demo=True
    )
    async with app.run_test(size=picture.size) as pilot:
        for keys, wanted in picture.steps:
            if keys:
                await pilot.press(*keys.split(","))
            await until(pilot, lambda text, wanted=wanted: wanted in text)
        await pilot.pause(0.5)
        return re.sub(r"terminal-\d+", "terminal-ecrtui", app.export_screenshot(title="ecrtui"))


async def until(pilot: Pilot[None], holds: Callable[[str], bool]) -> None:
    """Wait until what is asked of the screen's text holds."""
    waited = 0.0
    while not holds(text_of(pilot.app)):
        if waited > PATIENCE:
            sys.exit(f"never on the screen; what is:\n{text_of(pilot.app)}")
        await pilot.pause(0.05)
        waited += 0.05


def text_of(app: App[None]) -> str:
    """What stands on the screen."""
    return "\n".join(strip.text for strip in app.screen._compositor.render_strips(app.size))


def main() -> None:
    """Draw all pictures, or those that are named."""
    wanted = sys.argv[1:]
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
        for picture in PICTURES:
            if not wanted or picture.name in wanted:
                (HERE / f"{picture.name}.svg").write_text(asyncio.run(draw(picture)), "utf-8")
                print(f"screenshots/{picture.name}.svg")


if __name__ == "__main__":
    main()
