"""Ask ECR what a lifecycle policy would do. Nothing is changed: ECR keeps the last preview of a repository only."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Protocol

from ecrtui.ecr.json_values import parse_json
from ecrtui.ecr.lifecycle import LifecyclePreview
from ecrtui.errors import EcrTuiError, ErrorKind, Refused

FIRST_PAUSE = 0.5
LONGEST_PAUSE = 8.0
"""Seconds between two requests: each pause is twice the one before."""

TIMEOUT = 300.0
"""Seconds of pauses after which this gives up."""

IN_PROGRESS = "IN_PROGRESS"
COMPLETE = "COMPLETE"


class PreviewRegistry(Protocol):
    """The part of a registry that makes previews."""

    def start_lifecycle_preview(self, repository: str, policy: str) -> None:
        """Start a preview; see :class:`ecrtui.registry.protocol.Registry`."""

    def lifecycle_preview(self, repository: str) -> LifecyclePreview:
        """Return the last preview."""


def preview_policy(
    registry: PreviewRegistry, repository: str, policy: str, *, wait: Callable[[float], object] = time.sleep
) -> Iterator[LifecyclePreview | None]:
    """Yield the preview: None as long as it is in progress, and then what ECR would do. Blocks.

    ECR makes one preview of a repository at a time. While another one is in progress, this waits for its end.

    Args:
        registry: the registry.
        repository: the name of the repository.
        policy: the text of the policy.
        wait: waits some seconds.

    Raises:
        EcrTuiError: the policy is not valid, a permission is missing, or the preview failed or did not end in time.
    """
    pauses = _pauses(repository)
    while not _starts(registry, repository, policy):
        yield None
        wait(next(pauses))
    pauses = _pauses(repository)
    while (preview := registry.lifecycle_preview(repository)).status == IN_PROGRESS:
        yield None
        wait(next(pauses))
    if preview.status != COMPLETE:
        raise EcrTuiError(f"ECR ended the preview as {preview.status or 'unknown'}", "", "Start another preview.")
    if not _is_same_document(preview.policy, policy):
        raise Refused(
            "Another preview has replaced this one", "ECR keeps the last preview of a repository.", "Start it again."
        )
    yield preview


def _is_same_document(one: str, other: str) -> bool:
    try:
        return bool(parse_json(one) == parse_json(other))
    except ValueError:  # a reply without a policy
        return False


def _starts(registry: PreviewRegistry, repository: str, policy: str) -> bool:
    try:
        registry.start_lifecycle_preview(repository, policy)
    except Refused as error:
        if error.kind is ErrorKind.PREVIEW_IN_PROGRESS:
            return False
        raise
    return True


def _pauses(repository: str) -> Iterator[float]:
    pause, waited = FIRST_PAUSE, 0.0
    while waited < TIMEOUT:
        yield pause
        waited += pause
        pause = min(pause * 2, LONGEST_PAUSE)
    raise EcrTuiError(
        f"The preview of {repository} did not end in {TIMEOUT:.0f} seconds", "", "Ask again later.", retryable=True
    )
