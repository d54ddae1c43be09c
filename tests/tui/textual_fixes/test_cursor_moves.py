"""Moves of the cursor arrive, and none is longer than an absolute one."""

from __future__ import annotations

from itertools import product

import pyte

from ecrtui.tui.textual_fixes.cursor_moves import shortest_move

WIDTH, HEIGHT = 7, 4


def test_each_move_arrives() -> None:
    screen = pyte.Screen(WIDTH, HEIGHT)
    screen.reset_mode(pyte.modes.DECAWM)
    stream = pyte.Stream(screen)
    for x, y, to_x, to_y in product(range(WIDTH + 1), range(HEIGHT), range(WIDTH), range(HEIGHT)):
        screen.erase_in_display(2)
        stream.feed(f"\x1b[{y + 1};{x}Hb" if x else f"\x1b[{y + 1}H")  # "b" leaves the cursor behind its column
        move = shortest_move(x, y, to_x, to_y, WIDTH)
        stream.feed(move + "a")
        assert screen.buffer[to_y][to_x].data == "a", (x, y, to_x, to_y, move)
        assert len(move) <= len(f"\x1b[{to_y + 1};{to_x + 1}H")


def test_each_cursor_move_takes_the_shortest_sequence() -> None:
    for x, y, to_x, to_y, move in (
        (None, 3, 4, 3, "\x1b[4;5H"),
        (None, 3, 0, 3, "\x1b[4H"),
        (4, 3, 5, 3, "\x1b[C"),
        (4, 3, 2, 3, "\x1b[2D"),
        (40, 8, 3, 9, "\r\n\x1b[3C"),
        (40, 9, 0, 10, "\r\n"),
        (80, 9, 79, 10, "\x1b[B"),
        (80, 9, 78, 9, "\r\x1b[78C"),
        (40, 20, 39, 21, "\x1b[B\x1b[D"),
        (40, 20, 40, 19, "\x1b[A"),
    ):
        assert shortest_move(x, y, to_x, to_y, 80) == move
