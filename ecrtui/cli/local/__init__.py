"""``ecrtui local``: the embedded registry. Each of its commands is a module here."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from functools import partial

from ecrtui.cli.context import run_command
from ecrtui.cli.local import export, import_, seed, serve
from ecrtui.cli.local.registry_options import usage_errors
from ecrtui.cli.redacting_parser import RedactingParser

_DESCRIPTION = """\
The embedded registry: ECR's protocol over a SQLite file, for experiments, tests
and benchmarks. It needs no AWS account. The application and most commands use
it with --demo or --db FILE. `local serve` serves it to any AWS client.
"""


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command, with a parser for each of its own commands."""
    parser = RedactingParser(
        prog="ecrtui local", description=_DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for module in (serve, import_, export, seed):
        module.add_parser(commands)
    return parser


def _execute(options: argparse.Namespace) -> int:
    execute: Callable[[argparse.Namespace], int] = options.execute
    with usage_errors(options.command):
        return execute(options)


run = partial(run_command, parser, _execute)
