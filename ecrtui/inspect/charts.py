"""The files in an archive of an artifact: a Helm chart, or what ``oras push`` packed. Nothing is written to disk.

Limits hold against archives that grow when they are unpacked. Links and devices are named and never followed.
"""

from __future__ import annotations

import io
import tarfile
import zlib
from dataclasses import dataclass
from typing import NamedTuple

from ecrtui.ecr.units import format_size

MAX_UNPACKED = 16 * 1024 * 1024
"""Bytes of an archive that are unpacked."""

MAX_FILE = 512 * 1024
"""Bytes of one file that are read."""

MAX_FILES = 500
"""Files of an archive that are listed."""

MAX_MEMBERS = 5_000
"""Members of an archive that are looked at, folders included."""

_GZIP = b"\x1f\x8b"
_FIRST = ("chart.yaml", "values.yaml", "values.schema.json", "chart.lock", "readme.md")


class ArchiveFile(NamedTuple):
    """A file in an archive. Its text is empty if it is not text, or too large; ``note`` says so."""

    path: str
    size: int
    text: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Archive:
    """The files of an archive.

    Args:
        files: the files; those of the chart itself first, then the others by path.
        problem: why the archive, or its rest, cannot be read; empty if all was.
    """

    files: tuple[ArchiveFile, ...] = ()
    problem: str = ""


def is_archive(content: bytes) -> bool:
    """Return True for a content that begins as a gzip file or a tar archive does."""
    return content.startswith(_GZIP) or content[257:262] == b"ustar"


def unpack(content: bytes) -> tuple[bytes, bool]:
    """Return a content without gzip, and whether it is whole: at most :data:`MAX_UNPACKED` bytes.

    Raises:
        ValueError: it is not gzip, or it is broken.
    """
    reader = zlib.decompressobj(wbits=31)
    try:
        found = reader.decompress(content, MAX_UNPACKED + 1)
    except zlib.error as problem:
        raise ValueError(f"it is not gzip: {problem}") from None
    if len(found) > MAX_UNPACKED:
        return found[:MAX_UNPACKED], False
    if not reader.eof:
        raise ValueError("it is cut: the end of the gzip data is missing")
    return found, True


def read_archive(content: bytes) -> Archive:
    """Return the files of a tar archive, with gzip or without. Never raise: ``problem`` says what is wrong."""
    try:
        unpacked, whole = unpack(content) if content.startswith(_GZIP) else (content, True)
    except ValueError as error:
        return Archive(problem=f"The archive cannot be read: {error}.")
    files: list[ArchiveFile] = []
    problem = "" if whole else f"The archive is larger than {format_size(MAX_UNPACKED)}. The rest is not shown."
    try:
        with tarfile.open(fileobj=io.BytesIO(unpacked), mode="r:") as archive:
            for number, member in enumerate(archive):
                if len(files) >= MAX_FILES or number >= MAX_MEMBERS:
                    problem = f"The archive has more files. The first {len(files)} are shown."
                    break
                if not member.isdir():
                    files.append(_file(archive, member))
    except (tarfile.TarError, ValueError, OSError, EOFError, OverflowError, RecursionError) as error:
        problem = problem or f"The archive cannot be read to its end: {error}."
    return Archive(tuple(sorted(files, key=_place)), problem)


def _file(archive: tarfile.TarFile, member: tarfile.TarInfo) -> ArchiveFile:
    path = member.name
    if member.issym() or member.islnk():
        return ArchiveFile(path, 0, note=f"a link to {member.linkname}; links are not followed")
    if not member.isreg():
        return ArchiveFile(path, 0, note="a device or another special file")
    if member.size > MAX_FILE:
        return ArchiveFile(path, member.size, note=f"larger than {format_size(MAX_FILE)}; not shown")
    reader = archive.extractfile(member)
    content = reader.read(MAX_FILE + 1) if reader is not None else b""
    text = text_of(content)
    return ArchiveFile(path, member.size, text or "", "" if text is not None else "not text")


def text_of(content: bytes) -> str | None:
    """Return a content as text; None if it is not UTF-8, or has a null byte."""
    try:
        return None if b"\0" in content else content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None


def _place(file: ArchiveFile) -> tuple[int, int, str]:
    """Return the place of a file in the order: the files of the chart itself, before those of charts in it."""
    depth, name = file.path.count("/"), file.path.rpartition("/")[2].lower()
    rank = _FIRST.index(name) if depth <= 1 and name in _FIRST else len(_FIRST)
    return rank, "/charts/" in file.path, file.path
