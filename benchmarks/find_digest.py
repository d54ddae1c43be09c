"""A digest found in many repositories: ``ecrtui find`` against a process of the AWS CLI for each repository."""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.dataset import empty_index, send_request
from benchmarks.measurement import Measurement, alternate, scaled, timed
from benchmarks.programs import aws_cli, aws_environment, ecrtui, ecrtui_environment
from ecrtui.emulator.database_file import open_database
from ecrtui.emulator.http.server import serve
from ecrtui.emulator.service import EmbeddedRegistry

REPOSITORIES = 1_000
HOLDERS = (17, 444, 901)
"""The numbers of the repositories that have the image."""

SHELL_REPOSITORIES = scaled(40, 8)
"""Repositories that the AWS CLI asks. Every process takes the same time, so the time of all is projected."""

PROCESSES = 8
"""Processes of the AWS CLI that run at the same time."""
ROUNDS = scaled(3, 1)


def measure() -> list[Measurement]:
    """Find a digest in :data:`REPOSITORIES` repositories."""
    with TemporaryDirectory() as home, _registry() as (url, digest):
        environment = ecrtui_environment(url, Path(home))
        ours, theirs = alternate(
            [
                timed(lambda: _find(digest, environment)),
                timed(lambda: _ask_one_by_one(digest, aws_environment(url))),
            ],
            ROUNDS,
        )
    return [
        Measurement(
            f"a digest found in {REPOSITORIES:,} repositories: ecrtui find, whole process",
            ours,
            1 / 20,
            baseline=f"xargs -P {PROCESSES} aws ecr describe-images",
            theirs=theirs * REPOSITORIES / SHELL_REPOSITORIES,
            note=f"medians of {ROUNDS}; the AWS CLI is given the names of {SHELL_REPOSITORIES} repositories, and the "
            f"time of {REPOSITORIES:,} is projected; ecrtui lists the repositories first",
        )
    ]


def _find(digest: str, environment: dict[str, str]) -> None:
    done = subprocess.run([ecrtui(), "find", digest], env=environment, check=True, capture_output=True, text=True)
    assert len(json.loads(done.stdout)["hits"]) == len(HOLDERS)


def _ask_one_by_one(digest: str, environment: dict[str, str]) -> None:
    command = [
        *("xargs", "-P", str(PROCESSES), "-I", "NAME", aws_cli(), "ecr", "describe-images"),
        *("--repository-name", "NAME", "--image-ids", f"imageDigest={digest}"),
    ]
    names = "".join(f"{_name(number)}\n" for number in range(SHELL_REPOSITORIES))
    # xargs fails because most repositories do not have the image.
    subprocess.run(command, env=environment, input=names, text=True, capture_output=True, check=False)


def _name(number: int) -> str:
    return f"team/app-{number:04}"


@contextmanager
def _registry() -> Iterator[tuple[str, str]]:
    """Serve a registry with the repositories; yield its URL and the digest."""
    manifest = empty_index("searched")
    embedded = EmbeddedRegistry(open_database(None))
    for number in range(REPOSITORIES):
        send_request(embedded, "CreateRepository", {"repositoryName": _name(number)})
    for number in HOLDERS:
        image = {"imageManifest": manifest, "imageTag": "v1"}
        send_request(embedded, "PutImage", {"repositoryName": _name(number), **image})
    with serve(embedded) as url:
        yield url, f"sha256:{hashlib.sha256(manifest.encode()).hexdigest()}"
