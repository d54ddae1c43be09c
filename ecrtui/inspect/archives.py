"""The files in a tar archive: a Helm chart, or what ``oras push`` packed. Nothing is written to disk.

Limits hold against archives that grow when they are unpacked. Links and devices are named and never followed.
"""

from __future__ import annotations

import gzip
import io
import tarfile
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from ecrtui.ecr.digest import digest_of
from ecrtui.ecr.units import format_size

MAX_UNPACKED = 16 * 1024 * 1024
"""Bytes of an archive that are unpacked."""

MAX_FILE = 512 * 1024
"""Bytes of one file that are read."""

MAX_FILES = 500
"""Files of an archive that are listed."""

MAX_MEMBERS = 5_000
"""Members of an archive that are examined, folders included."""

_DESCRIBING = ("chart.yaml", "values.yaml", "values.schema.json", "chart.lock", "readme.md")


class ArchiveFile(NamedTuple):
    """A file in an archive. Its text is empty if it is not text, or too large; ``note`` says so."""

    path: str
    size: int
    text: str = ""
    note: str = ""
    digest: str = ""
    """The digest of a file without a text; empty if it is not known."""


@dataclass(frozen=True, slots=True)
class Archive:
    """The files of an archive.

    Args:
        files: the files; those of the chart itself first, then the others by path.
        problem: why the archive, or its rest, cannot be read; empty if all was.
    """

    files: tuple[ArchiveFile, ...] = ()
    problem: str = ""


def is_gzip(content: bytes) -> bool:
    """Return True if the bytes begin like a gzip file (RFC 1952)."""
    return content.startswith(b"\x1f\x8b")


def is_zstd(content: bytes) -> bool:
    """Return True if the bytes begin like a zstd frame (RFC 8878)."""
    return content.startswith(b"\x28\xb5\x2f\xfd")


def is_archive(content: bytes) -> bool:
    """Return True if the bytes begin like a gzip file or a tar archive."""
    return is_gzip(content) or content[257:262] == b"ustar"


def unpack(content: bytes) -> tuple[bytes, str]:
    """Return the bytes without gzip, at most :data:`MAX_UNPACKED`, and why the rest is missing.

    The reason is empty if nothing is missing. A gzip file can have many members, as pigz and eStargz write them.
    """
    found = bytearray()
    try:
        with gzip.open(io.BytesIO(content)) as reader:
            while len(found) <= MAX_UNPACKED and (piece := reader.read1(MAX_FILE)):
                found += piece
    except EOFError:
        return bytes(found), "it is cut: the end of the gzip data is missing"
    except (OSError, zlib.error) as problem:
        return bytes(found), f"it is not gzip: {problem}"
    missing = f"it is larger than {format_size(MAX_UNPACKED)}" if len(found) > MAX_UNPACKED else ""
    return bytes(found[:MAX_UNPACKED]), missing


def read_archive(content: bytes) -> Archive:
    """Return the files of a tar archive, with gzip or without. Never raise: ``problem`` says what is wrong."""
    unpacked, missing = unpack(content) if is_gzip(content) else (content, "")
    files: list[ArchiveFile] = []
    try:
        # A name can have any bytes, and the locale of this machine does not decide what they mean.
        with tarfile.open(fileobj=io.BytesIO(unpacked), mode="r:", encoding="utf-8", errors="replace") as archive:
            for number, member in enumerate(archive):
                if len(files) >= MAX_FILES or number >= MAX_MEMBERS:
                    return _archive(files, f"The archive has more files. The first {len(files)} are shown.")
                if not member.isdir():
                    files.append(_file(archive, member))
            # tarfile takes a broken header for the end of the archive, which is a block of zeros.
            if unpacked[archive.offset : archive.offset + tarfile.BLOCKSIZE].strip(b"\0"):
                missing = missing or "a header is broken"
    except (tarfile.TarError, ValueError, OSError, EOFError, OverflowError, RecursionError) as error:
        missing = missing or str(error)
    return _archive(files, f"The archive cannot be read to its end: {missing}." if missing else "")


def _archive(files: Iterable[ArchiveFile], problem: str) -> Archive:
    return Archive(tuple(sorted(files, key=_sort_key)), problem)


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
    if text is None:
        return ArchiveFile(path, member.size, note="not text", digest=digest_of(content))
    return ArchiveFile(path, member.size, text)


def text_of(content: bytes) -> str | None:
    """Return bytes as text; None if they are not UTF-8, or contain a null byte."""
    try:
        return None if b"\0" in content else content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None


def _sort_key(file: ArchiveFile) -> tuple[int, bool, str]:
    """Sort the files that describe the chart first, and those of charts inside it last."""
    depth, name = file.path.count("/"), file.path.rpartition("/")[2].lower()
    rank = _DESCRIBING.index(name) if depth <= 1 and name in _DESCRIBING else len(_DESCRIBING)
    return rank, "/charts/" in file.path, file.path
