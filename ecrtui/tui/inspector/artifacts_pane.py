"""The pane with the artifacts of an image in one tree. Enter reads what is in one."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import PurePosixPath
from typing import Any

from textual import work
from textual.widget import Widget

from ecrtui.ecr.digest import short_digest
from ecrtui.ecr.image import Image
from ecrtui.ecr.manifest import Descriptor
from ecrtui.ecr.safe_text import visible_lines
from ecrtui.ecr.units import format_size
from ecrtui.errors import EcrTuiError
from ecrtui.inspect.artifact_reading import ArtifactReader, read_limit
from ecrtui.inspect.artifacts import Artifact, ArtifactTree, with_artifact
from ecrtui.inspect.contents import MAX_START, BlobContent, file_suffix
from ecrtui.inspect.formats import title_of
from ecrtui.tui import blocking, messages
from ecrtui.tui.bindings import key_hint, press
from ecrtui.tui.clipboard.copy_items import CopyItem
from ecrtui.tui.details import reason_with_permission
from ecrtui.tui.inspector.artifact_rows import ArtifactRow, artifact_rows, columns, row_text
from ecrtui.tui.inspector.content_text import content_text, totals_text
from ecrtui.tui.inspector.inspected import Inspected
from ecrtui.tui.inspector.package_table import PackageTable
from ecrtui.tui.inspector.pane import SavePane
from ecrtui.tui.inspector.split_pane import SplitPane
from ecrtui.tui.table.column_layout import Column
from ecrtui.tui.table.table import Table
from ecrtui.tui.text_document import TextDocument, prepare_facts, prepare_text
from ecrtui.tui.widgets.filter_bar import FilterBar

LARGE = 1_000_000
"""Bytes of the content of a blob that is read only at the second request; the first one reports its size."""

_NOT_OPEN = "No content is open. Open an artifact first."


@dataclass(frozen=True, slots=True)
class ArtifactTable:
    """The tree of an image, laid out as rows."""

    tree: ArtifactTree
    rows: tuple[ArtifactRow, ...]
    count: int
    """The number of artifacts."""
    first: ArtifactRow | None
    """The first row with an artifact; None without one."""


@dataclass(frozen=True, slots=True)
class _Shown:
    """A content in the lower half, prepared for the screen."""

    content: BlobContent
    blob: Descriptor
    pretty: TextDocument
    exact: TextDocument

    @property
    def is_saved_as_stored(self) -> bool:
        """True for packages, a part of a blob, and text or bytes that are all that is shown."""
        return self.content.packages is not None or not self.content.is_whole or self.is_bare

    @property
    def is_bare(self) -> bool:
        """True if nothing is shown besides the text or the bytes of the content."""
        return not self.content.facts and not self.content.files

    @property
    def suffix(self) -> str:
        """How the name of a file with the stored content ends: as in the annotation of the blob, or by what it is."""
        own = PurePosixPath(title_of(self.blob)).suffix
        if own[1:].isalnum() and own.isascii():
            return own
        text = self.content.exact
        if self.content.is_text and text.startswith(("{", "[", "<?xml")):
            return ".xml" if text.startswith("<") else ".json"
        return ArtifactsPane.FILE_SUFFIX if self.content.is_text else file_suffix(self.blob.media_type)


class ArtifactsPane(SplitPane[ArtifactTable]):
    """The tree above. Below it are the facts of the selected row, or what is in the artifact that was opened."""

    ID = "artifacts"
    PER_PLATFORM = False
    SCOPES = ("artifacts_pane",)
    EXAMPLE = "find in the tree, and in the content below"
    DEFAULT_CSS = """
    ArtifactsPane PackageTable { display: none; height: 1fr; }
    ArtifactsPane.-packages PackageTable { display: block; }
    ArtifactsPane.-packages RowText { display: none; }
    ArtifactsPane.-packages #content > .below { height: 2fr; }
    """

    def __init__(self, inspected: Inspected) -> None:
        super().__init__(inspected)
        self._tree: ArtifactTree | None = None
        self._nothing = ""
        """What to say if the image has no artifact; else empty."""
        self._opened = ""
        """The key of the row whose content, or a message about it, is below; empty while its facts are."""
        self._shown: _Shown | None = None
        self._blob: Descriptor | None = None
        """The content that the user opened, even if it could not be shown."""
        self._exact = False
        self._announced = ""
        """The digest of the large blob whose size was reported."""

    def below(self) -> Iterable[Widget]:
        yield from super().below()
        yield PackageTable()

    def key_of(self, row: Any) -> Any:
        return row.key

    def columns(self) -> Sequence[Column[Any]]:
        return columns()

    def forget(self) -> None:
        super().forget()
        self.workers.cancel_group(self, "content")  # it would put the earlier tree back
        self._opened, self._shown = "", None

    async def read(self, inspected: Inspected) -> ArtifactTable:
        tree = await read_tree(inspected)
        return await blocking.run_blocking(_laid_out, tree, inspected.image.tags)

    def present(self, content: ArtifactTable) -> None:
        tree = content.tree
        problems = [f"{one.part}: not known. {reason_with_permission(one.error)}" for one in tree.problems]
        others = [press(self, "inspector.up", "see the artifacts of its index")] if self.inspected.indexes else []
        self.show_about("\n".join(filter(None, [*problems, *tree.notes, *others])))
        none = none_of_its_own(self.inspected, "signature, SBOM or other artifact")
        self._nothing = "" if content.first is not None or tree.incomplete else f"{none}."
        self._show_rows(content)
        self.keep_match()

    def badge(self, content: ArtifactTable) -> str:
        if content.tree.incomplete:
            return f"{content.count}?"
        lists_own_content = content.first is not None and not content.count  # "0" beside a row looks wrong
        return "" if lists_own_content else str(content.count)

    def row_text(self, row: Any) -> str:
        return row_text(row)

    def on_table_cursor_moved(self, message: Table.CursorMoved) -> None:
        message.stop()
        row: ArtifactRow | None = self.table.current  # the cursor passes the first row when the rows are replaced
        if row is not None and row.key != self._opened:
            self._opened, self._shown, self._blob = "", None, None
            self._show_facts(row)

    def _show_facts(self, row: ArtifactRow) -> None:
        """Show what is known of a row: a narrow table has no room for all of it."""
        self.workers.cancel_group(self, "content")  # it would replace the facts of this row
        self.remove_class("-packages")
        self.show_selected(f"{row.name} {short_digest(row.digest)}")
        read = key_hint(self, "artifacts_pane.open", "reads it") if row.artifact is not None else ""
        words = [] if row.branch else [self._nothing]
        self.show_text(prepare_facts("\n\n".join(filter(None, [*words, row_text(row, read)]))))

    def action_open(self) -> None:
        """Read what is in the artifact under the cursor, or open the image under it."""
        row: ArtifactRow | None = self.table.current
        if row is None or self._tree is None:
            return
        if row.artifact is not None:
            self._opened = row.key
            self._open(row.artifact, row.blob)
        elif row.digest == self._tree.root.digest:
            self.notify("This is the image itself. Select an artifact.")
        else:
            self.post_message(
                messages.OpenImage(self.inspected.source, self.inspected.repository_name, row.digest, pane=self.ID)
            )

    def on_table_activated(self, message: Table.Activated) -> None:
        message.stop()
        if message.table is self.table:
            self.action_open()

    def action_pretty(self) -> None:
        """Show the content as it is stored, or what it says."""
        if self._shown is None:
            self.notify(_NOT_OPEN)
            return
        self._exact = not self._exact
        self._show_content()
        if self.has_class("-packages"):
            self.query_one(PackageTable).filter(self._searched, self.query_one(FilterBar))

    @work(exclusive=True, group="content", exit_on_error=False)
    async def _open(self, artifact: Artifact, blob: Descriptor | None) -> None:
        """Read the content of a blob, and show it."""
        tree = self._tree
        if tree is None or not artifact.digest:
            return
        reader = _reader(self.inspected)
        self._blob = blob
        try:
            if blob is None:
                self._explain("reading the manifest…")
                artifact = await blocking.run_blocking(reader.with_blobs, artifact)
                content = await blocking.run_blocking(_laid_out_with, tree, artifact, self._tags)
                tree = content.tree
                self.inspected.reads.replace(_tree_key(self.inspected.image), tree)
                self._show_rows(content)
                if (only := self._only_blob(artifact)) is None:
                    return
                self._blob = blob = only
            is_start = blob.size > read_limit(artifact, blob)
            if not (is_start or self._may_read(blob)):
                return
            self._explain(f"reading {format_size(MAX_START if is_start else blob.size)}…")
            self._shown = shown = await self.inspected.reads.once(
                ("content", artifact.digest, blob.digest), _read_content, reader, tree, artifact, blob
            )
            if not is_start:
                self.inspected.statements[blob.digest] = shown.content.stated
        except EcrTuiError as error:
            self._explain(reason_with_permission(error), f"{artifact.kind} {short_digest(artifact.digest)}")
            return
        self._exact = False
        if (row := self.table.current) is not None:
            self.show_selected(_heading(row, shown))
        self._show_content()

    def _only_blob(self, artifact: Artifact) -> Descriptor | None:
        """Return the content of an artifact that has one; otherwise say what it has."""
        blobs = artifact.blobs or ()
        if len(blobs) == 1:
            return blobs[0]
        words = artifact.problem or (
            f"This artifact has {len(blobs)} contents. Select one." if blobs else "This artifact has no content."
        )
        self._explain(words)
        return None

    def _may_read(self, blob: Descriptor) -> bool:
        """Return False at the first request for a large blob, and report its size."""
        if blob.size < LARGE or self._announced == blob.digest:
            return True
        self._announced = blob.digest
        again = key_hint(self, "artifacts_pane.open", "again reads it.")
        self._explain(f"This content has {format_size(blob.size)}. {again}")
        return False

    def _show_rows(self, content: ArtifactTable) -> None:
        self._tree = content.tree
        self.table.replace_rows(content.rows, content.first)

    @property
    def _tags(self) -> Sequence[str]:
        image = self.inspected.known_image
        return image.tags if isinstance(image, Image) else ()

    def _show_content(self) -> None:
        shown = self._shown
        if shown is None:
            return
        packages = None if self._exact else shown.content.packages
        self.set_class(packages is not None, "-packages")
        if packages is not None:
            self.query_one(PackageTable).show(packages)
        self.show_text(shown.exact if self._exact else shown.pretty)

    def _explain(self, words: str, heading: str = "") -> None:
        """Show a message in place of the content."""
        self._shown = None
        self.remove_class("-packages")
        self.show_selected(heading)
        self.view.show(prepare_text(words))

    @property
    def saved_text(self) -> str:
        """The content as it is shown, text without its indentation; that of an SBOM as it is stored."""
        shown = self._shown
        if shown is not None and shown.content.packages is not None:
            return shown.content.exact
        if shown is not None and shown.is_bare and shown.content.pretty and not self._exact:
            return visible_lines(shown.content.pretty)
        return super().saved_text

    def action_save(self) -> None:
        """Save the content in a file: as it is stored, or what it says."""
        blob, shown = self._blob, self._shown
        if blob is None:
            self.notify(_NOT_OPEN)
            return
        contents: dict[str, Callable[[], str | bytes]] = {}
        is_stored = shown is None or self._exact or shown.is_saved_as_stored
        if not is_stored:
            text = self.saved_text
            contents[self.FILE_SUFFIX] = lambda: text
        if is_stored or (shown is not None and not shown.content.is_text):
            suffix = file_suffix(blob.media_type) if shown is None else shown.suffix
            contents[suffix] = partial(_reader(self.inspected).stored, blob)
        self.post_message(SavePane(contents))

    def copy_items(self) -> tuple[CopyItem, ...]:
        row: ArtifactRow | None = self.table.current
        own = [] if row is None or not row.digest else [CopyItem(f"digest of the {row.name}", row.digest)]
        if row is not None and row.blob is not None and row.blob.digest != row.digest:
            own.append(CopyItem("digest of its content", row.blob.digest))
        return (*own, *super().copy_items())

    def action_switch_half(self) -> None:
        packages = self.query_one(PackageTable)
        if not self.has_class("-packages"):
            super().action_switch_half()
        elif self.table.has_focus:
            self.focus_now(packages.table)
        else:  # from the packages to the text of one, then back to the tree
            self.focus_now(packages.other_half if packages.table.has_focus else self.table)

    def on_filter_bar_changed(self, message: FilterBar.Changed) -> None:
        if not self.has_class("-packages"):
            return  # Textual calls the handler of the base class
        message.stop()
        message.prevent_default()
        self.query_one(PackageTable).filter(message.value, self.query_one(FilterBar))

    def on_table_sort_filter_done(self, message: Table.SortFilterDone) -> None:
        message.stop()
        self.query_one(FilterBar).show_problem(self.query_one(PackageTable).problem_of(message))


async def read_tree(inspected: Inspected) -> ArtifactTree:
    """Return the artifacts of the image, which several panes show. Raises EcrTuiError."""
    image = inspected.image
    reader = _reader(inspected)
    return await inspected.reads.once(_tree_key(image), reader.tree, image.digest, image.tags)


def none_of_its_own(inspected: Inspected, what: str) -> str:
    """Return that an image has no artifact of a kind, without a full stop. That of its index can be about it, too."""
    if inspected.indexes or inspected.may_be_part:
        index = "can have one" if inspected.indexes else "is not known"
        return f"This image has no {what} of its own; its index {index}"
    return f"This image has no {what}"


def has_read_tree(inspected: Inspected) -> bool:
    """Return whether a pane has read the artifacts, which reads manifests. Raises EcrTuiError."""
    return inspected.reads.is_read(_tree_key(inspected.image))


def artifacts_read(inspected: Inspected) -> Hashable:
    """Return what changes with each read of artifacts and of their contents. Raises EcrTuiError."""
    return inspected.reads.version_of(_tree_key(inspected.image)), len(inspected.statements)


def _tree_key(image: Image) -> tuple[str, str]:
    return "artifacts", image.digest


def _laid_out(tree: ArtifactTree, tags: Sequence[str]) -> ArtifactTable:
    """Lay out a tree. Run it in a thread: an index can have 16,000 platforms."""
    rows = tuple(artifact_rows(tree, tags))
    first = next((row for row in rows if row.artifact is not None), None)
    return ArtifactTable(tree, rows, tree.count, first)


def _laid_out_with(tree: ArtifactTree, artifact: Artifact, tags: Sequence[str]) -> ArtifactTable:
    """Lay out a tree with an artifact whose manifest was not known."""
    return _laid_out(with_artifact(tree, artifact), tags)


def _reader(inspected: Inspected) -> ArtifactReader:
    session = inspected.session
    return ArtifactReader(session.catalog, session.registry, inspected.repository_name)


def _read_content(reader: ArtifactReader, tree: ArtifactTree, artifact: Artifact, blob: Descriptor) -> _Shown:
    """Read the content of a blob, and prepare its text. Blocks; raises EcrTuiError."""
    is_start = blob.size > read_limit(artifact, blob)
    content = (reader.start if is_start else reader.content)(tree, artifact, blob)
    if content.packages is not None:
        totals_text(content.packages)  # counts them here, not in the thread that draws
    pretty, exact = prepare_facts(content_text(content, exact=False)), prepare_text(content_text(content, exact=True))
    return _Shown(content, blob, pretty, exact)


def _heading(row: ArtifactRow, shown: _Shown) -> str:
    """Return the line above the content of a blob."""
    named = f"{row.name} {short_digest(row.digest)}"
    title = "" if shown.content.title == row.name else shown.content.title
    size = format_size(shown.blob.size)
    checked = "matches its digest" if shown.content.is_whole else "only the first part, its digest was not checked"
    return " · ".join(filter(None, [named, title, size, checked, shown.blob.media_type]))
