"""What belongs to an image besides its config and layers: signatures, provenance, SBOMs, the content of an artifact."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ecrtui.ecr.image import ImageKind
from ecrtui.ecr.manifest import Descriptor
from ecrtui.inspect.archives import ArchiveFile
from ecrtui.inspect.artifact_reading import ArtifactReader
from ecrtui.inspect.artifacts import Artifact, ArtifactOrigin, ArtifactTree, blob_kind
from ecrtui.inspect.comparison.rows import Known, NotKnown, not_known
from ecrtui.inspect.contents import BlobContent
from ecrtui.inspect.envelopes import MAX_CONTENT
from ecrtui.inspect.formats import title_of
from ecrtui.inspect.packages import PackageList

MAX_STATEMENTS = 8
"""Statements that are read to find the provenance of an image."""

MAX_CONTENTS = 20
"""Contents of an artifact that are read. The others are compared by their digests."""

_SIGNATURE_PARTS = ("referrers", "tags of cosign")
"""The parts of a tree without which signatures are not known."""

_STATEMENT_PARTS = (*_SIGNATURE_PARTS, "attestations")
"""The parts of a tree without which SBOMs and provenance are not known."""

_STATEMENTS = (ImageKind.PROVENANCE, ImageKind.ATTESTATION, ImageKind.SIGSTORE_BUNDLE)
"""The kinds of artifacts that can have a provenance."""


class NamedContent(NamedTuple):
    """One of the contents of an artifact that is not an image: a file of a chart, a document."""

    name: str
    content: BlobContent
    digest: str = ""
    """The digest of its blob; empty if it is not known."""
    size: int = 0
    """The bytes of its blob."""


def signatures(tree: ArtifactTree, part: str) -> Known[tuple[str, ...]]:
    """Return the formats of the signatures of an image, or of the platform that is compared.

    Args:
        tree: the artifacts of the image.
        part: the digest of the manifest that is compared.
    """
    found = {
        artifact.format or str(artifact.kind)
        for artifact in _attached(tree, part)
        if artifact.is_signature and not (artifact.origin is ArtifactOrigin.OWN and tree.root.name == artifact.kind)
    }
    return _unless_incomplete(tree, _SIGNATURE_PARTS, tuple(sorted(found)))


def _unless_incomplete(tree: ArtifactTree, parts: Sequence[str], found: tuple[str, ...]) -> Known[tuple[str, ...]]:
    """Return what was found, or why it is not known whether there is more: one of these parts was not read."""
    problem = next((problem for problem in tree.problems if problem.part in parts), None)
    if problem is None:
        return found
    reason = f"{problem.part} {not_known(problem.error).reason}"
    return NotKnown(f"{reason}; found: {', '.join(found)}" if found else reason)


def read_packages(reader: ArtifactReader, tree: ArtifactTree, part: str) -> Known[PackageList | None]:
    """Return the packages of the SBOM of an image, or of the platform that is compared; None if it has no SBOM.

    Raises:
        EcrTuiError: no SBOM can be read.
    """
    found = reader.packages(tree, part)
    if found is not None:
        return found
    other = _unless_incomplete(tree, _STATEMENT_PARTS, ())
    return other if isinstance(other, NotKnown) else None


def read_sources(reader: ArtifactReader, tree: ArtifactTree, part: str) -> Known[tuple[str, ...]]:
    """Return what an image was built from, as its provenance states it, each source once.

    Raises:
        EcrTuiError: a statement cannot be read.
    """
    statements = [artifact for artifact in _attached(tree, part) if artifact.kind in _STATEMENTS]
    sources = (
        line
        for artifact in statements[:MAX_STATEMENTS]
        for content in _provenance(reader, tree, artifact)
        for fact in content.facts
        if fact.label == "source"
        for line in fact.lines
    )
    return _unless_incomplete(tree, _STATEMENT_PARTS, tuple(dict.fromkeys(sources)))


def read_contents(reader: ArtifactReader, tree: ArtifactTree) -> tuple[NamedContent, ...]:
    """Return the contents of an artifact that is not an image; none of an image. Of large ones only the digests.

    Raises:
        EcrTuiError: a blob cannot be read.
    """
    own = [artifact for artifact in tree.root.artifacts if artifact.origin is ArtifactOrigin.OWN]
    named = [
        (_name(artifact, number), artifact, blob, number <= MAX_CONTENTS and blob.size <= MAX_CONTENT)
        for number, artifact in enumerate(own, 1)
        for blob in artifact.blobs or ()
    ]
    return tuple(
        NamedContent(
            name,
            reader.content(tree, artifact, blob) if is_read else _unread(name, blob),
            blob.digest,
            blob.size,
        )
        for name, artifact, blob, is_read in named
    )


def _unread(name: str, blob: Descriptor) -> BlobContent:
    """Return a content that is not read: it is too large, or there are too many."""
    note = "not read; compared by its digest"
    return BlobContent(blob.media_type, files=(ArchiveFile(name, blob.size, note=note, digest=blob.digest),))


def _attached(tree: ArtifactTree, part: str) -> Sequence[Artifact]:
    """Return the artifacts of the part that is compared, then those of the image."""
    own = [subject for subject in tree.platforms if subject.digest == part]
    return [artifact for subject in (*own, tree.root) for artifact in subject.artifacts]


def _provenance(reader: ArtifactReader, tree: ArtifactTree, artifact: Artifact) -> Iterator[BlobContent]:
    whole = reader.with_blobs(artifact)
    for blob in whole.blobs or ():
        if blob_kind(whole, blob) in _STATEMENTS:
            yield reader.content(tree, whole, blob)


def _name(artifact: Artifact, number: int) -> str:
    """Return the title of a blob, or else its number."""
    titles = map(title_of, artifact.blobs or ())
    return next(filter(None, titles), f"content {number}")
