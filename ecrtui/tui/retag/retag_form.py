"""The plan form with a field for the new tags of an image."""

from __future__ import annotations

from dataclasses import dataclass

from textual.content import Content

from ecrtui.ecr.digest import short_digest
from ecrtui.ecr.tag import join_tags, parse_tags, tag_error
from ecrtui.tui import safe_text as text
from ecrtui.tui.retag import rendering
from ecrtui.tui.retag.field_form import FieldForm


@dataclass(frozen=True, slots=True)
class RetagSource:
    """The image to tag or to copy.

    Args:
        repository: The name of its repository.
        digest: Its digest.
        tags: Its current tags.
        age: When it was pushed, as text.
        note: A warning about the image, for example that it is one platform of an index.
    """

    repository: str
    digest: str
    tags: tuple[str, ...] = ()
    age: str = ""
    note: str = ""


class RetagForm(FieldForm):
    """Asks for tags and shows the plan while the user types.

    Args:
        source: the image.
        explanation: where the tags come from that the field has at first; empty for none.
    """

    placeholder = "new tags, separated by spaces"

    def __init__(self, source: RetagSource, explanation: str = "") -> None:
        title = image_title("Retag", source)
        super().__init__(Content.assemble(title, "\n", (explanation, "dim")) if explanation else title)
        self.source = source

    def words_of(self, line: str) -> tuple[str, ...]:
        return parse_tags(line)

    def problem_of(self, words: tuple[str, ...]) -> str:
        return "\n".join(f"{tag}: {problem}" for tag in words if (problem := tag_error(tag)))


def image_title(verb: str, source: RetagSource) -> Content:
    """Return the first line of a form that does something with an image, and a line with the note."""
    parts: list[rendering.Part] = [(f"{verb} ", "bold"), (short_digest(source.digest), "bold $digest"), " in "]
    parts += [text.content(source.repository, "bold"), "  "]
    parts.append(text.content(join_tags(source.tags, rendering.MAX_TAGS) or "untagged", "dim"))
    if source.age:
        parts.append((f"  {source.age}", "dim"))
    if source.note:
        parts += ["\n", rendering.warning_line(source.note)]
    return Content.assemble(*parts)
