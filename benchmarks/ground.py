"""What is measured on: a seeded registry, kept for the next time, and served by a process of its own."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.programs import FOLDER, ecrtui, environment
from ecrtui.emulator import seed as seeding
from ecrtui.emulator.database import open_database
from ecrtui.emulator.http_messages import Request
from ecrtui.emulator.service import EmbeddedRegistry

SIZES = (50, 1_000, 10_000, 100_000)
REPOSITORIES = 200
LARGE_MANIFEST = 4_000_000
"""Bytes of the large manifest; PutImage takes 4,194,304 characters."""


@dataclass(frozen=True, slots=True)
class Ground:
    """A served registry, and the environment of whoever talks to it."""

    url: str
    environment: dict[str, str]

    def fresh(self, folder: Path) -> dict[str, str]:
        """The environment with an empty home in this folder: nothing cached, nothing configured."""
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        return self.environment | {"HOME": str(folder)}


def repository_of(size: int) -> str:
    """The repository with so many images. It is the first one in the list of all for the largest size."""
    return f"images/{size:06}"


@contextmanager
def ground() -> Iterator[Ground]:
    """Serve the seeded registry; it is seeded the first time and when the seeding has changed."""
    database = _seeded()
    command = [ecrtui(), "local", "serve", "--db", database, "--port", "0"]
    with TemporaryDirectory() as home, subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            url = server.stdout.readline().strip()
            yield Ground(url, environment(url, Path(home)))
        finally:
            server.terminate()
            server.wait()


def _seeded() -> Path:
    source = Path(seeding.__file__)
    made_by = [source, source.with_name("seed_content.py"), source.with_name("schema.sql"), Path(__file__)]
    mark = hashlib.sha256(b"".join(path.read_bytes() for path in made_by)).hexdigest()[:12]
    database = FOLDER / f"registry-{mark}.sqlite"
    if not database.exists():
        FOLDER.mkdir(parents=True, exist_ok=True)
        draft = database.with_suffix(".new")
        for left in FOLDER.glob("registry-*"):
            left.unlink()
        _seed(draft, "--repositories", str(REPOSITORIES), "--images", "20")
        for size in SIZES:
            _seed(draft, "--repository", repository_of(size), "--images", str(size))
        _put_large_manifest(draft)
        draft.rename(database)
    return database


def _seed(database: Path, *options: str) -> None:
    subprocess.run([ecrtui(), "local", "seed", *options, "--db", database], check=True)


def _put_large_manifest(database: Path) -> None:
    """An index of a hundred thousand lines, as the tag large of images/large."""
    line = "a line of the largest manifest that there can be"
    annotations = {f"line.{number:06}": line for number in range(LARGE_MANIFEST // (len(line) + 24))}
    index = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [],
        "annotations": annotations,
    }
    registry = EmbeddedRegistry(open_database(str(database)))
    for operation, parameters in (
        ("CreateRepository", {"repositoryName": "images/large"}),
        (
            "PutImage",
            {"repositoryName": "images/large", "imageTag": "large", "imageManifest": json.dumps(index, indent=2)},
        ),
    ):
        target = f"AmazonEC2ContainerRegistry_V20150921.{operation}"
        response = registry.handle(Request(json.dumps(parameters).encode(), {"x-amz-target": target}))
        assert response.status == 200, response
    registry.database.close()
