"""The state of a list besides its rows."""

from __future__ import annotations

from typing import NamedTuple

from ecrtui.errors import EcrTuiError


class ListState(NamedTuple):
    """The state of a list besides its rows."""

    sort: str
    descending: bool
    filter_text: str = ""
    """The last valid filter, which applies."""
    filter_problem: str = ""
    """Why what the user typed since then is not valid; empty if it is."""
    loaded: int = 0
    loading: bool = False
    complete: bool = False
    stale: float | None = None
    """Age of cached rows in seconds; None once the rows are live."""
    waiting: float = 0.0
    """Seconds until the next page, because the service throttles requests."""
    error: EcrTuiError | None = None
