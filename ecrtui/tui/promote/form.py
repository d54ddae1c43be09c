"""The plan form with a field for the target of a promotion."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace

from textual.content import Content

from ecrtui.ecr.digest import short_digest
from ecrtui.ecr.reference import Reference, parse_reference
from ecrtui.ecr.text_formats import Texts
from ecrtui.ecr.units import format_count, format_names
from ecrtui.errors import OnRetry, UsageError
from ecrtui.promote import change_record
from ecrtui.promote.batch import BatchReport
from ecrtui.promote.document import copy_lines
from ecrtui.promote.plan import parse_target
from ecrtui.promote.target_connection import split_options
from ecrtui.promote.transfer import OnProgress, TransferProgress
from ecrtui.retag.plan import Plan, Report
from ecrtui.session import SessionSource
from ecrtui.tui import safe_text as text
from ecrtui.tui.base_screen import AppScreen
from ecrtui.tui.bindings import bindings, press
from ecrtui.tui.header_state import HeaderState
from ecrtui.tui.promote.job import OpenTarget, PlannedPromotion, PromotionJob, Target
from ecrtui.tui.promote.target_connections import target_connections_of
from ecrtui.tui.promote.target_suggester import TargetSuggester
from ecrtui.tui.retag import rendering
from ecrtui.tui.retag.field_form import FieldForm
from ecrtui.tui.retag.plan_form import PlanForm
from ecrtui.tui.retag.plan_form_state import Phase, PlanFormState, undo_verb
from ecrtui.tui.retag.retag_form import RetagSource, image_title


def _title_of_several(images: Sequence[RetagSource]) -> Content:
    title = f"Promote {format_count(len(images), 'marked image')} of "
    return Content.assemble((title, "bold"), text.content(images[0].repository, "bold"))


class PromoteForm(FieldForm):
    """Asks for a target, and shows what is copied there while the user types.

    Args:
        images: the images to copy, of one repository, at least one.
        repositories: the names that the field completes.
    """

    BINDINGS = bindings("promote_form")
    stops_after = "the current parts"

    class PlanRequested(PlanForm.PlanRequested):
        """The form needs the plan for its target."""

        form: PromoteForm

    class ApplyRequested(PlanForm.ApplyRequested):
        """The user confirmed the promotion."""

        form: PromoteForm

    class UndoRequested(PlanForm.UndoRequested):
        """The user wants to undo the promotion."""

        form: PromoteForm

    def __init__(self, images: Sequence[RetagSource], repositories: Sequence[str] = ()) -> None:
        several = len(images) > 1
        field = "repository, or its URI" if several else "repository[:tag], or an image URI"
        self.placeholder = f"{field}, or several; before them --to-profile …"
        super().__init__(_title_of_several(images) if several else image_title("Promote", images[0]))
        self.images = images
        self._position = 1
        """The position of the image that is copied."""
        self._repositories = repositories
        self.target = Target()
        """What the user typed."""
        self._created_for: object = None
        """The repositories that may be created, as :meth:`_repositories_of_target` returns them; None for none."""
        self.job: PromotionJob | None = None
        """What plans and copies; None before the first plan."""
        self.opened: OpenTarget | None = None
        """The target once its registry is connected."""
        self.planned: PlannedPromotion | None = None
        self.result: BatchReport | None = None
        self._transfer: TransferProgress | None = None
        self._is_missing = False
        """True if the repository of the target does not exist."""

    def on_mount(self) -> None:
        own = self.screen.header_state if isinstance(self.screen, AppScreen) else HeaderState()
        connections = target_connections_of(self.app)
        self.field.suggester = TargetSuggester(self._repositories, connections, own.region)

    def words_of(self, line: str) -> tuple[str, ...]:
        try:
            return tuple(shlex.split(line))
        except ValueError:  # a quotation mark that is not closed yet
            return tuple(line.split())

    def problem_of(self, words: tuple[str, ...]) -> str:
        try:
            if words:
                options, lines = split_options(words)
                self.target = Target(tuple(map(self._parse, lines)), options)
            else:
                self.target = Target()
        except UsageError as error:
            return error.detail or error.title
        return ""

    def _parse(self, line: str) -> Reference:
        """Return the target; without a tag if there are several images, which keep theirs.

        Raises:
            UsageError: the line names no target.
        """
        if len(self.images) == 1:
            return parse_target(line, next(iter(self.images[0].tags), ""))
        if untagged := sum(not image.tags for image in self.images):
            raise UsageError(f"{format_count(untagged, 'marked image')} without a tag cannot be copied with the others")
        if parse_reference(line).tag:
            raise UsageError("Several images cannot get one tag", f"Each keeps its own tags. {line!r} names a tag.")
        return parse_target(line, "-")._replace(tag="")

    def request_plan(self, tags: tuple[str, ...]) -> None:
        self.opened = self.planned = self.result = self._transfer = None
        self._is_missing = False
        super().request_plan(tags)

    def job_on(self, source: SessionSource) -> PromotionJob:
        """Return what plans and copies, on the connection of the image."""
        if self.job is None:
            self.job = PromotionJob(source, self.images, target_connections_of(self.app))
        return self.job

    def apply_plans(
        self,
        request: ApplyRequested,
        on_progress: OnProgress,
        on_retry: OnRetry,
        on_image: Callable[[int], None],
        stop: Callable[[], bool],
    ) -> Report:
        """Apply the plan that the form shows. Block; keep the result for :meth:`report_lines`.

        Raises:
            EcrTuiError: nothing was sent.
        """
        if self.job is None or self.planned is None:
            raise ValueError("the form has no plan")
        self.result = self.job.apply_plans(
            self.planned,
            on_progress=on_progress,
            on_retry=on_retry,
            on_image=on_image,
            stop=stop,
            on_conflict=request.on_conflict,
            allow_protected=request.confirmed,
        )
        return self.result.report

    def show_promotion(self, planned: PlannedPromotion, words: tuple[str, ...]) -> None:
        """Show a plan; see :meth:`show_plan`."""
        if words == self.state.tags:
            self.planned = planned
            self.show_plan(planned.batch.plan, words)

    def show_missing_repository(self, words: tuple[str, ...]) -> None:
        """Show that a repository of the target does not exist, and how to create it; see :meth:`show_error`."""
        if words != self.state.tags:
            return
        self._is_missing = True
        names = list(dict.fromkeys(reference.repository for reference in self.target.references))
        which = f"The repository {names[0]} does not" if len(names) == 1 else f"Not all of {format_names(names)}"
        problem = f"{which} exist{self.registry_of_writes()}."
        create = press(self, "promote_form.create_repository", "create it with the copy")
        self.state = replace(self.state, planning=False, problem=f"{problem} {create}".rstrip())

    def show_image(self, position: int) -> None:
        """Show which image is copied now; the first one has position 1."""
        self._position, self._transfer = position, None
        self.watch_state(self.state)

    def show_transfer(self, progress: TransferProgress) -> None:
        """Show how much is copied, and why a request is sent again."""
        if self.state.phase is Phase.WRITE:
            self._transfer = progress
            self.state = replace(self.state, retried=progress.retried)
            self.watch_state(self.state)

    @property
    def creates_repository(self) -> bool:
        """True if the user lets a repository of this target be created. Another target needs the key again."""
        return self._created_for == self._repositories_of_target()

    def _repositories_of_target(self) -> object:
        return {reference._replace(tag="") for reference in self.target.references}, dict(self.target.options)

    def action_create_repository(self) -> None:
        """Create a repository that does not exist, or do not."""
        if self.state.phase is Phase.EDIT and self.state.tags:
            self._created_for = None if self.creates_repository else self._repositories_of_target()
            self.request_plan(self.state.tags)

    def registry_of_writes(self) -> str:
        other = self._other_registry
        return f" in {other}" if other else super().registry_of_writes()

    @property
    def _other_registry(self) -> str:
        return "" if self.opened is None else self.opened.other_registry

    def progress_words(self, state: PlanFormState) -> str:
        image = f"image {self._position} of {len(self.images)}: " if len(self.images) > 1 else ""
        if self._transfer is None:
            return f"{image}copying…"
        if self._transfer.blobs_done < self._transfer.blobs_total:  # ECR completes a blob after its last byte
            return f"{image}copying: {self._transfer}"
        return f"{image}writing manifests and tags… ({self._transfer})"

    def plan_lines(self, plan: Plan) -> Content:
        if self.planned is None:
            return super().plan_lines(plan)
        lines = []
        if other := self._other_registry:
            lines.append(text.content(f"  to {other}", "bold"))
        for image, promotion in zip(self.images, self.planned.batch.promotions, strict=True):
            if len(self.images) > 1:
                lines.append(text.content(f"  {short_digest(image.digest)} {' '.join(image.tags)}", "bold"))
            lines += [text.content(f"  {line}") for line in copy_lines(promotion)]
        asked = sorted(plan.steps, key=lambda step: step.after not in self._digests)  # the tags of cosign come after
        return Content("\n").join([*lines, super().plan_lines(replace(plan, steps=tuple(asked)))])

    @property
    def _digests(self) -> Collection[str]:
        """The digests of the images that are copied."""
        return {image.digest for image in self.images}

    @property
    def written_plans(self) -> list[str]:
        """The ids of the plans that changed a tag."""
        results = self.result.reports if self.result else ()
        return [result.promotion.plan.id for result in results if undo_verb(result.report)]

    def refused_hint(self, plan: Plan) -> str:
        return ""

    def result_texts(self, report: Report) -> Texts:
        return super().result_texts(report) if self.result is None else change_record.result_texts(self.result.reports)

    def report_lines(self, report: Report) -> Content:
        other = self._other_registry
        lines = rendering.fact_lines(("plan id", report.plan.id), *([("to", other)] if other else []))
        if self.result is not None and self.result.unfinished:
            go_on = press(self, "plan_form.retry", "plan again and continue: what is there is not sent again")
            lines.append(rendering.warning_line(f"{self.result.in_target}. {go_on}".rstrip()))
        return Content("\n").join([*lines, rendering.report_lines(report, self._digests)])

    def keys(self, state: PlanFormState) -> Iterable[tuple[str, str]]:
        yield from super().keys(state)
        if state.phase is Phase.EDIT and (self._is_missing or self.creates_repository):
            words = "do not create the repository" if self.creates_repository else "create the repository"
            yield "promote_form.create_repository", words
