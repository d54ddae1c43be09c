"""Save a text, or bytes, in a file that the user names, or offer a text for copying."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from errno import EEXIST
from pathlib import Path

from textual import work
from textual.widgets import Input

from ecrtui.ecr.text_formats import FileContents, Texts
from ecrtui.errors import EcrTuiError
from ecrtui.paths import expand
from ecrtui.text_files import write_new
from ecrtui.tui import blocking, messages
from ecrtui.tui.base_screen import AppScreen
from ecrtui.tui.bindings import bindings
from ecrtui.tui.clipboard.copy_items import CopyItem
from ecrtui.tui.fields_message import FieldsMessage
from ecrtui.tui.textual_fixes.line_input import LineInput


class FileField(LineInput):
    """Asks for the name of a new file. The end of the name chooses the format.

    Args:
        contents: what returns the content, by the end of the name, such as ``.csv``.
    """

    DEFAULT_CSS = "FileField, FileField:focus { border: none; height: 1; padding: 0 1; background: $panel; }"
    BINDINGS = bindings("file_field")

    class Named(FieldsMessage):
        """The user named a file.

        Args:
            file: the file.
            make_content: returns its content.
        """

        file: Path
        make_content: Callable[[], str | bytes]

    class Closed(FieldsMessage):
        """The field is no longer needed."""

        field: FileField

    def __init__(self, contents: FileContents) -> None:
        super().__init__(placeholder=f"file name, ending in {_either(contents)}", select_on_focus=False)
        self._contents = contents

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Save the content, or say that the name is not complete."""
        event.stop()
        file = expand(event.value.strip())
        if not event.value.strip():
            self.app.notify(f"Type a file name that ends in {_either(self._contents)}.")
        elif (make_content := self._contents.get(file.suffix.lower())) is None:
            self.app.notify(f"The file name must end in {_either(self._contents)}: {file}", severity="error")
        else:
            self.post_message(self.Named(file, make_content))
            self.action_close()

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()

    def action_close(self) -> None:
        """Save nothing."""
        self.post_message(self.Closed(self))


class SavesFiles(AppScreen):
    """A screen whose texts can be saved and copied."""

    async def ask_for_file(self, contents: FileContents) -> None:
        """Ask for a file name and save the content there.

        Args:
            contents: what returns the content, by the end of the file name. It may block and raise EcrTuiError.
        """
        if not self.query(FileField):
            field = FileField(contents)
            await self.query_one("#body").mount(field, before=0)
            self.set_focus(field)

    async def offer_copies(self, make_items: Callable[[], Iterable[CopyItem]]) -> None:
        """Let the user choose a text and copy it.

        Args:
            make_items: returns the texts. It runs in a thread: those of many rows take seconds.
        """
        items = await blocking.run_blocking(lambda: tuple(make_items()))
        if self.is_active:
            self.post_message(messages.OfferCopies(items))

    async def offer_texts(self, texts: Texts) -> None:
        """Let the user choose a format and copy the text.

        Args:
            texts: what returns the text, by the name of the format.
        """
        await self.offer_copies(lambda: text_items(texts))

    def focus_content(self) -> None:
        """Focus the content of the screen. Screens override it."""

    def focus_after_field(self) -> None:
        """Focus the widget from which the user opened the field for a file name. Screens with forms override it."""
        self.focus_content()

    async def on_file_field_closed(self, message: FileField.Closed) -> None:
        message.stop()
        await message.field.remove()
        self.focus_after_field()

    def on_file_field_named(self, message: FileField.Named) -> None:
        message.stop()
        self._save(message.file, message.make_content)

    @work(exclusive=True, group="save", exit_on_error=False)
    async def _save(self, file: Path, make_content: Callable[[], str | bytes]) -> None:
        try:
            await blocking.run_blocking(_write_new, file, make_content)
        except EcrTuiError as error:
            self.notify_error(error)
            return
        except OSError as problem:
            self.notify(f"Could not write {file}: {problem.strerror}", severity="error")
            return
        self.notify(f"Saved {file}")


def text_items(texts: Texts, prefix: str = "") -> Iterable[CopyItem]:
    """Yield the texts of a result, each with the name of its format after a prefix."""
    return (CopyItem(f"{prefix}{name}", make_text(), lines=True) for name, make_text in texts.items())


def _either(contents: FileContents) -> str:
    *most, last = contents
    return f"{', '.join(most)} or {last}" if most else last


def _write_new(file: Path, make_content: Callable[[], str | bytes]) -> None:
    """Write a new file; an existing file is never overwritten."""
    if file.exists():
        raise FileExistsError(EEXIST, os.strerror(EEXIST))
    content = make_content()  # before there is a file: it may fail
    write_new(file, content if isinstance(content, bytes) else content.encode())
