"""The lines above a comparison: the two images, and the names of the sections."""

from __future__ import annotations

from rich.cells import cell_len
from textual import events
from textual.app import RenderResult
from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from ecrtui.ecr import units
from ecrtui.ecr.digest import short_digest
from ecrtui.inspect.comparison.compared_image import ComparedImage
from ecrtui.inspect.comparison.layout import ONE_COLUMN_WIDTH
from ecrtui.tui import safe_text as text
from ecrtui.tui.widgets.tab_line import TabEntry


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


TABS = tuple(
    TabEntry(name, f"compare.{name}", name, short_name, drop)
    for name, short_name, drop in (
        ("summary", "sum", 6),
        ("config", "conf", 4),
        ("layers", "layers", 3),
        ("packages", "pkgs", 2),
        ("findings", "find", 1),
        ("manifest", "manif", 5),
    )
)
"""The sections in the tab line, in the order of :data:`ecrtui.inspect.comparison.comparison.SECTIONS`."""
