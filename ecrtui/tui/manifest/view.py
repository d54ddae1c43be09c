"""A view of the exact text of a manifest, with a cursor that moves between its digests."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.segment import Segment
from textual import events
from textual.content import Span
from textual.message import Message
from textual.style import Style

from ecrtui.tui.bindings import bindings
from ecrtui.tui.fields_message import FieldsMessage
from ecrtui.tui.manifest.document import EMPTY, ManifestDocument
from ecrtui.tui.text_document import TextDocument, TextRange
from ecrtui.tui.textual_fixes import segments as paint
from ecrtui.tui.widgets.text_view import TextView, overlapping, to_span

CURSOR = "▸"


NO_DIGEST = -1
"""The cursor is on no digest, so actions apply to the image itself."""


class ManifestView(TextView, can_focus=True, inherit_bindings=False):
    """Draws the visible rows of a manifest.

    Create the document with :func:`ecrtui.tui.manifest.document.prepare_manifest` in a thread. Tab and Shift-Tab
    (``n`` and ``p``) move between digests; after the last and before the first they move the focus. During a search
    ``n`` and ``N`` move between matches.

    Args:
        prepared: The manifest.
        wrap: False to scroll long lines instead of wrapping them.
    """

    BINDINGS = bindings("manifest_view")
    COMPONENT_CLASSES = {
        "manifest--number",
        "manifest--digest",
        "manifest--current",
        "manifest--current-blurred",
    }
    DEFAULT_CSS = """
    ManifestView {
        scrollbar-gutter: stable;
        & > .manifest--number { color: $line-number; }
        & > .manifest--digest { color: $digest; text-style: underline; }
        & > .manifest--current {
            background: $block-cursor-background; color: $block-cursor-foreground; text-style: bold;
        }
        & > .manifest--current-blurred {
            background: $block-cursor-blurred-background; color: $block-cursor-blurred-foreground; text-style: bold;
        }
    }
    """

    class DigestHighlighted(FieldsMessage):
        """The cursor moved to this digest; None if it is on none."""

        view: ManifestView
        digest: str | None

        @property
        def control(self) -> ManifestView:
            return self.view

        def can_replace(self, message: Message) -> bool:
            return isinstance(message, ManifestView.DigestHighlighted) and message.view is self.view

    class DigestSelected(FieldsMessage):
        """The user pressed Enter on this digest or double-clicked it."""

        view: ManifestView
        digest: str

        @property
        def control(self) -> ManifestView:
            return self.view

    prepared: ManifestDocument

    def __init__(
        self,
        prepared: ManifestDocument = EMPTY,
        *,
        wrap: bool = True,
        id: str | None = None,  # noqa: A002 - Textual's name for it
    ) -> None:
        super().__init__(prepared, wrap=wrap, id=id)
        self._digest = NO_DIGEST

    # Methods for the screen

    def on_unmount(self) -> None:
        self.prepared = EMPTY  # the collector may keep the view alive for long

    def show(self, prepared: TextDocument) -> None:
        """Show another manifest from its start."""
        self._digest = NO_DIGEST
        super().show(prepared)
        self.post_message(self.DigestHighlighted(self, self.digest))

    @property
    def digest(self) -> str | None:
        """The digest under the cursor; None if it is on none."""
        return None if self._digest == NO_DIGEST else self.prepared.text_at(self.prepared.digests[self._digest])

    def go_to_digest(self, digest: str) -> bool:
        """Move the cursor to the first occurrence of this digest. Return False if there is none."""
        for number, part in enumerate(self.prepared.digests):
            if self.prepared.text_at(part) == digest:
                self._move_to_digest(number)
                return True
        return False

    # Moving

    def action_next_digest(self) -> None:
        """Go to the next digest; after the last one focus the next widget."""
        if self._digest + 1 < len(self.prepared.digests):
            self._move_to_digest(self._digest + 1)
        else:
            self.screen.focus_next()

    def action_previous_digest(self) -> None:
        """Go to the previous digest; before the first one to none, then focus the previous widget."""
        if self._digest == NO_DIGEST:
            self.screen.focus_previous()
        else:
            self._move_to_digest(self._digest - 1)

    def action_next(self) -> None:
        """Go to the next match, starting over after the last; without a search go to the next digest."""
        if self._matches:
            super().action_next()
        elif self._digest + 1 < len(self.prepared.digests):
            self._move_to_digest(self._digest + 1)

    def action_previous(self) -> None:
        """Go to the previous match, starting over before the first; without a search to the previous digest."""
        if self._matches:
            super().action_previous()
        elif self._digest != NO_DIGEST:
            self._move_to_digest(self._digest - 1)

    def action_select(self) -> None:
        """Post :class:`DigestSelected` for the digest under the cursor."""
        if self.digest is not None:
            self.post_message(self.DigestSelected(self, self.digest))

    def _move_to_digest(self, number: int) -> None:
        self._digest = number
        self._redraw()
        if number != NO_DIGEST:
            self._reveal(self.prepared.digests[number])
        self.post_message(self.DigestHighlighted(self, self.digest))

    # Drawing

    @property
    def _gutter(self) -> int:
        """Cells at the left: the cursor, the line number and spaces."""
        return len(str(len(self.prepared.lines))) + 3

    def _margin(self, row: int, part: TextRange) -> Sequence[Segment]:
        """Return the cursor and the line number."""
        base = self.get_visual_style("text-view--text")
        number = self.get_visual_style("text-view--text", "manifest--number").rich_style
        label = f"{part.line + 1 if part.start == 0 else '':>{self._gutter - 3}}"
        cursor = CURSOR if self._current_row == row else " "
        return Segment(cursor, base.rich_style), Segment(f" {label} ", number)

    def _marked(self, part: TextRange) -> Iterable[Span]:
        digests = self.prepared.digests
        return [
            to_span(digests[number], self._style_of_digest(number == self._digest))
            for number in overlapping(digests, part)
        ]

    @property
    def _current_row(self) -> int:
        if self._digest == NO_DIGEST:
            return NO_DIGEST
        part = self.prepared.digests[self._digest]
        return self._layout.row_of(part.line, part.start)

    def _style_of_digest(self, current: bool) -> Style:
        if not current:
            name = "manifest--digest"
        else:
            name = "manifest--current" if self.has_focus else "manifest--current-blurred"
        return paint.component_style(self, name)

    # Mouse

    def on_click(self, event: events.Click) -> None:
        offset = event.get_content_offset_capture(self)
        row = offset.y + self.scroll_offset.y
        if row >= len(self._layout):
            return
        part = self._layout[row]
        position = part.start + max(offset.x - self._gutter, 0) + (0 if self.wrap else self.scroll_offset.x)
        for number in overlapping(self.prepared.digests, part):
            digest = self.prepared.digests[number]
            if digest.start <= position < digest.end:
                self._move_to_digest(number)
                if event.chain == 2:
                    self.action_select()
                return
