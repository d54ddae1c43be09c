"""``[keys]`` of the settings: what is wrong with them, and which action wins a key."""

from __future__ import annotations

import pytest
from textual.dom import DOMNode

from ecrtui.emulator.service import EmbeddedRegistry
from ecrtui.tui import actions, user_keys
from ecrtui.tui.bindings import declared_actions
from ecrtui.tui.user_keys import key_problems, usable_keys
from tests.support.screen import running, until
from tests.tui.test_actions import OWNERS

LAYERS = {layer for place in user_keys.PLACES for layer in place}


@pytest.mark.parametrize("owner", OWNERS)
def test_every_class_that_binds_actions_is_in_a_place(owner: type[DOMNode]) -> None:
    assert {action.scope for action in declared_actions(owner)} in [set(layer) for layer in LAYERS]


@pytest.mark.parametrize("owner", OWNERS)
def test_of_two_actions_of_a_class_the_one_that_is_reported_gets_the_key(owner: type[DOMNode]) -> None:
    first, *others = declared_actions(owner)
    for other in others:
        chosen = {first.id: "f35", other.id: "f35"}
        bindings = owner._merge_bindings()
        bindings.apply_keymap(usable_keys(chosen))
        (winner,) = {binding.id for binding in bindings.key_to_bindings["f35"]}
        loser = other.id if winner == first.id else first.id
        (problem,) = key_problems(chosen)
        assert f"it wins over {loser}." in problem or problem.endswith(f"{winner} wins over it.")


@pytest.mark.parametrize(
    ("keys", "problem"),
    [
        ({"image.retag": "f5", "app.find": "f5"}, "gives 'f5' to image.retag: it wins over app.find."),
        ({"app.find": "f5", "image.retag": "f2, f5"}, "gives 'f5' to image.retag: it wins over app.find."),
        ({"screen.refresh": "y"}, "gives 'y' to screen.refresh: it wins over list.yaml and inspector.yaml."),
        ({"image.retag": "?"}, "gives 'question_mark' to image.retag: it wins over app.help."),
        ({"row.open": "l"}, "gives 'l' to row.open: table.right, manifest_view.right and text.right win over it."),
        ({"marks.mark": "tab"}, "it wins over going to the next field, but manifest_view.next_digest and "),
        ({"app.find": "tab"}, "win over it."),
        ({"undo.undo": "escape"}, "it wins over screen.back, but plan_form.close, "),
        ({"put_image_form.plan": "enter"}, "it wins over confirming a field, file_field.save and message_panel.retry."),
        ({"plan_form.close": "shift+tab"}, "it wins over going back to the last field"),
        ({"find_field.search": "J"}, "gives 'J' to find_field.search: it wins over typing 'J'."),
    ],
)
def test_a_key_that_is_not_free_is_reported_with_what_wins(keys: dict[str, str], problem: str) -> None:
    (message,) = key_problems(keys)
    assert message.startswith("[keys] ")
    assert problem in message


@pytest.mark.parametrize(
    "keys",
    [
        {"image.retag": "t,f2"},  # the tag history and the forms have t too, by default
        {"repositories.totals": "f2", "images.newer_than_tag": "f2", "activity.undo": "f2"},  # never together
        {"app.help": "?"},
    ],
)
def test_a_key_that_only_one_action_can_have_is_not_reported(keys: dict[str, str]) -> None:
    known = {action_id: names for action_id, names in keys.items() if action_id in actions.BY_ID}
    assert key_problems(known) == []


def test_an_unknown_id_is_reported_with_the_closest_known_one() -> None:
    assert key_problems({"image.retag": "f2", "image.retga": "f3"}) == [
        "Unknown action 'image.retga' in [keys]. Did you mean 'image.retag'?"
    ]


def test_an_unknown_key_is_reported_with_the_closest_known_one() -> None:
    assert key_problems({"image.retag": "f2, ctrl-t", "app.quit": "q,ctrl+q"}) == [
        "Unknown key 'ctrl-t' for image.retag in [keys]. Did you mean 'ctrl+t'?"
    ]


def test_a_comma_is_written_as_its_name() -> None:
    assert key_problems({"image.retag": ","}) == ["No key for image.retag in [keys]. Write a comma as 'comma'."]
    assert key_problems({"image.retag": "comma"}) == []


def test_an_action_without_a_known_key_keeps_its_default_keys() -> None:
    assert usable_keys({"image.retag": "ctrl-t", "app.quit": "esc, Q", "app.hepl": "f1", "row.open": ","}) == {
        "app.quit": "Q"
    }


async def test_the_application_reports_them_and_ignores_unknown_keys(embedded: EmbeddedRegistry) -> None:
    keys = {"app.help": "esc", "app.activity": "f9", "app.find": "f9"}
    async with running(embedded, size=(120, 30), keys=keys) as pilot:
        await until(pilot, "Unknown key 'esc' for app.help")
        await until(pilot, "gives 'f9' to app.find: it wins over")
        await pilot.press("question_mark")
        await until(pilot, "Keyboard shortcuts")


async def test_the_application_shows_some_of_many_problems(embedded: EmbeddedRegistry) -> None:
    keys = {f"inspector.{pane}": "esc" for pane in ("overview", "manifest", "config", "layers", "findings")}
    async with running(embedded, size=(120, 30), keys=keys) as pilot:
        screen = await until(pilot, "ecrtui keys lists 2 more problems of")
        assert screen.count("Unknown key 'esc'") == 3
