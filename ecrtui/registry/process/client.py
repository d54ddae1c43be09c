"""The registry as the application uses it: each operation runs in the registry process.

That process prepares the connection while the first frame is drawn. To parse a page of a thousand images there never
delays a key press here.
"""

from __future__ import annotations

import marshal
import socket
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from itertools import count
from threading import RLock, Thread
from typing import TYPE_CHECKING, Any, TypeVar

from ecrtui.ecr.location import account_of_arn
from ecrtui.errors import ConnectionFailed, reason_of
from ecrtui.registry.paging import iterate_pages
from ecrtui.registry.process.launch import LaunchedProcess, launch
from ecrtui.registry.process.rpc import (
    CLOSE,
    OPEN,
    PROFILES,
    SSO_ROLES,
    ConnectionClosed,
    ReplyStream,
    RpcConnection,
    connection_closed,
)
from ecrtui.registry.process.user_calls import SIGN_IN, WAITING, answer
from ecrtui.registry.protocol import ECR_CAPABILITIES, Capabilities, Page, PageRows, Registry
from ecrtui.registry.user import User

if TYPE_CHECKING:
    from ecrtui.ecr.findings import ImageScan, RepositoryScanning, ScanReport
    from ecrtui.ecr.image import Image
    from ecrtui.ecr.layer import LayerState
    from ecrtui.ecr.lifecycle import LifecyclePreview
    from ecrtui.ecr.location import RegistryLocation
    from ecrtui.ecr.manifest import Manifest
    from ecrtui.ecr.profile import ProfileList, SsoRole
    from ecrtui.ecr.put_image_request import PutImageResult
    from ecrtui.ecr.referrer import Referrer
    from ecrtui.ecr.replication import Destination, Replica, ReplicationRules
    from ecrtui.ecr.repository import Repository
    from ecrtui.ecr.row_codec import RowCodec
    from ecrtui.ecr.signing import ImageSigning
    from ecrtui.settings import Connection

Item = TypeVar("Item")

SHUTDOWN_TIMEOUT = 1.0
"""Seconds that the process may take to end before it is killed. It takes a millisecond."""


