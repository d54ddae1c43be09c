"""Messages with fields."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import pytest

from ecrtui.tui.fields_message import FieldsMessage


class Opened(FieldsMessage):
    """A message with a field that needs a value, and one with a default."""

    name: str
    pane: str = "overview"


class OpenedAt(Opened):
    """A message that adds a field, and narrows the type of another one."""

    pane: Literal["overview", "tags"] = "overview"
    line: int = 1


def test_a_field_gets_its_value_by_position_by_name_or_by_default() -> None:
    for message in (Opened("a", "tags"), Opened("a", pane="tags"), Opened(pane="tags", name="a")):
        assert (message.name, message.pane) == ("a", "tags")
    assert Opened("a").pane == "overview"
    assert (OpenedAt("a", line=2).line, OpenedAt("a", "tags", 3).line) == (2, 3)


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda: Opened(), "needs name"),  # type: ignore[call-arg]
        (lambda: Opened("a", "b", "c"), "has the fields name, pane"),  # type: ignore[call-arg]
        (lambda: Opened("a", name="b"), "has the fields name, pane"),  # type: ignore[misc]
        (lambda: Opened("a", title="b"), "has the fields name, pane"),  # type: ignore[call-arg]
    ],
)
def test_wrong_fields_are_an_error(make: Callable[[], Opened], reason: str) -> None:
    with pytest.raises(TypeError, match=reason):
        make()


def test_messages_of_different_kinds_have_different_handlers() -> None:
    assert (Opened.handler_name, OpenedAt.handler_name) == ("on_opened", "on_opened_at")
