"""Mixins for screens on which a plan can be made and applied.

A form posts messages to its screen (a plan is needed, apply it, close); the screen answers with the ``show_…`` methods
of the form.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.events import DescendantFocus
from textual.widgets import Input

from ecrtui.ecr import units
from ecrtui.ecr.location import RegistryLocation
from ecrtui.ecr.text_formats import by_suffix
from ecrtui.errors import EcrTuiError, OnRetry, internal_error
from ecrtui.retag.plan import Plan, Progress, Report, StepResult, TagChange, reverting_kind
from ecrtui.tui import blocking, messages
from ecrtui.tui import safe_text as text
from ecrtui.tui.bindings import own_actions
from ecrtui.tui.fields_message import FieldsMessage
from ecrtui.tui.retag.plan_form import PlanForm
from ecrtui.tui.retag.retag_form import RetagForm, RetagSource
from ecrtui.tui.saving import SavesFiles

if TYPE_CHECKING:
    from ecrtui.ecr.image import Image
    from ecrtui.retag.engine import Engine, RepositoryContext
    from ecrtui.retag.journal.entry import JournalEntry
    from ecrtui.session import Session, SessionSource

log = logging.getLogger(__name__)

MAX_STEPS_IN_FORM = 6
"""Writes of one repository whose undo is shown in a form; that of more, or of several repositories, is in a table."""

TYPING_PAUSE = 0.12
"""Seconds without a keystroke before a plan is requested, so that a word costs one request."""


class StepFinished(FieldsMessage):
    """A step of the plan that is being applied has its result."""

    form: PlanForm
    result: StepResult
    progress: Progress


class StepRetried(FieldsMessage):
    """A request of the plan that is being applied is sent again."""

    form: PlanForm
    error: EcrTuiError


class PlanApplyMixin(SavesFiles):
    """A screen on which a plan can be applied."""

    shows_steps: ClassVar[bool] = False
    """True if the screen itself shows the steps of a plan. The steps of an undo are on a screen of their own then."""

    @property
    def shows_form(self) -> bool:
        """True while a form is open. The footer asks for each key."""
        return bool(self._forms)

    @property
    def _forms(self) -> Sequence[PlanForm]:
        """The open forms. A query would match the selectors of each widget."""
        return self.walk_children(PlanForm)

    async def show_form(self, form: PlanForm) -> None:
        """Open a form and focus it, unless one is open already."""
        if not self.shows_form:
            await self.query_one("#body").mount(form)
            self.refresh_bindings()

    def on_descendant_focus(self, event: DescendantFocus) -> None:
        """Keep the focus in an open form, also after a click elsewhere: no other widget knows how to close it."""
        for form in self._forms:
            if not isinstance(event.widget, Input) and form not in event.widget.ancestors_with_self:
                form.take_focus()

    @property
    def awaits_content(self) -> bool:
        return super().awaits_content or any(form.state.awaits_answer for form in self._forms)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Disable the actions that do not work now, such as the screen's own ones while a form is open."""
        return super().check_action(action, parameters) and not self.why_not(action)

    def why_not(self, action: str) -> str:
        """Return why an action does not work now; see :class:`ecrtui.tui.bindings.ExplainsActions`."""
        return "Close the form first." if action in own_actions(type(self)) and self.shows_form else ""

    async def begin_undo(self, title: str, find: Callable[[Engine], tuple[JournalEntry, ...]]) -> None:
        """Open the form for an undo at once, so that it gets the keys typed from now on, and make the plan.

        Args:
            title: the first line until the writes are known.
            find: returns the writes to undo. Blocks; raises EcrTuiError.
        """
        form = PlanForm(text.content(title, "bold"), None, lambda engine: engine.plan_undo(find(engine)))
        await self.show_form(form)
        if form.is_attached:
            self._plan_undo(form, find)

    @work(exclusive=True, group="plan", exit_on_error=False)
    async def _plan_undo(self, form: PlanForm, find: Callable[[Engine], tuple[JournalEntry, ...]]) -> None:
        try:
            engine = (await self.session()).engine
            entries = await blocking.run_blocking(find, engine)
            title = _undo_title(entries)
            repositories = {entry.repository for entry in entries}
            if self.shows_steps or len(entries) > MAX_STEPS_IN_FORM or len(repositories) > 1:
                await self._close_form(form)
                request = messages.PlanRequest(title, lambda engine, line: engine.plan_undo(entries))
                self.post_message(messages.OpenPlan(self.connect, request))
                return
            form.show_title(text.content(title, "bold"))
            form.show_plan(await blocking.run_blocking(engine.plan_undo, entries))
        except EcrTuiError as error:
            form.show_error(error)

    async def on_plan_form_undo_requested(self, message: PlanForm.UndoRequested) -> None:
        message.stop()
        await self._close_form(message.form)
        await self.begin_undo_of(message.plan)

    async def begin_undo_of(self, plan: Plan) -> None:
        """Open the form for the undo of a plan; if the plan is an undo, for the redo of what it took back."""
        title = f"{reverting_kind([plan.kind]).capitalize()} plan {plan.id}"
        await self.begin_undo(title, lambda engine: engine.entries_to_undo(plan.id))

    async def on_plan_form_save_requested(self, message: PlanForm.SaveRequested) -> None:
        message.stop()
        await self.ask_for_file(by_suffix(message.texts))

    async def on_plan_form_copy_requested(self, message: PlanForm.CopyRequested) -> None:
        message.stop()
        await self.offer_texts(message.texts)

    def focus_after_field(self) -> None:
        form = next(iter(self.query(PlanForm)), None)
        if form is None:
            self.focus_content()
        else:
            self.set_focus(form)

    async def refresh_after_write(self, report: Report) -> None:
        """Update what the screen shows after a write on this screen or on one above it. Screens override it."""

    def image_to_write(self, repository: str, image: Image, note: str = "") -> RetagSource:
        """Return an image of a repository for the first line of a form, with a warning about it."""
        tags = self.order_tags(image.tags)
        return RetagSource(repository, image.digest, tags, units.format_age(image.pushed_at), note)

    async def images_after_write(
        self, source: SessionSource, repository: str, digests: Sequence[str]
    ) -> Sequence[Image] | None:
        """Return images of a repository as they are now; None, after a warning, if they cannot be read."""
        try:
            session = await blocking.run_blocking(source)
            return await blocking.run_blocking(session.registry.images_by_digest, repository, digests)
        except EcrTuiError as error:
            self.notify(f"Could not update the images: {error}", severity="warning")
            return None

    @work(group="follow", exit_on_error=False)
    async def _follow_write(self, report: Report, *, is_own: bool) -> None:
        """Show what a write changed, if this screen shows its registry.

        Each screen does so on its own: it can be closed meanwhile, and quitting waits for the write only.
        """
        if is_own or await self.shows(report.location):
            await self.refresh_after_write(report)

    async def shows(self, location: RegistryLocation) -> bool:
        """Return True if this screen shows the registry at this location."""
        try:
            return (await self.session()).location == location
        except EcrTuiError:
            return False

    def on_plan_form_apply_requested(self, message: PlanForm.ApplyRequested) -> None:
        message.stop()
        self.begin_write(message.form, partial(self._apply, message))

    def begin_write(
        self,
        form: PlanForm,
        apply: Callable[[Session, Callable[[], bool]], Report],
        target: SessionSource | None = None,
    ) -> None:
        """Write, and show the result in a form.

        Args:
            form: the form.
            apply: writes and returns the result. It runs in a thread, and gets the session and a function that returns
                True once the write has to stop.
            target: the source of the registry that gets the write; None for that of this screen.
        """
        sources = (self.connect,) if target is None or target is self.connect else (self.connect, target)
        # A worker of the application, because closing the screen must not cancel a write.
        self.app.run_worker(self._write(form, apply, sources), group="write", exit_on_error=False)

    def _apply(self, request: PlanForm.ApplyRequested, session: Session, stop: Callable[[], bool]) -> Report:
        def report_step(result: StepResult, progress: Progress) -> None:
            if not blocking.is_stopping():
                self.post_message(StepFinished(request.form, result, progress))

        return session.engine.apply(
            request.plan,
            on_result=report_step,
            on_retry=self.reporting_retries(request.form),
            stop=stop,
            on_conflict=request.on_conflict,
            allow_protected=request.confirmed,
        )

    def reporting_retries(self, form: PlanForm) -> OnRetry:
        """Return what shows in a form why a request is sent again. It may be called in any thread."""

        def report(error: EcrTuiError) -> None:
            if not blocking.is_stopping():
                self.post_message(StepRetried(form, error))

        return report

    def on_step_finished(self, message: StepFinished) -> None:
        message.form.show_progress(message.progress)

    def on_step_retried(self, message: StepRetried) -> None:
        message.form.show_retry(message.error)

    def on_plan_form_plan_requested(self, message: PlanForm.PlanRequested) -> None:
        if message.form.make_plan is not None:
            message.stop()
            self._plan_again(message.form, message.form.make_plan)

    @work(exclusive=True, group="plan", exit_on_error=False)
    async def _plan_again(self, form: PlanForm, make_plan: Callable[[Engine], Plan]) -> None:
        try:
            session = await self.session()
            plan = await blocking.run_blocking(make_plan, session.engine)
        except EcrTuiError as error:
            form.show_error(error)
        else:
            form.show_plan(plan)
            self.plan_made_again(plan)

    def plan_made_again(self, plan: Plan) -> None:
        """Show the new plan of a form. Screens override it if they show the steps themselves."""

    def on_plan_form_manifest_requested(self, message: PlanForm.ManifestRequested) -> None:
        message.stop()
        self.post_message(messages.ShowText(message.title, message.text))

    async def on_plan_form_closed(self, message: PlanForm.Closed) -> None:
        message.stop()
        self.workers.cancel_group(self, "plan")
        await self._close_form(message.form)
        self.focus_content()

    async def _close_form(self, form: PlanForm) -> None:
        await form.remove()
        self.refresh_bindings()

    async def _write(
        self,
        form: PlanForm,
        apply: Callable[[Session, Callable[[], bool]], Report],
        sources: Sequence[SessionSource],
    ) -> None:
        application = self.app
        for source in sources:
            application.post_message(messages.WriteBegan(source))
        try:
            session = await self.session()
            report = await blocking.run_write(apply, session, lambda: form.stopping or blocking.is_stopping())
        except EcrTuiError as error:
            form.show_error(error)
        except Exception as problem:
            # Without this, the form would show "writing…" forever after a bug.
            log.exception("unexpected error while writing")
            form.show_error(internal_error(problem))
        else:
            form.show_report(report)
            for screen in application.screen_stack:
                if isinstance(screen, PlanApplyMixin):
                    screen._follow_write(report, is_own=screen is self)
        finally:
            for source in sources:
                application.post_message(messages.WriteEnded(source))


