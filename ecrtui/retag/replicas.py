"""The replicas of a repository: where a removal replicates to, and whether it would delete an image there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ecrtui.ecr.image import Image
from ecrtui.ecr.replication import Destination, ReplicationRules
from ecrtui.errors import AccessDenied, EcrTuiError, ErrorKind, NotFound, Refused
from ecrtui.registry.protocol import Registry


class Replication(NamedTuple):
    """What is known of the replication of a registry.

    Args:
        rules: the rules; none if they could not be read.
        problem: why they could not be read; empty otherwise.
    """

    rules: ReplicationRules = ReplicationRules()
    problem: str = ""


class ReplicatedTags(NamedTuple):
    """Tags of a repository in a destination.

    Args:
        images: the image of each tag that exists there, by tag.
        problem: why they could not be read; empty otherwise.
    """

    images: Mapping[str, Image]
    problem: str = ""

    def would_delete(self, tag: str, removed: Sequence[str] = ()) -> bool:
        """Return True if ECR would delete an image with this tag, after other tags were removed."""
        image = self.images.get(tag)
        return image is not None and not set(image.tags) - {tag, *removed}


def read_replication(registry: Registry, *, again: bool = False) -> Replication:
    """Return the replication rules. A caller may lack the permission; a registry may not have the operation.

    Args:
        registry: the registry.
        again: True to read them now, False for those that were read before, if any.
    """
    try:
        if registry.capabilities.replication:
            return Replication(registry.replication(again=again))
    except (AccessDenied, Refused) as error:
        if error.kind is not ErrorKind.UNSUPPORTED:
            return Replication(problem=str(error))
    return Replication()


def read_replicas(
    registry: Registry, rules: ReplicationRules, repository: str, tags: Sequence[str]
) -> Mapping[Destination, ReplicatedTags]:
    """Return these tags in every destination that a removal replicates to."""
    return {
        destination: _read_replica(registry, destination, repository, tags)
        for destination in (rules.destinations(repository, of_removals=True) if tags else ())
    }


def removal_refusal(destination: Destination, replica: ReplicatedTags, tag: str, removed: Sequence[str] = ()) -> str:
    """Return why a tag must not be removed: the removal replicates. An empty text if it may be removed.

    Args:
        destination: where the removal replicates to.
        replica: the tags there.
        tag: the tag.
        removed: tags that are removed there before.
    """
    if replica.problem:
        return f"the removal replicates to {destination}, and the tag there could not be checked: {replica.problem}"
    if replica.would_delete(tag, removed):
        return f"last tag of the image in {destination}, where the removal replicates to; ECR would delete it there"
    return ""


def _read_replica(registry: Registry, destination: Destination, repository: str, tags: Sequence[str]) -> ReplicatedTags:
    try:
        return ReplicatedTags(registry.replicated_tags(destination, repository, tags))
    except NotFound:
        return ReplicatedTags({})
    except EcrTuiError as error:
        return ReplicatedTags({}, str(error))
