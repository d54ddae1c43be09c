"""The Put image form: every parameter of PutImage as a field, checked as it is typed."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from textual import work
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.reactive import var
from textual.widget import Widget
from textual.widgets import Input, Static

from ecrtui.ecr import units
from ecrtui.ecr.digest import short_digest
from ecrtui.ecr.location import EMBEDDED
from ecrtui.ecr.manifest import MAX_LENGTH, Manifest
from ecrtui.ecr.put_image_request import (
    ManifestCheck,
    PutImageRequest,
    PutImageResult,
    check_manifest,
    request_errors,
    with_line_ends,
)
from ecrtui.errors import EcrTuiError, UsageError
from ecrtui.retag.plan import Report, StepOutcome, StepResult
from ecrtui.session import Session, SessionSource
from ecrtui.tui import blocking as io
from ecrtui.tui import clipboard, messages
from ecrtui.tui import safe_text as text
from ecrtui.tui.clipboard import CopyItem
from ecrtui.tui.manifest.editor import MAX_EDITABLE_LENGTH, ManifestField
from ecrtui.tui.messages import PutImageDraft
from ecrtui.tui.retag import rendering as plan_text
from ecrtui.tui.retag.actions import PlanApplyMixin
from ecrtui.tui.retag.plan_form import PlanForm
from ecrtui.tui.widgets.message_panel import MessagePanel, PanelMessage, Severity

_GOOD = (StepOutcome.DONE, StepOutcome.ALREADY)
_LABELS = {
    "repository": ("repository", "its name, without the registry's host"),
    "tag": ("tag", "none: the image is stored without a tag"),
    "file": ("manifest file", "the path of a file, or paste or type the manifest below"),
    "media_type": ("media type", "as the manifest says"),
    "digest": ("digest", "that of the bytes below"),
    "registry_id": ("registry id", "this registry's"),
}
_LINE_ENDS = {"\n": "LF", "\r\n": "CRLF", "\r": "CR"}


@dataclass(frozen=True, slots=True)
class PutImageState:
    """All that the form knows."""

    wanted: PutImageRequest = field(default_factory=PutImageRequest)
    manifest: ManifestCheck = field(default_factory=lambda: check_manifest(""))
    origin: str = ""
    """Where the manifest came from, in words."""
    file: str = ""
    """The file that has the bytes of the manifest; empty if none does."""
    image: str = ""
    """The digest of the image that was picked, while the manifest is its; empty if it is not an image's."""
    file_problem: str = ""

    @property
    def problems(self) -> Mapping[str, str]:
        """What is wrong, by field."""
        found = dict(request_errors(self.wanted, self.manifest))
        if self.file_problem:
            found["file"] = self.file_problem
        return found

    @property
    def media_type(self) -> str:
        """The media type that is sent."""
        return self.wanted.media_type or self.manifest.media_type


