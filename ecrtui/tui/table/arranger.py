"""Sort and filter the rows of a table between frames, and show the first matches early."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
from time import perf_counter
from typing import Any, Generic, TypeVar

from ecrtui.catalog.rows.rows import Predicate, Rows, SortFilterJob
from ecrtui.catalog.rows.sort_filter_job import SortKey
from ecrtui.tui.table.row_renderer import Highlight
from ecrtui.tui.yielding import yield_to_keys

Item = TypeVar("Item")
Change = Callable[[Callable[[], bool]], bool]
"""Changes the rows, redraws the table, and returns what the change returned."""

SLICE = 0.003
"""Longest time in seconds that sorting and filtering block the event loop.

A key needs about a dozen turns of the loop to reach the screen, and each turn may wait that long.
"""

SHORT = 4_096
"""Rows of a list that is filtered in one slice, as a rule. Then its first matches are not shown before the others."""

SOON = 0.035
"""Seconds for which the frame with a letter of the filter waits for the first rows, to draw both at once."""

FRAME = 0.02
"""Seconds that the job pauses after a preview, so that the first matches reach the screen."""


class Arranger(Generic[Item]):
    """Runs one sort and filter job at a time. A new job replaces the one before it.

    Args:
        rows: The rows to arrange.
        slice_seconds: Longest time in seconds that a job blocks the event loop.
        page: Returns the number of visible rows.
        change: Changes the rows and redraws the table.
        on_preview: Called when the first matches are on the screen.
        on_done: Called when a job is complete and its rows are on the screen.
        clock: Returns the time in seconds.
    """

    def __init__(
        self,
        rows: Rows[Item],
        slice_seconds: float,
        *,
        page: Callable[[], int],
        change: Change,
        on_preview: Callable[[], None],
        on_done: Callable[[], None],
        clock: Callable[[], float] = perf_counter,
    ) -> None:
        self.highlight: Highlight | None = None
        """The highlights of the filter whose rows are on the screen."""
        self._rows = rows
        self._slice_seconds = slice_seconds
        self._page = page
        self._change = change
        self._on_preview = on_preview
        self._on_done = on_done
        self._predicate: Predicate[Item] | None = None
        self._next_highlight: Highlight | None = None
        self._job: SortFilterJob[Item] | None = None
        self._has_shown_rows = True
        self._clock = clock
        self._awaits_since = 0.0
        """Time on the clock, in seconds, since when a job has to show its first rows."""

    @property
    def shows_rows_soon(self) -> bool:
        """True for a short time after the start of a job, until it has shown its first rows.

        A job that replaces another one does not prolong it: letters would not appear while a key repeats.
        """
        return self.awaits_rows and self._clock() < self._awaits_since + SOON

    @property
    def awaits_rows(self) -> bool:
        """True until a job has shown its first rows."""
        return not self._has_shown_rows

    @property
    def active(self) -> bool:
        """True while a job is not complete."""
        return self._job is not None and not self._job.done

    def set_filter(self, predicate: Predicate[Item] | None, highlight: Highlight | None) -> None:
        """Set the filter of the next job."""
        self._predicate, self._next_highlight = predicate, highlight

    def arrange_now(self, sort_key: SortKey[Item] | None) -> None:
        """Sort and filter the rows at once, before the table is on the screen."""
        job = self._rows.start_sort_filter(sort_key, self._predicate)
        job.run()
        self._rows.apply(job)

    def start(self, sort_key: SortKey[Item] | None) -> Callable[[], Coroutine[Any, Any, None]] | None:
        """Sort and filter at once if one slice is enough; of a long list, show the first matches at once.

        Return:
            None if the job is complete; otherwise a function that runs the rest of it between frames.
        """
        job = self._job = self._rows.start_sort_filter(sort_key, self._predicate)
        if self._has_shown_rows:
            self._has_shown_rows, self._awaits_since = False, self._clock()
        if job.run(self._slice_seconds, self._page() if job.length > SHORT else None):
            self._apply(job)
            return None
        seen = self._preview(job)
        return partial(self._run, job, seen)

    def complete(self) -> None:
        """Complete the current job at once."""
        if self._job is not None:
            self._job.run()
            self._apply(self._job)

    def discard(self) -> None:
        """Discard the current job, because its rows are gone."""
        self._job = None
        self._has_shown_rows = True
        self.highlight = self._next_highlight

    async def _run(self, job: SortFilterJob[Item], seen: bool) -> None:
        await _pause(after_preview=seen)
        while not job.run(self._slice_seconds):
            appears = not seen and self._preview(job)
            seen = seen or appears
            await _pause(after_preview=appears)
        self._apply(job)

    def _preview(self, job: SortFilterJob[Item]) -> bool:
        """Show the first matches as soon as they fill the screen. Return False if they do not yet."""
        if job.found < self._page() or not self._change(lambda: self._show(self._rows.preview, job)):
            return False
        self._on_preview()
        return True

    def _apply(self, job: SortFilterJob[Item]) -> None:
        if self._change(lambda: self._show(self._rows.apply, job)):
            self._job = None
            self._on_done()

    def _show(self, take: Callable[[SortFilterJob[Item]], bool], job: SortFilterJob[Item]) -> bool:
        """Show the result of a job together with its highlights."""
        if not take(job):
            return False
        self.highlight = self._next_highlight
        self._has_shown_rows = True
        return True


async def _pause(*, after_preview: bool) -> None:
    if after_preview:
        await asyncio.sleep(FRAME)
    else:
        await yield_to_keys()
