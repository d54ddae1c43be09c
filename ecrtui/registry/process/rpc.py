"""Questions and answers between two processes, in both directions, over a pair of sockets.

Each end asks by a name with arguments and answers what the other one asks, each question in a thread of its own. An
answer can have several parts: the first is there before the others are made. What is sent is pickled: both ends are
ours, and the sockets have no name that anybody else could connect to.
"""

from __future__ import annotations

import logging
import pickle
import socket
import struct
from collections.abc import Callable, Iterator
from itertools import count
from queue import SimpleQueue
from threading import Lock, Thread
from typing import Any

from ecrtui.errors import EcrTuiError

Answer = Callable[..., Iterator[Any]]
"""Answers a question: gets its name and its arguments, gives the parts one by one, raises EcrTuiError."""

OPEN, MFA_CODE = "open", "mfa_code"
"""The questions that are not operations of a registry: use this connection, and ask the user for a code."""

_QUESTION, _PART, _ERROR, _GONE = range(4)
_HEAD = struct.Struct("!BQQ")
"""What it is, the number of the question, and how many bytes follow."""

_log = logging.getLogger(__name__)


class ConnectionClosed(Exception):  # noqa: N818 - reads as what happened
    """The other process has ended, or was never there."""


class RpcConnection:
    """One end.

    Args:
        link: the socket to the other end.
        answer: answers what the other end asks.
    """

    def __init__(self, link: socket.socket, answer: Answer) -> None:
        self._link = link
        self._answer = answer
        self._sending = Lock()
        self._numbers = count()
        self._lock = Lock()
        self._waiting: dict[int, SimpleQueue[tuple[int, bytes]]] = {}
        self.gone = False
        """Whether the other end has ended."""

    def listen(self) -> None:
        """Take in what comes until the other end is gone."""
        try:
            with self._link.makefile("rb") as stream:
                while len(head := stream.read(_HEAD.size)) == _HEAD.size:
                    kind, number, size = _HEAD.unpack(head)
                    self._take(kind, number, stream.read(size))
        except OSError as problem:
            _log.debug("the other process cannot be heard: %s", problem)
        with self._lock:
            self.gone = True
            for answers in self._waiting.values():
                answers.put((_GONE, b""))

    def ask(self, name: str, *arguments: Any) -> ReplyStream:
        """Ask the other end; blocks until the question is sent.

        Raises:
            PeerGone: there is nobody to ask.
        """
        number = next(self._numbers)
        answers: SimpleQueue[tuple[int, bytes]] = SimpleQueue()
        with self._lock:
            if self.gone:
                raise ConnectionClosed
            self._waiting[number] = answers
        try:
            self._send(_QUESTION, number, (name, arguments))
        except OSError as problem:
            self._forget(number)
            raise ConnectionClosed(str(problem)) from problem
        return ReplyStream(answers, lambda: self._forget(number))

    def _forget(self, number: int) -> None:
        with self._lock:
            self._waiting.pop(number, None)

    def _send(self, kind: int, number: int, value: Any) -> None:
        body = pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
        with self._sending:
            self._link.sendall(_HEAD.pack(kind, number, len(body)))
            self._link.sendall(body)

    def _take(self, kind: int, number: int, body: bytes) -> None:
        if kind == _QUESTION:
            Thread(target=self._reply, args=(number, body), daemon=True, name=f"question {number}").start()
            return
        with self._lock:
            answers = self._waiting.get(number)
        if answers is not None:
            answers.put((kind, body))

    def _reply(self, number: int, body: bytes) -> None:
        try:
            try:
                name, arguments = pickle.loads(body)  # noqa: S301 - of our own process
                for part in self._answer(name, *arguments):
                    self._send(_PART, number, part)
            except EcrTuiError as error:
                self._send(_ERROR, number, error)
            except Exception as problem:  # noqa: BLE001 - whoever asks waits for an answer
                _log.exception("the question %d could not be answered", number)
                told = f"{type(problem).__name__}: {problem}"
                self._send(_ERROR, number, EcrTuiError("ecrtui failed here; this is a defect", told))
        except OSError as problem:
            _log.debug("nobody waits for the answer %d any more: %s", number, problem)


class ReplyStream:
    """The parts of one answer, in their order. Whoever has no use for the rest just drops it."""

    def __init__(self, answers: SimpleQueue[tuple[int, bytes]], forget: Callable[[], None]) -> None:
        self._answers = answers
        self._forget = forget

    def next(self) -> Any:
        """Wait for the next part.

        Raises:
            EcrTuiError: what the other end raised.
            PeerGone: the other end is gone and its answer not here.
        """
        kind, body = self._answers.get()
        if kind == _GONE:
            raise ConnectionClosed
        value = pickle.loads(body)  # noqa: S301 - of our own process
        if kind == _ERROR:
            raise value
        return value

    def __del__(self) -> None:
        self._forget()
