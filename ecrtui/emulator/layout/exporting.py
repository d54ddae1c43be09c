"""Export an image of the embedded registry as an OCI image layout, byte for byte."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from ecrtui.emulator import blobs, manifests, storage
from ecrtui.emulator.blobs import StoredBlob
from ecrtui.emulator.database import Database
from ecrtui.emulator.errors import LayoutError, ServiceError
from ecrtui.emulator.layout.layout import REF_NAME, Progress, list_some
from ecrtui.emulator.operations.image_ids import lookup_image
from ecrtui.emulator.service import REGION, REGISTRY_ID


@dataclass(frozen=True, slots=True)
class ExportResult:
    """The result of an export.

    Args:
        manifests: number of manifests, indexes included.
        size: bytes of layers and configs.
    """

    digest: str
    media_type: str
    manifests: int
    blobs: int
    size: int


@dataclass(frozen=True, slots=True)
class _StoredManifest:
    digest: str
    media_type: str
    text: str
    contents: manifests.ManifestContents


def export_image(
    database: Database,
    repository: str,
    folder: str,
    *,
    tag: str = "",
    digest: str = "",
    registry_id: str = REGISTRY_ID,
    region: str = REGION,
    progress: Progress | None = None,
) -> ExportResult:
    """Write an image with all its parts into a folder. Create the folder if needed.

    index.json is written last. Without it the folder is not a layout.

    Args:
        tag: the image with this tag, which becomes the name of its entry; or
        digest: the image with this digest.

    Raises:
        LayoutError: the image does not exist, the folder is not empty, the registry does not keep a layer's content, or
            its content does not match its digest.
    """
    if not folder:
        raise LayoutError("the folder has an empty name")
    target = Path(folder)
    with database.read() as connection:
        repository_id = _repository(connection, repository, registry_id, region)
        top = lookup_image(connection, repository_id, tag=tag or None, digest=digest)
        if top is None:
            raise LayoutError(
                f"the repository {repository} has no image {tag or digest}",
                f"List its images with: ecrtui images {repository} --db FILE",
            )
        images = {one.digest: one for one in _read_manifests(connection, repository_id, top)}
        sizes = _blobs_with_content(connection, repository_id, repository, images.values())
    with _as_layout_error(target):
        _create_folder(target)
        size = _write_blobs(database, target, sizes, progress)
        for one in images.values():
            _blob_path(target, one.digest).write_bytes(one.text.encode())
        _write_index(target, images[top["digest"]], tag)
    return ExportResult(top["digest"], top["media_type"], len(images), len(sizes), size)


def _repository(connection: sqlite3.Connection, name: str, registry_id: str, region: str) -> int:
    row = storage.find_repository(connection, registry_id, region, name)
    if row is None:
        raise LayoutError(
            f"there is no repository {name} in registry {registry_id}, region {region}",
            "Use --region and --registry-id to choose another registry.",
        )
    return int(row["id"])


def _read_manifests(connection: sqlite3.Connection, repository_id: int, row: sqlite3.Row) -> Iterator[_StoredManifest]:
    """Yield an image, and for an index its manifests, to any depth."""
    waiting, seen = [row], {row["digest"]}
    while waiting:
        row = waiting.pop()
        one = _stored_manifest(connection, row)
        yield one
        for digest in one.contents.children:
            child = lookup_image(connection, repository_id, digest=digest)
            if child is None:
                raise LayoutError(f"the image {digest}, which {one.digest} names, is not in the repository")
            if digest not in seen:
                seen.add(digest)
                waiting.append(child)


def _stored_manifest(connection: sqlite3.Connection, row: sqlite3.Row) -> _StoredManifest:
    """Read a manifest and check it against its digest. The file may come from somebody else, or be damaged."""
    found = connection.execute("SELECT manifest FROM manifests WHERE image_id = ?", (row["id"],)).fetchone()
    text = found["manifest"] if found else None
    if not isinstance(text, str) or blobs.digest_of(text.encode()) != row["digest"]:
        raise _damaged(f"the manifest of {row['digest']!r} has other bytes")
    try:
        contents = manifests.parse_manifest(text, row["media_type"])
    except ServiceError as problem:
        raise _damaged(f"the manifest {row['digest']} has the media type {row['media_type']!r}") from problem
    return _StoredManifest(row["digest"], row["media_type"], text, contents)


def _blobs_with_content(
    connection: sqlite3.Connection, repository_id: int, name: str, images: Iterable[_StoredManifest]
) -> Mapping[str, int]:
    """Return the sizes of the layers and configs by digest. Check that the registry has the content of each."""
    digests = dict.fromkeys(digest for one in images for digest in one.contents.blobs)
    try:
        sizes = storage.layer_sizes(connection, repository_id, digests)
    except (TypeError, ValueError, OverflowError) as problem:
        raise _damaged("the size of a layer is not a number") from problem
    absent = [digest for digest in digests if digest not in sizes or not blobs.has_content(connection, digest)]
    if absent:
        raise LayoutError(
            f"the content of {len(absent)} layers of {name} is not in this registry, only their sizes:"
            f"{list_some(absent)}",
            "Images of the demo and of `local seed` have no layer content. Imported and pushed images have.",
        )
    return sizes


def _damaged(what: str) -> LayoutError:
    return LayoutError(f"the registry file is damaged: {what}", "Push or import the image again, and export it then.")


@contextmanager
def _as_layout_error(target: Path) -> Iterator[None]:
    try:
        yield
    except OSError as problem:
        where = problem.filename or target
        raise LayoutError(f"{where} cannot be written: {problem.strerror or problem}") from problem


def _create_folder(target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    if any(target.iterdir()):
        raise LayoutError(f"{target} is not empty", "Choose an empty folder, or one that does not exist.")
    (target / "blobs" / "sha256").mkdir(parents=True)
    (target / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')


def _write_blobs(database: Database, target: Path, sizes: Mapping[str, int], progress: Progress | None) -> int:
    total, done = sum(sizes.values()), 0
    for digest, size in sizes.items():
        checksum = sha256()
        with _blob_path(target, digest).open("xb") as stream:
            for piece in StoredBlob(database, digest, size):
                checksum.update(piece)
                stream.write(piece)
                done += len(piece)
                if progress:
                    progress(done, total)
        if digest != f"sha256:{checksum.hexdigest()}":
            raise _damaged(f"the layer or config {digest} has other bytes. {target} is incomplete")
    return done


def _write_index(target: Path, top: _StoredManifest, tag: str) -> None:
    entry = {
        "mediaType": top.media_type,
        "digest": top.digest,
        "size": len(top.text.encode()),
        **({"annotations": {REF_NAME: tag}} if tag else {}),
    }
    index = {"schemaVersion": 2, "mediaType": manifests.OCI_INDEX, "manifests": [entry]}
    (target / "index.json").write_text(json.dumps(index, separators=(",", ":")))


def _blob_path(target: Path, digest: str) -> Path:
    return target / "blobs" / "sha256" / digest.removeprefix("sha256:")
