"""The program of the registry process: open the registry of a connection, and run operations on it."""

from __future__ import annotations

import gc
import marshal
import os
import socket
import sys
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from threading import Event, Lock
from typing import TYPE_CHECKING, Any

from ecrtui.ecr.row_codec import CODECS
from ecrtui.errors import CredentialsError
from ecrtui.registry.credential_process import end_running
from ecrtui.registry.process.rpc import MFA_CODE, NEW_CREDENTIALS, OPEN, WAITING, ConnectionClosed, RpcConnection
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

GC_THRESHOLD = 50_000
"""New objects that start a garbage collection. A page has ten thousand, and reference counting frees them all."""


def serve(link: socket.socket, open_registry: OpenRegistry) -> None:
    """Handle calls until the other process closes the socket, then exit at once. Calls in progress are abandoned.

    A command of ``credential_process`` that still runs is ended.

    Args:
        link: the socket to the other process.
        open_registry: opens the registry of a connection.
    """
    gc.set_threshold(GC_THRESHOLD)
    sys.setswitchinterval(THREAD_SWITCH_INTERVAL)
    RegistryServer(link, open_registry).rpc.listen()
    end_running()
    os._exit(0)


class RegistryServer:
    """Handles the calls for one connection; see :func:`serve`."""

    def __init__(self, link: socket.socket, open_registry: OpenRegistry) -> None:
        self.rpc = RpcConnection(link, self.handle)
        self._open_registry = open_registry
        self._lock = Lock()
        self._connection: Connection
        self._caller_account = ""
        self._has_connection = Event()
        self._registries: dict[str, EcrRegistry] = {}
        self._next_pages: OrderedDict[object, Future[Page[Any]]] = OrderedDict()
        self._readers = ThreadPoolExecutor(LISTINGS_READ_AHEAD, "page")

    def handle(self, name: str, *arguments: Any) -> Iterator[Any]:
        """Handle a call: ``open`` with connection and caller, or an operation with account, arguments and options."""
        if name == OPEN:
            self._connection, self._caller_account = arguments
            self._has_connection.set()
            self._registry("").connect()
            yield None
            return
        if name in CODECS:
            yield from self._page(name, *arguments)
        else:
            account, values, options = arguments
            yield getattr(self._registry(account), name)(*values, **options)

    def _page(self, name: str, account: str, values: Sequence[str], options: Mapping[str, str]) -> Iterator[Any]:
        """Yield the token of the next page, and then the rows of this one. The next page is requested in between."""

        def read(start: str) -> Page[Any]:
            page: Page[Any] = next(getattr(self._registry(account), name)(*values, **{**options, "start": start}))
            return page

        listing = (name, account, tuple(values), options.get("tag_status"))
        pending = self._next_pages.pop((listing, options["start"]), None)
        page = read(options["start"]) if pending is None else pending.result()
        if page.next_token:
            self._next_pages[listing, page.next_token] = self._readers.submit(read, page.next_token)
            while len(self._next_pages) > LISTINGS_READ_AHEAD:
                self._next_pages.popitem(last=False)
        yield page.next_token
        items, problems = page.rows
        yield marshal.dumps((CODECS[name].to_columns(items), problems))

    def _registry(self, account: str) -> EcrRegistry:
        """Return the registry of an account, "" for that of the connection. Open it first; raise if that fails."""
        self._has_connection.wait()  # calls have a thread each: one can overtake the first, which is "open"
        with self._lock:
            if not self._registries:
                user = User(self._ask_for_code, partial(self._notify, WAITING), partial(self._notify, NEW_CREDENTIALS))
                self._registries[""] = self._open_registry(self._connection, self._caller_account, user)
            if account not in self._registries:
                self._registries[account] = self._registries[""].of_account(account)
            return self._registries[account]

    def _ask_for_code(self, question: str) -> str:
        try:
            return str(self.rpc.call(MFA_CODE, question).next())
        except ConnectionClosed:
            raise CredentialsError("No MFA code was given") from None

    def _notify(self, name: str, *arguments: str) -> None:
        with suppress(ConnectionClosed):  # the client has ended
            self.rpc.call(name, *arguments)
