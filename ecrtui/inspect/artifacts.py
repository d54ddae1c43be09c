"""The artifacts of an image in one tree: referrers, images with tags of cosign, attestations in its index. No I/O.

Sources: OCI image spec 1.1 (``subject``, ``artifactType``), cosign's tag scheme (``sha256-….sig``), and the annotations
``vnd.docker.reference.*`` that BuildKit gives to attestations in an index.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import takewhile
from typing import NamedTuple

from ecrtui.ecr.cosign_tags import subject_of_tag
from ecrtui.ecr.digest import is_digest, short_digest
from ecrtui.ecr.image import COSIGN_TAG_PREFIX, Image, ImageKind, image_kind, is_index
from ecrtui.ecr.manifest import (
    OCI_EMPTY,
    PREDICATE_TYPE,
    Descriptor,
    DescriptorRole,
    Manifest,
    ParsedManifest,
    parse_manifest,
    predicate_types,
)
from ecrtui.ecr.referrer import Referrer
from ecrtui.ecr.units import parse_zoned_time
from ecrtui.errors import EcrTuiError
from ecrtui.inspect.facts import KnownDigests
from ecrtui.inspect.formats import created_in, format_name, title_of

MAX_DEPTH = 4
"""Levels of artifacts of artifacts, such as a signature of an SBOM."""

_ORDER = (
    ImageKind.SIGNATURE,
    ImageKind.SIGSTORE_BUNDLE,
    ImageKind.SBOM,
    ImageKind.PROVENANCE,
    ImageKind.ATTESTATION,
    ImageKind.VEX,
)
"""The kinds of artifacts in the order of the tree; others follow."""


class ArtifactOrigin(StrEnum):
    """How an artifact is known to belong to an image."""

    REFERRER = "referrer"
    TAG = "tag"
    INDEX = "in the index"
    OWN = "its content"
    """It is a layer of the image itself, which is not a container image."""


@dataclass(frozen=True, slots=True)
class Artifact:
    """An artifact of an image.

    Args:
        digest: the digest of its manifest.
        kind: what it is, as far as its manifest or the registry says.
        origin: how it is known to belong to the image.
        format: the name of its format; empty if it is not known.
        size: bytes of its content, or of its manifest if that was not read; None if not known.
        created: seconds since the epoch: when it was pushed, or else the time of creation in its annotations.
        tag: the tag of cosign; empty without one.
        blobs: its contents; None if its manifest was not read.
        artifact_type: its artifact type.
        predicates: the types of its statements, as far as annotations name them.
        artifacts: the artifacts of the artifact.
        problem: why it cannot be read; empty if it can.
        was_read: True if all of its contents were read, so that it is known what they state.
    """

    digest: str
    kind: ImageKind
    origin: ArtifactOrigin
    format: str = ""
    size: int | None = None
    created: float | None = None
    tag: str = ""
    blobs: tuple[Descriptor, ...] | None = None
    artifact_type: str = ""
    predicates: tuple[str, ...] = ()
    artifacts: tuple[Artifact, ...] = ()
    problem: str = ""
    was_read: bool = False

    @property
    def origin_text(self) -> str:
        """How it is known to belong to the image, with its tag: ``tag 6c67….sig`` for ``sha256-6c67….sig``."""
        if not self.tag:
            return str(self.origin)
        name, dot, suffix = self.tag.removeprefix(COSIGN_TAG_PREFIX).partition(".")
        return f"tag {name[:4]}…{dot}{suffix}"

    @property
    def is_signature(self) -> bool:
        """True for a signature. ecrtui verifies none, and says so of each."""
        return self.kind in (ImageKind.SIGNATURE, ImageKind.SIGSTORE_BUNDLE)


@dataclass(frozen=True, slots=True)
class Subject:
    """An image with the artifacts that belong to it."""

    digest: str
    name: str
    """``index``, ``image``, or the name of a platform."""
    artifacts: tuple[Artifact, ...] = ()


class Problem(NamedTuple):
    """A part of the tree that could not be read."""

    part: str
    """``referrers``, ``tags of cosign``, ``manifests``, ``times``."""
    error: EcrTuiError


@dataclass(frozen=True, slots=True)
class ArtifactTree:
    """The artifacts of an image, and of its platforms if it is an index."""

    root: Subject
    platforms: tuple[Subject, ...] = ()
    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()
    """What was not requested, in words."""
    about: tuple[str, ...] = ()
    """The digests that the image is about, if it is an artifact itself: its subject, by its manifest or its tags."""

    @property
    def subjects(self) -> tuple[Subject, ...]:
        """The image, then its platforms."""
        return (self.root, *self.platforms)

    @property
    def incomplete(self) -> bool:
        """True if there can be other artifacts: a part could not be read, or was not requested."""
        return bool(self.problems or self.notes)

    @property
    def known(self) -> KnownDigests:
        """The digests that a statement can be about: the image, its platforms, its artifacts."""
        artifacts = [artifact for artifact, _ in self.all_artifacts() if artifact.digest]
        names = {artifact.digest: f"the {artifact.kind} {short_digest(artifact.digest)}" for artifact in artifacts}
        names |= {platform.digest: platform.name for platform in self.platforms}
        names |= {self.root.digest: f"the {self.root.name}"} | dict.fromkeys(self.about, "its subject")
        if all(artifact.origin is not ArtifactOrigin.OWN for artifact in self.root.artifacts):
            return KnownDigests(names)
        return KnownDigests(names, "does not match its subject" if self.about else "its subject is not known")

    def all_artifacts(self) -> Iterator[tuple[Artifact, int]]:
        """Yield every artifact with its depth below its subject, which is 0."""
        for subject in self.subjects:
            yield from walk(subject.artifacts)

    @property
    def count(self) -> int:
        """The number of artifacts, without the contents of the image itself."""
        return sum(1 for artifact, _ in self.all_artifacts() if artifact.origin is not ArtifactOrigin.OWN)

    def sboms(self, digest: str) -> tuple[Artifact, ...]:
        """Return the SBOMs of a platform, then those of the image itself."""
        own = [subject for subject in self.platforms if subject.digest == digest]
        return tuple(
            artifact for subject in (*own, self.root) for artifact, _ in walk(subject.artifacts) if _has_sbom(artifact)
        )


@dataclass(frozen=True, slots=True)
class ArtifactSources:
    """What was read of an image, to make its tree.

    Args:
        digest: the image.
        manifest: its manifest.
        tags: its tags.
        referrers: the referrers by the digest of their subject.
        cosign: the manifests by tag of cosign.
        manifests: other manifests by digest: those of attestations in the index, and those that are kept.
        images: images by digest, with the times of their pushes.
        problems: what could not be read.
        notes: what was not requested.
    """

    digest: str
    manifest: Manifest
    tags: tuple[str, ...] = ()
    referrers: Mapping[str, Sequence[Referrer]] = field(default_factory=dict)
    cosign: Mapping[str, Manifest] = field(default_factory=dict)
    manifests: Mapping[str, Manifest] = field(default_factory=dict)
    images: Mapping[str, Image] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()


def walk(artifacts: Iterable[Artifact], depth: int = 0) -> Iterator[tuple[Artifact, int]]:
    """Yield artifacts and the artifacts of them, each with its depth."""
    for artifact in artifacts:
        yield artifact, depth
        yield from walk(artifact.artifacts, depth + 1)


def named_platforms(parsed: ParsedManifest) -> Mapping[str, str]:
    """Return the name of each platform of an index by digest. Without a platform, it is a part of the digest."""
    names = parsed.platform_names
    return {entry.digest: names.get(entry.digest) or short_digest(entry.digest) for entry in parsed.platform_entries}


def attestations_of(parsed: ParsedManifest) -> Sequence[str]:
    """Return the digests of the attestations in an index. Only their manifests say what they contain."""
    return [entry.digest for entry in parsed.artifact_entries if entry.is_attestation]


def other_artifacts(parsed: ParsedManifest) -> Sequence[str]:
    """Return the digests of the artifacts in an index that are no attestations. Each can have artifacts of its own."""
    return [entry.digest for entry in parsed.artifact_entries if not entry.is_attestation]


def listed_artifacts(manifest: Manifest) -> Sequence[Descriptor]:
    """Return the artifacts in an index with the referrers tag of the OCI spec."""
    entries = parse_manifest(manifest.text).with_role(DescriptorRole.MANIFEST)
    return [entry for entry in entries if is_digest(entry.digest)]


def artifact_tree(sources: ArtifactSources) -> ArtifactTree:
    """Return the tree of what was read."""
    parsed = parse_manifest(sources.manifest.text)
    kind = parsed.kind(sources.manifest.media_type, sources.tags)
    platforms = named_platforms(parsed)
    own = own_contents(sources.digest, parsed, kind)
    inside: dict[str, list[Descriptor]] = {}
    for entry in parsed.artifact_entries:
        inside.setdefault(entry.about if entry.about in platforms else sources.digest, []).append(entry)
    builder = _Builder(sources, inside)
    about = [entry.digest for entry in parsed.with_role(DescriptorRole.SUBJECT)]
    about += [subject_of_tag(tag) for tag in sources.tags if tag.startswith(COSIGN_TAG_PREFIX)]
    return ArtifactTree(
        Subject(sources.digest, str(kind), (*own, *builder.artifacts_of(sources.digest))),
        tuple(Subject(digest, name, builder.artifacts_of(digest)) for digest, name in platforms.items()),
        sources.problems,
        sources.notes,
        tuple(filter(is_digest, about)),
    )


def with_manifest(artifact: Artifact, manifest: Manifest) -> Artifact:
    """Return an artifact with what its manifest states: its contents, their size, its kind and format."""
    parsed = parse_manifest(manifest.text)
    if parsed.problem:
        return replace(artifact, problem=f"The manifest cannot be read: {parsed.problem}.")
    config = parsed.config
    layers = tuple(layer for layer in parsed.with_role(DescriptorRole.LAYER) if layer.media_type != OCI_EMPTY)
    if not layers and config is not None and config.media_type != OCI_EMPTY and not is_index(manifest.media_type):
        layers = (config,)
    tags = (artifact.tag,) if artifact.tag else ()
    sizes = [layer.size for layer in layers if layer.size >= 0]
    artifact_type = parsed.artifact_type or (config.media_type if config else "")
    annotations = (*(layer.annotations for layer in layers), parsed.annotations)
    predicates = tuple(named for entries in annotations for named in predicate_types(entries))
    return replace(
        artifact,
        kind=parsed.kind(manifest.media_type, tags),
        format=_formats(predicates)
        or format_name(artifact_type, *(layer.media_type for layer in layers))
        or artifact.format,
        size=sum(sizes) if sizes else artifact.size,
        blobs=layers,
        artifact_type=artifact_type,
        predicates=predicates,
        created=artifact.created or parse_zoned_time(created_in(parsed.annotations)),
    )


def with_artifact(tree: ArtifactTree, artifact: Artifact) -> ArtifactTree:
    """Return the tree with this artifact in place of the one with its digest, whose manifest was not known."""

    def replaced(artifacts: Sequence[Artifact]) -> tuple[Artifact, ...]:
        return tuple(
            replace(artifact, artifacts=replaced(one.artifacts))
            if one.digest == artifact.digest and one.origin is not ArtifactOrigin.OWN
            else replace(one, artifacts=replaced(one.artifacts))
            for one in artifacts
        )

    root, *platforms = (replace(subject, artifacts=replaced(subject.artifacts)) for subject in tree.subjects)
    return replace(tree, root=root, platforms=tuple(platforms))


def with_statements(artifact: Artifact, stated: Mapping[str, str]) -> Artifact:
    """Return an artifact with what its contents that were read state, in place of annotations that say it.

    Args:
        artifact: the artifact.
        stated: the types of the statements by the digest of the content; empty for a content without one.
    """
    if artifact.predicates or not artifact.blobs or not all(blob.digest in stated for blob in artifact.blobs):
        return artifact
    types = tuple(filter(None, (stated[blob.digest] for blob in artifact.blobs)))
    blobs = tuple(
        replace(blob, annotations={**blob.annotations, PREDICATE_TYPE: stated[blob.digest]}) for blob in artifact.blobs
    )
    kind = image_kind("", artifact.artifact_type, (), types) if types else artifact.kind
    named = _formats(types) or artifact.format
    return replace(artifact, blobs=blobs, predicates=types, kind=kind, format=named, was_read=True)


def blob_kind(artifact: Artifact, blob: Descriptor) -> ImageKind:
    """Return the kind of one of several contents of an artifact."""
    kind = image_kind("", blob.media_type, (), predicate_types(blob.annotations))
    return artifact.kind if kind is ImageKind.IMAGE else kind


def content_names(artifact: Artifact, blobs: Sequence[Descriptor]) -> Sequence[str]:
    """Return the name of each of these contents of an artifact: its file and its format, or else its media type.

    Contents of one format with different media types have the part that differs: ``weights`` and ``license``.
    """
    types: dict[str, set[str]] = {}
    formats = [_formats(predicate_types(blob.annotations)) or format_name(blob.media_type) for blob in blobs]
    formats = [known or format_name(artifact.artifact_type) for known in formats]
    for blob, known in zip(blobs, formats, strict=True):
        types.setdefault(known, set()).add(blob.media_type)
    common = {known: _common(media_types) for known, media_types in types.items() if len(media_types) > 1}
    names = []
    for blob, known in zip(blobs, formats, strict=True):
        title = title_of(blob)
        distinct = known if title or known not in common else blob.media_type.removeprefix(common[known])
        names.append(" · ".join(filter(None, (title, distinct))) or blob.media_type.removeprefix("application/"))
    return names


def _common(media_types: Collection[str]) -> str:
    """Return the parts with which all of these media types begin: ``application/vnd.ollama.image.``."""
    first, last = min(media_types), max(media_types)
    length = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(first, last, strict=False)))
    start = first[:length]
    return start[: max(start.rfind("."), start.rfind("/")) + 1] or "application/"


def own_contents(digest: str, parsed: ParsedManifest, kind: ImageKind) -> Sequence[Artifact]:
    """Return the layers of an image that is not a container image, each as an artifact to read.

    Args:
        digest: the image.
        parsed: its manifest.
        kind: its kind.
    """
    if kind in (ImageKind.IMAGE, ImageKind.INDEX):
        return ()
    blobs = [layer for layer in parsed.with_role(DescriptorRole.LAYER) if layer.media_type != OCI_EMPTY]
    whole = Artifact(
        digest,
        kind,
        ArtifactOrigin.OWN,
        artifact_type=parsed.artifact_type or (parsed.config.media_type if parsed.config else ""),
    )
    return [
        replace(
            whole,
            kind=kind if (own := blob_kind(whole, blob)) is ImageKind.ARTIFACT else own,
            format=name,
            size=blob.size if blob.size >= 0 else None,
            blobs=(blob,),
        )
        for blob, name in zip(blobs, content_names(whole, blobs), strict=True)
    ]


def referrer_artifact(referrer: Referrer) -> Artifact:
    """Return an artifact as the list of referrers describes it."""
    if not is_digest(referrer.digest):
        return Artifact("", ImageKind.ARTIFACT, ArtifactOrigin.REFERRER, problem=referrer.media_type)
    annotations = dict(referrer.annotations)
    predicates = predicate_types(annotations)
    return Artifact(
        referrer.digest,
        image_kind(referrer.media_type, referrer.artifact_type, (), predicates),
        ArtifactOrigin.REFERRER,
        _formats(predicates) or format_name(referrer.artifact_type),
        referrer.size,
        parse_zoned_time(created_in(annotations)),
        artifact_type=referrer.artifact_type,
        predicates=tuple(predicates),
    )


def attestation_artifact(digest: str) -> Artifact:
    """Return an attestation in an index, whose manifest was not read."""
    return Artifact(digest, ImageKind.ATTESTATION, ArtifactOrigin.INDEX)


def entry_artifact(entry: Descriptor) -> Artifact:
    """Return an artifact as its entry in an index describes it."""
    predicates = predicate_types(entry.annotations)
    return Artifact(
        entry.digest,
        ImageKind.ARTIFACT if entry.is_container else entry.kind,
        ArtifactOrigin.INDEX,
        _formats(predicates) or format_name(entry.artifact_type),
        entry.size if entry.size >= 0 else None,
        parse_zoned_time(created_in(entry.annotations)),
        artifact_type=entry.artifact_type,
        predicates=tuple(predicates),
    )


class _Builder:
    """Builds the artifacts of subjects.

    Args:
        sources: what was read.
        inside: the artifacts in the index, by the digest of the image that they are about.
    """

    def __init__(self, sources: ArtifactSources, inside: Mapping[str, Sequence[Descriptor]]) -> None:
        self._sources = sources
        self._inside = inside
        self._by_subject: dict[str, list[tuple[str, Manifest]]] = {}
        for tag, manifest in sources.cosign.items():
            self._by_subject.setdefault(subject_of_tag(tag), []).append((tag, manifest))
        self._shown = {sources.digest}

    def artifacts_of(self, subject: str, depth: int = 0) -> tuple[Artifact, ...]:
        """Return the artifacts of an image. Each is shown once, so a circle of subjects ends."""
        if depth >= MAX_DEPTH:
            return ()
        listed = [
            self._with_known(referrer_artifact(referrer)) for referrer in self._sources.referrers.get(subject, ())
        ]
        tagged = [found for tag, manifest in self._by_subject.get(subject, ()) for found in self._tagged(tag, manifest)]
        inside = [self._with_known(entry_artifact(entry)) for entry in self._inside.get(subject, ())]
        new = []
        for artifact in (*listed, *tagged, *inside):
            if artifact.digest and artifact.digest in self._shown:
                continue
            self._shown.add(artifact.digest)
            new.append(artifact)
        new.sort(key=lambda one: _ORDER.index(one.kind) if one.kind in _ORDER else len(_ORDER))
        return tuple(replace(one, artifacts=self.artifacts_of(one.digest, depth + 1)) for one in new)

    def _tagged(self, tag: str, manifest: Manifest) -> Iterator[Artifact]:
        """Yield the artifact with a tag of cosign, or those in the index with the referrers tag of the OCI spec."""
        if not is_index(manifest.media_type):
            found = Artifact(manifest.digest, ImageKind.ARTIFACT, ArtifactOrigin.TAG, tag=tag)
            yield with_manifest(self._with_known(found), manifest)
            return
        for entry in listed_artifacts(manifest):
            yield self._with_known(replace(entry_artifact(entry), origin=ArtifactOrigin.TAG, tag=tag))

    def _with_known(self, artifact: Artifact) -> Artifact:
        """Return an artifact with its time, and with its manifest if that is known."""
        image = self._sources.images.get(artifact.digest)
        if image is not None:
            # The size in the list of referrers is that of the manifest.
            size = artifact.size if image.size is None else image.size
            artifact = replace(artifact, created=image.pushed_at or artifact.created, size=size)
        manifest = self._sources.manifests.get(artifact.digest)
        return artifact if manifest is None else with_manifest(artifact, manifest)


def _formats(predicates: Sequence[str]) -> str:
    """Return the formats of these predicates, each once: ``SPDX, SLSA v1``; the type of one that is not known."""
    return ", ".join(dict.fromkeys(format_name(one) or one.removeprefix("https://") for one in predicates))


def _has_sbom(artifact: Artifact) -> bool:
    return artifact.kind is ImageKind.SBOM or any(
        blob_kind(artifact, blob) is ImageKind.SBOM for blob in artifact.blobs or ()
    )
