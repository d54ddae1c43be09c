"""Load the scans of a list of images: of the rows in view, or of all rows if the filter or the sort needs them.

DescribeImages returns no scans on AWS today, and each scan costs a request. So no other scan is read, and reading
stops when the screen is left.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Any, NamedTuple

from textual import work

from ecrtui.catalog.filter import Filter, Knowledge
from ecrtui.ecr.findings import PENDING, ImageScan
from ecrtui.ecr.image import Image
from ecrtui.ecr.units import format_number
from ecrtui.errors import EcrTuiError, ErrorKind
from ecrtui.tui import blocking
from ecrtui.tui.line_parts import Drop, LinePart, line_part, throttled_part
from ecrtui.tui.lists.list_screen import ListScreen, in_parts

if TYPE_CHECKING:
    from ecrtui.catalog.scan_reader import ScanBatch
    from ecrtui.session import Session

COLUMN = "findings"
"""The id of the column that shows scans."""

VIEW_DELAY = 0.15
"""Seconds that rows are in view before their scans are requested. Rows that are scrolled past cost nothing."""


_UNREADABLE = {ErrorKind.DENIED: "denied", ErrorKind.UNSUPPORTED: "not supported"}
"""The text in place of findings, by the error that all scans gave."""


def unknown_text(error: EcrTuiError | None) -> str:
    """Return the text in place of findings that are not known.

    Args:
        error: why no scan can be read; None if scans can be read.
    """
    return "?" if error is None else _UNREADABLE.get(error.kind, "?")


class ScanProgress(NamedTuple):
    """How many of the rows that a filter or a sort needs have a known scan."""

    known: int
    total: int
    throttled: float = 0.0
    """Seconds until the next request."""


class NeededScans(NamedTuple):
    """The images whose scan a filter or a sort needs: those to read, and the numbers of known ones and of all."""

    digests: Sequence[str]
    known: int
    total: int


class ScanLoadingMixin(ListScreen[Image]):
    """A list of images that shows their findings."""

    repository_name: str
    _requested: frozenset[str] = frozenset()
    """The images whose scans are being read."""
    _unreadable: frozenset[str] = frozenset()
    """The images whose scans could not be read."""
    _scan_progress: ScanProgress | None = None
    """None unless a filter or a sort needs the scans of all rows."""
    _scan_error: EcrTuiError | None = None
    """Why no scan can be read; None if scans can be read."""

    def unknown_scan(self) -> str:
        """Return the text in place of findings that are not known."""
        return unknown_text(self._scan_error)

    @property
    def _needs_all_scans(self) -> bool:
        return self.state.sort == COLUMN or (self._filter is not None and Knowledge.FINDINGS in self._filter.needs)

    def complete_rows(self, session: Session, items: Sequence[Image]) -> Sequence[Image]:
        return session.catalog.known_scans.add_to(self.repository_name, items)

    def rows_loaded(self) -> None:
        self._load_scans()

    def on_table_view_changed(self) -> None:
        if not self._requested.issuperset(self._in_view()):
            self._load_scans()

    def on_table_sort_filter_done(self) -> None:
        self._load_scans()

    def on_screen_suspend(self) -> None:
        self.workers.cancel_group(self, "scans")

    def on_screen_resume(self) -> None:
        if self.rows.total:
            self._load_scans()

    def action_refresh_screen(self) -> None:
        self._reload()

    @work(exclusive=True, group="reload", exit_on_error=False)
    async def _reload(self) -> None:
        """Load the list again, and ask for all scans again."""
        self.workers.cancel_group(self, "scans")
        self._unreadable, self._scan_error = frozenset(), None
        try:
            session = await self.session()
            await blocking.run_blocking(session.catalog.known_scans.forget, self.repository_name)
        except EcrTuiError:
            pass  # loading the list shows the error
        self.load()

    def _in_view(self) -> list[str]:
        """Return the rows on the screen whose scan is not known and may be readable."""
        if not self.table.shows(COLUMN):
            return []
        images = [image for row in self.table.visible_rows() for image in self.scanned(row)]
        return [image.digest for image in images if not image.scan_known and image.digest not in self._unreadable]

    def scanned(self, image: Image) -> Sequence[Image]:
        """Return the images whose scans stand for an image. Screens override it."""
        return (image,)

    def has_owner(self, image: Image) -> bool:
        """Return True if the row of another image may show the scan of an image, too. Screens override it."""
        return False

    @work(exclusive=True, group="scans", exit_on_error=False)
    async def _load_scans(self) -> None:
        """Read the scans that are needed now, those of the rows in view first."""
        self._requested, self._scan_progress = frozenset(), None
        if self._scan_error is not None:
            return
        await asyncio.sleep(VIEW_DELAY)
        try:
            session = await self.session()
        except EcrTuiError:
            return  # loading the list shows the error
        needed = await self._needed() if self._needs_all_scans else None
        digests = [*self._in_view(), *(needed.digests if needed else ())]
        if not digests:
            self.show_progress()
            return
        self._requested = await blocking.run_blocking(frozenset, digests)  # there can be many
        await self._read_scans(session, digests, needed)
        self._requested = frozenset()

    async def _needed(self) -> NeededScans:
        """Return the rows whose scan the filter or the sort needs.

        Threads select them, part by part: there can be many, and the next letter of a filter needs others.
        """
        images, chosen, unreadable = list(self.rows.everything()), self._filter, self._unreadable
        is_sorted, found = self.state.sort == COLUMN, NeededScans([], 0, 0)
        async for part in blocking.iterate_blocking(
            needed_scans(some, chosen, is_sorted, unreadable) for some in in_parts(images)
        ):
            found = NeededScans([*found.digests, *part.digests], found.known + part.known, found.total + part.total)
        return found

    async def _read_scans(self, session: Session, digests: Sequence[str], needed: NeededScans | None) -> None:
        known = needed.known if needed else 0
        try:
            wanted = await blocking.run_blocking(frozenset, needed.digests if needed else ())
            if needed:
                self._show_progress(ScanProgress(known, needed.total))
            with closing(session.catalog.scans(self.repository_name, digests)) as reading:
                async for batch in blocking.iterate_blocking(reading):
                    self._show_batch(batch)
                    if needed:
                        known += len(wanted & batch.scans.keys())
                        self._show_progress(ScanProgress(known, needed.total, batch.throttled))
        except EcrTuiError as error:
            self._scan_error = error
            self.table.redraw()
            self.show_progress()

    async def read_pending_scans(self, session: Session) -> bool:
        """Read again the scans of the rows on the screen that had not finished. Return True if the service throttled.

        Raises EcrTuiError.
        """
        if self._scan_error is not None or not self.table.shows(COLUMN):
            return False
        images = [image for row in self.table.visible_rows() for image in self.scanned(row)]
        pending = [image.digest for image in images if image.scan_status in PENDING]
        if not pending:
            return False
        throttled = False
        with closing(session.catalog.scans(self.repository_name, pending)) as reading:
            async for batch in blocking.iterate_blocking(reading):
                throttled = throttled or bool(batch.throttled)
                self.show_scans({digest: scan for digest, scan in batch.scans.items() if scan.status not in PENDING})
        return throttled

    def _show_batch(self, batch: ScanBatch) -> None:
        self._unreadable |= batch.failures.keys()
        self.show_scans(batch.scans)

    def show_scans(self, scans: Mapping[str, ImageScan]) -> None:
        """Show these scans in their rows, if the rows are still there."""
        known = [(self.rows.get(digest), scan) for digest, scan in scans.items()]
        rows = [row.with_scan(scan) for row, scan in known if row is not None]
        self.table.amend(rows)
        if any(map(self.has_owner, rows)):
            self.table.redraw()  # the row of an index shows the scans of its platforms

    def _show_progress(self, progress: ScanProgress) -> None:
        self._scan_progress = progress
        self.show_progress()
        self.table.set_placeholder(self._note)

    def status_parts(self) -> Iterable[LinePart]:
        """Yield how many scans are known, as far as the filter or the sort needs them."""
        progress = self._scan_progress
        if progress is not None and progress.known < progress.total:
            known, total = (format_number(number) for number in (progress.known, progress.total))
            yield line_part(f"findings known for {known} of {total}", f"findings {known}/{total}", drop=Drop.LAST)
            if progress.throttled:
                yield throttled_part(progress.throttled)

    def unknown_parts(self) -> Iterable[LinePart]:
        error = self._scan_error
        if error is not None:
            reason = _UNREADABLE.get(error.kind)
            words = (f"findings {reason}",) if reason else (_not_known(error), "findings not known")
            yield line_part(*words, drop=Drop.LATE)

    def _note(self) -> str:
        progress, state = self._scan_progress, self.state
        if self._scan_error is not None and self._needs_all_scans and state.filter_text and state.complete:
            return self.no_match(f"No known match: {_not_known(self._scan_error)}")
        if progress is None or progress.known >= progress.total or not state.complete:
            return super()._note()
        known = f"{format_number(progress.known)} of {format_number(progress.total)}"
        return self.no_match(f"No match so far: findings known for {known}")

    def _show_document(self, form: Callable[[Mapping[str, Any]], str], *, labelled: bool = False) -> None:
        self._show_document_with_scan(form, labelled=labelled)

    @work(exclusive=True, group="describe", exit_on_error=False)
    async def _show_document_with_scan(self, form: Callable[[Mapping[str, Any]], str], *, labelled: bool) -> None:
        """Show the details of the selected row, with its scan if that can be read."""
        image = self.current
        if image is None:
            return
        if not image.scan_known and self._scan_error is None:
            try:
                session = await self.session()
                async for batch in blocking.iterate_blocking(
                    session.catalog.scans(self.repository_name, [image.digest])
                ):
                    self._show_batch(batch)
            except EcrTuiError as error:
                if error.kind is ErrorKind.UNSUPPORTED:
                    self._scan_error = error
                else:
                    self.notify(f"Could not read the findings: {error}", severity="warning")
        self.show_document_of(self.rows.get(image.digest) or image, form, labelled=labelled)


def _not_known(error: EcrTuiError) -> str:
    return f"findings not known: {error.title[0].lower()}{error.title[1:]}"


def needed_scans(
    images: Sequence[Image],
    chosen: Filter[Image] | None,
    sorted_by_findings: bool,
    unreadable: Collection[str] = frozenset(),
) -> NeededScans:
    """Return the images whose scan a filter needs, or a sort of the images that the filter lets through."""
    relevant = images if chosen is None else [images[index] for index in chosen.relevant(images)]
    if chosen is None or sorted_by_findings:
        unknown = [image for image in relevant if not image.scan_known]
    else:
        unknown = [image for image in (images[index] for index in chosen.undecided(images)) if not image.scan_known]
    digests = [image.digest for image in unknown if image.digest not in unreadable]
    return NeededScans(digests, len(relevant) - len(unknown), len(relevant))
