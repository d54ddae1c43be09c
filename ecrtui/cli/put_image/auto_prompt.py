"""``--cli-auto-prompt``: open the Put image form, filled in from the command line."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ecrtui.cli.put_image.errors import CommandLineError
from ecrtui.cli.put_image.options import AUTO_PROMPT, NO_AUTO_PROMPT
from ecrtui.cli.screen_terminal import is_printing_terminal

if TYPE_CHECKING:
    from ecrtui.registry.aws_cli.session import Session

OFF, ON, ON_PARTIAL = "off", "on", "on-partial"


@dataclass(frozen=True, slots=True)
class Prefill:
    """The values that the command line gives for the form.

    Args:
        parameters: parameters of PutImage by their names in the API, as text (files are read).
        globals: the global options by their names in Python.
        problem: why the command line is invalid; empty if the form was asked for.
        file: the path that the manifest was read from; empty if it came from elsewhere.
    """

    parameters: Mapping[str, str]
    globals: Mapping[str, Any]
    problem: str = ""
    file: str = ""


@dataclass(frozen=True, slots=True)
class FormOutcome:
    """The result of the form.

    Args:
        response: the response of PutImage; None if no image was put.
        code: the exit code if no image was put.
    """

    response: Mapping[str, Any] | None = None
    code: int = 0


def prompt_mode(words: Sequence[str], session: Session, *, interactive: bool) -> str:
    """Return when the form opens: ``off``, ``on``, or ``on-partial`` for invalid command lines only.

    ``help`` and ``--version`` > ``--no-cli-auto-prompt`` > ``--cli-auto-prompt`` > ``AWS_CLI_AUTO_PROMPT`` >
    ``cli_auto_prompt`` of the profile > off. Without a terminal only the option opens it, so that scripts run and get
    their errors whatever the configuration says.

    Args:
        words: the command line.
        session: reads the configuration.
        interactive: whether standard input and output are a terminal.

    Raises:
        CommandLineError: both options are given.
    """
    if AUTO_PROMPT in words and NO_AUTO_PROMPT in words:
        raise CommandLineError(f"Both {AUTO_PROMPT} and {NO_AUTO_PROMPT} cannot be specified at the same time.")
    if "help" in words or "--version" in words or NO_AUTO_PROMPT in words:
        return OFF
    if AUTO_PROMPT in words:
        return ON
    return _configured_mode(session) if interactive else OFF


def _configured_mode(session: Session) -> str:
    """Return the mode of environment and profile; off if the profile does not exist."""
    from ecrtui.registry.aws_cli.session import profile_settings, setting

    if "AWS_CLI_AUTO_PROMPT" not in os.environ and profile_settings(session) is None:
        return OFF
    chosen = setting(session, "AWS_CLI_AUTO_PROMPT", "cli_auto_prompt", OFF).lower()
    return chosen if chosen in (ON, ON_PARTIAL) else OFF


def is_interactive() -> bool:
    """Return whether standard input and output are a terminal that can show the form."""
    is_terminal = all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout))
    return is_terminal and not is_printing_terminal(os.environ.get("TERM", ""))


def without_prompt_options(words: Sequence[str]) -> list[str]:
    """Return the command line without the options that open the form."""
    return [word for word in words if word not in (AUTO_PROMPT, NO_AUTO_PROMPT)]


def prefill_from(words: Sequence[str], session: Session, problem: str = "") -> Prefill:
    """Return the values of a command line that may be invalid; values that cannot be read are left out."""
    from ecrtui.cli.put_image.options import parse_globals_leniently
    from ecrtui.cli.put_image.parameters import given_file, given_texts
    from ecrtui.registry.aws_cli.operation_model import load_model

    options, rest = parse_globals_leniently(without_prompt_options(words))
    texts = given_texts(rest, load_model(session).input.members)
    return Prefill(texts, _given(options), problem, given_file(rest, "image-manifest"))


def _given(options: argparse.Namespace) -> dict[str, Any]:
    return {name: value for name, value in vars(options).items() if value is not None}
