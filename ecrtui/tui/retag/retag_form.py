"""The plan form with a field for the new tags of an image."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input

from ecrtui.ecr.digest import short_digest
from ecrtui.ecr.tag import parse_tags, tag_error
from ecrtui.tui import safe_text as text
from ecrtui.tui.retag import rendering
from ecrtui.tui.retag.plan_form import Phase, PlanForm, PlanFormState
from ecrtui.tui.textual_fixes.line_input import WordsInput

MAX_TAGS_IN_TITLE = 6
"""Number of tags of the image that the title names; it counts the rest."""


@dataclass(frozen=True, slots=True)
class RetagSource:
    """The image to tag.

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


class RetagForm(PlanForm):
    """Asks for tags and shows the plan while the user types."""

    has_field = True

    def __init__(self, source: RetagSource) -> None:
        super().__init__(_title(source))
        self.source = source
        self.set_reactive(PlanForm.state, PlanFormState())

    def fields(self) -> Iterable[Widget]:
        yield WordsInput(placeholder="new tags, separated by spaces", select_on_focus=False, classes="tags")

    @property
    def tags_field(self) -> Input:
        """The field for the tags."""
        return self.query_one(".tags", Input)

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        if self.state.phase is Phase.EDIT and event.input is self.tags_field:
            self.request_plan(parse_tags(event.value))

    def request_plan(self, tags: tuple[str, ...]) -> None:
        problems = [f"{tag}: {problem}" for tag in tags if (problem := tag_error(tag))]
        super().request_plan(() if problems else tags)
        if problems or not tags:
            self.state = PlanFormState(tags=tags, problem="\n".join(problems))

    def _focus_target(self) -> Widget:
        is_edited = self.state.phase is Phase.EDIT and not self.state.too_early
        return self.tags_field if is_edited else super()._focus_target()

    def _show(self, state: PlanFormState) -> None:
        self.tags_field.display = state.phase is Phase.EDIT
        super()._show(state)


def _title(source: RetagSource) -> Content:
    parts: list[rendering.Part] = [("Retag ", "bold"), (short_digest(source.digest), "bold $accent"), " in "]
    parts += [text.content(source.repository, "bold"), "  "]
    more = len(source.tags) - MAX_TAGS_IN_TITLE
    tags = " ".join(source.tags[:MAX_TAGS_IN_TITLE]) + (f" and {more} more" if more > 0 else "")
    parts.append(text.content(tags or "untagged", "dim"))
    if source.age:
        parts.append((f"  pushed {source.age}", "dim"))
    if source.note:
        parts += ["\n", rendering.warning_line(source.note)]
    return Content.assemble(*parts)
