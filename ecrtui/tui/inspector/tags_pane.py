"""The pane with the tags of an image and the history of one of them, from the journal of this machine."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from rich.cells import cell_len
from textual.widget import Widget

from ecrtui.ecr import units
from ecrtui.ecr.caller import resource_of
from ecrtui.ecr.digest import short_digest
from ecrtui.ecr.image import Image
from ecrtui.ecr.reference import Reference
from ecrtui.errors import NotFound
from ecrtui.inspect.tag_history import TagMove, tag_moves
from ecrtui.retag.journal.entry import JournalEntry
from ecrtui.retag.plan import TagChange
from ecrtui.session import Session
from ecrtui.tui import blocking, messages
from ecrtui.tui.bindings import key_hint
from ecrtui.tui.clipboard.copy_items import CopyItem, copy_words
from ecrtui.tui.fields_message import FieldsMessage
from ecrtui.tui.inspector.inspected import Inspected, tags_by_digest
from ecrtui.tui.inspector.linked_text import Link, LinkedText
from ecrtui.tui.inspector.text_pane import TextPane
from ecrtui.tui.lists.tag_cell import first_names
from ecrtui.tui.safe_text import visible
from ecrtui.tui.text_document import Span, TextDocument, prepare_text
from ecrtui.tui.widgets.filter_bar import FilterBar

_UNKNOWN = "not known"
_GAP = "  "
MAX_TAG_ROWS = 2
"""Rows with the tags around the one whose history is shown."""


class _Names(NamedTuple):
    """How many other tags a row has of the image that the tag was moved to, and of the one it was moved from."""

    to: int
    origin: int


_NAMES = (*(_Names(count, count) for count in range(5, 0, -1)), _Names(1, 0), _Names(0, 0))
"""The rows have as many names as there is room for."""


@dataclass(frozen=True)
class TagHistories:
    """The history of each tag of an image.

    Args:
        moves: the moves of each tag, newest first.
        names: the tags of the images that are known, by digest.
    """

    moves: Mapping[str, Sequence[TagMove]]
    names: Mapping[str, tuple[str, ...]]


class HistoryText(LinkedText):
    """The history of a tag. Without a search, n goes to the next tag and N to the previous one."""

    class StepTag(FieldsMessage):
        """The user wants to see the next tag, or the previous one.

        Args:
            step: 1 or -1.
        """

        step: int

    def action_next(self) -> None:
        """Go to the next match; without a search to the next tag."""
        if self._matches:
            super().action_next()
        else:
            self.post_message(self.StepTag(1))

    def action_previous(self) -> None:
        """Go to the previous match; without a search to the previous tag."""
        if self._matches:
            super().action_previous()
        else:
            self.post_message(self.StepTag(-1))


class TagsPane(TextPane[TagHistories]):
    """The history of a tag. Enter on a row plans to move the tag back to the image of the row."""

    ID = "tags"
    SCOPES = ("tags_pane",)
    PER_PLATFORM = False
    PER_TAGS = True

    def __init__(self, inspected: Inspected) -> None:
        super().__init__(inspected)
        self._tag = ""
        """The tag that the user chose; the first one is shown if the image does not have it."""
        self._histories = TagHistories({}, {})

    def content(self) -> Iterable[Widget]:
        yield FilterBar("find in the history")
        yield HistoryText()

    @property
    def view(self) -> HistoryText:
        return self.query_one(HistoryText)

    async def read(self, inspected: Inspected) -> TagHistories:
        image = inspected.image
        if not image.tags:
            raise NotFound("This image has no tag", "Only a tag has a history.")
        listed = inspected.listed_images() or ()
        return await blocking.run_blocking(_histories, inspected.session, inspected.repository_name, image, listed)

    def present(self, content: TagHistories) -> None:
        self._histories = content
        self._draw()

    def badge(self, content: TagHistories) -> str:
        return units.format_number(len(content.moves))

    @property
    def tag(self) -> str:
        """The tag whose history is shown; empty without one."""
        tags = self._histories.moves
        return self._tag if self._tag in tags else next(iter(tags), "")

    def _draw(self) -> None:
        if self.tag:
            self.view.change(*self._lines())
            self.keep_search()

    def on_resize(self) -> None:
        self._draw()

    def on_history_text_step_tag(self, message: HistoryText.StepTag) -> None:
        message.stop()
        tags = list(self._histories.moves)
        self._tag = tags[(tags.index(self.tag) + message.step) % len(tags)] if tags else ""
        self._draw()

    def show_tag(self, tag: str) -> None:
        """Show the history of a tag of the image, at once or as soon as it is read."""
        image = self.inspected.known_image
        if isinstance(image, Image) and tag in image.tags:
            self._tag = tag
            self._draw()

    def find(self, words: str) -> int:
        """Find words in the history; else show that of the next tag with them in its name."""
        found = super().find(words)
        if found or not words:
            return found
        tags = list(self._histories.moves)
        start = tags.index(self.tag) if tags else 0
        for tag in (*tags[start:], *tags[:start]):
            if words.casefold() in visible(tag).casefold():
                self.show_tag(tag)
                return super().find(words)
        return 0

    def _lines(self) -> tuple[TextDocument, Mapping[int, Link]]:
        tags = [f"‹{visible(tag)}›" if tag == self.tag else visible(tag) for tag in self._histories.moves]
        hint = key_hint(self, "text.next", "next tag") if len(tags) > 1 else ""
        room = MAX_TAG_ROWS * self.view.room
        if len(first_names(tags, room)) < len(tags):
            tag_number = list(self._histories.moves).index(self.tag)
            hint = " · ".join(filter(None, (f"tag {tag_number + 1:,} of {len(tags):,}", hint)))
            shown = first_names(tags[tag_number:], room)
            before, after = tag_number > 0, tag_number + len(shown) < len(tags)
            tags = [*["…"][:before], *shown, *["…"][:after]]
        moves = self._histories.moves[self.tag]
        known = sum(1 for move in moves if move.when is not None)
        head = f"tags   {'   '.join(tags)}"
        source = f"journal of this machine: {units.format_count(known, 'write')} to {visible(self.tag)}"
        for named in _NAMES:
            rows = [("when", "to", "from", "by", "how"), *(self._row(move, named) for move in moves)]
            widths = [max(cell_len(row[column]) for row in rows) for column in range(5)]
            if sum(widths) + 4 * len(_GAP) <= self.view.room:
                break
        lines = [head, " · ".join(filter(None, (source, hint))), ""]
        styles: dict[int, Sequence[Span]] = {0: [(0, 4, "$text-muted")], 1: [(0, len(lines[1]), "$text-muted")]}
        links: dict[int, Link] = {}
        for number, row in enumerate(rows):
            cells = [cell + " " * (width - cell_len(cell)) for cell, width in zip(row, widths, strict=True)]
            if number == 0:
                styles[len(lines)] = [(0, sum(widths) + 4 * len(_GAP), "$text-muted")]
            elif moves[number - 1].to:
                links[len(lines)] = Link("", moves[number - 1].to)
            lines.append(_GAP.join(cells).rstrip())
        return prepare_text("\n".join(lines), styles), links

    def _row(self, move: TagMove, named: _Names) -> tuple[str, str, str, str, str]:
        origin = move.origin
        return (
            units.format_age(move.when, time.time(), _UNKNOWN),
            self._image(move.to, move.to_tags, named.to) if move.to else "removed",
            _UNKNOWN if origin is None else self._image(origin, move.origin_tags, named.origin) or "new tag",
            visible(resource_of(move.by)) or _UNKNOWN,
            visible(move.how) or _UNKNOWN,
        )

    def _image(self, digest: str, tags: Sequence[str], most: int) -> str:
        """Return a digest with so many of its other tags, and the number of the rest; empty for no image."""
        others = [tag for tag in self._histories.names.get(digest, tags) if tag != self.tag] if most else []
        more = f"+{len(others) - most}" if len(others) > most else ""
        return visible(" ".join(filter(None, (short_digest(digest), *others[:most], more))))

    # Actions

    def action_put_back(self) -> None:
        """Plan to put the tag back at the image of the row."""
        link, tag, repository = self.view.link, self.tag, self.inspected.repository_name
        if link is None:
            return
        if link.digest == self.inspected.digest:
            self.notify(f"{tag} already points to this image.")
            return
        change = TagChange(repository, tag, link.digest, expect=self.inspected.digest)
        request = messages.PlanRequest(
            f"Put {tag} back at {short_digest(link.digest)}", lambda engine, line: engine.plan([change])
        )
        self.post_message(messages.OpenPlan(self.inspected.source, request))

    @property
    def _other_digest(self) -> str:
        """The digest of the row, if it is that of another image; else empty."""
        link = self.view.link
        return "" if link is None or link.digest == self.inspected.digest else link.digest

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave the key of the comparison to the screen, which asks for an image, unless the row has another one."""
        return super().check_action(action, parameters) and (action != "compare" or bool(self._other_digest))

    def action_compare(self) -> None:
        """Compare the image of the row with this image."""
        repository = self.inspected.repository_name
        one, other = (Reference(repository, digest=digest) for digest in (self._other_digest, self.inspected.digest))
        self.post_message(messages.OpenComparison(self.inspected.source, one, other))

    def on_linked_text_opened(self, message: LinkedText.Opened) -> None:
        message.stop()
        self.action_put_back()

    def copy_items(self) -> tuple[CopyItem, ...]:
        link = self.view.link
        return () if link is None else copy_words(("digest of the row", link.digest))


def _histories(session: Session, repository: str, image: Image, listed: Sequence[Image]) -> TagHistories:
    writes: dict[str, list[JournalEntry]] = {tag: [] for tag in image.tags}
    for entry in session.engine.history.search(repository, tags=image.tags):
        writes.setdefault(entry.tag, []).append(entry)
    moves = {tag: tag_moves(writes[tag], image.digest) for tag in image.tags}
    return TagHistories(moves, tags_by_digest(session, [*listed, image]))
