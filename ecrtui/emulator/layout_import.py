"""Import an image from a layout into the embedded registry, byte for byte. Check every digest.

Layers and configs go straight into the database. Manifests go through PutImage, which refuses what ECR refuses.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import IO, Any

from ecrtui.emulator import manifests, storage, validation
from ecrtui.emulator.database import Database
from ecrtui.emulator.errors import ServiceError
from ecrtui.emulator.layout import (
    MAX_MANIFEST,
    ImageLayout,
    LayoutDescriptor,
    LayoutError,
    Progress,
    list_some,
    parse_descriptor,
)
from ecrtui.emulator.request_context import RequestContext
from ecrtui.emulator.service import OPERATIONS, REGION, REGISTRY_ID

MAX_DEPTH = 32
"""Deepest nesting of indexes. Real ones have two levels."""


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


@dataclass(frozen=True, slots=True)
class _CheckedManifest:
    """A manifest, read and checked."""

    digest: str
    text: str
    contents: manifests.ManifestContents
    children: tuple[LayoutDescriptor, ...]
    foreign: tuple[str, ...]


@dataclass(slots=True)
class _ImageContents:
    """An image, read: its manifests in the order in which they must be stored, and the blobs that they need."""

    manifests: dict[str, _CheckedManifest] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)

    @property
    def blobs(self) -> dict[str, int]:
        """Sizes of layers and configs by digest."""
        return {digest: size for one in self.manifests.values() for digest, size in one.contents.blobs.items()}

    @property
    def foreign(self) -> tuple[str, ...]:
        """Digests of layers whose content is elsewhere."""
        return tuple(dict.fromkeys(digest for one in self.manifests.values() for digest in one.foreign))


def select_image(layout: ImageLayout, ref: str = "") -> LayoutDescriptor:
    """Return the image of a layout that ``ref`` selects.

    Args:
        ref: a name (``org.opencontainers.image.ref.name``) or a digest; empty if the layout has one image.

    Raises:
        LayoutError: no image has this name, or several have it.
    """
    entries = layout.entries()
    wanted = [entry for entry in entries if not ref or ref in (entry.ref, entry.digest)]
    if len({entry.digest for entry in wanted}) == 1:
        return wanted[0]
    listed = "".join(f"\n  {entry}" for entry in wanted or entries)
    if not entries:
        raise LayoutError(f"{layout.name} has no image: its index.json is empty")
    if not wanted:
        raise LayoutError(f"{layout.name} has no image {ref!r}; it has{listed}", "Choose one of them with --ref.")
    raise LayoutError(
        f"{layout.name} has {len(wanted)} images{f' {ref!r}' if ref else ''}:{listed}",
        "Choose one with --ref and its name, or its digest.",
    )


def import_image(
    database: Database,
    layout: ImageLayout,
    repository: str,
    tag: str = "",
    *,
    ref: str = "",
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

    Raises:
        LayoutError: a part is missing, or its bytes do not match its digest. Such a part is not stored.
        ServiceError: the registry refused, in ECR's words.
    """
    top = select_image(layout, ref)
    image = _ImageContents()
    _read_manifests(layout, top, image)
    _check_complete(layout, image)
    target = ImportTarget(database, repository, registry_id, region)
    target.create()
    blobs, size = _store_blobs(target, layout, image.blobs, progress)
    for one in image.manifests.values():
        target.put(one, tag if one.digest == top.digest else "")
    media_type = image.manifests[top.digest].contents.media_type
    return ImportResult(repository, top.digest, media_type, len(image.manifests), blobs, size, image.foreign)


def _read_manifests(layout: ImageLayout, descriptor: LayoutDescriptor, image: _ImageContents, depth: int = 0) -> None:
    """Read the manifests that a manifest names, then the manifest."""
    if descriptor.digest in image.manifests:
        return
    if depth > MAX_DEPTH:
        raise LayoutError(f"{layout.name} has indexes within indexes, more than {MAX_DEPTH} deep")
    stream = layout.open_manifest(descriptor.digest)
    if stream is None:
        image.missing.append(
            f"manifest {descriptor}" + (f" for {descriptor.platform!r}" if descriptor.platform else "")
        )
        return
    one = _check_manifest(layout, descriptor, stream)
    for child in one.children:
        _read_manifests(layout, child, image, depth + 1)
    image.manifests[one.digest] = one


