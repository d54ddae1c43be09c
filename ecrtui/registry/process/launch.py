"""Starting the registry's process. Nothing else of the product is loaded for it, so that it can come first of all."""

from __future__ import annotations

import socket
import subprocess
import sys
from typing import NamedTuple

_PROGRAM = "import sys; sys.path[:] = {path!r}; from ecrtui.wiring import serve_registry; serve_registry({descriptor})"
"""What it runs, with the modules where this process has them, and never those of the folder it happens to be in."""


class LaunchedProcess(NamedTuple):
    """A process that was started, and the way to it."""

    process: subprocess.Popen[bytes]
    link: socket.socket


def launch() -> LaunchedProcess:
    """Start it. It ends by itself when the link is closed, or when this process is gone.

    It has no terminal, so that nothing it loads can ask or write there, and Ctrl-C does not reach it.

    Raises:
        OSError: this system does not let us.
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
