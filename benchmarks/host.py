"""The application with a heartbeat on its loop: how late a thing that is due now is carried out, and what held it up.

    python -m benchmarks.host FILE [REFERENCE]

writes into the file, when it ends, how late each beat was, and how often which function held a beat up.
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import threading
import time
import traceback
from collections import Counter
from pathlib import Path
from typing import Any

from ecrtui import wiring
from ecrtui.ecr.reference import Reference, parse_reference
from ecrtui.gc_tuning import disable_gc
from ecrtui.registry.process.client import RegistryProcess
from ecrtui.settings import Connection, load
from ecrtui.tui import app

BEAT = 0.005
"""Seconds between two beats."""
LATE = 0.02
"""Seconds from which on it is looked at what holds the loop, once a beat."""


class Heart:
    """Beats on the loop, and looks at it from beside when a beat is missing."""

    def __init__(self) -> None:
        self.due = time.perf_counter() + 60
        self.beats: list[tuple[float, float]] = []
        """When each was due, and how late it was; both in seconds."""
        self.held: Counter[str] = Counter()
        """How often the loop was found in which function while it was late."""
        self._loop_thread = threading.get_ident()
        self._collecting_since = 0.0

    async def beat(self) -> None:
        """Beat for ever."""
        gc.callbacks.append(self._collected)
        threading.Thread(target=self._watch, daemon=True).start()
        while True:
            self.due = time.perf_counter() + BEAT
            await asyncio.sleep(BEAT)
            self.beats.append((self.due, time.perf_counter() - self.due))

    def _watch(self) -> None:
        while True:
            time.sleep(BEAT)
            if time.perf_counter() - self.due > LATE:
                self.held[self._place()] += 1

    def _collected(self, phase: str, told: dict[str, int]) -> None:
        """While the collector is at work nobody can look at anything, so it tells by itself."""
        now = time.perf_counter()
        if phase == "start":
            self._collecting_since = now
        elif now - self._collecting_since > BEAT:
            self.held[f"collecting garbage of generation {told['generation']}"] += int(
                (now - self._collecting_since) / BEAT
            )

    def _place(self) -> str:
        """The function that the loop is in: the innermost of ours and, within it, of Textual's."""
        stack = traceback.extract_stack(sys._current_frames()[self._loop_thread])
        if stack[-1].filename.endswith("selectors.py"):
            return "waiting for its turn while other threads ran"
        ours = next((entry for entry in reversed(stack) if "/ecrtui/" in entry.filename), None)
        theirs = next((entry for entry in reversed(stack) if "/textual/" in entry.filename), None)
        places = [f"{Path(entry.filename).name} {entry.name}" for entry in (ours, theirs) if entry is not None]
        return places[0] if ours is not None and stack[-1] is ours else " / ".join(places)


class BeatingApp(app.EcrTuiApp):
    """The application, with a heart."""

    def on_mount(self) -> None:
        self.heart = Heart()
        self.run_worker(self.heart.beat(), group="heart", exit_on_error=False)

    def exit(self, *arguments: Any, **options: Any) -> None:
        """Leaving is not measured."""
        told = {"beats": self.heart.beats, "held": self.heart.held}
        FILE.write_text(json.dumps(told), "utf-8")
        super().exit(*arguments, **options)


FILE = Path(sys.argv[1]) if len(sys.argv) > 1 else Path()


def main() -> None:
    """Run it as the user would."""
    disable_gc()
    reference = parse_reference(sys.argv[2]) if len(sys.argv) > 2 else Reference()
    settings, process = load({}), RegistryProcess(Connection())
    BeatingApp(wiring.SessionFactory(Connection(), settings, process=process), settings, reference).run()
    process.close()


if __name__ == "__main__":
    main()
