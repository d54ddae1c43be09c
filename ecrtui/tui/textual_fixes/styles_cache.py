"""Release the widgets that Textual's style cache keeps alive.

Defect: ``StylesCache.get_inner_outer`` is an instance method under ``functools.lru_cache``, so the cache keeps each
``StylesCache`` and its rendered lines after the widget is gone.
Upstream: https://github.com/Textualize/textual/issues/6665
Delete this module when that issue is fixed.
"""

from __future__ import annotations

from textual._styles_cache import StylesCache


def clear_styles_cache() -> None:
    """Drop the cached colors of all widgets; Textual computes them again when it draws."""
    StylesCache.get_inner_outer.cache_clear()
