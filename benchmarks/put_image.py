"""``ecrtui put-image`` against ``aws ecr put-image``: whole processes, from start to exit."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.dataset import empty_index, send_request
from benchmarks.measurement import Measurement, alternate, scaled, timed
from benchmarks.programs import aws_cli, aws_cli_version, ecrtui, ecrtui_environment
from ecrtui.emulator.database_file import open_database
from ecrtui.emulator.http.server import serve
from ecrtui.emulator.service import EmbeddedRegistry

ROUNDS = scaled(21, 1)
TARGET = 0.65
MANIFEST = empty_index("measured")


def measure(rounds: int = ROUNDS) -> list[Measurement]:
    """Run both commands in turn. Every run adds a new tag to the image."""
    embedded = EmbeddedRegistry(open_database(None))
    send_request(embedded, "CreateRepository", {"repositoryName": "app"})
    with serve(embedded) as url, TemporaryDirectory() as home:
        environment = ecrtui_environment(url, Path(home))
        tag_numbers = count()
        ours = _put_image([ecrtui(), "put-image"], environment, tag_numbers)
        theirs = _put_image([aws_cli(), "ecr", "put-image"], environment, tag_numbers)
        for warm_up in (ours, theirs):
            warm_up()
        our_time, their_time = alternate([timed(ours), timed(theirs)], rounds)
    return [
        Measurement(
            "ecrtui put-image, whole process",
            our_time * 1000,
            TARGET,
            unit="ms",
            baseline=f"aws ecr put-image ({aws_cli_version()}, from PyPI)",
            theirs=their_time * 1000,
            note=f"medians of {rounds} runs each, in alternation, against the embedded registry on 127.0.0.1",
        )
    ]


def _put_image(command: list[str], environment: dict[str, str], tag_numbers: count[int]) -> Callable[[], None]:
    def run() -> None:
        options = ["--repository-name", "app", "--image-manifest", MANIFEST, "--image-tag", f"v{next(tag_numbers)}"]
        subprocess.run([*command, *options], env=environment, check=True, stdout=subprocess.DEVNULL)

    return run


if __name__ == "__main__":
    for row in measure():
        print(f"{row.name}: {row.ours:.0f} ms, {row.baseline}: {row.theirs:.0f} ms, {row.compared_value:.2f}x")
