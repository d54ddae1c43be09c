"""What belongs to an image: the manifests and blobs that a copy of it needs, in their order. No I/O."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from ecrtui.ecr.digest import is_digest, short_digest
from ecrtui.ecr.manifest import MAX_LENGTH, Descriptor, DescriptorRole, Manifest, parse_manifest
from ecrtui.ecr.units import format_size
from ecrtui.retag.index_parts import part_digests

MAX_LAYER_SIZE = 52_000 * 1024 * 1024
"""Bytes of the largest layer in ECR (service quota "Maximum layer size")."""


class MemberKind(StrEnum):
    """Why a manifest belongs to an image."""

    IMAGE = "image"
    INDEX = "index"
    ATTESTATION = "attestation"
    """A child of an index that BuildKit made: provenance or SBOM of a platform."""
    REFERRER = "referrer"
    """ECR lists it as a referrer (OCI 1.1): a signature, an SBOM, an attestation."""
    COSIGN = "cosign"
    """It has a tag that cosign made from a digest."""


@dataclass(frozen=True, slots=True)
class Blob:
    """A layer or a config that a manifest names. The size is in bytes; -1 if the manifest does not state it."""

    digest: str
    size: int
    media_type: str = ""
    external: bool = False
    """True if the content can be elsewhere (``urls``), as that of base layers of Windows."""


@dataclass(frozen=True, slots=True)
class Member:
    """A manifest that belongs to an image."""

    manifest: Manifest
    kind: MemberKind
    subject: str = ""
    """The digest of the image that it refers to; empty for the image itself and its children."""
    artifact_type: str = ""

    @property
    def digest(self) -> str:
        """The digest of the manifest."""
        return self.manifest.digest


@dataclass(frozen=True, slots=True)
class Closure:
    """An image with everything that belongs to it.

    The members are in the order in which a registry accepts them: children, the image, what refers to it, and so on.
    """

    root: str
    """The digest of the image."""
    members: tuple[Member, ...]
    cosign: Mapping[str, str] = field(default_factory=dict)
    """The digests by tag of cosign."""

    @property
    def manifests(self) -> Mapping[str, Manifest]:
        """The manifests by digest."""
        return {member.digest: member.manifest for member in self.members}

    @property
    def heads(self) -> tuple[str, ...]:
        """The digests of the members that no index among them names. A registry that has one has its children too."""
        children = {child for member in self.members for child in part_digests(member.manifest)}
        return tuple(member.digest for member in self.members if member.digest not in children)


def in_order(roots: Iterable[str], manifests: Mapping[str, Manifest]) -> list[Manifest]:
    """Return these manifests and their children, recursively, each child before its index and each manifest once.

    Args:
        roots: the digests to begin with.
        manifests: the manifests by digest. A child that is missing here is left out.
    """
    done: dict[str, Manifest] = {}
    waiting: list[tuple[str, bool]] = [(digest, False) for digest in reversed(list(roots))]
    entered: set[str] = set()
    while waiting:
        digest, children_done = waiting.pop()
        if digest in done or digest not in manifests or (digest in entered and not children_done):
            continue
        if children_done:
            done[digest] = manifests[digest]
            continue
        entered.add(digest)
        waiting.append((digest, True))
        waiting.extend((child, False) for child in reversed(part_digests(manifests[digest])))
    return list(done.values())


def attestations(manifests: Iterable[Manifest]) -> frozenset[str]:
    """Return the digests that the indexes among these manifests name as attestations of BuildKit."""
    return frozenset(
        child.digest
        for manifest in manifests
        if manifest.is_index
        for child in parse_manifest(manifest.text).with_role(DescriptorRole.MANIFEST)
        if child.is_attestation
    )


def blobs_of(manifest: Manifest) -> tuple[Blob, ...]:
    """Return the config and the layers of a manifest, each once; none for an index."""
    parsed = parse_manifest(manifest.text)
    parts = [*parsed.with_role(DescriptorRole.CONFIG), *parsed.with_role(DescriptorRole.LAYER)]
    found = {part.digest: Blob(part.digest, part.size, part.media_type, part.external) for part in parts}
    return tuple(found.values())


def unique_blobs(members: Iterable[Member]) -> tuple[Blob, ...]:
    """Return the blobs of all members, each once."""
    found: dict[str, Blob] = {}
    for member in members:
        for blob in blobs_of(member.manifest):
            found.setdefault(blob.digest, blob)
    return tuple(found.values())


def copy_problems(members: Iterable[Member]) -> Iterator[str]:
    """Yield why ECR would not accept a copy of these members; nothing if it would."""
    for member in members:
        manifest = member.manifest
        if len(manifest.text) > MAX_LENGTH:
            yield f"manifest {short_digest(member.digest)} has more than {MAX_LENGTH:,} characters, the most in ECR"
        parsed = parse_manifest(manifest.text)
        if parsed.problem:
            yield f"manifest {short_digest(member.digest)} cannot be read: {parsed.problem}"
        for part in parsed.descriptors:
            if part.role is not DescriptorRole.SUBJECT and (problem := _part_problem(part)):
                yield f"manifest {short_digest(member.digest)} names {problem}"


def _part_problem(part: Descriptor) -> str:
    if not is_digest(part.digest):
        return f"{part.digest[:80]!r}, which is not a sha256 digest; ECR has no others"
    if part.role is DescriptorRole.MANIFEST:
        return ""
    if part.size == 0:
        return f"{short_digest(part.digest)}, a blob of zero bytes; ECR does not store it (EmptyUploadException)"
    if part.size > MAX_LAYER_SIZE:
        size, limit = format_size(part.size), format_size(MAX_LAYER_SIZE)
        return f"{short_digest(part.digest)}, a layer of {size}; ECR stores at most {limit}"
    return ""
