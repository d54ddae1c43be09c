"""The registry that the benchmarks run against. It is seeded once, cached, and served by its own process."""

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

from benchmarks.measurement import scaled
from benchmarks.programs import CACHE_FOLDER, ecrtui, ecrtui_environment
from ecrtui.emulator import seed as seeding
from ecrtui.emulator.database_file import open_database
from ecrtui.emulator.http.messages import Request
from ecrtui.emulator.service import TARGET_PREFIX, EmbeddedRegistry

SEEDED_SIZES = (50, 1_000, 10_000, 100_000)
SIZES = SEEDED_SIZES[: scaled(4, 3)]
"""Images in each of the measured repositories."""
REPOSITORIES = 200
LARGE_MANIFEST_BYTES = 4_000_000
"""Size of the large manifest. PutImage accepts at most 4,194,304 characters."""


@dataclass(frozen=True, slots=True)
class ServedDataset:
    """A served registry, and the environment for its clients."""

    url: str
    environment: dict[str, str]

    def environment_with_empty_home(self, folder: Path) -> dict[str, str]:
        """Empty this folder and return the environment with it as home. It has no cache and no settings."""
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        return self.environment | {"HOME": str(folder)}


def repository_of_size(images: int) -> str:
    """Return the name of the repository with this number of images, one of :data:`SIZES`."""
    return f"images/{images:06}"


@contextmanager
def serve_dataset() -> Iterator[ServedDataset]:
    """Serve the seeded registry. Seed it first if it is not cached or if the seeding code has changed."""
    with TemporaryDirectory() as home, serve_file(_cached_database()) as url:
        yield ServedDataset(url, ecrtui_environment(url, Path(home)))


@contextmanager
def serve_file(database: Path) -> Iterator[str]:
    """Serve a registry file in a process of its own while the block runs; yield the URL."""
    command: list[str | Path] = [ecrtui(), "local", "serve", "--db", database, "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield server.stdout.readline().strip()
        finally:
            server.terminate()
            server.wait()


def _cached_database() -> Path:
    seed_module = Path(seeding.__file__)
    sources = [
        seed_module,
        seed_module.with_name("seed_content.py"),
        seed_module.with_name("schema.sql"),
        Path(__file__),
    ]
    fingerprint = hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:12]
    database = CACHE_FOLDER / f"registry-{fingerprint}.sqlite"
    if not database.exists():
        CACHE_FOLDER.mkdir(parents=True, exist_ok=True)
        unfinished = database.with_suffix(".new")
        for outdated in CACHE_FOLDER.glob("registry-*"):
            outdated.unlink()
        _seed(unfinished, "--repositories", str(REPOSITORIES), "--images", "20")
        for size in SEEDED_SIZES:
            _seed(unfinished, "--repository", repository_of_size(size), "--images", str(size))
        _send_requests(unfinished)
        unfinished.rename(database)
    return database


def _seed(database: Path, *options: str) -> None:
    subprocess.run([ecrtui(), "local", "seed", *options, "--db", database], check=True)


def _send_requests(database: Path) -> None:
    """Put an index of :data:`LARGE_MANIFEST_BYTES` into the repository images/large, and let listings carry findings.

    Otherwise the application would ask for the findings of each row that a key brings into view, and the times of the
    keys would include the answers.
    """
    text = "a line of the largest manifest that there can be"
    annotations = {f"line.{number:06}": text for number in range(LARGE_MANIFEST_BYTES // (len(text) + 24))}
    index = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [],
        "annotations": annotations,
    }
    registry = EmbeddedRegistry(open_database(str(database)))
    for operation, parameters in (
        ("PutAccountSetting", {"name": "BASIC_SCAN_TYPE_VERSION", "value": "CLAIR"}),
        ("CreateRepository", {"repositoryName": "images/large"}),
        (
            "PutImage",
            {"repositoryName": "images/large", "imageTag": "large", "imageManifest": json.dumps(index, indent=2)},
        ),
    ):
        send_request(registry, operation, parameters)
    registry.database.close()


def send_request(registry: EmbeddedRegistry, operation: str, parameters: dict[str, str]) -> None:
    """Run an operation of the ECR API in this process."""
    response = registry.handle(Request(json.dumps(parameters).encode(), {"x-amz-target": TARGET_PREFIX + operation}))
    assert response.status == 200, response


def empty_index(title: str) -> str:
    """Return the manifest of an index that names no images, so that it needs no layers."""
    return json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.index.v1+json",
            "manifests": [],
            "annotations": {"org.opencontainers.image.title": title},
        }
    )
