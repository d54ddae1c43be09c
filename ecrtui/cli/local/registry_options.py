"""The options that select an embedded registry, and its errors as errors of the command line."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ecrtui.cli.exit_codes import LOCAL_CODES, list_codes
from ecrtui.ecr.reference import Reference
from ecrtui.errors import UsageError

if TYPE_CHECKING:
    from ecrtui.emulator.database import Database
    from ecrtui.emulator.seed import SeedTarget

Subparsers = argparse._SubParsersAction  # the type of add_subparsers() has no public name


def add_command(
    commands: Subparsers[argparse.ArgumentParser],
    name: str,
    summary: str,
    description: str,
    execute: Callable[[argparse.Namespace], int],
    epilog: str = "",
) -> argparse.ArgumentParser:
    """Add a command of ``ecrtui local`` and return its parser.

    Args:
        commands: the commands so far.
        name: the name of the command.
        summary: what it does, in a line.
        description: what it does in full, with examples.
        execute: runs it and returns its exit code.
        epilog: the end of its help.
    """
    parser = commands.add_parser(
        name,
        help=summary,
        description=description,
        epilog=f"{epilog}\n{list_codes(LOCAL_CODES)}".strip(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(execute=execute, command=name)
    return parser


def add_registry_options(parser: argparse.ArgumentParser, database_help: str = "SQLite file (required)") -> None:
    """Add ``--db``, ``--region`` and ``--registry-id``."""
    group = parser.add_argument_group("registry")
    group.add_argument("--db", dest="database", metavar="FILE", help=database_help)
    group.add_argument("--region", type=_region, metavar="REGION", help="AWS region (default: us-east-1)")
    group.add_argument("--registry-id", type=_account, metavar="ACCOUNT", help="AWS account (default: 123456789012)")


def required_database(options: argparse.Namespace) -> str:
    """Return the path of ``--db``.

    Raises:
        UsageError: the option is missing. A registry in memory would be lost when the command ends.
    """
    if options.database in (None, "", ":memory:"):
        title = "--db is missing" if options.database is None else "--db names no file"
        raise UsageError(title, "Without a file the registry would be lost at once.", "Use --db FILE.")
    return str(options.database)


def selected_registry(options: argparse.Namespace, reference: Reference | None = None) -> SeedTarget:
    """Return account, region and seed: from the options, the image URI, or the defaults."""
    from ecrtui.emulator.seed import SeedTarget
    from ecrtui.emulator.service import REGION, REGISTRY_ID

    named = reference or Reference()
    return SeedTarget(
        registry_id=options.registry_id or named.registry_id or REGISTRY_ID,
        region=options.region or named.region or REGION,
        random_seed=getattr(options, "seed", 0),
    )


@contextmanager
def open_registry_file(path: str | None, *, create: bool = True) -> Iterator[Database]:
    """Open the database of an embedded registry; in memory if ``path`` is None.

    Args:
        path: the file.
        create: whether to create a file that does not exist.
    """
    from ecrtui.emulator.database_file import open_database

    with open_database(path, create=create) as database:
        yield database


@contextmanager
def usage_errors(command: str) -> Iterator[None]:
    """Turn errors of the embedded registry into UsageError.

    Args:
        command: the name of the command ("import").
    """
    import sqlite3

    from ecrtui.emulator.database_file import failure_text
    from ecrtui.emulator.errors import DatabaseRefusedError, LayoutError, ServiceError
    from ecrtui.emulator.faults import FaultSpecError
    from ecrtui.emulator.seed import SeedError

    try:
        yield
    except LayoutError as problem:
        raise UsageError(f"Could not {command} the image", str(problem), problem.hint) from problem
    except ServiceError as problem:
        raise UsageError("The embedded registry refused the request", str(problem)) from problem
    except DatabaseRefusedError as problem:
        raise UsageError("Could not open the registry file", str(problem), "Use another file with --db.") from problem
    except FaultSpecError as problem:
        raise UsageError(
            "Invalid fault", str(problem), "Run ecrtui local serve --help to see the kinds of fault."
        ) from problem
    except SeedError as problem:
        raise UsageError("Could not seed the repository", str(problem)) from problem
    except sqlite3.Error as problem:
        raise UsageError("Could not read or write the registry file", failure_text(problem)) from problem


def _account(text: str) -> str:
    if not (len(text) == 12 and text.isascii() and text.isdecimal()):
        raise argparse.ArgumentTypeError(f"{text!r} is not an account: twelve digits")
    return text


def _region(text: str) -> str:
    # A region is part of ARNs and host names.
    if not re.fullmatch("[a-z0-9]+(-[a-z0-9]+)*", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a region, such as us-east-1")
    return text
