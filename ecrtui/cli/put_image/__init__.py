"""``ecrtui put-image``: PutImage with the options of ``aws ecr put-image``, as a replacement for it in scripts.

It differs where the AWS CLI is a trap: bytes are kept as they are, an image that was put is never reported as failed,
and a lost response is read back.
"""

from __future__ import annotations

import argparse
import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager


def parser() -> argparse.ArgumentParser:
    """Return a parser with all options, for the completion of a shell. The command parses in three passes."""
    from ecrtui.cli.put_image.options import whole_parser
    from ecrtui.registry.aws_cli.operation_model import load_model
    from ecrtui.registry.aws_cli.session import new_session

    return whole_parser(load_model(new_session()))


def run(arguments: Sequence[str]) -> int:
    """Run the command with the words after its name and return the exit code."""
    with _gc_disabled():
        import ecrtui.registry.configuration.session  # noqa: F401 - loading botocore takes most of the time until the call
        from ecrtui.cli.put_image.command import PutImageCommand

    return PutImageCommand(arguments).run()


@contextmanager
def _gc_disabled() -> Iterator[None]:
    """Disable the garbage collector while modules are loaded: it takes time and frees nothing."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
