"""Start the registry process. This module imports nothing else of ecrtui, so that it can run first of all."""

from __future__ import annotations

import socket
import subprocess
import sys
from typing import NamedTuple

_PROGRAM = "import sys; sys.path[:] = {path!r}; from ecrtui.wiring import serve_registry; serve_registry({descriptor})"
"""The program of the process. It uses the module path of this process, never the current folder."""


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
