"""Memory that was freed goes back to the system."""

from __future__ import annotations

import platform
from pathlib import Path

import pytest

from ecrtui.freed_memory import return_freed_memory

PAGE = 4096
BLOCKS = 5_000


def _resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * PAGE


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only the GNU C library can return memory")
def test_freed_memory_goes_back_to_the_system() -> None:
    blocks = [bytes(PAGE) for _ in range(BLOCKS)]
    kept = blocks[:: BLOCKS // 10]  # so that the C library does not return all of it by itself
    del blocks
    before = _resident_bytes()
    return_freed_memory()
    assert before - _resident_bytes() > BLOCKS * PAGE / 2
    assert kept
