"""Load the scans of the hits in view, as a list of images does: each scan costs a request.

A sort by findings needs the scans of all hits.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING

from textual import work

from ecrtui.catalog.find.scans import scanned_digests, worst_scan
from ecrtui.catalog.read_ahead import may_read_ahead
from ecrtui.ecr.findings import ImageScan
from ecrtui.errors import EcrTuiError
from ecrtui.tui import blocking
from ecrtui.tui.find.rows import FindRow
from ecrtui.tui.lists.list_screen import ListScreen
from ecrtui.tui.lists.scan_loading import COLUMN, VIEW_DELAY, unknown_text

if TYPE_CHECKING:
    from ecrtui.session import Session

CONCURRENT_REPOSITORIES = 4
"""Repositories whose scans are read at the same time."""


class HitScansMixin(ListScreen[FindRow]):
    """A list of hits that shows their findings."""

    _readable: set[tuple[int, str]]
    """The repositories whose manifests the user allows to read, by connection and name."""
    _scans_asked: frozenset[str] = frozenset()
    """The keys of the rows in view whose scans were last asked for."""
    _arrived: frozenset[str] = frozenset()
    """The keys of the rows that this search has found."""
    _scan_errors: Mapping[str, EcrTuiError] = {}
    """Why no scan of a repository can be read, by the group of its rows."""

    def unknown_scan(self, row: FindRow) -> str:
        """Return the text in place of findings that are not known."""
        return unknown_text(self._scan_errors.get(row.group))

    def on_table_view_changed(self) -> None:
        if not self._scans_asked.issuperset(row.key for row in self._without_scan()):
            self.load_scans()

    def on_table_sort_filter_done(self) -> None:
        self.load_scans_to_sort()

    def load_scans_to_sort(self) -> None:
        """Read the scans of all hits if they are sorted by findings."""
        if self.state.sort == COLUMN:
            self.load_scans()

    def on_screen_suspend(self) -> None:
        self.workers.cancel_group(self, "scans")

    def on_screen_resume(self) -> None:
        if self.rows.total:  # the user may have opened an index, and its platforms are known now
            self.load_scans()

    def forget_scans(self) -> None:
        """Ask again for the scans of all rows: a new search begins."""
        self._scans_asked, self._scan_errors, self._arrived = frozenset(), {}, frozenset()

    def with_known_scans(self, rows: Iterable[FindRow]) -> Sequence[FindRow]:
        """Return rows of the search with the scans that came since an earlier answer of this search."""
        rows = list(rows)
        known = [_with_scan_of(self.rows.get(row.key), row) if row.key in self._arrived else row for row in rows]
        self._arrived |= {row.key for row in rows}
        return known

    def has_changed(self, before: FindRow, after: FindRow) -> bool:
        """A scan is not a change: another search forgets it and asks for it again."""
        return (before.tags, before.part_of, before.blob) != (after.tags, after.part_of, after.blob)

    def _without_scan(self) -> list[FindRow]:
        """Return the rows on the screen, and all if they are sorted by findings, whose scan can be read."""
        rows = list(self.table.visible_rows()) if self.table.shows(COLUMN) else []
        if self.state.sort == COLUMN:
            rows += [self.rows[index] for index in range(len(self.rows))]
        return [
            row
            for row in {row.key: row for row in rows}.values()
            if row.hit and row.hit.image and not row.hit.image.scan_known and row.group not in self._scan_errors
        ]

    @work(exclusive=True, group="scans", exit_on_error=False)
    async def load_scans(self) -> None:
        """Read the scans that are needed now, those of the rows in view first."""
        self._scans_asked = frozenset(row.key for row in self._without_scan())
        await asyncio.sleep(VIEW_DELAY)
        rows: dict[str, list[FindRow]] = {}
        for row in self._without_scan():
            rows.setdefault(row.group, []).append(row)
        lanes = asyncio.Semaphore(CONCURRENT_REPOSITORIES)
        await asyncio.gather(*(self._read_scans(group, lanes) for group in rows.values()))

    async def _read_scans(self, rows: Sequence[FindRow], lanes: asyncio.Semaphore) -> None:
        """Read the scans of rows of one repository."""
        repository = rows[0].repository
        images = [row.hit.image for row in rows if row.hit and row.hit.image]
        async with lanes:
            try:
                session = await blocking.run_blocking(rows[0].registry.source)
                may_read = partial(self._may_read, rows[0], session)
                scanned = await blocking.run_blocking(scanned_digests, session.catalog, repository, images, may_read)
                wanted = [digest for digests in scanned.values() for digest in digests]
                scans: dict[str, ImageScan] = {}
                failed: set[str] = set()
                with closing(session.catalog.scans(repository, wanted)) as reading:
                    async for batch in blocking.iterate_blocking(reading):
                        scans |= batch.scans
                        failed |= batch.failures.keys()
                        self._show_scans(rows, scanned, scans, failed)
            except EcrTuiError as error:
                self._scan_errors = {**self._scan_errors, rows[0].group: error}
                self.table.redraw()

    def _may_read(self, row: FindRow, session: Session) -> bool:
        """Return True if the indexes of the repository of a row may be read. Blocks."""
        asked_for = (row.registry.number, row.repository) in self._readable
        return asked_for or may_read_ahead(session.registry, session.settings.prefetch, row.repository)

    def _show_scans(
        self,
        rows: Sequence[FindRow],
        scanned: Mapping[str, Sequence[str]],
        scans: Mapping[str, ImageScan],
        failed: Collection[str],
    ) -> None:
        """Show the scan of each row of which all scans have come, if the row is still there."""
        complete = []
        for row in rows:
            digests = [digest for digest in scanned[row.digest] if digest not in failed]  # deleted meanwhile
            shown = self.rows.get(row.key)
            if shown is not None and digests and all(digest in scans for digest in digests):
                complete.append(_with_scan(shown, worst_scan(scans[digest] for digest in digests)))
        self.table.amend(complete)


def _with_scan(row: FindRow, scan: ImageScan) -> FindRow:
    if row.hit is None or row.hit.image is None:
        return row
    return row._replace(hit=row.hit._replace(image=row.hit.image.with_scan(scan)))


def _with_scan_of(known: FindRow | None, row: FindRow) -> FindRow:
    image = known.hit.image if known and known.hit else None
    if image is None or not image.scan_known:
        return row
    return _with_scan(row, ImageScan(image.scan_status, image.findings))
