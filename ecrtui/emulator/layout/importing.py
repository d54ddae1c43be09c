"""Import an image from a layout into the embedded registry, byte for byte. Check every digest.

Layers and configs go straight into the database. Manifests go through PutImage, which refuses what ECR refuses.
"""

from __future__ import annotations

import shlex
import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import IO, Any

from ecrtui.emulator import blobs, manifests, storage, uploads, validation
from ecrtui.emulator.database import Database
from ecrtui.emulator.errors import LayoutError, ServiceError
from ecrtui.emulator.layout.layout import ImageLayout, LayoutDescriptor, Progress, check_content, list_some
from ecrtui.emulator.layout.manifests import CheckedManifest, read_manifest
from ecrtui.emulator.layout.selection import check_depth, select_image
from ecrtui.emulator.request_context import RequestContext
from ecrtui.emulator.service import OPERATIONS, REGION, REGISTRY_ID

MAX_MANIFESTS = 256 * 1024 * 1024
"""Most bytes of all manifests of an image. They are kept in memory."""

_ATTESTATION = "unknown/unknown"
"""The platform under which an index of BuildKit names attestations."""

_WITHOUT_SIZES = (manifests.DOCKER_V1, manifests.DOCKER_V1_SIGNED)


@dataclass(frozen=True, slots=True)
class ImportResult:
    """The result of an import.

    Args:
        manifests: number of manifests, indexes included.
        blobs: number of layers and configs stored. The repository already had the others.
        size: bytes of these blobs.
        foreign: digests of layers with ``urls``. Their content is elsewhere and is not stored.
    """

    repository: str
    digest: str
    media_type: str
    manifests: int
    blobs: int
    size: int
    foreign: tuple[str, ...] = ()


@dataclass(slots=True)
class _ImageContents:
    """An image, read: its manifests in the order in which they must be stored, and the blobs that they need.

    Args:
        missing: the descriptors, by digest, of the manifests that the layout does not have.
        platforms: the platform of each manifest; empty if the index names none.
        size: bytes of all manifests.
    """

    manifests: dict[str, CheckedManifest] = field(default_factory=dict)
    missing: dict[str, LayoutDescriptor] = field(default_factory=dict)
    platforms: dict[str, str] = field(default_factory=dict)
    size: int = 0

    @property
    def blobs(self) -> dict[str, int]:
        """Sizes of layers and configs by digest; -1 if the manifest does not state them (Docker schema 1)."""
        return {
            digest: -1 if one.contents.media_type in _WITHOUT_SIZES else blob.size
            for one in self.manifests.values()
            for digest, blob in one.contents.blobs.items()
        }

    @property
    def foreign(self) -> tuple[str, ...]:
        """Digests of layers whose content is elsewhere."""
        return tuple(dict.fromkeys(digest for one in self.manifests.values() for digest in one.foreign))


def import_image(
    database: Database,
    layout: ImageLayout,
    repository: str,
    tag: str = "",
    *,
    ref: str = "",
    platform: str = "",
    registry_id: str = REGISTRY_ID,
    region: str = REGION,
    progress: Progress | None = None,
) -> ImportResult:
    """Import an image with all its parts into a repository. Create the repository if needed.

    Manifests of an index come before the index, and the tag comes last. After a failure the stored parts stay, and
    another import continues from there.

    Args:
        tag: the tag; empty stores the image untagged.
        ref: the image to import, if the layout has several.
        platform: the platform to import, of an index.

    Raises:
        LayoutError: a part is missing, or its bytes do not match its digest. Such a part is not stored.
        ServiceError: the registry refused, in ECR's words.
    """
    top = select_image(layout, ref, platform)
    image = _ImageContents()
    _read_manifests(layout, top, image)
    _check_complete(layout, image)
    target = ImportTarget(database, repository, registry_id, region)
    target.create()
    stored, size = _store_blobs(target, layout, image.blobs, progress)
    for one in image.manifests.values():
        target.put(one, tag if one.digest == top.digest else "")
    media_type = image.manifests[top.digest].contents.media_type
    return ImportResult(repository, top.digest, media_type, len(image.manifests), stored, size, image.foreign)


def _read_manifests(layout: ImageLayout, descriptor: LayoutDescriptor, image: _ImageContents, depth: int = 0) -> None:
    """Read the manifests that a manifest names, then the manifest."""
    if descriptor.digest in image.manifests:
        return
    check_depth(layout, depth)
    one = read_manifest(layout, descriptor)
    if one is None:
        image.missing[descriptor.digest] = descriptor
        return
    image.size += len(one.text)
    if image.size > MAX_MANIFESTS:
        raise LayoutError(f"the manifests of the image in {layout.name} have more than {MAX_MANIFESTS:,} bytes")
    for child in one.children:
        _read_manifests(layout, child, image, depth + 1)
    image.manifests[one.digest] = one
    image.platforms[one.digest] = descriptor.platform


def _check_complete(layout: ImageLayout, image: _ImageContents) -> None:
    """Check that the layout has every part of an image, and that ECR accepts its blobs.

    Raises:
        LayoutError: it does not.
    """
    absent_blobs = [digest for digest in image.blobs if not layout.has_blob(digest)]
    absent = [f"manifest {one}" for one in image.missing.values()]
    absent += [f"layer or config {digest}" for digest in absent_blobs]
    if absent:
        raise LayoutError(
            f"{layout.name} is incomplete; nothing was stored. Missing:{list_some(absent)}",
            _hint_for_incomplete(image, absent_blobs),
        )
    empty = [digest for digest, size in image.blobs.items() if not size]
    if empty:
        raise LayoutError(
            "ECR refuses empty layers and configs; nothing was stored. Their descriptors have the size 0, or none:"
            + list_some(empty)
        )


