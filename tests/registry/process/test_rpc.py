from __future__ import annotations

import gc
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import Any

import pytest

from ecrtui.errors import EcrTuiError, Throttled
from ecrtui.registry.process.rpc import ConnectionClosed, RpcConnection


@contextmanager
def peers(answer: Callable[..., Iterator[Any]]) -> Iterator[tuple[RpcConnection, RpcConnection]]:
    """Who asks, and who answers; both listen."""
    first, second = socket.socketpair()
    asks = RpcConnection(first, lambda name, *arguments: iter([f"asked back: {name}"]))
    answers = RpcConnection(second, answer)
    threads = [Thread(target=peer.listen) for peer in (asks, answers)]
    for thread in threads:
        thread.start()
    yield asks, answers
    first.shutdown(socket.SHUT_RDWR)
    for thread in threads:
        thread.join()
    first.close()
    second.close()


def test_the_first_part_of_an_answer_is_there_before_the_second_is_made():
    seen = Event()

    def answer(name: str) -> Iterator[str]:
        yield "first"
        assert seen.wait(10)
        yield "second"

    with peers(answer) as (asks, _):
        parts = asks.ask("page")
        assert parts.next() == "first"
        seen.set()
        assert parts.next() == "second"


def test_questions_that_take_long_do_not_hold_up_the_others():
    release = Event()

    def answer(name: str, number: int) -> Iterator[int]:
        if name == "slow":
            assert release.wait(10)
        yield number

    with peers(answer) as (asks, _):
        slow = asks.ask("slow", 1)
        assert [asks.ask("quick", number).next() for number in range(20)] == list(range(20))
        release.set()
        assert slow.next() == 1


def test_an_error_arrives_as_the_one_that_was_raised():
    def answer(name: str) -> Iterator[None]:
        raise Throttled("Slow down", "in its words", "wait", retryable=True, code="Throttling", request_id="r-1")
        yield

    with peers(answer) as (asks, _), pytest.raises(Throttled) as caught:
        asks.ask("anything").next()
    error = caught.value
    assert (str(error), error.hint, error.retryable) == ("Slow down: in its words", "wait", True)
    assert (error.code, error.request_id, error.ambiguous) == ("Throttling", "r-1", False)


@pytest.mark.parametrize("raised", [KeyError("x"), StopIteration(), RuntimeError("boom")])
def test_a_defect_at_the_other_end_is_told_as_one(raised):
    def answer(name: str) -> Iterator[None]:
        yield None
        raise raised

    with peers(answer) as (asks, _):
        parts = asks.ask("anything")
        parts.next()
        with pytest.raises(EcrTuiError, match="defect"):
            parts.next()


def test_what_cannot_be_sent_is_a_defect_too():
    with peers(lambda name: iter([lambda: None])) as (asks, _), pytest.raises(EcrTuiError, match="defect"):
        asks.ask("anything").next()


def test_who_answers_can_ask_back_before_it_does():
    def answer(name: str) -> Iterator[str]:
        yield answers.ask("code").next()

    with peers(answer) as (asks, answers):
        assert asks.ask("sign in").next() == "asked back: code"


def test_whoever_waits_is_told_when_the_other_end_is_gone_and_so_is_whoever_asks_then():
    asked = Event()

    def answer(name: str) -> Iterator[None]:
        asked.set()
        Event().wait(0.1)
        yield None

    first, second = socket.socketpair()
    asks = RpcConnection(first, answer)
    listening = Thread(target=asks.listen)
    listening.start()
    parts = asks.ask("anything")
    second.close()
    with pytest.raises(ConnectionClosed):
        parts.next()
    listening.join()
    assert asks.gone
    with pytest.raises(ConnectionClosed):
        asks.ask("anything")
    first.close()


def test_a_message_that_is_cut_short_is_the_end_of_it():
    first, second = socket.socketpair()
    asks = RpcConnection(first, lambda name: iter(()))
    parts = asks.ask("anything")
    second.sendall(b"\x01" + bytes(8) + (100).to_bytes(8, "big") + b"only a few bytes")
    second.close()
    asks.listen()
    with pytest.raises(ConnectionClosed):
        parts.next()
    first.close()


def test_an_answer_that_nobody_wants_is_not_kept():
    with peers(lambda name: iter([bytes(1000), bytes(1000)])) as (asks, _):
        asks.ask("page").next()
        gc.collect()
        assert not asks._waiting
        assert asks.ask("page").next() == bytes(1000)
