"""Read and check the manifests of a layout."""

from __future__ import annotations

import json
from dataclasses import dataclass

from ecrtui.emulator import blobs, manifests
from ecrtui.emulator.errors import LayoutError, ServiceError
from ecrtui.emulator.layout.layout import (
    MAX_MANIFEST,
    ImageLayout,
    LayoutDescriptor,
    check_content,
    parse_descriptor,
    shorten,
)


@dataclass(frozen=True, slots=True)
class CheckedManifest:
    """A manifest, read and checked.

    Args:
        text: its exact text.
        children: the descriptors of the manifests in an index.
        foreign: digests of layers with ``urls``. Their content is elsewhere.
    """

    digest: str
    text: str
    contents: manifests.ManifestContents
    children: tuple[LayoutDescriptor, ...]
    foreign: tuple[str, ...]


def read_manifest(layout: ImageLayout, descriptor: LayoutDescriptor) -> CheckedManifest | None:
    """Read a manifest and check its digest and size; return None if the layout does not have it.

    Raises:
        LayoutError: its bytes are not those of the descriptor, or ECR would refuse it.
    """
    stream = layout.open_manifest(descriptor.digest)
    if stream is None:
        return None
    what = f"the manifest {descriptor.digest} in {layout.name}"
    with stream:
        content = stream.read(MAX_MANIFEST + 1)
    if len(content) > MAX_MANIFEST:
        raise LayoutError(f"{what} has more than {MAX_MANIFEST:,} bytes, the limit of ECR")
    check_content(what, descriptor.digest, descriptor.size, blobs.digest_of(content), len(content))
    try:
        text = content.decode()
        contents = manifests.parse_manifest(text, descriptor.media_type)
    except UnicodeDecodeError as problem:
        raise LayoutError(f"{what} is not UTF-8 text: {problem}") from problem
    except ServiceError as problem:
        said = f" (media type {shorten(descriptor.media_type)})" if descriptor.media_type else " (no media type)"
        raise LayoutError(f"{what} would be refused by ECR: {problem.message[:1000]}{said}") from problem
    document = json.loads(text)
    children = tuple(parse_descriptor(entry, what) for entry in document["manifests"]) if contents.children else ()
    foreign = tuple(digest for digest in contents.foreign if digest not in contents.blobs)
    return CheckedManifest(descriptor.digest, text, contents, children, foreign)
