"""Many retags: ``ecrtui retag --from-file`` against the shell loop that AWS documents, and against its own limit."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import boto3

from benchmarks.measure import Row, seconds
from benchmarks.programs import REGION, aws_cli, aws_environment
from ecrtui.emulator.database import open_database
from ecrtui.emulator.faults import Fault, RateLimit
from ecrtui.emulator.http_server import serve
from ecrtui.emulator.service import EmbeddedRegistry

RETAGS = 1000
LOOPED = 20
"""Turns of the shell loop that are timed; each takes as long as any other."""

LIMITED = 300
PER_SECOND = 10
IMAGES = 4

LOOP = """
for tag in $TAGS; do
  manifest=$("$AWS" ecr batch-get-image --repository-name app --image-ids imageTag=image-0 \
    --accepted-media-types application/vnd.oci.image.index.v1+json --query 'images[].imageManifest' --output text)
  "$AWS" ecr put-image --repository-name app --image-tag "$tag" --image-manifest "$manifest" \
    --image-manifest-media-type application/vnd.oci.image.index.v1+json > /dev/null || exit 1
done
"""


def rows() -> list[Row]:
    """Without a limit against the loop; with the limit against the time that the limit allows."""
    with _registry() as (embedded, environment):
        unlimited = _retag(environment | {"ECRTUI_WRITES_PER_SECOND": "1000000"}, "free", RETAGS) / RETAGS
        loop = _loop(environment) / LOOPED
        throttle = embedded.faults.add(Fault("PutImage", RateLimit(PER_SECOND)))
        limited = _retag(environment | {"ECRTUI_WRITES_PER_SECOND": str(PER_SECOND)}, "slow", LIMITED)
        assert throttle.hits == 0, f"{throttle.hits} writes were throttled"
    return [
        Row(
            f"one of {RETAGS:,} retags: ecrtui retag --from-file, whole process",
            unlimited * 1000,
            1 / 20,
            unit="ms",
            against="a shell loop of aws ecr batch-get-image and put-image",
            theirs=loop * 1000,
            note=f"without a limit of writes; guard, journal and verification included; {LOOPED} turns of the loop",
        ),
        Row(
            f"{LIMITED} retags at {PER_SECOND} a second, whole process",
            limited,
            1.05,
            against="the time that the limit allows",
            theirs=LIMITED / PER_SECOND,
            note=f"the server throttles above {PER_SECOND} a second; none was throttled",
        ),
    ]


@contextmanager
def _registry() -> Iterator[tuple[EmbeddedRegistry, dict[str, str]]]:
    """A served registry with some images, and the environment of commands on it."""
    embedded = EmbeddedRegistry(open_database(None), registry_id="123456789012", region=REGION)
    with serve(embedded) as url, tempfile.TemporaryDirectory() as home:
        environment = aws_environment(url) | {"XDG_STATE_HOME": home, "XDG_CONFIG_HOME": home}
        client = boto3.Session(aws_access_key_id="a", aws_secret_access_key="b").client(  # noqa: S106 - not a secret
            "ecr", endpoint_url=url, region_name=REGION
        )
        client.create_repository(repositoryName="app")
        for number in range(IMAGES):
            document = {
                "schemaVersion": 2,
                "mediaType": "application/vnd.oci.image.index.v1+json",
                "manifests": [],
                "annotations": {"org.opencontainers.image.title": f"measured {number}"},
            }
            client.put_image(repositoryName="app", imageManifest=json.dumps(document), imageTag=f"image-{number}")
        yield embedded, environment


def _retag(environment: dict[str, str], name: str, many: int) -> float:
    """Seconds that it takes to give so many tags to the images."""
    images = count()
    steps = [
        {"repository": "app", "tag": f"{name}-{number}", "source": f"image-{next(images) % IMAGES}"}
        for number in range(many)
    ]
    command = [str(Path(sys.executable).with_name("ecrtui")), "retag", "--from-file", "-", "--yes", "--output", "json"]

    def run() -> None:
        done = subprocess.run(
            command, env=environment, input=json.dumps(steps), capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["counts"] == {"done": many}

    return seconds(run)


def _loop(environment: dict[str, str]) -> float:
    """Seconds that the shell loop takes for its turns."""
    tags = " ".join(f"loop-{number}" for number in range(LOOPED))
    return seconds(
        lambda: subprocess.run(
            ["bash", "-c", LOOP], env=environment | {"AWS": str(aws_cli()), "TAGS": tags}, check=True
        )
    )


if __name__ == "__main__":
    for row in rows():
        assert row.theirs is not None
        print(f"{row.what}: {row.ours:.3f} {row.unit}; {row.against}: {row.theirs:.3f} {row.unit}; {row.measured:.4f}x")
