"""Output to a slow or a lost terminal never blocks the caller."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator

import pytest

from ecrtui.tui.textual_fixes.terminal_writer import TerminalWriter

TIMEOUT = 120


@pytest.fixture
def ends() -> Iterator[tuple[int, int]]:
    reading, writing = os.pipe()
    yield reading, writing
    for end in (reading, writing):
        try:
            os.close(end)
        except OSError:
            continue


class Listener:
    """Records what the writer reports."""

    def __init__(self, fileno: int, after: TerminalWriter | None = None) -> None:
        self.drained = threading.Event()
        self.lost = threading.Event()
        self.writer = TerminalWriter(fileno, self.drained.set, self.lost.set, after)
        self.writer.start()


def idle(listener: Listener) -> bool:
    return listener.writer.is_idle


@pytest.mark.parametrize("blocking", [True, False])
def test_a_terminal_that_takes_no_output_does_not_block_the_caller(blocking: bool, ends: tuple[int, int]) -> None:
    reading, writing = ends
    os.set_blocking(writing, blocking)
    listener = Listener(writing)
    text = "x" * (1 << 20)
    listener.writer.write(text)
    listener.writer.write("end")
    assert not idle(listener)
    received = b""
    while not received.endswith(b"end"):
        received += os.read(reading, 1 << 16)
    assert received == text.encode() + b"end"
    assert listener.drained.wait(TIMEOUT)
    assert idle(listener)
    listener.writer.close()


def test_a_lost_terminal_is_reported_once_and_later_output_is_dropped(ends: tuple[int, int]) -> None:
    reading, writing = ends
    os.close(reading)
    listener = Listener(writing)
    listener.writer.write("lost")
    assert listener.lost.wait(TIMEOUT)
    listener.writer.write("x")
    assert idle(listener)
    listener.writer.close()


def test_the_rest_is_written_on_close(ends: tuple[int, int]) -> None:
    reading, writing = ends
    listener = Listener(writing)
    for number in range(100):
        listener.writer.write(f"{number} ")
    listener.writer.close()
    assert os.read(reading, 1 << 16).split()[-1] == b"99"


def test_the_rest_of_a_frame_is_dropped_on_close_and_other_texts_are_not(ends: tuple[int, int]) -> None:
    reading, writing = ends
    listener = Listener(writing)
    frame = "x" * (1 << 23)
    listener.writer.write(frame, is_frame=True)
    listener.writer.write("copied")
    listener.writer.write("another frame", is_frame=True)
    listener.writer.write("restored")
    closing = threading.Thread(target=listener.writer.close)
    received = os.read(reading, 1)  # the frame has begun
    closing.start()
    while not received.endswith(b"restored"):
        received += os.read(reading, 1 << 12)
    closing.join(TIMEOUT)
    assert received.endswith(b"xcopiedrestored")
    assert len(received) < len(frame)


def test_close_waits_for_a_terminal_that_is_slow_but_works(ends: tuple[int, int]) -> None:
    reading, writing = ends
    os.set_blocking(writing, False)
    listener = Listener(writing)
    text = "x" * (1 << 20)
    listener.writer.write(text)
    closing = threading.Thread(target=listener.writer.close)
    closing.start()
    received = 0
    while received < len(text):
        received += len(os.read(reading, 1 << 16))
    closing.join(TIMEOUT)
    assert not listener.writer.is_alive()


def test_a_new_writer_waits_for_the_rest_of_a_closed_one(ends: tuple[int, int]) -> None:
    reading, writing = ends
    closed = Listener(writing).writer
    closed.write("x" * (1 << 20))
    closed.write("leave")
    closed.close()  # nobody reads the terminal now, so the writer stops
    assert closed.is_alive()
    writer = Listener(writing, closed).writer
    writer.write("enter")
    received = b""
    while not (b"leave" in received and b"enter" in received):
        received += os.read(reading, 1 << 16)
    assert received.endswith(b"leaveenter")
    writer.close()
