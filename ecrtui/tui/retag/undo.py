"""A screen on which the newest write of an image can be undone and redone."""

from __future__ import annotations

from typing import ClassVar

from ecrtui.ecr.digest import short_digest
from ecrtui.retag.write_history import WritePlace
from ecrtui.tui.retag.actions import PlanApplyMixin


class UndoMixin(PlanApplyMixin):
    """A screen that shows an image or a tag whose writes the journal may have."""

    SCOPES: ClassVar[tuple[str, ...]] = ("undo",)

    def undo_place(self) -> WritePlace | None:
        """Return the image or the tag that the user looks at; None if there is none."""
        raise NotImplementedError

    async def action_undo(self) -> None:
        """Plan to undo the newest write at the place."""
        if (place := self.undo_place()) is not None:
            await self.begin_undo(f"Undo the newest write of {_name(place)}", lambda engine: engine.newest_write(place))

    async def action_redo(self) -> None:
        """Plan to redo the newest undo at the place."""
        if (place := self.undo_place()) is not None:
            await self.begin_undo(f"Redo the newest undo of {_name(place)}", lambda engine: engine.newest_undo(place))


def _name(place: WritePlace) -> str:
    return f"{place.repository}:{place.tag}" if place.tag else f"{short_digest(place.digest)} in {place.repository}"
