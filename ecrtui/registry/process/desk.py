"""What runs in the registry's process: it opens the registry that it is told of, and answers what it is asked of it."""

from __future__ import annotations

import gc
import marshal
import os
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from threading import Lock
from typing import TYPE_CHECKING, Any

from ecrtui.errors import CredentialsError
from ecrtui.model.columns import IMAGES, REPOSITORIES, Columns
from ecrtui.registry.process.peer import Peer, PeerGone

if TYPE_CHECKING:
    from ecrtui.registry.gateway import EcrRegistry
    from ecrtui.settings import Connection

Open = Callable[["Connection", Callable[[str], str]], "EcrRegistry"]

LISTINGS: Mapping[str, Columns[Any]] = {"repositories": REPOSITORIES, "images": IMAGES}
"""The operations that give pages, and the columns that their rows are sent as."""

OPEN, MFA_CODE = "open", "mfa_code"

YOUNG = 50_000
"""Objects after which the collector looks for garbage. A page has ten thousand, and all of them go by themselves."""


def serve(link: socket.socket, open_registry: Open) -> None:
    """Answer until the other process is gone, then end at once, whatever is under way: nobody would hear of it.

    Args:
        link: the socket to the process that asks.
        open_registry: opens the registry of a connection; the second argument asks the user for the code of a device.
    """
    gc.set_threshold(YOUNG)
    Desk(link, open_registry).peer.listen()
    os._exit(0)


class Desk:
    """Answers for one connection; see :func:`serve`."""

    def __init__(self, link: socket.socket, open_registry: Open) -> None:
        self.peer = Peer(link, self.answer)
        self._open_registry = open_registry
        self._lock = Lock()
        self._connection: Connection | None = None
        self._registries: dict[str, EcrRegistry] = {}

    def answer(self, name: str, *arguments: Any) -> Iterator[Any]:
        """Answer a question: ``open`` with the connection, or an operation with account, arguments and options."""
        if name == OPEN:
            (self._connection,) = arguments
            self._registry("").connect()
            yield None
            return
        account, values, options = arguments
        operation = getattr(self._registry(account), name)
        if name in LISTINGS:
            yield from self._page(LISTINGS[name], operation, values, options)
        else:
            yield operation(*values, **options)

    def _page(
        self,
        columns: Columns[Any],
        operation: Callable[..., Iterator[Any]],
        values: Sequence[Any],
        options: Mapping[str, Any],
    ) -> Iterator[Any]:
        """One page: its token first, so that the next one can be asked for while the rows of this one are read."""
        page = next(operation(*values, **options))
        yield page.next_token
        yield marshal.dumps(columns.split(page.items))

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
        except PeerGone:
            raise CredentialsError("No MFA code was given") from None
