"""``python -m tests.retag.kill9 200``: kill a bulk run at random moments, resume it, and look at what is so.

Each round makes a registry in a file and a plan of 300 rows over it, half of them moves. A child process carries the
plan out and gets SIGKILL at a random moment; another one resumes it, and may be killed as well; the last one is left to
finish. Then every tag has to be where the plan says, every row has to have one entry that is done, and none two.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ecrtui.errors import UsageError
from ecrtui.retag.engine import Engine
from ecrtui.retag.journal.journal import Journal
from ecrtui.retag.plan import StepOutcome, TagChange
from ecrtui.retag.rate_limiter import RateLimiter
from ecrtui.settings import Connection, Settings
from ecrtui.wiring import open_registry
from tests.support.embedded import client_for, create_repository, new_embedded, push_image

REPOSITORY = "team/app"


def opened(folder: Path) -> tuple[Any, Engine]:
    """A client and an engine of this process's own on the registry and the journal in the folder."""
    database = str(folder / "registry.sqlite")
    registry = open_registry(Connection(database=database, region="eu-west-1"))
    journal = Journal(folder / "state" / "journal.sqlite")
    return registry, Engine(registry, journal, Settings(protected_tags=()), rate_limiter=RateLimiter(0))


def prepare(folder: Path, rows: int) -> None:
    """A registry with two images, and a plan: every other tag is there already, at the first of them."""
    embedded = new_embedded(str(folder / "registry.sqlite"))
    client = client_for(embedded)
    create_repository(client, REPOSITORY)
    old, new = (push_image(client, REPOSITORY, name, name) for name in ("old", "new"))
    for number in range(0, rows, 2):
        client.put_image(
            repositoryName=REPOSITORY,
            imageManifest=old.manifest,
            imageManifestMediaType=old.media_type,
            imageTag=f"t{number}",
        )
    (folder / "wanted.json").write_text(json.dumps([[f"t{number}", new.digest] for number in range(rows)]))


def carry_out(folder: Path) -> None:
    """Begin the plan, or go on with it."""
    _, engine = opened(folder)
    known = folder / "plan"
    if known.exists():
        try:
            engine.apply(engine.plan_resume(known.read_text()))
        except UsageError:  # killed before the plan was in the journal: nothing was sent
            known.unlink()
    if not known.exists():
        wanted = json.loads((folder / "wanted.json").read_text())
        plan = engine.plan(TagChange(REPOSITORY, tag, digest) for tag, digest in wanted)
        known.write_text(plan.id)
        engine.apply(plan)


def problems(folder: Path) -> list[str]:
    """What is not as it has to be once the plan was carried out."""
    registry, engine = opened(folder)
    wanted = dict(json.loads((folder / "wanted.json").read_text()))
    holders = registry.images_by_tag(REPOSITORY, list(wanted))
    found = [
        f"{tag} is elsewhere" for tag, digest in wanted.items() if tag not in holders or holders[tag].digest != digest
    ]
    entries = engine.history(plan=(folder / "plan").read_text())
    found += [f"{entry} is still open" for entry in entries if entry.outcome in (None, StepOutcome.UNKNOWN)]
    done = [entry.tag for entry in entries if entry.outcome is StepOutcome.DONE]
    found += [f"{tag} has {done.count(tag)} entries that are done" for tag in wanted if done.count(tag) != 1]
    return found


def in_child(function: Callable[[Path], object], folder: Path, kill_after: float | None = None) -> bool:
    """Run it in a process of its own, killed after so many seconds; whether it came to its end."""
    child = os.fork()
    if not child:
        code = 1
        try:
            code = 1 if function(folder) else 0
        finally:
            os._exit(code)
    if kill_after is not None:
        time.sleep(kill_after)
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status) == 0


def told(folder: Path) -> list[str]:
    """Tell the problems on standard error."""
    found = problems(folder)
    for problem in found:
        print(problem, file=sys.stderr)
    return found


def run(kills: int, rows: int = 300, seed: int = 0) -> int:
    """Kill so many times; how many kills hit a process that was at work. Raises AssertionError if anything is wrong."""
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        assert in_child(lambda place: prepare(place, rows), folder)
        begun = time.monotonic()
        assert in_child(carry_out, folder)
        whole = time.monotonic() - begun
    hits = done = 0
    while done < kills:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            assert in_child(lambda place: prepare(place, rows), folder)
            while done < kills:
                done += 1
                finished = in_child(carry_out, folder, chance.uniform(0, whole))
                hits += not finished
                if finished or chance.random() < 0.5:
                    break
            assert in_child(carry_out, folder)
            assert in_child(told, folder), f"after kill {done}"
    return hits


if __name__ == "__main__":
    kills = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    os.environ.setdefault("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    os.environ.setdefault("AWS_SECRET_ACCESS_KEY", "secret")
    started = time.monotonic()
    hit = run(kills, seed=int(time.time()))
    print(f"{kills} kills, {hit} of a process at work, nothing wrong, {time.monotonic() - started:.0f} s")
