"""``ecrtui put-image``: PutImage, option by option as ``aws ecr put-image`` has it.

A script that calls the one can call the other. Where it differs, it is because the original is a trap: bytes are kept
as they are, nothing is told as failed after it was written, and a lost answer is read back.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager


def run(arguments: Sequence[str]) -> int:
    """Run the command with the arguments behind its name; the exit code."""
    with _no_collection():
        import ecrtui.registry.configuration  # noqa: F401 - botocore, which is most of the time until the call
        from ecrtui.cli.put_image.command import PutImageCommand

    return PutImageCommand(arguments).run()


@contextmanager
def _no_collection() -> Iterator[None]:
    """Without the garbage collector, which finds nothing while modules are loaded but takes its time."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()
