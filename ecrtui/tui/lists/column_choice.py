"""The columns of a list that the user chooses: in the settings, or on the screen."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from textual.app import App

from ecrtui.errors import EcrTuiError
from ecrtui.tui import blocking
from ecrtui.tui.base_screen import AppScreen
from ecrtui.tui.messages import ChooseColumns
from ecrtui.tui.table.table import Table

if TYPE_CHECKING:
    from ecrtui.tui.table.column_layout import Column

Item = TypeVar("Item")


class ChosenColumnsScreen(AppScreen, Generic[Item]):
    """A screen with a table whose columns the user can choose."""

    COLUMN_LIST: ClassVar[str] = ""
    """The name of the list in the setting ``columns``; empty if its columns cannot be chosen."""

    columns: Sequence[Column[Item]]
    """All columns."""
    chosen: tuple[str, ...] | None = None
    """The ids of the columns to show; None for the default."""
    _unknown_columns: Sequence[str] = ()

    def on_mount(self) -> None:
        for problem in self._unknown_columns:
            self.notify(problem, severity="warning", timeout=10)

    @property
    def default_columns(self) -> tuple[str, ...]:
        """The ids of the columns that are shown if the user chooses none."""
        return tuple(column.id for column in self.columns if not column.extra)

    def use_columns(self, ids: Iterable[str]) -> None:
        """Show these columns, if they exist; without any, the default."""
        ids, known = list(ids), {column.id for column in self.columns}
        self._unknown_columns = [_unknown(self.COLUMN_LIST, name, known) for name in ids if name not in known]
        self.chosen = tuple(name for name in ids if name in known) or None
        if self.is_mounted:
            self.query_one(Table).choose_columns(self.chosen)

    def action_columns(self) -> None:
        """Choose the columns."""
        if self.COLUMN_LIST:
            self.post_message(ChooseColumns(self))


class ColumnsApp(App[None]):
    """An application that remembers the columns of each list."""

    chosen_columns: Mapping[str, Sequence[str]] = {}
    """The ids of the columns by the name of the list."""

    def show_columns(self, screen: AppScreen) -> None:
        """Give a new screen the columns that the user chose for its list."""
        if isinstance(screen, ChosenColumnsScreen) and (ids := self.chosen_columns.get(screen.COLUMN_LIST)):
            screen.use_columns(ids)

    def on_choose_columns(self, message: ChooseColumns) -> None:
        """Let the user choose the columns of a list."""
        from ecrtui.tui.overlays.column_menu import ColumnMenu

        screen: ChosenColumnsScreen[Any] = message.screen

        def save(ids: tuple[str, ...] | None) -> None:
            if ids is not None:
                self._keep_columns(screen.COLUMN_LIST, ids)

        self.push_screen(ColumnMenu(screen), save)

    def _keep_columns(self, list_name: str, ids: tuple[str, ...]) -> None:
        self.chosen_columns = {**self.chosen_columns, list_name: ids}
        for screen in self.screen_stack:
            if isinstance(screen, ChosenColumnsScreen) and list_name == screen.COLUMN_LIST:
                screen.use_columns(ids)
        self.run_worker(self._save_columns(list_name, ids), exit_on_error=False)

    async def _save_columns(self, list_name: str, ids: tuple[str, ...]) -> None:
        from ecrtui.saved_settings import remember_columns  # the first frame does not need it

        try:
            await blocking.run_blocking(remember_columns, list_name, ids or None)
        except EcrTuiError as error:
            self.notify(str(error), severity="warning")


def _unknown(list_name: str, name: str, known: Iterable[str]) -> str:
    closest = difflib.get_close_matches(name, sorted(known), n=1, cutoff=0.0)[0]
    return f"Unknown column {name!r} in columns.{list_name}. Did you mean {closest!r}?"
