"""Read images from files: OCI image layouts (a folder or a tar) and the folders of ``skopeo copy … dir:``.

Source: OCI image spec, image-layout.md. A layout is untrusted: paths must stay inside it, and the reader of a blob
checks its digest.
"""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import re
import shutil
import tarfile
import tempfile
import zlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import IO, Any

from ecrtui.emulator.manifests import OCI_INDEX, OCI_MANIFEST
from ecrtui.emulator.storage import digest_of

REF_NAME = "org.opencontainers.image.ref.name"
"""The annotation that names an entry of index.json."""

MAX_MANIFEST = 4_194_304
"""Largest manifest that ECR accepts, in bytes."""

MAX_INDEX = 64 * 1024 * 1024
"""Largest index.json, in bytes. Tens of thousands of entries take a few megabytes."""

Progress = Callable[[int, int], None]
"""Called with the bytes of layers copied so far, and the total."""

_MOST_LISTED = 5
"""Most items that an error lists."""

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_MANIFEST_JSON = "manifest.json"


class LayoutError(Exception):
    """A layout cannot be read, written or imported.

        Args:
    problem: what is wrong.
            hint: what to do next; may be empty.
    """

    def __init__(self, problem: str, hint: str = "") -> None:
        super().__init__(problem)
        self.problem = problem
        self.hint = hint


def list_some(items: Sequence[str]) -> str:
    """Return the first items for an error message, one per line, and the number of further items."""
    more = len(items) - _MOST_LISTED
    lines = [*items[:_MOST_LISTED], *([f"and {more} more"] if more > 0 else [])]
    return "".join(f"\n  {line}" for line in lines)


@dataclass(frozen=True, slots=True)
class LayoutDescriptor:
    """An OCI descriptor: media type, digest and size of a manifest or blob.

    Args:
        media_type: empty if the descriptor has none.
        size: bytes; -1 if the descriptor has none.
        ref: the name of an index.json entry; empty if it has none.
    """

    digest: str
    media_type: str = ""
    size: int = -1
    ref: str = ""
    platform: str = ""

    def __str__(self) -> str:
        named = f"{self.ref!r} " if self.ref else ""
        return f"{named}{self.digest} ({repr(self.media_type) if self.media_type else 'no media type'})"


def parse_descriptor(entry: Any, where: str) -> LayoutDescriptor:
    """Read one descriptor.

    Args:
        where: the document that contains it, for the error.

    Raises:
        LayoutError: it is not a descriptor, or its digest is not a SHA-256 digest.
    """
    digest = entry.get("digest") if isinstance(entry, dict) else None
    if not isinstance(digest, str) or not _DIGEST.fullmatch(digest):
        raise LayoutError(f"{where} names content by {digest!r}, which is not a SHA-256 digest")
    size, annotations, platform = entry.get("size"), entry.get("annotations"), entry.get("platform")
    return LayoutDescriptor(
        digest,
        _text(entry, "mediaType"),
        size if type(size) is int else -1,
        _text(annotations, REF_NAME),
        "/".join(filter(None, (_text(platform, key) for key in ("os", "architecture", "variant")))),
    )


