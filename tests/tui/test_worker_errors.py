"""An error in a worker of the application, which no screen shows."""

from __future__ import annotations

from ecrtui.emulator.service import EmbeddedRegistry
from ecrtui.errors import INTERNAL_ERROR, EcrTuiError
from tests.support.screen import running, screen_text, until


async def _fail(problem: Exception) -> None:
    raise problem


async def test_an_unexpected_error_is_reported(one_image: EmbeddedRegistry) -> None:
    async with running(one_image) as pilot:
        await until(pilot, "1 repository")
        pilot.app.run_worker(_fail(EcrTuiError("The connection is closed")), exit_on_error=False)
        pilot.app.run_worker(_fail(ValueError("a defect")), exit_on_error=False)
        await until(pilot, INTERNAL_ERROR)
        assert "The connection is closed" not in screen_text(pilot.app)
