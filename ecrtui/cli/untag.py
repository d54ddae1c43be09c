"""``ecrtui untag``: take tags off images, never the last one of an image."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from ecrtui.cli.write_command import (
    add_writing_options,
    apply_plan,
    make_parser,
    open_context,
    repository_of,
    run_command,
)
from ecrtui.errors import UsageError


def parser() -> argparse.ArgumentParser:
    """The options of the command."""
    made = make_parser("untag", "Take tags off images; never the last of an image, with which ECR deletes it.")
    made.add_argument("reference", metavar="REFERENCE", help="team/app:tag, or team/app with the tags behind it")
    made.add_argument("tags", nargs="*", metavar="TAG", help="tags to remove")
    add_writing_options(made)
    return made


def run(arguments: Sequence[str]) -> int:
    """Untag; the exit code."""
    options = parser().parse_args(arguments)
    return run_command(lambda: _run(options))


def _run(options: argparse.Namespace) -> int:
    reference = repository_of(options.reference)
    if reference.digest:
        raise UsageError("untag takes tags, not a digest", "An image without its tags is never removed by ecrtui.")
    tags = [*([reference.tag] if reference.tag else []), *options.tags]
    if not tags:
        raise UsageError(f"{reference} names no tag", "", f"Write {reference}:TAG, or the tags behind it.")
    house = open_context(options, reference)
    return apply_plan(house.engine.plan_untag(reference.repository, tags), options, house.engine)
