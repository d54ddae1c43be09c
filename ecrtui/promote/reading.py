"""Read the source of a promotion: the image, its children, its referrers, and the images with tags of cosign."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from ecrtui.catalog.image_lookup import find_image, read_manifest
from ecrtui.ecr.cosign_tags import cosign_tags, subject_of_tag
from ecrtui.ecr.digest import is_digest, short_digest
from ecrtui.ecr.lifecycle_document import parse_policy
from ecrtui.ecr.manifest import Manifest
from ecrtui.ecr.reference import Reference
from ecrtui.ecr.referrer import Referrer
from ecrtui.errors import AccessDenied, EcrTuiError, ErrorKind, NotFound, Refused
from ecrtui.promote import closure
from ecrtui.promote.closure import Closure, Member, MemberKind
from ecrtui.promote.plan import Source
from ecrtui.registry.protocol import Registry
from ecrtui.retag.index_parts import part_digests
from ecrtui.retag.parallel import map_concurrently

MAX_MEMBERS = 5_000
"""Manifests that a promotion copies at most. It bounds memory and requests."""

_WORKERS = 8


def read_source(
    registry: Registry, reference: Reference, *, referrers: bool = True, max_members: int = MAX_MEMBERS
) -> Source:
    """Return the image that a reference names, with everything that belongs to it.

    ECR counts the manifests that are read as pulled.

    Args:
        registry: the registry of the source.
        reference: an image by tag or digest.
        referrers: whether its referrers and the tags of cosign belong to it.
        max_members: the number of manifests that may belong to it.

    Raises:
        NotFound: the tag or the image does not exist, or a child of an index does not.
        Refused: a manifest is archived, also one with a tag of cosign, or ECR would not accept a copy of it.
        EcrTuiError: the registry cannot be read.
    """
    reader = _Reader(registry, reference.repository, max_members)
    root = reference.digest or find_image(registry, reference).digest
    reader.read([root])
    if referrers:
        reader.read_attached()
    found = Closure(root, tuple(reader.members(root)), reader.tagged)
    if problems := list(dict.fromkeys(closure.copy_problems(found.members))):
        raise Refused("ECR would not accept a copy of this image", "\n".join(problems), "Nothing was sent.")
    return Source(
        registry.location(),
        reference.repository,
        "" if reference.digest else reference.tag,
        found,
        tuple(reader.warnings),
        tuple(_notes(registry, reference.repository, found)),
        referrers,
    )


class _Attached(NamedTuple):
    """Why a manifest belongs to the image: it refers to its subject."""

    kind: MemberKind
    subject: str
    artifact_type: str = ""


@dataclass
class _Reader:
    """Reads manifests of one repository, each once."""

    registry: Registry
    repository: str
    max_members: int
    manifests: dict[str, Manifest] = field(default_factory=dict)
    attached: dict[str, _Attached] = field(default_factory=dict)
    """The referrers and the images with tags of cosign by digest, each after its subject."""
    tagged: dict[str, str] = field(default_factory=dict)
    """The digests by tag of cosign."""
    warnings: list[str] = field(default_factory=list)

    def read(self, digests: Iterable[str]) -> None:
        """Read these manifests and their children, level by level."""
        level = [digest for digest in dict.fromkeys(digests) if digest not in self.manifests]
        while level:
            if len(self.manifests) + len(level) > self.max_members:
                raise Refused("The image is too large", f"More than {self.max_members:,} manifests belong to it.")
            found = {manifest.digest: manifest for manifest in self.registry.manifests(self.repository, level)}
            for digest in level:
                self.manifests[digest] = found.get(digest) or self._unavailable(digest)
            children = (child for digest in level for child in part_digests(self.manifests[digest]))
            level = [child for child in dict.fromkeys(children) if child not in self.manifests]

    def _unavailable(self, digest: str) -> Manifest:
        """Return a manifest that was left out of a reply, or raise the error that says why it was."""
        try:
            return read_manifest(self.registry, self.repository, digest)
        except EcrTuiError as error:
            index = next((known for known in self.manifests.values() if digest in part_digests(known)), None)
            if index is None or error.kind is not ErrorKind.IMAGE_NOT_FOUND:
                raise
            raise NotFound(
                "An image of the index does not exist",
                f"{self.repository} does not have {digest}, which index {short_digest(index.digest)} names.",
                "ECR accepts an index only with all of its images.",
            ) from error

    def read_attached(self) -> None:
        """Read what refers to these manifests, by a subject or by a tag of cosign, and what refers to that."""
        if not self.registry.capabilities.referrers:
            self.warnings.append("the registry does not list referrers, so none are copied")
        asked: set[str] = set()
        while subjects := [digest for digest in self.manifests if digest not in asked]:
            asked.update(subjects)
            if self.registry.capabilities.referrers:
                self._read_referrers(subjects)
            self._read_cosign_tags(subjects)

    def _read_referrers(self, subjects: Sequence[str]) -> None:
        """Read the referrers of these manifests, and their children."""
        found: list[str] = []
        replies = dict(map_concurrently(self._referrers, subjects, _WORKERS))
        for position, subject in enumerate(subjects):
            for referrer in replies[position]:
                if not is_digest(referrer.digest):
                    self.warnings.append(f"a referrer of {short_digest(subject)} is not copied: {referrer.media_type}")
                elif referrer.digest not in self.manifests and referrer.digest not in self.attached:
                    self.attached[referrer.digest] = _Attached(MemberKind.REFERRER, subject, referrer.artifact_type)
                    found.append(referrer.digest)
        self.read(found)

    def _referrers(self, digest: str) -> Sequence[Referrer]:
        try:
            return self.registry.referrers(self.repository, digest)
        except (AccessDenied, Refused) as error:
            if isinstance(error, Refused) and error.kind is not ErrorKind.UNSUPPORTED:
                raise
            problem = f"could not list the referrers, so it is not known whether there are any: {error.with_hint()}"
            if problem not in self.warnings:
                self.warnings.append(problem)
            return ()

    def _read_cosign_tags(self, digests: Sequence[str]) -> None:
        """Read the images with tags that cosign made from these digests, and their children."""
        found = self.registry.tagged_manifests(self.repository, cosign_tags(digests), strict=True)
        for tag, manifest in found.items():
            self.tagged[tag] = manifest.digest
            self.attached.setdefault(manifest.digest, _Attached(MemberKind.COSIGN, subject_of_tag(tag)))
            self.manifests.setdefault(manifest.digest, manifest)
        self.read(child for manifest in found.values() for child in part_digests(manifest))

    def members(self, root: str) -> Iterable[Member]:
        """Yield what belongs to the image, in the order in which it is put."""
        attested = closure.attestations(self.manifests.values())
        seen: set[str] = set()
        for manifest in self._in_order([root], seen):
            if manifest.digest in attested:
                kind = MemberKind.ATTESTATION
            else:
                kind = MemberKind.INDEX if manifest.is_index else MemberKind.IMAGE
            yield Member(manifest, kind)
        for digest, (kind, subject, artifact_type) in self.attached.items():
            for manifest in self._in_order([digest], seen):
                yield Member(manifest, kind, subject, artifact_type if manifest.digest == digest else "")

    def _in_order(self, roots: Sequence[str], seen: set[str]) -> list[Manifest]:
        new = [manifest for manifest in closure.in_order(roots, self.manifests) if manifest.digest not in seen]
        seen.update(manifest.digest for manifest in new)
        return new


def _notes(registry: Registry, repository: str, found: Closure) -> Iterable[str]:
    """Say what reading the source has done, where it matters."""
    try:
        policy = parse_policy(registry.lifecycle_policy(repository) if registry.capabilities.lifecycle_policy else "")
    except (AccessDenied, Refused, NotFound):
        return
    if policy.depends_on_pulls:
        count = len(found.members)
        yield f"ECR counts {count} manifests of {repository} as pulled; a lifecycle rule there uses the last pull"
