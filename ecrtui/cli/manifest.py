"""``ecrtui manifest``: the manifest of an image, byte for byte, on standard output."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from ecrtui.cli.connection_options import add_connection_options
from ecrtui.cli.list_command import registry_for, run_reading
from ecrtui.ecr.reference import parse_reference
from ecrtui.ecr.safe_text import visible_lines
from ecrtui.errors import UsageError


def parser() -> argparse.ArgumentParser:
    """The options of the command."""
    made = argparse.ArgumentParser(
        prog="ecrtui manifest",
        description="Print the manifest of an image: the exact bytes, checked against their digest, and nothing else.",
        epilog="exit codes: 0 done, 2 usage, 7 registry",
    )
    made.add_argument("reference", metavar="REFERENCE", help="team/app:tag, team/app@sha256:… or an image URI")
    add_connection_options(made)
    return made


def run(arguments: Sequence[str]) -> int:
    """Print the manifest; the exit code."""
    options = parser().parse_args(arguments)
    return run_reading(lambda: _run(options))


def _run(options: argparse.Namespace) -> None:
    reference = parse_reference(options.reference)
    if not (reference.tag or reference.digest):
        raise UsageError(f"{options.reference!r} names no image", "", f"Write {reference}:TAG or {reference}@sha256:….")
    from ecrtui.cli.write_command import resolve_digest

    registry = registry_for(options, reference)
    manifest = registry.manifest(reference.repository, resolve_digest(registry, reference))
    if sys.stdout.isatty():
        sys.stdout.write(visible_lines(manifest.text, keep_tabs=True))
        sys.stdout.flush()
        return
    sys.stdout.buffer.write(manifest.text.encode())
    sys.stdout.buffer.flush()