class ImageLayout(ABC):
    """The images of one source.

        Args:
    name: the name of the source, for errors.
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
    path = Path(source)
    with ExitStack() as stack:
        try:
            files = FolderSource(path) if path.is_dir() else stack.enter_context(_archive(path))
        except OSError as problem:
            raise LayoutError(f"{source}: cannot read it: {problem.strerror or problem}") from problem
        yield _recognized(source, files)


def _recognized(name: str, files: FileSource) -> ImageLayout:
    if files.has("index.json"):
        return OciLayout(name, files)
    if files.has("version") and files.has(_MANIFEST_JSON):
        return SkopeoDirLayout(name, files)
    if files.has(_MANIFEST_JSON):
        raise LayoutError(
            f"{name} is a `docker save` archive, not an OCI image layout",
            f"Convert it: skopeo copy docker-archive:{name} oci:FOLDER",
        )
    raise LayoutError(
        f"{name} is not an OCI image layout: it has no index.json",
        "Make one: skopeo copy docker://IMAGE oci:FOLDER, or docker buildx build --output type=oci,dest=FILE.",
    )


class FileSource(ABC):
    """The files of a source, by path with slashes."""

    @abstractmethod
    def has(self, path: str) -> bool:
        """Return True if there is a file with this path."""

    @abstractmethod
    def open(self, path: str) -> IO[bytes] | None:
        """Open a file, or return None if there is none with this path."""


class FolderSource(FileSource):
    """The files of a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def has(self, path: str) -> bool:
        """Return True if there is a file with this path."""
        return (self._folder / path).is_file()

    def open(self, path: str) -> IO[bytes] | None:
        """Open a file, or return None if there is none with this path."""
        return (self._folder / path).open("rb") if self.has(path) else None


class TarSource(FileSource):
    """The files of a tar. If the tar has one top folder, the paths start below it.

    Raises:
        LayoutError: a path leads out of the archive.
    """

    def __init__(self, name: str, archive: tarfile.TarFile) -> None:
        self._archive = archive
        self._members: dict[str, tarfile.TarInfo] = {}
        for member in archive:
            path = PurePosixPath(member.name)
            if path.is_absolute() or ".." in path.parts:
                raise LayoutError(f"{name} holds {member.name!r}, a path outside the archive; nothing was read")
            if member.isfile() or member.islnk():
                self._members[str(path)] = member
        folders = {path.partition("/")[0] for path in self._members}
        self._prefix = f"{folders.pop()}/" if len(folders) == 1 else ""

    def has(self, path: str) -> bool:
        """Return True if there is a file with this path."""
        return self._prefix + path in self._members

    def open(self, path: str) -> IO[bytes] | None:
        """Open a file, or return None if there is none with this path."""
        member = self._members.get(self._prefix + path)
        try:
            return None if member is None else self._archive.extractfile(member)
        except KeyError:
            return None  # a hard link to a file outside the archive


_COMPRESSIONS: Mapping[bytes, Callable[[Path], Any]] = {
    b"\x1f\x8b": gzip.open,
    b"BZh": bz2.open,
    b"\xfd7zXZ\x00": lzma.open,
}
"""Return the function that opens a file with these first bytes."""

_DAMAGED = (tarfile.TarError, EOFError, gzip.BadGzipFile, zlib.error, lzma.LZMAError)


@contextmanager
def _archive(path: Path) -> Iterator[FileSource]:
    with ExitStack() as stack:
        stream: IO[bytes] = stack.enter_context(path.open("rb"))
        magic = stream.read(8)
        stream.seek(0)
        if magic.startswith(b"\x28\xb5\x2f\xfd"):
            raise LayoutError(f"{path} is compressed with zstd", f"Unpack it first: zstd -d {path}")
        try:
            for start, decompress in _COMPRESSIONS.items():
                if magic.startswith(start):
                    stream = stack.enter_context(_unpacked(decompress(path)))
            files = TarSource(str(path), stack.enter_context(tarfile.open(fileobj=stream, mode="r:")))
        except _DAMAGED as problem:
            raise LayoutError(f"{path} is neither a folder nor a whole tar archive: {problem}") from problem
        try:
            yield files
        except tarfile.TarError as problem:
            raise LayoutError(f"{path} is damaged: {problem}") from problem


@contextmanager
def _unpacked(compressed: IO[bytes]) -> Iterator[IO[bytes]]:
    """Unpack into a temporary file: blobs are read in any order, and a compressed stream cannot seek back."""
    with compressed, tempfile.TemporaryFile() as unpacked:
        shutil.copyfileobj(compressed, unpacked, 1024 * 1024)
        unpacked.seek(0)
        yield unpacked


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
