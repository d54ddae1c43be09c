"""``ecrtui completion``: complete command lines in bash, zsh and fish, without the network.

A shell calls ``ecrtui completion --complete SHELL`` for each press of its key. That must be fast, so this path loads
neither argparse nor the parsers of the commands: :mod:`ecrtui.cli.completion.table` keeps what they say in a file.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

SHELLS = ("bash", "zsh", "fish")

COMPLETE = "--complete"
"""The option with which the scripts ask for candidates."""


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command."""
    from ecrtui.cli.context import make_parser
    from ecrtui.cli.exit_codes import LOCAL_CODES

    parser = make_parser(
        "completion",
        "SHELL",
        "Print a script that completes commands, options, profiles, regions, repositories and tags in a shell. "
        "Repositories and tags are those that the application last listed; nothing is read from the network.",
        LOCAL_CODES,
        notes='For bash, add to ~/.bashrc: eval "$(ecrtui completion bash)". For zsh, add to ~/.zshrc, after compinit: '
        'eval "$(ecrtui completion zsh)". '
        "For fish: ecrtui completion fish > ~/.config/fish/completions/ecrtui.fish.",
    )
    parser.add_argument("shell", choices=SHELLS, metavar="SHELL", help=", ".join(SHELLS))
    return parser


def run(arguments: Sequence[str]) -> int:
    """Print a script, or the candidates for a command line; return the exit code."""
    shell, words = "".join(arguments[1:2]), arguments[2:]
    is_answerable = len(words) == 2 if shell == "bash" else shell in SHELLS and len(words) > 0
    if arguments[:1] == [COMPLETE] and is_answerable:
        from ecrtui.cli.completion.shells import print_candidates

        print_candidates(shell, words)
        return 0
    from ecrtui.cli.context import run_command

    return run_command(parser, _execute, arguments)


def _execute(options: argparse.Namespace) -> int:
    from ecrtui.cli.completion.shells import script
    from ecrtui.cli.completion.table import load_table
    from ecrtui.cli.exit_codes import ExitCode

    load_table()  # the first press of the key then finds it
    print(script(options.shell), end="")
    return ExitCode.DONE
