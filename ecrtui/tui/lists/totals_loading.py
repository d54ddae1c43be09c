"""Count the images of the repositories of a list, when the user asks for it.

Counting lists all images of each repository. So it needs the key or the setting, it stops when the screen is left, and
continues when the user comes back.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from textual import work

from ecrtui.catalog.totals.repository_totals import RepositoryTotals, totals_of
from ecrtui.ecr.units import MINUTE, format_count, format_number, format_short_duration, format_size
from ecrtui.errors import EcrTuiError, ErrorKind
from ecrtui.tui import blocking
from ecrtui.tui.line_parts import Drop, LinePart, line_part, throttled_part
from ecrtui.tui.lists.list_screen import ListScreen
from ecrtui.tui.lists.repository_columns import at_most

if TYPE_CHECKING:
    from ecrtui.ecr.repository import Repository
    from ecrtui.session import Session, SessionSource

Item = TypeVar("Item")

FRESH_SECONDS = 600.0
"""Seconds during which totals are not counted again. If all are so new, the key counts all of them again."""


PROGRESS_INTERVAL = 1.0
"""Seconds between two numbers of counted repositories on the screen. The rows themselves show their totals at once."""


class TotalsProgress(NamedTuple):
    """The progress of the count over one source."""

    done: int
    total: int
    throttled: float = 0.0


class TotalsLoadingMixin(ListScreen[Item]):
    """A list of repositories that shows their totals."""

    _wants_totals = False
    """The user asked for totals that are not counted yet."""
    _all_again = False
    """The user asked for totals, and wants all of them again if all are new."""
    _again_since: Mapping[SessionSource, float] = {}
    """When the count of a source began whose totals were all new, in seconds since the epoch."""
    _totals_progress: Mapping[SessionSource, TotalsProgress] = {}
    _progress_due: float = 0.0
    """Time on the monotonic clock, in seconds, to show the progress again."""

    def countable(self) -> Mapping[SessionSource, Sequence[Repository]]:
        """Return the repositories to count, by the source of their session. Screens override it."""
        raise NotImplementedError

    def show_totals(
        self, source: SessionSource, totals: Mapping[str, RepositoryTotals], problems: Mapping[str, str]
    ) -> None:
        """Show totals, and why others could not be counted, in their rows. Screens override it."""
        raise NotImplementedError

    def action_totals(self) -> None:
        """Count the images of all repositories, those used last first."""
        if self.state.complete:
            if not self._wants_totals:
                self._all_again, self._again_since = True, {}
            self._wants_totals = True
            self._count()

    async def prepare(self, session: Session) -> None:
        await blocking.run_blocking(session.catalog.known_totals.all)  # from disk; the rows show them

    def rows_loaded(self) -> None:
        super().rows_loaded()
        self._count()

    def on_screen_suspend(self) -> None:
        self.workers.cancel_group(self, "totals")

    def on_screen_resume(self) -> None:
        if self.state.complete:
            self._count()

    @work(exclusive=True, group="totals", exit_on_error=False)
    async def _count(self) -> None:
        """Show the totals that became known meanwhile; count the others if the user wants it."""
        self._totals_progress, self._progress_due = {}, 0.0
        await asyncio.gather(*(self._count_in(source, rows) for source, rows in self.countable().items()))
        self._wants_totals = self._all_again = False
        self.show_progress()

    async def _count_in(self, source: SessionSource, repositories: Sequence[Repository]) -> None:
        try:
            session = await blocking.run_blocking(source)
            known = await blocking.run_blocking(session.catalog.known_totals.all)
            self.show_totals(source, known, {})
            # The demo registry is on this machine, and its first screen should not be empty.
            if self._wants_totals or session.settings.totals or source.connection.demo:
                self._wants_totals = True
                await self._read_totals(source, session, repositories, known)
        except EcrTuiError as error:
            self.notify_error(error)

    async def _read_totals(
        self,
        source: SessionSource,
        session: Session,
        repositories: Sequence[Repository],
        known: Mapping[str, RepositoryTotals],
    ) -> None:
        now = session.catalog.known_totals.clock()
        since = now - FRESH_SECONDS
        names = [repository.name for repository in sorted(repositories, key=_last_use, reverse=True)]
        due = [name for name in names if name not in known or known[name].complete_at <= since]
        if not due and self._all_again:
            self._again_since = {source: now, **self._again_since}
            since = self._again_since[source]
            due = [name for name in names if known[name].complete_at < since]
        if not due:
            return
        skipped = len(names) - len(due)
        self._show_counting(source, TotalsProgress(skipped, len(names)))
        with closing(session.catalog.totals(due, counted_since=since)) as reading:
            async for batch in blocking.iterate_blocking(reading):
                problems = {name: problem_text(error) for name, error in batch.failures.items()}
                self.show_totals(source, batch.totals, problems)
                progress = TotalsProgress(skipped + batch.done, len(names), batch.throttled)
                self._show_counting(source, progress)

    def _show_counting(self, source: SessionSource, progress: TotalsProgress) -> None:
        self._totals_progress = {**self._totals_progress, source: progress}
        now = time.monotonic()
        if now >= self._progress_due or progress.throttled:
            self._progress_due = now + PROGRESS_INTERVAL
            self.show_progress()

    def status_parts(self) -> Iterable[LinePart]:
        """Yield how many repositories are counted, while others are not."""
        yield from super().status_parts()
        under_way = [progress for progress in self._totals_progress.values() if progress.done < progress.total]
        if self._wants_totals and under_way:
            done, total = (sum(getattr(each, name) for each in under_way) for name in ("done", "total"))
            done, total = format_number(done), format_number(total)
            yield line_part(f"{done} of {total} counted", f"{done}/{total} counted", drop=Drop.LAST)
            if pause := max(progress.throttled for progress in under_way):
                yield throttled_part(pause)


def _last_use(repository: Repository) -> float:
    totals = totals_of(repository)
    return 0.0 if totals is None else max(totals.last_pull or 0.0, totals.newest_push or 0.0)


def problem_text(error: EcrTuiError) -> str:
    """Return in few words why a repository could not be counted."""
    if error.kind is ErrorKind.DENIED:
        from ecrtui.ecr.permissions import action_of  # the first frame does not need it

        return f"not permitted: {action_of('DescribeImages')}"
    return f"not counted: {error.title}"


def sum_of(repositories: Iterable[Repository], now: float) -> Iterable[LinePart]:
    """Yield the sum of the images and of the bytes of the counted repositories, and how many or how old they are."""
    found = [totals_of(repository) for repository in repositories]
    known = [totals for totals in found if totals is not None]
    if known:
        if len(known) < len(found):  # first, because the sums are those of a few repositories
            yield line_part(f"{format_number(len(known))} counted", drop=Drop.LATE)
        images = format_count(sum(totals.counts.images for totals in known), "image")
        yield line_part(at_most(images, is_exact=all(totals.counts.is_exact for totals in known)), drop=Drop.EARLY)
        yield line_part(format_size(sum(totals.size for totals in known)), drop=Drop.EARLY)
        if len(known) == len(found):
            age = now - min(totals.counted_at for totals in known)
            words = "counted now" if age < MINUTE else f"oldest count {format_short_duration(age)} ago"
            yield line_part(words, drop=Drop.FIRST)
