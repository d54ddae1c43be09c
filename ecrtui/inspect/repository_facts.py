"""Read what needs a request of its own for each repository: its resource tags, policies and scanning."""

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
    """Read the resource tags, the policies and the scanning configuration of a repository. Blocks.

    What is refused does not hide the rest.
    """
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
    of_registry = known("registryPolicyText", "registry_policy", registry.registry_policy)
    document = repository_details(
        repository,
        known("tags", "resource_tags", lambda: registry.resource_tags(repository)),
        known("lifecyclePolicyText", "lifecycle_policy", lambda: registry.lifecycle_policy(name)),
        policy,
        of_registry,
        known("scanningConfiguration", "repository_scanning", lambda: registry.repository_scanning(name)),
    )
    return RepositoryFacts(document, errors, {} if policy is None else _access(policy, of_registry, repository))


def _access(policy: str, of_registry: str | None, repository: Repository) -> dict[str, str]:
    try:
        found = pull_access(policy, of_registry or "", repository.registry_id, repository.arn)
    except ValueError:  # the texts say more than we could
        return {}
    if of_registry is None:
        found["others"] = "not known: the registry policy can allow them, too"
    return found
