"""The connections that are still in use when the process ends."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import atexit
import sys
from pathlib import Path
from threading import Event, Thread

in_use, ending, is_done = Event(), Event(), Event()


def let_the_thread_finish():
    ending.set()
    is_done.wait()


atexit.register(let_the_thread_finish)  # registered first, so it runs after all others
from ecrtui.catalog.cache.file import CacheFile
from ecrtui.retag.journal.file import JournalFile


def query(connection):
    print("asked", flush=True)
    in_use.set()
    ending.wait()
    print(*connection.execute("SELECT 'answered'").fetchone(), flush=True)


def query_cache():
    CACHE.read(query, None)


def query_journal():
    with JOURNAL.reading() as connection:
        query(connection)


def run():
    try:
        USE()
    finally:
        is_done.set()


CACHE = CacheFile(Path(sys.argv[1]))
JOURNAL = JournalFile(Path(sys.argv[1]), 1.0)
USE = globals()["query_" + sys.argv[2]]
Thread(target=run, daemon=True).start()
in_use.wait()
"""


@pytest.mark.parametrize("file", ["cache", "journal"])
def test_a_connection_that_a_thread_uses_stays_open_at_the_end_of_the_process(file: str, own_home: Path) -> None:
    words = [sys.executable, "-c", PROGRAM, str(own_home / "file.sqlite"), file]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("asked\nanswered\n", "")


@pytest.mark.parametrize("file", ["cache", "journal"])
def test_a_connection_that_no_thread_uses_is_closed_at_the_end_of_the_process(file: str, own_home: Path) -> None:
    program = PROGRAM.partition("Thread(target=run")[0] + "ending.set()\nis_done.set()\nUSE()\n"
    words = [sys.executable, "-c", program, str(own_home / "file.sqlite"), file]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("asked\nanswered\n", "")
    assert not list(own_home.glob("*-wal"))