def _hint_for_incomplete(image: _ImageContents, absent: Collection[str]) -> str:
    """Name a platform of which every part is there: `docker save` leaves out platforms that were not pulled."""
    copy = "opy the complete image: skopeo copy --all SOURCE oci:FOLDER"
    for digest, platform in image.platforms.items():
        one = image.manifests[digest]
        if platform not in ("", _ATTESTATION) and not one.children and not set(one.contents.blobs).intersection(absent):
            choice = f"--platform {shlex.quote(platform)}, or --ref {digest}"
            return f"Import one platform that is there: {choice}. Or c{copy}"
    return f"C{copy}"


def _store_blobs(
    target: ImportTarget, layout: ImageLayout, sizes: Mapping[str, int], progress: Progress | None
) -> tuple[int, int]:
    """Store the blobs that the repository lacks. Return their number and their bytes."""
    wanted = {digest: size for digest, size in sizes.items() if not target.has(digest)}
    total, done = sum(max(size, 0) for size in wanted.values()), 0
    for digest, size in wanted.items():
        stream = layout.open_blob(digest)
        if stream is None:
            raise LayoutError(f"{digest} disappeared from {layout.name}")
        with stream:
            pieces = _verified_chunks(stream, layout.name, digest, size)
            done += target.add(digest, _with_progress(pieces, progress, done, total) if progress else pieces)
    return len(wanted), done


def _verified_chunks(stream: IO[bytes], name: str, digest: str, size: int) -> Iterator[bytes]:
    """Yield the content of a blob and check it at the end. A blob that fails the check is never committed.

    Args:
        size: bytes in its descriptor; -1 if unknown.
    """
    what = f"the blob {digest} in {name}"
    checksum, done = sha256(), 0
    while piece := stream.read(blobs.CHUNK_SIZE if size < 0 else min(blobs.CHUNK_SIZE, size - done + 1)):
        checksum.update(piece)
        done += len(piece)
        if done > size >= 0:
            raise LayoutError(f"{what} has more than {size:,} bytes, the size in its descriptor")
        yield piece
    check_content(what, digest, size, f"sha256:{checksum.hexdigest()}", done)
    if not done:
        raise LayoutError(f"{what} is empty; ECR refuses empty layers")


def _with_progress(pieces: Iterable[bytes], progress: Progress, done: int, total: int) -> Iterator[bytes]:
    for piece in pieces:
        yield piece
        done += len(piece)
        progress(done, total)


class ImportTarget:
    """The repository that receives an image."""

    def __init__(self, database: Database, repository: str, registry_id: str, region: str) -> None:
        self._database = database
        self._repository = repository
        self._registry_id = registry_id
        self._region = region

    def create(self) -> None:
        """Create the repository, unless it exists."""
        try:
            self._call("CreateRepository", {})
        except ServiceError as error:
            if error.code != "RepositoryAlreadyExistsException":
                raise

    def has(self, digest: str) -> bool:
        """Return True if the repository has a layer with its content."""
        call = self._prepared("BatchCheckLayerAvailability", {"layerDigests": [digest]})
        with self._database.read() as connection:
            known = storage.layer_sizes(connection, call.repository(connection)["id"], [digest])
            return bool(known) and blobs.has_content(connection, digest)

    def add(self, digest: str, pieces: Iterable[bytes]) -> int:
        """Store a layer in short transactions, so that other writers need not wait long; return its bytes."""
        call = self._prepared("InitiateLayerUpload", {})
        with self._database.read() as connection:
            repository_id = call.repository(connection)["id"]
        return uploads.upload_layer(self._database, repository_id, digest, pieces, now=call.now)

    def put(self, one: CheckedManifest, tag: str) -> None:
        """Put a manifest. It is not an error if the registry already has it under that tag."""
        parameters = {
            "imageManifest": one.text,
            "imageManifestMediaType": one.contents.media_type,
            "imageDigest": one.digest,
            **({"imageTag": tag} if tag else {}),
        }
        try:
            self._call("PutImage", parameters)
        except ServiceError as error:
            there = {"imageDigest": one.digest, **({"imageTag": tag} if tag else {})}
            if not error.code.endswith("AlreadyExistsException") or not self._is_there(there):
                raise

    def _is_there(self, image_id: Mapping[str, str]) -> bool:
        try:
            found = self._call("DescribeImages", {"imageIds": [image_id], "filter": {"imageStatus": "ANY"}})
        except ServiceError:
            return False
        return bool(found["imageDetails"])

    def _call(self, operation: str, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        return OPERATIONS[operation](self._prepared(operation, parameters))

    def _prepared(self, operation: str, parameters: Mapping[str, Any]) -> RequestContext:
        given = {"repositoryName": self._repository, **parameters}
        return RequestContext(
            database=self._database,
            operation=operation,
            parameters=validation.validate_request(operation, given),
            caller=self._registry_id,
            region=self._region,
            endpoint="",
            now=time.time(),
        )
