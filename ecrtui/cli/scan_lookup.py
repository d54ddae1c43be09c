"""Read the scans that ``ecrtui images`` needs and DescribeImages does not report; else let the command fail."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING

from ecrtui.catalog.filter import Knowledge
from ecrtui.cli.console import ProgressLine, print_message
from ecrtui.ecr.findings import ImageScan, scan_status_text
from ecrtui.ecr.image import Image
from ecrtui.ecr.units import format_count, format_number
from ecrtui.errors import EcrTuiError, ErrorKind, UsageError

if TYPE_CHECKING:
    from ecrtui.catalog.catalog import Catalog
    from ecrtui.catalog.filter import Filter
    from ecrtui.registry.protocol import Registry

CHUNK_ROWS = 200
"""Rows whose scans are read before the next rows are listed."""

SCAN_MEMBERS = "imageScan"
"""The beginning of the members of an image that are about its scan; a query with it needs scans."""


def reads_scans(options: argparse.Namespace) -> bool:
    """Return True if the output needs the scan of every row: ``--findings``, the sort order or the query has it."""
    return bool(options.findings or options.sort == "findings" or SCAN_MEMBERS in options.query_text)


def require_scans(registry: Registry) -> None:
    """Check that the registry scans images.

    Raises:
        UsageError: it does not.
    """
    if not registry.capabilities.findings:
        raise UsageError("This registry has no image scans", "", "Leave out --findings, --sort findings, severity …")


class ScanLookup:
    """Completes the rows of a listing with their scans, and filters them.

    Args:
        catalog: reads the scans.
        repository: the repository of the images.
        chosen: the filter; scans are read of images about which it cannot decide.
        of_all: also read the scans of all images that match.
    """

    def __init__(self, catalog: Catalog, repository: str, chosen: Filter[Image], *, of_all: bool) -> None:
        self._catalog = catalog
        self._repository = repository
        self._chosen = chosen
        self._of_all = of_all
        self._read = 0
        self._undecided = 0
        self._without_findings: Counter[str] = Counter()
        """The number of images without findings that the filter or the output needs, by the state of their scan."""
        self.maybe_parts: list[Image] = []
        """The images about which the filter cannot decide without the indexes of the repository."""

    def matching(self, rows: Iterable[Image]) -> Iterator[Image]:
        """Yield the rows that match, with their scans. Show progress on standard error.

        Raises:
            EcrTuiError: a scan could not be read. The rows before it were yielded.
        """
        remaining = iter(rows)
        with ProgressLine(shown=not sys.stdout.isatty()) as progress:
            while chunk := list(islice(remaining, CHUNK_ROWS)):
                images = self._with_scans(chunk, progress)
                selected = self._chosen.select(images)
                self._count_undecided([images[index] for index in self._chosen.undecided(images)])
                if self._of_all:
                    self._count_without_findings(selected)
                yield from selected

    def _count_undecided(self, images: Sequence[Image]) -> None:
        self._undecided += len(images)
        if self._filters_by_findings:
            self._count_without_findings(images)
        if Knowledge.INDEX_PARTS in self._chosen.needs:
            self.maybe_parts += [
                image for image in images if image.findings is not None or not self._filters_by_findings
            ]

    def _count_without_findings(self, images: Sequence[Image]) -> None:
        self._without_findings.update(
            scan_status_text(image.scan_status) or "not known" for image in images if image.findings is None
        )

    @property
    def _filters_by_findings(self) -> bool:
        return Knowledge.FINDINGS in self._chosen.needs

    def is_undecided(self, *, found: bool) -> bool:
        """Return True if the output is not the whole answer.

        The filter could not decide about an image. Or the output has nothing, and the findings of an image that the
        query reads are not known.
        """
        return bool(self._undecided or (self._without_findings and not found))

    def _with_scans(self, images: Sequence[Image], progress: ProgressLine) -> Sequence[Image]:
        """Return the images with the scans that are needed; leave out images that were deleted meanwhile."""
        needed: set[str] = set()
        if self._filters_by_findings:
            needed |= {images[index].digest for index in self._chosen.undecided(images)}
        if self._of_all:
            needed |= {image.digest for image in self._chosen.select(images)}
        digests = [image.digest for image in images if image.digest in needed and not image.scan_known]
        scans, deleted = self._scans(digests, progress)
        return [
            image.with_scan(scans[image.digest]) if image.digest in scans else image
            for image in images
            if image.digest not in deleted
        ]

    def _scans(self, digests: Sequence[str], progress: ProgressLine) -> tuple[dict[str, ImageScan], set[str]]:
        scans: dict[str, ImageScan] = {}
        deleted: set[str] = set()
        total = self._read + len(digests)
        try:
            for batch in self._catalog.scans(self._repository, digests):
                scans |= batch.scans
                for digest, error in batch.failures.items():
                    if error.kind is not ErrorKind.IMAGE_NOT_FOUND:
                        raise error
                    deleted.add(digest)
                if batch.throttled:
                    progress.log_throttling(batch.throttled)
                known = f"{format_number(self._read + batch.done)} of {format_number(total)}"
                progress.update(f"findings known for {known}")
        except EcrTuiError as error:
            raise with_title(error, "Could not read the findings") from None
        self._read = total
        return scans, deleted

    def report(self) -> None:
        """Print how many images have no findings, and in which states, on standard error."""
        known = self._without_findings
        if known:
            states = ", ".join(f"{format_number(number)} {state}" for state, number in known.most_common())
            count = format_count(known.total(), "image")
            hint = "Add is:scanned to leave them out." if self._filters_by_findings else "Their findings are not known."
            print_message(f"{count} without findings: {states}. {hint}")


def with_title(error: EcrTuiError, title: str) -> EcrTuiError:
    """Return the error with a title that says what was tried, and the old title in the detail."""
    error.title, error.detail = title, f"{error.title}: {error.detail}" if error.detail else error.title
    return error
