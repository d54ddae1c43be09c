"""Read what needs a request of its own for each repository: its resource tags and its policies."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

from ecrtui.ecr.documents import repository_details
from ecrtui.ecr.repository import Repository
from ecrtui.errors import EcrTuiError
from ecrtui.inspect.pull_access import pull_access
from ecrtui.registry.protocol import Feature, Registry

Result = TypeVar("Result")


class RepositoryFacts(NamedTuple):
    """What is known of a repository.

    Args:
        document: see :func:`~ecrtui.ecr.documents.repository_details`.
        errors: why a member of the document could not be read, by its name.
        pull_access: see :func:`~ecrtui.inspect.pull_access.pull_access`; empty if it is not known.
    """

    document: dict[str, Any]
    errors: dict[str, EcrTuiError]
    pull_access: dict[str, str]


def read_facts(registry: Registry, repository: Repository) -> RepositoryFacts:
    """Read the resource tags and the policies of a repository. What is refused does not hide the rest. Blocks."""
    errors: dict[str, EcrTuiError] = {}

    def known(member: str, feature: Feature, read: Callable[[], Result]) -> Result | None:
        try:
            registry.capabilities.require(feature)
            return read()
        except EcrTuiError as error:
            errors[member] = error
            return None

    name = repository.name
    policy = known("policyText", "repository_policy", lambda: registry.repository_policy(name))
    document = repository_details(
        repository,
        known("tags", "resource_tags", lambda: registry.resource_tags(repository)),
        known("lifecyclePolicyText", "lifecycle_policy", lambda: registry.lifecycle_policy(name)),
        policy,
    )
    return RepositoryFacts(document, errors, {} if policy is None else _access(policy, repository.registry_id))


def _access(policy: str, account: str) -> dict[str, str]:
    try:
        return pull_access(policy, account)
    except ValueError:  # the text says more than we could
        return {}
