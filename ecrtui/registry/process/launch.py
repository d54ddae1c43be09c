"""Start the registry process. This module imports nothing else of ecrtui, so that it can run first of all."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

_PROGRAM = "import sys; sys.path[:] = {path!r}; from ecrtui.wiring import serve_registry; serve_registry({descriptor})"
"""The program of the process. It uses the module path of this process, never the current folder."""

LOAD_FILE = Path("/proc/loadavg")
"""The load of a Linux system."""


class LaunchedProcess(NamedTuple):
    """A running registry process and the socket to it."""

    process: subprocess.Popen[bytes]
    socket: socket.socket


def launch() -> LaunchedProcess:
    """Start a registry process. It ends when the socket is closed or when this process ends.

    The process has no terminal: nothing in it can read or write there, and Ctrl-C does not reach it.

    Raises:
        OSError: the system cannot start a process.
    """
    ours, theirs = socket.socketpair()
    program = _PROGRAM.format(path=sys.path, descriptor=theirs.fileno())
    with theirs:
        process = subprocess.Popen(
            [sys.executable, "-c", program],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=(theirs.fileno(),),
            start_new_session=True,
        )
    return LaunchedProcess(process, ours)


def launch_early() -> LaunchedProcess | None:
    """Start a registry process if it does not delay the first frame.

    Returns:
        None if no processor is idle, or if the system cannot start a process.
    """
    if not has_idle_processor():
        return None
    try:
        return launch()
    except OSError:
        return None


def has_idle_processor() -> bool:
    """Return True if a second process can run now without delaying this one."""
    processors = os.cpu_count() or 1
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else processors
    try:
        load = LOAD_FILE.read_text("ascii")
    except OSError:  # another system than Linux
        return usable > 1
    return usable > 1 and running_threads(load) < processors  # this process runs, too


def running_threads(load: str) -> int:
    """Return the number of threads that run or wait for a processor, from the text of ``/proc/loadavg``.

    https://man7.org/linux/man-pages/man5/proc_loadavg.5.html
    """
    return int(load.split()[3].partition("/")[0])
