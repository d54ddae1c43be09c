"""Define the classes of widgets, screens and applications faster.

Defect: ``DOMNode.__init_subclass__`` looks at every attribute of every base of a class, and creates the bindings of
every base again. The bases have thousands of attributes, and the first frame needs 65 classes, Textual's own included:
together a fifteenth of the start.
Upstream: no issue known.
Delete this module when Textual looks at each class once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from textual.binding import Binding, BindingsMap
from textual.dom import DOMNode
from textual.reactive import Reactive

_PREFIXES = ("_compute_", "compute_")

TEXTUALS: Callable[..., None] = DOMNode.__init_subclass__.__func__  # type: ignore[attr-defined]
"""What :func:`init_subclass` replaces; a canary compares them."""


def define_classes_faster() -> None:
    """Define all classes from now on faster. Call it before Textual's widgets are imported: they are such classes."""
    patched: Any = DOMNode
    patched.__init_subclass__ = classmethod(init_subclass)


def init_subclass(
    cls: Any, inherit_css: bool = True, inherit_bindings: bool = True, inherit_component_classes: bool = True
) -> None:
    """Set what ``DOMNode.__init_subclass__`` sets."""
    super(DOMNode, cls).__init_subclass__()
    cls._reactives = {}
    for base in reversed(cls.__mro__):
        cls._reactives.update(_own_reactives(base))
    cls._inherit_css = inherit_css
    cls._inherit_bindings = inherit_bindings
    cls._inherit_component_classes = inherit_component_classes
    css_bases = cls._css_bases(cls)
    cls._css_type_name = css_bases[0].__name__
    cls._css_type_names = frozenset(base.__name__ for base in css_bases)
    cls._merged_bindings = _merged_bindings(cls)
    cls._computes = frozenset[str]().union(*map(_own_computes, cls.__mro__))


def _merged_bindings(cls: type) -> BindingsMap:
    """Return what ``DOMNode._merge_bindings`` returns."""
    merged: dict[str, list[Binding]] = {}
    for base in reversed(cls.__mro__):
        if issubclass(base, DOMNode):
            if not base._inherit_bindings:
                merged.clear()
            merged.update(_own_bindings(base))
    return BindingsMap.from_keys(merged)


@cache
def _own_bindings(base: type) -> Mapping[str, list[Binding]]:
    """Return the bindings that a class itself declares, by key."""
    return BindingsMap(vars(base).get("BINDINGS", ())).key_to_bindings


@cache
def _own_reactives(base: type) -> dict[str, Reactive[Any]]:
    """Return the reactives that a class itself defines."""
    return {name: value for name, value in vars(base).items() if isinstance(value, Reactive)}


@cache
def _own_computes(base: type) -> frozenset[str]:
    """Return the names of the reactives that a class itself has a compute method for."""
    return frozenset(name.lstrip("_")[8:] for name in vars(base) if name.startswith(_PREFIXES))
