"""The screen with a plan for many tags: read it, sort it, remove rows, apply it, save the result."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from textual import work
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input

from ecrtui.catalog.filter import Filter
from ecrtui.catalog.filter.completion import complete
from ecrtui.catalog.filter.parser import parse_terms
from ecrtui.catalog.filter.text_lists import digest_field, text_field, text_schema
from ecrtui.catalog.listing.listing import SingleBatch
from ecrtui.catalog.rows.rows import Rows
from ecrtui.ecr import units
from ecrtui.ecr.digest import short_digest
from ecrtui.ecr.text_formats import Texts, by_suffix
from ecrtui.errors import EcrTuiError, UsageError
from ecrtui.retag import change_record, plan_file
from ecrtui.retag.plan import (
    NOT_THERE,
    REVERTING_KINDS,
    Plan,
    Report,
    Step,
    StepAction,
    StepOutcome,
    StepResult,
)
from ecrtui.session import Session, SessionSource
from ecrtui.tui import blocking
from ecrtui.tui import safe_text as text
from ecrtui.tui.bindings import bindings, press
from ecrtui.tui.line_parts import Drop, LinePart, line_part
from ecrtui.tui.lists.list_screen import ListScreen
from ecrtui.tui.lists.list_state import ListState
from ecrtui.tui.messages import PlanRequest
from ecrtui.tui.retag import rendering
from ecrtui.tui.retag.actions import PlanApplyMixin, StepFinished
from ecrtui.tui.retag.bulk_form import BulkForm
from ecrtui.tui.retag.plan_form import PlanForm
from ecrtui.tui.retag.plan_form_state import undo_verb
from ecrtui.tui.table.column_layout import Column
from ecrtui.tui.table.table import Table
from ecrtui.tui.textual_fixes.line_input import WordsInput
from ecrtui.tui.textual_fixes.worker_description import LARGE_ARGUMENTS
from ecrtui.tui.widgets.details_line import DetailsLine

_BEFORE_RESULT = ("apply", "remove_row", "remove_refused")
"""The actions on a plan that is not applied."""

REPLAN_DELAY = 0.3
"""Seconds after a row is removed before the rest is planned again."""


@dataclass(frozen=True, slots=True)
class PlanRow:
    """A step of a plan, with its result once it is applied."""

    step: Step
    result: StepResult | None = None

    @property
    def key(self) -> str:
        """Repository and tag; a plan has at most one step for each."""
        return f"{self.step.repository}:{self.step.tag}"

    @property
    def details(self) -> str:
        """The message of the result, or the reason, warnings and notes of the step."""
        if self.result is not None:
            error = self.result.error
            return self.result.message or (error.with_hint() if error else "")
        return self.step.reason or "; ".join((*self.step.warnings, *self.step.notes))


def _state(row: PlanRow) -> Content:
    if row.result is None:
        return rendering.action_label(row.step)
    return rendering.short_outcome_label(row.result.outcome, row.result.step.after)


def _state_key(row: PlanRow) -> str:
    """Return the words of the action or the outcome, to sort and to find rows."""
    return row.step.action_in_words if row.result is None else row.result.outcome_in_words


def _state_words(row: PlanRow) -> tuple[str, str]:
    """Return the words of the action or the outcome, and those that the table shows."""
    return _state_key(row), _state(row).plain


_STATES = tuple(dict.fromkeys((*StepAction, *StepOutcome, NOT_THERE)))

FILTER = text_schema(
    {
        "repository": lambda row: (row.step.repository,),
        "tag": lambda row: (row.step.tag,),
        "action": _state_words,
        "details": lambda row: (row.details,),
    },
    {"digest": lambda row: (row.step.before, row.step.after)},
    {
        "action": text_field(_state_words, _STATES),
        "before": digest_field(lambda row: (row.step.before,)),
        "after": digest_field(lambda row: (row.step.after,)),
    },
)
"""The fields of a filter on the rows of a plan."""

SHOWN_WARNINGS = 5
"""How many warnings a plan without rows shows."""

COLUMNS: Sequence[Column[PlanRow]] = (
    Column(
        "repository",
        "repository",
        lambda row: row.step.repository,
        lambda row: row.step.repository,
        min_width=12,
        flex=1,
        matches=True,
    ),
    Column(
        "tag",
        "tag",
        lambda row: row.step.tag,
        lambda row: row.step.tag,
        min_width=10,
        flex=1,
        matches=True,
        style="$tag",
    ),
    Column("state", "action", _state, _state_key, min_width=13),
    Column("before", "before", lambda row: short_digest(row.step.before), lambda row: row.step.before, min_width=12),
    Column("after", "after", lambda row: short_digest(row.step.after), lambda row: row.step.after, min_width=12),
    Column("details", "details", lambda row: row.details, None, min_width=10, flex=2, drop_priority=1),
)


class PlanBatch(SingleBatch[PlanRow]):
    """The rows of a plan that is being made, and the plan afterwards."""

    plan: Plan

    def __init__(self, make: Callable[[], Plan]) -> None:
        super().__init__(self._rows)
        self._make_plan = make

    def _rows(self) -> Iterable[PlanRow]:
        self.plan = self._make_plan()
        return map(PlanRow, self.plan.steps)


class PlanField(WordsInput):
    """The input of a plan. The lines of a paste become words."""

    BINDINGS = bindings("plan_field")


class PlanScreen(PlanApplyMixin, ListScreen[PlanRow]):
    """The plan of a request."""

    DEFAULT_CSS = """
    PlanScreen #body > Input { border: none; height: 1; padding: 0 1; background: $panel; }
    """
    SCOPES = ("plan", "undo")
    shows_steps = True
    FILTER_LIST = "plan"
    FILTER_EXAMPLE = "rc !prod action:refused repository:team/app digest:8ece"
    NOUNS = ("tag", "tags")
    EMPTY = "Nothing to do."
    columns = COLUMNS

    def __init__(self, connect: SessionSource, request: PlanRequest) -> None:
        super().__init__(connect)
        self.request = request
        self.plan: Plan | None = None
        self.report: Report | None = None
        self.applied = ""
        """The id of the plan in the form that was opened last."""
        self._batch: PlanBatch
        self.rows = Rows(lambda row: row.key)
        self.set_reactive(ListScreen.state, ListState("repository", descending=False))

    def breadcrumb(self) -> str:
        return f"Plan › {self.request.title}"

    def body(self) -> Iterable[Widget]:
        if self.request.question:
            yield PlanField(placeholder=self.request.question, id="question", select_on_focus=False)
        yield from super().body()
        yield DetailsLine()

    @property
    def awaits_content(self) -> bool:
        return self.state.loading and super().awaits_content

    def start(self) -> None:
        if self.request.question:
            self.query_one("#question").focus()
            self.table.set_placeholder(self.request.question)
        else:
            self.table.focus()
            self.load()

    def list_all(self, session: Session) -> PlanBatch:
        """Make the plan; once there is one, plan its remaining rows again. Removed rows stay removed."""
        engine, remaining = session.engine, self.plan
        if remaining is None:
            line = self.query_one("#question", Input).value if self.request.question else ""
            self._batch = PlanBatch(lambda: self.request.make(engine, line))
        else:
            self._batch = PlanBatch(lambda: engine.plan_again(remaining))
        return self._batch

    def rows_loaded(self) -> None:
        """Keep the plan of the rows that are shown; only that plan may be applied."""
        self.plan, self.report = self._batch.plan, None
        self.refresh_bindings()

    def lock_changed(self) -> None:
        """Plan the remaining rows again: they were refused, or are refused now. Removed rows stay removed."""
        if self.plan is not None and self.report is None:
            self._replan(self.plan)

    def parse_filter(self, line: str) -> Filter[PlanRow]:
        return parse_terms(line, FILTER)

    def complete_filter(self, line: str) -> Iterable[str]:
        return complete(line, FILTER, self.rows.at_hand())

    def totals(self) -> Iterable[LinePart]:
        yield from super().totals()
        if self.plan is None:
            return
        if refused := len(self._refused_rows()):
            yield line_part(f"{units.format_number(refused)} refused")
        if warnings := self.plan.warnings:
            count = units.format_count(len(warnings), "warning")
            more = f", and {units.format_count(len(warnings) - 1, 'more warning')}" if warnings[1:] else ""
            yield line_part(f"{warnings[0]}{more}", count, drop=Drop.LAST)

    def empty_hints(self) -> Iterable[str]:
        """Yield why the plan has no rows, and how to change that."""
        if self.plan is not None and self.plan.warnings:
            yield f"{units.format_names(self.plan.warnings, SHOWN_WARNINGS)}."
        if self.request.question:
            yield press(self, "plan.edit", "edit the input")
        yield from super().empty_hints()

    def on_table_cursor_moved(self, message: Table.CursorMoved) -> None:
        """Show the details of the selected row below the table, which may be too narrow for them."""
        self.query_one(DetailsLine).show("" if message.item is None else message.item.details)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Make the plan from the input."""
        if event.input.id == "question" and event.value.strip():
            self.plan = self.report = None
            self.table.focus()
            self.load()

    def show_error(self, error: EcrTuiError) -> None:
        """Show why there is no plan. After a wrong input, the user can change it at once."""
        super().show_error(error)
        if isinstance(error, UsageError):
            self.action_edit()

    def focus_content(self) -> None:
        self.table.focus()

    def action_edit(self) -> None:
        """Edit the input of the plan."""
        if self.request.question:
            self.query_one("#question").focus()

    async def action_apply(self) -> None:
        """Open the form that applies the plan."""
        if self.plan is not None and self.report is None and self.plan.steps and self.state.complete:
            self.applied = self.plan.id
            plan = self.plan
            form = BulkForm(text.content(self.request.title, "bold"), plan, lambda engine: engine.plan_again(plan))
            await self.show_form(form)

    def on_bulk_form_removal_requested(self, message: BulkForm.RemovalRequested) -> None:
        """Remove every refused row, and show the plan of the others in the form."""
        message.stop()
        rows = self._refused_rows()
        if self.plan is not None and self.report is None:
            plan = self._without(self.plan, rows)
            message.form.make_plan = lambda engine: engine.plan_again(plan)
            self._plan_again(message.form, message.form.make_plan)

    def plan_made_again(self, plan: Plan) -> None:
        self.plan, self.report, self.applied = plan, None, plan.id
        self._show_plan(plan)

    def _show_plan(self, plan: Plan) -> None:
        """Show the plan that was made again."""
        self.table.update(PlanRow(step) for step in plan.steps)
        self.show_progress()
        self.refresh_bindings()

    def action_remove_row(self) -> None:
        """Remove the selected row from the plan."""
        if self.current is not None:
            self._remove([self.current])

    def action_remove_refused(self) -> None:
        """Remove every refused row from the plan."""
        self._remove(self._refused_rows())

    def _refused_rows(self) -> Sequence[PlanRow]:
        return [row for row in self.rows.everything() if row.step.action is StepAction.REFUSED]

    def _remove(self, rows: Sequence[PlanRow]) -> None:
        if self.plan is None or self.report is not None or not rows:
            return
        remaining = self._without(self.plan, rows)
        if self.state.loading:
            self.load()
        else:
            self._replan(remaining)

    def _without(self, plan: Plan, rows: Sequence[PlanRow]) -> Plan:
        """Remove rows from the table; return the plan without them, which replaces the plan of the screen."""
        self.plan = plan.without({row.step.key for row in rows})
        self.table.remove_rows([row.key for row in rows])
        self.show_progress()
        self.refresh_bindings()
        return self.plan

    def action_retry(self) -> None:
        """Plan the remaining rows again, or make the whole plan again."""
        if self.state.complete and self.state.error is not None and self.plan is not None and self.report is None:
            self._replan(self.plan)
        else:
            super().action_retry()

    @work(exclusive=True, group="replan", exit_on_error=False, description=LARGE_ARGUMENTS)
    async def _replan(self, plan: Plan) -> None:
        """Plan the remaining rows again. For example, without a removed row another image may lose its last tag."""
        await asyncio.sleep(REPLAN_DELAY)
        try:
            session = await self.session()
            replanned = await blocking.run_blocking(session.engine.plan_again, plan)
        except EcrTuiError as error:
            self.show_error(error)
            return
        if self.query(PlanForm) or self.plan is not plan:
            return  # the form shows the earlier plan, which must be the one applied
        self.plan = replanned
        self._show_plan(replanned)
        self.state = self.state._replace(error=None)

    def on_step_finished(self, message: StepFinished) -> None:
        self.table.update([PlanRow(message.result.step, message.result)])

    async def refresh_after_write(self, report: Report) -> None:
        if report.plan.id != self.applied:
            return
        self.report = report
        self.table.update(PlanRow(result.step, result) for result in report.results)

    def document(self, row: PlanRow) -> tuple[str, Mapping[str, Any]]:
        return row.key, plan_file.result_document(row.result) if row.result else plan_file.step_document(row.step)

    def why_not(self, action: str) -> str:
        report = self.report
        if action in _BEFORE_RESULT and report is not None:
            return "The plan is applied."
        if action in (*_BEFORE_RESULT, "save") and not (self.plan and self.plan.steps):
            return "The plan has no rows."
        if action == "remove_refused" and self.plan is not None and not self.plan.refused_steps:
            return "No row is refused."
        if action == "edit" and not self.request.question:
            return "This plan has no input to edit."
        if action in REVERTING_KINDS and (report is None or undo_verb(report) != action):
            return f"There is no result to {action}."
        return super().why_not(action)

    async def action_undo(self) -> None:
        """Plan to undo the result."""
        if self.report is not None:
            await self.begin_undo_of(self.report.plan)

    async def action_redo(self) -> None:
        """Plan to redo what the undo took back."""
        await self.action_undo()

    def _texts(self) -> Texts:
        """Return what makes the texts of the result, or of the plan before it."""
        if self.report is not None:
            return change_record.report_texts(self.report)
        return {} if self.plan is None else change_record.plan_texts(self.plan)

    async def action_copy_menu(self) -> None:
        """Copy the plan or its result as Markdown, CSV or JSON."""
        if texts := self._texts():
            await self.offer_texts(texts)

    async def action_save(self) -> None:
        """Ask for a file name to save the plan or its result."""
        if texts := self._texts():
            await self.ask_for_file(by_suffix(texts))
