"""The options of ``put-image``: those of the AWS CLI for every command, and those that PutImage's own model has.

The line is read as the AWS CLI reads it, in three passes by argparse (abbreviations, ``--option=value``, last one
wins): ``--profile`` and ``--debug`` first, then what every command takes, then what is left. Each pass has its own
abbreviations, so the order of the passes is part of what users see.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from ecrtui import __version__
from ecrtui.cli.aws_cli_output import COLORS, FORMATS
from ecrtui.cli.put_image.model import OperationModel, option_name
from ecrtui.cli.put_image.problems import CommandLineError, UnknownOptions

PROGRAM = "ecrtui put-image"
USAGE = f"""{PROGRAM} [options]
The help of this command is `{PROGRAM} help`. The AWS CLI, whose options these are, has its own:

  aws help
  aws <command> help
  aws <command> <subcommand> help
"""
ERROR_FORMATS = ("legacy", "json", "yaml", "text", "table", "enhanced")
"""The formats of error messages, by the names that ``--cli-error-format`` takes."""

AUTO_PROMPT, NO_AUTO_PROMPT = "--cli-auto-prompt", "--no-cli-auto-prompt"
INPUTS = ("cli-input-json", "cli-input-yaml")
"""The options that bring parameters of their own."""
SKELETON = "generate-cli-skeleton"
SKELETONS = ("input", "output", "yaml-input")


@dataclass(frozen=True, slots=True)
class GlobalOption:
    """An option that every command of the AWS CLI takes: its name, what argparse needs, and its help."""

    name: str
    help: str
    settings: Mapping[str, Any]
    values: str = ""
    """What its value is, for the help: "string", "int"; empty if it takes none."""


def _flag(name: str, text: str, **settings: Any) -> GlobalOption:
    return GlobalOption(name, text, {"action": "store_true", **settings})


def _value(name: str, text: str, kind: str = "string", **settings: Any) -> GlobalOption:
    return GlobalOption(name, text, settings, kind)


GLOBAL_OPTIONS = (
    _flag("debug", "Turn on debug logging, to standard error. Credentials, tokens and signatures are blacked out."),
    _value("endpoint-url", "Override the command's default URL with the given URL."),
    _flag(
        "no-verify-ssl", "Do not check the service's TLS certificate.", action="store_false", dest="verify_ssl"
    ),
    _flag(
        "no-paginate", "Accepted; PutImage has no pages.", action="store_false", dest="paginate"
    ),
    _value("output", "The format of what is printed.", choices=FORMATS),
    _value("query", "A JMESPath query that picks what is printed."),
    _value("profile", "A profile of the AWS configuration."),
    _value("region", "The region. Overrides configuration and environment."),
    _value("color", "Colour in tables.", choices=COLORS, default="auto"),
    _flag("no-sign-request", "Send no credentials.", action="store_false", dest="sign_request"),
    _value("ca-bundle", "A file of certificates to check TLS with. Overrides configuration and environment."),
    _value("cli-read-timeout", "How many seconds to wait for an answer; 0 is for ever, 60 the default.", "int",
           dest="read_timeout"),
    _value("cli-connect-timeout", "How many seconds to wait for a connection; 0 is for ever, 60 the default.", "int",
           dest="connect_timeout"),
    _value("cli-binary-format", "Accepted; PutImage has no binary parameter.", choices=("base64", "raw-in-base64-out")),
    _flag("no-cli-pager", "Use no pager on a terminal."),
    _flag("cli-auto-prompt", "Open the Put image form, filled in from the rest of the line."),
    _flag("no-cli-auto-prompt", "Do not open the form, whatever the configuration says."),
    _value("cli-error-format", "The format of error messages; enhanced is the default.", choices=ERROR_FORMATS),
)  # fmt: skip
"""In the order of the AWS CLI, which is the order of the names in its messages."""


class PutImageParser(argparse.ArgumentParser):
    """argparse with the AWS CLI's words."""

    def __init__(self, usage: str | None = USAGE) -> None:
        super().__init__(
            prog=PROGRAM,
            usage=usage,
            add_help=False,
            formatter_class=argparse.RawTextHelpFormatter,
            conflict_handler="resolve",
        )

    def error(self, message: str) -> NoReturn:
        """Tell a problem of the line, with the usage behind it.

        Raises:
            CommandLineError: always.
        """
        raise CommandLineError(f"{message}\n\n{self.format_usage()}")

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        # argparse has no public way to change the words for a value that is no choice
        if action.choices is None or value in action.choices:
            return
        from difflib import get_close_matches

        choices = [str(choice) for choice in action.choices]
        lines = [f"Found invalid choice '{value}'\n"]
        if close := get_close_matches(str(value), choices, cutoff=0.8):
            lines += ["Maybe you meant:\n", *(f"  * {word}" for word in close)]
        raise argparse.ArgumentError(action, "\n".join(lines))


