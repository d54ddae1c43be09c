"""The message at the start about writes that earlier processes did not complete."""

from __future__ import annotations

from ecrtui.ecr import units
from ecrtui.retag.write_history import WriteHistory


def earlier_writes_text(history: WriteHistory, activity: str) -> str:
    """Resolve writes that an earlier process left with unknown outcome, and name a plan that it did not finish.

    Args:
        history: the writes to the registry.
        activity: the name of Activity, with its key.

    Returns:
        What to tell the user; empty for nothing.

    Raises:
        EcrTuiError: the journal or the registry cannot be read.
    """
    resolved, stopped = history.resolve_unknown(), history.stopped_plan()
    if resolved:
        found = f"Resolved {units.format_count(len(resolved), 'write')} with unknown outcome"
    elif stopped is not None:
        found = "The last plan was stopped before its end"
    else:
        return ""
    entries = (*resolved, stopped) if stopped is not None else resolved
    unsent = next(filter(None, (entry.unsent_in_words for entry in entries)), "")
    return ". ".join(filter(None, (f"{found}; see {activity}", unsent)))
