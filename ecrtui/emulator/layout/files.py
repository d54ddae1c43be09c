"""The files of an image layout: a folder, or a tar, plain or compressed.

A source is untrusted: paths must stay inside it, and nothing in it can take more memory or disk than the limits here.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import shlex
import stat
import tarfile
import tempfile
import zlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, Any

from ecrtui.emulator.errors import LayoutError

MAX_FILES = 50_000
"""Most files in an archive. An image has some hundreds; each costs a kilobyte of memory."""

MAX_EXTENDED_HEADER = 64 * 1024
"""Largest extended header of a file in a tar (a pax header or a long name), in bytes. It is kept in memory."""

MAX_EXPANSION = 100
"""An archive may unpack to this many times its size, since the layers of an image are compressed themselves …"""

MIN_UNPACKED = 256 * 1024 * 1024
"""… and always to this many bytes."""

_PIECE = 1024 * 1024
_EXTENDED = (
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
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


class _BoundedTarInfo(tarfile.TarInfo):
    """A header of a tar. tarfile itself reads extended headers of any size into memory."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> _BoundedTarInfo:
        """Read a header.

        Raises:
            LayoutError: its size is negative, or that of an extended header is too large.
        """
        header = super().frombuf(buf, encoding, errors)
        if header.size < 0:
            raise LayoutError(f"a header of the archive has the size {header.size}")
        if header.type in _EXTENDED and header.size > MAX_EXTENDED_HEADER:
            raise LayoutError(
                f"an extended header of the archive has {header.size:,} bytes; the limit is {MAX_EXTENDED_HEADER:,}"
            )
        return header


class TarSource(FileSource):
    """The files of a tar. If the tar has one top folder, the paths start below it.

    Raises:
        LayoutError: a path leads out of the archive, or the archive has too many files.
    """

    def __init__(self, name: str, archive: tarfile.TarFile) -> None:
        self._archive = archive
        self._members: dict[str, tarfile.TarInfo] = {}
        for number, member in enumerate(archive):
            path = PurePosixPath(member.name)
            if path.is_absolute() or ".." in path.parts:
                raise LayoutError(f"{name} holds {member.name[:200]!r}, a path outside the archive; nothing was read")
            if number >= MAX_FILES or member.size < 0:
                raise LayoutError(f"{name} has more than {MAX_FILES:,} files, or one of a negative size")
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

# tarfile raises the errors of the second line for headers that contradict themselves or follow each other without end.
_DAMAGED = (tarfile.TarError, EOFError, gzip.BadGzipFile, zlib.error, lzma.LZMAError)
_CONTRADICTORY = (ValueError, LookupError, OverflowError, RecursionError)


@contextmanager
def open_files(source: str) -> Iterator[FileSource]:
    """Open a folder, or a tar, plain or compressed with gzip, bzip2 or xz.

    Raises:
        LayoutError: it is neither, it is damaged or exceeds a limit, or it cannot be read.
    """
    if not source:
        raise LayoutError("the source has an empty name")
    path = Path(source)
    try:
        if path.is_dir():
            yield FolderSource(path)
        else:
            with _archive(path) as files:
                yield files
    except OSError as problem:
        raise LayoutError(f"{problem.filename or source}: cannot read it: {problem.strerror or problem}") from problem


@contextmanager
def _archive(path: Path) -> Iterator[FileSource]:
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise LayoutError(f"{path} is neither a folder nor a regular file", "Save it to a file first.")
    with ExitStack() as stack:
        stream: IO[bytes] = stack.enter_context(path.open("rb"))
        magic = stream.read(8)
        stream.seek(0)
        if magic.startswith(b"\x28\xb5\x2f\xfd"):
            raise LayoutError(f"{path} is compressed with zstd", f"Unpack it first: zstd -d {shlex.quote(str(path))}")
        try:
            for start, decompress in _COMPRESSIONS.items():
                if magic.startswith(start):
                    limit = max(MIN_UNPACKED, MAX_EXPANSION * status.st_size)
                    stream = stack.enter_context(_unpacked(path, decompress(path), limit))
            archive = stack.enter_context(tarfile.open(fileobj=stream, mode="r:", tarinfo=_BoundedTarInfo))
            files = TarSource(str(path), archive)
        except (*_DAMAGED, *_CONTRADICTORY) as problem:
            raise LayoutError(f"{path} is neither a folder nor a whole tar archive: {problem}") from problem
        try:
            yield files
        except tarfile.TarError as problem:
            raise LayoutError(f"{path} is damaged: {problem}") from problem


@contextmanager
def _unpacked(path: Path, compressed: IO[bytes], limit: int) -> Iterator[IO[bytes]]:
    """Unpack into a temporary file: blobs are read in any order, and a compressed stream cannot seek back."""
    hint = "Unpack it yourself, and import the folder."
    with compressed, tempfile.TemporaryFile() as unpacked:
        while piece := compressed.read(_PIECE):
            if unpacked.tell() + len(piece) > limit:
                raise LayoutError(f"{path} unpacks to more than {limit:,} bytes, the limit for its size", hint)
            try:
                unpacked.write(piece)
            except OSError as problem:
                folder = tempfile.gettempdir()
                raise LayoutError(f"{path} cannot be unpacked in {folder}: {problem.strerror}", hint) from problem
        unpacked.seek(0)
        yield unpacked
