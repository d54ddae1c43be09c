"""The retag form: where the tag is typed, the plan is read, and the answer appears."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widgets import Input, Static

from ecrtui.errors import EcrTuiError
from ecrtui.model import tag as tags
from ecrtui.model.digest import short
from ecrtui.model.plan import Plan, Progress, Report
from ecrtui.ui import plan_text, text


@dataclass(frozen=True, slots=True)
class Source:
    """The image that gets the tags."""

    repository: str
    digest: str
    tags: tuple[str, ...] = ()
    age: str = ""
    """When it was pushed, in words."""
    note: str = ""
    """What must not be overlooked: that it is one platform of an index and not the index itself."""


class Phase(Enum):
    """Where the form is."""

    EDIT = "edit"
    CONFIRM = "confirm"
    WRITE = "write"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class State:
    """All that the form shows."""

    phase: Phase = Phase.EDIT
    wanted: tuple[str, ...] = ()
    plan: Plan | None = None
    planning: bool = False
    error: EcrTuiError | None = None
    report: Report | None = None
    progress: Progress | None = None
    complaint: str = ""


def split_tags(line: str) -> tuple[str, ...]:
    """The tags of a line, separated by spaces or commas, each once."""
    return tuple(dict.fromkeys(line.replace(",", " ").split()))


class RetagForm(VerticalScroll, can_focus=True):
    """Asks for tags, shows the plan as it is typed, wants Enter on it, and stays until the answer was read."""

    DEFAULT_CSS = """
    RetagForm {
        dock: bottom; height: auto; max-height: 65%; padding: 0 1;
        border-top: solid $warning; background: $surface;
    }
    RetagForm Input { border: none; height: 1; padding: 0; width: 1fr; background: $panel; }
    RetagForm Static { width: 1fr; height: auto; }
    RetagForm .keys { color: $text-muted; }
    """

    BINDINGS = [
        Binding("escape", "close", "close", priority=True),
        Binding("enter", "next", "next", show=False),
        Binding("m", "manifest", "manifest", show=False),
        Binding("r", "retry", "retry", show=False),
    ]

    state: reactive[State] = reactive(State())

    @dataclass
    class Changed(Message):
        """Other tags were typed; a plan is wanted."""

        form: RetagForm
        tags: tuple[str, ...]

    @dataclass
    class Applied(Message):
        """The plan that stands in the form is to be carried out."""

        form: RetagForm
        plan: Plan
        confirmed: tuple[str, ...]

    @dataclass
    class ManifestWanted(Message):
        """The manifest that PutImage answered with is to be shown."""

        title: str
        text: str

    @dataclass
    class Closed(Message):
        """The user is done with the form."""

        form: RetagForm

    @dataclass
    class Progressed(Message):
        """A step has its result. Posted from the thread that writes."""

        progress: Progress

    def __init__(self, source: Source) -> None:
        super().__init__()
        self.source = source

    def compose(self) -> ComposeResult:
        yield Static(self._head())
        yield Input(placeholder="new tag, or several with spaces between", select_on_focus=False, classes="tags")
        yield Input(placeholder="", select_on_focus=False, classes="confirm")
        yield Static(classes="told")
        yield Static(classes="keys")

    def on_mount(self) -> None:
        self.query_one(".tags", Input).focus()

    def planned(self, plan: Plan) -> None:
        """The plan for the tags that were typed last."""
        self.state = replace(self.state, plan=plan, planning=False, error=None, complaint="")

    def failed(self, error: EcrTuiError) -> None:
        """Planning or writing failed as a whole."""
        phase = Phase.DONE if self.state.phase is Phase.WRITE else self.state.phase
        self.state = replace(self.state, phase=phase, error=error, planning=False, progress=None)
        self._settle_focus()

    def reported(self, report: Report) -> None:
        """The write has been answered."""
        self.state = replace(self.state, phase=Phase.DONE, report=report, error=None, progress=None)
        self._settle_focus()

    def on_retag_form_progressed(self, message: Progressed) -> None:
        message.stop()
        if self.state.phase is Phase.WRITE:
            self.state = replace(self.state, progress=message.progress)

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        if self.state.phase is Phase.EDIT and event.input.has_class("tags"):
            self._want(split_tags(event.value))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self._submit(event.value)

    def action_next(self) -> None:
        """Enter on the answer closes the form."""
        if self.state.phase is Phase.DONE:
            self.post_message(self.Closed(self))

    def action_close(self) -> None:
        """Esc: from the confirmation back to the tags, else away; a write in flight stays."""
        if self.state.phase is Phase.CONFIRM:
            self.state = replace(self.state, phase=Phase.EDIT, complaint="")
            self._settle_focus()
        elif self.state.phase is not Phase.WRITE:
            self.post_message(self.Closed(self))

    def action_retry(self) -> None:
        """Plan again after a failure; the answer to what is so now comes with the plan."""
        if self.state.phase is Phase.DONE and self._has_failed():
            wanted = self.state.wanted
            self.state = State()
            self._settle_focus()
            self._want(wanted)

    def action_manifest(self) -> None:
        """Show the manifest that PutImage has answered with."""
        report = self.state.report
        for result in report.results if report else ():
            if result.result is not None:
                self.post_message(self.ManifestWanted(f"{result.result.digest}", result.result.manifest))
                return

    def watch_state(self, state: State) -> None:
        if not self.is_mounted:
            return
        self.query_one(".tags", Input).display = state.phase is Phase.EDIT
        confirm = self.query_one(".confirm", Input)
        confirm.display = state.phase is Phase.CONFIRM
        if state.phase is not Phase.CONFIRM:
            confirm.value = ""
        self.query_one(".told", Static).update(self._told(state))
        self.query_one(".keys", Static).update(Content(self._keys(state)))

    def _want(self, wanted: tuple[str, ...]) -> None:
        problems = [f"{tag}: {problem}" for tag in wanted if (problem := tags.problem_with(tag))]
        self.state = State(wanted=wanted, planning=bool(wanted) and not problems, complaint="\n".join(problems))
        if not problems:
            self.post_message(self.Changed(self, wanted))

    def _submit(self, line: str) -> None:
        state, plan = self.state, self.state.plan
        if plan is None:
            if state.error is not None:
                self._want(state.wanted)
            return
        if state.phase is Phase.CONFIRM:
            missing = set(plan.protected_tags) - set(split_tags(line))
            if missing:
                self.state = replace(state, complaint=f"not typed: {' '.join(sorted(missing))}")
            else:
                self._apply(plan, plan.protected_tags)
        elif plan.refused:
            self.state = replace(state, complaint="take out what is refused, then press Enter")
        elif plan.protected_tags:
            self.state = replace(state, phase=Phase.CONFIRM, complaint="")
            self._settle_focus()
        else:
            self._apply(plan, ())

    def _apply(self, plan: Plan, confirmed: tuple[str, ...]) -> None:
        self.state = replace(self.state, phase=Phase.WRITE, complaint="")
        self._settle_focus()
        self.post_message(self.Applied(self, plan, confirmed))

    def _settle_focus(self) -> None:
        """The field that is being filled in, or the form itself when there is none."""
        field = {Phase.EDIT: ".tags", Phase.CONFIRM: ".confirm"}.get(self.state.phase)
        if not self.is_attached:
            return
        if field:
            self.query_one(field, Input).focus()
        else:
            self.focus()

    def _has_failed(self) -> bool:
        report = self.state.report
        return self.state.error is not None or any(result.error for result in (report.results if report else ()))

    def _head(self) -> Content:
        source = self.source
        parts: list[plan_text.Part] = [("Retag ", "bold"), (short(source.digest), "bold $accent"), " in "]
        parts += [text.content(source.repository, "bold"), "  "]
        known = " ".join(source.tags[:6]) + (f" and {len(source.tags) - 6} more" if len(source.tags) > 6 else "")
        parts.append(text.content(known or "untagged", "dim"))
        if source.age:
            parts.append((f"  pushed {source.age}", "dim"))
        if source.note:
            parts += ["\n", plan_text.warning_line(source.note)]
        return Content.assemble(*parts)

    def _told(self, state: State) -> Content:
        lines: list[Content] = []
        if state.report is not None:
            lines.append(plan_text.report_lines(state.report))
        elif state.plan is not None:
            lines.append(plan_text.plan_lines(state.plan))
        if state.planning and state.plan is None:
            lines.append(Content.styled("  reading where the tags are…", "dim"))
        if state.phase is Phase.CONFIRM and state.plan is not None:
            words = " ".join(state.plan.protected_tags)
            lines.append(
                Content.assemble(
                    "  Protected. Type ", text.content(words, "bold $warning"), " once more and press Enter."
                )
            )
        if state.phase is Phase.WRITE:
            lines.append(self._writing(state))
        if state.complaint:
            lines += [plan_text.warning_line(line) for line in state.complaint.splitlines()]
        if state.error is not None:
            lines += plan_text.error_lines(state.error)
        return Content("\n").join(lines)

    @staticmethod
    def _writing(state: State) -> Content:
        progress = state.progress
        count = f" {progress.done}/{progress.total}" if progress else ""
        return Content.styled(f"  writing…{count}", "bold")

    def _keys(self, state: State) -> str:
        match state.phase:
            case Phase.EDIT if state.plan is None:
                return "type the tags · esc cancel"
            case Phase.EDIT:
                return "enter apply · esc cancel"
            case Phase.CONFIRM:
                return "enter apply · esc back"
            case Phase.WRITE:
                return "the write cannot be called back"
            case Phase.DONE:
                retry = " · r try again" if self._has_failed() else ""
                manifest = " · m manifest" if state.report and any(r.result for r in state.report.results) else ""
                return f"enter close{manifest}{retry}"
