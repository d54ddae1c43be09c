"""Copy blobs in a process of their own: the side of the process that asks for it."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from ecrtui.errors import ConnectionFailed
from ecrtui.promote.apply import BlobCopier
from ecrtui.promote.transfer import BlobCopy, OnProgress, TransferProgress, TransferResult
from ecrtui.promote.upload import UploadRecords
from ecrtui.registry.process.client import RegistryProcess, RemoteConnection, RemoteRegistry
from ecrtui.registry.process.rpc import COPY_BLOBS, STOP_COPYING, ConnectionClosed


@contextmanager
def remote_copier(source: RemoteRegistry, target: RemoteRegistry) -> Iterator[BlobCopier]:
    """Yield what copies blobs between two registries. A process is started for it, and ended after the block.

    So the process that browses stays quick. A registry in memory exists only in the process that has it, so that one
    copies then.

    Args:
        source: the registry of the blobs.
        target: the registry that gets them.
    """
    if source.connection.in_memory or target.connection.in_memory:
        yield RemoteBlobCopier(source.connection, source.account, target.connection, target.account)
        return
    process = RegistryProcess()
    try:
        yield RemoteBlobCopier(
            source.connection.open_in(process), source.account, target.connection.open_in(process), target.account
        )
    finally:
        process.close()


@dataclass(frozen=True, slots=True)
class RemoteBlobCopier(BlobCopier):
    """Copies blobs between two connections of one registry process."""

    source: RemoteConnection
    source_account: str
    target: RemoteConnection
    target_account: str

    def __call__(
        self, copies: Sequence[BlobCopy], records: UploadRecords, *, on_progress: OnProgress, stop: Callable[[], bool]
    ) -> TransferResult:
        """Copy these blobs. The other process keeps the records in the journal itself.

        Raises:
            EcrTuiError: a blob could not be copied, or the process has ended.
        """
        token = secrets.token_hex(8)
        target = (self.target.number, self.target_account)
        try:
            reply = self.source.call(COPY_BLOBS, self.source_account, target, tuple(copies), token)
            while not isinstance(part := reply.next(), TransferResult):
                if isinstance(part, TransferProgress):
                    on_progress(part)
                if stop():
                    self.source.call(STOP_COPYING, token)
        except ConnectionClosed:
            raise ConnectionFailed(
                "The process that copies the layers has ended",
                "",
                "Try again. Complete layers are not sent again.",
                retryable=True,
            ) from None
        return part
