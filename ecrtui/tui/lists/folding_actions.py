"""The actions that fold the parts of an image into its row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ecrtui.ecr.image import Image
from ecrtui.tui.lists.list_screen import ListScreen

if TYPE_CHECKING:
    from ecrtui.session import Session


class FoldingMixin(ListScreen[Image]):
    """A list of images whose rows can be unfolded."""

    _is_all_unfolded: bool | None = None
    """What applies to all rows; None until the setting is known."""

    async def prepare(self, session: Session) -> None:
        await super().prepare(session)
        if self._is_all_unfolded is None:
            self._is_all_unfolded = not session.settings.fold
            if self._is_all_unfolded:
                self.table.unfold_all(True)

    def action_unfold(self) -> None:
        """Show the parts of the selected image below it."""
        self.table.unfold(True)

    def action_fold(self) -> None:
        """Hide the parts of the selected image; on a part, those of its image."""
        self.table.unfold(False)

    def action_fold_all(self) -> None:
        """Hide the parts of all images, or show them if they are hidden."""
        self._is_all_unfolded = not self._is_all_unfolded
        self.table.unfold_all(self._is_all_unfolded)
