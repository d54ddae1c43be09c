"""Keep what each new session and client of botocore computes again: more than half of their time.

The program creates one session or two. The tests create five thousand.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import partial
from typing import Any

import botocore.client
import botocore.hooks


def install() -> None:
    """Keep the aliases of event names, which handlers accept keywords, and the methods of the clients of a service."""
    _keep(botocore.hooks.EventAliaser, "_alias_event_name", lambda _, name: name)
    _keep(botocore.hooks, "accepts_kwargs", _code_of)
    _keep(botocore.client.ClientCreator, "_create_methods", lambda _, service: tuple(service.operation_names))


def _keep(owner: Any, name: str, key: Callable[..., Hashable]) -> None:
    """Let a function keep its results, by a key of its arguments."""
    function = getattr(owner, name)
    kept: dict[Hashable, Any] = {}

    def find(*arguments: Any) -> Any:
        found = key(*arguments)
        if found not in kept:
            kept[found] = function(*arguments)
        return kept[found]

    setattr(owner, name, find)


def _code_of(handler: Any) -> Any:
    """Return what two handlers of the same parameters share. boto3 creates the handlers of each session anew."""
    function = handler.func if isinstance(handler, partial) else handler
    return getattr(function, "__code__", type(function))
