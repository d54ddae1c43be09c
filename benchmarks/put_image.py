"""``ecrtui put-image`` against ``aws ecr put-image``, whole processes: from start to the answer on standard output."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from itertools import count
from pathlib import Path

from benchmarks.measure import Row, alternate, timed
from benchmarks.programs import REGION, aws_cli, aws_environment
from ecrtui.emulator.database import open_database
from ecrtui.emulator.http_server import serve
from ecrtui.emulator.service import EmbeddedRegistry

ROUNDS = 21
LIMIT = 0.65
MANIFEST = (
    '{"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": [], '
    '"annotations": {"org.opencontainers.image.title": "measured"}}\n'
)


def rows(rounds: int = ROUNDS) -> list[Row]:
    """The comparison, each command once a round in alternation; every run gives the image a tag of its own."""
    aws = aws_cli()
    embedded = EmbeddedRegistry(open_database(None), registry_id="123456789012", region=REGION)
    with serve(embedded) as url:
        environment = aws_environment(url)
        subprocess.run(
            [aws, "ecr", "create-repository", "--repository-name", "app"],
            env=environment,
            check=True,
            stdout=subprocess.DEVNULL,
        )
        numbers = count()
        ours = _put([str(Path(sys.executable).with_name("ecrtui")), "put-image"], environment, numbers)
        theirs = _put([str(aws), "ecr", "put-image"], environment, numbers)
        for warm in (ours, theirs):
            warm()
        our_time, their_time = alternate([timed(ours), timed(theirs)], rounds)
    version = subprocess.run([aws, "--version"], capture_output=True, text=True, check=True).stdout.split()[0]
    return [
        Row(
            "ecrtui put-image, whole process",
            our_time * 1000,
            LIMIT,
            unit="ms",
            against=f"aws ecr put-image ({version}, from PyPI)",
            theirs=their_time * 1000,
            note=f"medians of {rounds} runs each, in alternation, against the embedded registry on 127.0.0.1",
        )
    ]


def _put(command: list[str], environment: dict[str, str], numbers: count[int]) -> Callable[[], None]:
    def run() -> None:
        line = ["--repository-name", "app", "--image-manifest", MANIFEST, "--image-tag", f"v{next(numbers)}"]
        subprocess.run([*command, *line], env=environment, check=True, stdout=subprocess.DEVNULL)

    return run


if __name__ == "__main__":
    for row in rows():
        print(f"{row.what}: {row.ours:.0f} ms, {row.against}: {row.theirs:.0f} ms, {row.measured:.2f}x")
