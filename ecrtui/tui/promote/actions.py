"""Mixin for screens on which an image can be promoted."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from textual import work

from ecrtui.errors import EcrTuiError, ErrorKind
from ecrtui.retag.plan import Report
from ecrtui.tui import blocking, messages
from ecrtui.tui.fields_message import FieldsMessage
from ecrtui.tui.retag.actions import TYPING_PAUSE, PlanApplyMixin

if TYPE_CHECKING:
    from ecrtui.promote.transfer import TransferProgress
    from ecrtui.retag.engine import Engine
    from ecrtui.retag.journal.entry import JournalEntry
    from ecrtui.session import Session
    from ecrtui.tui.promote.form import PromoteForm
    from ecrtui.tui.retag.retag_form import RetagSource


class TransferAdvanced(FieldsMessage):
    """A promotion has copied more."""

    form: PromoteForm
    progress: TransferProgress


class ImageBegun(FieldsMessage):
    """A promotion of several images begins with another one."""

    form: PromoteForm
    position: int


class PromoteMixin(PlanApplyMixin):
    """A screen on which images can be copied to another repository."""

    async def begin_promotion(self, *images: RetagSource) -> None:
        """Open the form for these images of one repository."""
        from ecrtui.tui.promote.form import PromoteForm  # the first frame does not need it

        await self.show_form(PromoteForm(images, self.known_repositories()))

    def on_promote_form_plan_requested(self, message: PromoteForm.PlanRequested) -> None:
        message.stop()
        self._plan_promotion(message.form, message.tags)

    @work(exclusive=True, group="plan", exit_on_error=False)
    async def _plan_promotion(self, form: PromoteForm, words: tuple[str, ...]) -> None:
        if not words:
            return
        await asyncio.sleep(TYPING_PAUSE)
        target = form.target
        try:
            await self.session()  # so that a failure to connect is shown as on every screen
            job = form.job_on(self.connect)
            form.opened = await blocking.run_blocking(job.open, target)
            planned = await blocking.run_blocking(
                job.plan, form.opened, target.references, create_repository=form.creates_repository
            )
        except EcrTuiError as error:
            has_sources = form.job is not None and bool(form.job.sources)
            if error.kind is ErrorKind.REPOSITORY_NOT_FOUND and has_sources:
                form.show_missing_repository(words)
            else:
                form.show_error(error, words)
        else:
            form.show_promotion(planned, words)

    def on_promote_form_apply_requested(self, message: PromoteForm.ApplyRequested) -> None:
        message.stop()
        planned = message.form.planned
        self.begin_write(message.form, partial(self._promote, message), None if planned is None else planned.target)

    def _promote(self, request: PromoteForm.ApplyRequested, session: Session, stop: Callable[[], bool]) -> Report:
        form = request.form

        def report(progress: TransferProgress) -> None:
            if not blocking.is_stopping():
                self.post_message(TransferAdvanced(form, progress))

        def begin(position: int) -> None:
            if not blocking.is_stopping():
                self.post_message(ImageBegun(form, position))

        return form.apply_plans(request, report, self.reporting_retries(form), begin, stop)

    async def on_promote_form_undo_requested(self, message: PromoteForm.UndoRequested) -> None:
        """Plan to undo a promotion: in a form on this screen, or on a screen of the registry that has the tags."""
        message.stop()
        form = message.form
        planned, plans = form.planned, form.written_plans
        if planned is None or not plans:
            return
        title = f"Undo plan {' '.join(plans)}"

        def find(engine: Engine) -> tuple[JournalEntry, ...]:
            return tuple(entry for plan in reversed(plans) for entry in engine.entries_to_undo(plan))

        await self._close_form(form)
        if planned.target is self.connect:
            await self.begin_undo(title, find)
            return
        request = messages.PlanRequest(title, lambda engine, line: engine.plan_undo(find(engine)))
        self.post_message(messages.OpenPlan(planned.target, request))

    def on_image_begun(self, message: ImageBegun) -> None:
        message.form.show_image(message.position)

    def on_transfer_advanced(self, message: TransferAdvanced) -> None:
        message.form.show_transfer(message.progress)
