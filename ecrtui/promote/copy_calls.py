"""Answer calls of another process to copy blobs, in the registry process, which has both connections."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from ecrtui.promote.background_call import BackgroundCall
from ecrtui.promote.transfer import BlobCopy, TransferProgress, TransferResult, copy_blobs

if TYPE_CHECKING:
    from ecrtui.ecr.location import RegistryLocation
    from ecrtui.promote.upload import UploadRecords
    from ecrtui.registry.process.server import RegistryOf

_INTERVAL = 0.1
"""Seconds between two reports."""

_running: dict[str, threading.Event] = {}
"""What stops a transfer, by its token."""


def serve_copy(
    registry_of: RegistryOf,
    records_of: Callable[[RegistryLocation], UploadRecords],
    number: int,
    account: str,
    target: tuple[int, str],
    copies: Sequence[BlobCopy],
    token: str,
) -> Iterator[TransferProgress | TransferResult | None]:
    """Copy blobs. Yield the progress ten times a second, None before there is any, and the result in the end.

    Args:
        registry_of: returns the registries of this process.
        records_of: returns the records of uploads to a registry.
        number: the connection of the source.
        account: its account; empty for that of the connection.
        target: the connection and the account of the target.
        copies: the blobs.
        token: names the transfer for :func:`stop_copy`.

    Raises:
        EcrTuiError: a blob could not be copied.
    """
    source, destination = registry_of(number, account), registry_of(*target)
    records = records_of(destination.location())
    stopped = _running[token] = threading.Event()
    latest: list[TransferProgress | None] = [None]

    def report(progress: TransferProgress) -> None:
        latest[0] = progress

    def copy() -> TransferResult:
        return copy_blobs(source, destination, copies, records, on_progress=report, stop=stopped.is_set)

    call = BackgroundCall(copy, "copy blobs")
    try:
        while not call.wait(_INTERVAL):
            yield latest[0]
    finally:
        stopped.set()  # also if the caller has gone
        _running.pop(token, None)
    result = call.result()
    yield latest[0]
    yield result


def stop_copy(token: str) -> None:
    """Stop a transfer between two parts. One that has just ended needs no stop."""
    if stopped := _running.get(token):
        stopped.set()
