"""The lines above a comparison: the two images, and the names of the sections."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.cells import cell_len
from textual import events
from textual.app import RenderResult
from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from ecrtui.ecr import units
from ecrtui.ecr.digest import short_digest
from ecrtui.inspect.comparison.compared_image import ComparedImage
from ecrtui.inspect.comparison.comparison import SECTIONS
from ecrtui.inspect.comparison.layout import ONE_COLUMN_WIDTH
from ecrtui.tui import safe_text as text
from ecrtui.tui.fields_message import FieldsMessage


class ComparedImages(Widget):
    """Shows which images A and B are, on two lines, or beside each other where there is room."""

    DEFAULT_CSS = """
    ComparedImages { height: 2; padding: 0 1; background: $surface; }
    ComparedImages.-one-line { height: 1; }
    """

    images: reactive[tuple[ComparedImage, ...]] = reactive(())
    """Image A and image B; none before they are known."""

    def on_resize(self, event: events.Resize) -> None:
        self.set_class(event.size.width >= ONE_COLUMN_WIDTH, "-one-line")

    def render(self) -> RenderResult:
        width = self.content_size.width
        one_line = self.has_class("-one-line")
        room = (width - 2) // 2 if one_line else width
        parts = [_image(side, image, self._other(image), room) for side, image in zip("AB", self.images, strict=False)]
        return Content("  " if one_line else "\n").join(parts)

    def _other(self, image: ComparedImage) -> ComparedImage:
        return next((other for other in self.images if other is not image), image)


def _image(side: str, image: ComparedImage, other: ComparedImage, width: int) -> Content:
    """Return an image: its tags, its digest and its age; its repository too, unless both have the same one."""
    digest, age = short_digest(image.image.digest), units.format_age(image.image.pushed_at)
    where = f"{image.repository} " if image.repository != other.repository else ""
    end = f"  {digest}  {age}"
    tags = text.one_line(where + (" ".join(image.image.tags) or "untagged"), width - len(end) - 2)
    padding = " " * max(width - 2 - cell_len(tags) - len(end), 0)
    return Content.assemble(
        (f"{side} ", "bold $accent"), (tags, "$tag"), ("  " + digest, "$digest"), ("  " + age + padding, "$text-muted")
    )


class SectionBar(Widget):
    """Shows key, name and counts of each section; the current one between ‹ and ›. A click shows a section."""

    ALLOW_SELECT = False
    DEFAULT_CSS = """
    SectionBar { height: 1; padding: 0 1; background: $surface; color: $text-muted; text-wrap: nowrap; }
    """

    current: reactive[str] = reactive(SECTIONS[0])
    """The name of the section on the screen."""
    badges: reactive[tuple[str, ...]] = reactive(())
    """What is behind the names, in their order."""

    class Picked(FieldsMessage):
        """The user clicked a name."""

        number: int

    def render(self) -> RenderResult:
        parts = [
            (label, "bold $primary" if name == self.current else "")
            for name, label in zip(SECTIONS, self._labels(), strict=True)
        ]
        return Content(" ").join(Content.styled(*part) if part[1] else Content(part[0]) for part in parts)

    def on_click(self, event: events.Click) -> None:
        start = 1
        for number, label in enumerate(self._labels(), 1):
            if start <= event.x < start + cell_len(label):
                self.post_message(self.Picked(number))
            start += cell_len(label) + 1

    def _labels(self) -> Sequence[str]:
        """Return the names, with the counts if there is room for them."""
        badges = self.badges or ("",) * len(SECTIONS)
        full = [
            f"{number} {name} {badge}".rstrip()
            for number, (name, badge) in enumerate(zip(SECTIONS, badges, strict=True), 1)
        ]
        short = [f"{number} {name}" for number, name in enumerate(SECTIONS, 1)]
        fits = sum(map(cell_len, full)) + 2 * len(full) + len(full) - 1 <= self.content_size.width
        return list(self._framed(full if fits else short))

    def _framed(self, labels: Iterable[str]) -> Iterable[str]:
        for name, label in zip(SECTIONS, labels, strict=True):
            yield f"‹{label}›" if name == self.current else f" {label} "
