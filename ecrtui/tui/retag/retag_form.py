"""The retag form: the plan form with a field where tags are typed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from textual.content import Content
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input

from ecrtui.ecr import tag as tags
from ecrtui.ecr.digest import short_digest
from ecrtui.tui import safe_text as text
from ecrtui.tui.retag import rendering as plan_text
from ecrtui.tui.retag.plan_form import Phase, PlanForm, PlanFormState

TAGS_SHOWN = 6
"""Tags of the source that the head of the form names before it counts the rest."""


@dataclass(frozen=True, slots=True)
class RetagSource:
    """The image that gets the tags."""

    repository: str
    digest: str
    tags: tuple[str, ...] = ()
    age: str = ""
    """When it was pushed, in words."""
    note: str = ""
    """What must not be overlooked: that it is one platform of an index and not the index itself."""


class RetagForm(PlanForm):
    """Asks for tags and shows the plan as it is typed."""

    @dataclass
    class Changed(Message):
        """Other tags were typed; a plan is wanted."""

        form: RetagForm
        tags: tuple[str, ...]

    def __init__(self, source: RetagSource) -> None:
        super().__init__(_head(source))
        self.source = source
        self.set_reactive(PlanForm.state, PlanFormState())

    def fields(self) -> Iterable[Widget]:
        yield Input(placeholder="new tag, or several with spaces between", select_on_focus=False, classes="tags")

    @property
    def field(self) -> Input:
        """Where tags are typed."""
        return self.query_one(".tags", Input)

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        if self.state.phase is Phase.EDIT and event.input is self.field:
            self._want(tags.parse_tags(event.value))

    def on_plan_form_again(self, message: PlanForm.Again) -> None:
        message.stop()
        self._want(self.state.wanted)

    def _want(self, wanted: tuple[str, ...]) -> None:
        problems = [f"{tag}: {problem}" for tag in wanted if (problem := tags.tag_error(tag))]
        self.state = PlanFormState(wanted=wanted, planning=bool(wanted) and not problems, complaint="\n".join(problems))
        self.post_message(self.Changed(self, () if problems else wanted))

    def _field(self) -> Widget:
        return self.field if self.state.phase is Phase.EDIT else super()._field()

    def _show(self, state: PlanFormState) -> None:
        self.field.display = state.phase is Phase.EDIT
        super()._show(state)


def _head(source: RetagSource) -> Content:
    parts: list[plan_text.Part] = [("Retag ", "bold"), (short_digest(source.digest), "bold $accent"), " in "]
    parts += [text.content(source.repository, "bold"), "  "]
    more = len(source.tags) - TAGS_SHOWN
    known = " ".join(source.tags[:TAGS_SHOWN]) + (f" and {more} more" if more > 0 else "")
    parts.append(text.content(known or "untagged", "dim"))
    if source.age:
        parts.append((f"  pushed {source.age}", "dim"))
    if source.note:
        parts += ["\n", plan_text.warning_line(source.note)]
    return Content.assemble(*parts)