def version_text() -> str:
    """Name and version of this program, of Python and of the system, in the AWS CLI's layout."""
    import platform

    system = platform.uname()
    return f"ecrtui/{__version__} Python/{platform.python_version()} {system.system}/{system.release} {system.machine}"


def parse_first(arguments: Sequence[str]) -> argparse.Namespace:
    """The first pass: ``profile`` and ``debug``, as everything else needs them.

    Raises:
        CommandLineError: ``--profile`` without a value, or ``--debug`` with one.
    """
    parser = PutImageParser(usage=None)
    parser.add_argument("--profile")
    parser.add_argument("--debug", action="store_true")
    return parser.parse_known_args(arguments)[0]


def parse_globals(arguments: Sequence[str]) -> tuple[argparse.Namespace, list[str]]:
    """The second pass: what every command takes, and the words that are left.

    Raises:
        CommandLineError: a value is missing or is no choice, an abbreviation could mean several options.
        SystemExit: ``--version`` was among them and has been answered.
    """
    parser = PutImageParser()
    for option in GLOBAL_OPTIONS:
        parser.add_argument(f"--{option.name}", **option.settings)
    if any(word.startswith("--v") for word in arguments):  # the text takes a while to gather
        parser.add_argument("--version", action="version", version=version_text())
    return parser.parse_known_args(arguments)


def parse_globals_leniently(arguments: Sequence[str]) -> tuple[argparse.Namespace, list[str]]:
    """What every command takes, as far as it can be used, and the words that are left; never raises for the line.

    Who is shown a form because the line has a mistake must not lose the profile that the line has, too.
    """
    try:
        return parse_globals(arguments)
    except CommandLineError:
        parser = PutImageParser()
        for option in GLOBAL_OPTIONS:
            lenient: dict[str, Any] = {name: value for name, value in option.settings.items() if name != "choices"}
            if option.values:
                lenient["nargs"] = "?"
            parser.add_argument(f"--{option.name}", **lenient)
        try:
            options, rest = parser.parse_known_args(arguments)
        except CommandLineError:  # an abbreviation of several
            return parse_globals(())[0], list(arguments)
    for option in GLOBAL_OPTIONS:
        name = option.settings.get("dest", option.name.replace("-", "_"))
        choices = option.settings.get("choices")
        if choices is not None and getattr(options, name) not in choices:
            setattr(options, name, option.settings.get("default"))
    return options, rest


def parse_parameters(words: Sequence[str], operation: OperationModel) -> argparse.Namespace:
    """The third pass: the parameters of the operation, by their names in Python; ``help`` tells that help is wanted.

    Raises:
        CommandLineError: a required option or a value is missing, an abbreviation could mean several options.
        UnknownOptions: something is left that nobody takes.
    """
    if list(words) == ["help"]:
        return argparse.Namespace(help="help")
    parser = PutImageParser()
    required = _required(words, operation)
    for member, shape in operation.input.members.items():
        _add_parameter(parser, option_name(member), shape.type_name, required=member in required)
    for name in INPUTS:
        parser.add_argument(f"--{name}")
    parser.add_argument(f"--{SKELETON}", nargs="?", const="input", choices=SKELETONS)
    parser.add_argument("help", nargs="?")
    options, unknown = parser.parse_known_args(words)
    if options.help and options.help != "help":
        unknown.append(options.help)
    if unknown and options.help != "help":
        raise UnknownOptions(unknown, USAGE)
    return options


def _add_parameter(parser: PutImageParser, name: str, kind: str, *, required: bool) -> None:
    if kind == "boolean":
        choice = parser.add_mutually_exclusive_group(required=required)
        choice.add_argument(f"--{name}", action="store_true", default=None, dest=name.replace("-", "_"))
        choice.add_argument(f"--no-{name}", action="store_false", default=None, dest=name.replace("-", "_"))
    elif kind == "list":
        parser.add_argument(f"--{name}", nargs="*", required=required)
    else:
        parser.add_argument(f"--{name}", required=required)


def _required(words: Sequence[str], operation: OperationModel) -> Iterable[str]:
    """The members that must be on the line: none if the parameters come from elsewhere or nothing will be sent."""
    if any(f"--{name}" in words for name in INPUTS):
        return ()
    if f"--{SKELETON}" in words:
        behind = words[words.index(f"--{SKELETON}") + 1 :]
        if not behind or behind[0] != "output":
            return ()
    return tuple(operation.input.required_members)
