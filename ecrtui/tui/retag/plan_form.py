"""A form at the bottom of a screen that shows a plan, asks for confirmation and shows the result."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget
from textual.widgets import Input, Static

from ecrtui.ecr import units
from ecrtui.ecr.tag import parse_tags
from ecrtui.ecr.text_formats import Texts
from ecrtui.errors import EcrTuiError
from ecrtui.retag import change_record
from ecrtui.retag.plan import OnConflict, Plan, Progress, Report
from ecrtui.tui import safe_text as text
from ecrtui.tui.base_screen import registry_in_words
from ecrtui.tui.bindings import bindings, footer_hint, key_that_helps, shown_key
from ecrtui.tui.fields_message import FieldsMessage
from ecrtui.tui.retag import rendering
from ecrtui.tui.retag.plan_form_state import Phase, PlanFormState, can_be_applied, is_partial_undo, undo_verb
from ecrtui.tui.textual_fixes.footer import KeyHint
from ecrtui.tui.textual_fixes.key_queue import OrderedKeysApp
from ecrtui.tui.textual_fixes.line_input import WordsInput
from ecrtui.tui.toasts import keep_toasts_above
from ecrtui.tui.widgets.indented_text import IndentedText

if TYPE_CHECKING:
    from ecrtui.retag.engine import Engine


class PlanForm(Vertical, can_focus=True):
    """Shows a plan and applies it on Enter. A protected tag has to be typed first. The form then shows the result.

    Args:
        title: The first line.
        plan: The plan; None if the screen makes it on :class:`PlanRequested`.
        make_plan: Makes the plan again after a failure; None if the screen knows how to.
    """

    DEFAULT_CSS = """
    PlanForm {
        height: auto; padding: 0 1;
        border-top: solid $warning; background: $surface;
    }
    PlanForm Input, PlanForm Input:focus { border: none; height: 1; padding: 0; width: 1fr; background: $panel; }
    PlanForm Static { width: 1fr; height: auto; }
    PlanForm .scroll { height: auto; max-height: 50vh; scrollbar-size-vertical: 1; }
    PlanForm .status { display: none; max-height: 33vh; }
    """

    BINDINGS = bindings("plan_form")

    state: reactive[PlanFormState] = reactive(PlanFormState())
    on_conflict = OnConflict.STOP
    has_field = False
    """True if the form has a field for what it plans."""

    stops_after = ""
    """What a write finishes before it stops: "this row"; empty for a tag of the plan."""

    stopping = False
    """True if no further step may start. The writing thread reads it between two steps."""

    class PlanRequested(FieldsMessage):
        """The form needs a plan. Without tags, the form needs none and ignores a plan that is still being made."""

        form: PlanForm
        tags: tuple[str, ...]

    class ApplyRequested(FieldsMessage):
        """The user confirmed the plan.

        Args:
            form: The form.
            plan: The plan to apply.
            confirmed: The protected tags that the user typed.
            on_conflict: What to do when a tag was moved by someone else.
        """

        form: PlanForm
        plan: Plan
        confirmed: tuple[str, ...]
        on_conflict: OnConflict

    class ManifestRequested(FieldsMessage):
        """The user wants to see the manifest that PutImage returned."""

        title: str
        text: str

    class UndoRequested(FieldsMessage):
        """The user wants to undo what the result shows."""

        form: PlanForm
        plan: Plan

    class SaveRequested(FieldsMessage):
        """The user wants to save the result in a file."""

        texts: Texts

    class CopyRequested(FieldsMessage):
        """The user wants to copy the result."""

        texts: Texts

    class Closed(FieldsMessage):
        """The user closed the form."""

        form: PlanForm

    def __init__(
        self, title: Content, plan: Plan | None = None, make_plan: Callable[[Engine], Plan] | None = None
    ) -> None:
        super().__init__()
        self.title = title
        self.make_plan = make_plan
        self._can_replan = plan is None or make_plan is not None
        self._plan_shown_at = time.monotonic()
        self.set_reactive(PlanForm.state, PlanFormState(plan=plan, planning=plan is None))

    def compose(self) -> ComposeResult:
        yield Static(self.title, classes="title")
        yield from self.fields()
        yield WordsInput(select_on_focus=False, classes="confirm")
        yield VerticalScroll(IndentedText(classes="content"), classes="scroll", can_focus=False)
        yield IndentedText(classes="status")

    def fields(self) -> Iterable[Widget]:
        """Return the input fields that a subclass adds below the title."""
        return ()

    def on_resize(self, event: events.Resize) -> None:
        keep_toasts_above(self.screen, event.size.height + 1)  # the border too

    def on_unmount(self) -> None:
        if self.screen.is_attached:
            keep_toasts_above(self.screen, 0)

    def on_mount(self) -> None:
        self._show(self.state)
        self.take_focus()

    def request_plan(self, tags: tuple[str, ...]) -> None:
        """Ask the screen for a plan."""
        self.stopping = False
        self.state = PlanFormState(tags=tags, planning=True)
        self.post_message(self.PlanRequested(self, tags))

    def show_title(self, title: Content) -> None:
        """Replace the first line."""
        self.title = title
        if self._has_widgets:
            self.query_one(".title", Static).update(title)

    def show_plan(self, plan: Plan, tags: tuple[str, ...] = ()) -> None:
        """Show a plan. Ignore it if the user has typed other tags since it was requested.

        Args:
            plan: The plan.
            tags: The tags of its :class:`PlanRequested`.
        """
        if tags != self.state.tags:
            return
        self._plan_shown_at = time.monotonic()
        self.state = replace(self.state, plan=plan, planning=False, error=None, problem="")

    def show_error(self, error: EcrTuiError, tags: tuple[str, ...] | None = None) -> None:
        """Show that planning or writing failed as a whole. Ignore it if the user has typed other tags since then.

        Args:
            error: The error.
            tags: The tags of the :class:`PlanRequested` that failed; None for any other error.
        """
        if tags is not None and tags != self.state.tags:
            return
        phase = Phase.DONE if self.state.phase is Phase.WRITE else self.state.phase
        self.state = replace(self.state, phase=phase, error=error, planning=False, progress=None)
        self._show_first_line()

    def show_progress(self, progress: Progress) -> None:
        """Show the progress of the write."""
        if self.state.phase is Phase.WRITE:
            self.state = replace(self.state, progress=progress, retried=None)

    def show_retry(self, error: EcrTuiError) -> None:
        """Show why a request is sent again."""
        if self.state.phase is Phase.WRITE:
            self.state = replace(self.state, retried=error)

    def show_report(self, report: Report) -> None:
        """Show the result of the write."""
        self.state = replace(self.state, phase=Phase.DONE, report=report, error=None, progress=None)
        self._show_first_line()

    def _show_first_line(self) -> None:
        """Show the first line of what is new; the user may have scrolled what was there before."""
        if self._has_widgets:
            self.query_one(".scroll", VerticalScroll).scroll_home(animate=False)
            self.take_focus()

    @property
    def _has_widgets(self) -> bool:
        """True from the mounting of the form to its removal. A write can end after that."""
        return self.is_mounted and self.display  # what is being removed is not displayed

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self._submit(event.value)

    def action_submit(self) -> None:
        """Apply the plan; close the form if the result is shown."""
        if self.state.phase is Phase.DONE:
            self.post_message(self.Closed(self))
        else:
            self._submit(self.query_one(".confirm", Input).value)

    def action_close(self) -> None:
        """Return from the confirmation to the plan or to the field, or close the form.

        A write in flight keeps it open; one that can be stopped is stopped.
        """
        if self._returns_to_field(self.state):
            self.state = replace(self.state, too_early=False)
            self.take_focus()
        elif self.state.phase is Phase.CONFIRM:
            self.state = replace(self.state, phase=Phase.EDIT, problem="")
            self.take_focus()
        elif self.state.phase is not Phase.WRITE:
            self.post_message(self.Closed(self))
        elif self._stops_after():
            self.stopping = True
            self.watch_state(self.state)

    def action_retry(self) -> None:
        """Request a new plan after a failure."""
        if self._can_retry(self.state) and self.state.phase in (Phase.DONE, Phase.EDIT):
            self.request_plan(self.state.tags)
            self.take_focus()

    def action_scroll(self, lines: int) -> None:
        """Scroll the plan or the result."""
        self.query_one(".scroll", VerticalScroll).scroll_relative(y=lines, animate=False)

    def action_manifest(self) -> None:
        """Show the manifest that PutImage returned."""
        results = self.state.report.results if self.state.report else ()
        response = next((result.result for result in results if result.result), None)
        if response is not None:
            self.post_message(self.ManifestRequested(response.digest, response.manifest))

    def action_undo(self) -> None:
        """Plan to undo what the result shows."""
        self._request_undo("undo")

    def action_redo(self) -> None:
        """Plan to redo what the undo took back."""
        self._request_undo("redo")

    def _request_undo(self, verb: str) -> None:
        report = self.state.report
        if report is not None and undo_verb(report) == verb:
            self.post_message(self.UndoRequested(self, report.plan))

    def result_texts(self, report: Report) -> Texts:
        """Return what makes the texts of a result for a change ticket."""
        return change_record.report_texts(report)

    def action_save(self) -> None:
        """Save the result in a file."""
        if self.state.report is not None:
            self.post_message(self.SaveRequested(self.result_texts(self.state.report)))

    def action_copy_result(self) -> None:
        """Copy the result."""
        if self.state.report is not None:
            self.post_message(self.CopyRequested(self.result_texts(self.state.report)))

    def _can_retry(self, state: PlanFormState) -> bool:
        return self._can_replan and state.has_failed

    def _submit(self, line: str) -> None:
        """Go from the plan to the confirmation, or apply the plan.

        Args:
            line: What the user typed to confirm protected tags.
        """
        state, plan = self.state, self.state.plan
        if state.phase in (Phase.WRITE, Phase.DONE):
            return  # a plan is applied once
        if state.phase is Phase.EDIT and self._is_too_early():
            self.state = replace(state, too_early=True, problem="")
            self.take_focus()
        elif plan is None:
            self.action_retry()
        elif state.phase is Phase.CONFIRM:
            missing = set(plan.protected_tags) - set(parse_tags(line))
            if missing:
                self.state = replace(state, problem=f"not confirmed: {' '.join(sorted(missing))}")
            else:
                self._apply(plan, plan.protected_tags)
        elif not can_be_applied(plan):
            refused = len(plan.refused_steps)
            words = "a step is refused" if refused == 1 else f"{units.format_number(refused)} steps are refused"
            self.state = replace(state, problem=f"Cannot apply: {words}. {self.refused_hint(plan)}".rstrip())
        elif plan.protected_tags:
            self.state = replace(state, phase=Phase.CONFIRM, problem="")
            self.take_focus()
        else:
            self._apply(plan, ())

    def refused_hint(self, plan: Plan) -> str:
        """Return what the user can do about refused steps; empty if nothing."""
        return ""

    def _is_too_early(self) -> bool:
        """Return True if the key that is being handled was typed before the plan was shown.

        A slow connection delivers keys in one burst, and a user types ahead.
        """
        if self.state.plan is None:
            return self.state.planning
        app: object = self.app
        return isinstance(app, OrderedKeysApp) and app.typed_at < self._plan_shown_at

    def _returns_to_field(self, state: PlanFormState) -> bool:
        return self.has_field and state.too_early and state.phase is Phase.EDIT

    def _apply(self, plan: Plan, confirmed: tuple[str, ...]) -> None:
        self.state = replace(self.state, phase=Phase.WRITE, problem="", retried=None)
        self.take_focus()
        on_conflict = OnConflict.CONTINUE if is_partial_undo(plan) else self.on_conflict
        self.post_message(self.ApplyRequested(self, plan, confirmed, on_conflict))

    def take_focus(self) -> None:
        """Take the focus at once. ``Widget.focus`` waits a turn of the loop, and a fast key would miss the form."""
        if self.is_attached and self.display:
            self.screen.set_focus(self._focus_target())

    def _focus_target(self) -> Widget:
        """Return the field to fill in, or the form itself if there is none."""
        return self.query_one(".confirm", Input) if self.state.phase is Phase.CONFIRM else self

    def watch_state(self, state: PlanFormState) -> None:
        if self._has_widgets:
            self._show(state)

    def _show(self, state: PlanFormState) -> None:
        confirm = self.query_one(".confirm", Input)
        confirm.display = state.phase is Phase.CONFIRM
        if state.phase is not Phase.CONFIRM:
            confirm.value = ""
        content, status = self._content(state), self._status(state)
        self.query_one(".content", Static).update(content)
        self.query_one(".scroll").display = bool(content) or not status
        self.query_one(".status", Static).update(status)
        self.query_one(".status").display = bool(status)
        self.refresh_bindings()

    def _content(self, state: PlanFormState) -> Content:
        """Return the plan or the result, below the error if there is one. It scrolls if it is long."""
        error = state.error
        lines = [] if error is None else rendering.error_lines(error, key_that_helps(self, error.kind))
        if state.report is not None:
            lines.append(self.report_lines(state.report))
        elif state.plan is not None:
            lines.append(self.plan_lines(state.plan))
        elif state.planning:
            lines.append(Content.styled("  checking current tags…", "dim"))
        return Content("\n").join(lines)

    def _status(self, state: PlanFormState) -> Content:
        """Return what happens now, and what the user has to do. It is in view however long the plan is."""
        lines: list[Content] = []
        if state.phase is Phase.CONFIRM and state.plan is not None:
            tags = text.content(" ".join(state.plan.protected_tags), "bold $warning")
            key = shown_key(self, "plan_form.submit")
            where = text.content(self.registry_of_writes())
            lines.append(Content.assemble("  Protected", where, ". Type ", tags, f" to confirm and press {key}."))
        if state.phase is Phase.WRITE:
            words = filter(None, (self.progress_words(state), self._stop_words()))
            lines.append(Content.styled(f"  {' · '.join(words)}", "bold"))
            if state.retried is not None:
                lines.append(rendering.warning_line(f"{state.retried}. Trying again."))
        if state.too_early and state.phase is Phase.EDIT and state.error is None:
            key = shown_key(self, "plan_form.submit")
            lines.append(rendering.warning_line(f"{key} came before the plan. Read the plan, then press {key} again."))
        lines += [rendering.warning_line(line) for line in state.problem.splitlines()]
        return Content("\n").join(lines)

    def registry_of_writes(self) -> str:
        """Return where the form writes: " in 123456789012, eu-west-1"; empty if that is not known."""
        return registry_in_words(self.screen)

    def progress_words(self, state: PlanFormState) -> str:
        """Return the progress of the write in words."""
        return state.progress_words

    def plan_lines(self, plan: Plan) -> Content:
        """Return the plan as text."""
        return rendering.plan_lines(plan)

    def report_lines(self, report: Report) -> Content:
        """Return the result as text."""
        return rendering.report_lines(report)

    def footer_hints(self) -> Iterable[KeyHint]:
        """Return the keys of this phase for the footer."""
        return filter(None, (footer_hint(self, *pair) for pair in self.keys(self.state)))

    def keys(self, state: PlanFormState) -> Iterable[tuple[str, str]]:
        """Yield the actions that a user can take in this phase, each with its label for the moment."""
        if state.phase is Phase.WRITE:
            stops_after = self._stops_after()
            if stops_after and not self.stopping:
                yield "plan_form.close", f"stop after {stops_after}"
        elif state.phase is Phase.CONFIRM:
            yield from (("plan_form.submit", "apply"), ("plan_form.close", "back"))
        elif state.phase is Phase.DONE:
            yield "plan_form.submit", "close"
            yield from self._retry_key(state)
            yield from self._result_keys(state)
        else:
            if state.plan is not None and can_be_applied(state.plan):
                yield "plan_form.submit", "apply"
            yield "plan_form.close", "edit" if self._returns_to_field(state) else "cancel"
            yield from self._retry_key(state)

    def _retry_key(self, state: PlanFormState) -> Iterable[tuple[str, str]]:
        if self._can_retry(state):
            yield "plan_form.retry", "try again"

    def _result_keys(self, state: PlanFormState) -> Iterable[tuple[str, str]]:
        if state.report is None:
            return
        if verb := undo_verb(state.report):
            yield f"plan_form.{verb}", f"{verb} it"
        if state.has_manifest:
            yield "plan_form.manifest", "manifest"
        yield "plan_form.save", "save"
        yield "plan_form.copy", "copy"

    def _stop_words(self) -> str:
        """Return what a write does about the wish to stop."""
        stops_after = self._stops_after()
        if not stops_after:
            return "cannot be cancelled"
        return f"stopping after {stops_after}…" if self.stopping else ""

    def _stops_after(self) -> str:
        """Return what a write finishes before it stops; a write of one tag cannot be stopped."""
        plan = self.state.plan
        return self.stops_after or ("this tag" if plan is not None and len(plan.write_steps) > 1 else "")
