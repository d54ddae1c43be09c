"""Caches for what each new session and client of botocore computes again: three quarters of their time.

The program creates one session or two. The tests create three thousand.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from functools import cache
from types import FunctionType, MethodType
from typing import Any

import botocore.hooks
import botocore.session


def install() -> None:
    """Cache which handlers accept keywords, the aliases of event names, and the handlers of a new session."""
    hooks: Any = botocore.hooks
    accepts_kwargs: Callable[[Any], bool] = hooks.accepts_kwargs
    of_function = cache(accepts_kwargs)

    def of_any(func: Any) -> bool:
        function = func.__func__ if isinstance(func, MethodType) else func  # not the object: a cache keeps its keys
        return (of_function if isinstance(function, FunctionType) else accepts_kwargs)(function)

    hooks.accepts_kwargs = of_any
    alias = hooks.EventAliaser._alias_event_name
    hooks.EventAliaser._alias_event_name = lambda aliaser, name: _alias(name, aliaser, alias)
    _copy_handlers(botocore.session.Session)


def _copy_handlers(session_class: Any) -> None:
    """Copy the handlers of the first session to the others. botocore copies them from a session to its clients, too."""
    register = session_class._register_builtin_handlers
    registered: list[Any] = []

    def register_once(session: Any, events: Any) -> None:
        emitter = session._original_handler
        if type(emitter) is not botocore.hooks.HierarchicalEmitter:
            register(session, events)
            return
        if not registered:
            register(session, events)
            registered.append(copy(emitter))
        emitter.__dict__.update(copy(registered[0]).__dict__)

    session_class._register_builtin_handlers = register_once


_aliases: dict[str, str] = {}


def _alias(name: str, aliaser: Any, alias: Callable[[Any, str], str]) -> str:
    if name not in _aliases:  # all sessions have the same table of aliases
        _aliases[name] = alias(aliaser, name)
    return _aliases[name]
