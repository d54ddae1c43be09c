"""Wait until an image is in the registry, as a pipeline does before it continues."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

from ecrtui.catalog.image_lookup import look_up
from ecrtui.ecr.image import Image
from ecrtui.ecr.reference import Reference
from ecrtui.errors import EcrTuiError, NotFound
from ecrtui.registry.protocol import Registry

INTERVAL = 5.0
"""Seconds between two requests. Such a request does not count as a pull."""


class Clock(Protocol):
    """What tells the time, and waits."""

    def monotonic(self) -> float:
        """Return seconds since some moment."""

    def sleep(self, seconds: float, /) -> None:
        """Wait."""


class OtherImage(EcrTuiError):  # noqa: N818 - reads as what happened
    """The tag still pointed to another image than the awaited one when the time was up."""


class NotThere(EcrTuiError):  # noqa: N818
    """There was still no such image when the time was up."""


def wait_for_image(
    registry: Registry,
    reference: Reference,
    digest: str,
    limit: float,
    *,
    on_look: Callable[[str], None] = lambda _: None,
    clock: Clock = time,
) -> Image:
    """Return the image as soon as it is there.

    A repository that does not exist yet, a throttled request and a lost connection are no reason to end.

    Args:
        registry: the registry.
        reference: the image, by tag or digest.
        digest: the digest that the tag must have; empty for any.
        limit: seconds to wait. One request is sent at least.
        on_look: gets what was found, after each request without success.
        clock: the time.

    Raises:
        OtherImage: the tag points to another image.
        NotThere: there is no such image.
        EcrTuiError: waiting cannot help, or the last look failed.
    """
    end = clock.monotonic() + limit
    while True:
        problem: EcrTuiError
        try:
            image = look_up(registry, reference)
        except NotFound as error:  # the repository
            problem = _not_there(error.detail)
        except EcrTuiError as error:
            if not error.retryable:
                raise
            problem = error
        else:
            if image is not None and digest in ("", image.digest):
                return image
            problem = _not_yet(reference, digest, image)
        left = end - clock.monotonic()
        if left <= 0:
            raise problem
        on_look(str(problem))
        clock.sleep(min(INTERVAL, left))


def _not_yet(reference: Reference, digest: str, found: Image | None) -> EcrTuiError:
    if found is None:
        return _not_there(f"{reference} does not exist.")
    return OtherImage("The tag points to another image", f"{reference} is {found.digest}, and not {digest}.")


def _not_there(detail: str) -> NotThere:
    return NotThere("The image is not there", detail, "Check the name, or wait longer with --timeout.")