class PutImageScreen(PlanApplyMixin):
    """Fills PutImage in, and carries it out as a retag is carried out."""

    DEFAULT_CSS = """
    PutImageScreen #fields { height: 1fr; padding: 0 1; }
    PutImageScreen #fields:disabled { opacity: 60%; }
    PutImageScreen .row { height: 1; }
    PutImageScreen .label { width: 15; color: $text-muted; }
    PutImageScreen .row Input, PutImageScreen .row Input:focus {
        border: none; height: 1; padding: 0; width: 1fr; background: $panel;
    }
    PutImageScreen .row Input:focus { background: $surface; }
    PutImageScreen .complaint { height: auto; padding-left: 15; display: none; }
    PutImageScreen .complaint.-shown { display: block; }
    PutImageScreen #about { padding-left: 1; }
    PutImageScreen #command { height: auto; margin-top: 1; color: $text-muted; }
    """

    SCOPES = ("put_image_form",)

    state: var[PutImageState] = var(PutImageState())

    def __init__(self, connect: SessionSource, draft: PutImageDraft) -> None:
        super().__init__(connect)
        self.draft = draft
        self.set_reactive(PutImageScreen.state, PutImageState(wanted=replace(draft.wanted, manifest="")))
        self._brought: dict[str, str] = {}
        """What a picked image has filled in; it goes with its manifest."""
        self._as_it_came = ("", "", "")
        """The text of the manifest, where it came from, and its file: what the line ends are changed from."""
        self._others: dict[str, Session] = {}
        self._applied = ""
        """The id of the plan that was put to the user last."""

    def breadcrumb(self) -> str:
        return "Put image"

    def body(self) -> Iterable[Widget]:
        yield MessagePanel()
        rows = [widget for name in _LABELS for widget in self._field(name)]
        yield VerticalScroll(*rows, Static(id="command"), id="fields", can_focus=False)

    def _field(self, name: str) -> Iterable[Widget]:
        label, placeholder = _LABELS[name]
        value = getattr(self.state.wanted, name, "")
        field = Input(value, placeholder=placeholder, select_on_focus=False, id=name)
        yield Horizontal(Static(label, classes="label"), field, classes="row")
        yield Static(id=f"{name}-told", classes="complaint")
        if name == "file":
            yield ManifestField()
            yield Static(id="about", classes="complaint")

    @property
    def manifest_field(self) -> ManifestField:
        """Where the manifest stands."""
        return self.query_one(ManifestField)

    def on_mount(self) -> None:
        self._show(self.state)
        if self.draft.problem:
            words = self.draft.problem.partition("\n\n")[0]  # the usage behind it is of no use here
            self.query_one(MessagePanel).show_message(
                "The line cannot be used as it is", words, severity=Severity.WARNING
            )
        if self.draft.wanted.manifest:
            with self.prevent(Input.Changed):
                self.query_one("#file", Input).value = self.draft.file
            self._take(self.draft.wanted.manifest, "from the command line", file=self.draft.file)
        elif self.draft.image:
            self.load_picked_image()
        self._first_empty().focus()
        self.show_session()

    def _first_empty(self) -> Widget:
        return next(
            (field for field in self.query("#fields Input").results(Input) if not field.value), self.manifest_field
        )

    @work(exclusive=True, group="meet", exit_on_error=False)
    async def show_session(self) -> None:
        """Connect, so that the header tells which registry it is before anything is sent."""
        try:
            await super().session()
        except EcrTuiError as error:
            self.show_error(error)

    @work(exclusive=True, group="read", exit_on_error=False)
    async def load_picked_image(self) -> None:
        """Read the manifest of the image that was picked in the browser."""
        repository, digest = self.draft.wanted.repository, self.draft.image
        self.set_status("reading the manifest…")
        try:
            session = await super().session()
            manifest = await io.run_blocking(session.catalog.manifest, repository, digest)
        except EcrTuiError as error:
            self.show_error(error)
            return
        finally:
            self.set_status("")
        self._take(manifest.text, f"of {short_digest(digest)} in {repository}")
        self.state = replace(self.state, image=digest)
        self._brought = {"digest": digest}
        if check_manifest(manifest.text).media_type != manifest.media_type:
            self._brought["media_type"] = manifest.media_type
        for name, value in self._brought.items():
            self.query_one(f"#{name}", Input).value = value

    async def session(self) -> Session:
        """The session on the registry that was filled in."""
        session = await super().session()
        account = self.state.wanted.registry_id
        if account in ("", session.location.registry_id):
            return session
        if account not in self._others:
            self._others[account] = await io.run_blocking(session.for_account, account)
        return self._others[account]

    def show_error(self, error: EcrTuiError) -> None:
        self.query_one(MessagePanel).message = PanelMessage.from_error(error)

    def on_message_panel_retry_requested(self) -> None:
        self.action_retry()

    def action_retry(self) -> None:
        """Connect again, and read again the image that was picked."""
        self.query_one(MessagePanel).hide()
        self.show_session()
        if self.draft.image and not self.manifest_field.exact_text:
            self.load_picked_image()

    def watch_header_state(self) -> None:
        if self.is_mounted:
            self._show(self.state)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Something was typed."""
        name, value = str(event.input.id), event.value.strip()
        if name == "file":
            self.state = replace(self.state, file_problem="")
            self._read(value)
        elif name in _LABELS:
            self.state = replace(self.state, wanted=replace(self.state.wanted, **{name: value}))

    @work(exclusive=True, group="read", exit_on_error=False)
    async def _read(self, path: str) -> None:
        """Read the file that was named, to the byte."""
        if not path:
            return
        try:
            content = await io.run_blocking(_text_of, path)
        except UsageError as problem:
            self.state = replace(self.state, file="", file_problem=str(problem))
            return
        self._take(content, "as it lies in the file", file=path)

    def on_manifest_field_edited(self, message: ManifestField.Edited) -> None:
        """The manifest was typed or pasted: it is not what the file has any more."""
        message.stop()
        self.workers.cancel_group(self, "read")  # what is still being read must not replace what was given since
        with self.prevent(Input.Changed):
            self.query_one("#file", Input).value = ""
        self._accept(message.text, "as it was pasted" if message.pasted else "as it was typed")

    def _take(self, exact: str, origin: str, *, file: str = "") -> None:
        self.manifest_field.show_manifest(exact)
        self._accept(exact, origin, file=file)

    def _accept(self, exact: str, origin: str, *, file: str = "") -> None:
        self._as_it_came = (exact, origin, file)
        self._forget_what_was_brought()
        self._examine(exact, origin, file)

    def _forget_what_was_brought(self) -> None:
        for name, value in self._brought.items():
            field = self.query_one(f"#{name}", Input)
            if field.value == value:
                field.value = ""
        self._brought = {}

    def _examine(self, exact: str, origin: str, file: str = "") -> None:
        self.state = replace(self.state, origin=origin, file=file, file_problem="", image="")
        if len(exact) <= MAX_EDITABLE_LENGTH:
            self.state = replace(self.state, manifest=check_manifest(exact))
        else:
            self.set_status("reading the manifest…")
            self._examine_long(exact)

    @work(exclusive=True, group="examine", exit_on_error=False)
    async def _examine_long(self, exact: str) -> None:
        examined = await io.run_blocking(check_manifest, exact)
        if exact is self.manifest_field.exact_text:
            self.state = replace(self.state, manifest=examined)
            self.set_status("")

    def action_line_endings(self) -> None:
        """The line ends as they came, then LF, then CRLF."""
        came, origin, file = self._as_it_came
        forms = (came, with_line_ends(came, "\n"), with_line_ends(came, "\r\n"))
        names = (origin, "with LF line ends", "with CRLF line ends")
        if len(set(forms)) == 1:
            self.notify("The manifest has no line ends.")
            return
        now = self.manifest_field.exact_text
        onwards = (forms.index(now) + 1, forms.index(now) + 2)
        following = next(place % len(forms) for place in onwards if forms[place % len(forms)] != now)
        self.manifest_field.show_manifest(forms[following])
        file = "" if following else file
        with self.prevent(Input.Changed):
            self.query_one("#file", Input).value = file
        self._forget_what_was_brought()
        self._examine(forms[following], names[following], file)

    def action_refresh_screen(self) -> None:
        """Read the file again."""
        self._read(self.query_one("#file", Input).value.strip())

    def watch_state(self, state: PutImageState) -> None:
        if self.is_mounted:
            self._show(state)

    def _show(self, state: PutImageState) -> None:
        found = state.problems
        for name in _LABELS:
            told = self.query_one(f"#{name}-told", Static)
            problem = found.get(name, "")
            told.set_class(bool(problem), "-shown")
            told.update(text.content(f"✗ {problem}", "$text-error") if problem else "")
        self._set_placeholder("digest", state.manifest.digest if state.manifest.text else "")
        self._set_placeholder("media_type", state.manifest.media_type)
        self._set_placeholder(
            "registry_id", f"{self.header_state.registry_id}, this registry's" if self.header_state.registry_id else ""
        )
        about = self.query_one("#about", Static)
        about.add_class("-shown")
        about.update(_about(state))
        self.query_one("#command", Static).update(Content.assemble(("$ ", "bold"), text.block(self._command())))

    def _set_placeholder(self, name: str, value: str) -> None:
        """What is sent if the field stays empty stands in it, dimmed."""
        self.query_one(f"#{name}", Input).placeholder = text.visible(value) or _LABELS[name][1]

    def _command(self) -> str:
        """What the AWS CLI would be called with; for an image that was picked, what gets its manifest too."""
        state, common = self.state, self._common()
        wanted = replace(
            state.wanted, digest=state.wanted.digest or (state.manifest.digest if state.manifest.text else "")
        )
        file = os.path.expandvars(Path(state.file).expanduser()) if state.file else clipboard.MANIFEST_FILE
        put = clipboard.put_image_command(wanted, file, common)
        if not state.image:
            return put
        source = replace(
            wanted, digest=state.image, repository=self.draft.wanted.repository, media_type=state.media_type
        )
        return f"{clipboard.get_manifest_line(source, common)} && {put}"

    def _common(self) -> tuple[str, ...]:
        if self.draft.common:
            return self.draft.common
        endpoint = self.header_state.endpoint
        options = (
            ("--region", self.header_state.region),
            ("--endpoint-url", endpoint if EMBEDDED not in endpoint else ""),
        )
        return tuple(word for option, value in options if value for word in (option, value))

    def action_copy_menu(self) -> None:
        """The command, the digest, the manifest."""
        state = self.state
        entries = (
            CopyItem("aws ecr put-image", self._command()),
            CopyItem("digest", state.manifest.digest if state.manifest.text else ""),
            CopyItem("manifest", self.manifest_field.exact_text),
        )
        self.post_message(messages.OfferCopies(tuple(entry for entry in entries if entry.text)))

    async def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter in a field: as far as one can see it is filled in."""
        await self.action_plan()

    async def action_plan(self) -> None:
        """See what it would do."""
        state = self.state
        if state.manifest.text != self.manifest_field.exact_text:
            return  # it is still being read
        wrong = state.problems
        if wrong:
            first = next(name for name in (*_LABELS, "manifest") if name in wrong)
            (self.manifest_field if first == "manifest" else self.query_one(f"#{first}")).focus()
            self.set_status(f"{units.format_count(len(wrong), 'thing')} to mend")
            return
        self.set_status("")
        self.query_one(MessagePanel).hide()
        self._focused_before = self.focused
        self.query_one("#fields").disabled = True
        form = PlanForm(_head(state))
        await self.show_form(form)
        self._plan(form)

    _focused_before: Widget | None = None

    def on_plan_form_plan_requested(self, message: PlanForm.PlanRequested) -> None:
        message.stop()
        self._plan(message.form)

    @work(exclusive=True, group="plan", exit_on_error=False)
    async def _plan(self, form: PlanForm) -> None:
        state = self.state
        manifest = Manifest(state.manifest.text, state.manifest.digest, state.media_type)
        try:
            engine = (await self.session()).engine
            plan = await io.run_blocking(engine.plan_put_image, state.wanted.repository, manifest, state.wanted.tag)
        except EcrTuiError as error:
            form.show_error(error)
            return
        self._applied = plan.id
        form.show_plan(plan)

    async def refresh_after_write(self, report: Report) -> None:
        if report.plan.id == self._applied:
            account = (await self.session()).location.registry_id
            self.post_message(_told(report.results[0], report.plan.provided_manifests[0], account))

    async def on_plan_form_closed(self, message: PlanForm.Closed) -> None:
        """After a success there is nothing left to do here; after anything else the fields can be mended."""
        report = message.form.state.report
        if report is not None and all(result.outcome in _GOOD for result in report.results):
            self.post_message(messages.GoBack())

    def focus_content(self) -> None:
        self.query_one("#fields").disabled = False
        (self._focused_before or self.manifest_field).focus()


