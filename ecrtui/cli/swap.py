"""``ecrtui swap``: two tags change places."""

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


def parser() -> argparse.ArgumentParser:
    """The options of the command."""
    made = make_parser("swap", "Two tags of a repository change places: two guarded moves, planned together.")
    made.add_argument("repository", metavar="REPOSITORY", help="team/app, or its URI")
    made.add_argument("first", metavar="TAG")
    made.add_argument("second", metavar="TAG")
    add_writing_options(made)
    return made


def run(arguments: Sequence[str]) -> int:
    """Swap; the exit code."""
    options = parser().parse_args(arguments)
    return run_command(lambda: _run(options))


def _run(options: argparse.Namespace) -> int:
    reference = repository_of(options.repository)
    house = open_context(options, reference)
    return apply_plan(
        house.engine.plan_swap(reference.repository, options.first, options.second), options, house.engine
    )
