"""``ecrtui untag``: remove tags, but never the last tag of an image."""

from __future__ import annotations

import argparse
from functools import partial

from ecrtui.cli.context import CommandContext, make_parser, parse_repository_or_image, run_command
from ecrtui.cli.write_command import add_write_options, apply_plan
from ecrtui.errors import UsageError


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command."""
    parser = make_parser(
        "untag",
        "REFERENCE [TAG ...]",
        "Remove tags from images. The last tag of an image is never removed, as ECR would delete the image.",
    )
    parser.add_argument("reference", metavar="REFERENCE", help="team/app:tag, or team/app followed by tags")
    parser.add_argument("tags", nargs="*", metavar="TAG", help="more tags to remove")
    add_write_options(parser)
    return parser


def _execute(options: argparse.Namespace) -> int:
    reference = parse_repository_or_image(options.reference)
    if reference.digest:
        raise UsageError("untag needs tags, not a digest", "", f"Write {reference.repository}:TAG.")
    tags = [*([reference.tag] if reference.tag else []), *options.tags]
    if not tags:
        raise UsageError(f"{reference} names no tag", "", f"Write {reference}:TAG, or {reference} TAG ….")
    engine = CommandContext(options, reference).engine
    return apply_plan(engine.plan_untag(reference.repository, tags), options, engine)


run = partial(run_command, parser, _execute)
