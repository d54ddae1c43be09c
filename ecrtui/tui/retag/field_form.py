"""The plan form with a field for what it plans; the plan follows what the user types."""

from __future__ import annotations

from collections.abc import Iterable

from textual.content import Content
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import Input

from ecrtui.ecr.units import format_names
from ecrtui.retag.plan import Plan
from ecrtui.tui.retag.plan_form import PlanForm
from ecrtui.tui.retag.plan_form_state import Phase, PlanFormState
from ecrtui.tui.textual_fixes.line_input import WordsInput

NOT_YET = "…".ljust(len("apply"))
"""The label of Enter while it cannot apply the plan on the screen. The keys behind it stay where they are."""


class FieldForm(PlanForm):
    """Asks for words and shows the plan while the user types.

    Args:
        title: The first line.
    """

    has_field = True
    placeholder = ""
    """The text in the field while it is empty."""

    plan_delay = 1.0
    """Seconds for which the form still shows the last plan while it makes the next one. Most plans need less."""

    def __init__(self, title: Content) -> None:
        super().__init__(title)
        self._planning: Timer | None = None
        """Runs out when the form has to show that it still makes a plan."""
        self._shown = PlanFormState()
        """What the form shows: the state, or an earlier one while the timer runs."""
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
            words = self.words_of(event.value)
            if words != self.state.tags or self.state.error is not None:
                self.request_plan(words)

    def request_plan(self, tags: tuple[str, ...]) -> None:
        problem = self.problem_of(tags)
        super().request_plan(() if problem else tags)
        if problem or not tags:
            self.state = PlanFormState(tags=tags, problem=problem)

    def watch_state(self, state: PlanFormState) -> None:
        """Show the state. Each letter would draw the form twice if it showed at once that a plan is being made."""
        shown = self._shown
        if state.planning and not state.too_early and shown.phase is Phase.EDIT and shown.error is None:
            self._planning = self._planning or self.set_timer(self.plan_delay, self._show_now)
        else:
            self._show_now()

    def _show_now(self) -> None:
        if self._planning is not None:
            self._planning.stop()
            self._planning = None
        self._shown = self.state
        super().watch_state(self.state)

    def keys(self, state: PlanFormState) -> Iterable[tuple[str, str]]:
        """Yield the actions of what the form shows; while it shows that it makes a plan, keep the keys in their places.

        The footer would change twice for each letter.
        """
        if self._planning is not None:
            state = self._shown
        elif state.planning and state.phase is Phase.EDIT:
            yield "plan_form.submit", NOT_YET
        yield from super().keys(state)

    def _focus_target(self) -> Widget:
        return self.field if _is_edited(self.state) else super()._focus_target()

    def _retry_key(self, state: PlanFormState) -> Iterable[tuple[str, str]]:
        """Name the key that also works in the field, which takes a letter as text."""
        if not _is_edited(state):
            yield from super()._retry_key(state)
        elif self._can_retry(state) and state.plan is None:
            yield "plan_form.submit", "try again"

    def _show(self, state: PlanFormState) -> None:
        self.field.display = state.phase is Phase.EDIT
        scroll = self.query_one(".scroll")
        scroll.styles.min_height = scroll.size.height if state.planning else None  # the lines above stay in place
        super()._show(state)


def _is_edited(state: PlanFormState) -> bool:
    """Return True while the field has the focus."""
    return state.phase is Phase.EDIT and not state.too_early
