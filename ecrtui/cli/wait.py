"""``ecrtui wait``: wait until an image is in the registry."""

from __future__ import annotations

import argparse
from functools import partial

from ecrtui.catalog.awaited_image import OtherImage, wait_for_image
from ecrtui.cli.argument_types import given_text
from ecrtui.cli.aws_cli_output import write
from ecrtui.cli.connection_options import add_connection_options
from ecrtui.cli.console import ProgressLine
from ecrtui.cli.context import IMAGE_FORMS, CommandContext, make_parser, parse_image, report_error, run_command
from ecrtui.cli.exit_codes import READ_CODES, ExitCode
from ecrtui.cli.output_options import add_output_options
from ecrtui.ecr.digest import is_digest
from ecrtui.ecr.documents import image_document
from ecrtui.ecr.units import parse_duration
from ecrtui.errors import UsageError

DEFAULT_TIMEOUT = "10m"


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command."""
    parser = make_parser(
        "wait",
        "REFERENCE",
        "Wait until an image is there, and print it. Without --digest, any image with the tag will do.",
        (*READ_CODES, ExitCode.CONFLICT),
        notes=f"When the time is up, the exit code is {ExitCode.CONFLICT.value} if the tag points to another image, "
        f"and {ExitCode.REGISTRY_ERROR.value} if there is no such image.",
    )
    parser.add_argument("reference", metavar="REFERENCE", help=IMAGE_FORMS)
    parser.add_argument("--digest", type=given_text, metavar="DIGEST", help="wait until the tag has this digest")
    parser.add_argument(
        "--timeout",
        default=DEFAULT_TIMEOUT,
        metavar="TIME",
        help=f"wait at most this long: 30s, 10m, 2h; 0s looks once (default: {DEFAULT_TIMEOUT})",
    )
    add_output_options(parser)
    add_connection_options(parser)
    return parser


def _execute(options: argparse.Namespace) -> int:
    reference = parse_image(options.reference)
    limit = parse_duration(options.timeout)
    if limit is None:
        raise UsageError(f"{options.timeout!r} is not a time", "", "Write 30s, 10m or 2h.")
    if options.digest and not is_digest(options.digest):
        raise UsageError(f"{options.digest!r} is not a digest", "", "Write sha256: and 64 hexadecimal digits.")
    if options.digest and reference.digest:
        raise UsageError("The reference has a digest already", "", "Name a tag, or leave out --digest.")
    registry = CommandContext(options, reference).registry
    with ProgressLine() as line:
        try:
            image = wait_for_image(registry, reference, options.digest or "", limit, on_look=line.update)
        except OtherImage as error:
            report_error(error)
            return ExitCode.CONFLICT
    write(image_document(reference.repository, image), options.output, options.query, title="Image")
    return ExitCode.DONE


run = partial(run_command, parser, _execute)
