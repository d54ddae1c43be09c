"""A table with the packages of an SBOM, which filters and sorts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from textual import work
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widget import Widget
from textual.widgets import Static

from ecrtui.catalog.filter import FilterError
from ecrtui.catalog.filter.completion import complete
from ecrtui.catalog.rows.rows import Rows
from ecrtui.ecr.safe_text import visible
from ecrtui.ecr.units import format_count
from ecrtui.inspect.filter_lists import naming_lists
from ecrtui.inspect.packages import Package, PackageList
from ecrtui.inspect.packages_filter import PACKAGES, parse_packages
from ecrtui.tui import safe_text as text
from ecrtui.tui.details import Facts, facts_text
from ecrtui.tui.inspector.content_text import totals_text
from ecrtui.tui.inspector.text_pane import PaneText
from ecrtui.tui.table.column_layout import Column
from ecrtui.tui.table.table import Table
from ecrtui.tui.text_document import prepare_facts
from ecrtui.tui.textual_fixes.worker_description import LARGE_ARGUMENTS
from ecrtui.tui.widgets.filter_bar import FilterBar
from ecrtui.tui.yielding import yield_to_keys

CHUNK = 2_000
"""Packages that are added to the table at once. More would delay a key."""

UNKNOWN = "?"
"""The text for a value that the SBOM does not state."""

_COLUMNS: tuple[Column[Any], ...] = (
    Column("name", "package", lambda row: row.name, lambda row: row.name.lower(), min_width=20, flex=2, max_width=48),
    Column("version", "version", lambda row: row.version, lambda row: row.version, min_width=8, max_width=28),
    Column(
        "type", "type", lambda row: row.type or UNKNOWN, lambda row: row.type, min_width=4, max_width=10,
        drop_priority=1,
    ),
    Column(
        "license", "license", lambda row: row.license or UNKNOWN, lambda row: row.license, min_width=8, max_width=24,
        drop_priority=2,
    ),
    Column("purl", "purl", lambda row: row.purl, lambda row: row.purl, min_width=16, max_width=90, drop_priority=3),
)  # fmt: skip


class PackageTable(Vertical):
    """Totals of a package list, the list, and the text of the selected package: a narrow list has no room for it."""

    SCOPED_CSS = False  # the screen says how high it is
    DEFAULT_CSS = """
    PackageTable { height: 1fr; }
    PackageTable > Table { height: 3fr; min-height: 2; }
    PackageTable > .below { height: 2fr; min-height: 2; max-height: 6; display: none; }
    PackageTable > .below.-shown { display: block; }
    .-low PackageTable > .about { max-height: 1; }
    """

    def __init__(self) -> None:
        super().__init__()
        self.packages = PackageList()
        """The packages that are shown."""

    def compose(self) -> ComposeResult:
        yield Static(classes="about")
        yield Table[Package](Rows("\n".join), _COLUMNS, sort="name")
        yield Vertical(PaneText(), classes="below")

    @property
    def table(self) -> Table[Package]:
        """The table."""
        return self.query_one(Table)

    @property
    def text(self) -> PaneText:
        """The text of the selected package."""
        return self.query_one(PaneText)

    @property
    def shows_text(self) -> bool:
        """False if no package is selected."""
        return self.query_one(".below").has_class("-shown")

    @property
    def other_half(self) -> Widget:
        """What takes the keys next: the text, or the table."""
        return self.text if self.table.has_focus and self.shows_text else self.table

    def show(self, packages: PackageList, about: str = "") -> None:
        """Show other packages, without a filter.

        Args:
            packages: the packages.
            about: lines above the totals.
        """
        self.packages = packages
        lines = [about, packages.problem, totals_text(packages) if packages.packages else ""]
        self.query_one(".about", Static).update(text.block("\n".join(filter(None, lines))))
        self.table.set_placeholder("No package is listed.")
        self.workers.cancel_group(self, "rows")
        self.table.clear()
        self.table.filter(None)
        self.table.merge(packages.packages[:CHUNK])
        if len(packages.packages) > CHUNK:
            self._add_rest(packages)

    @work(exclusive=True, group="rows", exit_on_error=False, description=LARGE_ARGUMENTS)
    async def _add_rest(self, packages: PackageList) -> None:
        """Add the other packages in steps, so that keys do not wait."""
        for start in range(CHUNK, len(packages.packages), CHUNK):
            await yield_to_keys()
            self.table.merge(packages.packages[start : start + CHUNK])

    def filter(self, line: str, bar: FilterBar) -> None:
        """Show the packages that match a filter. If it is not valid, the bar says why."""
        try:
            chosen = parse_packages(line)
        except FilterError as problem:
            bar.show_problem(naming_lists(problem, line).with_hint(), problem.position)
            return
        bar.show_problem("")
        self.table.filter(chosen.matches if chosen else None)

    def complete(self, line: str) -> Iterable[str]:
        """Return what can complete the last word of a filter."""
        return complete(line, PACKAGES, self.table.rows.at_hand())

    def sort_next(self) -> None:
        """Sort by the next column that is shown."""
        column = self.table.column_after(self.table.sorted_by)
        if column:
            self.table.sort_by(column, descending=False)

    def reverse(self) -> None:
        """Reverse the sort order."""
        if self.table.sorted_by is not None:
            self.table.sort_by(self.table.sorted_by, descending=not self.table.descending)

    def problem_of(self, message: Table.SortFilterDone) -> str:
        """Return the message of a complete filter: that nothing matches; empty if a package does."""
        if message.table is not self.table or message.shown or not message.total:
            return ""
        return f"none of {format_count(message.total, 'package')} match"

    def on_table_cursor_moved(self, message: Table.CursorMoved) -> None:
        message.stop()
        package: Package | None = message.item
        below = self.query_one(".below")
        below.set_class(package is not None, "-shown")
        if package is not None:
            below.border_title = text.content(f" {_title(package)} ")
            self.text.show(prepare_facts(_package_text(package)))

    def on_table_sort_requested(self, message: Table.SortRequested) -> None:
        message.stop()
        again = message.column == self.table.sorted_by
        self.table.sort_by(message.column, descending=again and not self.table.descending)


def _title(package: Package) -> str:
    return f"{package.name} {package.version}".rstrip()


def _package_text(package: Package) -> str:
    """Return all that an SBOM says of a package."""
    facts: Facts = [
        ("license", [visible(package.license) or UNKNOWN]),
        ("purl", [visible(package.purl) or UNKNOWN]),
        ("type", [visible(package.type) or UNKNOWN]),
        ("package", [visible(_title(package))]),
    ]
    return facts_text(facts)
