"""The application with a heartbeat on its loop: how late a thing that is due now is carried out.

    python -m benchmarks.host FILE [REFERENCE]

writes into the file, when it ends, how late each beat was, and what the loop's thread and the others were at whenever
one was very late.
"""

from __future__ import annotations

import asyncio
import atexit
import json
import sys
import threading
import time
import traceback
from pathlib import Path
from typing import Any

from ecrtui import wiring
from ecrtui.model.reference import Reference
from ecrtui.model.reference import parse as parse_reference
from ecrtui.settings import Connection, load
from ecrtui.ui import app, themes

BEAT = 0.005
"""Seconds between two beats."""
LATE = 0.03
"""Seconds from which on it is looked at what holds the loop."""


class Heart:
    """Beats on the loop, and looks at the threads from beside it when a beat is missing."""

    def __init__(self) -> None:
        self.due = time.perf_counter() + 60
        self.beats: list[tuple[float, float]] = []
        """When each was due, and how late it was; both in seconds."""
        self.held: list[dict[str, Any]] = []
        self._loop_thread = threading.get_ident()

    async def beat(self) -> None:
        """Beat for ever."""
        threading.Thread(target=self._watch, daemon=True).start()
        while True:
            self.due = time.perf_counter() + BEAT
            await asyncio.sleep(BEAT)
            self.beats.append((self.due, time.perf_counter() - self.due))

    def _watch(self) -> None:
        told = 0.0
        while True:
            time.sleep(BEAT)
            due = self.due
            late = time.perf_counter() - due
            if late > LATE and due != told:
                told = due
                self.held.append({"due": due, "threads": self._threads()})

    def _threads(self) -> dict[str, list[str]]:
        names = {thread.ident: thread.name for thread in threading.enumerate()}
        return {
            "the loop" if number == self._loop_thread else names.get(number, "?"): [
                f"{Path(entry.filename).name}:{entry.lineno} {entry.name}" for entry in traceback.extract_stack(frame)
            ][-8:]
            for number, frame in sys._current_frames().items()
        }


class BeatingApp(app.EcrTuiApp):
    """The application, with a heart."""

    CSS_PATH = Path(app.__file__).with_name("app.tcss")  # Textual looks beside the class that it is given

    def on_mount(self) -> None:
        heart = Heart()
        self.run_worker(heart.beat(), group="heart", exit_on_error=False)
        atexit.register(lambda: FILE.write_text(json.dumps({"beats": heart.beats, "held": heart.held}), "utf-8"))


FILE = Path(sys.argv[1]) if len(sys.argv) > 1 else Path()


def main() -> None:
    """Run it as the user would."""
    reference = parse_reference(sys.argv[2]) if len(sys.argv) > 2 else Reference()
    settings = load({})
    BeatingApp(wiring.Connector(Connection(), settings), settings, themes.load(), reference).run()


if __name__ == "__main__":
    main()
