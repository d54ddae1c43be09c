"""Finish the removal of a widget or a screen, also if the task that waits for it is cancelled.

Defect: ``await widget.remove()`` and ``await app.pop_screen()`` gather the tasks of the widgets. To cancel a worker
that waits there cancels those tasks too: the widgets stay half removed, and the application, which waits for the same
tasks, ends at once without an exit code and a report.
Upstream: no issue known.
Delete this module when a cancelled worker leaves a removal alone.
"""

from __future__ import annotations

from asyncio import current_task, gather, shield
from collections.abc import Generator
from typing import Any

from textual._callback import invoke
from textual.await_complete import AwaitComplete
from textual.await_remove import AwaitRemove

_wait_for_removal = AwaitRemove.__await__


def shield_removals() -> None:
    """Let each removal go on when a task that waits for it is cancelled."""
    removal: Any = AwaitRemove
    removal.__await__ = _await_removal
    completion: Any = AwaitComplete
    completion.__await__ = _await_completion


def _await_removal(removal: AwaitRemove) -> Generator[Any, None, None]:
    waiting = current_task()  # a widget that removes itself cannot wait for its own end
    tasks = [shield(task) for task in removal._tasks if task is not waiting]

    async def finish() -> None:
        await gather(*tasks)
        if removal._post_remove is not None:
            await invoke(removal._post_remove)

    return finish().__await__()


def _await_completion(completion: AwaitComplete) -> Generator[Any, None, Any]:
    if completion._pre_await is not None:
        completion._pre_await()
    return shield(completion._future).__await__()
