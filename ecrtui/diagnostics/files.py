"""The files of ecrtui: the journal, the cache and the log. Nothing is created."""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from ecrtui.diagnostics.report import Check, Status, failed
from ecrtui.ecr.units import format_count, format_size
from ecrtui.errors import EcrTuiError
from ecrtui.paths import lacks_home
from ecrtui.private_files import NO_HOME, describe, is_disk_full
from ecrtui.retag.journal.file import JournalError, next_step
from ecrtui.retag.journal.journal import Journal

BUSY_TIMEOUT = 1.0
"""Seconds to wait while another process writes."""

MIN_FREE = 1 << 20
"""Bytes that must be free for the journal of a few writes."""


def journal(path: Path) -> Iterator[Check]:
    """Yield whether the journal can be read and written, and what is in it."""
    found = Journal(path, busy_timeout=BUSY_TIMEOUT)
    try:
        if found.file.exists:
            _check_pages(path)
        entries = found.entries()
    except JournalError as error:
        yield failed("journal", error)
        return
    except (sqlite3.Error, OSError) as problem:
        yield failed("journal", _unusable(describe(problem, path), problem))
        return
    finally:
        found.close()
    content = format_count(len(entries), "write") if found.file.exists else "none yet; the first write creates it"
    if refusal := _refusal(path):
        yield failed("journal", _unusable(f"{path}: {content}. {refusal.strerror}", refusal))
        return
    yield Check("journal", f"{path}: {content}")
    if damaged := sum(entry.damaged for entry in entries):
        yield Check("damaged entries", f"{damaged:,}", Status.WARNING, hint="ecrtui history names them.")
    if unknown := sum(entry.unknown for entry in entries):
        hint = "Run ecrtui history --resolve-unknown, which reads the registry."
        yield Check("writes with unknown outcome", f"{unknown:,}", Status.WARNING, hint=hint)


def _refusal(path: Path) -> OSError | None:
    """Return why a file cannot be written or created; None if it can."""
    if lacks_home(path):
        return OSError(errno.ENOENT, NO_HOME)
    place = next(folder for folder in (path, *path.parents) if os.path.lexists(folder))
    if not os.access(place, os.W_OK):
        return OSError(errno.EACCES, f"{place} cannot be written")
    free = shutil.disk_usage(place).free
    return OSError(errno.ENOSPC, f"Only {format_size(free)} are free") if free < MIN_FREE else None


def cache(path: Path) -> Iterator[Check]:
    """Yield whether the cache can be read. The settings say whether it is used."""
    try:
        size = path.stat().st_size
        _check_pages(path)
    except FileNotFoundError:
        content = "none yet; the first list creates it"
    except (sqlite3.Error, OSError) as problem:
        full = is_disk_full(problem)
        hint = "Free disk space." if full else "Delete it: it holds only copies of what the registry has."
        yield Check("cache", describe(problem, path), Status.WARNING, hint=hint)
        return
    else:
        content = format_size(size)
    if refusal := _refusal(path):
        content = f"{content}. {refusal.strerror}"
        yield Check("cache", f"{path}: {content}", Status.WARNING, hint="Lists are not kept on disk.")
    else:
        yield Check("cache", f"{path}: {content}")


def log(path: Path) -> Iterator[Check]:
    """Yield where the log of ``--debug`` is."""
    try:
        yield Check("log", f"{path}: {format_size(path.stat().st_size)}")
    except FileNotFoundError:
        yield Check("log", f"{path}: none; --debug writes it")
    except OSError as problem:
        yield Check("log", describe(problem, path), Status.WARNING)


def _check_pages(path: Path) -> None:
    """Check the structure of a file of SQLite.

    Raises:
        sqlite3.Error: it is damaged or not readable.
    """
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=BUSY_TIMEOUT)) as connection:
        (answer,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if answer != "ok":
        problem = sqlite3.DatabaseError(answer)
        problem.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
        raise problem


def _unusable(detail: str, problem: Exception) -> EcrTuiError:
    hint = f"ecrtui refuses every write without it. {next_step(problem)}"
    return JournalError("The journal cannot be used", detail, hint)
