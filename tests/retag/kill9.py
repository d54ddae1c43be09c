"""``python -m tests.retag.kill9 200``: kill a bulk retag at random moments, resume it, and check the result.

Each round creates a registry in a file and a plan of 300 steps for it, half of them moves. A child process applies the
plan and gets SIGKILL at a random moment. Another one resumes it and may be killed too. The last one finishes. Then
every tag must be as planned, and every step must have exactly one journal entry that is done.
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
from ecrtui.registry.rate_limiter import RateLimiter
from ecrtui.retag.engine import Engine
from ecrtui.retag.journal.journal import Journal
from ecrtui.retag.plan import StepOutcome, TagChange
from ecrtui.settings import Connection, Settings
from ecrtui.wiring import open_registry
from tests.support.embedded import client_for, create_repository, new_embedded, push_image

REPOSITORY = "team/app"


def open_folder(folder: Path) -> tuple[Any, Engine]:
    """Open the registry and the journal in the folder."""
    database = str(folder / "registry.sqlite")
    registry = open_registry(Connection(database=database, region="eu-west-1"))
    journal = Journal(folder / "state" / "journal.sqlite")
    return registry, Engine(registry, journal, Settings(protected_tags=()), rate_limiter=RateLimiter(0))


def prepare(folder: Path, rows: int) -> None:
    """Create a registry with two images and the list of wanted tags. Every other tag exists, at the first image."""
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


def apply_plan(folder: Path) -> None:
    """Start the plan or resume it."""
    _, engine = open_folder(folder)
    plan_file = folder / "plan"
    if plan_file.exists():
        try:
            engine.apply(engine.plan_resume(plan_file.read_text()))
        except UsageError:  # killed before the plan was saved in the journal; nothing was sent
            plan_file.unlink()
    if not plan_file.exists():
        wanted = json.loads((folder / "wanted.json").read_text())
        plan = engine.plan(TagChange(REPOSITORY, tag, digest) for tag, digest in wanted)
        plan_file.write_text(plan.id)
        engine.apply(plan)


def problems(folder: Path) -> list[str]:
    """Return the differences from the finished plan."""
    registry, engine = open_folder(folder)
    wanted = dict(json.loads((folder / "wanted.json").read_text()))
    images = registry.images_by_tag(REPOSITORY, list(wanted))
    found = [
        f"{tag} does not have the planned digest"
        for tag, digest in wanted.items()
        if tag not in images or images[tag].digest != digest
    ]
    entries = engine.history.search(plan=(folder / "plan").read_text())
    found += [f"{entry} is unfinished" for entry in entries if entry.outcome in (None, StepOutcome.UNKNOWN)]
    done = [entry.tag for entry in entries if entry.outcome is StepOutcome.DONE]
    found += [f"{tag} has {done.count(tag)} done entries" for tag in wanted if done.count(tag) != 1]
    return found


def in_child(function: Callable[[Path], object], folder: Path, kill_after: float | None = None) -> bool:
    """Run the function in a child process, killed after this many seconds. Return True if it finished."""
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


def print_problems(folder: Path) -> list[str]:
    """Print the problems on standard error and return them."""
    found = problems(folder)
    for problem in found:
        print(problem, file=sys.stderr)
    return found


def run(kills: int, rows: int = 300, seed: int = 0) -> int:
    """Kill this many times. Return how many kills hit a running process. Raise AssertionError on a problem."""
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        assert in_child(lambda path: prepare(path, rows), folder)
        begun = time.monotonic()
        assert in_child(apply_plan, folder)
        whole = time.monotonic() - begun
    hits = done = 0
    while done < kills:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            assert in_child(lambda path: prepare(path, rows), folder)
            while done < kills:
                done += 1
                finished = in_child(apply_plan, folder, chance.uniform(0, whole))
                hits += not finished
                if finished or chance.random() < 0.5:
                    break
            assert in_child(apply_plan, folder)
            assert in_child(print_problems, folder), f"after kill {done}"
    return hits


if __name__ == "__main__":
    kills_wanted = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    os.environ.setdefault("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    os.environ.setdefault("AWS_SECRET_ACCESS_KEY", "secret")
    started = time.monotonic()
    hit = run(kills_wanted, seed=int(time.time()))
    print(f"{kills_wanted} kills, {hit} of a running process, no problem, {time.monotonic() - started:.0f} s")
