"""Decide whether manifests may be read ahead. ECR records a pull for each manifest that is read."""

from __future__ import annotations

from ecrtui.ecr.lifecycle_document import parse_policy
from ecrtui.ecr.pull_times import is_excluded
from ecrtui.errors import EcrTuiError
from ecrtui.registry.protocol import Registry


def may_read_ahead(registry: Registry, setting: bool | str, repository: str) -> bool:
    """Return True if ecrtui may read manifests that the user has not opened.

    With ``auto``: only if the registry records no pulls of the caller. With True: unless a lifecycle rule of the
    repository counts from the last pull. Without an answer of the registry: no.

    Args:
        registry: the registry. This blocks.
        setting: the setting ``prefetch``.
        repository: the name of the repository.
    """
    if setting is False:
        return False
    if not registry.capabilities.pull_times:
        return True
    try:
        if setting is True:
            text = registry.lifecycle_policy(repository) if registry.capabilities.lifecycle_policy else ""
            policy = parse_policy(text)
            return not (policy.problem or policy.depends_on_pulls)
        caller = registry.identity()
        own = f":{registry.location().registry_id}:" in caller  # another account has exclusions of its own
        return own and is_excluded(caller, registry.pull_time_exclusions())
    except EcrTuiError:
        return False
