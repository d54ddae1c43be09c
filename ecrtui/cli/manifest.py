"""``ecrtui manifest``: print the manifest of an image, byte for byte."""

from __future__ import annotations

import argparse
import sys
from functools import partial

from ecrtui.catalog.image_lookup import find_image, read_manifest
from ecrtui.cli.connection_options import add_connection_options
from ecrtui.cli.context import IMAGE_FORMS, CommandContext, make_parser, parse_image, run_command
from ecrtui.cli.exit_codes import READ_CODES, ExitCode
from ecrtui.ecr.safe_text import visible_lines


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command."""
    parser = make_parser(
        "manifest",
        "REFERENCE",
        "Print the exact bytes of an image's manifest, verified against its digest.",
        READ_CODES,
    )
    parser.add_argument("reference", metavar="REFERENCE", help=IMAGE_FORMS)
    add_connection_options(parser)
    return parser


def _execute(options: argparse.Namespace) -> int:
    reference = parse_image(options.reference)
    registry = CommandContext(options, reference).registry
    digest = reference.digest or find_image(registry, reference).digest
    manifest = read_manifest(registry, reference.repository, digest)
    if sys.stdout.isatty():
        sys.stdout.write(visible_lines(manifest.text, keep_tabs=True))
    else:
        sys.stdout.buffer.write(manifest.text.encode())
        sys.stdout.buffer.flush()
    return ExitCode.DONE


run = partial(run_command, parser, _execute)