def _check_manifest(layout: ImageLayout, descriptor: LayoutDescriptor, stream: IO[bytes]) -> _CheckedManifest:
    what = f"the manifest {descriptor.digest} in {layout.name}"
    with stream:
        content = stream.read(MAX_MANIFEST + 1)
    if len(content) > MAX_MANIFEST:
        raise LayoutError(f"{what} has more than {MAX_MANIFEST:,} bytes, the limit of ECR")
    if storage.digest_of(content) != descriptor.digest:
        raise LayoutError(f"{what} does not match its digest: its bytes have {storage.digest_of(content)}")
    if descriptor.size not in (-1, len(content)):
        raise LayoutError(f"{what} has {len(content):,} bytes, not {descriptor.size:,} as its descriptor says")
    try:
        text = content.decode()
        contents = manifests.parse_manifest(text, descriptor.media_type)
    except UnicodeDecodeError as problem:
        raise LayoutError(f"{what} is not UTF-8 text: {problem}") from problem
    except ServiceError as problem:
        said = f" (media type {descriptor.media_type!r})" if descriptor.media_type else " (no media type)"
        raise LayoutError(f"{what} would be refused by ECR: {problem.message}{said}") from problem
    document = json.loads(text)
    children = tuple(parse_descriptor(entry, what) for entry in document["manifests"]) if contents.children else ()
    return _CheckedManifest(descriptor.digest, text, contents, children, _foreign_layers(document, contents))


def _foreign_layers(document: Mapping[str, Any], contents: manifests.ManifestContents) -> tuple[str, ...]:
    layers = document.get("layers")
    named = [layer.get("digest") for layer in layers if isinstance(layer, dict)] if isinstance(layers, list) else []
    return tuple(digest for digest in named if isinstance(digest, str) and digest not in contents.blobs)


def _check_complete(layout: ImageLayout, image: _ImageContents) -> None:
    absent = image.missing + [f"layer or config {digest}" for digest in image.blobs if not layout.has_blob(digest)]
    if absent:
        raise LayoutError(
            f"{layout.name} is incomplete; nothing was stored. Missing:{list_some(absent)}",
            "Copy the complete image: skopeo copy --all SOURCE oci:FOLDER",
        )


def _store_blobs(
    target: ImportTarget, layout: ImageLayout, blobs: Mapping[str, int], progress: Progress | None
) -> tuple[int, int]:
    """Store the blobs that the repository lacks. Return their number and their bytes."""
    wanted = {digest: size for digest, size in blobs.items() if not target.has(digest)}
    total, done = sum(wanted.values()), 0
    for digest, size in wanted.items():
        stream = layout.open_blob(digest)
        if stream is None:
            raise LayoutError(f"{digest} disappeared from {layout.name}")
        with stream:
            pieces = _verified_chunks(stream, layout.name, digest, size)
            target.add(_with_progress(pieces, progress, done, total) if progress else pieces)
        done += size
    return len(wanted), done


def _verified_chunks(stream: IO[bytes], name: str, digest: str, size: int) -> Iterator[bytes]:
    """Yield the content of a blob and check it at the end. A blob that fails the check is never committed."""
    checksum, left = sha256(), size
    while piece := stream.read(storage.CHUNK_SIZE):
        checksum.update(piece)
        left -= len(piece)
        yield piece
    found = f"sha256:{checksum.hexdigest()}"
    if found != digest:
        raise LayoutError(f"the blob {digest} in {name} does not match its digest: its bytes have {found}")
    if left:
        raise LayoutError(f"the blob {digest} in {name} has {size - left:,} bytes, not {size:,} as its descriptor says")


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
            return bool(known) and storage.has_content(connection, digest)

    def add(self, pieces: Iterable[bytes]) -> None:
        """Store a layer in its own transaction, so that a large image does not block other writers for long."""
        call = self._prepared("InitiateLayerUpload", {})
        with self._database.write() as connection:
            storage.store_layer(connection, call.repository(connection)["id"], pieces)

    def put(self, one: _CheckedManifest, tag: str) -> None:
        """Put a manifest. It is no error if the registry already has it under that tag."""
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
            parameters=validation.validate_request(operation, given),
            caller=self._registry_id,
            region=self._region,
            endpoint="",
            now=time.time(),
        )
