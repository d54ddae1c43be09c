"""``python -m benchmarks.memory``: open many repositories and many large manifests, and look at the memory.

The memory counts the application and its registry process. The second half of the repositories, and of the manifests,
must not add more than the normal variation: every cache has a bound.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.programs import ecrtui, ecrtui_environment
from benchmarks.timed_terminal import TimedTerminal
from ecrtui.emulator.database import open_database
from ecrtui.emulator.http_messages import Request
from ecrtui.emulator.service import EmbeddedRegistry

REPOSITORIES = 40
IMAGES = 500
LARGE = "zz/large"
"""The repository with the large manifests: the last one of the list."""
MANIFESTS = 60
MANIFEST_BYTES = 1_000_000
ALLOWED_GROWTH = 0.10
"""The share by which the memory may grow in the second half."""

ESCAPE = "\x1b"


def main() -> None:
    """Measure both. Exit with code 1 if the memory has grown."""
    with TemporaryDirectory() as folder, _serve(Path(folder) / "registry.sqlite") as url:
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
            usage = [_visit(terminal, ["j"] * (number > 0), "schemaVersion") for number in range(MANIFESTS)]
        _report("manifests", usage)


def _visit(terminal: TimedTerminal, keys: list[str], shown: str) -> float:
    """Open the next row, wait for this text, and go back. Return the memory in megabytes."""
    for key in (*keys, "\r"):
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


@contextmanager
def _serve(database: Path) -> Iterator[str]:
    sizes = ("--repositories", str(REPOSITORIES), "--images", str(IMAGES))
    subprocess.run([ecrtui(), "local", "seed", *sizes, "--db", database], check=True)
    _put_large_manifests(database)
    command: list[str | Path] = [ecrtui(), "local", "serve", "--db", database, "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield server.stdout.readline().strip()
        finally:
            server.terminate()
            server.wait()


def _put_large_manifests(database: Path) -> None:
    registry = EmbeddedRegistry(open_database(str(database)))
    _send(registry, "CreateRepository", {"repositoryName": LARGE})
    for number in range(MANIFESTS):
        annotations = {f"line.{number}.{line:06}": "x" * 80 for line in range(MANIFEST_BYTES // 100)}
        media_type = "application/vnd.oci.image.index.v1+json"
        index = {"schemaVersion": 2, "mediaType": media_type, "manifests": [], "annotations": annotations}
        parameters = {"repositoryName": LARGE, "imageTag": f"v{number}", "imageManifest": json.dumps(index)}
        _send(registry, "PutImage", parameters)
    registry.database.close()


def _send(registry: EmbeddedRegistry, operation: str, parameters: dict[str, str]) -> None:
    target = f"AmazonEC2ContainerRegistry_V20150921.{operation}"
    response = registry.handle(Request(json.dumps(parameters).encode(), {"x-amz-target": target}))
    assert response.status == 200, response


if __name__ == "__main__":
    main()
