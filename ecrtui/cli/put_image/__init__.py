"""``ecrtui put-image``: PutImage, option by option as ``aws ecr put-image`` has it.

A script that calls the one can call the other. Where it differs, it is because the original is a trap: bytes are kept
as they are, nothing is told as failed after it was written, and a lost answer is read back.
"""

from __future__ import annotations

from collections.abc import Sequence


def run(arguments: Sequence[str]) -> int:
    """Run the command with the arguments behind its name; the exit code."""
    from ecrtui.cli.put_image.command import PutImage

    return PutImage(arguments).run()
