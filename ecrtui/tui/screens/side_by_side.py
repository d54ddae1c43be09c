"""The screen with the repositories of several registries. Each row acts over its own connection."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from textual.content import Content

from ecrtui.catalog.filter.completion import complete
from ecrtui.catalog.filter.language import FilterSchema
from ecrtui.catalog.filter.parser import parse_terms
from ecrtui.catalog.filter.repositories import REPOSITORIES
from ecrtui.catalog.filter.text_lists import of_inner, text_schema
from ecrtui.catalog.listing.merged import MergedListing
from ecrtui.catalog.rows.rows import Rows
from ecrtui.catalog.totals.repository_totals import CountedRepository, RepositoryTotals, with_totals
from ecrtui.ecr import units
from ecrtui.ecr.repository import Repository
from ecrtui.errors import EcrTuiError
from ecrtui.tui import messages
from ecrtui.tui import safe_text as text
from ecrtui.tui.connections.combined_header import CombinedHeaderMixin
from ecrtui.tui.find.tag_in_all import tag_in_all
from ecrtui.tui.lifecycle_action import LifecycleMixin
from ecrtui.tui.line_parts import Drop, LinePart, line_part
from ecrtui.tui.lists.list_screen import ListScreen
from ecrtui.tui.lists.list_state import ListState
from ecrtui.tui.lists.repository_columns import DESCENDING_COLUMNS, constant_columns, total_columns
from ecrtui.tui.lists.totals_loading import TotalsLoadingMixin, sum_of
from ecrtui.tui.table.column_layout import Column
from ecrtui.tui.table.table import Table

if TYPE_CHECKING:
    from ecrtui.catalog.filter import Filter
    from ecrtui.session import Session, SessionSource
    from ecrtui.tui.connections.combined_source import CombinedSource


class RepositoryRow(NamedTuple):
    """A repository and its connection; or the error of a connection.

    Args:
        number: the number of the connection.
        source: the source of its session.
        account: the account; the profile if nothing is connected.
        region: the region.
        repository: the repository; None for an error.
        error: why there are no rows, or no more rows, of this connection.
    """

    number: int
    source: SessionSource
    account: str
    region: str
    repository: Repository | None = None
    error: EcrTuiError | None = None

    @property
    def name(self) -> str:
        """The name of the repository, or what happened."""
        if self.error is not None:
            return f"✗ {self.error.title}"
        return self.repository.name if self.repository else ""


def _name(row: RepositoryRow) -> str | Content:
    return text.content(row.name, "$text-error") if row.error else row.name


def _sort_name(row: RepositoryRow) -> tuple[bool, str]:
    return row.error is None, row.name


def _repository(row: RepositoryRow) -> Repository | None:
    return row.repository


FILTER: FilterSchema[RepositoryRow] = text_schema(
    {"account": lambda row: (row.account,), "region": lambda row: (row.region,), "name": lambda row: (row.name,)},
    fields={name: of_inner(field, _repository) for name, field in REPOSITORIES.fields.items() if name != "name"},
    columns=REPOSITORIES.columns,
)
"""The fields of a filter on the repositories of several connections."""

COLUMNS: Sequence[Column[RepositoryRow]] = (
    Column("account", "account", lambda row: row.account, lambda row: row.account, min_width=12, max_width=20),
    Column("region", "region", lambda row: row.region, lambda row: row.region, max_width=14),
    Column("name", "repository", _name, _sort_name, min_width=20, flex=3),
    *total_columns(_repository),
    *constant_columns(_repository),
)


class SideBySideScreen(CombinedHeaderMixin, LifecycleMixin, TotalsLoadingMixin[RepositoryRow]):
    """The repositories of several connections. An error of one connection is a row.

    Args:
        connect: the connections.
    """

    COLUMN_LIST = "side_by_side"
    SCOPES = ("repositories", "row", "marks")
    MARKABLE = True
    FILTER_LIST = "side_by_side"
    FILTER_EXAMPLE = "team/ !test account:123456789012 region:eu created<30d"
    NOUNS = ("repository", "repositories")
    EMPTY = "These registries have no repositories."
    FIRST_DESCENDING = DESCENDING_COLUMNS

    columns = COLUMNS

    def __init__(self, connect: CombinedSource) -> None:
        super().__init__(connect)
        self.members = connect.members
        self.rows = Rows(lambda row: f"{row.number}/{row.name}")
        self.set_reactive(ListScreen.state, ListState("name", descending=False))
        self.combined = len(self.members)
        self.set_reactive(SideBySideScreen.header_state, self.combined_state(None))

    @property
    def acting_source(self) -> SessionSource:
        return self.current.source if self.current is not None else self.connect

    def chosen_sources(self) -> Iterable[SessionSource]:
        return [row.source for row in self.rows.marked()] or super().chosen_sources()

    def breadcrumb(self) -> str:
        return f"Repositories of {units.format_count(len(self.members), 'connection')}"

    def list_all(self, session: Session) -> MergedListing[RepositoryRow]:
        return MergedListing([partial(_read, number, member) for number, member in enumerate(self.members)])

    def parse_filter(self, line: str) -> Filter[RepositoryRow]:
        return parse_terms(line, FILTER)

    def complete_filter(self, line: str) -> Iterable[str]:
        return complete(line, FILTER, self.rows.at_hand())

    async def prepare(self, session: Session) -> None:
        """Each connection has its own totals; they are shown when its rows are loaded."""

    def countable(self) -> Mapping[SessionSource, Sequence[Repository]]:
        found: dict[SessionSource, list[Repository]] = {}
        for row in self.rows.everything():
            if row.repository is not None:
                found.setdefault(row.source, []).append(row.repository)
        return found

    def show_totals(
        self, source: SessionSource, totals: Mapping[str, RepositoryTotals], problems: Mapping[str, str]
    ) -> None:
        number = self.members.index(source)
        found = ((name, self.rows.get(f"{number}/{name}")) for name in (*totals, *problems))
        self.table.amend(
            [
                row._replace(repository=with_totals(row.repository, totals.get(name), problems.get(name, "")))
                for name, row in found
                if row is not None and row.repository is not None
            ]
        )

    def note_of(self, row: RepositoryRow) -> str:
        return row.repository.problem if isinstance(row.repository, CountedRepository) else ""

    def totals(self) -> Iterable[LinePart]:
        errors = sum(row.error is not None for row in self.rows)
        yield line_part(units.format_count(self.rows.total - errors, *self.NOUNS), drop=Drop.LATE)
        if errors:
            yield line_part(units.format_count(errors, "error"), drop=Drop.LAST)
        yield from sum_of((row.repository for row in self.rows.everything() if row.repository), time.time())

    def lifecycle_request(self) -> messages.OpenLifecycle | None:
        row = self.current
        return None if row is None or not row.repository else messages.OpenLifecycle(row.source, row.name)

    def on_table_activated(self, message: Table.Activated) -> None:
        row: RepositoryRow = message.item
        if row.error is not None:
            parts = (str(row.error), row.error.hint)
            self.post_message(messages.ShowText(f"{row.account} {row.region}", "\n".join(filter(None, parts))))
        else:
            self.post_message(messages.OpenImages(row.source, row.name))

    def action_promote(self) -> None:
        """Plan the same new tag in the marked repositories: one plan for each connection."""
        chosen = [row for row in self.rows.marked() if row.repository] or (
            [self.current] if self.current and self.current.repository else []
        )
        groups: dict[int, list[RepositoryRow]] = {}
        for row in chosen:
            groups.setdefault(row.number, []).append(row)
        for number in sorted(groups, reverse=True):  # the first connection is on top
            rows = groups[number]
            request = tag_in_all([row.name for row in rows], f"{rows[0].account} {rows[0].region}")
            self.post_message(messages.OpenPlan(rows[0].source, request))

    def action_copy_menu(self) -> None:
        """Copy the URI, the name, the ARN or a command of the selected repository."""
        from ecrtui.tui.aws_options import aws_options
        from ecrtui.tui.clipboard.copy_items import copy_items_for_repository

        row = self.current
        if row is None or row.repository is None or (session := row.source.opened) is None:
            return
        options = aws_options(row.source.connection, row.region, session.location.endpoint, os.environ)
        self.post_message(messages.OfferCopies(copy_items_for_repository(row.repository, options)))

    def document(self, row: RepositoryRow) -> tuple[str, Mapping[str, Any]] | None:
        from ecrtui.ecr.documents import repository_document

        return None if row.repository is None else (row.name, repository_document(row.repository))

    def on_unmount(self) -> None:
        self.app.post_message(messages.LeftConnections(self.members))


def _read(number: int, source: SessionSource) -> Iterable[tuple[RepositoryRow, ...]]:
    """Yield the rows of a connection in batches; at its end the error, if there is one."""
    connection = source.connection
    account, region = connection.profile or "environment", connection.region or ""
    try:
        session = source()
        account, region = session.location.registry_id, session.location.region
        for batch in session.catalog.repositories():
            found = (*batch.items, *batch.changed)
            yield tuple(RepositoryRow(number, source, account, region, repository) for repository in found)
    except EcrTuiError as error:
        yield (RepositoryRow(number, source, account, region, error=error),)
