"""Read images from files: OCI image layouts (a folder or a tar) and the folders of ``skopeo copy … dir:``.

Source: OCI image spec, image-layout.md. A layout is untrusted: the reader of a manifest or blob checks its digest.
"""

from __future__ import annotations

import json
import re
import shlex
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import IO, Any

from ecrtui.emulator.blobs import digest_of
from ecrtui.emulator.errors import LayoutError
from ecrtui.emulator.layout.files import FileSource, open_files
from ecrtui.emulator.manifests import INDEXES, OCI_INDEX, OCI_MANIFEST

REF_NAME = "org.opencontainers.image.ref.name"
"""The annotation that names an entry of index.json."""

IMAGE_NAME = "io.containerd.image.name"
"""The annotation in which containerd and `docker save` give the whole name of an entry."""

MAX_MANIFEST = 4_194_304
"""Largest manifest that ECR accepts, in bytes."""

MAX_INDEX = 64 * 1024 * 1024
"""Largest index.json, in bytes. Tens of thousands of entries take a few megabytes."""

Progress = Callable[[int, int], None]
"""Called with the bytes of layers copied so far, and the total."""

_MOST_LISTED = 5
"""Most items that an error lists."""

_LONGEST_SHOWN = 200
_LARGEST_SIZE = 2**63 - 1
"""Bytes; the OCI image spec makes a size an int64."""

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_MANIFEST_JSON = "manifest.json"


def list_some(items: Sequence[str]) -> str:
    """Return the first items for an error message, one per line, and the number of further items."""
    more = len(items) - _MOST_LISTED
    lines = [*items[:_MOST_LISTED], *([f"and {more:,} more"] if more > 0 else [])]
    return "".join(f"\n  {line}" for line in lines)


def shorten(value: object) -> str:
    """Return the representation of a value from a layout for an error message, of at most 200 characters."""
    text = repr(value)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"


@dataclass(frozen=True, slots=True)
class LayoutDescriptor:
    """An OCI descriptor: media type, digest and size of a manifest or blob.

    Args:
        media_type: empty if the descriptor has none.
        size: bytes; -1 if the descriptor has none.
        ref: the name of an index.json entry; empty if it has none.
        image_name: the whole name of an entry, with its repository; empty if it has none.
        platform: OS, architecture and variant with slashes; empty if it has none.
        os_version: the version of Windows; empty if it has none.
    """

    digest: str
    media_type: str = ""
    size: int = -1
    ref: str = ""
    image_name: str = ""
    platform: str = ""
    os_version: str = ""

    @property
    def is_index(self) -> bool:
        """True if the media type is that of an index."""
        return self.media_type in INDEXES

    def __str__(self) -> str:
        name = self.image_name or self.ref
        named = f"{shorten(name)} " if name else ""
        kind = shorten(self.media_type) if self.media_type else "no media type"
        platform = " ".join(filter(None, (self.platform, self.os_version)))
        return f"{named}{self.digest} ({kind})" + (f" for {shorten(platform)}" if platform else "")


def parse_descriptor(entry: Any, where: str) -> LayoutDescriptor:
    """Read one descriptor.

    Args:
        where: the document that contains it, for the error.

    Raises:
        LayoutError: it is not a descriptor, its digest is not a SHA-256 digest, or its size is out of range.
    """
    digest = entry.get("digest") if isinstance(entry, dict) else None
    if not isinstance(digest, str) or not _DIGEST.fullmatch(digest):
        raise LayoutError(f"{where} names content by {shorten(digest)}, which is not a SHA-256 digest")
    size, annotations, platform = entry.get("size"), entry.get("annotations"), entry.get("platform")
    if type(size) is int and abs(size) > _LARGEST_SIZE:
        raise LayoutError(f"{where} gives {digest} a size of more than 63 bits")
    return LayoutDescriptor(
        digest,
        _text(entry, "mediaType"),
        size if type(size) is int else -1,
        _text(annotations, REF_NAME),
        _text(annotations, IMAGE_NAME),
        "/".join(filter(None, (_text(platform, key) for key in ("os", "architecture", "variant")))),
        _text(platform, "os.version"),
    )


def check_content(what: str, digest: str, size: int, found_digest: str, found_size: int) -> None:
    """Check that content has the digest and the size of its descriptor.

    Args:
        what: the content, for the error.
        digest: that of the descriptor.
        size: bytes in the descriptor; -1 if it does not say.
        found_digest: that of the content.
        found_size: bytes of the content.

    Raises:
        LayoutError: one of them differs.
    """
    if found_digest != digest:
        raise LayoutError(f"{what} does not match its digest: its bytes have {found_digest}")
    if size not in (-1, found_size):
        raise LayoutError(f"{what} has {found_size:,} bytes, not {size:,} as its descriptor says")


