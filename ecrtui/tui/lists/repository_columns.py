"""The columns of a list of repositories."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from textual.content import Content

from ecrtui.catalog.totals.repository_totals import RepositoryTotals, totals_of
from ecrtui.ecr import units
from ecrtui.ecr.repository import Repository
from ecrtui.tui.lists.age_column import age_column
from ecrtui.tui.table.column_layout import Column

Row = TypeVar("Row")
RepositoryOf = Callable[[Row], Repository | None]
"""Returns the repository of a row; None for a row that is not a repository."""

NOT_COUNTED = Content.styled("?", "$text-muted")
"""In place of a total that is not known."""

DESCENDING_COLUMNS = frozenset(
    {"images", "tagged", "parts", "orphans", "size", "pushed", "pulled", "findings", "lifecycle", "counted", "created"}
)
"""The columns that sort descending first."""

_MORE = "+"
"""After findings, if those of other images are not known."""


def total_columns(repository: RepositoryOf[Row]) -> Sequence[Column[Row]]:
    """Return the columns with the totals of the repositories."""

    def totals(row: Row) -> RepositoryTotals | None:
        found = repository(row)
        return None if found is None else totals_of(found)

    def column(
        column_id: str,
        title: str,
        value: Callable[[RepositoryTotals], int | None],
        shown: Callable[[RepositoryTotals], str] | None = None,
        **options: Any,
    ) -> Column[Row]:
        """Return a column that shows a number, or a text for it."""

        def cell(row: Row) -> str | Content:
            known = totals(row)
            if known is None or (found := value(known)) is None:
                return NOT_COUNTED if repository(row) else ""
            return shown(known) if shown else units.format_number(found)

        def sort_key(row: Row) -> float:
            known = totals(row)
            found = None if known is None else value(known)
            return -1.0 if found is None else found

        return Column(column_id, title, cell, sort_key, align="right", **options)

    def age(
        column_id: str, title: str, value: Callable[[RepositoryTotals], float | None], **options: Any
    ) -> Column[Row]:
        def moment(row: Row) -> float | None:
            known = totals(row)
            return None if known is None else value(known)

        def missing(row: Row) -> str | Content:
            return "never" if totals(row) else NOT_COUNTED if repository(row) else ""

        return age_column(column_id, title, moment, missing, **options)

    def findings(row: Row) -> str | Content:
        known = totals(row)
        return findings_cell(known) if known else NOT_COUNTED if repository(row) else ""

    return (
        column("images", "images", lambda known: known.counts.images, _images_cell, drop_priority=3),
        column("tagged", "tagged", lambda known: known.counts.tagged, drop_priority=6),
        column("parts", "parts", lambda known: known.counts.known_parts, extra=True),
        column("orphans", "orphans", lambda known: known.counts.orphans, extra=True),
        column("size", "size", lambda known: known.size, lambda known: units.format_size(known.size), drop_priority=4),
        age("pushed", "pushed", lambda known: known.newest_push, drop_priority=1),
        age("pulled", "pulled", lambda known: known.last_pull, drop_priority=5),
        Column("findings", "findings", findings, lambda row: _severity_key(totals(row)), max_width=13, drop_priority=2),
        column("lifecycle", "lifecycle", lambda known: known.rules, _rules_cell, drop_priority=7),
        age("counted", "counted", lambda known: known.counted_at, extra=True),
    )


def _images_cell(totals: RepositoryTotals) -> str:
    return at_most(units.format_number(totals.counts.images), is_exact=totals.counts.is_exact)


def _rules_cell(totals: RepositoryTotals) -> str:
    return units.format_count(totals.rules, "rule") if totals.rules else "none"


def at_most(number: str, *, is_exact: bool) -> str:
    """Return a number of images, with ``≤`` if some of them may be parts of indexes that were not read."""
    return number if is_exact else f"≤{number}"


def findings_cell(totals: RepositoryTotals) -> str | Content:
    """Return the worst findings of the images; with ``+`` if those of some images are not known."""
    from ecrtui.ecr.findings import NOT_SCANNED  # the first frame has no totals
    from ecrtui.tui.lists.image_columns import counts_cell, scan_cell

    scan, is_partial = totals.scan, totals.unknown_scans > 0
    if totals.counts.listed == 0:
        return units.UNKNOWN
    if scan is None:
        return NOT_COUNTED
    has_failed = scan.counts is None and scan.status != NOT_SCANNED
    if is_partial and not has_failed and not any(number for _, number in scan.counts or ()):
        return NOT_COUNTED
    if scan.counts is None:
        return scan_cell(scan)
    cell = counts_cell(scan.counts)
    return Content.assemble(cell, (_MORE, "$text-muted")) if is_partial else cell


def _severity_key(totals: RepositoryTotals | None) -> tuple[int, ...]:
    if totals is None or totals.scan is None:
        return (0,)
    from ecrtui.ecr.findings import severity_numbers

    return (1,) if totals.scan.counts is None else (2, *severity_numbers(totals.scan.counts))


def _text(
    column_id: str,
    title: str,
    cell: Callable[[Repository], str],
    repository: RepositoryOf[Row],
    **options: Any,
) -> Column[Row]:
    def shown(row: Row) -> str:
        found = repository(row)
        return "" if found is None else cell(found)

    return Column(column_id, title, shown, shown, **options)


def constant_columns(repository: RepositoryOf[Row]) -> Sequence[Column[Row]]:
    """Return the columns with the settings of the repositories."""

    def created(row: Row) -> float | None:
        found = repository(row)
        return None if found is None else found.created_at

    return (
        _text(
            "mutability",
            "tag mutability",
            lambda found: str(found.mutability),
            repository,
            min_width=16,
            full_width=34,
            max_width=60,
            flex=1,
            drop_priority=8,
        ),
        _text("uri", "URI", lambda found: found.uri, repository, extra=True),
        _text("scan", "scan on push", lambda found: "yes" if found.scan_on_push else "no", repository, extra=True),
        _text("encryption", "encryption", _encryption, repository, max_width=20, extra=True),
        age_column("created", "created", created, extra=True),
    )


def _encryption(repository: Repository) -> str:
    return f"{repository.encryption} {repository.kms_key.rpartition('/')[2]}".strip()
