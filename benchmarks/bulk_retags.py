"""``ecrtui retag --from-file`` against the shell loop that AWS documents, and against its own rate limit."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from benchmarks.dataset import empty_index, send_request
from benchmarks.measurement import Measurement, duration, scaled
from benchmarks.programs import aws_cli, ecrtui, ecrtui_environment
from ecrtui.emulator.database_file import open_database
from ecrtui.emulator.fault_effects import RateLimit
from ecrtui.emulator.faults import Fault
from ecrtui.emulator.http.server import serve
from ecrtui.emulator.service import EmbeddedRegistry

RETAGS = scaled(1_000, 50)
LOOP_TURNS = scaled(20, 1)
"""Timed turns of the shell loop. Every turn takes the same time."""

LIMITED_RETAGS = scaled(300, 20)
WRITES_PER_SECOND = 10
IMAGES = 4

LOOP = """
for tag in $TAGS; do
  manifest=$("$AWS" ecr batch-get-image --repository-name app --image-ids imageTag=image-0 \
    --accepted-media-types application/vnd.oci.image.index.v1+json --query 'images[].imageManifest' --output text)
  "$AWS" ecr put-image --repository-name app --image-tag "$tag" --image-manifest "$manifest" \
    --image-manifest-media-type application/vnd.oci.image.index.v1+json > /dev/null || exit 1
done
"""


def measure() -> list[Measurement]:
    """Compare unlimited retags with the shell loop, and limited retags with the time that the limit allows."""
    with _registry() as (embedded, environment):
        unlimited = _retag(environment | {"ECRTUI_WRITES_PER_SECOND": "1000000"}, "free", RETAGS) / RETAGS
        loop = _shell_loop(environment) / LOOP_TURNS
        throttle = embedded.faults.add(Fault("PutImage", RateLimit(WRITES_PER_SECOND)))
        limited = _retag(environment | {"ECRTUI_WRITES_PER_SECOND": str(WRITES_PER_SECOND)}, "limited", LIMITED_RETAGS)
        assert throttle.hits == 0, f"{throttle.hits} writes were throttled"
    return [
        Measurement(
            f"one of {RETAGS:,} retags: ecrtui retag --from-file, whole process",
            unlimited * 1000,
            1 / 100,
            unit="ms",
            baseline="a shell loop of aws ecr batch-get-image and put-image",
            theirs=loop * 1000,
            note=f"no write limit; includes the check before each write, the journal and the verification; "
            f"{LOOP_TURNS} turns of the loop",
        ),
        Measurement(
            f"{LIMITED_RETAGS} retags at {WRITES_PER_SECOND} per second, whole process",
            limited,
            1.05,
            baseline="the time that the limit allows",
            theirs=LIMITED_RETAGS / WRITES_PER_SECOND,
            note=f"the server throttles above {WRITES_PER_SECOND} writes per second; it throttled no write",
        ),
    ]


@contextmanager
def _registry() -> Iterator[tuple[EmbeddedRegistry, dict[str, str]]]:
    """Serve a registry with a few images; yield it and the environment for its clients."""
    embedded = EmbeddedRegistry(open_database(None))
    with serve(embedded) as url, tempfile.TemporaryDirectory() as home:
        send_request(embedded, "CreateRepository", {"repositoryName": "app"})
        for number in range(IMAGES):
            image = {"imageManifest": empty_index(f"measured {number}"), "imageTag": f"image-{number}"}
            send_request(embedded, "PutImage", {"repositoryName": "app", **image})
        yield embedded, ecrtui_environment(url, Path(home))


def _retag(environment: dict[str, str], tag_prefix: str, tag_count: int) -> float:
    """Give the images this number of new tags with one command; return its duration in seconds."""
    images = count()
    rows = [
        {"repository": "app", "tag": f"{tag_prefix}-{number}", "source": f"image-{next(images) % IMAGES}"}
        for number in range(tag_count)
    ]
    command = [ecrtui(), "retag", "--from-file", "-", "--yes", "--output", "json"]

    def run() -> None:
        done = subprocess.run(
            command, env=environment, input=json.dumps(rows), capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["counts"] == {"done": tag_count}

    return duration(run)


def _shell_loop(environment: dict[str, str]) -> float:
    """Run the shell loop and return its duration in seconds."""
    tags = " ".join(f"loop-{number}" for number in range(LOOP_TURNS))
    return duration(
        lambda: subprocess.run(["bash", "-c", LOOP], env=environment | {"AWS": aws_cli(), "TAGS": tags}, check=True)
    )


if __name__ == "__main__":
    for row in measure():
        assert row.theirs is not None
        print(
            f"{row.name}: {row.ours:.3f} {row.unit}; {row.baseline}: {row.theirs:.3f} {row.unit}; "
            f"{row.compared_value:.4f}x"
        )
