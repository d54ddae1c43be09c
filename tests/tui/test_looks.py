"""Looks that screens share: keys, labels and lines in one style, aligned columns, a way back with the mouse."""

from __future__ import annotations

import re
import threading
import time

from textual.color import Color

from ecrtui.ecr.location import RegistryLocation
from ecrtui.retag.plan import Plan, Report, Step, StepAction, StepOutcome, StepResult
from ecrtui.tui.inspector.linked_text import LinkedText
from ecrtui.tui.key_line import KEY_STYLE, key_line
from ecrtui.tui.retag.rendering import plan_lines, report_lines
from ecrtui.tui.table.row_renderer import CURSOR
from ecrtui.tui.text_document import prepare_facts
from ecrtui.tui.widgets.breadcrumb import Breadcrumb
from tests.support.embedded import client_for, create_repository, new_embedded, push_image
from tests.support.screen import running, screen_text, type_text, until, until_gone


def test_a_line_of_keys_has_each_key_in_the_style_of_the_footer() -> None:
    line = key_line(["enter apply", "", "esc go back"])
    assert line.plain == "enter apply esc go back"
    assert [line.plain[span.start : span.end] for span in line.spans if span.style == KEY_STYLE] == ["enter", "esc"]


def test_labels_are_muted_and_values_are_not() -> None:
    document = prepare_facts("made by     RUN  curl\n            matches\ncreated     today\nNo label here.")
    assert document.styles == {0: [(0, len("made by"), "$text-muted")], 2: [(0, len("created"), "$text-muted")]}


def test_the_images_of_a_plan_are_in_columns() -> None:
    old, new = "sha256:" + "a" * 64, "sha256:" + "b" * 64
    steps = (
        Step("app", "rc", StepAction.MOVE, old, new, before_pushed_at=time.time()),
        Step("app", "next", StepAction.CREATE, "", new),
        Step("app", "release-2026.10", StepAction.ALREADY, new, new),
        Step("app", "v1", StepAction.REFUSED, old, new, reason="the repository is immutable, and the tag exists"),
    )
    *aligned, refused = plan_lines(Plan("plan", steps)).plain.split("\n")
    assert len({line.index("→") for line in aligned}) == 1, aligned
    assert refused.endswith("  refused: the repository is immutable, and the tag exists")


async def test_a_mouse_and_the_palette_lead_back() -> None:
    """One walk: a click on the path, "back" in the palette, an empty list, and a list that loads slowly."""
    embedded = new_embedded()
    client = client_for(embedded)
    create_repository(client, "empty")
    create_repository(client, "team/app")
    push_image(client, "team/app", "one", "v1")
    async with running(embedded, "team/app:v1", size=(120, 30)) as pilot:
        await until(pilot, "1 overview")
        await pilot.click(Breadcrumb, offset=(17, 0))
        await until(pilot, "1 image")
        await pilot.press("enter")
        await until(pilot, "1 overview")
        await pilot.click(Breadcrumb, offset=(len(" Repositories › ") - 1, 0))  # on the separator
        await until(pilot, "2 repositories")
        await pilot.press("a")
        await until(pilot, "No writes recorded")
        await pilot.click(Breadcrumb, offset=(3, 0))
        await until(pilot, "2 repositories")
        await pilot.press("g", "enter")
        await until(pilot, "no images. Press c to copy a push command. Press ^r to look again. Press W to watch it.")
        await pilot.press("c")
        await until(pilot, "/empty:TAG")
        await pilot.press("escape")
        await pilot.press("colon")
        await type_text(pilot, "back")
        await until(pilot, "Clear the filter; without one, leave this screen")
        await pilot.press("enter")
        await until(pilot, "2 repositories")
        held = threading.Event()
        embedded.faults.before("DescribeImages", lambda: held.wait(120))
        await pilot.press("G", "enter")
        await until(pilot, lambda text: re.search(r"loading \S \d+ s · 0", text) is not None)
        held.set()
        await until(pilot, "1 image")
        assert " s · " not in (await until_gone(pilot, "loading"))
        assert "v1" in screen_text(pilot.app)


async def test_lines_cursors_and_menus_look_alike() -> None:
    """One walk: the cursor of a text, the line between two halves and its focus, the copy menu, the themes."""
    embedded = new_embedded()
    client = client_for(embedded)
    create_repository(client, "team/app")
    image = push_image(client, "team/app", "one", "v1", layers=[b"x" * 9])
    async with running(embedded, "team/app:v1", size=(80, 24)) as pilot:
        await until(pilot, "here since")
        view = pilot.app.screen.query_one(LinkedText)
        cursor = Color.parse(pilot.app.theme_variables["block-cursor-background"])
        strip = next(strip for strip in map(view.render_line, range(view.size.height)) if CURSOR in strip.text)
        assert strip.text.startswith(f"{CURSOR} ")
        assert {Color.from_rich_color(segment.style.bgcolor) for segment in strip if segment.style} == {cursor}

        await pilot.press("4")
        await until(pilot, "─ layer 1 of 1 ─")
        below = pilot.app.screen.query_one(".below")
        for color in ("separator", "primary"):
            assert below.styles.border_top[1] == Color.parse(pilot.app.theme_variables[color])
            await pilot.press("o")
            await pilot.pause()

        await pilot.press("c")
        await until(pilot, "docker pull")
        await pilot.press("j", "j", "j")
        await until(pilot, image.digest)
        await pilot.press("escape")
        await until_gone(pilot, "docker pull")
        await pilot.press("colon")
        await type_text(pilot, "choose a theme")
        await until(pilot, "Choose a theme; it is saved")
        await pilot.press("enter")
        assert "› team/app › v1" in await until(pilot, "ecrtui-contrast")


def test_many_steps_begin_with_their_numbers_and_with_what_needs_attention() -> None:
    new = "sha256:" + "b" * 64
    steps = tuple(
        Step("app", f"t{number}", StepAction.CREATE, "", new, warnings=("it expires",)) for number in range(9)
    )
    plan = Plan("plan", steps)
    assert [line.strip() for line in plan_lines(plan).plain.split("\n")][:2] == ["9 new", "! it expires"]
    outcomes = [StepOutcome.DONE] * 7 + [StepOutcome.FAILED, StepOutcome.SKIPPED]
    results = tuple(StepResult(step, outcome) for step, outcome in zip(steps, outcomes, strict=True))
    lines = report_lines(Report(plan, results, RegistryLocation("123456789012", "eu-west-1"))).plain.split("\n")
    assert lines[0].split() == ["✓", "done", "7", "✗", "failed", "1", "-", "skipped", "1"]
    assert lines[1].startswith("✗ failed  t7")
    assert [line.split()[2] for line in lines[2:]] == ["t0", "t1", "t2", "t3", "t4", "t5", "t6", "t8"]