def _told(result: StepResult, manifest: Manifest, account: str) -> messages.PutImageFinished:
    """What became of it: the answer, made of what was read back if it did not come."""
    step = result.step
    if result.outcome not in _GOOD:
        return messages.PutImageFinished(None, result.error or EcrTuiError("Nothing was put", result.message))
    answer = result.result or PutImageResult(
        account, step.repository, step.after, step.tag, manifest.media_type, manifest.text
    )
    return messages.PutImageFinished(answer, None)


def _head(state: PutImageState) -> Content:
    parts: list[plan_text.Part] = [
        ("Put image ", "bold"),
        (short_digest(state.manifest.digest), "bold $accent"),
        " into ",
    ]
    parts += [text.content(state.wanted.repository, "bold")]
    if state.wanted.registry_id:
        parts.append(text.content(f" of {state.wanted.registry_id}", "bold"))
    parts.append(("  " + units.format_count(state.manifest.size_bytes, "byte"), "dim"))
    return Content.assemble(*parts)


def _about(state: PutImageState) -> Content:
    """The manifest in figures: what its bytes are must be seen before they are sent."""
    manifest = state.manifest
    if not manifest.text:
        return Content.styled("✗ a manifest is needed", "$text-error")
    ends = " and ".join(_LINE_ENDS[end] for end in manifest.line_ends) or "no line ends"
    facts = [units.format_count(manifest.size_bytes, "byte"), ends, state.origin]
    lines = [
        Content.assemble(text.content(" · ".join(fact for fact in facts if fact))),
        Content.assemble((manifest.digest, "$accent")),
    ]
    if manifest.problem:
        lines.append(text.content(f"✗ {manifest.problem}", "$text-error"))
    lines += [plan_text.warning_line(words) for words in _remarks(manifest)]
    return Content("\n").join(lines)


