"""Ctrl-C while modules are loaded: the program ends without a traceback."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from ecrtui.cli.exit_codes import ExitCode

PROGRAM = """
import importlib.abc, os, signal, sys

class Interrupter(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == "{module}":
            os.kill(os.getpid(), signal.SIGINT)

signal.signal(signal.SIGINT, signal.{handler})
sys.meta_path.insert(0, Interrupter())
sys.argv = ["ecrtui", "{command}", "--help"]
from ecrtui.__main__ import run
run()
"""


def run_interrupted(module: str, command: str, handler: str = "default_int_handler") -> tuple[int, str]:
    """Run a command that gets SIGINT while it imports a module; return its exit code and standard error."""
    program = PROGRAM.format(module=module, command=command, handler=handler)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    return done.returncode, done.stderr


@pytest.mark.parametrize(
    ("module", "command", "code"),
    [
        ("ecrtui.cli.main", "images", -signal.SIGINT),
        ("ecrtui.errors", "images", -signal.SIGINT),
        ("ecrtui.cli.images", "images", ExitCode.INTERRUPTED),
        ("botocore.session", "put-image", ExitCode.INTERRUPTED),
    ],
)
def test_ctrl_c_during_an_import_prints_no_traceback(module: str, command: str, code: int) -> None:
    assert run_interrupted(module, command) == (code, "")


def test_ctrl_c_that_the_caller_ignores_stays_ignored() -> None:
    assert run_interrupted("ecrtui.errors", "images", "SIG_IGN") == (0, "")
