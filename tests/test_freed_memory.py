"""Memory that was freed goes back to the system, or is kept."""

from __future__ import annotations

import platform
import subprocess
import sys
from pathlib import Path

import pytest

from ecrtui.freed_memory import return_freed_memory

PAGE = 4096
BLOCKS = 5_000
GLIBC = platform.libc_ver()[0] == "glibc"


def _resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * PAGE


@pytest.mark.skipif(not GLIBC, reason="only the GNU C library can return memory")
def test_freed_memory_goes_back_to_the_system() -> None:
    blocks = [bytes(PAGE) for _ in range(BLOCKS)]
    kept = blocks[:: BLOCKS // 10]  # so that the C library does not return all of it by itself
    del blocks
    before = _resident_bytes()
    return_freed_memory()
    assert before - _resident_bytes() > BLOCKS * PAGE / 2
    assert kept


PAGE_FAULTS = """
import resource, threading
from ecrtui.freed_memory import keep_freed_memory

def use_memory():
    for _ in range(20):
        [bytes(4_000_000).upper() for _ in range(3)]

def page_faults():
    thread = threading.Thread(target=use_memory)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    thread.start()
    thread.join()
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

keep_freed_memory()
page_faults()
print(page_faults())
"""


@pytest.mark.skipif(not GLIBC, reason="only the GNU C library can keep memory")
def test_freed_memory_is_kept_for_the_next_thread() -> None:
    """The same blocks take 60,000 page faults and more, if their memory is returned each time."""
    done = subprocess.run([sys.executable, "-c", PAGE_FAULTS], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 5_000
