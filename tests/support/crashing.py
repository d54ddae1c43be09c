"""The program with a key that raises an exception: a defect for the tests of crashes.

Run it as ``python -m tests.support.crashing`` with the arguments of ``ecrtui``.
"""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType

from ecrtui.cli.main import run
from ecrtui.tui import app

CRASH_KEY = "\x1b[24~"
"""F12 as a terminal sends it."""

SECRET = "wJalrXUtnFEMI-the-secret"
"""The value of a local variable, which no crash may print."""


class CrashingApp(app.EcrTuiApp):
    """The application with a defect."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("f12", "crash", priority=True)]

    def action_crash(self) -> None:
        """Raise an exception."""
        secret = "-".join(["wJalrXUtnFEMI", "the", "secret"])
        raise RuntimeError(f"a defect with {len(secret)} characters")


if __name__ == "__main__":
    app.EcrTuiApp = CrashingApp  # type: ignore[misc]
    run()
