"""The plan form: a plan is read, confirmed and carried out in place, and its answer stands where it was asked for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import Enum

from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget
from textual.widgets import Input, Static

from ecrtui.ecr import tag as tags
from ecrtui.ecr import units
from ecrtui.errors import EcrTuiError
from ecrtui.retag.plan import OnConflict, Plan, Progress, Report, StepResult
from ecrtui.tui import safe_text as text
from ecrtui.tui.bindings import bindings
from ecrtui.tui.retag import rendering as plan_text


class Phase(Enum):
    """Where the form is."""

    EDIT = "edit"
    CONFIRM = "confirm"
    WRITE = "write"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class PlanFormState:
    """All that the form shows."""

    phase: Phase = Phase.EDIT
    wanted: tuple[str, ...] = ()
    """The tags that were typed, where the form has a field for them."""
    plan: Plan | None = None
    planning: bool = False
    error: EcrTuiError | None = None
    report: Report | None = None
    progress: Progress | None = None
    complaint: str = ""

    @property
    def has_failed(self) -> bool:
        """Whether there is an error to try again after."""
        return self.error is not None or any(result.error for result in (self.report.results if self.report else ()))

    @property
    def has_manifest(self) -> bool:
        """Whether PutImage has answered with a manifest."""
        return self.report is not None and any(result.result for result in self.report.results)


class PlanForm(Vertical, can_focus=True):
    """Shows a plan, wants Enter on it (and a protected tag typed once more), and stays until the answer was read."""

    DEFAULT_CSS = """
    PlanForm {
        height: auto; padding: 0 1;
        border-top: solid $warning; background: $surface;
    }
    PlanForm Input, PlanForm Input:focus { border: none; height: 1; padding: 0; width: 1fr; background: $panel; }
    PlanForm Static { width: 1fr; height: auto; }
    PlanForm .scroll { height: auto; max-height: 50vh; scrollbar-size-vertical: 1; }
    PlanForm .keys { color: $text-muted; }
    """

    BINDINGS = bindings("plan_form")

    state: reactive[PlanFormState] = reactive(PlanFormState())
    on_conflict = OnConflict.STOP

    @dataclass
    class Applied(Message):
        """The plan that stands in the form is to be carried out."""

        form: PlanForm
        plan: Plan
        confirmed: tuple[str, ...]
        """The protected tags that were typed once more."""
        on_conflict: OnConflict

    @dataclass
    class Again(Message):
        """Something failed, and the user wants to try again: a fresh plan is wanted."""

        form: PlanForm

    @dataclass
    class ManifestWanted(Message):
        """The manifest that PutImage answered with is to be shown."""

        title: str
        text: str

    @dataclass
    class Closed(Message):
        """The user is done with the form."""

        form: PlanForm

    @dataclass
    class Progressed(Message):
        """A step has its result. Posted from the thread that writes."""

        result: StepResult
        progress: Progress

    stopping = False
    """Whether the user wants no further step begun. Read by the thread that writes, between two steps."""

    def __init__(self, head: Content, plan: Plan | None = None) -> None:
        super().__init__()
        self.head = head
        self.set_reactive(PlanForm.state, PlanFormState(plan=plan, planning=plan is None))

    def compose(self) -> ComposeResult:
        yield Static(self.head)
        yield from self.fields()
        yield Input(select_on_focus=False, classes="confirm")
        yield VerticalScroll(Static(classes="told"), classes="scroll", can_focus=False)
        yield Static(classes="keys")

    def fields(self) -> Iterable[Widget]:
        """What is filled in before there is a plan."""
        return ()

    def on_mount(self) -> None:
        self._show(self.state)
        self.settle_focus()

    def planned(self, plan: Plan) -> None:
        """The plan that was wanted last."""
        self.state = replace(self.state, plan=plan, planning=False, error=None, complaint="")

    def failed(self, error: EcrTuiError) -> None:
        """Planning or writing failed as a whole."""
        phase = Phase.DONE if self.state.phase is Phase.WRITE else self.state.phase
        self.state = replace(self.state, phase=phase, error=error, planning=False, progress=None)
        self.settle_focus()

    def reported(self, report: Report) -> None:
        """The write has been answered."""
        self.state = replace(self.state, phase=Phase.DONE, report=report, error=None, progress=None)
        self.settle_focus()

    def start_over(self, state: PlanFormState) -> None:
        """Back to the beginning with what was typed."""
        self.state = state
        self.settle_focus()

    def on_plan_form_progressed(self, message: Progressed) -> None:
        message.stop()
        if self.state.phase is Phase.WRITE:
            self.state = replace(self.state, progress=message.progress)

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.submit(event.value)

    def action_submit(self) -> None:
        """Enter on the plan applies it; on the answer it closes the form."""
        if self.state.phase is Phase.DONE:
            self.post_message(self.Closed(self))
        elif self.state.phase is Phase.EDIT:
            self.submit("")

    def action_close(self) -> None:
        """Esc: from the confirmation back to the plan, else away; a write in flight stays."""
        if self.state.phase is Phase.CONFIRM:
            self.state = replace(self.state, phase=Phase.EDIT, complaint="")
            self.settle_focus()
        elif self.state.phase is not Phase.WRITE:
            self.post_message(self.Closed(self))

    def action_retry(self) -> None:
        """Plan again after a failure; what is so by now comes with the plan."""
        if self.state.has_failed and self.state.phase in (Phase.DONE, Phase.EDIT):
            self.start_over(PlanFormState(wanted=self.state.wanted, planning=True))
            self.post_message(self.Again(self))

    def action_scroll(self, lines: int) -> None:
        """Scroll what is told, by lines."""
        self.query_one(".scroll", VerticalScroll).scroll_relative(y=lines, animate=False)

    def action_manifest(self) -> None:
        """Show the manifest that PutImage has answered with."""
        report = self.state.report
        answer = next((result.result for result in (report.results if report else ()) if result.result), None)
        if answer is not None:
            self.post_message(self.ManifestWanted(answer.digest, answer.manifest))

    def submit(self, line: str) -> None:
        """Enter: with a plan that can be carried out, carry it out; the line is what was typed to confirm."""
        state, plan = self.state, self.state.plan
        if plan is None:
            self.action_retry()
        elif state.phase is Phase.CONFIRM:
            missing = set(plan.protected_tags) - set(tags.parse_tags(line))
            if missing:
                self.state = replace(state, complaint=f"not typed: {' '.join(sorted(missing))}")
            else:
                self._apply(plan, plan.protected_tags)
        elif not _can_be_applied(plan):
            self.state = replace(state, complaint="nothing is written while a step is refused")
        elif plan.protected_tags:
            self.state = replace(state, phase=Phase.CONFIRM, complaint="")
            self.settle_focus()
        else:
            self._apply(plan, ())

    def _apply(self, plan: Plan, confirmed: tuple[str, ...]) -> None:
        self.state = replace(self.state, phase=Phase.WRITE, complaint="")
        self.settle_focus()
        on_conflict = OnConflict.CONTINUE if _takes_back_what_it_can(plan) else self.on_conflict
        self.post_message(self.Applied(self, plan, confirmed, on_conflict))

    def settle_focus(self) -> None:
        """The field that is being filled in, or the form itself when there is none."""
        if self.is_attached:
            self._field().focus()

    def _field(self) -> Widget:
        return self.query_one(".confirm", Input) if self.state.phase is Phase.CONFIRM else self

    def watch_state(self, state: PlanFormState) -> None:
        if self.is_mounted and self.display:  # which is over as soon as the form is being taken away
            self._show(state)

    def _show(self, state: PlanFormState) -> None:
        confirm = self.query_one(".confirm", Input)
        confirm.display = state.phase is Phase.CONFIRM
        if state.phase is not Phase.CONFIRM:
            confirm.value = ""
        self.query_one(".told", Static).update(self._told(state))
        self.query_one(".keys", Static).update(Content(self.keys(state)))

    def _told(self, state: PlanFormState) -> Content:
        lines: list[Content] = []
        if state.report is not None:
            lines.append(self.report_lines(state.report))
        elif state.plan is not None:
            lines.append(self.plan_lines(state.plan))
        elif state.planning:
            lines.append(Content.styled("  reading where the tags are…", "dim"))
        if state.phase is Phase.CONFIRM and state.plan is not None:
            tags = text.content(" ".join(state.plan.protected_tags), "bold $warning")
            lines.append(Content.assemble("  Protected. Type ", tags, " once more and press Enter."))
        if state.phase is Phase.WRITE:
            lines.append(_writing(state.progress))
        if state.complaint:
            lines += [plan_text.warning_line(line) for line in state.complaint.splitlines()]
        if state.error is not None:
            lines += plan_text.error_lines(state.error)
        return Content("\n").join(lines)

    def plan_lines(self, plan: Plan) -> Content:
        """What is told of a plan."""
        return plan_text.plan_lines(plan)

    def report_lines(self, report: Report) -> Content:
        """What is told of what became of it."""
        return plan_text.report_lines(report)

    def keys(self, state: PlanFormState) -> str:
        """What can be pressed now."""
        retry = " · r try again" if state.has_failed else ""
        if state.phase is Phase.WRITE:
            return "a write cannot be called back"
        if state.phase is Phase.CONFIRM:
            return "enter apply · esc back"
        if state.phase is Phase.DONE:
            return "enter close" + (" · m manifest" if state.has_manifest else "") + retry
        return ("enter apply · " if state.plan and _can_be_applied(state.plan) else "") + "esc cancel" + retry


def _can_be_applied(plan: Plan) -> bool:
    """Whether nothing of it is refused, or it may be done in part."""
    return not plan.refused_steps or _takes_back_what_it_can(plan)


def _takes_back_what_it_can(plan: Plan) -> bool:
    """An undo goes on beside what cannot be taken back, and says why; everything else is done whole or not at all."""
    return plan.kind == "undo" and bool(plan.write_steps)


def _writing(progress: Progress | None) -> Content:
    words = "  writing…"
    if progress is not None:
        words += f" {progress.done}/{progress.total}"
        if progress.seconds_left >= 1:
            words += f", about {units.format_duration(progress.seconds_left)} left"
    return Content.styled(words, "bold")
