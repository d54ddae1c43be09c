"""Random bytes, sizes and signals never end the program with an error, and never stop it from drawing."""

from __future__ import annotations

from itertools import count
from pathlib import Path

from tests.byte_monkey import run_session

BURSTS = 40
SEED = 1


def test_random_bytes_do_no_harm(own_home: Path) -> None:
    numbers = count()
    assert run_session(SEED, own_home, lambda: next(numbers) < BURSTS) > 1
