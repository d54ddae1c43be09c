"""Caches for two pure functions of botocore that take three quarters of the time of a new session: 8 of 11 ms.

The program creates one session or two. The tests create three thousand.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from types import FunctionType
from typing import Any

import botocore.hooks


def install() -> None:
    """Cache which handlers accept keywords, and the aliases of event names."""
    hooks: Any = botocore.hooks
    accepts_kwargs: Callable[[Any], bool] = hooks.accepts_kwargs
    of_function = cache(accepts_kwargs)
    # A bound method is not cached: the cache would keep its object alive.
    hooks.accepts_kwargs = lambda func: (of_function if isinstance(func, FunctionType) else accepts_kwargs)(func)
    alias = hooks.EventAliaser._alias_event_name
    hooks.EventAliaser._alias_event_name = lambda aliaser, name: _alias(name, aliaser, alias)


_aliases: dict[str, str] = {}


def _alias(name: str, aliaser: Any, alias: Callable[[Any, str], str]) -> str:
    if name not in _aliases:  # all sessions have the same table of aliases
        _aliases[name] = alias(aliaser, name)
    return _aliases[name]
