"""A digest found in many repositories: ``ecrtui find`` against a process of the AWS CLI for each repository."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import boto3

from benchmarks.measurement import Measurement, alternate, scaled, timed
from benchmarks.programs import REGION, aws_cli, aws_environment, ecrtui, ecrtui_environment
from ecrtui.emulator.database import open_database
from ecrtui.emulator.http_server import serve
from ecrtui.emulator.service import EmbeddedRegistry

REPOSITORIES = 1_000
HOLDERS = (17, 444, 901)
"""The numbers of the repositories that have the image."""

SHELL_REPOSITORIES = scaled(40, 8)
"""Repositories that the AWS CLI asks. Every process takes the same time, so the time of all is projected."""

LANES = 8
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
            baseline=f"xargs -P {LANES} aws ecr describe-images",
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
        *("xargs", "-P", str(LANES), "-I", "NAME", aws_cli(), "ecr", "describe-images"),
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
    index = json.dumps(
        {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": []}, indent=2
    )
    with serve(EmbeddedRegistry(open_database(None))) as url:
        client = boto3.Session(aws_access_key_id="a", aws_secret_access_key="b").client(  # noqa: S106 - not a secret
            "ecr", endpoint_url=url, region_name=REGION
        )
        for number in range(REPOSITORIES):
            client.create_repository(repositoryName=_name(number))
        for number in HOLDERS:
            put = client.put_image(repositoryName=_name(number), imageManifest=index, imageTag="v1")
        yield url, put["image"]["imageId"]["imageDigest"]
