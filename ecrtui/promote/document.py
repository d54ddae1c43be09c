"""A promotion as a document, and as lines of text. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from ecrtui.ecr.digest import short_digest
from ecrtui.ecr.documents import Document
from ecrtui.ecr.location import RegistryLocation
from ecrtui.ecr.units import format_count, format_size
from ecrtui.promote.closure import Member, MemberKind
from ecrtui.promote.plan import Promotion, RepositoryCopy
from ecrtui.retag.plan_file import plan_document

_SIDE = (MemberKind.REFERRER, MemberKind.COSIGN)

_DEFAULTS = "mutable tags, encryption AES256, no scan on push, no policies"
"""The settings of a repository that CreateRepository makes from a name alone, whatever the source has."""


def promotion_document(promotion: Promotion) -> Document:
    """Return the plan of a promotion as a document: that of a retag, with what is copied."""
    return {**plan_document(promotion.plan), **copies_document(promotion)}


def joined(documents: Iterable[Document]) -> Document:
    """Return the document of a promotion; of several, one that has them all."""
    found = list(documents)
    return found[0] if len(found) == 1 else {"promotions": found}


def copies_document(promotion: Promotion) -> Document:
    """Return what a promotion copies as members of a document."""
    source = promotion.source
    allowed = promotion.allowed_copies
    return {
        "source": {
            **_location(source.location),
            "repositoryName": source.repository,
            **({"imageTag": source.tag} if source.tag else {}),
            "imageDigest": source.digest,
        },
        "target": {
            **_location(promotion.target),
            "repositoryNames": [copy.repository for copy in promotion.copies],
            "repositoriesToCreate": [copy.repository for copy in promotion.copies if copy.create],
        },
        "copies": [_copy(copy, member) for copy in promotion.copies for member in source.closure.members],
        "transfer": {
            "blobsToCopy": sum(len(copy.blobs) for copy in allowed),
            "blobsThere": sum(len(copy.blobs_there) for copy in allowed),
            "bytesToCopy": sum(copy.bytes_to_copy for copy in allowed),
            "bytesThere": sum(max(blob.size, 0) for copy in allowed for blob in copy.blobs_there),
            "manifestsToPut": sum(len(copy.missing) for copy in allowed),
            "way": promotion.way,
        },
        "notes": list(promotion.source.notes),
    }


def _copy(copy: RepositoryCopy, member: Member) -> Document:
    return {
        "repositoryName": copy.repository,
        "digest": member.digest,
        "mediaType": member.manifest.media_type,
        "kind": str(member.kind),
        "subject": member.subject,
        "artifactType": member.artifact_type,
        "there": member.digest in copy.there,
    }


def _location(location: RegistryLocation) -> dict[str, str]:
    return {
        "registryId": location.registry_id,
        "region": location.region,
        **({"endpointUrl": location.endpoint} if location.endpoint else {}),
    }


def summary_lines(promotion: Promotion) -> Iterator[str]:
    """Yield what is copied where, in words."""
    source, target = promotion.source, promotion.target
    yield f"{source} ({short_digest(source.digest)}) from {_place(source.location)} to {_place(target)}"
    yield from copy_lines(promotion)


def copy_lines(promotion: Promotion) -> Iterator[str]:
    """Yield what each repository gets and has, in words."""
    allowed = {copy.repository for copy in promotion.allowed_copies}
    for copy in promotion.copies:
        if copy.repository in allowed:
            yield from _copy_lines(promotion, copy)
        else:
            yield f"{copy.repository}: gets nothing, because its tags are refused"
    yield from (f"  {note}" for note in promotion.source.notes)


def _copy_lines(promotion: Promotion, copy: RepositoryCopy) -> Iterator[str]:
    new = " (is created)" if copy.create else ""
    count = len(copy.blobs)
    if not copy.missing:
        yield f"{copy.repository}{new}: has everything"
        return
    verb = "mounts" if promotion.way == "mount" else "sends"
    blobs = f" and {verb} {format_count(count, 'blob')} with {format_size(copy.bytes_to_copy)}" if count else ""
    yield f"{copy.repository}{new}: puts {format_count(len(copy.missing), 'manifest')}{blobs}"
    if copy.create:
        yield f"  with the defaults of ECR: {_DEFAULTS}"
    there = format_size(sum(max(blob.size, 0) for blob in copy.blobs_there))
    if copy.blobs_there:
        yield f"  it has {format_count(len(copy.blobs_there), 'blob')} with {there} already"
    for kind, number in _kinds(copy.missing):
        yield f"  {kind}: {number}"


def _kinds(members: Iterable[Member]) -> list[tuple[str, int]]:
    """Return the kinds of referrers and images of cosign, with their numbers."""
    names = (member.artifact_type or str(member.kind) for member in members if member.kind in _SIDE)
    return sorted(Counter(names).items())


def _place(location: RegistryLocation) -> str:
    return f"{location.registry_id} in {location.region}{f' at {location.endpoint}' if location.endpoint else ''}"
