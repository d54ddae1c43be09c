"""The registry as the application has it: every question goes to a process of its own and comes back from there.

That process gets the connection ready while the first frame is drawn, and what it takes to read a page of a thousand
images never holds up a key.
"""

from __future__ import annotations

import marshal
import socket
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from threading import Lock, Thread
from typing import TYPE_CHECKING, Any, TypeVar

from ecrtui.errors import ConnectionFailed, CredentialsError
from ecrtui.registry.paging import iterate_pages
from ecrtui.registry.process.launch import LaunchedProcess, launch
from ecrtui.registry.process.rpc import MFA_CODE, OPEN, ConnectionClosed, ReplyStream, RpcConnection
from ecrtui.registry.protocol import Page

if TYPE_CHECKING:
    from ecrtui.ecr.findings import Finding
    from ecrtui.ecr.image import Image
    from ecrtui.ecr.location import RegistryLocation
    from ecrtui.ecr.manifest import Manifest
    from ecrtui.ecr.put_image_request import PutImageResult
    from ecrtui.ecr.referrer import Referrer
    from ecrtui.ecr.repository import Repository
    from ecrtui.ecr.row_codec import RowCodec
    from ecrtui.settings import Connection

Item = TypeVar("Item")

SHUTDOWN_TIMEOUT = 1.0
"""Seconds that the process gets to end when it is not needed any more; it takes a thousandth of that."""


class RegistryProcess:
    """The process, and who asks it. It is started anew when it is asked after it has ended.

    Args:
        connection: the user's options.
        launched: the process, if it was started already.
    """

    def __init__(self, connection: Connection, launched: LaunchedProcess | None = None) -> None:
        self._connection = connection
        self.mfa_code: Callable[[str], str] | None = None
        """Asks the user for the code of an MFA device, where somebody can be asked."""
        self._lock = Lock()
        self._link: socket.socket
        self._process: subprocess.Popen[bytes]
        self._peer = self._connected(launched or launch())

    @property
    def pid(self) -> int:
        """The number of the process."""
        return self._process.pid

    def ask(self, name: str, *arguments: Any) -> ReplyStream:
        """Ask it; blocks until the question is sent.

        Raises:
            PeerGone: it has ended just now.
        """
        with self._lock:
            if self._peer.gone:
                self._process.wait()
                self._peer = self._connected(launch())
            peer = self._peer
        return peer.ask(name, *arguments)

    def close(self) -> None:
        """Let it end. What is under way in it is not waited for."""
        with suppress(OSError):  # it has ended before
            self._link.shutdown(socket.SHUT_RDWR)
        try:
            self._process.wait(SHUTDOWN_TIMEOUT)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _connected(self, launched: LaunchedProcess) -> RpcConnection:
        self._process, self._link = launched.process, launched.link
        peer = RpcConnection(launched.link, self._answer)
        Thread(target=peer.listen, daemon=True, name="registry process").start()
        peer.ask(OPEN, self._connection)  # what is wrong with it is told to whoever asks next
        return peer

    def _answer(self, name: str, question: str) -> Iterator[str]:
        if name != MFA_CODE or self.mfa_code is None:
            raise CredentialsError("The profile asks for an MFA code", question)
        yield self.mfa_code(question)


