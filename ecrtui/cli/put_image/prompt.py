"""``--cli-auto-prompt``: the Put image form instead of, or after, the line."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, cast

from ecrtui.cli.put_image.options import AUTO_PROMPT, NO_AUTO_PROMPT
from ecrtui.cli.put_image.problems import CommandLineError

if TYPE_CHECKING:
    from botocore.session import Session

FORM = "ecrtui.cli.put_image.form"
"""The module of the form; it has ``fill_in(prefill) -> Outcome``."""

OFF, ON, ON_PARTIAL = "off", "on", "on-partial"


@dataclass(frozen=True, slots=True)
class Prefill:
    """What the line has given already.

    Args:
        parameters: values of the parameters of PutImage, by their names in the API, as text (files are read).
        globals: the options that every command takes, by their names in Python.
        words: the line itself, without the options that open the form.
        problem: why the line could not be used as it was; empty if the form was asked for.
        file: the file that the manifest was read from; empty if it came from elsewhere.
    """

    parameters: Mapping[str, str]
    globals: Mapping[str, Any]
    words: Sequence[str]
    problem: str = ""
    file: str = ""


@dataclass(frozen=True, slots=True)
class FormOutcome:
    """What came out of the form.

    Args:
        words: the line that stands for what was filled in; it is run as if it had been typed. None if there is
            nothing left to run: the form was left (``code`` is 130), or has put the image itself.
        code: the exit code if there is nothing left to run.
        answer: the answer of PutImage if the form has put the image itself; it is printed as asked for.
    """

    words: Sequence[str] | None = None
    code: int = 0
    answer: Mapping[str, Any] | None = field(default=None)


class Form(Protocol):
    """What the module of the form offers."""

    def fill_in(self, prefill: Prefill) -> FormOutcome:
        """Show the form until it is sent or left."""


def mode(words: Sequence[str], session: Session) -> str:
    """Whether the form opens: ``off``, ``on``, or ``on-partial``: only for a line that cannot be used.

    ``help`` and ``--version`` > ``--no-cli-auto-prompt`` > ``--cli-auto-prompt`` > ``AWS_CLI_AUTO_PROMPT`` >
    ``cli_auto_prompt`` of the profile > off. Without a terminal only the option itself opens it, so that scripts
    run, and get their errors, whatever the configuration says.

    Raises:
        CommandLineError: both options were given.
    """
    if AUTO_PROMPT in words and NO_AUTO_PROMPT in words:
        raise CommandLineError(f"Both {AUTO_PROMPT} and {NO_AUTO_PROMPT} cannot be specified at the same time.")
    if "help" in words or "--version" in words or NO_AUTO_PROMPT in words:
        return OFF
    if AUTO_PROMPT in words:
        return ON
    return configured(session) if interactive() else OFF


def configured(session: Session) -> str:
    """The mode of environment and configuration."""
    from botocore.exceptions import ProfileNotFound

    from ecrtui.cli.put_image.session import setting

    try:
        chosen = setting(session, "AWS_CLI_AUTO_PROMPT", "cli_auto_prompt", OFF).lower()
    except ProfileNotFound:
        return OFF
    return chosen if chosen in (ON, ON_PARTIAL) else OFF


def interactive() -> bool:
    """Whether somebody can fill a form in: standard input and output are a terminal."""
    return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout))


def without_prompt(words: Sequence[str]) -> list[str]:
    """The line without the options that open the form."""
    return [word for word in words if word not in (AUTO_PROMPT, NO_AUTO_PROMPT)]


def prefill(words: Sequence[str], session: Session, problem: str = "") -> Prefill:
    """What a line gives already, as far as it can be understood; values that cannot be read are left out."""
    from ecrtui.cli.put_image.model import load_model
    from ecrtui.cli.put_image.options import parse_globals_leniently
    from ecrtui.cli.put_image.parameters import given_file, given_texts

    words = without_prompt(words)
    options, rest = parse_globals_leniently(words)
    texts = given_texts(rest, load_model(session).input.members)
    return Prefill(texts, _given(options), words, problem, given_file(rest, "image-manifest"))


def _given(options: argparse.Namespace) -> dict[str, Any]:
    return {name: value for name, value in vars(options).items() if value is not None}


def open_form(prefill: Prefill) -> FormOutcome:
    """Show the Put image form, filled in, and wait until it is sent or left.

    Raises:
        CommandLineError: there is no terminal to show it on, or no form.
        EcrTuiError: why the image could not be put, if it was tried and given up.
    """
    if not interactive():
        raise CommandLineError(
            f"{AUTO_PROMPT}: the Put image form needs a terminal.", "", f"Give the options, or {NO_AUTO_PROMPT}."
        )
    try:
        form = cast(Form, importlib.import_module(FORM))
    except ModuleNotFoundError as problem:
        if problem.name != FORM:
            raise
        raise CommandLineError(
            f"{AUTO_PROMPT}: there is no Put image form in this installation.", "", "Give the options on the line."
        ) from problem
    return form.fill_in(prefill)
