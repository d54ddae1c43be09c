"""``ecrtui keys``: list the actions of the application with their ids and keys."""

from __future__ import annotations

import argparse
from functools import partial

from ecrtui.cli.aws_cli_output import write
from ecrtui.cli.console import print_message
from ecrtui.cli.context import make_parser, run_command
from ecrtui.cli.exit_codes import LOCAL_CODES, ExitCode
from ecrtui.cli.output_options import add_output_options


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command."""
    parser = make_parser(
        "keys",
        "",
        "List every action of the application: its id, its keys and what it does. "
        "The section [keys] of the settings file names an action by its id. Keys that it sets are listed as set.",
        LOCAL_CODES,
    )
    add_output_options(parser, default="table")
    return parser


def _execute(options: argparse.Namespace) -> int:
    from ecrtui.settings import load
    from ecrtui.tui.actions import ACTIONS
    from ecrtui.tui.user_keys import key_problems, usable_keys

    keys = load({}).keys
    for message in key_problems(keys):
        print_message(message)
    used = usable_keys(keys)
    rows = [
        {"action": action.id, "description": action.help, "keys": used.get(action.id, action.keys)}
        for action in ACTIONS
    ]
    write({"actions": rows}, options.output, options.query, title="Keys")
    return ExitCode.DONE


run = partial(run_command, parser, _execute)
