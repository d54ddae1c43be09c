"""``[keys]`` of the settings: which keys apply, and what is wrong with them.

Standard library only: ``ecrtui keys`` checks them without loading Textual.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import product

from ecrtui.ecr.units import format_count
from ecrtui.tui.actions import ACTIONS, BY_ID, Action
from ecrtui.tui.key_names import closest_key_name, is_key_name, long_key_name

FIRST_PROBLEMS = 3
"""How many messages a start of the application shows."""

Layer = tuple[str, ...]
"""The scopes that one class binds. All of its actions get the same keys."""


def _layers(*scopes: str) -> tuple[Layer, ...]:
    return tuple(tuple(names.split()) for names in scopes)


SCREENS = _layers(
    "list watch row repositories marks dry_run put_image screen",
    "list watch row images marks image undo dry_run put_image screen",
    "list plan undo screen",
    "list row marks activity screen",
    "list row repositories marks dry_run screen",
    "list row find marks undo screen",
    "compare screen",
    "undo lifecycle screen",
)
PUT_IMAGE_SCREEN = ("put_image_form", "screen")
IMAGE_SCREEN = ("watch", "image", "undo", "dry_run", "inspector", "put_image", "screen")
PANES = _layers(
    "text_pane manifest",
    "text_pane",
    "text_pane split_pane",
    "text_pane split_pane artifacts_pane",
    "text_pane tags_pane",
    "packages_pane",
    "findings",
)
WIDGETS = _layers(
    "table",
    "text",
    "linked_text text",
    "manifest_view",
    "structure",
    "filter_bar",
    "message_panel",
    "file_field",
    "plan_form",
    "plan_form promote_form",
    "plan_form bulk_form",
)
"""The widgets that a screen or a pane can have."""

OVERLAYS = _layers(
    "overlay",
    "overlay help text_viewer",
    "overlay text_viewer",
    "overlay menu copy_menu",
    "overlay menu columns",
    "overlay menu",
    "overlay sign_in",
    "overlay copied_text",
    "overlay connections",
)
FIELDS = _layers("find_field", "plan_field", "file_field")
"""The fields that bind actions themselves."""

PLACES = (
    *((widget, screen, ("app",)) for widget, screen in product(WIDGETS, SCREENS)),
    *((widget, pane, IMAGE_SCREEN, ("app",)) for widget, pane in product(WIDGETS, PANES)),
    *((widget, PUT_IMAGE_SCREEN, ("app",)) for widget in _layers("file_field", "message_panel")),
    *((widget, overlay) for widget, overlay in product(_layers("text", "filter_bar"), OVERLAYS)),
    *((field, screen, ("app",)) for field in FIELDS for screen in SCREENS if field[0].partition("_")[0] in screen),
)
"""What can be active together: the layers around a widget, from the widget outwards."""

_KEYS_OF_FIELDS = {
    "tab": "going to the next field",
    "shift+tab": "going back to the last field",
    "enter": "confirming a field",
    "escape": "leaving a field",
}


def usable_keys(keys: Mapping[str, str]) -> dict[str, str]:
    """Return the entries of ``[keys]`` without unknown names, and without keys that another action of a class wins.

    An action without a key that is left keeps its default keys.
    """
    known = _known(keys)
    entries = {
        action_id: ",".join(key for key in _long_names(entry) if not _is_lost(BY_ID[action_id], key, known))
        for action_id, entry in known.items()
    }
    return {action_id: entry for action_id, entry in entries.items() if entry}


def key_problems(keys: Mapping[str, str]) -> list[str]:
    """Return one message for each thing that is wrong with ``[keys]``: unknown names, and keys that are not free.

    Args:
        keys: keys by the id of the action, comma separated.
    """
    problems: list[str] = []
    for action_id, entry in keys.items():
        problems += _unknown_names(action_id, entry)
    known = _known(keys)
    for action in ACTIONS:
        for key in dict.fromkeys(_long_names(known.get(action.id, ""))):
            if key not in _long_names(action.keys):
                problems += _conflicts(action, key, known)
    return problems


def first_problems(keys: Mapping[str, str]) -> Iterator[str]:
    """Yield the first messages of :func:`key_problems`, then how many more there are: all would cover a list."""
    problems = key_problems(keys)
    yield from problems[:FIRST_PROBLEMS]
    if left := len(problems[FIRST_PROBLEMS:]):
        yield f"ecrtui keys lists {format_count(left, 'more problem')} of [keys]."


def _known(keys: Mapping[str, str]) -> dict[str, str]:
    """Return the entries of ``[keys]`` without unknown names."""
    known = {action_id: ",".join(filter(is_key_name, _names(entry))) for action_id, entry in keys.items()}
    return {action_id: entry for action_id, entry in known.items() if entry and action_id in BY_ID}


def _is_lost(action: Action, key: str, known: Mapping[str, str]) -> bool:
    """Return True if a key that ``[keys]`` gives to two actions of a class is for the other one.

    Textual would take the one that it finds first, and that differs from class to class.
    """
    others = (BY_ID[other] for other, entry in known.items() if key in _long_names(entry))
    return any(_order(other) < _order(action) and _share_a_class(action, other) for other in others)


def _names(entry: str) -> list[str]:
    return [name for name in map(str.strip, entry.split(",")) if name]


def _long_names(entry: str) -> list[str]:
    return [long_key_name(name) for name in _names(entry)]


def _unknown_names(action_id: str, entry: str) -> Iterator[str]:
    if action_id not in BY_ID:
        import difflib  # only a mistake needs it

        closest = difflib.get_close_matches(action_id, BY_ID, n=1, cutoff=0.0)[0]
        yield f"Unknown action {action_id!r} in [keys]. Did you mean {closest!r}?"
    if not _names(entry):
        yield f"No key for {action_id} in [keys]. Write a comma as 'comma'."
    for name in _names(entry):
        if not is_key_name(name):
            yield f"Unknown key {name!r} for {action_id} in [keys]. Did you mean {closest_key_name(name)!r}?"


def _conflicts(action: Action, key: str, keys: Mapping[str, str]) -> Iterator[str]:
    """Yield what else a key does that ``[keys]`` gives to an action, and which of the two wins."""
    beaten: list[str] = []
    stronger: list[str] = []
    for other in ACTIONS:
        if other == action or key not in _long_names(keys.get(other.id, other.keys)):
            continue
        is_new_for_both = other.id in keys and key not in _long_names(other.keys)
        if is_new_for_both and ACTIONS.index(other) < ACTIONS.index(action):
            continue  # reported with the other one
        winner = _winner(action, other, both_chosen=other.id in keys)
        if winner is not None:
            (beaten if winner is action else stronger).append(other.id)
    beaten = [*_beaten_in_fields(action, key), *beaten]
    results = [f"it wins over {_listed(beaten)}"] if beaten else []
    if stronger:
        results.append(f"{_listed(stronger)} {'win' if len(stronger) > 1 else 'wins'} over it")
    if results:
        yield f"[keys] gives {key!r} to {action.id}: {', but '.join(results)}."


def _beaten_in_fields(action: Action, key: str) -> list[str]:
    """Return what a field loses when an action gets the key."""
    is_field = (action.scope,) in FIELDS
    if key in ("tab", "shift+tab"):
        return [] if action.scope in _OUTSIDE_FIELDS else [_KEYS_OF_FIELDS[key]]
    if key in _KEYS_OF_FIELDS:
        return [_KEYS_OF_FIELDS[key]] if action.priority or is_field else []
    return [f"typing {key!r}"] if is_field and len(key) == 1 else []


_OUTSIDE_FIELDS = ("app",)
"""Scopes around those where Textual moves the focus: there, its keys win."""


def _positions(scope: str) -> dict[int, int]:
    """Return the layer that has a scope, by the number of the place."""
    found = (
        (number, layer) for number, place in enumerate(PLACES) for layer, scopes in enumerate(place) if scope in scopes
    )
    return dict(found)


def _winner(action: Action, other: Action, *, both_chosen: bool) -> Action | None:
    """Return which of two actions a key runs; None if they are never active together.

    Args:
        action: the action that ``[keys]`` gives the key to.
        other: another action with the key.
        both_chosen: whether ``[keys]`` gives the key to both.
    """
    if _share_a_class(action, other):
        return min(action, other, key=_order) if both_chosen else action  # Textual removes the default key
    mine, others = _positions(action.scope), _positions(other.scope)
    common = mine.keys() & others.keys()
    if not common:
        return None
    place = min(common)
    inner, outer = (action, other) if mine[place] < others[place] else (other, action)
    return outer if outer.priority else inner


def _share_a_class(one: Action, other: Action) -> bool:
    return any(one.scope in layer and other.scope in layer for place in PLACES for layer in place)


def _order(action: Action) -> tuple[bool, int]:
    return not action.priority, ACTIONS.index(action)


def _listed(names: Sequence[str]) -> str:
    """Return names as a list in a sentence: at most three of them."""
    shown = [*names[:3], f"{len(names) - 3} more"] if len(names) > 4 else list(names)
    return " and ".join(filter(None, (", ".join(shown[:-1]), shown[-1])))
