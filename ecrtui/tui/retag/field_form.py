"""The plan form with a field for what it plans; the plan follows what the user types."""

from __future__ import annotations

from collections.abc import Iterable

from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input

from ecrtui.ecr.units import format_names
from ecrtui.retag.plan import Plan
from ecrtui.tui.retag.plan_form import PlanForm
from ecrtui.tui.retag.plan_form_state import Phase, PlanFormState
from ecrtui.tui.textual_fixes.line_input import WordsInput


class FieldForm(PlanForm):
    """Asks for words and shows the plan while the user types.

    Args:
        title: The first line.
    """

    has_field = True
    placeholder = ""
    """The text in the field while it is empty."""

    def __init__(self, title: Content) -> None:
        super().__init__(title)
        self.set_reactive(PlanForm.state, PlanFormState())

    def fields(self) -> Iterable[Widget]:
        yield WordsInput(placeholder=self.placeholder, select_on_focus=False, classes="words")

    @property
    def field(self) -> Input:
        """The field."""
        return self.query_one(".words", Input)

    def words_of(self, line: str) -> tuple[str, ...]:
        """Return the words that the user typed."""
        return tuple(line.split())

    def problem_of(self, words: tuple[str, ...]) -> str:
        """Return what is wrong with the words, one problem on a line; empty if a plan can be made."""
        raise NotImplementedError

    def refused_hint(self, plan: Plan) -> str:
        tags = format_names([step.tag for step in plan.refused_steps])
        return f"Remove {tags} from the field."

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        if self.state.phase is Phase.EDIT and event.input is self.field:
            self.request_plan(self.words_of(event.value))

    def request_plan(self, tags: tuple[str, ...]) -> None:
        problem = self.problem_of(tags)
        super().request_plan(() if problem else tags)
        if problem or not tags:
            self.state = PlanFormState(tags=tags, problem=problem)

    def _focus_target(self) -> Widget:
        is_edited = self.state.phase is Phase.EDIT and not self.state.too_early
        return self.field if is_edited else super()._focus_target()

    def _show(self, state: PlanFormState) -> None:
        self.field.display = state.phase is Phase.EDIT
        super()._show(state)
