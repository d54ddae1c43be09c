"""The pane with the findings of the scans: a table of all platforms, and the text of the selected finding."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from textual import work
from textual.containers import Vertical
from textual.widget import Widget
from textual.widgets import Static

from ecrtui.catalog.filter import FilterError, expression_hint
from ecrtui.catalog.filter.completion import complete
from ecrtui.catalog.rows.rows import Rows
from ecrtui.ecr import units
from ecrtui.ecr.image import Image
from ecrtui.ecr.manifest import DescriptorRole, ParsedManifest, parse_manifest
from ecrtui.errors import EcrTuiError, ErrorKind
from ecrtui.inspect import findings, findings_elsewhere, findings_export
from ecrtui.inspect.filter_lists import naming_lists
from ecrtui.inspect.findings import FindingRow, PlatformScan, ScanTarget
from ecrtui.inspect.findings_elsewhere import TaggedScan
from ecrtui.inspect.findings_filter import FINDINGS, parse_findings
from ecrtui.tui import blocking
from ecrtui.tui import safe_text as text
from ecrtui.tui.bindings import press
from ecrtui.tui.clipboard.copy_items import CopyItem, copy_words
from ecrtui.tui.inspector.findings_columns import finding_columns
from ecrtui.tui.inspector.findings_details import Elsewhere, details_text, title, unknown_lines
from ecrtui.tui.inspector.inspected import Inspected
from ecrtui.tui.inspector.pane import Pane
from ecrtui.tui.inspector.text_pane import PaneText
from ecrtui.tui.manifest.facts import kind_of
from ecrtui.tui.saving import SavesFiles
from ecrtui.tui.table.column_layout import Column
from ecrtui.tui.table.table import Table
from ecrtui.tui.text_document import prepare_facts
from ecrtui.tui.widgets.filter_bar import FilterBar

if TYPE_CHECKING:
    from ecrtui.catalog.filter import Filter
    from ecrtui.session import Session

WITH_FIX = "fix:yes"
"""The term of the filter for findings with a fix."""

_SCAN_STATES = (ErrorKind.SCAN_NOT_FOUND, ErrorKind.SCAN_PENDING)
"""Errors that are the state of one image. Any other one that all platforms have concerns the whole pane."""


@dataclass(frozen=True, slots=True)
class FindingsContent:
    """The scans of the platforms, their findings as rows, and the columns that these need."""

    scans: tuple[PlatformScan, ...] = ()
    rows: tuple[FindingRow, ...] = ()
    columns: Sequence[Column[FindingRow]] = ()


class FindingsBox(Vertical, can_focus=True):
    """Holds the table. Until there is one, it has the focus, so that keys go to the pane."""


class FindingsPane(Pane[FindingsContent]):
    """The findings of all platforms of the image, worst first."""

    ID = "findings"
    SCOPES = ("findings",)
    PER_PLATFORM = False
    DEFAULT_CSS = """
    FindingsPane {
        #scans { height: auto; max-height: 6; padding: 0 2; color: $text-warning; display: none; }
        #scans.-shown { display: block; }
        FindingsBox { height: 3fr; min-height: 4; }
        Table { height: 1fr; }
        .below { height: 2fr; min-height: 5; display: none; }
        .below.-shown { display: block; }
    }
    """

    def __init__(self, inspected: Inspected) -> None:
        super().__init__(inspected)
        self._content = FindingsContent()
        self._elsewhere = Elsewhere()
        self._chosen: Filter[FindingRow] | None = None
        """The filter that applies; None for all findings."""

    def content(self) -> Iterable[Widget]:
        yield FilterBar("severity>=high fix:yes package:openssl", "findings", self._complete_filter)
        yield Static(id="summary", classes="about")
        yield Static(id="scans")
        yield FindingsBox()
        yield Vertical(PaneText(), classes="below")

    # Reading

    async def read(self, inspected: Inspected) -> FindingsContent:
        targets = _targets(inspected)
        scans = await blocking.run_blocking(_read_scans, inspected.session, inspected.repository_name, targets)
        error = scans[0].error
        if error is not None and error.kind not in _SCAN_STATES and all(scan.error for scan in scans):
            if error.kind is ErrorKind.IMAGE_NOT_FOUND and isinstance(inspected.known_image, EcrTuiError):
                raise inspected.known_image  # it says which image is missing
            raise error
        layers = await blocking.run_blocking(_layers, inspected, targets)
        return await blocking.run_blocking(_joined, scans, layers)

    def scans_finished(self) -> None:
        self.forget()
        self.update()

    def present(self, content: FindingsContent) -> None:
        self._content, self._elsewhere = content, Elsewhere()
        self._show_scans()
        columns, table = content.columns, self._table
        if table is None:
            table = self._mount_table(columns)
        else:
            table.replace_columns(columns)  # a newer scan can have values for more columns
        table.begin_reload()
        table.merge(content.rows)
        table.finish_reload()
        self._show_count()

    def _mount_table(self, columns: Sequence[Column[FindingRow]]) -> Table[FindingRow]:
        rows: Rows[FindingRow] = Rows(key=lambda row: "\n".join(row.key))
        table = Table(rows, columns, sort="severity", descending=True)
        box = self.query_one(FindingsBox)
        box.mount(table)
        self._filter(table)  # the user can have typed one while the scans were read
        if self.screen.focused is box:  # `has_focus` changes later
            self.focus_now(table)
        box.can_focus = False
        return table

    @property
    def _table(self) -> Table[FindingRow] | None:
        return next(iter(self.query(Table)), None)

    def badge(self, content: FindingsContent) -> str:
        counts = findings.severity_counts(content.rows)
        unknown = "?" if findings.unknown_scans(content.scans) else ""
        return " ".join(filter(None, (units.format_finding_counts(counts[:2]) if counts else "", unknown)))

    # Showing

    def _show_scans(self) -> None:
        """Show the platforms whose findings are not known."""
        scans = self._content.scans
        lines = unknown_lines(scans)
        can_change = any(not scan.target.is_artifact for scan in scans)
        if lines and can_change and (hint := press(self, "screen.refresh", "ask again")):
            lines[-1] += f" {hint}"
        note = self.query_one("#scans", Static)
        note.update(text.block("\n".join(lines)))
        note.set_class(bool(lines), "-shown")

    def _show_count(self) -> None:
        """Show how many findings there are and match, and why there is none."""
        table, content = self._table, self._content
        if table is None:
            return
        counted = findings.open_rows(content.rows)
        is_known = len(findings.unknown_scans(content.scans)) < len(content.scans)
        total = units.format_count(len(counted), "finding") if is_known else "findings not known"
        others = findings.not_open_text(content.rows)
        if self._chosen is None:
            counts = units.format_finding_counts(findings.severity_counts(counted)) if counted else ""
            scanned = findings.scan_age(scan.report for scan in content.scans if scan.report is not None)
            summary = " · ".join(filter(None, (f"{total}  {counts}".rstrip(), others, scanned)))
            note = _no_findings(content.scans)
        else:
            undecided = len(self._chosen.undecided(content.rows))
            unknown = f"unknown for {units.format_number(undecided)}" if undecided else ""
            matching = f"{units.format_number(len(table.rows))} match"
            summary = " · ".join(filter(None, (matching, unknown, total, others)))
            reasons = (f"Nothing matches {units.format_quoted(self._chosen.text)}", unknown)
            hints = (press(self, "screen.back", "clear the filter"), expression_hint(self._chosen.text))
            note = f"{' · '.join(filter(None, reasons))}. {' '.join(filter(None, hints))}"
        self.query_one("#summary", Static).update(text.content(summary))
        table.set_placeholder(note.strip())

    def on_table_cursor_moved(self) -> None:
        self._show_details()

    def _show_details(self) -> None:
        """Show all that is known of the selected finding."""
        row, below = self.current, self.query_one(".below")
        below.set_class(row is not None, "-shown")
        if row is None:
            return
        ask = press(self, "findings.elsewhere", f"ask the newest {findings_elsewhere.NEWEST} tagged images")
        self.query_one(PaneText).show(prepare_facts(details_text(row, self._content.scans, self._elsewhere, ask)))
        below.border_title = text.content(f" {title(row)} ")

    @property
    def current(self) -> FindingRow | None:
        """The selected finding."""
        table = self._table
        return None if table is None else table.current

    def focus_content(self) -> None:
        self.focus_now(self._table or self.query_one(FindingsBox))

    # Filter and sort

    def search(self) -> None:
        self.query_one(FilterBar).open()

    def action_search(self) -> None:
        """Show only matching findings."""
        self.search()

    def on_filter_bar_changed(self, message: FilterBar.Changed) -> None:
        message.stop()
        bar, table = self.query_one(FilterBar), self._table
        try:
            chosen = parse_findings(message.value)
        except FilterError as problem:
            bar.show_problem(naming_lists(problem, message.value).with_hint(), problem.position)
            return
        bar.show_problem("")
        self._chosen = chosen or None
        if table is not None:
            self._filter(table)
        self._show_count()

    def _filter(self, table: Table[FindingRow]) -> None:
        """Show the findings that the chosen filter lets through."""
        chosen = self._chosen
        table.filter(chosen.matches if chosen else None, chosen.spans if chosen else None)

    def _complete_filter(self, line: str) -> Iterable[str]:
        return complete(line, FINDINGS, self._table.rows.at_hand() if self._table is not None else ())

    def on_table_sort_filter_done(self) -> None:
        self._show_count()
        self._show_details()

    def on_filter_bar_closed(self, message: FilterBar.Closed) -> None:
        message.stop()
        if self._table is not None:
            self._table.complete_filter()  # the next key can save the findings that match
        self.focus_content()

    def action_with_fix(self) -> None:
        """Show only findings with a fix, or all again."""
        bar = self.query_one(FilterBar)
        words = bar.value.split()
        rest = [word for word in words if word != WITH_FIX]
        line = " ".join(rest if WITH_FIX in words else [*words, WITH_FIX])
        if line:
            bar.show_filter(line)
        else:
            bar.clear()
        self.focus_content()

    def action_sort(self) -> None:
        """Sort by the next column."""
        table = self._table
        column = "" if table is None else table.column_after(table.sorted_by)
        if column:
            self._sort_by(column)

    def action_reverse(self) -> None:
        """Reverse the sort order."""
        table = self._table
        if table is not None and table.sorted_by is not None:
            table.sort_by(table.sorted_by, not table.descending)

    def on_table_sort_requested(self, message: Table.SortRequested) -> None:
        if message.table.sorted_by == message.column:
            self.action_reverse()
        else:
            self._sort_by(message.column)

    def _sort_by(self, column: str) -> None:
        if self._table is not None:
            self._table.sort_by(column, column in findings.DESCENDING)

    def action_switch_half(self) -> None:
        """Switch between the table and the text."""
        view = self.query_one(PaneText)
        if view.has_focus or not view.display:
            self.focus_content()
        else:
            self.focus_now(view)

    # Export

    def copy_items(self) -> tuple[CopyItem, ...]:
        row = self.current
        if row is None:
            return ()
        reference, known = self.inspected.reference, self.inspected.known_image
        tags = known.tags if isinstance(known, Image) else ()
        tag = reference.tag or next(iter(tags), "")
        image = (
            f"{reference.repository}{f':{tag}' if tag else ''}@{self.inspected.digest}"  # a tag moves, a digest stays
        )
        line = findings_export.ticket_line(row, image)
        return (*copy_words(("id", row.id), ("link", row.finding.uri)), CopyItem("line for a ticket", line))

    async def action_save(self) -> None:
        """Save the findings that the filter lets through, as CSV or JSON."""
        if not self._content.rows or not self.shows_content:
            self.notify("There are no findings to save.")
        elif isinstance(self.screen, SavesFiles):
            rows = self._shown_rows  # a thread writes them, and the pane may be gone then
            await self.screen.ask_for_file(
                {".csv": lambda: findings_export.as_csv(rows), ".json": lambda: findings_export.as_json(rows)}
            )

    @property
    def _shown_rows(self) -> list[FindingRow]:
        """The findings that the filter lets through, in the order of the table."""
        rows = self._table.rows if self._table is not None else ()
        return [rows[index] for index in range(len(rows))]

    # Other images

    @work(exclusive=True, group="elsewhere", exit_on_error=False)
    async def action_elsewhere(self) -> None:
        """Ask in which of the newest tagged images the findings are."""
        inspected = self.inspected
        if self.current is None:
            self.notify("No finding is selected.")
            return
        try:
            images = await blocking.run_blocking(_newest_tagged, inspected)
            self._elsewhere = Elsewhere(total=len(images), is_only=not images)
            self._show_details()
            found: dict[int, TaggedScan] = {}
            async for index, scan in blocking.iterate_blocking(_ask(inspected, images)):
                found[index] = scan
                known = tuple(found[number] for number in sorted(found))
                self._elsewhere = Elsewhere(known, len(found), len(images))
                self._show_details()
        except EcrTuiError as error:
            self._elsewhere = Elsewhere(problem=error.with_hint())
            self._show_details()


def _targets(inspected: Inspected) -> tuple[ScanTarget, ...]:
    """Return the images whose scans are those of the image. Raises EcrTuiError."""
    manifest = inspected.manifest if inspected.is_index else None
    targets = findings.scan_targets(inspected.digest, manifest, is_artifact=_is_artifact(inspected))
    if not targets:
        raise findings.no_targets(inspected.digest)
    artifacts = {entry.digest for entry in inspected.platforms if entry.is_listed_artifact}
    return tuple(replace(target, is_artifact=True) if target.digest in artifacts else target for target in targets)


def _is_artifact(inspected: Inspected) -> bool:
    """Return True if the image is known to be an artifact. Only a manifest tells an attestation of an index."""
    image, manifest = inspected.known_image, inspected.known_manifest
    structure = manifest if isinstance(manifest, ParsedManifest) else ParsedManifest()
    return isinstance(image, Image) and kind_of(image, structure).is_artifact


def _read_scans(session: Session, repository: str, targets: tuple[ScanTarget, ...]) -> tuple[PlatformScan, ...]:
    """Return the scans in the order of the targets. Blocks."""
    found = {scan.target: scan for scan in findings.read_scans(session.registry, repository, targets)}
    return tuple(found[target] for target in targets)


def _joined(scans: tuple[PlatformScan, ...], layers: Mapping[str, Sequence[str]]) -> FindingsContent:
    """Return the findings of all platforms in rows, and the columns that they need. A scan can have 10,000."""
    rows = findings.join_findings(scans, layers)
    return FindingsContent(scans, rows, finding_columns(rows, len(scans)))


def _layers(inspected: Inspected, targets: tuple[ScanTarget, ...]) -> dict[str, list[str]]:
    """Return the layers of the images whose manifests are known. This sends no request."""
    digests = [target.digest for target in targets]
    kept = inspected.session.catalog.kept_manifests(inspected.repository_name, digests)
    manifests = {manifest.digest: parse_manifest(manifest.text) for manifest in kept}
    if isinstance(inspected.known_manifest, ParsedManifest):
        manifests[inspected.digest] = inspected.known_manifest
    return {
        digest: [layer.digest for layer in manifest.with_role(DescriptorRole.LAYER)]
        for digest, manifest in manifests.items()
    }


def _no_findings(scans: tuple[PlatformScan, ...]) -> str:
    unknown = len(findings.unknown_scans(scans))
    if not unknown:
        return "The scans found nothing."
    return "No findings are known." if unknown == len(scans) else "The other scans found nothing."


def _newest_tagged(inspected: Inspected) -> tuple[Image, ...]:
    """Return the newest tagged images, from the cache or from the registry. Blocks."""
    cache = inspected.source.cached_snapshot()
    known = None if cache is None else cache.images(inspected.repository_name)
    if known is not None:
        images: Iterable[Image] = known.items
    else:
        listing = inspected.session.catalog.images(inspected.repository_name, stream=True)
        images = (image for batch in listing for image in batch.items)
    without = {inspected.digest, *(index.digest for index in inspected.indexes or ())}
    order = inspected.session.order_tags
    newest = findings_elsewhere.newest_tagged(images, without)
    return tuple(replace(image, tags=order(image.tags)) for image in newest)


def _ask(inspected: Inspected, images: tuple[Image, ...]) -> Iterator[tuple[int, TaggedScan]]:
    platforms = {platform.name for platform in inspected.platforms if platform.name}
    session = inspected.session
    return findings_elsewhere.read_tagged_scans(
        session.registry, session.catalog, inspected.repository_name, images, platforms
    )
