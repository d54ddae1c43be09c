"""The one table of actions agrees with the places that carry them out."""

from __future__ import annotations

import pytest

from ecrtui.tui import actions
from ecrtui.tui.app import EcrTuiApp
from ecrtui.tui.base_screen import AppScreen
from ecrtui.tui.screens.activity import ActivityScreen
from ecrtui.tui.screens.image import ImageScreen
from ecrtui.tui.screens.images import ImagesScreen
from ecrtui.tui.screens.plan import PlanScreen
from ecrtui.tui.screens.put_image import PutImageScreen
from ecrtui.tui.screens.repositories import RepositoriesScreen

PLACES = (RepositoriesScreen, ImagesScreen, ImageScreen, PlanScreen, ActivityScreen, PutImageScreen)


def test_every_id_is_unique() -> None:
    ids = [action.id for action in actions.ACTIONS]
    assert len(ids) == len(set(ids))


def test_every_scope_holds_on_some_place() -> None:
    held = {scope for place in PLACES for scope in place.SCOPES}
    assert {action.scope for action in actions.ACTIONS} <= held


@pytest.mark.parametrize("place", PLACES)
def test_every_action_of_a_place_can_be_carried_out_there(place: type[AppScreen]) -> None:
    for action in actions.of(*place.SCOPES):
        owner = EcrTuiApp if action.scope == "app" else place
        assert callable(getattr(owner, f"action_{action.call}", None)), action.id


@pytest.mark.parametrize("place", PLACES)
def test_no_two_actions_of_a_place_share_a_key(place: type[AppScreen]) -> None:
    keys = [key for action in actions.of(*place.SCOPES) for key in action.keys.split(",") if key]
    assert len(keys) == len(set(keys)), sorted(key for key in keys if keys.count(key) > 1)


@pytest.mark.parametrize("place", PLACES)
def test_every_action_with_a_key_is_bound_on_its_place(place: type[AppScreen]) -> None:
    bound = {
        binding.id
        for base in (*place.__mro__, EcrTuiApp)
        for binding in getattr(base, "BINDINGS", ())
        if hasattr(binding, "id")
    }
    assert {action.id for action in actions.of(*place.SCOPES) if action.keys} <= bound


def test_everything_is_explained() -> None:
    assert all(action.label and action.help for action in actions.ACTIONS)
    assert all(action.keys or action.palette for action in actions.ACTIONS)
