"""The plan form with a field for the target of a promotion."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from textual.content import Content
from textual.suggester import SuggestFromList

from ecrtui.ecr.reference import Reference
from ecrtui.errors import UsageError
from ecrtui.promote.apply import PromotionReport
from ecrtui.promote.document import copy_lines
from ecrtui.promote.plan import parse_target
from ecrtui.promote.transfer import OnProgress, TransferProgress
from ecrtui.retag.plan import Plan, Report
from ecrtui.session import Session
from ecrtui.tui import safe_text as text
from ecrtui.tui.bindings import bindings, key_hint, press
from ecrtui.tui.promote.job import PlannedPromotion, PromotionJob
from ecrtui.tui.retag import rendering
from ecrtui.tui.retag.field_form import FieldForm
from ecrtui.tui.retag.plan_form import Phase, PlanForm, PlanFormState
from ecrtui.tui.retag.retag_form import RetagSource, image_title


class PromoteForm(FieldForm):
    """Asks for a target, and shows what is copied there while the user types.

    Args:
        image: the image to copy.
        repositories: the names that the field completes.
    """

    BINDINGS = bindings("promote_form")
    placeholder = "repository[:tag], or an image URI"
    stops_after = "the current parts"

    @dataclass
    class PlanRequested(PlanForm.PlanRequested):
        """The form needs the plan for its target."""

        form: PromoteForm

    @dataclass
    class ApplyRequested(PlanForm.ApplyRequested):
        """The user confirmed the promotion."""

        form: PromoteForm

    def __init__(self, image: RetagSource, repositories: Sequence[str] = ()) -> None:
        super().__init__(image_title("Promote", image))
        self.image = image
        self._repositories = repositories
        self.target = Reference()
        """What the user typed."""
        self.creates_repository = False
        self.job: PromotionJob | None = None
        """What plans and copies; None before the first plan."""
        self.planned: PlannedPromotion | None = None
        self.result: PromotionReport | None = None
        self._transfer: TransferProgress | None = None
        self._is_missing = False
        """True if the repository of the target does not exist."""

    def on_mount(self) -> None:
        self.field.suggester = SuggestFromList(self._repositories) if self._repositories else None

    def words_of(self, line: str) -> tuple[str, ...]:
        return (line.strip(),) if line.strip() else ()

    def problem_of(self, words: tuple[str, ...]) -> str:
        try:
            self.target = parse_target(words[0], next(iter(self.image.tags), "")) if words else Reference()
        except UsageError as error:
            return error.detail or error.title
        return ""

    def request_plan(self, tags: tuple[str, ...]) -> None:
        self.planned = self.result = self._transfer = None
        self._is_missing = False
        super().request_plan(tags)

    def job_on(self, session: Session) -> PromotionJob:
        """Return what plans and copies, on the session of the image."""
        if self.job is None:
            self.job = PromotionJob(session, Reference(self.image.repository, digest=self.image.digest))
        return self.job

    def carry_out(self, request: ApplyRequested, on_progress: OnProgress, stop: Callable[[], bool]) -> Report:
        """Carry out the plan that the form shows. Block; keep the result for :meth:`report_lines`.

        Raises:
            EcrTuiError: nothing was sent.
        """
        if self.job is None or self.planned is None:
            raise ValueError("the form has no plan")
        self.result = self.job.carry_out(
            self.planned,
            on_progress=on_progress,
            stop=stop,
            on_conflict=request.on_conflict,
            allow_protected=request.confirmed,
        )
        return self.result.report

    def show_promotion(self, planned: PlannedPromotion) -> None:
        """Show the requested plan."""
        self.planned = planned
        self.show_plan(planned.promotion.plan)

    def show_missing_repository(self) -> None:
        """Show that the repository of the target does not exist, and how to create it."""
        self._is_missing = True
        words = f"The repository {self.target.repository} does not exist{self.place_of_writes()}."
        create = press(self, "promote_form.create_repository", "create it with the copy")
        self.state = replace(self.state, planning=False, problem=f"{words} {create}".rstrip())

    def show_transfer(self, progress: TransferProgress) -> None:
        """Show how much is copied."""
        if self.state.phase is Phase.WRITE:
            self._transfer = progress
            self.watch_state(self.state)

    def action_create_repository(self) -> None:
        """Create a repository that does not exist, or do not."""
        if self.state.phase is Phase.EDIT and self.state.tags:
            self.creates_repository = not self.creates_repository
            self.request_plan(self.state.tags)

    def place_of_writes(self) -> str:
        if not self.target.registry_id:
            return super().place_of_writes()
        return f" in {self.target.registry_id}, {self.target.region}"

    def progress_words(self, state: PlanFormState) -> str:
        if self._transfer is None:
            return "copying…"
        if self._transfer.bytes_done < self._transfer.bytes_total:
            return f"copying: {self._transfer}"
        return f"writing manifests and tags… ({self._transfer})"

    def plan_lines(self, plan: Plan) -> Content:
        if self.planned is None:
            return super().plan_lines(plan)
        lines = [text.content(f"  {line}") for line in copy_lines(self.planned.promotion)]
        return Content("\n").join([*lines, super().plan_lines(plan)])

    def report_lines(self, report: Report) -> Content:
        lines = rendering.fact_lines(("plan id", report.plan.id))
        if self.result is not None and self.result.unfinished:
            go_on = press(self, "plan_form.retry", "plan again and go on: what is there is not sent again")
            lines.append(rendering.warning_line(f"{self.result.in_target}. {go_on}".rstrip()))
        return Content("\n").join([*lines, super().report_lines(report)])

    def keys(self, state: PlanFormState) -> Iterable[str]:
        yield from super().keys(state)
        if state.phase is Phase.EDIT and (self._is_missing or self.creates_repository):
            words = "do not create the repository" if self.creates_repository else "create the repository"
            yield key_hint(self, "promote_form.create_repository", words)
