"""The Plan screen: a plan of many tags as a table. Sort it, remove rows, apply it, save the result."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from textual import work
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input, Static

from ecrtui.catalog.filter import Filter
from ecrtui.catalog.listing import SingleBatch
from ecrtui.catalog.rows import Rows
from ecrtui.ecr import units
from ecrtui.ecr.digest import short_digest
from ecrtui.errors import EcrTuiError
from ecrtui.retag import plan_file
from ecrtui.retag.plan import Plan, Report, Step, StepAction, StepResult
from ecrtui.session import Session, SessionSource
from ecrtui.tui import blocking as io
from ecrtui.tui import details as describe
from ecrtui.tui import messages
from ecrtui.tui import safe_text as text
from ecrtui.tui.clipboard import CopyItem
from ecrtui.tui.list_screen import ListScreen, ListState
from ecrtui.tui.messages import PlanRequest
from ecrtui.tui.retag import rendering as plan_text
from ecrtui.tui.retag.actions import PlanApplyMixin, StepFinished
from ecrtui.tui.retag.bulk_form import BulkForm
from ecrtui.tui.retag.plan_form import PlanForm
from ecrtui.tui.table.columns import Column
from ecrtui.tui.table.table import Table


@dataclass(frozen=True, slots=True)
class PlanRow:
    """A step and its result."""

    step: Step
    result: StepResult | None = None

    @property
    def key(self) -> str:
        """Return repository and tag. A plan has at most one step for each pair."""
        return f"{self.step.repository}:{self.step.tag}"

    @property
    def words(self) -> str:
        """Return the details besides the digests."""
        if self.result is not None:
            error = self.result.error
            return self.result.message or (f"{error} {error.hint}" if error else "")
        return self.step.reason or "; ".join((*self.step.warnings, *self.step.notes))


def _state(row: PlanRow) -> Content:
    return plan_text.outcome_label(row.result.outcome) if row.result else plan_text.action_label(row.step.action)


def _state_key(row: PlanRow) -> str:
    return str(row.result.outcome if row.result else row.step.action)


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
    Column("state", "does", _state, _state_key, min_width=13),
    Column("before", "from", lambda row: short_digest(row.step.before), lambda row: row.step.before, min_width=12),
    Column("after", "to", lambda row: short_digest(row.step.after), lambda row: row.step.after, min_width=12),
    Column("words", "and", lambda row: row.words, None, min_width=10, flex=2, drop_priority=1),
)


class PlanBatch(SingleBatch[PlanRow]):
    """Makes a plan and yields its rows. ``plan`` is set as soon as the rows exist."""

    plan: Plan

    def __init__(self, make: Callable[[], Plan]) -> None:
        super().__init__(self._rows)
        self._make_plan = make

    def _rows(self) -> Iterable[PlanRow]:
        self.plan = self._make_plan()
        return map(PlanRow, self.plan.steps)


class PlanScreen(PlanApplyMixin, ListScreen[PlanRow]):
    """The screen of a requested plan."""

    DEFAULT_CSS = """
    PlanScreen #body > Input { border: none; height: 1; padding: 0 1; background: $panel; }
    PlanScreen #about { height: auto; max-height: 3; padding: 0 1 0 3; background: $panel; display: none; }
    """
    SCOPES = ("plan",)
    FILTER_EXAMPLE = "words in repository, tag, action, digest"
    NOUNS = ("tag", "tags")
    EMPTY = "There is nothing to do."
    columns = COLUMNS

    def __init__(self, connect: SessionSource, request: PlanRequest) -> None:
        super().__init__(connect)
        self.request = request
        self.plan: Plan | None = None
        self.report: Report | None = None
        self.applied = ""
        """The id of the plan that the user saw last."""
        self._planning: PlanBatch
        self.rows = Rows(lambda row: row.key)
        self.set_reactive(ListScreen.state, ListState("repository", descending=False))

    def breadcrumb(self) -> str:
        return f"Plan › {self.request.title}"

    def body(self) -> Iterable[Widget]:
        if self.request.question:
            yield Input(placeholder=self.request.question, id="rule", select_on_focus=False)
        yield from super().body()
        yield Static(id="about")

    def start(self) -> None:
        if self.request.question:
            self.query_one("#rule").focus()
            self.table.set_placeholder(self.request.question)
        else:
            self.table.focus()
            self.load()

    def list_all(self, session: Session) -> PlanBatch:
        line = self.query_one("#rule", Input).value if self.request.question else ""
        self._planning = PlanBatch(lambda: self.request.make(session.engine, line))
        return self._planning

    def rows_loaded(self) -> None:
        """Keep the plan whose rows are shown. A plan that was made meanwhile is never applied."""
        self.plan, self.report = self._planning.plan, None

    def parse_filter(self, line: str) -> Filter[PlanRow]:
        words = line.lower().split()
        return Filter(line, lambda row: all(word in _searchable(row) for word in words))

    def totals(self) -> str:
        warnings = self.plan.warnings if self.plan else ()
        return " · ".join((units.format_count(self.rows.total, *self.NOUNS), *warnings[:1]))

    def on_table_cursor_moved(self, message: Table.CursorMoved) -> None:
        """Show the details of the row under the cursor below the table, which may have no room for them."""
        words = "" if message.item is None else message.item.words
        about = self.query_one("#about", Static)
        about.update(text.block(words))
        about.display = bool(words)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Take the typed rule or file name."""
        if event.input.id == "rule" and event.value.strip():
            self.table.focus()
            self.load()
        elif event.input.id == "file":
            event.input.remove()
            self.table.focus()
            if event.value.strip():
                self._save(Path(event.value.strip()).expanduser())

    def focus_content(self) -> None:
        self.table.focus()

    def action_edit(self) -> None:
        """Change what the plan is made from."""
        if self.request.question:
            self.query_one("#rule").focus()

    async def action_apply(self) -> None:
        """Ask for the confirmation."""
        if self.plan is not None and self.report is None and self.plan.steps and self.state.complete:
            self.applied = self.plan.id
            await self.show_form(BulkForm(Content(self.request.title), self.plan))

    def action_remove_row(self) -> None:
        """Take the row under the cursor out of the plan."""
        if self.current is not None:
            self._remove([self.current])

    def action_remove_refused(self) -> None:
        """Take every refused row out of the plan."""
        self._remove([row for row in self.rows.everything() if row.step.action is StepAction.REFUSED])

    def _remove(self, rows: Sequence[PlanRow]) -> None:
        if self.plan is None or self.report is not None or not rows:
            return
        self.plan = self.plan.without({row.step.key for row in rows})
        self.table.remove_rows([row.key for row in rows])
        self.set_status(self.totals())
        self._look_again(self.plan)

    def action_retry(self) -> None:
        """Plan the remaining rows again, or make the whole plan again."""
        if self.state.complete and self.state.error is not None and self.plan is not None and self.report is None:
            self._look_again(self.plan)
        else:
            super().action_retry()

    @work(exclusive=True, group="look again", exit_on_error=False)
    async def _look_again(self, plan: Plan) -> None:
        """Plan the remaining rows again: removing a row can leave another image without a tag."""
        await asyncio.sleep(0.3)
        try:
            session = await self.session()
            again = await io.run_blocking(session.engine.plan, plan.changes, kind=plan.kind)
        except EcrTuiError as error:
            self.show_error(error)
            return
        if self.query(PlanForm) or self.plan is not plan:
            return  # the plan on the screen stays the plan that is applied
        self.plan = again
        self.table.update(PlanRow(step) for step in self.plan.steps)
        self.state = self.state._replace(error=None)

    def on_step_finished(self, message: StepFinished) -> None:
        self.table.update([PlanRow(message.result.step, message.result)])

    async def refresh_after_write(self, report: Report) -> None:
        if report.plan.id != self.applied:
            return
        self.report = report
        self.table.update(PlanRow(result.step, result) for result in report.results)

    def action_describe(self) -> None:
        """Show all details of the row under the cursor."""
        row = self.current
        if row is not None:
            document = plan_file.result_document(row.result) if row.result else plan_file.step_document(row.step)
            self.post_message(messages.ShowText(row.key, describe.as_text(document)))

    def action_yaml(self) -> None:
        """Show the row as YAML."""
        row = self.current
        if row is not None:
            document = plan_file.result_document(row.result) if row.result else plan_file.step_document(row.step)
            self.post_message(messages.ShowText(row.key, describe.as_yaml(document)))

    def action_copy_menu(self) -> None:
        """Save the plan or its result as CSV or JSON."""
        if self.plan is not None:
            self.post_message(
                messages.OfferCopies(tuple(CopyItem(form, self._document(form)) for form in ("CSV", "JSON")))
            )

    async def action_save(self) -> None:
        """Ask for the file in which to save the plan or its result."""
        if self.plan is not None and not self.query("#file"):
            field = Input(placeholder="file to write: its name ends in .csv or .json", id="file", select_on_focus=False)
            await self.query_one("#body").mount(field, before=0)
            field.focus()

    @work(exclusive=True, group="save", exit_on_error=False)
    async def _save(self, file: Path) -> None:
        form = file.suffix.lower().removeprefix(".").upper()
        if form not in ("CSV", "JSON"):
            self.notify(
                f"{file} ends neither in .csv nor in .json; nothing was written.", severity="error", markup=False
            )
            return
        try:
            await io.run_blocking(_write_new, file, self._document(form))
        except OSError as problem:
            self.notify(f"{file} cannot be written: {problem.strerror}", severity="error", markup=False)
            return
        self.notify(f"{file} written", markup=False)

    def _document(self, form: str) -> str:
        if self.plan is None:
            return ""
        if form == "CSV":
            return plan_file.results_csv(self.report.results) if self.report else plan_file.plan_csv(self.plan)
        document = plan_file.report_document(self.report) if self.report else plan_file.plan_document(self.plan)
        return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _searchable(row: PlanRow) -> str:
    step = row.step
    return " ".join((step.repository, step.tag, step.before, step.after, _state_key(row), row.words)).lower()


def _write_new(file: Path, content: str) -> None:
    """Write a new file. Never overwrite one, so that no saved result is lost."""
    with file.open("x", encoding="utf-8", newline="") as out:
        out.write(content)
