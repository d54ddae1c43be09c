"""The base class of the panes of the image screen."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Any, ClassVar, Generic, TypeVar

from textual import work
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widget import Widget
from textual.worker import Worker

from ecrtui.ecr.manifest import Part
from ecrtui.ecr.text_formats import FileContents, Texts
from ecrtui.errors import EcrTuiError
from ecrtui.tui.base_screen import worker_error
from ecrtui.tui.bindings import bindings
from ecrtui.tui.clipboard.copy_items import CopyItem
from ecrtui.tui.fields_message import FieldsMessage
from ecrtui.tui.inspector.inspected import Inspected
from ecrtui.tui.widgets.filter_bar import FilterBar
from ecrtui.tui.widgets.message_panel import MessagePanel, PanelMessage

Content = TypeVar("Content")


class OpenPart(FieldsMessage):
    """Open the image that a part of the manifest names."""

    part: Part


class SavePane(FieldsMessage):
    """Save what the pane shows in a file whose name the user types.

    Args:
        contents: what returns the content, by the end of the name.
    """

    contents: FileContents


class Pane(Vertical, Generic[Content]):
    """Shows one side of an image. It reads what it shows when it is first shown, and keeps it.

    Another platform, and a refresh, make it read again. An error is shown in place of the content.
    """

    ID: ClassVar[str]
    """Its id in :mod:`ecrtui.tui.inspector.pane_table`."""
    SCOPES: ClassVar[tuple[str, ...]] = ()
    """The scopes of :mod:`ecrtui.tui.actions` that this class adds to those of its bases; its bindings follow."""
    PER_PLATFORM: ClassVar[bool] = True
    """True if what it shows depends on the selected platform."""
    PER_TAGS: ClassVar[bool] = False
    """True if what it shows depends on the tags of the image."""
    DEFAULT_CSS = """
    Pane { height: 1fr; width: 1fr; display: none; }
    Pane.-shown { display: block; }
    Pane > #content { height: 1fr; }
    Pane.-message > #content { display: none; }
    Pane .about { height: auto; padding: 0 2; color: $text-muted; }
    Pane .below { border-top: solid $separator; border-title-color: $foreground; }
    Pane .below:focus-within { border-top: solid $primary; border-title-color: $primary; }
    """

    class BadgeChanged(FieldsMessage):
        """The text behind the name of a pane in the tab line is another one."""

        pane_id: str
        badge: str

    def __init_subclass__(cls, **options: Any) -> None:
        if "SCOPES" in vars(cls):
            cls.BINDINGS = bindings(*cls.SCOPES)
        super().__init_subclass__(**options)

    def __init__(self, inspected: Inspected) -> None:
        super().__init__()
        self.inspected = inspected
        """What is known of the image now."""
        self._kept: dict[Hashable, Content] = {}
        """What was read, by platform."""
        self._shown_key: Hashable = None
        self._has_widgets = False
        """True once the widgets of the pane are mounted. Keys and data can come before that."""

    def compose(self) -> ComposeResult:
        yield MessagePanel()
        yield Vertical(*self.content(), id="content")

    # Methods for subclasses to override

    def content(self) -> Iterable[Widget]:
        """Yield the widgets of the pane."""
        return ()

    async def read(self, inspected: Inspected) -> Content:
        """Return what the pane shows. Raises EcrTuiError."""
        raise NotImplementedError

    def present(self, content: Content) -> None:
        """Show what was read."""
        raise NotImplementedError

    def badge(self, content: Content) -> str:
        """Return the text behind the name of the pane in the tab line; empty for none."""
        return ""

    def copy_items(self) -> tuple[CopyItem, ...]:
        """Return what can be copied of the part under the cursor. It comes before the texts of the image."""
        return ()

    def texts(self) -> Texts:
        """Return what makes the texts of the pane as a whole, which can be copied too, by their names.

        They are made in a thread: those of many rows take long. So they use no widget.
        """
        return {}

    @property
    def picked(self) -> Part | None:
        """The part of the manifest that actions apply to; None for the image itself."""
        return None

    def focus_content(self) -> None:
        """Focus the widget that takes the keys: the first one that can."""
        target = next((widget for widget in self.query("#content *") if widget.can_focus and widget.display), None)
        if target is not None:
            self.focus_now(target)

    def focus_now(self, widget: Widget) -> None:
        """Focus a widget at once. With ``Widget.focus``, a field that a key opens meanwhile would lose the focus."""
        self.screen.set_focus(widget)

    def search(self) -> None:
        """Open the field for a search or a filter. Panes that have one override it."""

    # Methods for the screen

    def clear_search(self) -> bool:
        """End the search or clear the filter of the pane; return False if there is none."""
        bar = self.query_one_optional(FilterBar)
        if bar is None or not bar.is_open:
            return False
        bar.clear()
        self.focus_content()
        return True

    @property
    def is_shown(self) -> bool:
        """True while this is the pane on the screen. A key can ask for another one before the widgets are mounted."""
        return self._has_widgets and self.has_class("-shown")

    @property
    def shows_content(self) -> bool:
        """False while a message is in place of the content, which can be that of another platform."""
        return not self.has_class("-message")

    @property
    def awaits_content(self) -> bool:
        """True while the pane is shown and has nothing to show yet."""
        if not self.is_shown or self._shown_key is not None:
            return False
        return not self.is_ready or self.query_one(MessagePanel).message is None

    def follow(self, inspected: Inspected) -> None:
        """Take over what is known now, and read what is missing if the pane is shown."""
        self.inspected = inspected
        self.update()

    def update(self) -> None:
        """Show what was read for the selected platform; read it if it was not. Do nothing unless the pane is shown.

        Forget what was read if the image has other tags: when it gets these again, more has changed.
        """
        if self.PER_TAGS and self._shown_key not in (None, self._key()):
            self.forget()
            self.set_badge("")
        if not self.is_shown:
            return
        if not self.is_ready:
            self._shown_key = None
            self._show_message(PanelMessage("loading…"))
            return
        key = self._key()
        if key in self._kept:
            self._present(key, self._kept[key])
        elif key != self._shown_key:
            self._load(key)

    def forget(self) -> None:
        """Forget what was read, so that it is read again."""
        self.workers.cancel_group(self, "pane")
        self._kept.clear()
        self._shown_key = None

    def list_loaded(self) -> None:
        """Use the list of all images, which may be complete now. Panes override it."""

    def scans_finished(self) -> None:
        """Use the scans that have finished since the image was read. Panes override it."""

    def retry(self) -> None:
        """Read again after an error."""
        self._shown_key = None
        self.update()

    @property
    def is_ready(self) -> bool:
        """True if enough is known of the image to read the pane."""
        return self.inspected.is_read

    def set_badge(self, badge: str) -> None:
        """Show a text behind the name of the pane in the tab line."""
        self.post_message(self.BadgeChanged(self.ID, badge))

    def show_error(self, error: EcrTuiError) -> None:
        """Show an error in place of the content."""
        self._show_message(PanelMessage.from_error(error))

    def on_mount(self) -> None:
        self._has_widgets = True  # the screen lets the pane follow as soon as it is mounted

    def on_unmount(self) -> None:
        self._kept.clear()

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Show the error of a read that no one expected to fail. Textual sends this message only to this widget."""
        error = worker_error(event)
        if error is not None:
            self.show_failure(event.worker.group, error)

    def show_failure(self, group: str, error: EcrTuiError) -> None:
        """Show an error that the workers of a group did not expect."""
        if group == "pane":
            self.show_error(error)
        else:
            self.notify(error.with_hint(), severity="error")

    def _key(self) -> Hashable:
        platform = self.inspected.platform
        tags = getattr(self.inspected.known_image, "tags", None) if self.PER_TAGS else None
        return (self.PER_PLATFORM and platform is not None and platform.digest, tags)

    @work(exclusive=True, group="pane", exit_on_error=False)
    async def _load(self, key: Hashable) -> None:
        self._shown_key = key
        self._show_message(PanelMessage("loading…"))
        try:
            content = await self.read(self.inspected)
        except EcrTuiError as error:
            if key == self._key():  # the pane shows another platform otherwise
                self.show_error(error)
            return
        self._kept[key] = content
        if key == self._key():
            self._shown_key = None
            self._present(key, content)

    def _present(self, key: Hashable, content: Content) -> None:
        if key == self._shown_key:
            return
        self._shown_key = key
        self._show_message(None)
        self.present(content)
        self.set_badge(self.badge(content))

    def _show_message(self, message: PanelMessage | None) -> None:
        panel = self.query_one(MessagePanel)
        panel.message = message
        self.set_class(message is not None, "-message")
        if message is None and self.is_shown and self._may_take_focus:
            self.focus_content()

    @property
    def _may_take_focus(self) -> bool:
        """True if nothing has the focus, or only what this pane replaces: its panel, or another pane."""
        focused = self.screen.focused
        if focused is None or isinstance(focused, MessagePanel):
            return True
        owner = next((node for node in focused.ancestors if isinstance(node, Pane)), None)
        return owner is not None and owner is not self
