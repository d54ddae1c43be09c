"""Check after a promotion whether the target has every manifest and every blob."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ecrtui.promote import closure
from ecrtui.promote.plan import Promotion, RepositoryCopy
from ecrtui.registry.protocol import Registry


@dataclass(frozen=True, slots=True)
class Verification:
    """What the repositories of a target have."""

    digests: int
    """The manifests and blobs that were looked for, over all repositories."""
    missing: tuple[tuple[str, str], ...] = ()
    """Those that are not there, each as repository and digest."""

    def document(self) -> dict[str, Any]:
        """Return the members of a document."""
        rows = [{"repositoryName": repository, "digest": digest} for repository, digest in self.missing]
        return {"digests": self.digests, "missing": rows}


def verify(promotion: Promotion, target: Registry) -> Verification:
    """Return what a target has of everything that a promotion copies. No manifest is read: ECR counts no pull.

    Raises:
        EcrTuiError: the target cannot be read.
    """
    count = 0
    missing: list[tuple[str, str]] = []
    for copy in promotion.allowed_copies:
        expected, found = _compare(promotion, copy, target)
        count += len(expected)
        missing += [(copy.repository, digest) for digest in expected if digest not in found]
    return Verification(count, tuple(missing))


def _compare(promotion: Promotion, copy: RepositoryCopy, target: Registry) -> tuple[list[str], set[str]]:
    """Return the digests that a repository should have, and those that it has."""
    copied = {blob.digest for blob in copy.blobs}
    planned = copy.there.union(member.digest for member in copy.missing)
    members = [member for member in promotion.source.closure.members if member.digest in planned]
    manifests = [member.digest for member in members]
    # A layer with a URL of its own need not be in a registry.
    blobs = [blob.digest for blob in closure.unique_blobs(members) if not blob.external or blob.digest in copied]
    images = target.images_by_digest(copy.repository, manifests)
    states = target.layers(copy.repository, blobs) if blobs else {}
    found = {image.digest for image in images if not image.archived}
    return [*manifests, *blobs], found | {digest for digest, state in states.items() if state.available}
