"""``ecrtui swap``: exchange two tags."""

from __future__ import annotations

import argparse
from functools import partial

from ecrtui.cli.context import CommandContext, make_parser, parse_repository, run_command
from ecrtui.cli.write_command import add_write_options, apply_plan


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command."""
    parser = make_parser(
        "swap", "REPOSITORY TAG TAG", "Exchange two tags of a repository: two guarded moves, planned together."
    )
    parser.add_argument("repository", metavar="REPOSITORY", help="team/app, or its URI")
    parser.add_argument("first", metavar="TAG", help="the first tag")
    parser.add_argument("second", metavar="TAG", help="the second tag")
    add_write_options(parser)
    return parser


def _execute(options: argparse.Namespace) -> int:
    reference = parse_repository(options.repository)
    engine = CommandContext(options, reference).engine
    return apply_plan(engine.plan_swap(reference.repository, options.first, options.second), options, engine)


run = partial(run_command, parser, _execute)
