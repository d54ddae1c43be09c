"""A screen on which the newest write of an image can be undone and redone."""

from __future__ import annotations

from typing import ClassVar

from ecrtui.ecr.digest import short_digest
from ecrtui.retag.write_history import WriteTarget
from ecrtui.tui.retag.actions import PlanApplyMixin


class UndoMixin(PlanApplyMixin):
    """A screen that shows an image whose writes the journal may have."""

    SCOPES: ClassVar[tuple[str, ...]] = ("undo",)

    def undo_target(self) -> WriteTarget | None:
        """Return the image that the user looks at; None if there is none."""
        raise NotImplementedError

    async def action_undo(self) -> None:
        """Plan to undo the newest write of the image."""
        if (target := self._target()) is not None:
            await self.begin_undo(
                f"Undo the newest write of {_name(target)}", lambda engine: engine.history.newest_write(target)
            )

    async def action_redo(self) -> None:
        """Plan to redo the newest undo of the image."""
        if (target := self._target()) is not None:
            await self.begin_undo(
                f"Redo the newest undo of {_name(target)}", lambda engine: engine.history.newest_undo(target)
            )

    def _target(self) -> WriteTarget | None:
        """Return the image that the user looks at; if there is none, say so and return None."""
        target = self.undo_target()
        if target is None:
            self.notify(self.no_image)
        return target


def _name(target: WriteTarget) -> str:
    return f"{short_digest(target.digest)} in {target.repository}"