class RegistryProcess:
    """The registry process. It holds several connections; it is started again when it is called after it has ended.

    Args:
        launched: the process, if it runs already; without it, the first call or :meth:`start` starts it.
        shutdown_timeout: seconds that the process may take to end before it is killed.
    """

    def __init__(self, launched: LaunchedProcess | None = None, shutdown_timeout: float = SHUTDOWN_TIMEOUT) -> None:
        self._shutdown_timeout = shutdown_timeout
        self._lock = RLock()
        self._numbers = count(1)
        self._connections: dict[int, RemoteConnection] = {}
        """The open connections by the number that each call carries."""
        self._closed: dict[int, RemoteConnection] = {}
        """The closed connections that still show a sign-in, by their number."""
        self._users: dict[int, User] = {}
        """The users of calls without a connection, by the number of the call."""
        self._launched: LaunchedProcess | None = None
        self._rpc = self._connect(launched) if launched else None

    @property
    def pid(self) -> int:
        """The id of the process, which has been started."""
        if self._launched is None:
            raise RuntimeError("the registry process has not been started")
        return self._launched.process.pid

    def open(self, connection: Connection, user: User | None = None) -> RemoteConnection:
        """Add a connection. A process that runs prepares it at once; an error comes from the first operation.

        Args:
            connection: the user's options.
            user: how to ask and to tell the user; None if there is no user.
        """
        with self._lock:
            opened = RemoteConnection(self, next(self._numbers), connection, user or User())
            self._connections[opened.number] = opened
            if self._rpc is not None:
                opened.prepare(self._rpc)
        return opened

    def drop(self, number: int) -> None:
        """Forget a connection; see :meth:`RemoteConnection.close`."""
        with self._lock:
            closed = self._connections.pop(number, None)
            if closed is not None and self._rpc is not None:
                if closed.shown:
                    self._closed[number] = closed
                with suppress(ConnectionClosed):  # a new process does not get this connection
                    self._rpc.call(CLOSE, number)

    def start(self) -> bool:
        """Start the process unless it runs. Return False if the system cannot start it."""
        try:
            self._live_rpc()
        except OSError:
            return False
        return True

    def call(self, name: str, *arguments: Any) -> ReplyStream:
        """Call the process; return as soon as the call is sent.

        Raises:
            ConnectionClosed: the process has ended, and so has the next one.
            ConnectionFailed: the system cannot start the process; nothing was sent.
        """
        try:
            try:
                return self._live_rpc().call(name, *arguments)
            except ConnectionClosed:
                # It ended just now and has not handled the call: send it to a new process, writes too.
                return self._live_rpc().call(name, *arguments)
        except OSError as problem:
            raise ConnectionFailed(
                "Could not start the registry process",
                reason_of(problem),
                "Free memory, or end other processes. Then try again.",
                retryable=True,
            ) from None

    def profiles(self) -> ProfileList:
        """Return the profiles of the AWS configuration, as :mod:`ecrtui.registry.configuration.profiles` finds them.

        Raises:
            ConnectionFailed: the process has ended.
        """
        try:
            found: ProfileList = self.call(PROFILES, 0).next()
        except ConnectionClosed:
            raise _process_ended() from None
        return found

    def sso_roles(self, session: str, connection: Connection, user: User) -> Iterator[tuple[SsoRole, ...]]:
        """Yield the roles of an ``sso-session``; see :func:`ecrtui.registry.sso.roles.list_roles`.

        Raises:
            ConnectionFailed: the process has ended.
        """
        with self._lock:
            number = next(self._numbers)
            self._users[number] = user
        try:
            reply = self.call(SSO_ROLES, number, session, connection)
            while (found := reply.next()) is not None:
                yield found
        except ConnectionClosed:
            raise _process_ended() from None
        finally:
            self._users.pop(number, None)

    def close(self) -> None:
        """End the process. Calls in progress are abandoned."""
        if self._launched is not None:
            with suppress(OSError):  # it has ended already
                self._launched.socket.shutdown(socket.SHUT_RDWR)
            self._wait(self._launched.process)

    def _live_rpc(self) -> RpcConnection:
        with self._lock:
            if self._rpc is None or self._rpc.closed:
                if self._launched is not None:
                    self._wait(self._launched.process)
                self._rpc = self._connect(launch())
            return self._rpc

    def _wait(self, process: subprocess.Popen[bytes]) -> None:
        try:
            process.wait(self._shutdown_timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _connect(self, launched: LaunchedProcess) -> RpcConnection:
        self._launched = launched
        rpc = RpcConnection(launched.socket, self._handle)
        Thread(target=rpc.listen, daemon=True, name="registry process").start()
        self._closed.clear()
        for connection in self._connections.values():
            connection.prepare(rpc)
        return rpc

    def _handle(self, name: str, number: int, *arguments: Any) -> Iterator[Any]:
        """Handle a question or a report of a sign-in."""
        with self._lock:
            if (connection := self._connections.get(number)) is not None:
                connection.call_began(name, *arguments)
            user = self._user_of(number)
        try:
            yield from answer(user, name, *arguments)
        finally:
            self._call_ended(name, number, *arguments)

    def _user_of(self, number: int) -> User:
        """Return the user of a connection or a call. A closed connection shows nothing new."""
        if (connection := self._connections.get(number)) is not None:
            return connection.user
        if (closed := self._closed.get(number)) is not None:
            return _user_after_close(closed.user)
        return self._users.get(number, User())

    def _call_ended(self, name: str, number: int, *arguments: Any) -> None:
        with self._lock:
            connection = self._connections.get(number) or self._closed.get(number)
            if connection is not None:
                connection.call_ended(name, *arguments)
                if not connection.shown:
                    self._closed.pop(number, None)


def _user_after_close(user: User) -> User:
    """Return the user of a closed connection: its messages are removed when they end, and nothing else is shown."""
    return User(on_waiting=lambda text: None if text else user.on_waiting(""), end_sign_in=user.end_sign_in)


class RemoteConnection:
    """A connection that the registry process holds.

    Args:
        process: the process.
        number: identifies the connection in the process.
        connection: the user's options.
        user: how to ask and to tell the user.
    """

    def __init__(self, process: RegistryProcess, number: int, connection: Connection, user: User) -> None:
        self.process = process
        self.number = number
        self.user = user
        self.caller_account = ""
        """The account of the caller, once known. A process that is started again refuses credentials of another."""
        self.shown: set[object] = set()
        """What the user sees of a sign-in: :data:`WAITING` for a message, and the requests that have a page."""
        self._connection = connection
        self._closed = False

    def open_in(self, process: RegistryProcess) -> RemoteConnection:
        """Open the same connection in another process, with the same user."""
        return process.open(self._connection, self.user)

    @property
    def in_memory(self) -> bool:
        """True if the registry exists only in the process that holds the connection."""
        return self._connection.demo and self._connection.database is None

    def prepare(self, rpc: RpcConnection) -> None:
        """Make the connection known to a process, which prepares it."""
        with suppress(ConnectionClosed):  # the next call finds that out, too
            rpc.call(OPEN, self.number, self._connection, self.caller_account)  # an error comes again from that call

    def call(self, name: str, *arguments: Any) -> ReplyStream:
        """Call an operation on this connection; see :meth:`RegistryProcess.call`.

        Raises:
            ConnectionFailed: this connection was closed.
        """
        if self._closed:
            raise connection_closed()
        return self.process.call(name, self.number, *arguments)

    def call_began(self, name: str, *arguments: Any) -> None:
        """Note what the user sees of a sign-in from now on."""
        if name == SIGN_IN:
            self.shown.add(arguments[0])
        elif name == WAITING and arguments[0]:
            self.shown.add(WAITING)

    def call_ended(self, name: str, *arguments: Any) -> None:
        """Note what the user no longer sees of a sign-in."""
        if name == SIGN_IN:
            self.shown.discard(arguments[0])
        elif name == WAITING and not arguments[0]:
            self.shown.discard(WAITING)

    def close(self) -> None:
        """Let the process forget the connection. A call that it handles still ends; a later one is an error."""
        self._closed = True
        self.process.drop(self.number)


class RemoteRegistry(Registry):
    """The registry of the registry process.

    Args:
        connection: runs the operations.
        registry_id: the account; empty for that of the connection.
    """

    capabilities: Capabilities = ECR_CAPABILITIES

    def __init__(self, connection: RemoteConnection, registry_id: str = "") -> None:
        self._connection = connection
        self._account = registry_id
        self._location: RegistryLocation | None = None

    @property
    def connection(self) -> RemoteConnection:
        """The connection of the registry."""
        return self._connection

    @property
    def account(self) -> str:
        """The account that the registry was opened for; empty for that of the connection."""
        return self._account

    def of_account(self, registry_id: str) -> RemoteRegistry:
        return RemoteRegistry(self._connection, registry_id)

    def location(self) -> RegistryLocation:
        if self._location is None:
            self._location = self._call("location")
            if not self._account:
                self._connection.caller_account = self._location.registry_id
        return self._location

    def identity(self) -> str:
        arn = str(self._call("identity"))
        self._connection.caller_account = self._connection.caller_account or account_of_arn(arn)
        return arn

    def mfa_ends(self) -> float:
        return float(self._call("mfa_ends"))

    def ensure_credentials(self, seconds: float) -> None:
        self._call("ensure_credentials", seconds)

    def account_alias(self) -> str | None:
        alias = self._call("account_alias")
        return None if alias is None else str(alias)

    def repositories(self, start: str = "") -> Iterator[Page[Repository]]:
        return self._pages("repositories", "DescribeRepositories", start)

    def repository(self, name: str) -> Repository:
        found: Repository = self._call("repository", name)
        return found

    def images(self, repository: str, *, tag_status: str = "ANY", start: str = "") -> Iterator[Page[Image]]:
        return self._pages("images", "DescribeImages", start, repository, tag_status=tag_status)

    def images_by_digest(self, repository: str, digests: Sequence[str]) -> tuple[Image, ...]:
        return tuple(self._call("images_by_digest", repository, list(digests)))

    def images_by_tag(
        self, repository: str, tags: Sequence[str], *, keep_pull_times: bool = False
    ) -> Mapping[str, Image]:
        return dict(self._call("images_by_tag", repository, list(tags), keep_pull_times=keep_pull_times))

    def tag_is_at(self, repository: str, tag: str, digest: str) -> bool:
        return bool(self._call("tag_is_at", repository, tag, digest))

    def manifest(self, repository: str, digest: str) -> Manifest:
        found: Manifest = self._call("manifest", repository, digest)
        return found

    def manifests(self, repository: str, digests: Sequence[str]) -> tuple[Manifest, ...]:
        return tuple(self._call("manifests", repository, list(digests)))

    def tagged_manifests(self, repository: str, tags: Sequence[str], *, strict: bool = False) -> Mapping[str, Manifest]:
        return dict(self._call("tagged_manifests", repository, list(tags), strict=strict))

    def layers(self, repository: str, digests: Sequence[str]) -> Mapping[str, LayerState]:
        return dict(self._call("layers", repository, list(digests)))

    def mounts_layers(self) -> bool:
        return bool(self._call("mounts_layers"))

    def create_repository(self, repository: str) -> None:
        self._call("create_repository", repository, write=True)

    def blob(self, repository: str, digest: str, limit: int) -> bytes:
        return bytes(self._call("blob", repository, digest, limit))

    def blob_start(self, repository: str, digest: str, count: int) -> bytes:
        return bytes(self._call("blob_start", repository, digest, count))

    def put_image(self, repository: str, manifest: Manifest, tag: str) -> PutImageResult:
        result: PutImageResult = self._call("put_image", repository, manifest, tag, write=True)
        return result

    def untag(self, repository: str, tag: str) -> None:
        self._call("untag", repository, tag, write=True)

    def repository_policy(self, repository: str) -> str:
        return str(self._call("repository_policy", repository))

    def registry_policy(self) -> str:
        return str(self._call("registry_policy"))

    def repository_scanning(self, repository: str) -> RepositoryScanning:
        found: RepositoryScanning = self._call("repository_scanning", repository)
        return found

    def lifecycle_policy(self, repository: str) -> str:
        return str(self._call("lifecycle_policy", repository))

    def start_lifecycle_preview(self, repository: str, policy: str) -> None:
        self._call("start_lifecycle_preview", repository, policy)

    def lifecycle_preview(self, repository: str) -> LifecyclePreview:
        found: LifecyclePreview = self._call("lifecycle_preview", repository)
        return found

    def replication(self, *, again: bool = False) -> ReplicationRules:
        found: ReplicationRules = self._call("replication", again=again)
        return found

    def replicated_tags(self, destination: Destination, repository: str, tags: Sequence[str]) -> Mapping[str, Image]:
        return dict(self._call("replicated_tags", destination, repository, list(tags)))

    def replicas(self, repository: str, digest: str) -> tuple[Replica, ...]:
        return tuple(self._call("replicas", repository, digest))

    def signings(self, repository: str, digest: str) -> tuple[ImageSigning, ...]:
        return tuple(self._call("signings", repository, digest))

    def pull_time_exclusions(self) -> tuple[str, ...]:
        return tuple(self._call("pull_time_exclusions"))

    def resource_tags(self, repository: Repository) -> tuple[tuple[str, str], ...]:
        return tuple(self._call("resource_tags", repository))

    def scan(self, repository: str, digest: str) -> ImageScan:
        found: ImageScan = self._call("scan", repository, digest)
        return found

    def findings(self, repository: str, digest: str) -> ScanReport:
        report: ScanReport = self._call("findings", repository, digest)
        return report

    def referrers(self, repository: str, digest: str) -> tuple[Referrer, ...]:
        return tuple(self._call("referrers", repository, digest))

    def _call(self, name: str, *values: Any, write: bool = False, **options: Any) -> Any:
        try:
            return self._connection.call(name, self._account, values, options).next()
        except ConnectionClosed:
            raise _process_ended(write=write) from None

    def _pages(self, name: str, operation: str, start: str, *values: str, **options: str) -> Iterator[Page[Any]]:
        from ecrtui.ecr.row_codec import CODECS

        def read(token: str) -> Page[Any]:
            try:
                reply = self._connection.call(name, self._account, values, {**options, "start": token})
                next_token = str(reply.next())
            except ConnectionClosed:
                raise _process_ended() from None
            return Page(read=partial(_rows, CODECS[name], reply), next_token=next_token)

        return iterate_pages(read, lambda page: page.next_token, start, operation)


def _rows(codec: RowCodec[Item], reply: ReplyStream) -> PageRows[Item]:
    try:
        packed = reply.next()
    except ConnectionClosed:
        raise _process_ended() from None
    columns, problems = marshal.loads(packed)  # noqa: S302 - from our own process
    return PageRows(tuple(codec.from_columns(columns)), problems)


def _process_ended(*, write: bool = False) -> ConnectionFailed:
    """Return the error for a call without a reply. The result of a write is unknown then."""
    return ConnectionFailed(
        "The registry process has ended",
        "The result of the write is unknown." if write else "",
        "Try again. The process is started again.",
        retryable=True,
        ambiguous=write,
    )
