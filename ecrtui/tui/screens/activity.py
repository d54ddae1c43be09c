"""The Activity screen: the journal of every write, newest first, with undo."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from textual import work
from textual.content import Content

from ecrtui.catalog.filter import Filter
from ecrtui.catalog.listing import SingleBatch
from ecrtui.catalog.rows import Rows
from ecrtui.ecr import units
from ecrtui.ecr.digest import short_digest
from ecrtui.ecr.documents import entry_details
from ecrtui.errors import EcrTuiError
from ecrtui.retag.journal.entry import JournalEntry
from ecrtui.retag.plan import Report
from ecrtui.session import Session, SessionSource
from ecrtui.tui import blocking, messages
from ecrtui.tui.clipboard import copy_words
from ecrtui.tui.list_screen import ListScreen, ListState, words_filter
from ecrtui.tui.retag import rendering
from ecrtui.tui.retag.actions import PlanApplyMixin
from ecrtui.tui.table.column_layout import Column


def _outcome(entry: JournalEntry) -> Content:
    if entry.damaged:
        return Content.styled("! damaged", "bold $warning")
    if entry.in_flight:
        return Content.styled("… in flight", "bold")
    if entry.outcome is None:
        return Content.styled("? unknown", "bold $warning")
    if entry.undone_by:
        return Content.styled("↶ undone", "dim")
    return rendering.outcome_label(entry.outcome)


def _tag(entry: JournalEntry) -> str | Content:
    if entry.damaged:
        return entry.tag or units.UNKNOWN
    return entry.tag or Content.styled("<untagged>", "dim italic")


def _digest(entry: JournalEntry, digest: str) -> str:
    return short_digest(digest) or (units.UNKNOWN if entry.damaged else "none")


COLUMNS: Sequence[Column[JournalEntry]] = (
    Column(
        "when",
        "when",
        lambda entry: units.format_age(entry.begun_at, missing=units.UNKNOWN),
        lambda entry: entry.begun_at or 0.0,
        align="right",
        min_width=units.MAX_AGE_WIDTH,
    ),
    Column("outcome", "outcome", _outcome, lambda entry: str(entry.outcome or ""), min_width=12),
    Column(
        "repository",
        "repository",
        lambda entry: entry.repository,
        lambda entry: entry.repository,
        min_width=12,
        flex=2,
        matches=True,
    ),
    Column("tag", "tag", _tag, lambda entry: entry.tag, min_width=8, flex=1, matches=True, style="$tag"),
    Column(
        "before",
        "before",
        lambda entry: _digest(entry, entry.before),
        lambda entry: entry.before,
        min_width=12,
        matches=True,
    ),
    Column(
        "after",
        "after",
        lambda entry: _digest(entry, entry.after),
        lambda entry: entry.after,
        min_width=12,
        matches=True,
    ),
    Column("kind", "command", lambda entry: entry.kind, lambda entry: entry.kind, max_width=10, drop_priority=1),
    Column(
        "principal", "user", lambda entry: entry.principal, lambda entry: entry.principal, max_width=40, drop_priority=3
    ),
    Column("plan", "plan", lambda entry: entry.plan, lambda entry: entry.plan, max_width=22, drop_priority=2),
)


class ActivityScreen(PlanApplyMixin, ListScreen[JournalEntry]):
    """All writes to this registry from this machine."""

    COLUMN_LIST = "activity"
    SCOPES = ("activity", "row")
    FILTER_EXAMPLE = "words in repository, tag, digest, outcome, user"
    NOUNS = ("write", "writes")
    EMPTY = "No writes recorded for this registry."
    FIRST_DESCENDING = frozenset({"when"})

    columns = COLUMNS

    def __init__(self, connect: SessionSource) -> None:
        super().__init__(connect)
        self.rows = Rows(lambda entry: str(entry.number))
        self.set_reactive(ListScreen.state, ListState("when", descending=True))

    def breadcrumb(self) -> str:
        return "Activity"

    def list_all(self, session: Session) -> SingleBatch[JournalEntry]:
        return SingleBatch(session.engine.history)

    def parse_filter(self, line: str) -> Filter[JournalEntry]:
        return words_filter(line, _searchable)

    def focus_content(self) -> None:
        self.table.focus()

    async def refresh_after_write(self, report: Report) -> None:
        self.load()

    async def action_undo(self) -> None:
        """Plan to undo the selected write."""
        if self.current is not None:
            entry = self.current
            await self.begin_undo(f"Undo {entry.repository}:{entry.tag}", lambda engine: (entry,))

    async def action_undo_plan(self) -> None:
        """Plan to undo every write of the selected write's plan."""
        if self.current is not None:
            plan = self.current.plan
            await self.begin_undo(f"Undo plan {plan}", lambda engine: engine.entries_to_undo(plan))

    @work(exclusive=True, group="resolve", exit_on_error=False)
    async def action_resolve_unknown(self) -> None:
        """Read the registry to resolve writes with unknown outcome."""
        try:
            session = await self.session()
            entries = await blocking.run_blocking(session.engine.resolve_unknown)
        except EcrTuiError as error:
            self.notify_error(error)
            return
        self.table.update(entries)
        self.notify(f"Resolved {units.format_count(len(entries), 'write')} with unknown outcome")

    def action_open(self) -> None:
        """Show all details of the selected write."""
        self.action_describe()

    def document(self) -> tuple[str, Mapping[str, Any]] | None:
        return None if self.current is None else (f"write {self.current.number}", entry_details(self.current))

    def action_copy_menu(self) -> None:
        """Copy a digest, the tag or the plan id of the selected write."""
        entry = self.current
        if entry is not None:
            choices = (
                ("digest before", entry.before),
                ("digest after", entry.after),
                ("tag", entry.tag),
                ("plan", entry.plan),
            )
            self.post_message(messages.OfferCopies(copy_words(*choices)))


def _searchable(entry: JournalEntry) -> str:
    fields = (
        entry.repository,
        entry.tag,
        entry.before,
        entry.after,
        entry.outcome or "unknown",
        entry.principal,
        entry.plan,
    )
    return " ".join(fields)
