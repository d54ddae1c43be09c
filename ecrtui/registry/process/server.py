"""The program of the registry process: open the registries of its connections, and run operations on them."""

from __future__ import annotations

import gc
import marshal
import os
import socket
import sys
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import partial
from threading import Condition, Event, Lock
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from ecrtui.ecr.row_codec import CODECS
from ecrtui.errors import EcrTuiError
from ecrtui.freed_memory import keep_freed_memory
from ecrtui.registry.configuration.profiles import list_profiles
from ecrtui.registry.credentials.credential_process import end_running
from ecrtui.registry.process.rpc import CLOSE, OPEN, PROFILES, SSO_ROLES, RpcConnection, connection_closed
from ecrtui.registry.process.user_calls import remote_user
from ecrtui.registry.user import User

if TYPE_CHECKING:
    from ecrtui.registry.gateway import EcrRegistry
    from ecrtui.registry.protocol import Page
    from ecrtui.settings import Connection

OpenRegistry = Callable[["Connection", str, User], "EcrRegistry"]
"""Opens the registry of a connection.

The second argument is the account of the caller, if an earlier process knew it.
"""

LISTINGS_READ_AHEAD = 4
"""Listings whose next page is requested early. The page of the listing that was read longest ago is dropped."""

THREAD_SWITCH_INTERVAL = 0.0005
"""Seconds until a thread that parses a page yields to one that sends a request; Python's default is ten times that."""

REQUEST_TIME = 0.005
"""Seconds that a page is not parsed, so that the request of the next one can leave. Parsing holds the interpreter."""

GC_THRESHOLD = 50_000
"""New objects that start a garbage collection. A page has ten thousand, and reference counting frees them all."""


RegistryOf = Callable[[int, str], "EcrRegistry"]
"""Returns the registry of a connection by its number, and of an account; "" for that of the connection."""

Extension = Callable[..., Iterator[Any]]
"""Handles another call: takes :data:`RegistryOf`, the number of the connection, and the arguments of the call."""


def serve(
    link: socket.socket,
    open_registry: OpenRegistry,
    extensions: Mapping[str, Extension] = MappingProxyType({}),
    close: Callable[[], None] = lambda: None,
) -> None:
    """Handle calls until the other process closes the socket, then exit at once. Calls in progress are abandoned.

    A command of ``credential_process`` that still runs is ended.

    Args:
        link: the socket to the other process.
        open_registry: opens the registry of a connection.
        extensions: handle calls of other packages, by name.
        close: closes what the registries have opened; nothing else does at such an end. It must not wait for a call.
    """
    gc.set_threshold(GC_THRESHOLD)
    sys.setswitchinterval(THREAD_SWITCH_INTERVAL)
    RegistryServer(link, open_registry, extensions).rpc.listen()
    end_running()
    close()
    os._exit(0)


class RegistryServer:
    """Handles the calls for several connections; see :func:`serve`."""

    def __init__(
        self,
        link: socket.socket,
        open_registry: OpenRegistry,
        extensions: Mapping[str, Extension] = MappingProxyType({}),
    ) -> None:
        self._extensions = extensions
        self.rpc = RpcConnection(link, self.handle)
        self._open_registry = open_registry
        self._changed = Condition()
        self._connections: dict[int, ServedConnection | None] = {}
        """The connections by number; None for one that was closed."""

    def handle(self, name: str, number: int, *arguments: Any) -> Iterator[Any]:
        """Handle a call: "open", "close", "profiles", "sso_roles", or an operation on a connection."""
        if name == OPEN:
            opened = self._new_connection(number, *arguments)
            self._put(number, opened)
            opened.prepare()
            keep_freed_memory()  # the first reply is on its way
            yield None
        elif name == CLOSE:
            self._put(number, None)
            yield None
        elif name == PROFILES:
            yield list_profiles()
        elif name == SSO_ROLES:
            from ecrtui.registry.sso.roles import list_roles  # few users need it

            session, connection = arguments
            yield from list_roles(session, connection, remote_user(self.rpc, number))
            yield None
        elif name in self._extensions:
            yield from self._extensions[name](self._registry_of, number, *arguments)
        elif name in CODECS:
            yield from self._connection(number).page(name, *arguments)
        else:
            yield self._connection(number).operation(name, *arguments)

    def _registry_of(self, number: int, account: str) -> EcrRegistry:
        return self._connection(number).registry(account)

    def _new_connection(self, number: int, connection: Connection, caller_account: str) -> ServedConnection:
        user = remote_user(self.rpc, number)
        return ServedConnection(partial(self._open_registry, connection, caller_account, user))

    def _put(self, number: int, connection: ServedConnection | None) -> None:
        with self._changed:
            self._connections[number] = connection
            self._changed.notify_all()

    def _connection(self, number: int) -> ServedConnection:
        """Return the connection with this number. Calls have a thread each: one can overtake "open", and waits.

        Raises:
            ConnectionFailed: the connection was closed.
        """
        with self._changed:
            self._changed.wait_for(lambda: number in self._connections)
            connection = self._connections[number]
        if connection is None:
            raise connection_closed()
        return connection


