"""How a place writes: the form in place, a plan for every pause in typing, and a write that nothing cancels."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual import work

from ecrtui.ecr.location import RegistryLocation
from ecrtui.errors import EcrTuiError
from ecrtui.retag.plan import Progress, Report, StepResult, TagChange
from ecrtui.tui import blocking as io
from ecrtui.tui import messages
from ecrtui.tui.base_screen import AppScreen
from ecrtui.tui.retag.plan_form import PlanForm
from ecrtui.tui.retag.retag_form import RetagForm, RetagSource

if TYPE_CHECKING:
    from ecrtui.ecr.image import Image
    from ecrtui.retag.engine import RepositoryContext

log = logging.getLogger(__name__)

TYPING_PAUSE = 0.12
"""Seconds without a key after which the plan is asked for: one request for a word, not one for each letter."""


class PlanApplyMixin(AppScreen):
    """A place on which a plan can be carried out."""

    async def show_form(self, form: PlanForm) -> None:
        """Open a form, unless one is open; it has the focus from then on."""
        if not self.query(PlanForm):
            await self.query_one("#body").mount(form)
            self.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """While a form is open its keys are the only ones that act on the place."""
        return not (action in self.own_actions and self.query(PlanForm))

    async def refresh_after_write(self, report: Report) -> None:
        """Bring what the place shows up to date after a write, here or on a place above; places override it."""

    async def shows(self, location: RegistryLocation) -> bool:
        """Return True if this screen shows the registry at this location."""
        try:
            return (await self.session()).location == location
        except EcrTuiError:
            return False

    def focus_content(self) -> None:
        """Give the keys back to what the place shows; places override it."""

    def on_plan_form_applied(self, message: PlanForm.Applied) -> None:
        message.stop()
        # The application's worker, not this place's: leaving the place must not cancel a write.
        self.app.run_worker(self._write(message), group="write", exit_on_error=False)

    def on_plan_form_manifest_wanted(self, message: PlanForm.ManifestWanted) -> None:
        message.stop()
        self.post_message(messages.ShowText(message.title, message.text))

    async def on_plan_form_closed(self, message: PlanForm.Closed) -> None:
        message.stop()
        self.workers.cancel_group(self, "plan")
        await message.form.remove()
        self.refresh_bindings()
        self.focus_content()

    async def _write(self, wanted: PlanForm.Applied) -> None:
        form = wanted.form

        def tell(result: StepResult, progress: Progress) -> None:
            form.post_message(PlanForm.Progressed(result, progress))

        application = self.app
        application.post_message(messages.WriteBegan(self.connect))
        try:
            session = await self.session()
            report = await io.run_blocking(
                session.engine.apply,
                wanted.plan,
                on_result=tell,
                stop=lambda: form.stopping,
                on_conflict=wanted.on_conflict,
                allow_protected=wanted.confirmed,
            )
        except EcrTuiError as error:
            form.failed(error)
        except Exception as problem:
            # A defect of ours must not leave the form saying "writing…" for ever.
            log.exception("the write failed in an unforeseen way")
            form.failed(EcrTuiError("ecrtui failed here; this is a defect", f"{type(problem).__name__}: {problem}"))
        else:
            form.reported(report)
            for screen in application.screen_stack:
                if isinstance(screen, PlanApplyMixin) and (screen is self or await screen.shows(report.location)):
                    await screen.refresh_after_write(report)
        finally:
            application.post_message(messages.WriteEnded(self.connect))


class RetagMixin(PlanApplyMixin):
    """A place on which an image can be given a tag."""

    _survey: RepositoryContext | None = None

    async def begin_retag(self, source: RetagSource) -> None:
        """Open the form for this image."""
        self._survey = None
        await self.show_form(RetagForm(source))

    def all_images(self) -> Sequence[Image] | None:
        """Every image of the repository, if the place has them; rules that count images are told exactly only then."""
        return None

    def on_retag_form_changed(self, message: RetagForm.Changed) -> None:
        message.stop()
        self._plan(message.form, message.tags)

    @work(exclusive=True, group="plan", exit_on_error=False)
    async def _plan(self, form: RetagForm, tags: Sequence[str]) -> None:
        if not tags:
            return
        await asyncio.sleep(TYPING_PAUSE)
        source = form.source
        try:
            session = await self.session()
            if self._survey is None:
                self._survey = await io.run_blocking(
                    session.engine.repository_context, source.repository, self.all_images()
                )
            changes = [TagChange(source.repository, tag, source.digest) for tag in tags]
            contexts = {source.repository: self._survey}
            form.planned(await io.run_blocking(session.engine.plan, changes, contexts=contexts))
        except EcrTuiError as error:
            form.failed(error)
