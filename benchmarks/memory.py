"""``python -m benchmarks.memory``: open many repositories and many large manifests, and look at the memory.

The memory counts the application and its registry process. The second half of the repositories, and of the manifests,
must not add more than the normal variation: every cache has a bound.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.dataset import send_request, serve_file
from benchmarks.measurement import scaled
from benchmarks.programs import ecrtui, ecrtui_environment
from benchmarks.timed_terminal import TimedTerminal
from ecrtui.emulator.database_file import open_database
from ecrtui.emulator.service import EmbeddedRegistry

REPOSITORIES = scaled(40, 4)
IMAGES = 500
LARGE = "zz/large"
"""The repository with the large manifests: the last one of the list."""
MANIFESTS = scaled(60, 4)
MANIFEST_BYTES = 1_000_000
ALLOWED_GROWTH = 0.10
"""The share by which the memory may grow in the second half."""

ESCAPE = "\x1b"


def main() -> None:
    """Measure both. Exit with code 1 if the memory has grown."""
    with TemporaryDirectory() as folder, serve_file(_seeded(Path(folder) / "registry.sqlite")) as url:
        home = Path(folder) / "home"
        home.mkdir()
        environment = ecrtui_environment(url, home)
        with TimedTerminal([ecrtui()], environment) as terminal:
            terminal.wait_for_output("team-")
            terminal.wait_until_quiet()
            usage = [_visit(terminal, ["j"] * (number > 0), f"{IMAGES:,} images") for number in range(REPOSITORIES)]
        _report("repositories", usage)
        with TimedTerminal([ecrtui(), LARGE], environment) as terminal:
            terminal.wait_for(f"{MANIFESTS} images", 60)
            terminal.wait_until_quiet()
            usage = [_visit(terminal, ["j"] * (number > 0), "schemaVersion", pane="2") for number in range(MANIFESTS)]
        _report("manifests", usage)


def _visit(terminal: TimedTerminal, keys: list[str], shown: str, pane: str = "") -> float:
    """Open the next row and the pane, wait for this text, and go back. Return the memory in megabytes."""
    for key in (*keys, "\r", *pane):
        terminal.send(key)
        terminal.wait_until_quiet(0.1, 5)
    terminal.wait_for(shown, 60)
    terminal.wait_until_quiet(0.3, 5)
    terminal.send(ESCAPE)
    terminal.wait_until_quiet(0.6, 5)
    return terminal.memory()


def _report(what: str, usage: list[float]) -> None:
    middle = len(usage) // 2
    print(f"{what}: {usage[0]:.0f} MB after 1, {usage[middle]:.0f} MB after {middle + 1}, {usage[-1]:.0f} MB after all")
    if usage[-1] > usage[middle] * (1 + ALLOWED_GROWTH):
        sys.exit(f"the memory grows with the {what}")


def _seeded(database: Path) -> Path:
    """Create a registry file with the repositories and the large manifests; return its path."""
    sizes = ("--repositories", str(REPOSITORIES), "--images", str(IMAGES))
    subprocess.run([ecrtui(), "local", "seed", *sizes, "--db", database], check=True)
    _put_large_manifests(database)
    return database


def _put_large_manifests(database: Path) -> None:
    registry = EmbeddedRegistry(open_database(str(database)))
    send_request(registry, "CreateRepository", {"repositoryName": LARGE})
    for number in range(MANIFESTS):
        annotations = {f"line.{number}.{line:06}": "x" * 80 for line in range(MANIFEST_BYTES // 100)}
        media_type = "application/vnd.oci.image.index.v1+json"
        index = {"schemaVersion": 2, "mediaType": media_type, "manifests": [], "annotations": annotations}
        parameters = {"repositoryName": LARGE, "imageTag": f"v{number}", "imageManifest": json.dumps(index)}
        send_request(registry, "PutImage", parameters)
    registry.database.close()


if __name__ == "__main__":
    main()