class ServedConnection:
    """Runs operations on one connection: the registries of its accounts, and the pages that are read ahead.

    Args:
        open_registry: opens the registry of the connection.
    """

    def __init__(self, open_registry: Callable[[], EcrRegistry]) -> None:
        self._open_registry = open_registry
        self._lock = Lock()
        self._is_prepared = Event()
        self._failure: EcrTuiError | None = None
        """Why it could not be prepared, until an operation has failed with it."""
        self._registries: dict[str, EcrRegistry] = {}
        self._next_pages: OrderedDict[object, Future[Page[Any]]] = OrderedDict()
        self._readers = ThreadPoolExecutor(LISTINGS_READ_AHEAD, "page")

    def prepare(self) -> None:
        """Create the client before the first operation needs it. Nothing is sent; raise if that fails.

        The first operation waits for it, and fails with it: the user would be asked to sign in a second time.
        """
        try:
            self._opened("").connect()
        except EcrTuiError as error:
            self._failure = error
            raise
        finally:
            self._is_prepared.set()

    def operation(self, name: str, account: str, values: Sequence[Any], options: Mapping[str, Any]) -> Any:
        """Return the result of an operation that has one reply."""
        return getattr(self.registry(account), name)(*values, **options)

    def page(self, name: str, account: str, values: Sequence[str], options: Mapping[str, str]) -> Iterator[Any]:
        """Yield the token of the next page, and then the rows of this one. The next page is requested in between."""

        def read(start: str) -> Page[Any]:
            page: Page[Any] = next(getattr(self.registry(account), name)(*values, **{**options, "start": start}))
            return page

        listing = (name, account, tuple(values), options.get("tag_status"))
        pending = self._next_pages.pop((listing, options["start"]), None)
        page = read(options["start"]) if pending is None else pending.result()
        ahead: list[Future[Page[Any]]] = []
        if page.next_token:
            ahead = [self._readers.submit(read, page.next_token)]
            self._next_pages[listing, page.next_token] = ahead[0]
            while len(self._next_pages) > LISTINGS_READ_AHEAD:
                self._next_pages.popitem(last=False)
        yield page.next_token
        wait(ahead, REQUEST_TIME)
        items, problems = page.rows
        yield marshal.dumps((CODECS[name].to_columns(items), problems))

    def registry(self, account: str) -> EcrRegistry:
        """Return the registry of an account, "" for that of the connection. Open it first; raise if that fails."""
        self._is_prepared.wait()
        with self._lock:
            failure, self._failure = self._failure, None
        if failure is not None:
            raise failure
        return self._opened(account)

    def _opened(self, account: str) -> EcrRegistry:
        with self._lock:
            if not self._registries:
                self._registries[""] = self._open_registry()
            if account not in self._registries:
                self._registries[account] = self._registries[""].of_account(account)
            return self._registries[account]
