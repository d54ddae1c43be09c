"""The screen that compares two images."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import NamedTuple

from textual import events, work
from textual.widget import Widget

from ecrtui.ecr.reference import Reference
from ecrtui.ecr.safe_text import visible
from ecrtui.ecr.tag_order import is_artifact_tag
from ecrtui.ecr.text_formats import json_text
from ecrtui.errors import EcrTuiError
from ecrtui.inspect.comparison.compared_image import ComparedImage
from ecrtui.inspect.comparison.comparison import SECTIONS, Comparison, choose_platforms, compare
from ecrtui.inspect.comparison.export import comparison_document, comparison_markdown, git_range
from ecrtui.inspect.comparison.layout import Line, section_lines
from ecrtui.inspect.comparison.platforms import PlatformPair
from ecrtui.inspect.comparison.reading import ImageReader, find_compared_image, pair_to_start_with, read_pair
from ecrtui.inspect.comparison.rows import is_pending
from ecrtui.retag.plan import Report
from ecrtui.session import Session, SessionSource
from ecrtui.tui import blocking
from ecrtui.tui.bindings import key_hint
from ecrtui.tui.clipboard.copy_items import CopyItem
from ecrtui.tui.comparison.heading import TABS, ComparedImages
from ecrtui.tui.comparison.view import ComparisonText, ComparisonView, comparison_text
from ecrtui.tui.line_parts import Drop, LinePart, line_part
from ecrtui.tui.retag.actions import RetagMixin
from ecrtui.tui.widgets.filter_bar import FilterBar
from ecrtui.tui.widgets.message_panel import MessagePanel, PanelMessage
from ecrtui.tui.widgets.tab_line import TabLine

NO_PAIR = PlatformPair(None, None)

_OF_COMPARISON = ("change", "everything", "swap", "retag", "export", "copy_menu")
"""The actions that need something to compare. Those that only choose what is shown can come before it is read."""


_NOT_READ = "The images are not read yet."


class View(NamedTuple):
    """What the user chose to see."""

    section: str = SECTIONS[0]
    everything: bool = False


class CompareScreen(RetagMixin):
    """Two images, the older one as A. Each part of them is shown as soon as it is read.

    Args:
        connect: the source of the session.
        one: an image.
        other: another image, in this or another repository.
        platform: the digest of the platform to start with; empty for one that differs, with the worst findings.
    """

    DEFAULT_CSS = """
    CompareScreen ComparisonView { height: 1fr; border-top: solid $separator; }
    """
    SCOPES = ("compare",)

    def __init__(self, connect: SessionSource, one: Reference, other: Reference, platform: str = "") -> None:
        super().__init__(connect)
        self._references = (one, other)
        self._platform = platform
        self._unreadable: Reference | None = None
        """The image that could not be looked up."""
        self._images: list[ComparedImage] = []
        """What is known of the two images, in the order of the references."""
        self._swapped = False
        """Whether A is the second image."""
        self._pairs: Sequence[PlatformPair] = ()
        """The platforms that can be compared, in the order of the references."""
        self._pair = NO_PAIR
        self._view = View()
        self._version = 0
        """Counts the changes of the images, so that a comparison of earlier ones is made again."""
        self._compared_version = 0
        self.comparison: Comparison | None = None
        self._is_refresh = False
        """The images are read again, and the comparison is that of the earlier reading."""

    @property
    def reference(self) -> Reference:
        return Reference(self._references[0].repository)

    def breadcrumb(self) -> str:
        names = dict.fromkeys(reference.repository for reference in self._references)
        return f"Compare › {', '.join(names)}"

    def body(self) -> Iterable[Widget]:
        yield MessagePanel()
        yield ComparedImages()
        yield TabLine(TABS, SECTIONS[0])
        yield FilterBar("find in the comparison")
        yield ComparisonView()

    def on_mount(self) -> None:
        self.focus_content()
        self.load()

    def on_unmount(self) -> None:
        self._images.clear()
        self.comparison = None

    # Reading

    @work(exclusive=True, group="load", exit_on_error=False)
    async def load(self) -> None:
        """Find both images, then read them part by part."""
        self.query_one(MessagePanel).message = None
        self.refresh_bindings()
        self.set_status("loading…")
        try:
            session = await self.session()
            found = await asyncio.gather(*(self._find(session, reference) for reference in self._references))
        except EcrTuiError as error:
            self.set_status("")
            self.show_error(error)
            return
        self._unreadable = None
        self.workers.cancel_group(self, "platform")  # it reads parts of the images that are replaced here
        self._images = list(found)
        self._is_refresh = self.comparison is not None and not self.comparison.pending
        if not self._compared_version:
            self._swapped = (found[0].image.pushed_at or 0.0) > (found[1].image.pushed_at or 0.0)
        self._changed()
        readers = self._readers(session)
        self._images = list(await blocking.run_blocking(read_pair, readers, found))
        choice = await blocking.run_blocking(choose_platforms, *self._images)
        self._pairs = choice.complete
        wanted = (pair for pair in self._pairs if pair.name == self._pair.name or pair.has(self._platform))
        first = next(wanted, None) or await blocking.run_blocking(pair_to_start_with, readers, self._pairs)
        self._changed()
        self._load_platform(first or NO_PAIR)

    async def _find(self, session: Session, reference: Reference) -> ComparedImage:
        try:
            return await blocking.run_blocking(
                find_compared_image, session.catalog, session.registry, reference, session.order_tags
            )
        except EcrTuiError:
            self._unreadable = reference
            raise

    @work(exclusive=True, group="platform", exit_on_error=False)
    async def _load_platform(self, pair: PlatformPair) -> None:
        """Read what is compared of one platform."""
        self._pair, self._platform = pair, ""
        for number in (0, 1):
            self._images[number] = self._images[number].without_part()
        self._changed()
        session = await self.session()
        await asyncio.gather(*(self._load_part(session, number) for number in (0, 1)))

    async def _load_part(self, session: Session, number: int) -> None:
        await self._load(session, number, "part")
        await asyncio.gather(
            self._load(session, number, "config"),
            self._load(session, number, "findings"),
            self._load_artifacts(session, number),
        )

    async def _load_artifacts(self, session: Session, number: int) -> None:
        """Read the artifacts, then the packages, sources and contents of the platform."""
        await self._load(session, number, "artifacts")
        await asyncio.gather(*(self._load(session, number, name) for name in ("packages", "sources", "contents")))

    async def _load(self, session: Session, number: int, name: str) -> None:
        """Read one part of an image, and show it. What does not depend on the platform is read once."""
        if not self._images or not is_pending(getattr(self._images[number], name)):
            return
        reader = self._readers(session)[number]
        value = await blocking.run_blocking(reader.read, name, self._images[number], self._pair[number])
        if self._images:
            self._images[number] = replace(self._images[number], **{name: value})
            self._changed()

    def _readers(self, session: Session) -> Sequence[ImageReader]:
        return [ImageReader(session.catalog, session.registry, reference.repository) for reference in self._references]

    def show_error(self, error: EcrTuiError) -> None:
        self.query_one(MessagePanel).message = PanelMessage.from_error(error)
        self.refresh_bindings()

    @property
    def text_to_find(self) -> str:
        wanted = self._unreadable or Reference()
        return wanted.tag if wanted.can_be_tag_or_digest else wanted.digest or str(wanted)

    # Showing

    def _changed(self) -> None:
        """Compare again: something was read."""
        self._version += 1
        self._show(keeps_scroll=True)

    @work(exclusive=True, group="show", exit_on_error=False)
    async def _show(self, *, keeps_scroll: bool) -> None:
        """Compare what is known, and show the section. It runs in a thread: an SBOM has thousands of packages.

        While a refresh reads the same images again, what is known of them stays.
        """
        version, view = self._version, self._view
        if len(self._images) < 2:
            return
        width = max(self.query_one(ComparisonView).scrollable_content_region.width, 1)
        known = self.comparison if self._compared_version == version else None
        ordered = [self._images[number] for number in self._order]
        pair = PlatformPair(*(self._pair[number] for number in self._order))
        kept = self.comparison if self._is_refresh else None
        newest, comparison, shown = await blocking.run_blocking(_shown, known, kept, ordered, pair, view, width)
        if comparison is newest:
            self._compared_version, self._is_refresh = version, False
        self.comparison = comparison
        self.query_one(ComparedImages).images = tuple(ordered)
        tabs = self.query_one(TabLine)
        tabs.current = view.section
        tabs.badges = {section.name: section.badge for section in comparison.sections[1:]}
        self.query_one(ComparisonView).show_section(shown, keeps_scroll=keeps_scroll)
        self._search_again()
        self.set_status(self._status(newest))

    @property
    def _order(self) -> tuple[int, int]:
        """The numbers of image A and image B."""
        return (1, 0) if self._swapped else (0, 1)

    def _status(self, comparison: Comparison) -> Iterable[LinePart]:
        """Yield the platform, which one of how many it is, and that something is being read."""
        if comparison.platform:
            yield line_part(comparison.platform)
        if len(self._pairs) > 1:
            number = self._pairs.index(self._pair) + 1 if self._pair in self._pairs else 0
            total = len(self._pairs)
            yield line_part(f"platform {number} of {total}", f"{number} of {total}", drop=Drop.LATE)
            if hint := key_hint(self, "compare.next_platform", "next"):
                yield line_part(hint, drop=Drop.EARLY)
        if comparison.pending:
            yield line_part("reading…", drop=Drop.LAST)

    def on_resize(self, event: events.Resize) -> None:
        self._show(keeps_scroll=True)

    @property
    def awaits_content(self) -> bool:
        return super().awaits_content or self.comparison is None

    # Actions

    def action_section(self, number: int) -> None:
        """Show a section by its number."""
        self._view = self._view._replace(section=SECTIONS[number - 1])
        self._show(keeps_scroll=False)

    def action_step_section(self, step: int) -> None:
        """Show the next section, or the previous one."""
        self.action_section((SECTIONS.index(self._view.section) + step) % len(SECTIONS) + 1)

    def on_tab_line_picked(self, message: TabLine.Picked) -> None:
        self.action_section(SECTIONS.index(message.tab_id) + 1)

    def action_everything(self) -> None:
        """Show everything, or only what differs."""
        self._view = self._view._replace(everything=not self._view.everything)
        self._show(keeps_scroll=False)

    def action_swap(self) -> None:
        """Exchange A and B."""
        self._swapped = not self._swapped
        self._changed()

    def action_step_platform(self, step: int) -> None:
        """Compare the next platform, or the previous one."""
        if len(self._pairs) > 1 and self._pair in self._pairs:
            number = (self._pairs.index(self._pair) + step) % len(self._pairs)
            self._load_platform(self._pairs[number])

    def action_change(self, step: int) -> None:
        """Go to the next change, or to the previous one."""
        if self.comparison is None:
            self.notify(_NOT_READ)
        elif not self.query_one(ComparisonView).go_to_change(step):
            self.notify("This section has no differences.")

    def why_not(self, action: str) -> str:
        if action in _OF_COMPARISON and not self._images and self.query_one(MessagePanel).message is not None:
            return "There is nothing to compare."
        if action == "step_platform" and len(self._pairs) < 2:
            return "There is no other platform to compare."
        return super().why_not(action)

    def action_search(self) -> None:
        """Find words in the section."""
        self.query_one(FilterBar).open()

    def on_filter_bar_changed(self, message: FilterBar.Changed) -> None:
        found = self.query_one(ComparisonView).search(message.value)
        self.query_one(FilterBar).show_found(found)

    def on_filter_bar_closed(self) -> None:
        self.focus_content()

    def _search_again(self) -> None:
        bar = self.query_one(FilterBar)
        if bar.is_open and bar.value:
            self.query_one(ComparisonView).search(bar.value)

    def focus_content(self) -> None:
        self.query_one(ComparisonView).focus()

    def action_refresh_screen(self) -> None:
        self.load()

    def action_retry(self) -> None:
        self.load()

    async def action_retag(self) -> None:
        """Tag image B; the tags of image A that a person chose are the proposal."""
        if not self._images:
            self.notify(_NOT_READ)
            return
        a, b = (self._images[number] for number in self._order)
        proposal = [tag for tag in a.image.tags if tag not in b.image.tags and not is_artifact_tag(tag)]
        await self.begin_retag(self.image_to_write(b.repository, b.image), proposal, "the tags of A")

    async def refresh_after_write(self, report: Report) -> None:
        """Read the tags of both images again."""
        for number, image in enumerate(self._images):
            found = await self.images_after_write(self.connect, image.repository, [image.image.digest])
            if found is None:
                return
            if found and number < len(self._images):
                tagged = replace(found[0], tags=self.order_tags(found[0].tags))
                self._images[number] = replace(self._images[number], image=tagged)
        self._changed()

    async def action_copy_menu(self) -> None:
        """Copy the changes, the digests, or the range of the git revisions."""
        if (comparison := self.comparison) is None:
            self.notify(_NOT_READ)
        else:
            view = self._view
            await self.offer_copies(lambda: _copies(comparison, view))

    async def action_export(self) -> None:
        """Save the comparison as Markdown or JSON."""
        if (comparison := self.comparison) is None:
            self.notify(_NOT_READ)
            return
        everything = self._view.everything
        await self.ask_for_file(
            {
                ".md": lambda: comparison_markdown([comparison], everything=everything),
                ".json": lambda: json_text(comparison_document([comparison], everything=everything)),
            }
        )


def _copies(comparison: Comparison, view: View) -> Iterable[CopyItem]:
    lines = section_lines(comparison.section(view.section), 0, everything=view.everything)
    yield CopyItem(f"{view.section}, as shown", "\n".join(line.text for line in lines) + "\n", lines=True)
    if revisions := git_range(comparison):
        yield CopyItem("git range", revisions)
    for side, image in (("A", comparison.before), ("B", comparison.after)):
        yield CopyItem(f"digest of {side}", image.image.digest)
    yield CopyItem("Markdown", comparison_markdown([comparison], everything=view.everything), lines=True)


def _shown(
    known: Comparison | None,
    kept: Comparison | None,
    images: Sequence[ComparedImage],
    pair: PlatformPair,
    view: View,
    width: int,
) -> tuple[Comparison, Comparison, ComparisonText]:
    """Return the comparison of two images, the one to show, and the text of a section of that.

    Args:
        known: the comparison; None to make it again.
        kept: the one to show while parts of the same images are not read; None for none.
        images: image A and image B.
        pair: the platform.
        view: what the user chose to see.
        width: the columns of the text.
    """
    if known is None:
        a, b = images
        known = compare(a, b, choose_platforms(a, b), pair if pair.is_complete else None)
    shown = kept if kept is not None and known.pending and _subject(kept) == _subject(known) else known
    notes = [Line(visible(note)) for note in shown.notes] if view.section == SECTIONS[0] else []
    lines = section_lines(shown.section(view.section), width, everything=view.everything)
    return known, shown, comparison_text([*notes, *lines])


def _subject(comparison: Comparison) -> tuple[str, ...]:
    """Return what is compared: the digests of both images, and the platform."""
    return comparison.before.image.digest, comparison.after.image.digest, comparison.platform
