"""Create the files of the application so that only the user can read or replace them."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from pathlib import Path

from ecrtui.paths import lacks_home

NO_HOME = "There is no home folder. Set HOME, or the XDG_…_HOME folders"

_SQLITE_COMPANIONS = ("-wal", "-shm")
"""SQLite opens these files beside the database, if they exist, and follows links."""


def open_private(path: Path) -> int:
    """Open a file for the user only, and return its descriptor. Create it, and its folders, if they do not exist.

    The folder gets the mode 0700 and the file 0600, whatever the umask is, also if they exist already.

    Raises:
        OSError: there is no home folder, the file is a link or no regular file, the file or its folder belongs to
            another user, or the system refuses. Names the file or the folder; see :func:`describe`.
    """
    prepare_folder_of(path)
    _check_existing(path)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK, 0o600)
    try:
        _check_file(os.fstat(descriptor), path)
        os.fchmod(descriptor, 0o600)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def prepare_database(path: Path) -> None:
    """Do for a file of SQLite what :func:`open_private` does, before SQLite opens it by its name.

    Raises:
        OSError: as :func:`open_private`.
    """
    os.close(open_private(path))
    for suffix in _SQLITE_COMPANIONS:
        _check_existing(path.with_name(path.name + suffix))


def describe(problem: Exception, path: Path) -> str:
    """Return a failure to open or to use a file as ``FILE: REASON``. The problem may name the folder instead."""
    if isinstance(problem, OSError):
        return f"{problem.filename or path}: {problem.strerror or problem}"
    return f"{path}: {'database or disk is full' if is_disk_full(problem) else problem}"


def is_disk_full(problem: Exception) -> bool:
    """Return True if a file could not be opened or used because the disk is full, or the quota of the user is."""
    if isinstance(problem, OSError):
        return problem.errno in (errno.ENOSPC, errno.EDQUOT)
    import sqlite3  # the registry process does not need it

    code = getattr(problem, "sqlite_errorcode", 0)
    # SQLite opens a database with a log only if there is room for the index of the log; else it says "disk I/O error".
    return code & 0xFF == sqlite3.SQLITE_FULL or code == sqlite3.SQLITE_IOERR_SHMSIZE


def prepare_folder_of(path: Path) -> None:
    """Create the folder of a file for the user only, or give the folder that exists the mode 0700.

    Raises:
        OSError: as :func:`open_private`.
    """
    if lacks_home(path):
        raise OSError(errno.ENOENT, NO_HOME, str(path))
    folder = path.parent
    _make_folders(folder)
    for look in (os.lstat, os.stat):  # a link, and where it leads to
        _check_owner(look, folder.parent, os.geteuid(), 0)
        _check_owner(look, folder, os.geteuid())
    found = folder.stat().st_mode
    if not stat.S_ISDIR(found):
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(folder))
    if found & 0o077:
        folder.chmod(0o700)


def _make_folders(folder: Path) -> None:
    if os.path.lexists(folder):
        return
    _make_folders(folder.parent)
    folder.mkdir(mode=0o700, exist_ok=True)
    folder.chmod(0o700)


def _check_owner(look: Callable[[Path], os.stat_result], folder: Path, *owners: int) -> None:
    owner = look(folder).st_uid
    if owner not in owners:
        raise _refused(f"The folder belongs to user {owner}, and you are user {os.geteuid()}", folder)


def _check_existing(path: Path) -> None:
    try:
        found = path.lstat()
    except FileNotFoundError:
        return
    _check_file(found, path)


def _check_file(found: os.stat_result, path: Path) -> None:
    if stat.S_ISLNK(found.st_mode):
        raise _refused("This is a link. ecrtui does not follow it. Move it aside", path)
    if not stat.S_ISREG(found.st_mode):
        raise _refused("This is not a regular file. Move it aside", path)
    if found.st_nlink > 1:
        raise _refused("This file has a second name (hard link). Move it aside", path)
    if found.st_uid != os.geteuid():
        raise _refused(f"The file belongs to user {found.st_uid}, and you are user {os.geteuid()}", path)


def _refused(reason: str, path: Path) -> PermissionError:
    return PermissionError(errno.EPERM, reason, str(path))
