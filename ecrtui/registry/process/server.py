"""What runs in the registry's process: it opens the registry that it is told of, and answers what it is asked of it."""

from __future__ import annotations

import gc
import marshal
import os
import socket
import sys
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock
from typing import TYPE_CHECKING, Any

from ecrtui.ecr import row_codec as columns
from ecrtui.errors import CredentialsError
from ecrtui.registry.process.rpc import MFA_CODE, OPEN, ConnectionClosed, RpcConnection

if TYPE_CHECKING:
    from ecrtui.registry.gateway import EcrRegistry
    from ecrtui.registry.protocol import Page
    from ecrtui.settings import Connection

Open = Callable[["Connection", Callable[[str], str]], "EcrRegistry"]

AHEAD = 4
"""Listings of which the next page is read before it is asked for; of the one read longest ago it is dropped."""

THREAD_SWITCH_INTERVAL = 0.0005
"""Seconds after which a thread that reads a page lets another one send its request; Python's own are ten times that."""

GC_THRESHOLD = 50_000
"""Objects after which the collector looks for garbage. A page has ten thousand, and all of them go by themselves."""


def serve(link: socket.socket, open_registry: Open) -> None:
    """Answer until the other process is gone, then end at once, whatever is under way: nobody would hear of it.

    Args:
        link: the socket to the process that asks.
        open_registry: opens the registry of a connection; the second argument asks the user for the code of a device.
    """
    gc.set_threshold(GC_THRESHOLD)
    sys.setswitchinterval(THREAD_SWITCH_INTERVAL)
    RegistryServer(link, open_registry).peer.listen()
    os._exit(0)


class RegistryServer:
    """Answers for one connection; see :func:`serve`."""

    def __init__(self, link: socket.socket, open_registry: Open) -> None:
        self.peer = RpcConnection(link, self.answer)
        self._open_registry = open_registry
        self._lock = Lock()
        self._connection: Connection | None = None
        self._registries: dict[str, EcrRegistry] = {}
        self._ahead: OrderedDict[object, Future[Page[Any]]] = OrderedDict()
        self._readers = ThreadPoolExecutor(AHEAD, "page")

    def answer(self, name: str, *arguments: Any) -> Iterator[Any]:
        """Answer a question: ``open`` with the connection, or an operation with account, arguments and options."""
        if name == OPEN:
            (self._connection,) = arguments
            self._registry("").connect()
            yield None
            return
        if name in columns.CODECS:
            yield from self._page(name, *arguments)
        else:
            account, values, options = arguments
            yield getattr(self._registry(account), name)(*values, **options)

    def _page(self, name: str, account: str, values: Sequence[str], options: Mapping[str, str]) -> Iterator[Any]:
        """One page: its token, and then its rows. The next page is on its way meanwhile."""

        def page(start: str) -> Page[Any]:
            found: Page[Any] = next(getattr(self._registry(account), name)(*values, **{**options, "start": start}))
            return found

        listing = (name, account, tuple(values), options.get("tag_status"))
        read = self._ahead.pop((listing, options["start"]), None)
        this = page(options["start"]) if read is None else read.result()
        if this.next_token:
            self._ahead[listing, this.next_token] = self._readers.submit(page, this.next_token)
            while len(self._ahead) > AHEAD:
                self._ahead.popitem(last=False)
        yield this.next_token
        yield marshal.dumps(columns.CODECS[name].to_columns(this.items))

    def _registry(self, account: str) -> EcrRegistry:
        """The registry of an account, or the one that the connection leads to; while it cannot be opened, raises."""
        with self._lock:
            if not self._registries and self._connection is not None:
                self._registries[""] = self._open_registry(self._connection, self._ask_for_code)
            if account not in self._registries:
                self._registries[account] = self._registries[""].of_account(account)
            return self._registries[account]

    def _ask_for_code(self, question: str) -> str:
        try:
            return str(self.peer.ask(MFA_CODE, question).next())
        except ConnectionClosed:
            raise CredentialsError("No MFA code was given") from None
