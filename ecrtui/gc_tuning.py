"""Tune the garbage collector for lists of 100,000 rows.

A full collection visits every object. While a long list loads, such collections take a third of the time, and each
stops all threads, the drawing one included, for up to 0.15 s. Rows hold no cycles, so nothing is lost by excluding
them from collections. A screen is a cycle; it is collected after the user has left it.
"""

from __future__ import annotations

import gc

FREEZE_THRESHOLD_ROWS = 4000
"""Rows to load before another :func:`freeze_heap` is worth its time."""

COLLECTOR_THRESHOLDS = (20_000, 1, 1_000)
"""Thresholds of the collector. They leave most young objects to :func:`collect_young`, and old ones to
:func:`collect_screens`: a frame makes some thousand objects, and a key in a filter of 100,000 rows waited for several
collections. One of the oldest generation takes twenty milliseconds."""

_has_frozen_rows = False
"""True between :func:`freeze_heap` and :func:`unfreeze_heap`."""


def freeze_heap() -> None:
    """Exclude all current objects from collections, until :func:`unfreeze_heap`.

    Reference counting still frees them. Only cycles stay, such as a screen with its rows. Young cycles stay, too: they
    are few, and a collection would stop all threads.
    """
    global _has_frozen_rows
    gc.freeze()
    _has_frozen_rows = True


def unfreeze_heap() -> None:
    """Include all objects in collections again after :func:`freeze_heap`, because frozen ones may be garbage.

    Without one, the objects of the start stay frozen: a collection of them takes a tenth of a second and frees nothing.
    """
    global _has_frozen_rows
    if _has_frozen_rows:
        _has_frozen_rows = False
        gc.unfreeze()


def disable_gc() -> None:
    """Stop collections while the program starts: it loads many objects and keeps all of them."""
    gc.disable()


def enable_gc() -> None:
    """Start collections of new objects, after :func:`disable_gc`."""
    if not gc.isenabled():
        gc.set_threshold(*COLLECTOR_THRESHOLDS)
        gc.freeze()
        gc.enable()


def collect_young() -> None:
    """Free the cycles among young objects. Call this while nothing is drawn."""
    gc.collect(1)


def collect_screens() -> None:
    """Free the cycles of a screen that was left. Call this while the user is idle.

    It freezes nothing: the next screen is open already, and must be freed when the user leaves it.
    """
    gc.collect()
