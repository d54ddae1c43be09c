"""Layers of the demo: small ones have content, large ones only a digest and a size."""

from __future__ import annotations

import gzip
import io
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256, shake_256
from typing import Any

from ecrtui.emulator.blobs import digest_of

LARGEST_CONTENT = 100_000
"""The size in bytes of the largest layer with content. The demo starts in an instant, so it writes no large layers."""


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer of an image.

    Args:
        descriptor: media type, digest and size, as the manifest has them.
        diff_id: the digest of the uncompressed archive.
        content: its bytes; None if the registry only declares it.
    """

    descriptor: Mapping[str, Any]
    diff_id: str
    content: bytes | None = None


def layer_of(media_type: str, name: str, about: float) -> Layer:
    """Return a layer of about this size in bytes, with content if it is small. The same name gives the same layer."""
    if about > LARGEST_CONTENT:
        return declared_layer(media_type, name, about)
    return archive_layer(media_type, {"srv/data": shake_256(name.encode()).digest(int(about))})


def declared_layer(media_type: str, name: str, about: float) -> Layer:
    """Return a layer without content. The same name gives the same layer."""
    hexadecimal = sha256(name.encode()).hexdigest()
    size = int(about * (0.9 + int(hexadecimal[:4], 16) / 0xFFFF / 5))
    digest = f"sha256:{hexadecimal}"
    return Layer({"mediaType": media_type, "digest": digest, "size": size}, digest_of(f"{digest} tar".encode()))


def archive_layer(media_type: str, files: Mapping[str, str | bytes]) -> Layer:
    """Return a layer with these files by path. The same files give the same bytes."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w", format=tarfile.USTAR_FORMAT) as writer:
        for path, file in files.items():
            content = file.encode() if isinstance(file, str) else file
            member = tarfile.TarInfo(path)
            member.size = len(content)
            writer.addfile(member, io.BytesIO(content))
    packed = gzip.compress(archive.getvalue(), mtime=0)
    descriptor = {"mediaType": media_type, "digest": digest_of(packed), "size": len(packed)}
    return Layer(descriptor, digest_of(archive.getvalue()), packed)
