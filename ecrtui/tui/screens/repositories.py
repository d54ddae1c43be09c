"""The screen with the repositories of the registry."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from textual import work

from ecrtui.catalog.rows.rows import Rows
from ecrtui.catalog.totals.repository_totals import (
    CountedRepository,
    RepositoryTotals,
    totals_document,
    totals_of,
    with_totals,
)
from ecrtui.ecr.repository import Repository
from ecrtui.ecr.units import format_count, format_number
from ecrtui.errors import EcrTuiError
from ecrtui.tui import blocking, messages
from ecrtui.tui.bindings import press
from ecrtui.tui.lifecycle_action import LifecycleMixin
from ecrtui.tui.line_parts import Drop, LinePart, line_part
from ecrtui.tui.lists.list_screen import ListScreen
from ecrtui.tui.lists.list_state import ListState
from ecrtui.tui.lists.repository_columns import DESCENDING_COLUMNS, constant_columns, total_columns
from ecrtui.tui.lists.totals_loading import TotalsLoadingMixin, sum_of
from ecrtui.tui.table.column_layout import Column
from ecrtui.tui.table.table import Table
from ecrtui.tui.watch.watching import WatchMixin

if TYPE_CHECKING:
    from ecrtui.catalog.cache.store import Cache
    from ecrtui.catalog.catalog import Listing, Snapshot
    from ecrtui.catalog.filter import Filter
    from ecrtui.session import Session, SessionSource


def _itself(repository: Repository) -> Repository:
    return repository


COLUMNS: Sequence[Column[Repository]] = (
    Column("name", "repository", lambda row: row.name, lambda row: row.name, min_width=20, flex=3, matches=True),
    *total_columns(_itself),
    *constant_columns(_itself),
)


class RepositoriesScreen(LifecycleMixin, WatchMixin[Repository], TotalsLoadingMixin[Repository]):
    """All repositories; the first screen."""

    COLUMN_LIST = "repositories"
    SCOPES = ("repositories", "row", "marks", "put_image")
    MARKABLE = True
    CACHED_ROWS_IN_FIRST_FRAME = True
    FILTER_LIST = "repositories"
    FILTER_EXAMPLE = "team/ !legacy is:immutable"
    NOUNS = ("repository", "repositories")
    EMPTY = "This registry has no repositories."
    FIRST_DESCENDING = DESCENDING_COLUMNS

    columns = COLUMNS

    def __init__(self, connect: SessionSource) -> None:
        super().__init__(connect)
        self.rows = Rows(lambda repository: repository.name)
        self.set_reactive(ListScreen.state, ListState("name", descending=False))

    def breadcrumb(self) -> str:
        return "Repositories"

    def repository_names(self) -> Sequence[str]:
        return [repository.name for repository in self.rows.everything()]

    def last_known(self, cache: Cache) -> Snapshot[Repository] | None:
        snapshot = cache.repositories()
        if snapshot is None:
            return None
        known = cache.totals()
        return replace(snapshot, items=tuple(with_totals(row, known.get(row.name)) for row in snapshot.items))

    def list_all(self, session: Session) -> Listing[Repository]:
        return session.catalog.repositories()

    def complete_rows(self, session: Session, items: Sequence[Repository]) -> Sequence[Repository]:
        known = session.catalog.known_totals.all()
        return [with_totals(row, known.get(row.name)) for row in items]

    def listed_values(self, item: Repository) -> Repository:
        """Leave out the totals: listings do not have them."""
        return with_totals(item, None)

    def countable(self) -> Mapping[SessionSource, Sequence[Repository]]:
        return {self.connect: list(self.rows.everything())}

    def show_totals(
        self, source: SessionSource, totals: Mapping[str, RepositoryTotals], problems: Mapping[str, str]
    ) -> None:
        names = [*totals, *problems]
        rows = [row for row in map(self.rows.get, names) if row is not None]
        self.table.amend([with_totals(row, totals.get(row.name), problems.get(row.name, "")) for row in rows])
        self.table.set_placeholder(self._note)

    def note_of(self, row: Repository) -> str:
        return row.problem if isinstance(row, CountedRepository) else ""

    def totals(self) -> Iterable[LinePart]:
        yield from super().totals()
        yield from sum_of(self.rows.everything(), time.time())

    def unknown_parts(self) -> Iterable[LinePart]:
        yield from super().unknown_parts()
        if unknown := self._undecided:
            yield line_part(f"unknown for {format_number(unknown)}", drop=Drop.LAST)

    @property
    def _undecided(self) -> int:
        """The number of repositories about which the filter cannot decide: too little is known of their totals."""
        return 0 if self._filter is None else len(self._filter.undecided(list(self.rows.everything())))

    def _note(self) -> str:
        if not (self.state.complete and (unknown := self._undecided)):
            return super()._note()
        totals = f"too little is known of {format_count(unknown, *self.NOUNS)}"
        asks = press(self, "repositories.totals", "count the images and read the lifecycle policies")
        return self.no_match(f"No match so far: {totals}. {asks}".rstrip(". "))

    def parse_filter(self, line: str) -> Filter[Repository]:
        from ecrtui.catalog.filter import parse_repositories

        return parse_repositories(line)

    def complete_filter(self, line: str) -> Iterable[str]:
        from ecrtui.catalog.filter.completion import complete
        from ecrtui.catalog.filter.repositories import REPOSITORIES

        return complete(line, REPOSITORIES, self.rows.at_hand())

    def no_match(self, reason: str) -> str:
        from ecrtui.catalog.filter import expression_hint
        from ecrtui.catalog.filter.cell_texts import cell_hint

        line = self.state.filter_text
        hints = (super().no_match(reason), cell_hint(line, self.parse_filter), expression_hint(line))
        return " ".join(filter(None, hints))

    def lifecycle_request(self) -> messages.OpenLifecycle | None:
        return None if self.current is None else messages.OpenLifecycle(self.connect, self.current.name)

    def on_table_activated(self, message: Table.Activated) -> None:
        self.post_message(messages.OpenImages(self.connect, message.item.name))

    def action_promote(self) -> None:
        """Plan the same new tag in the marked repositories, for example for a release."""
        names = [repository.name for repository in self.rows.marked()] or ([self.current.name] if self.current else [])
        if names:
            from ecrtui.tui.find.tag_in_all import tag_in_all  # the first frame does not need it

            self.post_message(messages.OpenPlan(self.connect, tag_in_all(names)))

    def action_put_image(self) -> None:
        """Open the Put image form with the selected repository."""
        from ecrtui.ecr.put_image_request import PutImageRequest

        name = self.current.name if self.current is not None else ""
        self.post_message(messages.OpenPutImage(self.connect, messages.PutImageDraft(PutImageRequest(repository=name))))

    def action_copy_menu(self) -> None:
        """Copy the URI, the name, the ARN or a command of the selected repository."""
        from ecrtui.tui.clipboard.copy_items import copy_items_for_repository

        if self.current is not None:
            self.post_message(messages.OfferCopies(copy_items_for_repository(self.current, self.aws_options())))

    def document(self, row: Repository) -> tuple[str, Mapping[str, Any]]:
        from ecrtui.ecr.documents import repository_document

        return row.name, repository_document(row)

    def action_describe(self) -> None:
        self._describe()

    @work(exclusive=True, group="describe", exit_on_error=False)
    async def _describe(self) -> None:
        """Show all details of the repository, with its resource tags and its policies.

        A part that cannot be read is shown as not known, with the reason.
        """
        from ecrtui.ecr.documents import POLICY_TEXTS
        from ecrtui.inspect.repository_facts import read_facts
        from ecrtui.tui import details

        repository = self.current
        if repository is None:
            return
        try:
            session = await self.session()
        except EcrTuiError as error:
            self.notify_error(error)
            return
        facts = await blocking.run_blocking(read_facts, session.registry, repository)
        totals = totals_of(repository)
        more = {
            "pullAccess": facts.pull_access,
            "totals": "not counted" if totals is None else totals_document(totals),
        }
        unknown = {member: details.why_not_known(error) for member, error in facts.errors.items()}
        known = facts.document | more | unknown
        long = {member: known.pop(member) for member in POLICY_TEXTS if member in known}
        text = details.as_text(known | long)
        if self.is_active:  # else the user has opened another screen meanwhile
            self.post_message(messages.ShowText(repository.name, text, labelled=True))
