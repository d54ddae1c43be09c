"""The images of one repository."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from operator import attrgetter
from typing import Any

from textual import work
from textual.containers import Horizontal
from textual.content import Content
from textual.widget import Widget

from ecrtui.catalog.cache.store import Cache
from ecrtui.catalog.catalog import Listing, Snapshot
from ecrtui.catalog.filter import Filter, parse
from ecrtui.catalog.rows import Rows
from ecrtui.ecr import tag as tags
from ecrtui.ecr import units
from ecrtui.ecr.digest import short_digest
from ecrtui.ecr.documents import image_document
from ecrtui.ecr.findings import SEVERITIES
from ecrtui.ecr.image import Image, ImageKind
from ecrtui.ecr.lifecycle import parse_policy
from ecrtui.ecr.manifest import DescriptorRole, Manifest, parse_manifest
from ecrtui.ecr.put_image_request import PutImageRequest
from ecrtui.ecr.repository import Repository
from ecrtui.errors import EcrTuiError, UsageError
from ecrtui.retag.engine import Engine
from ecrtui.retag.plan import Plan, Report
from ecrtui.session import Session, SessionSource
from ecrtui.tui import blocking as io
from ecrtui.tui import clipboard, messages
from ecrtui.tui import details as describe
from ecrtui.tui.inspect_actions import InspectMixin
from ecrtui.tui.list_screen import ListScreen, ListState
from ecrtui.tui.manifest.document import EMPTY, prepare_manifest
from ecrtui.tui.manifest.view import ManifestView
from ecrtui.tui.messages import PlanRequest
from ecrtui.tui.retag.actions import RetagMixin
from ecrtui.tui.retag.retag_form import RetagSource
from ecrtui.tui.table.columns import Column
from ecrtui.tui.table.table import Table

PREVIEW_PAUSE = 0.15
"""Seconds that the cursor rests on an image before its manifest is asked for."""

PREFETCH_RADIUS = 25
"""Images above and below the cursor whose manifests are fetched with it: 100 go into one request."""


def _tags(image: Image) -> str | Content:
    if not image.tags:
        return Content.styled("<untagged>", "dim italic")
    return "  ".join(image.tags)


def _findings(image: Image) -> str | Content:
    if image.findings is None:
        return image.scan_status.lower()
    return _counts(image.findings)


@lru_cache(maxsize=4096)
def _counts(counts: tuple[tuple[str, int], ...]) -> Content:
    """Counts by severity, each in its colour; the letters say it without."""
    found = [
        Content.styled(units.format_finding_counts(((severity, number),)), f"$severity-{severity.lower()}")
        for severity, number in counts
        if number and severity in SEVERITIES
    ]
    return Content(" ").join(found) if found else Content(units.format_finding_counts(counts))


def _severity(image: Image) -> tuple[int, ...]:
    """Worst first: an image with one critical finding comes before one with a hundred high ones."""
    counts = dict(image.findings or ())
    return (int(image.findings is not None), *(counts.get(severity, 0) for severity in SEVERITIES))


class ImagesScreen(RetagMixin, InspectMixin, ListScreen[Image]):
    """All images of a repository, newest first."""

    DEFAULT_CSS = """
    ImagesScreen {
        #list { height: 1fr; }
        #list Table { width: 2fr; }
        #preview { display: none; width: 1fr; border-left: solid $panel; }
        &.-wide #preview { display: block; }
    }
    """
    SCOPES = ("images", "image", "row", "marks", "put_image")
    FILTER_EXAMPLE = "release !rc tag:v1 size>100MB pushed<7d pulled:never is:untagged severity>=high /regex/ ~fuzzy"
    NOUNS = ("image", "images")
    EMPTY = "There is no image in this repository."
    MARKABLE = True
    FIRST_DESCENDING = frozenset({"pushed", "size", "pulled", "findings"})

    def __init__(self, connect: SessionSource, repository: str) -> None:
        super().__init__(connect)
        self.repository_name = repository
        self.repository: Repository | None = None
        self.rows = Rows(lambda image: image.digest)
        self.platforms: dict[str, str] = {}
        """What the indexes that were read tell: of each its platforms, and of each part whose part it is."""
        self._previewed = ""
        self._counted: tuple[object, str] = (None, "")
        """The rows that were counted, and what came of it."""
        self._prefetch: bool | None = None
        self.columns = (
            Column("tag", "tags", _tags, lambda image: image.tags, min_width=16, flex=4, matches=True, style="$tag"),
            Column(
                "digest",
                "digest",
                lambda image: short_digest(image.digest),
                lambda image: image.digest,
                min_width=12,
                max_width=12,
                drop_priority=1,
                matches=True,
            ),
            Column(
                "pushed",
                "pushed",
                lambda image: units.format_age(image.pushed_at),
                lambda image: image.pushed_at or 0.0,
                align="right",
                min_width=units.MAX_AGE_WIDTH,
            ),
            Column(
                "size",
                "size",
                lambda image: units.format_size(image.size),
                lambda image: image.size or 0,
                align="right",
                drop_priority=2,
            ),
            Column("kind", "kind", self._kind, self._kind_key, min_width=18, max_width=27, drop_priority=4),
            Column("findings", "findings", _findings, _severity, max_width=20, drop_priority=5),
            Column(
                "pulled",
                "pulled",
                lambda image: units.format_age(image.last_pulled_at),
                lambda image: image.last_pulled_at or 0.0,
                align="right",
                drop_priority=6,
            ),
        )
        self.set_reactive(ListScreen.state, ListState("pushed", descending=True))

    def breadcrumb(self) -> str:
        return f"Repositories › {self.repository_name}"

    def body(self) -> Iterable[Widget]:
        for widget in super().body():
            if isinstance(widget, Table):
                yield Horizontal(widget, ManifestView(id="preview"), id="list")
            else:
                yield widget

    async def prepare(self, session: Session) -> None:
        self.repository = await io.run_blocking(session.registry.repository, self.repository_name)

    def last_known(self, cache: Cache) -> Snapshot[Image] | None:
        return cache.images(self.repository_name)

    def list_all(self, session: Session) -> Listing[Image]:
        return session.catalog.images(self.repository_name)

    def parse_filter(self, line: str) -> Filter[Image]:
        return parse(line)

    def totals(self) -> str:
        """Counts and bytes of the whole repository; layers that images share are counted for each of them.

        They are asked for after every key of a filter, and counted when the rows are others than the last time.
        """
        rows = (self._listing, self.rows.version, self.rows.total)
        if self._counted[0] != rows:
            images = list(self.rows.everything())
            tagged = len(images) - list(map(attrgetter("tags"), images)).count(())
            octets = sum(filter(None, map(attrgetter("size"), images)))
            count = units.format_count(len(images), *self.NOUNS)
            self._counted = (rows, f"{count} · {units.format_number(tagged)} tagged · {units.format_size(octets)}")
        return self._counted[1]

    def _kind(self, image: Image) -> str:
        told = self.platforms.get(image.digest, "")
        words = f"{image.kind} {told}" if image.kind is ImageKind.INDEX else told or str(image.kind)
        return f"archived {words}" if image.archived else words

    @staticmethod
    def _kind_key(image: Image) -> str:
        return image.kind

    def on_table_activated(self, message: Table.Activated) -> None:
        self._open(message.item)

    def on_table_cursor_moved(self, message: Table.CursorMoved) -> None:
        self._look(message.index)

    def on_resize(self) -> None:
        if self.rows.cursor is not None:  # there may be room for the manifest now
            self._look(self.rows.cursor)

    @work(exclusive=True, group="look", exit_on_error=False)
    async def _look(self, index: int) -> None:
        """Show the manifest under the cursor beside the list where there is room, and fetch those around it."""
        await self._preview()
        await asyncio.sleep(PREVIEW_PAUSE)
        await self._look_around(index)
        if not await self._preview():
            self._previewed = ""
            self.query_one("#preview", ManifestView).show(EMPTY)

    async def _preview(self) -> bool:
        """Show the manifest if it is at hand, and tell whether it is; the one from before stands until then."""
        view, image = self.query_one("#preview", ManifestView), self.current
        if image is None or not view.display:
            return False
        if image.digest != self._previewed:
            manifest = (await self.session()).catalog.known_manifest(image.digest)
            if manifest is None:
                return False
            prepared = await io.run_blocking(prepare_manifest, manifest.text)
            view.show(prepared)
            self._previewed = image.digest
        return True

    async def _look_around(self, index: int) -> None:
        """The next step shows its manifest at once, and indexes tell their platforms."""
        if not await self._may_prefetch():
            return
        near = [
            self.rows[at] for at in range(max(index - PREFETCH_RADIUS, 0), min(index + PREFETCH_RADIUS, len(self.rows)))
        ]
        wanted = [image.digest for image in near if not image.archived]
        try:
            session = await self.session()
            manifests = await io.run_blocking(session.catalog.prefetch, self.repository_name, wanted)
        except EcrTuiError:
            return  # a guess at what comes next; whoever opens an image is told what is wrong with it
        fresh = [entry for entry in manifests if entry.is_index and entry.digest not in self.platforms]
        if fresh:
            self.platforms |= await io.run_blocking(_platforms_of, fresh)
            self.table.redraw()

    async def _may_prefetch(self) -> bool:
        """Whether manifests may be read that nobody asked for.

        ECR takes a read for a pull; a rule that counts from the last pull would then keep what it should expire.
        """
        if self._prefetch is None:
            try:
                session = await self.session()
                policy = await io.run_blocking(session.registry.lifecycle_policy, self.repository_name)
            except EcrTuiError:
                self._prefetch = False
                return False
            self._prefetch = session.settings.prefetch and not parse_policy(policy).depends_on_pulls
        return self._prefetch

    def _open(self, image: Image) -> None:
        shown = self.query_one("#preview", ManifestView).prepared if image.digest == self._previewed else None
        self.post_message(messages.OpenImage(self.connect, self.repository_name, image.digest, shown))

    async def action_retag(self) -> None:
        """Tag the image under the cursor; with marks, all marked images by a rule."""
        image = self.current
        marked = self.rows.marked()
        if marked:
            self._open_plan(
                f"Retag {units.format_count(len(marked), 'image')} in {self.repository_name}",
                lambda engine, rule: engine.plan_rename(self.repository_name, marked, rule),
                "a rule for the new tags: {tag}-rel, {tag|strip:rc-}, /rc-(.*)/\\1/",
            )
        elif image is not None:
            await self.begin_retag(
                RetagSource(self.repository_name, image.digest, image.tags, units.format_age(image.pushed_at))
            )

    def action_config(self) -> None:
        """Show the config of the image under the cursor."""
        if self.current is not None:
            self.show_config(self.repository_name, self.current.digest)

    def action_findings(self) -> None:
        """Show what the scan of the image under the cursor has found."""
        if self.current is not None:
            self.show_findings(self.repository_name, self.current.digest)

    def action_untag(self) -> None:
        """Remove tags of the image under the cursor."""
        image = self.current
        if image is None or not image.tags:
            return
        names = " ".join(image.tags[:4]) + (" …" if len(image.tags) > 4 else "")
        self._open_plan(
            f"Remove tags of {short_digest(image.digest)}",
            lambda engine, line: engine.plan_untag(self.repository_name, tags.parse_tags(line)),
            f"the tags to remove, one of them has to stay: {names}",
        )

    @work(exclusive=True, group="diff", exit_on_error=False)
    async def action_diff(self) -> None:
        """How the image under the cursor differs from the one that is marked."""
        marked, image = self.rows.marked(), self.current
        if len(marked) != 1 or image is None or marked[0].digest == image.digest:
            self.notify("Mark one image, and put the cursor on the one to compare it with.")
            return
        try:
            session = await self.session()
            texts = [await io.run_blocking(_parts, session, self.repository_name, one) for one in (marked[0], image)]
        except EcrTuiError as error:
            self.notify_error(error)
            return
        names = (short_digest(marked[0].digest), short_digest(image.digest))
        self.post_message(
            messages.ShowText(f"{names[0]} → {names[1]}", describe.difference(texts[0], texts[1], *names))
        )

    def action_swap(self) -> None:
        """Each of two tags to where the other is."""

        def make(engine: Engine, line: str) -> Plan:
            pair = tags.parse_tags(line)
            if len(pair) != 2:
                raise UsageError(
                    "Two tags are wanted", f"{line!r} has {len(pair)}", "Type two tags with a space between."
                )
            return engine.plan_swap(self.repository_name, *pair)

        self._open_plan(f"Swap two tags in {self.repository_name}", make, "the two tags")

    def action_copy_tags(self) -> None:
        """All tags of the one marked image to the image under the cursor."""
        marked, target = self.rows.marked(), self.current
        if len(marked) != 1 or target is None or marked[0].digest == target.digest:
            self.notify("Mark the image that has the tags, and put the cursor on the one that gets them.")
            return
        source = marked[0].digest
        self._open_plan(
            f"All tags of {short_digest(source)} to {short_digest(target.digest)}",
            lambda engine, line: engine.plan_copy_tags(self.repository_name, source, target.digest),
        )

    def _open_plan(self, title: str, make: Callable[[Engine, str], Plan], question: str = "") -> None:
        self.post_message(messages.OpenPlan(self.connect, PlanRequest(title, make, question)))

    def all_images(self) -> Sequence[Image] | None:
        return tuple(self.rows.everything()) if self.state.complete else None

    def focus_content(self) -> None:
        self.table.focus()

    async def refresh_after_write(self, report: Report) -> None:
        """Read the images that the write has touched again, so that the list is true without a reload."""
        mine = [step for step in report.plan.steps if step.repository == self.repository_name]
        wanted = sorted({digest for step in mine for digest in (step.before, step.after) if digest})
        if not wanted:
            return
        session = await self.session()
        try:
            images = await io.run_blocking(session.registry.images_by_digest, self.repository_name, wanted)
        except EcrTuiError as error:
            self.notify(f"The list could not be brought up to date: {error}", severity="warning", markup=False)
            return
        self.table.update(images)
        self.table.remove_rows(set(wanted) - {image.digest for image in images})
        self.set_status(self._progress())

    def action_put_image(self) -> None:
        """Put an image into this repository; the one under the cursor to begin with."""
        image = self.current.digest if self.current is not None and not self.current.archived else ""
        draft = messages.PutImageDraft(PutImageRequest(repository=self.repository_name), image)
        self.post_message(messages.OpenPutImage(self.connect, draft))

    def action_copy_menu(self) -> None:
        """What can be copied of the image under the cursor."""
        if self.current is not None and self.repository is not None:
            entries = clipboard.copy_items_for_image(self.repository, self.current, self.header_state.region)
            self.post_message(messages.OfferCopies(entries))

    def action_describe(self) -> None:
        """Everything that is known of the image under the cursor."""
        self._show(describe.as_text)

    def action_yaml(self) -> None:
        """The row as YAML."""
        self._show(describe.as_yaml)

    def _show(self, form: Callable[[Mapping[str, Any]], str]) -> None:
        if self.current is not None and self.repository is not None:
            facts = image_document(self.repository_name, self.current, self.repository.registry_id)
            self.post_message(
                messages.ShowText(f"{self.repository_name}@{short_digest(self.current.digest)}", form(facts))
            )


def _parts(session: Session, repository: str, image: Image) -> str:
    """What the image is made of, its config included where it has one."""
    structure = parse_manifest(session.catalog.manifest(repository, image.digest).text)
    config = session.catalog.config(repository, structure.config) if structure.config else None
    return describe.parts_text(image, structure, config)


def _platforms_of(manifests: Sequence[Manifest]) -> dict[str, str]:
    """The platforms of indexes in words, and of each of their parts whose part it is; Linux goes without saying."""
    told: dict[str, str] = {}
    for manifest in manifests:
        structure = parse_manifest(manifest.text)
        told[manifest.digest] = " ".join(platform.removeprefix("linux/") for platform in structure.platforms)
        for part in structure.with_role(DescriptorRole.MANIFEST):
            what = "attestation" if part.is_attestation else str(part.platform or "part").removeprefix("linux/")
            told.setdefault(part.digest, f"{what} of {short_digest(manifest.digest)}")
    return told