def _undo_title(entries: Sequence[JournalEntry]) -> str:
    """Return what an undo of these writes of one plan takes back, and who made them."""
    newest = entries[0]
    names = list(dict.fromkeys(f"{entry.repository}:{entry.tag}" for entry in entries))
    plan = f"plan {newest.plan}"
    parts = (
        f"{reverting_kind([newest.kind]).capitalize()} {names[0] if len(names) == 1 else plan}",
        units.format_count(len(names), "tag") if len(names) > 1 else plan,
        f"{newest.kind} {units.format_age(newest.begun_at)}",
        newest.principal,
    )
    return " · ".join(filter(None, parts))


class RetagMixin(PlanApplyMixin):
    """A screen on which an image can be tagged."""

    _repository_context: RepositoryContext | None = None

    async def begin_retag(self, source: RetagSource, proposal: Sequence[str] = (), proposed: str = "") -> None:
        """Open the form for this image, with tags that the user can accept or change.

        Args:
            source: the image.
            proposal: the tags in the field. They are selected, so that a typed tag replaces them.
            proposed: what these tags are.
        """
        self._repository_context = None
        form = RetagForm(source, f"The field has {proposed}. Typing replaces them." if proposal else "")
        await self.show_form(form)
        if proposal and form.is_mounted:
            form.field.value = " ".join(proposal)
            form.field.select_all()

    def all_images(self) -> Sequence[Image] | None:
        """Return all images of the repository, or None if the screen has not loaded them.

        Predictions for lifecycle rules that count images are exact only with all of them.
        """
        return None

    def on_plan_form_apply_requested(self, message: PlanForm.ApplyRequested) -> None:
        self._repository_context = None  # a plan after a failure reads the settings of the repository again

    def on_plan_form_plan_requested(self, message: PlanForm.PlanRequested) -> None:
        if isinstance(message.form, RetagForm):
            message.stop()
            self._plan(message.form, message.tags)

    @work(exclusive=True, group="plan", exit_on_error=False)
    async def _plan(self, form: RetagForm, tags: tuple[str, ...]) -> None:
        if not tags:
            return
        await asyncio.sleep(TYPING_PAUSE)
        source = form.source
        try:
            session = await self.session()
            if self._repository_context is None:
                self._repository_context = await blocking.run_blocking(
                    session.engine.repository_context, source.repository, self.all_images()
                )
            changes = [TagChange(source.repository, tag, source.digest) for tag in tags]
            contexts = {source.repository: self._repository_context}
            form.show_plan(await blocking.run_blocking(session.engine.plan, changes, contexts=contexts), tags)
        except EcrTuiError as error:
            form.show_error(error, tags)
