"""The application with a heartbeat on its event loop. It measures stalls of the loop and samples their causes.

    python -m benchmarks.heartbeat_app FILE [REFERENCE]

When the application exits, it writes the delay of each heartbeat and the sampled causes to the JSON file.
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

from ecrtui.connections import SessionFactory
from ecrtui.ecr.reference import Reference, parse_reference
from ecrtui.gc_tuning import disable_gc
from ecrtui.registry.process.client import RegistryProcess
from ecrtui.settings import Connection, load
from ecrtui.tui import app

BEAT_INTERVAL = 0.005
"""Seconds between two heartbeats."""
LATE_AFTER = 0.02
"""Sample the loop's stack once per interval when a heartbeat is later than this, in seconds."""


class Heartbeat:
    """Measures how late the event loop runs a timer that is due, and samples what delays it."""

    def __init__(self) -> None:
        self.due = time.perf_counter() + 60
        self.beats: list[tuple[float, float]] = []
        """Due time and delay of each heartbeat, both in seconds."""
        self.causes: Counter[str] = Counter()
        """Number of samples per function that ran while a heartbeat was late."""
        self._loop_thread = threading.get_ident()
        self._gc_started = 0.0

    async def beat(self) -> None:
        """Record heartbeats until cancelled."""
        gc.callbacks.append(self._on_gc)
        threading.Thread(target=self._sample_stalls, daemon=True).start()
        while True:
            self.due = time.perf_counter() + BEAT_INTERVAL
            await asyncio.sleep(BEAT_INTERVAL)
            self.beats.append((self.due, time.perf_counter() - self.due))

    def _sample_stalls(self) -> None:
        while True:
            time.sleep(BEAT_INTERVAL)
            if time.perf_counter() - self.due > LATE_AFTER:
                self.causes[self._current_function()] += 1

    def _on_gc(self, phase: str, info: dict[str, int]) -> None:
        """Count a garbage collection as samples: it stops the sampling thread too."""
        now = time.perf_counter()
        if phase == "start":
            self._gc_started = now
        elif now - self._gc_started > BEAT_INTERVAL:
            samples = int((now - self._gc_started) / BEAT_INTERVAL)
            self.causes[f"garbage collection of generation {info['generation']}"] += samples

    def _current_function(self) -> str:
        """Name the function that the loop runs: the innermost one of ecrtui and the innermost one of Textual."""
        stack = traceback.extract_stack(sys._current_frames()[self._loop_thread])
        if stack[-1].filename.endswith("selectors.py"):
            return "waiting for other threads"
        ours = next((frame for frame in reversed(stack) if "/ecrtui/" in frame.filename), None)
        textual = next((frame for frame in reversed(stack) if "/textual/" in frame.filename), None)
        names = [f"{Path(frame.filename).name} {frame.name}" for frame in (ours, textual) if frame is not None]
        return names[0] if ours is not None and stack[-1] is ours else " / ".join(names)


class HeartbeatApp(app.EcrTuiApp):
    """The application with a heartbeat."""

    def on_mount(self) -> None:
        self.heartbeat = Heartbeat()
        self.run_worker(self.heartbeat.beat(), group="heartbeat", exit_on_error=False)

    def exit(self, *arguments: Any, **options: Any) -> None:
        """Write the file before shutdown, which is not measured."""
        FILE.write_text(json.dumps({"beats": self.heartbeat.beats, "causes": self.heartbeat.causes}), "utf-8")
        super().exit(*arguments, **options)


FILE = Path(sys.argv[1]) if len(sys.argv) > 1 else Path()


def main() -> None:
    """Run the application as the command ``ecrtui`` does."""
    disable_gc()
    reference = parse_reference(sys.argv[2]) if len(sys.argv) > 2 else Reference()
    settings, process = load({}), RegistryProcess()
    HeartbeatApp(SessionFactory(Connection(), settings, remote=process.open(Connection())), settings, reference).run()
    process.close()


if __name__ == "__main__":
    main()
