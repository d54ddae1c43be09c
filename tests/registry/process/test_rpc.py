from __future__ import annotations

import gc
import pickle
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import Any

import pytest

from ecrtui.errors import EcrTuiError, ErrorKind, Throttled
from ecrtui.registry.process.rpc import _HEADER, _PART, ConnectionClosed, RpcConnection


@contextmanager
def connected(handler: Callable[..., Iterator[Any]]) -> Iterator[tuple[RpcConnection, RpcConnection]]:
    """Two ends of a connection, both listening: the caller, and the one with the handler."""
    first, second = socket.socketpair()
    caller = RpcConnection(first, lambda name, *arguments: iter([f"called back: {name}"]))
    server = RpcConnection(second, handler)
    threads = [Thread(target=end.listen) for end in (caller, server)]
    for thread in threads:
        thread.start()
    yield caller, server
    first.shutdown(socket.SHUT_RDWR)
    for thread in threads:
        thread.join()
    first.close()
    second.close()


def test_the_first_part_of_a_reply_arrives_before_the_second_is_made() -> None:
    seen = Event()

    def handler(name: str) -> Iterator[str]:
        yield "first"
        assert seen.wait(120)
        yield "second"

    with connected(handler) as (caller, _):
        reply = caller.call("page")
        assert reply.next() == "first"
        seen.set()
        assert reply.next() == "second"


def test_a_slow_call_does_not_block_the_others() -> None:
    release = Event()

    def handler(name: str, number: int) -> Iterator[int]:
        if name == "slow":
            assert release.wait(120)
        yield number

    with connected(handler) as (caller, _):
        slow = caller.call("slow", 1)
        assert [caller.call("quick", number).next() for number in range(20)] == list(range(20))
        release.set()
        assert slow.next() == 1


def test_an_error_arrives_with_all_its_fields() -> None:
    def handler(name: str) -> Iterator[None]:
        yield from ()
        raise Throttled(
            "Slow down", "detail", "wait", retryable=True, kind=ErrorKind.DENIED, code="Throttling", request_id="r-1"
        )

    with connected(handler) as (caller, _), pytest.raises(Throttled) as caught:
        caller.call("anything").next()
    error = caught.value
    assert (str(error), error.hint, error.retryable) == ("Slow down: detail", "wait", True)
    assert (error.kind, error.code, error.request_id, error.ambiguous) == (
        ErrorKind.DENIED,
        "Throttling",
        "r-1",
        False,
    )


@pytest.mark.parametrize("raised", [KeyError("x"), StopIteration(), RuntimeError("boom")])
def test_any_other_exception_arrives_as_an_internal_error(raised: Exception) -> None:
    def handler(name: str) -> Iterator[None]:
        yield None
        raise raised

    with connected(handler) as (caller, _):
        reply = caller.call("anything")
        reply.next()
        with pytest.raises(EcrTuiError, match="Internal error"):
            reply.next()


def test_a_reply_that_cannot_be_pickled_is_an_internal_error() -> None:
    with (
        connected(lambda name: iter([lambda: None])) as (caller, _),
        pytest.raises(EcrTuiError, match="Internal error"),
    ):
        caller.call("anything").next()


def test_a_handler_can_call_back() -> None:
    def handler(name: str) -> Iterator[str]:
        yield server.call("code").next()

    with connected(handler) as (caller, server):
        assert caller.call("sign in").next() == "called back: code"


def test_a_closed_connection_ends_pending_calls_and_refuses_new_ones() -> None:
    first, second = socket.socketpair()
    caller = RpcConnection(first, lambda name: iter(()))
    listening = Thread(target=caller.listen)
    listening.start()
    reply = caller.call("anything")
    second.close()
    with pytest.raises(ConnectionClosed):
        reply.next()
    listening.join()
    assert caller.closed
    with pytest.raises(ConnectionClosed):
        caller.call("anything")
    first.close()


def test_a_call_that_cannot_be_sent_closes_the_connection() -> None:
    first, second = socket.socketpair()
    caller = RpcConnection(first, lambda name: iter(()))  # it does not listen, so it has not noticed
    second.close()
    with pytest.raises(ConnectionClosed):
        caller.call("anything")
    assert caller.closed
    first.close()


def test_a_reply_that_is_cut_off_is_no_reply() -> None:
    """The other process can be killed while it sends a large reply, such as that to PutImage."""
    first, second = socket.socketpair()
    caller = RpcConnection(first, lambda name: iter(()))
    reply = caller.call("put_image")
    assert second.recv(65536), "unread data would reset the connection"
    body = pickle.dumps("x" * 100)
    second.sendall(_HEADER.pack(_PART, 0, len(body)) + body[:-1])
    second.close()
    caller.listen()
    with pytest.raises(ConnectionClosed):
        reply.next()
    first.close()


def test_the_rest_of_a_dropped_reply_is_not_kept() -> None:
    with connected(lambda name: iter([bytes(1000), bytes(1000)])) as (caller, _):
        caller.call("page").next()
        gc.collect()
        assert not caller._waiting
        assert caller.call("page").next() == bytes(1000)
