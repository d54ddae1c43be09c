"""The Put image form: every parameter of PutImage as a field, checked while the user types."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from textual import work
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.reactive import var
from textual.widget import Widget
from textual.widgets import Input, Static

from ecrtui.ecr import units
from ecrtui.ecr.digest import short_digest
from ecrtui.ecr.manifest import Manifest
from ecrtui.ecr.put_image_request import PutImageResult, check_manifest
from ecrtui.errors import EcrTuiError, UsageError
from ecrtui.retag.plan import Report, StepOutcome, StepResult
from ecrtui.session import Session, SessionSource
from ecrtui.tui import blocking, messages
from ecrtui.tui import safe_text as text
from ecrtui.tui.aws_options import write_profile_line
from ecrtui.tui.bindings import key_hint
from ecrtui.tui.clipboard.copy_items import WRITE_PROFILE, CopyItem, copy_words
from ecrtui.tui.manifest.editor import MAX_EDITABLE_LENGTH, ManifestField
from ecrtui.tui.messages import PutImageDraft
from ecrtui.tui.put_image import text as put_image_text
from ecrtui.tui.put_image.document import ManifestSource, PutImageDocument, next_line_endings, read_manifest_file
from ecrtui.tui.retag.actions import PlanApplyMixin
from ecrtui.tui.retag.plan_form import PlanForm
from ecrtui.tui.textual_fixes.line_input import LineInput
from ecrtui.tui.textual_fixes.worker_description import LARGE_ARGUMENTS
from ecrtui.tui.widgets.header import Header
from ecrtui.tui.widgets.indented_text import IndentedText
from ecrtui.tui.widgets.message_panel import MessagePanel, PanelMessage, Severity

_SUCCESS = (StepOutcome.DONE, StepOutcome.ALREADY)
_LABELS = {
    "repository": ("repository", "name, without the registry host"),
    "tag": ("tag", "empty: store the image without a tag"),
    "file": ("manifest file", "path of a file; or paste or type the manifest below"),
    "media_type": ("media type", "from the manifest"),
    "digest": ("digest", "of the manifest below"),
    "registry_id": ("registry id", "this registry"),
}
"""The label and the placeholder of each field."""


class PutImageScreen(PlanApplyMixin):
    """The form for PutImage; its plan is shown and applied like a retag."""

    DEFAULT_CSS = """
    PutImageScreen #fields { height: 1fr; padding: 0 1; scrollbar-size-vertical: 1; }
    PutImageScreen #fields:disabled { opacity: 60%; }
    PutImageScreen .row { height: 1; }
    PutImageScreen .label { width: 15; color: $text-muted; }
    PutImageScreen .row Input, PutImageScreen .row Input:focus {
        border: none; height: 1; padding: 0; width: 1fr; background: $panel;
    }
    PutImageScreen .row Input:focus { background: $surface; }
    PutImageScreen .problem { height: auto; padding-left: 15; display: none; }
    PutImageScreen .problem.-shown { display: block; }
    PutImageScreen #about { padding-left: 1; }
    PutImageScreen #command { height: auto; margin-top: 1; color: $text-muted; }
    """

    SCOPES = ("put_image_form",)

    state: var[PutImageDocument] = var(PutImageDocument())
    target: var[Session | None] = var(None)
    """The session on the registry id in the form; None if the field is empty or the session is not open."""

    def __init__(self, connect: SessionSource, draft: PutImageDraft) -> None:
        super().__init__(connect)
        self.draft = draft
        self.set_reactive(PutImageScreen.state, PutImageDocument(request=replace(draft.request, manifest="")))
        self._prefilled: dict[str, str] = {}
        """The values that came with the selected image; they are cleared when its manifest is replaced."""
        self._original = ManifestSource()
        """The manifest before its line endings were changed."""
        self._sessions_by_account: dict[str, Session] = {}
        self._plan_id = ""
        """The id of the plan that was shown last."""
        self._focused_before_form: Widget | None = None

    def header(self) -> Header:
        return Header()

    def breadcrumb(self) -> str:
        return "Put image"

    def body(self) -> Iterable[Widget]:
        yield MessagePanel()
        rows = [widget for name in _LABELS for widget in self._field(name)]
        yield VerticalScroll(*rows, Static(id="command"), id="fields", can_focus=False)

    def _field(self, name: str) -> Iterable[Widget]:
        label, placeholder = _LABELS[name]
        value = getattr(self.state.request, name, "")
        field = LineInput(value, placeholder=placeholder, select_on_focus=False, id=name)
        yield Horizontal(Static(label, classes="label"), field, classes="row")
        yield Static(id=f"{name}-problem", classes="problem")
        if name == "file":
            yield ManifestField()
            yield IndentedText(id="about", classes="problem -shown")

    @property
    def manifest_field(self) -> ManifestField:
        """The field with the manifest."""
        return self.query_one(ManifestField)

    def _input(self, name: str) -> Input:
        return self.query_one(f"#{name}", Input)

    def on_mount(self) -> None:
        self._show(self.state)
        if self.draft.problem:
            reason = self.draft.problem.partition("\n\n")[0]  # a usage text follows, which does not help here
            self.query_one(MessagePanel).show_message(
                "Cannot use the command line as it is", reason, severity=Severity.WARNING
            )
        if self.draft.request.manifest:
            self._show_file(self.draft.file)
            self._load(ManifestSource(self.draft.request.manifest, "from the command line", self.draft.file))
        elif self.draft.image:
            self.load_picked_image()
        self._first_empty_field().focus()
        self.show_session()

    def _first_empty_field(self) -> Widget:
        empty = (field for field in self.query("#fields Input").results(Input) if not field.value)
        return next(empty, self.manifest_field)

    @work(exclusive=True, group="connect", exit_on_error=False)
    async def show_session(self) -> None:
        """Connect, so that the header shows the registry before anything is sent."""
        try:
            await super().session()
        except EcrTuiError as error:
            self.show_error(error)
            return
        self._open_target()

    @work(exclusive=True, group="read", exit_on_error=False)
    async def load_picked_image(self) -> None:
        """Read the manifest of the image that was selected in the list."""
        repository, digest = self.draft.request.repository, self.draft.image
        self.set_status("reading the manifest…")
        try:
            session = await super().session()
            manifest = await blocking.run_blocking(session.catalog.manifest, repository, digest)
        except EcrTuiError as error:
            self.show_error(error)
            return
        finally:
            self.set_status("")
        self._load(ManifestSource(manifest.text, f"of {short_digest(digest)} in {repository}"))
        self.state = replace(self.state, image=digest)
        self._prefilled = {"digest": digest}
        if check_manifest(manifest.text).media_type != manifest.media_type:
            self._prefilled["media_type"] = manifest.media_type
        for name, value in self._prefilled.items():
            self._input(name).value = value

    async def session(self) -> Session:
        """Return the session on the registry id in the form."""
        session = await super().session()
        account = self.state.request.registry_id
        if account in ("", session.location.registry_id):
            return session
        if account not in self._sessions_by_account:
            self._sessions_by_account[account] = await blocking.run_blocking(session.for_account, account)
        return self._sessions_by_account[account]

    def show_error(self, error: EcrTuiError) -> None:
        self.query_one(MessagePanel).message = PanelMessage.from_error(error)

    def action_retry(self) -> None:
        """Connect again, and read the selected image again."""
        self.query_one(MessagePanel).hide()
        self.show_session()
        if self._awaits_picked_image:
            self.load_picked_image()

    @property
    def _awaits_picked_image(self) -> bool:
        """True if the manifest of the selected image is not in the form, and no other one is."""
        return bool(self.draft.image) and not self.manifest_field.exact_text

    def watch_header_state(self) -> None:
        if self.is_mounted:
            self._show_header()
            self._show(self.state)

    def watch_target(self) -> None:
        self._show_header()

    @property
    def _target_account(self) -> str:
        """The registry id in the form; empty for the registry of the session, and while the id is not valid."""
        account = self.state.request.registry_id
        return "" if "registry_id" in self.state.problems or account == self.header_state.registry_id else account

    def _show_header(self) -> None:
        """Show the registry that the image goes to, also before its session is open."""
        state = self.header_state
        if self.target is not None:
            state = state.connected_to(self.target)
        elif account := self._target_account:
            state = state._replace(registry_id=account, alias="", connected=False)
        self.query_one(Header).header_state = state

    @work(exclusive=True, group="target", exit_on_error=False)
    async def _open_target(self) -> None:
        self.target = None
        self._show_header()
        if self._target_account:
            self.target = await self.session()

    def on_input_changed(self, event: Input.Changed) -> None:
        name, value = str(event.input.id), event.value.strip()
        if name == "file":
            self.state = replace(self.state, file_problem="")
            self._read_file(value)
        elif name in _LABELS:
            self.state = replace(self.state, request=replace(self.state.request, **{name: value}))
            if name == "registry_id":
                self.query_one(MessagePanel).hide()  # an error is about the earlier account
                self._open_target()

    @work(exclusive=True, group="read", exit_on_error=False)
    async def _read_file(self, path: str) -> None:
        if not path:
            return
        try:
            content = await blocking.run_blocking(read_manifest_file, path)
        except UsageError as problem:
            self.state = replace(self.state, file="", file_problem=str(problem))
            return
        self._load(ManifestSource(content, "from the file", path))

    def on_manifest_field_edited(self, message: ManifestField.Edited) -> None:
        """Forget the file: a manifest that was typed or pasted is no longer its content."""
        message.stop()
        self.workers.cancel_group(self, "read")  # a slower read must not replace the newer text
        self._show_file("")
        self._accept(ManifestSource(message.text, "pasted" if message.pasted else "typed"))

    def _load(self, source: ManifestSource) -> None:
        self.manifest_field.show_manifest(source.text)
        self._accept(source)

    def _accept(self, source: ManifestSource) -> None:
        self._original = source
        self._clear_prefilled()
        self._check(source)

    def _show_file(self, path: str) -> None:
        with self.prevent(Input.Changed):
            self._input("file").value = path

    def _clear_prefilled(self) -> None:
        for name, value in self._prefilled.items():
            field = self._input(name)
            if field.value == value:
                field.value = ""
        self._prefilled = {}

    def _check(self, source: ManifestSource) -> None:
        self.state = replace(self.state, origin=source.origin, file=source.file, file_problem="", image="")
        if len(source.text) <= MAX_EDITABLE_LENGTH:
            self.state = replace(self.state, manifest=check_manifest(source.text))
        else:
            self.set_status("reading the manifest…")
            self._check_in_background(source.text)

    @work(exclusive=True, group="check", exit_on_error=False, description=LARGE_ARGUMENTS)
    async def _check_in_background(self, exact: str) -> None:
        checked = await blocking.run_blocking(check_manifest, exact)
        if exact is self.manifest_field.exact_text:
            self.state = replace(self.state, manifest=checked)
            self.set_status("")

    def action_line_endings(self) -> None:
        """Change the line endings: original, LF, CRLF."""
        changed = next_line_endings(self._original, self.manifest_field.exact_text)
        if changed is None:
            self.notify("The manifest has no line endings.")
            return
        self.manifest_field.show_manifest(changed.text)
        self._show_file(changed.file)
        self._clear_prefilled()
        self._check(changed)

    def action_refresh_screen(self) -> None:
        """Read the file or the selected image again."""
        if path := self._input("file").value.strip():
            self._read_file(path)
        elif self._awaits_picked_image:
            self.load_picked_image()

    def watch_state(self, state: PutImageDocument) -> None:
        if self.is_mounted:
            self._show(state)

    def _show(self, state: PutImageDocument) -> None:
        problems = state.problems
        for name in _LABELS:
            line = self.query_one(f"#{name}-problem", Static)
            problem = problems.get(name, "")
            line.set_class(bool(problem), "-shown")
            line.update(text.content(f"✗ {problem}", "$text-error") if problem else "")
        self._set_placeholder("digest", state.digest)
        self._set_placeholder("media_type", state.manifest.media_type)
        registry_id = self.header_state.registry_id
        self._set_placeholder("registry_id", f"{registry_id}, this registry" if registry_id else "")
        hint = key_hint(self, "put_image_form.line_endings", "changes the line endings")
        self.query_one("#about", Static).update(put_image_text.manifest_lines(state, hint))
        self.query_one("#command", Static).update(Content.assemble(("$ ", "bold"), text.block(self._command())))

    def _set_placeholder(self, name: str, value: str) -> None:
        """Show the value that is sent if the field stays empty."""
        self._input(name).placeholder = text.visible(value) or _LABELS[name][1]

    def _command(self) -> str:
        return self.state.command(self.draft.request.repository, self._connection_options())

    def _connection_options(self) -> tuple[str, ...]:
        return self.draft.common or self.aws_options()

    def action_copy_menu(self) -> None:
        """Copy the command, the digest or the manifest."""
        items = (
            CopyItem("aws ecr put-image", self._command()),
            CopyItem(WRITE_PROFILE, write_profile_line(self.aws_options())),
            *copy_words(("digest", self.state.digest)),
            CopyItem("manifest", self.manifest_field.exact_text, lines=True),
        )
        self.post_message(messages.OfferCopies(tuple(item for item in items if item.text)))

    async def on_input_submitted(self, event: Input.Submitted) -> None:
        await self.action_plan()

    async def action_plan(self) -> None:
        """Show the plan, or focus the first field with a problem."""
        state = self.state
        if state.manifest.text != self.manifest_field.exact_text:
            return  # the check of the manifest has not finished
        problems = state.problems
        if problems:
            first = next(name for name in (*_LABELS, "manifest") if name in problems)
            (self.manifest_field if first == "manifest" else self._input(first)).focus()
            self.set_status(f"{units.format_count(len(problems), 'problem')} to fix")
            return
        self.set_status("")
        self.query_one(MessagePanel).hide()
        self._focused_before_form = self.focused
        self.query_one("#fields").disabled = True
        form = PlanForm(put_image_text.form_title(state))
        await self.show_form(form)
        self._plan(form)

    def on_plan_form_plan_requested(self, message: PlanForm.PlanRequested) -> None:
        message.stop()
        self._plan(message.form)

    @work(exclusive=True, group="plan", exit_on_error=False)
    async def _plan(self, form: PlanForm) -> None:
        state = self.state
        manifest = Manifest(state.manifest.text, state.manifest.digest, state.media_type)
        try:
            engine = (await self.session()).engine
            plan = await blocking.run_blocking(
                engine.plan_put_image, state.request.repository, manifest, state.request.tag
            )
        except EcrTuiError as error:
            form.show_error(error)
            return
        self._plan_id = plan.id
        form.show_plan(plan)

    async def refresh_after_write(self, report: Report) -> None:
        if report.plan.id == self._plan_id:
            account = (await self.session()).location.registry_id
            self.post_message(_finished(report.results[0], report.plan.provided_manifests[0], account))

    async def on_plan_form_closed(self, message: PlanForm.Closed) -> None:
        """Leave after a success; after anything else the user can change the fields."""
        report = message.form.state.report
        if report is not None and all(result.outcome in _SUCCESS for result in report.results):
            self.post_message(messages.GoBack(self))

    def focus_content(self) -> None:
        self.query_one("#fields").disabled = False
        (self._focused_before_form or self.manifest_field).focus()


def _finished(result: StepResult, manifest: Manifest, account: str) -> messages.PutImageFinished:
    """Return the message for a result; a response that was lost is rebuilt from what was read back."""
    step = result.step
    if result.outcome not in _SUCCESS:
        return messages.PutImageFinished(None, result.error or EcrTuiError("Image not put", result.message))
    response = result.result or PutImageResult(
        account, step.repository, step.after, step.tag, manifest.media_type, manifest.text
    )
    return messages.PutImageFinished(response, None)
