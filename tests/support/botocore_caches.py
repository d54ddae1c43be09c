"""Caches for what each new session and client of botocore computes again: three quarters of their time.

The program creates one session or two. The tests create three thousand.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from types import CodeType, FunctionType, MethodType
from typing import Any

import botocore.client
import botocore.hooks
import botocore.session


def install() -> None:
    """Cache handlers, the aliases of event names, and the methods of a client; share the tree of handlers."""
    _check_keywords_once()
    hooks: Any = botocore.hooks
    alias = hooks.EventAliaser._alias_event_name
    hooks.EventAliaser._alias_event_name = lambda aliaser, name: _alias(name, aliaser, alias)
    _copy_handlers(botocore.session.Session)
    _share_handlers(hooks._PrefixTrie)
    _create_methods_once(botocore.client.ClientCreator)


def _check_keywords_once() -> None:
    """Keep which handlers accept keywords, by their code: boto3 makes the handlers of each session anew."""
    hooks: Any = botocore.hooks
    accepts_kwargs: Callable[[Any], Any] = hooks.accepts_kwargs
    accepted: dict[CodeType, Any] = {}

    def of_any(func: Any) -> Any:
        function = func.__func__ if isinstance(func, MethodType) else func
        if not isinstance(function, FunctionType):
            return accepts_kwargs(function)
        if function.__code__ not in accepted:
            accepted[function.__code__] = accepts_kwargs(function)
        return accepted[function.__code__]

    hooks.accepts_kwargs = of_any


def _share_handlers(trie_class: Any) -> None:
    """Copy the nodes of a tree of handlers when they change. botocore copies all 400 for each session and client."""
    remove = trie_class.remove_item

    def share(trie: Any) -> Any:
        shared = trie_class()
        shared._root = trie._root
        return shared

    def append(trie: Any, key: str, value: Any, section: int = 1) -> None:
        trie._root = _with_value(trie._root, key.split("."), value, section)

    def remove_from_copy(trie: Any, key: str, value: Any) -> None:
        trie._root = _copy_node(trie._root)
        remove(trie, key, value)

    trie_class.__copy__, trie_class.append_item, trie_class.remove_item = share, append, remove_from_copy


def _with_value(node: dict[str, Any], parts: list[str], value: Any, section: int) -> dict[str, Any]:
    """Return a node with a further value at the end of a path."""
    if not parts:
        values = botocore.hooks.NodeList(*map(list, node["values"] or ([], [], [])))
        values[section].append(value)
        return {**node, "values": values}
    part, *rest = parts
    child = node["children"].get(part, {"chunk": part, "children": {}, "values": None})
    return {**node, "children": {**node["children"], part: _with_value(child, rest, value, section)}}


def _copy_node(node: dict[str, Any]) -> dict[str, Any]:
    values = node["values"]
    return {
        "chunk": node["chunk"],
        "children": {part: _copy_node(child) for part, child in node["children"].items()},
        "values": None if values is None else botocore.hooks.NodeList(*map(list, values)),
    }


def _create_methods_once(creator_class: Any) -> None:
    """Keep the methods of a client by its service: all of them call ``_make_api_call`` of the client."""
    create = creator_class._create_methods
    created: dict[tuple[str, ...], dict[str, Any]] = {}

    def create_once(creator: Any, service_model: Any) -> dict[str, Any]:
        key = (service_model.service_name, *service_model.operation_names)
        if key not in created:
            created[key] = create(creator, service_model)
        return dict(created[key])

    creator_class._create_methods = create_once


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