def _remarks(manifest: ManifestCheck) -> Iterable[str]:
    if manifest.text.startswith("\ufeff"):
        yield "it begins with a byte order mark, which counts for the digest"
    if manifest.line_ends == ("\r",):
        yield "its line ends are CR: terminals send them for LF when something is pasted. F4 makes them LF"
    elif "\r\n" in manifest.line_ends:
        yield "aws itself would send file:// with LF line ends, another digest; this form and ecrtui put-image do not"


def _text_of(path: str) -> str:
    """The exact text of a file.

    Raises:
        UsageError: it cannot be read, is no file, is too long or is not UTF-8.
    """
    file = Path(os.path.expandvars(Path(path).expanduser()))
    try:
        state = file.stat()
        if not stat.S_ISREG(state.st_mode):
            raise UsageError("it is not a file")
        if state.st_size > 4 * MAX_LENGTH:  # no character of UTF-8 takes more bytes
            raise UsageError(f"it has {state.st_size:,} bytes; PutImage takes {MAX_LENGTH:,} characters")
        return file.read_bytes().decode()
    except UnicodeDecodeError as problem:
        raise UsageError(f"it is not UTF-8: {problem.reason} at byte {problem.start:,}") from problem
    except (OSError, ValueError, RuntimeError) as problem:
        words = getattr(problem, "strerror", None) or str(problem)
        raise UsageError(f"it cannot be read: {words}") from problem