class ImageLayout(ABC):
    """The images of one source.

    Args:
        name: the name of the source, for errors.
        files: its files.
    """

    def __init__(self, name: str, files: FileSource) -> None:
        self.name = name
        self._files = files

    @abstractmethod
    def entries(self) -> list[LayoutDescriptor]:
        """Return the images in the source.

        Raises:
            LayoutError: the list of images cannot be read.
        """

    @abstractmethod
    def open_manifest(self, digest: str) -> IO[bytes] | None:
        """Return the bytes of a manifest, or None if the source does not have it."""

    @abstractmethod
    def open_blob(self, digest: str) -> IO[bytes] | None:
        """Open a layer or config, or return None if the source does not have it."""

    @abstractmethod
    def has_blob(self, digest: str) -> bool:
        """Return True if the source has this layer or config."""

    def _read(self, file: str, limit: int) -> bytes:
        stream = self._files.open(file)
        if stream is None:
            raise LayoutError(f"{self.name} has no {file}")
        with stream:
            content = stream.read(limit + 1)
        if len(content) > limit:
            raise LayoutError(f"{file} in {self.name} has more than {limit:,} bytes")
        return content


class OciLayout(ImageLayout):
    """An OCI image layout: ``index.json`` and ``blobs/sha256/…``."""

    def entries(self) -> list[LayoutDescriptor]:
        """Return the entries of index.json."""
        document = _json(self._read("index.json", MAX_INDEX), f"index.json in {self.name}")
        manifests = document.get("manifests")
        if not isinstance(manifests, list):
            raise LayoutError(f"index.json in {self.name} has no list of manifests")
        return [parse_descriptor(entry, f"index.json in {self.name}") for entry in manifests]

    def open_manifest(self, digest: str) -> IO[bytes] | None:
        """Return the bytes of a manifest, which is a blob in this layout."""
        return self.open_blob(digest)

    def open_blob(self, digest: str) -> IO[bytes] | None:
        """Open the file of this digest."""
        return self._files.open(_blob_path(digest))

    def has_blob(self, digest: str) -> bool:
        """Return True if there is a file of this digest."""
        return self._files.has(_blob_path(digest))


class SkopeoDirLayout(ImageLayout):
    """The output of ``skopeo copy … dir:FOLDER``: ``manifest.json``, ``HEX`` and ``HEX.manifest.json``.

    This format keeps Docker images unchanged.
    """

    def entries(self) -> list[LayoutDescriptor]:
        """Return the only image of the folder."""
        content = self._read(_MANIFEST_JSON, MAX_MANIFEST)
        document = _json(content, f"{_MANIFEST_JSON} in {self.name}")
        guessed = OCI_INDEX if "manifests" in document else OCI_MANIFEST
        return [LayoutDescriptor(digest_of(content), _text(document, "mediaType") or guessed, len(content))]

    def open_manifest(self, digest: str) -> IO[bytes] | None:
        """Return the bytes of the folder's manifest, or of a manifest that its list names."""
        content = self._read(_MANIFEST_JSON, MAX_MANIFEST)
        if digest_of(content) == digest:
            return BytesIO(content)
        return self._files.open(f"{_hex(digest)}.manifest.json")

    def open_blob(self, digest: str) -> IO[bytes] | None:
        """Open the file of this digest."""
        return self._files.open(_hex(digest))

    def has_blob(self, digest: str) -> bool:
        """Return True if there is a file of this digest."""
        return self._files.has(_hex(digest))


@contextmanager
def open_layout(source: str) -> Iterator[ImageLayout]:
    """Open a layout: a folder, or a tar, plain or compressed with gzip, bzip2 or xz.

    Raises:
        LayoutError: it is not a layout, or cannot be read.
    """
    with open_files(source) as files:
        yield _recognized(source, files)


def _recognized(name: str, files: FileSource) -> ImageLayout:
    if files.has("index.json"):
        return OciLayout(name, files)
    if files.has("version") and files.has(_MANIFEST_JSON):
        return SkopeoDirLayout(name, files)
    if files.has(_MANIFEST_JSON):
        raise LayoutError(
            f"{name} is a `docker save` archive, not an OCI image layout",
            f"Convert it: skopeo copy {shlex.quote(f'docker-archive:{name}')} oci:FOLDER",
        )
    raise LayoutError(
        f"{name} is not an OCI image layout: it has no index.json",
        "Make one: skopeo copy docker://IMAGE oci:FOLDER, or docker buildx build --output type=oci,dest=FILE.",
    )


def _json(content: bytes, what: str) -> Mapping[str, Any]:
    try:
        document = json.loads(content)
    except (ValueError, RecursionError) as problem:
        raise LayoutError(f"{what} is not JSON: {problem}") from problem
    if not isinstance(document, dict):
        raise LayoutError(f"{what} is not a JSON object")
    return document


def _text(document: Any, name: str) -> str:
    value = document.get(name) if isinstance(document, dict) else None
    return value if isinstance(value, str) else ""


def _blob_path(digest: str) -> str:
    return f"blobs/sha256/{_hex(digest)}"


def _hex(digest: str) -> str:
    return digest.removeprefix("sha256:")