class RemoteRegistry:
    """See :class:`ecrtui.registry.protocol.Registry`.

    Args:
        process: answers.
        registry_id: the account; empty for the one that the connection leads to.
    """

    def __init__(self, process: RegistryProcess, registry_id: str = "") -> None:
        self._process = process
        self._account = registry_id
        self._location: RegistryLocation | None = None

    def of_account(self, registry_id: str) -> RemoteRegistry:
        """The registry of another account, by the same connection."""
        return RemoteRegistry(self._process, registry_id)

    def location(self) -> RegistryLocation:
        """Account, region and endpoint."""
        self._location = self._location or self._ask("location")
        return self._location

    def identity(self) -> str:
        """The caller's ARN; empty if it cannot be known."""
        return str(self._ask("identity"))

    def repositories(self, start: str = "") -> Iterator[Page[Repository]]:
        """All repositories from a page token on."""
        return self._pages("repositories", "DescribeRepositories", start)

    def repository(self, name: str) -> Repository:
        """One repository."""
        found: Repository = self._ask("repository", name)
        return found

    def images(self, repository: str, *, tag_status: str = "ANY", start: str = "") -> Iterator[Page[Image]]:
        """All images, archived ones too, from a page token on."""
        return self._pages("images", "DescribeImages", start, repository, tag_status=tag_status)

    def images_by_digest(self, repository: str, digests: Sequence[str]) -> tuple[Image, ...]:
        """These images, as they are now."""
        return tuple(self._ask("images_by_digest", repository, list(digests)))

    def images_by_tag(self, repository: str, tags: Sequence[str]) -> Mapping[str, Image]:
        """The images that hold these tags now."""
        return dict(self._ask("images_by_tag", repository, list(tags)))

    def tag_is_at(self, repository: str, tag: str, digest: str) -> bool:
        """Whether the tag is at this digest now."""
        return bool(self._ask("tag_is_at", repository, tag, digest))

    def manifest(self, repository: str, digest: str) -> Manifest:
        """The exact manifest, by digest."""
        found: Manifest = self._ask("manifest", repository, digest)
        return found

    def manifests(self, repository: str, digests: Sequence[str]) -> tuple[Manifest, ...]:
        """Several manifests; those that cannot be had, or are not intact, are left out."""
        return tuple(self._ask("manifests", repository, list(digests)))

    def blob(self, repository: str, digest: str, limit: int) -> bytes:
        """A blob of at most so many bytes, checked against its digest."""
        return bytes(self._ask("blob", repository, digest, limit))

    def put_image(self, repository: str, manifest: Manifest, tag: str) -> PutImageResult:
        """Give the manifest a tag."""
        result: PutImageResult = self._ask("put_image", repository, manifest, tag, write=True)
        return result

    def untag(self, repository: str, tag: str) -> None:
        """Remove a tag."""
        self._ask("untag", repository, tag, write=True)

    def lifecycle_policy(self, repository: str) -> str:
        """The text of the lifecycle policy; empty if there is none."""
        return str(self._ask("lifecycle_policy", repository))

    def resource_tags(self, repository: Repository) -> tuple[tuple[str, str], ...]:
        """The tags of the repository as an AWS resource."""
        return tuple(self._ask("resource_tags", repository))

    def findings(self, repository: str, digest: str) -> tuple[Finding, ...]:
        """All findings of the image's scan."""
        return tuple(self._ask("findings", repository, digest))

    def referrers(self, repository: str, digest: str) -> tuple[Referrer, ...]:
        """What refers to this image."""
        return tuple(self._ask("referrers", repository, digest))

    def _ask(self, name: str, *values: Any, write: bool = False) -> Any:
        try:
            return self._process.ask(name, self._account, values, {}).next()
        except ConnectionClosed:
            raise _ended(write=write) from None

    def _pages(self, name: str, operation: str, start: str, *values: str, **options: str) -> Iterator[Page[Any]]:
        from ecrtui.ecr.row_codec import CODECS

        def page(token: str) -> Page[Any]:
            try:
                parts = self._process.ask(name, self._account, values, {**options, "start": token})
                following = str(parts.next())
            except ConnectionClosed:
                raise _ended() from None
            return Page(read=partial(_rows, CODECS[name], parts), next_token=following)

        return iterate_pages(page, lambda page: page.next_token, start, operation)


def _rows(columns: RowCodec[Item], parts: ReplyStream) -> tuple[Item, ...]:
    try:
        packed = parts.next()
    except ConnectionClosed:
        raise _ended() from None
    return tuple(columns.from_columns(marshal.loads(packed)))  # noqa: S302 - of our own process


def _ended(*, write: bool = False) -> ConnectionFailed:
    """The error for a question that nobody answers any more; what a write has done is not known then."""
    return ConnectionFailed(
        "The process that talks to the registry has ended",
        "Whether it was written is not known." if write else "",
        "Try again: it is started anew.",
        retryable=True,
        ambiguous=write,
    )
