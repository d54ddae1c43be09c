"""Read the artifacts of an image and their contents from its registry. A part that fails does not stop the others.

Requests for the tree: ListImageReferrers for the image, for each platform and for each artifact that was found, one
BatchGetImage for the tags of cosign and one for the attestations in the index, and DescribeImages for the times. ECR
records a pull of each manifest that BatchGetImage returns, so a caller reads the tree only when a user asks for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ecrtui.catalog.catalog import Catalog
from ecrtui.ecr.cosign_tags import cosign_tags
from ecrtui.ecr.digest import is_digest, short_digest
from ecrtui.ecr.image import Image, ImageKind
from ecrtui.ecr.manifest import Descriptor, Manifest, parse_manifest
from ecrtui.ecr.referrer import Referrer
from ecrtui.ecr.units import format_count, format_size
from ecrtui.errors import EcrTuiError, ErrorKind, NotFound, Refused
from ecrtui.inspect.artifacts import (
    Artifact,
    ArtifactOrigin,
    ArtifactSources,
    ArtifactTree,
    Problem,
    artifact_tree,
    attestations_of,
    blob_kind,
    listed_artifacts,
    named_platforms,
    other_artifacts,
    with_manifest,
)
from ecrtui.inspect.contents import MAX_START, BlobContent, BlobContext, read_content, read_start
from ecrtui.inspect.envelopes import MAX_CONTENT, MAX_SBOM
from ecrtui.inspect.packages import PackageList
from ecrtui.registry.protocol import Registry
from ecrtui.retag.parallel import map_concurrently

MAX_SUBJECTS = 100
"""The largest number of images and artifacts whose referrers are requested."""

MAX_LEVELS = 3
"""The largest depth of artifacts of artifacts whose referrers are requested."""

MAX_SAVED = 64 * 1024 * 1024
"""Bytes of a blob that :meth:`ArtifactReader.stored` reads. All of them are in memory at once."""

_WITH_PACKAGES = frozenset({ImageKind.SBOM, ImageKind.ATTESTATION, ImageKind.SIGSTORE_BUNDLE})
"""The kinds of contents that can be an SBOM, as far as their descriptor says."""

_WORKERS = 8
_TAGS_PER_REQUEST = 100


@dataclass
class ArtifactReader:
    """Reads the artifacts of the images of one repository. All methods block.

    Args:
        catalog: keeps the manifests that were read.
        registry: the registry of the repository.
        repository: its name.
    """

    catalog: Catalog
    registry: Registry
    repository: str

    def tree(self, digest: str, tags: Sequence[str] = ()) -> ArtifactTree:
        """Return the artifacts of an image. What cannot be read is a problem of the tree.

        Raises:
            EcrTuiError: the manifest of the image cannot be read.
        """
        manifest = self.catalog.manifest(self.repository, digest)
        return artifact_tree(_Gathering(self, manifest, tuple(tags)).sources())

    def with_blobs(self, artifact: Artifact) -> Artifact:
        """Return an artifact with its contents. Read its manifest if that is not known.

        Raises:
            EcrTuiError: the manifest cannot be read.
        """
        if artifact.blobs is not None:
            return artifact
        return with_manifest(artifact, self.catalog.manifest(self.repository, artifact.digest))

    def content(self, tree: ArtifactTree, artifact: Artifact, blob: Descriptor) -> BlobContent:
        """Read and parse one of the contents of an artifact. Check its bytes against its digest.

        Raises:
            Refused: it is larger than :func:`read_limit`.
            EcrTuiError: the registry cannot return it, or its bytes have another digest.
        """
        limit = read_limit(artifact, blob)
        if blob.size > limit:
            raise _too_large(blob, limit, "read", self._how_to_save(blob))
        content = self.registry.blob(self.repository, blob.digest, limit)
        return read_content(content, _context(tree, artifact, blob))

    def start(self, tree: ArtifactTree, artifact: Artifact, blob: Descriptor) -> BlobContent:
        """Return the start of one of the contents of an artifact, which no digest can check.

        Raises:
            EcrTuiError: it cannot be read.
        """
        start = self.registry.blob_start(self.repository, blob.digest, MAX_START)
        content = read_start(start, blob.size, _context(tree, artifact, blob))
        if read_limit(artifact, blob) <= MAX_CONTENT:
            return content
        limit = f"Packages are read of at most {format_size(MAX_SBOM)}. {self._how_to_save(blob)}"
        return replace(content, problem=f"{content.problem} {limit}")

    def _how_to_save(self, blob: Descriptor) -> str:
        """Return how to save the bytes of a content that is too large to read."""
        if blob.size <= MAX_SAVED:
            return "Save it from the artifacts of the image."
        return f"Save it with: oras blob fetch --output FILE REGISTRY/{self.repository}@{blob.digest}"

    def stored(self, blob: Descriptor) -> bytes:
        """Read the bytes of one of the contents of an artifact. Check them against its digest.

        Raises:
            Refused: it has more than :data:`MAX_SAVED` bytes.
            EcrTuiError: the registry cannot return it, or its bytes have another digest.
        """
        if blob.size > MAX_SAVED:
            raise _too_large(blob, MAX_SAVED, "saved", self._how_to_save(blob))
        return self.registry.blob(self.repository, blob.digest, MAX_SAVED)

    def packages(
        self, tree: ArtifactTree, digest: str, reading: Callable[[Descriptor], None] = lambda blob: None
    ) -> PackageList | None:
        """Return the packages of a platform, from its first SBOM that can be read, else from one of the image.

        None if there is no SBOM. ``source`` says which one it is; ``problem`` says what is wrong with it.

        Args:
            tree: the artifacts of the image.
            digest: the platform.
            reading: is called with each content before it is read.

        Raises:
            EcrTuiError: no SBOM can be read, and this is the reason of the first one.
        """
        found: PackageList | None = None
        refused: EcrTuiError | None = None
        for artifact in tree.sboms(digest):
            try:
                listed = self._packages_of(tree, artifact, reading)
            except (NotFound, Refused) as error:  # it is too large, or was deleted: another one may be there
                refused = refused or error
                continue
            if listed is not None and not listed.unreadable:
                return listed
            found = found or listed
        if found is None and refused is not None:
            raise refused
        return found

    def _packages_of(
        self, tree: ArtifactTree, artifact: Artifact, reading: Callable[[Descriptor], None]
    ) -> PackageList | None:
        """Return the packages of an artifact, from its first SBOM that can be read; None if it has no SBOM."""
        found: PackageList | None = None
        whole = self.with_blobs(artifact)
        for blob in whole.blobs or ():
            if len(whole.blobs or ()) > 1 and blob_kind(whole, blob) is not ImageKind.SBOM:
                continue
            reading(blob)
            listed = replace(self.content(tree, whole, blob).package_list, source=_source(tree, whole))
            if not listed.unreadable:
                return listed
            found = found or listed
        return found


def read_limit(artifact: Artifact, blob: Descriptor) -> int:
    """Return how many bytes one of the contents of an artifact may have to be read. An SBOM may have more."""
    kinds = {blob_kind(artifact, blob)}
    if len(artifact.blobs or ()) == 1:
        kinds.add(artifact.kind)  # the media type of the only content can be that of any JSON
    return MAX_SBOM if kinds & _WITH_PACKAGES else MAX_CONTENT


def _context(tree: ArtifactTree, artifact: Artifact, blob: Descriptor) -> BlobContext:
    return BlobContext(blob.media_type, artifact.artifact_type, blob.annotations, tree.known)


def _too_large(blob: Descriptor, limit: int, done: str, hint: str) -> Refused:
    return Refused(f"The content has {format_size(blob.size)}", f"At most {format_size(limit)} are {done}.", hint)


@dataclass
class _Gathering:
    """The requests for one tree."""

    reader: ArtifactReader
    manifest: Manifest
    tags: tuple[str, ...]
    referrers: dict[str, Sequence[Referrer]] = field(default_factory=dict)
    cosign: dict[str, Manifest] = field(default_factory=dict)
    manifests: dict[str, Manifest] = field(default_factory=dict)
    images: dict[str, Image] = field(default_factory=dict)
    problems: dict[str, Problem] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def sources(self) -> ArtifactSources:
        parsed = parse_manifest(self.manifest.text)
        attested = attestations_of(parsed)
        if not self.reader.registry.capabilities.referrers:
            self.notes.append("This registry does not list referrers.")
        self._attempt("attestations", lambda: self._read_manifests(attested))
        others = other_artifacts(parsed)
        subjects: Sequence[str] = [self.manifest.digest, *named_platforms(parsed), *others]
        for _ in range(MAX_LEVELS):
            subjects = self._ask(subjects)
        self._note_not_asked(len(subjects))
        found = [digest for digest in dict.fromkeys([*self._found(), *attested, *others]) if is_digest(digest)]
        self._attempt("times", lambda: self._read_images(found))
        self._keep(self.reader.catalog.kept_manifests(self.reader.repository, found))
        return ArtifactSources(
            self.manifest.digest,
            self.manifest,
            self.tags,
            self.referrers,
            self.cosign,
            self.manifests,
            self.images,
            tuple(self.problems.values()),
            tuple(self.notes),
        )

    def _ask(self, subjects: Sequence[str]) -> Sequence[str]:
        """Ask for the artifacts of these images; return the digests of those that are new."""
        allowed = subjects[: max(MAX_SUBJECTS - len(self.referrers), 0)]
        self._note_not_asked(len(subjects) - len(allowed))
        if not allowed:
            return ()
        before = self._found()
        if self.reader.registry.capabilities.referrers:
            for position, listed in map_concurrently(self._referrers, allowed, _WORKERS):
                self.referrers[allowed[position]] = listed
        else:
            self.referrers.update(dict.fromkeys(allowed, ()))
        self._attempt("tags of cosign", lambda: self._read_tagged(cosign_tags(allowed)))
        return [digest for digest in self._found() if digest not in before and digest not in self.referrers]

    def _note_not_asked(self, number: int) -> None:
        if number:
            self.notes.append(f"Not asked for the artifacts of {format_count(number, 'more image')}.")

    def _found(self) -> Mapping[str, None]:
        """Return the digests of the artifacts that were found, each once."""
        listed = (referrer.digest for entries in self.referrers.values() for referrer in entries if referrer.digest)
        tagged = (
            digest
            for manifest in self.cosign.values()
            for digest in (
                [entry.digest for entry in listed_artifacts(manifest)] if manifest.is_index else [manifest.digest]
            )
        )
        return dict.fromkeys([*listed, *tagged])

    def _referrers(self, digest: str) -> Sequence[Referrer]:
        found: list[Referrer] = []
        self._attempt("referrers", lambda: found.extend(self.reader.registry.referrers(self.reader.repository, digest)))
        return found

    def _read_tagged(self, tags: Sequence[str]) -> None:
        for start in range(0, len(tags), _TAGS_PER_REQUEST):
            group = tags[start : start + _TAGS_PER_REQUEST]
            self.cosign.update(self.reader.registry.tagged_manifests(self.reader.repository, group))

    def _read_manifests(self, digests: Sequence[str]) -> None:
        if digests:
            self._keep(self.reader.catalog.prefetch(self.reader.repository, digests))

    def _read_images(self, digests: Sequence[str]) -> None:
        if digests:
            found = self.reader.registry.images_by_digest(self.reader.repository, digests)
            self.images.update((image.digest, image) for image in found)

    def _keep(self, manifests: Sequence[Manifest]) -> None:
        self.manifests.update((manifest.digest, manifest) for manifest in manifests)

    def _attempt(self, part: str, read: Callable[[], object]) -> None:
        """Read a part of the tree; the first error of each part becomes a problem."""
        try:
            read()
        except EcrTuiError as error:
            if error.kind is not ErrorKind.IMAGE_NOT_FOUND:  # it was deleted meanwhile
                self.problems.setdefault(part, Problem(part, error))


def _source(tree: ArtifactTree, artifact: Artifact) -> str:
    """Return in words which SBOM it is."""
    if artifact.origin is ArtifactOrigin.OWN:
        return "This image is the SBOM"
    own = [subject.name for subject in tree.subjects if any(one.digest == artifact.digest for one in subject.artifacts)]
    return ", ".join([" of ".join([f"SBOM {short_digest(artifact.digest)}", *own[:1]]), artifact.origin_text])
