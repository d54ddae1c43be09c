"""The Activity screen: the journal of every write, newest first, with undo."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from textual import work
from textual.content import Content
from textual.widget import Widget

from ecrtui.catalog.filter import Filter
from ecrtui.catalog.filter.completion import complete
from ecrtui.catalog.filter.parser import parse_terms
from ecrtui.catalog.listing.listing import SingleBatch
from ecrtui.catalog.rows.rows import Rows
from ecrtui.ecr import units
from ecrtui.ecr.caller import resource_of
from ecrtui.ecr.digest import SHORT_DIGITS, short_digest
from ecrtui.ecr.documents import entry_details
from ecrtui.ecr.location import RegistryLocation
from ecrtui.ecr.tag import join_tags
from ecrtui.ecr.text_formats import by_suffix
from ecrtui.errors import EcrTuiError, UsageError
from ecrtui.promote.target_connection import connection_to
from ecrtui.retag import change_record
from ecrtui.retag.engine import Engine
from ecrtui.retag.journal.entry import JournalEntry
from ecrtui.retag.plan import Report, reverting_kind
from ecrtui.session import AccountSource, Session, SessionSource
from ecrtui.tui import blocking, messages
from ecrtui.tui import safe_text as text
from ecrtui.tui.clipboard.copy_items import CopyItem, copy_words
from ecrtui.tui.lists.age_column import age_column
from ecrtui.tui.lists.list_screen import ListScreen
from ecrtui.tui.lists.list_state import ListState
from ecrtui.tui.promote.target_connections import target_connections_of
from ecrtui.tui.retag import rendering
from ecrtui.tui.retag.actions import PlanApplyMixin
from ecrtui.tui.retag.activity_filter import ACTIVITY, DAMAGED, IN_FLIGHT, UNDONE
from ecrtui.tui.saving import text_items
from ecrtui.tui.table.column_layout import Column
from ecrtui.tui.table.table import Table
from ecrtui.tui.widgets.details_line import DetailsLine

MAX_TAGS = 3
"""Other tags of an image in a cell."""

_WITH_TAG = 20
"""Cells of a digest with a tag, for which the plan, the user and the command are left out."""


def _outcome(entry: JournalEntry) -> Content:
    if entry.damaged:
        return Content.styled(f"! {DAMAGED}", "bold $warning")
    if entry.in_flight:
        return Content.styled(f"… {IN_FLIGHT}", "bold")
    if entry.outcome is None:
        return Content.styled("? unknown", "bold $warning")
    if entry.undone_by:
        return Content.styled(f"↶ {UNDONE}", "dim")
    return rendering.short_outcome_label(entry.outcome, entry.after)


def _tag(entry: JournalEntry) -> str | Content:
    if entry.damaged:
        return entry.tag or units.UNKNOWN
    return entry.tag or Content.styled("<untagged>", "dim italic")


def _image(entry: JournalEntry, digest: str, tags: Sequence[str]) -> Content:
    """Return an image: its digest, then its other tags, as far as the column is wide."""
    name = short_digest(digest) or (units.UNKNOWN if entry.damaged else "none")
    return Content.assemble(name, *(Content.assemble(" ", text.content(tag, "$tag")) for tag in tags[:MAX_TAGS]))


def _image_words(entry: JournalEntry, digest: str, tags: Sequence[str]) -> str:
    names = join_tags(tags, rendering.MAX_TAGS)
    return (short_digest(digest) or ("?" if entry.damaged else "nothing")) + (f" ({names})" if names else "")


def _details(entry: JournalEntry, registry: str) -> str:
    """Return a write in one line: what cells of a narrow table cut."""
    was = _image_words(entry, entry.before, entry.before_tags)
    now = _image_words(entry, entry.after, entry.after_tags)
    change = f"{entry.repository}:{entry.tag} {was} → {now}"
    when = units.format_date(entry.begun_at, "")
    outcome = _outcome(entry).plain
    left, plan = entry.unsent_in_words, f"{entry.kind} {entry.plan}"
    return " · ".join(filter(None, (change, outcome, left, registry, when, entry.detail, plan, entry.principal)))


def _columns(repository: Callable[[JournalEntry], str]) -> Sequence[Column[JournalEntry]]:
    """Return the columns.

    Args:
        repository: returns the name of the repository of a write.
    """
    return (
        age_column("when", "when", lambda entry: entry.begun_at),
        Column(
            "outcome",
            "outcome",
            _outcome,
            lambda entry: str(entry.outcome or ""),
            min_width=1,
            full_width=12,
            max_width=12,
            short=lambda entry: _outcome(entry)[:1],
        ),
        Column(
            "repository",
            "repository",
            repository,
            repository,
            min_width=12,
            full_width=24,
            flex=2,
            matches=True,
        ),
        Column(
            "tag",
            "tag",
            _tag,
            lambda entry: entry.tag,
            min_width=12,
            full_width=24,
            flex=2,
            matches=True,
            style="$tag",
        ),
        Column(
            "before",
            "before",
            lambda entry: _image(entry, entry.before, entry.before_tags),
            lambda entry: entry.before,
            min_width=SHORT_DIGITS,
            full_width=_WITH_TAG,
            whole=SHORT_DIGITS,
            flex=1,
            matches=True,
        ),
        Column(
            "after",
            "after",
            lambda entry: _image(entry, entry.after, entry.after_tags),
            lambda entry: entry.after,
            min_width=SHORT_DIGITS,
            full_width=_WITH_TAG,
            whole=SHORT_DIGITS,
            flex=1,
            matches=True,
        ),
        Column("kind", "command", lambda entry: entry.kind, lambda entry: entry.kind, max_width=10, drop_priority=1),
        Column(
            "principal",
            "user",
            lambda entry: resource_of(entry.principal),
            lambda entry: entry.principal,
            max_width=24,
            drop_priority=2,
            optional=True,
        ),
        Column("plan", "plan", lambda entry: entry.plan, lambda entry: entry.plan, max_width=22, drop_priority=3),
    )


class ActivityScreen(PlanApplyMixin, ListScreen[JournalEntry]):
    """All writes from this computer, to this registry and to others.

    Writes to another registry, as those of a promotion, are undone on a screen of that registry.
    """

    COLUMN_LIST = "activity"
    SCOPES = ("activity", "row", "marks")
    MARKABLE = True
    FILTER_LIST = "activity"
    FILTER_EXAMPLE = "prod !rc outcome:undone repository:team/app user:deploy when<7d"
    NOUNS = ("write", "writes")
    EMPTY = "No writes recorded on this computer."
    FIRST_DESCENDING = frozenset({"when"})

    def __init__(self, connect: SessionSource) -> None:
        super().__init__(connect)
        self.rows = Rows(lambda entry: str(entry.number))
        self.columns = _columns(self._repository)
        self._has_unknown = False
        """There is a write to this registry whose outcome is not known."""
        self._location: RegistryLocation | None = None
        """The registry of the session, once it is known."""
        self._accounts: dict[str, SessionSource] = {}
        """The sources of other accounts. The application knows a source by its identity."""
        self.set_reactive(ListScreen.state, ListState("when", descending=True))

    def _registry(self, entry: JournalEntry) -> str:
        """Return the account, the region and the endpoint of a write, where they are not those of the session."""
        own = self._location or entry.location
        return " ".join(theirs or "AWS" for theirs, ours in zip(entry.location, own, strict=True) if theirs != ours)

    def _repository(self, entry: JournalEntry) -> str:
        """Return the repository of a write, with its registry if that is another one."""
        registry = self._registry(entry)
        return f"{entry.repository} ({registry})" if registry else entry.repository

    def breadcrumb(self) -> str:
        return "Activity"

    def list_all(self, session: Session) -> SingleBatch[JournalEntry]:
        self._location = session.location
        return SingleBatch(session.engine.history.of_all_registries)

    def parse_filter(self, line: str) -> Filter[JournalEntry]:
        return parse_terms(line, ACTIVITY)

    def complete_filter(self, line: str) -> Iterable[str]:
        return complete(line, ACTIVITY, self.rows.at_hand())

    def body(self) -> Iterable[Widget]:
        yield from super().body()
        yield DetailsLine()

    def on_table_cursor_moved(self, message: Table.CursorMoved) -> None:
        """Show below the table what its cells may cut."""
        entry = message.item
        self.query_one(DetailsLine).show("" if entry is None else _details(entry, self._registry(entry)))

    def chosen_entries(self) -> list[JournalEntry]:
        """Return the marked rows, or else all rows that are shown, in their order."""
        return list(self.rows.marked()) or [self.rows[index] for index in range(len(self.rows))]

    async def action_save(self) -> None:
        """Save the marked or the shown rows in a file."""
        if entries := self.chosen_entries():
            await self.ask_for_file(by_suffix(change_record.history_texts(entries)))

    def focus_content(self) -> None:
        self.table.focus()

    async def shows(self, location: RegistryLocation) -> bool:
        return True

    async def refresh_after_write(self, report: Report) -> None:
        self.load()

    async def action_undo(self) -> None:
        """Plan to undo the selected write."""
        if self.current is not None:
            entry = self.current
            await self._undo(entry, f"{entry.repository}:{entry.tag}", lambda engine: (entry,))

    async def action_undo_plan(self) -> None:
        """Plan to undo every write of the selected write's plan."""
        if self.current is not None:
            plan = self.current.plan
            await self._undo(self.current, f"plan {plan}", lambda engine: engine.entries_to_undo(plan))

    async def _undo(self, entry: JournalEntry, what: str, find: Callable[[Engine], tuple[JournalEntry, ...]]) -> None:
        """Plan to undo writes in the registry of an entry."""
        title = f"{reverting_kind([entry.kind]).capitalize()} {what}"
        if entry.location == self._location:
            await self.begin_undo(title, find)
            return
        request = messages.PlanRequest(
            f"{self._registry(entry)}: {title}", lambda engine, line: engine.plan_undo(find(engine))
        )
        try:
            self.post_message(messages.OpenPlan(self._source_at(entry.location), request))
        except EcrTuiError as error:
            self.notify_error(error)

    def _source_at(self, location: RegistryLocation) -> SessionSource:
        """Return the source of another registry: one that is open, the same connection, or a new one.

        Raises:
            UsageError: there is no other connection.
        """
        connections = target_connections_of(self.app)
        if source := connections and connections.opened_at(location):
            return source
        if self._location is not None and location == self._location._replace(registry_id=location.registry_id):
            account = location.registry_id
            return self._accounts.setdefault(account, AccountSource(self.connect, account))
        if connections is None:
            raise UsageError(
                "The write is in another registry",
                f"It is for {location.in_words}.",
                "The command ecrtui undo undoes it, with the options of that connection.",
            )
        return connections.source(connection_to(location, self.connect.connection))

    @work(exclusive=True, group="resolve", exit_on_error=False)
    async def action_resolve_unknown(self) -> None:
        """Read the registry to resolve writes with unknown outcome."""
        try:
            session = await self.session()
            entries = await blocking.run_blocking(session.engine.history.resolve_unknown)
        except EcrTuiError as error:
            self.notify_error(error)
            return
        self.table.update(entries)
        self._look_for_unknown()
        self.notify(f"Resolved {units.format_count(len(entries), 'write')} with unknown outcome")

    def rows_loaded(self) -> None:
        super().rows_loaded()
        self._look_for_unknown()

    def _look_for_unknown(self) -> None:
        """Offer to resolve writes only while the outcome of one is not known."""
        self._has_unknown = any(entry.unknown and entry.location == self._location for entry in self.rows.everything())
        self.refresh_bindings()

    def why_not(self, action: str) -> str:
        if action == "resolve_unknown" and not self._has_unknown:
            return "The outcome of every write to this registry is known."
        return super().why_not(action)

    def action_open(self) -> None:
        """Show all details of the selected write."""
        self.action_describe()

    def document(self, row: JournalEntry) -> tuple[str, Mapping[str, Any]]:
        return f"write {row.number}", entry_details(row)

    async def action_copy_menu(self) -> None:
        """Copy a digest, the tag or the plan id of the selected write, or the marked or shown rows."""
        entry = self.current
        if entry is not None:
            choices = (
                ("digest before", entry.before),
                ("digest after", entry.after),
                ("tag", entry.tag),
                ("plan", entry.plan),
            )
            entries = self.chosen_entries()
            label = f"{units.format_count(len(entries), *self.NOUNS)} as "
            texts = change_record.history_texts(entries)
            command = entry.resume_command
            resume = [CopyItem("command that continues the plan", command)] if command else []
            await self.offer_copies(lambda: (*copy_words(*choices), *resume, *text_items(texts, label)))
