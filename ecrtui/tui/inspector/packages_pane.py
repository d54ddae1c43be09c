"""The pane with the packages of a platform."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable

from textual.widget import Widget

from ecrtui.ecr.csv_cells import csv_lines
from ecrtui.ecr.manifest import Descriptor
from ecrtui.ecr.text_formats import Texts
from ecrtui.ecr.units import format_size
from ecrtui.inspect.artifact_reading import ArtifactReader
from ecrtui.inspect.artifacts import ArtifactTree
from ecrtui.inspect.findings import ScanTarget, read_scan
from ecrtui.inspect.packages import Package, PackageList
from ecrtui.session import Session
from ecrtui.tui import blocking
from ecrtui.tui.clipboard.copy_items import CopyItem
from ecrtui.tui.details import reason_with_permission
from ecrtui.tui.fields_message import FieldsMessage
from ecrtui.tui.inspector.artifacts_pane import LARGE, none_of_its_own, read_tree
from ecrtui.tui.inspector.content_text import totals_text
from ecrtui.tui.inspector.inspected import Inspected, PlatformImage
from ecrtui.tui.inspector.package_table import PackageTable
from ecrtui.tui.inspector.pane import Pane, SavePane
from ecrtui.tui.table.table import Table
from ecrtui.tui.widgets.filter_bar import FilterBar
from ecrtui.tui.widgets.message_panel import PanelMessage


class PackagesPane(Pane[PackageList]):
    """The packages that the SBOM of a platform lists; without one, those with findings."""

    ID = "packages"
    SCOPES = ("packages_pane",)

    def content(self) -> Iterable[Widget]:
        packages = PackageTable()
        yield FilterBar("curl !lib type:deb license:MIT", "packages", packages.complete)
        yield packages

    class Reading(FieldsMessage):
        """The size of an SBOM is known, and it is read now. The pane may be gone by then."""

        platform: Hashable
        size: int

    async def read(self, inspected: Inspected) -> PackageList:
        platform = inspected.require_platform()
        key, tree = self._key(), await read_tree(inspected)
        none = none_of_its_own(inspected, "SBOM")

        def begin(blob: Descriptor) -> None:
            self.post_message(self.Reading(key, blob.size))

        return await blocking.run_blocking(
            _read_packages, inspected.session, inspected.repository_name, tree, platform, none, begin
        )

    def on_packages_pane_reading(self, message: Reading) -> None:
        message.stop()
        if message.platform == self._shown_key and message.size >= LARGE:
            self._show_message(PanelMessage(f"reading an SBOM of {format_size(message.size)}…"))

    def present(self, content: PackageList) -> None:
        self._packages.show(content, " · ".join(filter(None, [content.source, content.format, content.tool])))
        bar = self.query_one(FilterBar)
        if bar.value:
            self._filter(bar.value)

    def badge(self, content: PackageList) -> str:
        return f"{len(content.packages):,}" if content.format else ""

    @property
    def _packages(self) -> PackageTable:
        return self.query_one(PackageTable)

    def focus_content(self) -> None:
        self.focus_now(self._packages.table)

    def search(self) -> None:
        self.query_one(FilterBar).open()

    def action_filter(self) -> None:
        """Filter the packages."""
        self.search()

    def action_sort(self) -> None:
        """Sort by the next column."""
        self._packages.sort_next()

    def action_reverse(self) -> None:
        """Reverse the sort order."""
        self._packages.reverse()

    def action_switch_half(self) -> None:
        """Switch between the packages and the text of the selected one."""
        self.focus_now(self._packages.other_half)

    def action_save(self) -> None:
        """Save the packages that are shown, as CSV."""
        shown = self._shown if self.shows_content else []
        if shown:
            self.post_message(SavePane({".csv": lambda: as_csv(shown)}))
        else:
            self.notify("There are no packages to save.")

    def copy_items(self) -> tuple[CopyItem, ...]:
        package = self._packages.table.current
        if package is None:
            return ()
        named = CopyItem("package and version", f"{package.name} {package.version}".strip())
        return (CopyItem("package URL", package.purl), named) if package.purl else (named,)

    def texts(self) -> Texts:
        shown = self._shown
        return {"packages shown, as CSV": lambda: as_csv(shown)}

    def on_filter_bar_changed(self, message: FilterBar.Changed) -> None:
        message.stop()
        self._filter(message.value)

    def on_filter_bar_closed(self, message: FilterBar.Closed) -> None:
        message.stop()
        self._packages.table.complete_filter()  # the next key can save or copy the packages that match
        self.focus_content()

    def _filter(self, line: str) -> None:
        self._packages.filter(line, self.query_one(FilterBar))

    def on_table_sort_filter_done(self, message: Table.SortFilterDone) -> None:
        message.stop()
        self.query_one(FilterBar).show_problem(self._packages.problem_of(message))

    @property
    def _shown(self) -> list[Package]:
        rows = self._packages.table.rows
        return [rows[index] for index in range(len(rows))]


def as_csv(packages: Iterable[Package]) -> str:
    """Return packages as CSV for a spreadsheet, in which no cell is a formula."""
    return "".join(csv_lines([Package._fields, *packages]))


def _read_packages(
    session: Session,
    repository: str,
    tree: ArtifactTree,
    platform: PlatformImage,
    none: str,
    reading: Callable[[Descriptor], None],
) -> PackageList:
    """Return the packages of a platform: of its SBOM, else those with findings. Blocks; raises EcrTuiError.

    ``none`` says that the image has no SBOM.
    """
    found = ArtifactReader(session.catalog, session.registry, repository).packages(tree, platform.digest, reading)
    if found is not None:
        totals_text(found)  # counts them here, not in the thread that draws
        return found
    why = f"{none}."
    if tree.incomplete:
        reasons = [*(reason_with_permission(problem.error) for problem in tree.problems), *tree.notes]
        why = f"Not known whether there is an SBOM. {reasons[0]}"
    scan = read_scan(session.registry, repository, ScanTarget(platform.digest, is_artifact=platform.is_artifact))
    if scan.report is None:
        return PackageList(problem=f"{why} The packages are not known: {scan.state}. {scan.reason}".strip())
    named = {Package(finding.package, finding.version) for finding in scan.report.findings if finding.package}
    source = f"{why} Only packages with findings are known."
    return PackageList(packages=tuple(sorted(named)), source=source)
