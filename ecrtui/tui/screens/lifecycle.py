"""The Lifecycle screen: what the policy of a repository would do, by ecrtui and by ECR. The policy is not changed."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from textual import events, work
from textual.content import Content
from textual.reactive import var
from textual.widget import Widget
from textual.widgets import Static

from ecrtui.catalog.image_groups import ImageGroups
from ecrtui.catalog.index_parts import find_parts
from ecrtui.catalog.read_ahead import may_read_ahead
from ecrtui.catalog.rows.rows import Rows
from ecrtui.ecr import units
from ecrtui.ecr.image import Image
from ecrtui.ecr.json_values import parse_json
from ecrtui.ecr.lifecycle import LifecyclePreview
from ecrtui.ecr.lifecycle_document import parse_policy
from ecrtui.ecr.reference import Reference
from ecrtui.ecr.text_formats import Texts, by_suffix
from ecrtui.errors import EcrTuiError, UsageError
from ecrtui.inspect.lifecycle import DryRun, RuleOutlook, dry_run, outcome_words, referrer_doubt, rule_differences
from ecrtui.inspect.lifecycle_export import dry_run_document, dry_run_texts
from ecrtui.inspect.lifecycle_preview import preview_policy
from ecrtui.retag.plan import Report
from ecrtui.retag.write_history import WriteTarget
from ecrtui.session import Session
from ecrtui.tui import blocking, messages
from ecrtui.tui import safe_text as text
from ecrtui.tui.bindings import key_hint, press
from ecrtui.tui.clipboard.copy_items import CopyItem, copy_words
from ecrtui.tui.lifecycle_columns import IMAGE_COLUMNS, RULE_COLUMNS, ImageRow, RuleRow
from ecrtui.tui.retag.actions import RetagMixin
from ecrtui.tui.retag.rendering import error_lines, warning_line
from ecrtui.tui.retag.undo import UndoMixin
from ecrtui.tui.saving import text_items
from ecrtui.tui.table.table import Table
from ecrtui.tui.widgets.indented_text import IndentedText
from ecrtui.tui.widgets.message_panel import MessagePanel, PanelMessage

_FIRST_POLICY = {
    "rules": [
        {
            "rulePriority": 1,
            "description": "expire untagged images",
            "selection": {
                "tagStatus": "untagged",
                "countType": "sinceImagePushed",
                "countUnit": "days",
                "countNumber": 14,
            },
            "action": {"type": "expire"},
        }
    ]
}
"""What the editor shows for a repository without a policy."""


_OF_IMAGE = ("retag", "undo", "redo")
"""The actions on the image under the cursor."""


@dataclass(frozen=True, slots=True)
class LifecycleState:
    """What is known of the policy and of its effect."""

    text: str = ""
    """The policy that is evaluated."""
    changed: bool = False
    """True if the text is a changed copy."""
    run: DryRun | None = None
    now: float = 0.0
    """When it was evaluated, in seconds since the epoch."""
    preview: LifecyclePreview | None = None
    is_previewing: bool = False
    preview_error: EcrTuiError | None = None
    error: EcrTuiError | None = None


class LifecycleScreen(RetagMixin, UndoMixin):
    """The rules of a policy, and the images on which the selected rule would act."""

    DEFAULT_CSS = """
    LifecycleScreen {
        #rules { height: auto; max-height: 40%; min-height: 4; }
        #caption, #notes { height: auto; padding: 0 1; }
        #caption { background: $panel; }
        #images { height: 1fr; }
    }
    """
    SCOPES = ("lifecycle",)

    state: var[LifecycleState] = var(LifecycleState)

    def __init__(self, request: messages.OpenLifecycle) -> None:
        super().__init__(request.source)
        self.repository_name = request.repository
        self._images = request.images
        self._groups = request.groups or ImageGroups()
        self._start: str | None = request.digest
        """The digest of the image to start with; empty without one, None once the screen has started."""
        self._shown_rule: int | None = None
        """The priority of the rule whose images are shown."""
        self._table = "#rules"
        """The table that had the focus last."""
        self._changing = asyncio.Lock()
        """Held by what replaces the images or the policy: each starts from what the one before it has left."""
        self._rules: Rows[RuleRow] = Rows(lambda row: str(row.outlook.rule.priority))
        self._rows: Rows[ImageRow] = Rows(lambda row: row.image.digest)

    @property
    def reference(self) -> Reference:
        return Reference(self.repository_name)

    def breadcrumb(self) -> str:
        return f"Repositories › {self.repository_name} › lifecycle"

    def body(self) -> Iterable[Widget]:
        yield MessagePanel()
        yield Table(self._rules, RULE_COLUMNS, sort="rule", note="loading…", id="rules")
        yield Static(id="caption")
        yield Table(self._rows, IMAGE_COLUMNS, sort="age", id="images")
        yield IndentedText(id="notes")

    @property
    def awaits_content(self) -> bool:
        return super().awaits_content or (self.state.run is None and self.state.error is None)

    def on_mount(self) -> None:
        self.rules.focus()
        self.load()

    def on_unmount(self) -> None:
        self._images = None
        self._rules.clear()  # asyncio may keep the screen alive for long
        self._rows.clear()

    @property
    def rules(self) -> Table[RuleRow]:
        """The table of the rules."""
        return self.query_one("#rules", Table)

    @property
    def images(self) -> Table[ImageRow]:
        """The table of the images."""
        return self.query_one("#images", Table)

    def focus_content(self) -> None:
        self.query_one(self._table).focus()

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        if event.widget in (self.rules, self.images):
            self._table = f"#{event.widget.id}"
            self.refresh_bindings()

    def all_images(self) -> Sequence[Image] | None:
        return self._images

    @work(exclusive=True, group="load", exit_on_error=False)
    async def load(self, *, again: bool = False) -> None:
        """Read the policy and, if they are not known, the images; evaluate the policy.

        Args:
            again: read the images although they are known.
        """
        try:
            session = await self.session()
            session.registry.capabilities.require("lifecycle_policy")
            async with self._changing:
                policy = await blocking.run_blocking(session.registry.lifecycle_policy, self.repository_name)
                if self._images is None or again:
                    self._images = await self._list_images(session)
                await self._find_parts(session, self._images)
                await self._evaluate(policy, changed=False)
        except EcrTuiError as error:
            self.show_error(error)

    async def _list_images(self, session: Session) -> Sequence[Image]:
        found: list[Image] = []
        async for page in blocking.iterate_blocking(session.registry.images(self.repository_name)):
            found += page.items
            self.set_status(f"loading… {units.format_number(len(found))}")
        return found

    async def _find_parts(self, session: Session, images: Sequence[Image], *, read: bool = False) -> None:
        """Find the parts of the indexes; read the indexes if the user asks for it, or if that leaves no trace."""
        read = read or await blocking.run_blocking(
            may_read_ahead, session.registry, session.settings.prefetch, self.repository_name
        )
        parts = find_parts(session.catalog, self.repository_name, images, read=read)
        try:
            async for self._groups.known in blocking.iterate_blocking(parts):
                self.set_status(f"{units.format_number(len(self._groups.known.unread))} indexes to read")
        except EcrTuiError as error:  # the images are shown as possible parts
            self.notify_error(error)

    async def _evaluate(self, policy_text: str, *, changed: bool) -> None:
        """Evaluate a policy on the known images and show the result."""
        policy = parse_policy(policy_text)
        if policy.problem:
            edit = press(self, "lifecycle.edit", "edit it")
            error = UsageError("Could not evaluate the policy", policy.problem, edit)
            self.workers.cancel_group(self, "preview")
            self.state = LifecycleState(policy_text, changed, error=error)  # without the result of another policy
            return
        now = time.time()
        run = await blocking.run_blocking(dry_run, policy, self._images or (), self._groups.index_of, now)
        self.workers.cancel_group(self, "preview")
        self.state = LifecycleState(policy_text, changed, run, now)

    def show_error(self, error: EcrTuiError) -> None:
        self.state = replace(self.state, error=error)

    def watch_state(self, state: LifecycleState) -> None:
        if not self.is_mounted:
            return
        self.refresh_bindings()
        self.query_one(MessagePanel).message = None if state.error is None else PanelMessage.from_error(state.error)
        if state.run is None:
            self.rules.set_placeholder("" if state.error else "loading…")
            if state.error is not None:
                self.set_status("")  # it counted the images
                self.rules.replace_rows(())
                self._show_images()
                self.query_one("#notes", Static).update("")
            return
        named = [image.priority for image in state.preview.images] if state.preview else None
        self.rules.replace_rows(
            RuleRow(outlook, state.now, None if named is None else named.count(outlook.rule.priority))
            for outlook in state.run.outlooks
        )
        digest = self._go_to_start(state.run)
        edit = press(self, "lifecycle.edit", "write one and see what it would do; nothing is sent")
        self.rules.set_placeholder(f"{self.repository_name} has no lifecycle policy. {edit}".rstrip())
        self._show_images(digest)
        self.set_status(self._status(state))
        self.query_one("#notes", Static).update(Content("\n").join(self._notes(state)))

    def _go_to_start(self, run: DryRun) -> str:
        """Go to a rule, the first time. Return the digest of the image to start with; empty without one.

        It is the rule that decides about this image, else the first one that would act.
        """
        digest, self._start = self._start, None
        if digest is None:
            return ""
        image = next((image for image in self._images or () if digest and image.digest == digest), None)
        rule = None if image is None else run.policy.matching_rule(image)
        rule = rule or next((outlook.rule for outlook in run.outlooks if outlook.acting), None)
        if rule is not None:
            self.rules.go_to(str(rule.priority))
        return digest

    def _status(self, state: LifecycleState) -> str:
        images = units.format_count(state.run.images if state.run else 0, "image")
        by = "by ecrtui and ECR" if state.preview else "ECR makes the preview…" if state.is_previewing else "by ecrtui"
        return f"{'changed copy · ' if state.changed else ''}{images} · {by}"

    def _notes(self, state: LifecycleState) -> Iterable[Content]:
        run = state.run
        if run is None:
            return
        if state.preview_error is not None:
            yield from error_lines(state.preview_error)
        elif state.preview is not None:
            found = len(rule_differences(run, state.preview))
            agree = "ECR and ecrtui agree"
            yield text.content(f"  {units.format_count(found, 'difference')} to ECR" if found else f"  {agree}", "bold")
        if run.kept_parts:
            parts = units.format_count(run.kept_parts, "part")
            indexes = units.format_count(run.keeping_indexes, "index", "indexes")
            yield text.content(f"  not listed: {parts} of {indexes}; they stay as long as their index", "dim")
        if run.referrers:
            referrers = units.format_count(run.referrers, "referrer")
            yield text.content(f"  not listed, but going within 24 hours of the subject: {referrers}", "dim")
        if run.acting_referrers and state.preview is None:
            yield warning_line(referrer_doubt(run.acting_referrers))
        if run.possible_parts:
            possible = units.format_count(len(run.possible_parts), "image")
            reads = press(self, "lifecycle.read_indexes", "read the indexes (ECR records a pull of each)")
            yield warning_line(f"{possible} may be parts of an index, and then they stay. {reads}".rstrip())
        asks = "" if state.preview or not state.text else key_hint(self, "lifecycle.preview", "asks ECR itself")
        yield text.content("  " + " · ".join(filter(None, ("the dry run changes nothing", asks))), "dim")

    def _show_images(self, digest: str = "") -> None:
        """Show the images of the selected rule. The cursor stays on its image, or else on its line.

        Args:
            digest: the image to go to, if it is there.
        """
        row, run = self._rules.current, self.state.run
        rows = [] if row is None or run is None else list(self._image_rows(row.outlook, run))
        shown = None if row is None else row.outlook.rule.priority
        line = self._rows.cursor if shown == self._shown_rule else None
        current, self._shown_rule = self._rows.current, shown
        self.images.replace_rows(rows)
        if line and current is not None and current.image.digest not in self._rows:
            self.images.go_to(self._rows.key_at(min(line, len(self._rows) - 1)))
        if digest:
            self.images.go_to(digest)
        self.images.set_placeholder("" if row is None else "This rule would act on no image now.")
        parts: tuple[str, ...] = ()
        if row is not None:
            rule = row.outlook.rule
            head = f"rule {rule.priority} would {rule.verb}, oldest first" if rows else f"rule {rule.priority}"
            parts = (head, outcome_words(row.outlook, row.now), rule.description)
        self.query_one("#caption", Static).update(text.block(" · ".join(filter(None, parts))))

    def _image_rows(self, outlook: RuleOutlook, run: DryRun) -> Iterable[ImageRow]:
        """Yield the images on which the rule would act, then those that a rule of higher priority keeps from it."""
        preview = self.state.preview
        named = [] if preview is None else [one for one in preview.images if one.priority == outlook.rule.priority]
        by_ecr = {one.digest for one in named}

        def says(image: Image) -> bool | None:
            return None if preview is None else image.digest in by_ecr

        def shown(image: Image) -> Image:
            return replace(image, tags=self.order_tags(image.tags))

        for image in outlook.acting:
            yield ImageRow(shown(image), outlook, run, True, says(image), image.digest in run.possible_parts)
        for image in outlook.kept:
            yield ImageRow(shown(image), outlook, run, False, says(image), self._may_be_part(image.digest))
        known = {image.digest for image in (*outlook.acting, *outlook.kept)}
        listed = {image.digest: image for image in self._images or ()}
        for one in named:
            if one.digest not in known:
                image = listed.get(one.digest) or Image(one.digest, one.tags, one.pushed_at)
                yield ImageRow(shown(image), outlook, run, False, True, self._may_be_part(one.digest))

    def _may_be_part(self, digest: str) -> bool:
        return self._groups.index_of(digest) is None

    def why_not(self, action: str) -> str:
        if action == "preview" and (not self.state.text or self.state.error is not None):
            return "There is no valid policy that ECR could evaluate."
        if action == "save" and self.state.run is None and self.state.error is not None:
            return "There is no dry run to save."
        if action == "read_indexes" and not (self.state.run and self.state.run.possible_parts):
            return "There is no image that could be a part of an index."
        if action in _OF_IMAGE and self._rows.current is None:
            return "There is no image here."
        if action in _OF_IMAGE and self._table != "#images":
            go = press(self, "lifecycle.switch_pane", "go to the images")
            return f"Select an image of the rule first. {go}".rstrip()
        return super().why_not(action)

    def on_table_cursor_moved(self, message: Table.CursorMoved) -> None:
        if message.table is self.rules:
            self._show_images()

    def on_table_sort_requested(self, message: Table.SortRequested) -> None:
        table = message.table
        table.sort_by(message.column, not table.descending if table.sorted_by == message.column else False)

    def on_table_activated(self, message: Table.Activated) -> None:
        if isinstance(message.item, ImageRow):
            self.post_message(messages.OpenImage(self.connect, self.repository_name, message.item.image.digest))

    def action_open(self) -> None:
        """Go from the rule to its images; open the image."""
        if self.rules.has_focus:
            self.images.focus()
        else:
            self.images.activate()

    def action_switch_pane(self) -> None:
        """Go to the other table."""
        (self.images if self.rules.has_focus else self.rules).focus()

    async def action_retag(self) -> None:
        """Tag the image under the cursor. A tag that no rule selects keeps an image that has none."""
        if (row := self._rows.current) is not None:
            await self.begin_retag(self.image_to_write(self.repository_name, row.image))

    def undo_target(self) -> WriteTarget | None:
        return (row := self._rows.current) and WriteTarget(self.repository_name, row.image.digest)

    async def refresh_after_write(self, report: Report) -> None:
        """Read the images that the write changed, and evaluate the policy again. A preview of ECR is old then."""
        async with self._changing:
            await self._read_changed(report)

    async def _read_changed(self, report: Report) -> None:
        known = {image.digest: image for image in self._images or ()}
        tags = report.tags_in(self.repository_name)
        shown = (image.digest for image in known.values() if not tags.isdisjoint(image.tags))
        changed = sorted({*shown, *report.digests_in(self.repository_name)})
        if self._images is None or not changed:
            return
        images = await self.images_after_write(self.connect, self.repository_name, changed)
        if images is None:
            return
        for digest in changed:
            known.pop(digest, None)
        self._images = (*known.values(), *images)
        await self._evaluate(self.state.text, changed=self.state.changed)

    @work(exclusive=True, group="preview", exit_on_error=False)
    async def action_preview(self) -> None:
        """Ask ECR what the policy would do."""
        policy = self.state.text
        self.state = replace(self.state, is_previewing=True, preview=None, preview_error=None)
        try:
            session = await self.session()
            session.registry.capabilities.require("lifecycle_preview")
            found = preview_policy(session.registry, self.repository_name, policy)
            async for preview in blocking.iterate_blocking(found):
                if preview is not None:
                    self.state = replace(self.state, preview=preview, is_previewing=False)
        except EcrTuiError as error:
            self.state = replace(self.state, preview_error=error, is_previewing=False)

    @work(exclusive=True, group="load", exit_on_error=False)
    async def action_read_indexes(self) -> None:
        """Read the indexes, and evaluate the policy again."""
        if self._images is None:
            return
        try:
            session = await self.session()
            async with self._changing:
                await self._find_parts(session, self._images, read=True)
                await self._evaluate(self.state.text, changed=self.state.changed)
        except EcrTuiError as error:
            self.show_error(error)

    def action_edit(self) -> None:
        """Edit a copy of the policy and show what it would do."""
        if self._images is None:
            return
        try:
            policy = json.dumps(parse_json(self.state.text or json.dumps(_FIRST_POLICY)), indent=2) + "\n"
        except ValueError:
            policy = self.state.text  # the user edits the text that is not JSON yet
        self.post_message(messages.EditText(f"lifecycle-{self.repository_name}.json", policy, self._edited))

    def _edited(self, policy: str) -> None:
        self.run_worker(self._evaluate_edited(policy), group="load", exclusive=True, exit_on_error=False)

    async def _evaluate_edited(self, policy: str) -> None:
        async with self._changing:
            await self._evaluate(policy, changed=True)

    async def action_save(self) -> None:
        """Save the dry run in a file."""
        if self.state.run is not None:
            await self.ask_for_file(by_suffix(dry_run_texts(self._document)))

    async def action_copy_menu(self) -> None:
        """Copy the digest of the image, the policy or the dry run."""
        row, policy = self._rows.current, self.state.text
        words = copy_words(("digest", "" if row is None else row.image.digest))
        documents = [CopyItem("policy", policy, lines=True)] if policy else []
        run: Texts = {} if self.state.run is None else dry_run_texts(self._document)
        await self.offer_copies(lambda: (*words, *documents, *text_items(run, "dry run as ")))

    def _document(self) -> dict[str, object]:
        state = self.state
        run = state.run or DryRun()
        return dry_run_document(self.repository_name, run, state.now, preview=state.preview, changed=state.changed)

    def action_refresh_screen(self) -> None:
        self.load(again=True)

    def action_retry(self) -> None:
        """Read the policy of the repository again after an error, or after a changed copy."""
        self.load()
