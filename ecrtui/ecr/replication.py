"""The replication rules of a registry: where pushes and removals of tags go besides.

User guide, "Private image replication in Amazon ECR". Pushes are replicated by every rule that matches the
repository, removals by those with ``deleteReplication``. A replicated image is not replicated further.
"""

from __future__ import annotations

from typing import NamedTuple


class Destination(NamedTuple):
    """A registry that images are replicated to (``ReplicationDestination``)."""

    region: str
    registry_id: str

    def __str__(self) -> str:
        return f"{self.region} of account {self.registry_id}"


class Replica(NamedTuple):
    """The status of the replication of an image to a destination (``ImageReplicationStatus``).

    Args:
        destination: the registry.
        status: ``IN_PROGRESS``, ``COMPLETE`` or ``FAILED``; a newer one as ECR sends it.
        failure: the code of a failure; empty if ECR gives none.
    """

    destination: Destination
    status: str
    failure: str = ""


class ReplicationRule(NamedTuple):
    """A rule (``ReplicationRule``).

    Args:
        destinations: where images go.
        prefixes: the beginnings of the names of its repositories; empty for all repositories.
        removes: True if the rule also replicates removals (``deleteReplication``).
    """

    destinations: tuple[Destination, ...]
    prefixes: tuple[str, ...] = ()
    removes: bool = False


class ReplicationRules(NamedTuple):
    """All rules of a registry (``ReplicationConfiguration``)."""

    rules: tuple[ReplicationRule, ...] = ()

    def destinations(self, repository: str, *, of_removals: bool = False) -> tuple[Destination, ...]:
        """Return the destinations of a repository, each once.

        Args:
            repository: its name.
            of_removals: True for the rules that also replicate removals.
        """
        found: dict[Destination, None] = {}
        for rule in self.rules:
            matches = not rule.prefixes or repository.startswith(rule.prefixes)
            if matches and (rule.removes or not of_removals):
                found.update(dict.fromkeys(rule.destinations))
        return tuple(found)
