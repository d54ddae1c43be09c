"""The command context: options, logging, registry, engine and exit code, the same for every command.

A command module defines ``parser()`` and ``run = partial(run_command, parser, _execute)``. ``put-image`` and the
application have command lines of their own; their errors leave through :func:`report_error` too.
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from ecrtui.cli.connection_options import connection_from
from ecrtui.cli.console import print_error
from ecrtui.cli.exit_codes import WRITE_CODES, ExitCode, OutputError, exit_code_for_error, list_codes
from ecrtui.cli.output_options import check_output
from ecrtui.cli.redacting_parser import RedactingParser
from ecrtui.cli.standard_streams import discard, flush_stdout, is_closed
from ecrtui.ecr.reference import Reference, parse_reference
from ecrtui.errors import EcrTuiError, UsageError, internal_error, reason_of

if TYPE_CHECKING:
    from ecrtui.registry.gateway import EcrRegistry
    from ecrtui.retag.engine import Engine
    from ecrtui.settings import Settings

IMAGE_FORMS = "team/app:tag, team/app@sha256:... or an image URI"
"""The forms of a reference to an image, for the help of an option."""


class CommandContext:
    """The registry and the engine that the options of a command select. Each is opened when it is first used.

    Args:
        options: the parsed command line, with the options of ``add_connection_options``.
        reference: the reference on the command line. A whole image URI sets account and region.
    """

    def __init__(self, options: argparse.Namespace, reference: Reference | None = None) -> None:
        self.options = options
        self._reference = reference

    @property
    def has_location(self) -> bool:
        """True if the reference sets account and region."""
        return self._reference is not None and bool(self._reference.registry_id)

    @cached_property
    def registry(self) -> EcrRegistry:
        """The registry."""
        from ecrtui.cli.terminal_user import terminal_user
        from ecrtui.wiring import open_registry

        return open_registry(connection_from(self.options, self._reference), user=terminal_user())

    @cached_property
    def settings(self) -> Settings:
        """The settings of the registry's account.

        Raises:
            SettingsError: the settings cannot be used.
            EcrTuiError: the registry cannot be reached.
        """
        from ecrtui.settings import load
        from ecrtui.wiring import account_settings

        settings = load({"read_only": getattr(self.options, "read_only", None)})
        return account_settings(self.registry, settings, connection_from(self.options, self._reference))

    @cached_property
    def engine(self) -> Engine:
        """The retag engine, with the settings of the registry's account.

        Raises:
            SettingsError: the settings cannot be used.
            EcrTuiError: the registry cannot be reached.
        """
        from ecrtui.wiring import open_engine

        return open_engine(self.registry, self.settings)

    def may_read_indexes(self, repository: str) -> bool:
        """Return True if ``--read-indexes`` allows it, or if reading the indexes of a repository leaves no trace."""
        if self.options.read_indexes:
            return True
        from ecrtui.catalog.read_ahead import may_read_ahead

        return may_read_ahead(self.registry, self.settings.prefetch, repository)


class CommandParser(RedactingParser):
    """A parser that takes options before, between and after the positional words; ``--`` ends the options."""

    def parse_args(  # type: ignore[override]  # the namespace is always a new one
        self, args: Sequence[str] | None = None, namespace: None = None
    ) -> argparse.Namespace:
        """Parse the words; exit with a message if they are not valid."""
        words = list(sys.argv[1:] if args is None else args)
        end = words.index("--") if "--" in words else len(words)
        # The words after "--" are marked: parse_intermixed_args parses positional words a second time, without it.
        options = self.parse_intermixed_args([*words[:end], *(_LITERAL + word for word in words[end + 1 :])])
        for name, value in vars(options).items():
            setattr(options, name, _without_mark(value))
        return options


_LITERAL = "\0"
"""Marks a word after ``--``. No word of a command line contains this character."""


def _without_mark(value: object) -> object:
    if isinstance(value, list):
        return [_without_mark(entry) for entry in value]
    return value.removeprefix(_LITERAL) if isinstance(value, str) else value


def make_parser(
    name: str, words: str, description: str, exit_codes: Iterable[ExitCode] = WRITE_CODES, *, notes: str = ""
) -> argparse.ArgumentParser:
    """Return the parser of a command, with its exit codes at the end of the help.

    Args:
        name: the command ("retag").
        words: the words after the options in its usage ("REFERENCE"). With the options, it would fill the screen.
        description: what the command does.
        exit_codes: the codes that it can return.
        notes: text before the exit codes.
    """
    epilog = f"{notes} {list_codes(exit_codes)}".strip()
    usage = f"%(prog)s [options] {words}".rstrip()
    return CommandParser(prog=f"ecrtui {name}", usage=usage, description=description, epilog=epilog)


def run_command(
    parser: Callable[[], argparse.ArgumentParser],
    execute: Callable[[argparse.Namespace], int],
    arguments: Sequence[str],
) -> int:
    """Parse the arguments, set up logging, run the command and return its exit code.

    Args:
        parser: returns the parser of the command.
        execute: runs the command and returns its exit code.
        arguments: the words after the name of the command.

    Raises:
        EcrTuiError: the command failed; ``main`` prints the error and exits with its code.
        OutputError: standard output could not be written. A reader that closes it early is not an error.
    """
    options = parser().parse_args(arguments)
    set_up_logging(debug=getattr(options, "debug", False))
    check_output(options)
    try:
        code = execute(options)
        sys.stdout.flush()
    except BrokenPipeError:  # the reader, such as head, has all that it wants
        discard(sys.stdout)
        return ExitCode.DONE
    except OSError as problem:  # a registry, a journal and a file of the user raise errors of ecrtui
        discard(sys.stdout)
        raise output_error(problem) from problem
    return code


def output_error(problem: Exception) -> OutputError:
    """Return the error of an output that could not be written."""
    if isinstance(problem, OSError) and is_closed(problem):
        return OutputError("Could not write the output", "Standard output is closed.")
    return OutputError("Could not write the output", reason_of(problem))


def input_error(name: str, problem: Exception) -> UsageError:
    """Return the error of a file of the command line that could not be read; ``-`` is standard input."""
    if name == "-":
        return UsageError("Could not read standard input", reason_of(problem), "Name a file instead of -.")
    return UsageError(f"Could not read {name}", reason_of(problem), "Name a file that you can read, or - for a pipe.")


def set_up_logging(*, debug: bool) -> None:
    """Log everything to standard error, without secrets, if ``debug``; otherwise log nothing."""
    from ecrtui.registry.logs import log_to

    log_to(sys.stderr if debug else None, debug=debug)


def report_error(error: EcrTuiError) -> int:
    """Print an error after the output that came before it, and return the exit code."""
    flush_stdout()
    print_error(error)
    return exit_code_for_error(error)


def report_bug(problem: Exception) -> int:
    """Print an exception that only a bug can cause, without its traceback, and return the exit code."""
    logging.getLogger(__name__).debug("unexpected error", exc_info=problem)
    return report_error(internal_error(problem))


def parse_repository(text: str) -> Reference:
    """Parse a reference that must name a repository, and no image in it.

    Raises:
        UsageError: the text is not a reference, names no repository, or has a tag or a digest.
    """
    reference = parse_repository_or_image(text)
    if reference.tag or reference.digest:
        raise UsageError(f"{text!r} names an image", "", f"Write the repository alone: {reference.repository}.")
    return reference


def parse_repository_or_image(text: str, *, short_digest: bool = False) -> Reference:
    """Parse a reference that must name a repository. It may have a tag or a digest.

    Args:
        text: the reference.
        short_digest: see :func:`.parse_reference`.

    Raises:
        UsageError: the text is not a reference, or names no repository.
    """
    reference = parse_reference(text, short_digest=short_digest)
    if not reference.repository:
        raise UsageError(f"{text!r} names no repository", "", "Write REPOSITORY, REPOSITORY:TAG or an image URI.")
    return reference


def parse_image(text: str, *, short_digest: bool = False) -> Reference:
    """Parse a reference that must name an image, by tag or digest.

    Args:
        text: the reference.
        short_digest: see :func:`.parse_reference`.

    Raises:
        UsageError: the text is not a reference, or has neither tag nor digest.
    """
    reference = parse_repository_or_image(text, short_digest=short_digest)
    if not (reference.tag or reference.digest):
        raise UsageError(f"{text!r} names no image", "", f"Write {reference}:TAG or {reference}@sha256:….")
    return reference
