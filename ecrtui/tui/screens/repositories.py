"""The screen with the repositories of the registry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from textual import work

from ecrtui.catalog.rows import Rows
from ecrtui.ecr import units
from ecrtui.ecr.repository import Repository
from ecrtui.errors import EcrTuiError
from ecrtui.tui import blocking, messages
from ecrtui.tui.list_screen import ListScreen, ListState, two_tags
from ecrtui.tui.table.column_layout import Column
from ecrtui.tui.table.table import Table

if TYPE_CHECKING:
    from ecrtui.catalog.cache.store import Cache
    from ecrtui.catalog.catalog import Listing, Snapshot
    from ecrtui.catalog.filter import Filter
    from ecrtui.ecr.put_image_request import PutImageRequest
    from ecrtui.retag.engine import Engine
    from ecrtui.retag.plan import Plan
    from ecrtui.session import Session, SessionSource


def _encryption(repository: Repository) -> str:
    return f"{repository.encryption} {repository.kms_key.rpartition('/')[2]}".strip()


def _created(repository: Repository) -> float:
    return repository.created_at or 0.0


COLUMNS: Sequence[Column[Repository]] = (
    Column("name", "repository", lambda row: row.name, lambda row: row.name, min_width=20, flex=3, matches=True),
    Column("uri", "URI", lambda row: row.uri, lambda row: row.uri, min_width=30, flex=2, drop_priority=5),
    Column(
        "mutability",
        "tag mutability",
        lambda row: str(row.mutability),
        lambda row: str(row.mutability),
        max_width=34,
        drop_priority=1,
    ),
    Column(
        "scan",
        "scan on push",
        lambda row: "yes" if row.scan_on_push else "no",
        lambda row: row.scan_on_push,
        drop_priority=4,
    ),
    Column("encryption", "encryption", _encryption, _encryption, max_width=20, drop_priority=3),
    Column(
        "created",
        "created",
        lambda row: units.format_age(row.created_at),
        _created,
        align="right",
        min_width=units.MAX_AGE_WIDTH,
        drop_priority=2,
    ),
)


class RepositoriesScreen(ListScreen[Repository]):
    """All repositories; the first screen."""

    COLUMN_LIST = "repositories"
    SCOPES = ("repositories", "row", "marks", "put_image")
    MARKABLE = True
    CACHED_ROWS_IN_FIRST_FRAME = True
    FILTER_EXAMPLE = "team/ !legacy is:immutable"
    NOUNS = ("repository", "repositories")
    EMPTY = "This registry has no repositories."
    FIRST_DESCENDING = frozenset({"created"})

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
        return cache.repositories()

    def list_all(self, session: Session) -> Listing[Repository]:
        return session.catalog.repositories()

    def parse_filter(self, line: str) -> Filter[Repository]:
        from ecrtui.catalog.filter import parse_repositories

        return parse_repositories(line)

    def on_table_activated(self, message: Table.Activated) -> None:
        self.post_message(messages.OpenImages(self.connect, message.item.name))

    def action_promote(self) -> None:
        """Plan the same new tag in the marked repositories, for example for a release."""
        names = [repository.name for repository in self.rows.marked()] or ([self.current.name] if self.current else [])
        if not names:
            return

        def make(engine: Engine, line: str) -> Plan:
            return engine.plan_tag_in_repositories(names, *two_tags(line, "Enter the existing tag, then the new tag."))

        title = f"Tag in {units.format_count(len(names), 'repository', 'repositories')}"
        question = "the existing tag, a space, the new tag for the same image: v1.2.0-rc1 v1.2.0"
        self.post_message(messages.OpenPlan(self.connect, messages.PlanRequest(title, make, question)))

    def action_put_image(self) -> None:
        """Open the Put image form with the selected repository."""
        name = self.current.name if self.current is not None else ""
        self.post_message(messages.OpenPutImage(self.connect, messages.PutImageDraft(PutImageRequest(repository=name))))

    def action_copy_menu(self) -> None:
        """Copy the URI, the name or the ARN of the selected repository."""
        from ecrtui.tui import clipboard

        if self.current is not None:
            self.post_message(messages.OfferCopies(clipboard.copy_items_for_repository(self.current)))

    def document(self) -> tuple[str, Mapping[str, Any]] | None:
        from ecrtui.ecr.documents import repository_document

        return None if self.current is None else (self.current.name, repository_document(self.current))

    def action_describe(self) -> None:
        self._describe()

    @work(exclusive=True, group="describe", exit_on_error=False)
    async def _describe(self) -> None:
        """Show all details of the repository, with its resource tags and lifecycle policy.

        A part that cannot be read is shown as not known, with the reason.
        """
        from ecrtui.ecr.documents import repository_details
        from ecrtui.tui import details

        repository = self.current
        if repository is None:
            return
        try:
            session = await self.session()
        except EcrTuiError as error:
            self.notify_error(error)
            return
        registry = session.registry
        tags: tuple[tuple[str, str], ...] = ()
        policy = ""
        unknown: dict[str, str] = {}
        try:
            registry.capabilities.require("resource_tags")
            tags = await blocking.run_blocking(registry.resource_tags, repository)
        except EcrTuiError as error:
            unknown["tags"] = details.why_not_known(error)
        try:
            registry.capabilities.require("lifecycle_policy")
            policy = await blocking.run_blocking(registry.lifecycle_policy, repository.name)
        except EcrTuiError as error:
            unknown["lifecyclePolicyText"] = details.why_not_known(error)
        facts = repository_details(repository, tags, policy) | unknown
        self.post_message(messages.ShowText(repository.name, details.as_text(facts)))
