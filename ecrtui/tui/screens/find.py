"""The screen that finds images in all repositories of all open connections."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from textual import work
from textual.widget import Widget
from textual.widgets import Input, Static

from ecrtui.catalog.filter.completion import complete
from ecrtui.catalog.filter.parser import parse_terms
from ecrtui.catalog.find.document import RegistryHit, hit_document, hit_texts
from ecrtui.catalog.find.query import Query
from ecrtui.catalog.find.result import BlobCounts
from ecrtui.catalog.rows.rows import Rows
from ecrtui.ecr import units
from ecrtui.ecr.digest import short_digest
from ecrtui.ecr.location import RegistryLocation
from ecrtui.ecr.text_formats import by_suffix
from ecrtui.errors import EcrTuiError, ErrorKind, UsageError
from ecrtui.inspect.filter_lists import filtered_lists, parse_find_query
from ecrtui.retag.write_history import WriteTarget
from ecrtui.tui import blocking, messages
from ecrtui.tui import safe_text as text
from ecrtui.tui.aws_options import aws_options
from ecrtui.tui.bindings import bindings, press
from ecrtui.tui.clipboard.copy_items import CopyItem, copy_items_for_image, copy_words
from ecrtui.tui.connections.combined_header import CombinedHeaderMixin
from ecrtui.tui.connections.combined_source import CombinedSource
from ecrtui.tui.find.rows import ACCOUNT, HITS, REGION, FindRow, ShownAnswers, find_columns
from ecrtui.tui.find.scan_loading import HitScansMixin
from ecrtui.tui.find.search import FindEverywhere, Found, SearchProgress
from ecrtui.tui.line_parts import SEPARATOR, Drop, LinePart, line_part, throttled_part
from ecrtui.tui.lists.list_screen import ListScreen
from ecrtui.tui.lists.list_state import ListState
from ecrtui.tui.retag.undo import UndoMixin
from ecrtui.tui.saving import text_items
from ecrtui.tui.table.table import Table
from ecrtui.tui.textual_fixes.line_input import WordsInput
from ecrtui.tui.widgets.filter_bar import FilterBar

if TYPE_CHECKING:
    from ecrtui.catalog.filter import Filter
    from ecrtui.retag.engine import Engine
    from ecrtui.retag.journal.entry import JournalEntry
    from ecrtui.retag.plan import Plan, Report
    from ecrtui.session import SessionSource

_BLOB_PANES = {"layer": "layers", "config": "config"}
"""The pane of an image that shows a layer or a config, by its role."""

PLACEHOLDER = "tag, digest, team/app:tag, image URI, release-*, missing:tag=prod"


class FindField(WordsInput):
    """The text to find. The lines of a paste become words."""

    BINDINGS = bindings("find_field")


class FindScreen(CombinedHeaderMixin, UndoMixin, HitScansMixin):
    """What all repositories have of a tag, a digest, or whatever a pasted text names.

    Args:
        sources: the open connections.
        first: the text to start with; the user can replace it.
        at_once: True to search for it without a further key.
    """

    DEFAULT_CSS = """
    FindScreen #body > Input { border: none; height: 1; padding: 0 1; background: $panel; }
    FindScreen #notes { height: auto; max-height: 3; padding: 0 1; color: $text-muted; display: none; }
    """
    SCOPES = ("find", "row", "marks")
    MARKABLE = True
    FILTER_LIST = "find"
    FILTER_EXAMPLE = "team !rc tag:release-* repository:team/app kind:index pushed<7d"
    NOUNS = ("hit", "hits")
    FIRST_DESCENDING = frozenset({"pushed", "findings"})

    def __init__(self, sources: Sequence[SessionSource], first: str = "", *, at_once: bool = False) -> None:
        combined = len(sources) > 1
        super().__init__(CombinedSource(sources) if combined else sources[0])
        self.sources = tuple(sources)
        columns = find_columns(self.unknown_scan)
        self.columns = (ACCOUNT, REGION, *columns) if combined else columns
        self.rows = Rows(lambda row: row.key)
        self._first = first
        self._at_once = at_once
        self._search: FindEverywhere | None = None
        self._readable = set()
        self._shown = ShownAnswers()
        self._searched = ""
        """The text of the last search."""
        self._query = Query(())
        self._search_progress = SearchProgress()
        self._started = self._took = 0.0
        self.set_reactive(ListScreen.state, ListState("repository", descending=False))
        if combined:
            self.combined = len(sources)
            self.set_reactive(FindScreen.header_state, self.combined_state(None))

    @property
    def acting_source(self) -> SessionSource:
        return self.current.registry.source if self.current is not None else self.sources[0]

    def chosen_sources(self) -> Iterable[SessionSource]:
        return [row.registry.source for row in self.rows.marked()] or super().chosen_sources()

    def breadcrumb(self) -> str:
        where = f" of {units.format_count(len(self.sources), 'connection')}" if len(self.sources) > 1 else ""
        return f"Find in all repositories{where}"

    def body(self) -> Iterable[Widget]:
        yield FindField(self._first, placeholder=PLACEHOLDER, id="reference")
        yield Static(id="notes")
        yield from super().body()

    @property
    def _field(self) -> Input:
        return self.query_one("#reference", Input)

    def start(self) -> None:
        self.table.set_placeholder("")
        self.edit(self._first, at_once=self._at_once)

    def edit(self, line: str = "", *, at_once: bool = False) -> None:
        """Let the user type another text.

        Args:
            line: the text to start with; empty for the last one.
            at_once: True to search for it without a further key.
        """
        if line:
            self._field.value = line
            self.query_one(FilterBar).clear()  # it is for the hits of the last text
        if at_once:
            self.table.focus()
            self._search_anew()
        else:
            self._field.focus()

    @property
    def awaits_content(self) -> bool:
        return self.state.loading and super().awaits_content

    # Searching

    @work(exclusive=True, group="load", exit_on_error=False)
    async def load(self, *, resume: bool = False) -> None:
        """Search for the text of the field, from the start. The rows of the last search for it stay meanwhile."""
        self._stop()
        searched = self._field.value.strip()
        if searched == self._searched:
            self.table.begin_reload()
        else:
            self._show_notes(())
            self.table.clear()
        self._searched, self._read_at = searched, None
        self._field.cursor_position = 0  # a long text is recognized by its beginning
        self._started = time.monotonic()
        self.forget_scans()
        self._shown = ShownAnswers()
        self.state = self.state._replace(loading=True, complete=False, error=None)
        try:
            query = parse_find_query(self._searched)
            self._query = query
            if str(query).replace(",", " ").split() != self._searched.replace(",", " ").split():  # picked out of a text
                query = query._replace(notes=(f"looked for {query}", *query.notes))
            search = self._search = FindEverywhere(self.sources, query, frozenset(self._readable))
            async for found in blocking.iterate_blocking(search):
                for part in found:
                    self._show(part)
        except EcrTuiError as error:
            self.show_error(error)
        else:
            self._took = time.monotonic() - self._started
            self.table.finish_reload()
            self.mark_read()
            self.state = self.state._replace(loading=False, complete=True, waiting=0.0)
            self.load_scans_to_sort()

    def _search_anew(self) -> None:
        """Search without what an earlier search was allowed to read: ECR records a pull of each manifest."""
        self._readable.clear()
        self.load()

    def _stop(self) -> None:
        if self._search is not None:
            self._search.close()
        self._search, self._search_progress = None, SearchProgress()

    def _show(self, found: Found) -> None:
        self._search_progress = found.progress
        rows, gone = self._shown.add(found.registry, found.answers)
        if gone:
            self.table.remove_rows(gone)
        if rows:
            self.table.merge(self.with_known_scans(rows))
        self._show_notes((*found.progress.notes, *self._blob_notes(found.progress.blobs)))
        self.state = self.state._replace(loaded=found.progress.asked, waiting=found.progress.throttled)

    def _show_notes(self, notes: Sequence[str]) -> None:
        line = self.query_one("#notes", Static)
        line.display = bool(notes)
        line.update(text.block("\n".join(notes)))

    def _blob_notes(self, counts: BlobCounts | None) -> Iterable[str]:
        """Yield what the search for layers and configs is based on."""
        if counts is not None:
            can_read = any(row.blob and not row.manifests_known for row in self.rows.everything())
            hint = press(self, "find.read_indexes", "read those of the selected repository") if can_read else ""
            yield ". ".join(filter(None, (SEPARATOR.join(counts.words), hint)))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Search."""
        if event.input.id == "reference" and event.value.strip():
            self.table.focus()
            self._search_anew()

    def focus_content(self) -> None:
        self.table.focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Stop the search for the text that was there before."""
        if event.input.id == "reference" and self.state.loading and event.value.strip() != self._searched:
            self.workers.cancel_group(self, "load")
            self._stop()
            self.state = self.state._replace(loading=False, complete=False, loaded=0)

    def action_refresh_screen(self) -> None:
        if self._field.value.strip():
            self._search_anew()

    def action_retry(self) -> None:
        """Search again after an error."""
        self.action_refresh_screen()

    def action_read_indexes(self) -> None:
        """Read manifests of the repository of this row, and search again."""
        row = self.current
        if row is None or row.hit is None or (row.manifests_known and row.platforms_known):
            self.notify("The manifests of this repository say nothing more about this row.")
            return
        if not self.state.loading:  # a search that is under way goes on with what it may read
            self._readable.clear()
        self._readable.add((row.registry.number, row.repository))
        self.load()

    def on_unmount(self) -> None:
        self._stop()

    # What is shown

    def parse_filter(self, line: str) -> Filter[FindRow]:
        return parse_terms(line, HITS)

    def complete_filter(self, line: str) -> Iterable[str]:
        return complete(line, HITS, self.rows.at_hand())

    def progress_parts(self) -> Iterable[LinePart]:
        if self.state.loading or self.state.complete:
            yield from self._search_parts()
            yield from self._row_parts()

    def _search_parts(self) -> Iterable[LinePart]:
        """Yield the progress of the search, and how many images it has found."""
        progress, state = self._search_progress, self.state
        done = "listed" if progress.listing else "asked"
        asked, total = (units.format_number(number) for number in (progress.asked, progress.total))
        yield line_part(f"{asked} of {total} {done}", f"{asked}/{total} {done}", drop=Drop.LATE)
        errors = [row.error for row in self.rows.everything() if row.error is not None]
        yield line_part(f"{units.format_number(self.rows.total - len(errors))} found")
        denied = sum(error.kind is ErrorKind.DENIED for error in errors)
        if denied:
            yield line_part(f"{units.format_number(denied)} denied", drop=Drop.LAST)
        if len(errors) > denied:
            yield line_part(f"{units.format_number(len(errors) - denied)} failed", drop=Drop.LAST)
        if state.complete:
            yield line_part(units.format_duration(self._took), drop=Drop.FIRST)

    def _row_parts(self) -> Iterable[LinePart]:
        """Yield what the user does with the hits."""
        if self.state.filter_text:
            yield line_part(f"{units.format_number(len(self.rows))} match")
        yield from self.marked_part()
        if self.state.waiting:
            yield throttled_part(self.state.waiting)

    def _note(self) -> str:
        state = self.state
        if state.complete and not self.rows.total:
            counts = self._search_progress.blobs
            is_known = counts is None or counts.complete
            reason = self._query.nothing_found if is_known else self._query.no_image_found
            return f"{reason} {filtered_lists(self._searched)}".rstrip()
        if state.loading:
            return "searching…"
        return super()._note() if state.complete else ""

    # Actions on the hits

    def on_table_activated(self, message: Table.Activated) -> None:
        row: FindRow = message.item
        if row.error is not None:
            lines = (str(row.error), row.error.hint)
            self.post_message(messages.ShowText(row.repository or "All repositories", "\n".join(filter(None, lines))))
        elif row.shown_image is not None:
            parent = "" if row.part_of is None else row.part_of.digest
            pane = "overview" if row.blob is None else _BLOB_PANES[row.blob.role]
            digest = row.shown_image.digest
            self.post_message(messages.OpenImage(row.registry.source, row.repository, digest, pane=pane, parent=parent))
        else:
            self.post_message(messages.OpenImages(row.registry.source, row.repository))

    def _chosen(self) -> list[FindRow]:
        rows = self.rows.marked() or ([self.current] if self.current is not None else [])
        return [row for row in rows if row.digest]

    def action_tag(self) -> None:
        """Plan a tag for all marked images: one plan for each connection."""
        chosen = self._chosen()
        if not chosen:
            self.notify("There is no image to tag in these rows. To tag in repositories, mark them in Repositories.")
        for number in sorted({row.registry.number for row in chosen}, reverse=True):  # the first connection is on top
            rows = [row for row in chosen if row.registry.number == number]
            self.post_message(messages.OpenPlan(rows[0].registry.source, _plan_request(rows)))

    def undo_target(self) -> WriteTarget | None:
        row = self.current
        return None if row is None or not row.digest else WriteTarget(row.repository, row.digest)

    async def begin_undo(self, title: str, find: Callable[[Engine], tuple[JournalEntry, ...]]) -> None:
        """Plan the undo on a screen of the row's connection."""
        request = messages.PlanRequest(title, lambda engine, line: engine.plan_undo(find(engine)))
        self.post_message(messages.OpenPlan(self.acting_source, request))

    @work(exclusive=True, group="copy", exit_on_error=False)
    async def action_copy_menu(self) -> None:
        """Copy a URI, the digest or a command of the selected image, or all hits."""
        items: tuple[CopyItem, ...] = ()
        row = self.current
        if row is not None and row.hit and row.hit.image:
            try:
                session = await blocking.run_blocking(row.registry.source)
                repository = await blocking.run_blocking(session.registry.repository, row.repository)
            except EcrTuiError as error:
                self.notify_error(error)
                items = copy_words(("digest", row.digest))
            else:
                _, region, endpoint = session.location
                options = aws_options(row.registry.source.connection, region, endpoint, os.environ)
                image = replace(row.hit.image, tags=session.order_tags(row.hit.image.tags))
                items = copy_items_for_image(repository, image, options)
        elif row is not None and row.blob is not None:
            items = copy_words(("digest", row.blob.digest))
        hits = self._hits()
        texts = hit_texts(hits) if hits else {}
        await self.offer_copies(lambda: (*items, *text_items(texts, "all hits as ")))

    def _hits(self) -> list[RegistryHit]:
        """Return the hits that are shown, in their order."""
        return [row.registry_hit for row in self.rows if row.registry_hit is not None]

    async def action_export(self) -> None:
        """Ask for a file name to save the hits."""
        if hits := self._hits():
            await self.ask_for_file(by_suffix(hit_texts(hits)))

    def document(self, row: FindRow) -> tuple[str, Mapping[str, Any]] | None:
        if row.registry_hit is None:
            return None
        digest = row.registry_hit.hit.digest
        title = f"{row.repository}@{short_digest(digest)}" if digest else row.repository
        return title, hit_document(row.registry_hit)

    # After a write

    async def shows(self, location: RegistryLocation) -> bool:
        return any(row.registry.location == location for row in self.rows.everything())

    async def refresh_after_write(self, report: Report) -> None:
        """Read the hits that the write changed."""
        for name in {step.repository for step in report.plan.steps}:
            rows = [row for row in self.rows.everything() if row.repository == name and row.digest]
            rows = [row for row in rows if row.registry.location == report.location]
            if not rows:
                continue
            images = await self.images_after_write(rows[0].registry.source, name, [row.digest for row in rows])
            if images is None:
                return
            found = {image.digest: image for image in images}
            changed = [
                row._replace(hit=row.hit._replace(image=found[row.digest]))
                for row in rows
                if row.hit and row.digest in found
            ]
            self.table.update(self.with_known_scans(changed))


def _plan_request(rows: Sequence[FindRow]) -> messages.PlanRequest:
    from ecrtui.ecr.tag import parse_tags
    from ecrtui.retag.plan import TagChange

    repeated = [name for name, count in Counter(row.repository for row in rows).items() if count > 1]

    def make(engine: Engine, line: str) -> Plan:
        if repeated:
            raise UsageError(
                "A tag points to one image",
                f"Several marked images are in {units.format_names(repeated)}.",
                "Mark one image of each repository.",
            )
        changes = [TagChange(row.repository, tag, row.digest) for tag in parse_tags(line) for row in rows]
        return engine.plan(changes, kind="tag in all", thorough=True)

    title = f"Tag {units.format_count(len(rows), 'image')} in {rows[0].registry.account} {rows[0].registry.region}"
    return messages.PlanRequest(title, make, "new tags for these images, separated by spaces")
