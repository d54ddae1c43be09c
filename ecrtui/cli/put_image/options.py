"""The options of ``put-image``: the global options of the AWS CLI, and the parameters of PutImage.

The command line is parsed as the AWS CLI does it, in three passes (abbreviations, ``--option=value``, the last one
wins): ``--profile`` and ``--debug``, then the global options, then the parameters. Each pass has its own
abbreviations, so users can see the order of the passes.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from ecrtui import __version__
from ecrtui.cli.aws_cli_output import COLORS, FORMATS
from ecrtui.cli.connection_options import CONNECTION_OPTIONS
from ecrtui.cli.put_image.errors import CommandLineError, UnknownOptions
from ecrtui.registry.aws_cli.operation_model import OperationModel, option_name

PROGRAM = "ecrtui put-image"
USAGE = f"""{PROGRAM} [options]
Run `{PROGRAM} help` for help. The options are those of the AWS CLI, whose help is:

  aws help
  aws <command> help
  aws <command> <subcommand> help
"""
ERROR_FORMATS = ("legacy", "json", "yaml", "text", "table", "enhanced")
"""The values of ``--cli-error-format``."""

AUTO_PROMPT, NO_AUTO_PROMPT = "--cli-auto-prompt", "--no-cli-auto-prompt"
INPUTS = ("cli-input-json", "cli-input-yaml")
"""The options that read parameters from a document."""
SKELETON = "generate-cli-skeleton"
SKELETONS = ("input", "output", "yaml-input")


@dataclass(frozen=True, slots=True)
class GlobalOption:
    """A global option of the AWS CLI.

    Args:
        name: the name without dashes.
        help: the help text.
        settings: arguments of argparse.
        values: the type of its value for the help ("string", "int"); empty for a flag.
    """

    name: str
    help: str
    settings: Mapping[str, Any]
    values: str = ""


def _flag(name: str, text: str, **settings: Any) -> GlobalOption:
    return GlobalOption(name, text, {"action": "store_true", **settings})


def _value(name: str, text: str, kind: str = "string", **settings: Any) -> GlobalOption:
    return GlobalOption(name, text, settings, kind)


def _connection(name: str, text: str = "") -> GlobalOption:
    """Return an option of :data:`CONNECTION_OPTIONS`, without the checks of its value, which the AWS CLI does later."""
    option = next(option for option in CONNECTION_OPTIONS if option.name == name)
    kind = ("int" if option.type else "string") if option.metavar else ""
    return GlobalOption(name, text or f"{option.help[0].upper()}{option.help[1:]}.", option.arguments, kind)


GLOBAL_OPTIONS = (
    _connection("debug", "Log requests to standard error. Credentials, tokens and signatures are hidden."),
    _connection("endpoint-url"),
    _connection("no-verify-ssl"),
    _flag(
        "no-paginate", "Has no effect on PutImage.", action="store_false", dest="paginate"
    ),
    _value("output", "The output format.", choices=FORMATS),
    _value("query", "A JMESPath query that selects what is printed."),
    _connection("profile"),
    _connection("region"),
    _value("color", "Colors in tables.", choices=COLORS, default="auto"),
    _connection("no-sign-request"),
    _connection("ca-bundle"),
    _connection("cli-read-timeout", "Read timeout in seconds; 0 disables it. The default is 60."),
    _connection("cli-connect-timeout", "Connect timeout in seconds; 0 disables it. The default is 60."),
    _value("cli-binary-format", "Has no effect on PutImage.", choices=("base64", "raw-in-base64-out")),
    _flag("no-cli-pager", "Do not use a pager."),
    _flag("cli-auto-prompt", "Open the Put image form, filled in from the other options."),
    _flag("no-cli-auto-prompt", "Never open the form, whatever the configuration says."),
    _value("cli-error-format", "The format of error messages. The default is enhanced.", choices=ERROR_FORMATS),
)  # fmt: skip
"""The global options, in the order of the AWS CLI, which is also the order of names in its messages."""


class PutImageParser(argparse.ArgumentParser):
    """An argument parser with the messages of the AWS CLI."""

    def __init__(self, usage: str | None = USAGE) -> None:
        super().__init__(
            prog=PROGRAM,
            usage=usage,
            add_help=False,
            formatter_class=argparse.RawTextHelpFormatter,
            conflict_handler="resolve",
        )

    def error(self, message: str) -> NoReturn:
        """Report an invalid command line, with the usage after the message.

        Raises:
            CommandLineError: always.
        """
        raise CommandLineError(f"{message}\n\n{self.format_usage()}")

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        # argparse has no public way to change this message
        if action.choices is None or value in action.choices:
            return
        from difflib import get_close_matches

        choices = [str(choice) for choice in action.choices]
        lines = [f"Found invalid choice '{value}'\n"]
        if close := get_close_matches(str(value), choices, cutoff=0.8):
            lines += ["Maybe you meant:\n", *(f"  * {word}" for word in close)]
        raise argparse.ArgumentError(action, "\n".join(lines))


def version_text() -> str:
    """Return the versions of ecrtui, Python and the system, in the layout of the AWS CLI."""
    import platform

    system = platform.uname()
    return f"ecrtui/{__version__} Python/{platform.python_version()} {system.system}/{system.release} {system.machine}"


def parse_first(arguments: Sequence[str]) -> argparse.Namespace:
    """Parse ``profile`` and ``debug``, which everything else needs: the first pass.

    Raises:
        CommandLineError: ``--profile`` without a value, or ``--debug`` with one.
    """
    parser = PutImageParser(usage=None)
    parser.add_argument("--profile")
    parser.add_argument("--debug", action="store_true")
    return parser.parse_known_args(arguments)[0]


def parse_globals(arguments: Sequence[str]) -> tuple[argparse.Namespace, list[str]]:
    """Parse the global options and return them with the remaining words: the second pass.

    Raises:
        CommandLineError: a value is missing or invalid, or an abbreviation is ambiguous.
        SystemExit: ``--version`` was given and is printed.
    """
    parser = PutImageParser()
    _add_globals(parser)
    if any(word.startswith("--v") for word in arguments):  # making the text takes time
        parser.add_argument("--version", action="version", version=version_text())
    return parser.parse_known_args(arguments)


def parse_globals_leniently(arguments: Sequence[str]) -> tuple[argparse.Namespace, list[str]]:
    """Return the valid global options and the remaining words; never raise.

    A form that opens because of a mistake keeps the other options of the command line, such as the profile.
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
        except CommandLineError:  # an ambiguous abbreviation
            return parse_globals(())[0], list(arguments)
    for option in GLOBAL_OPTIONS:
        name = option.settings.get("dest", option.name.replace("-", "_"))
        choices = option.settings.get("choices")
        if choices is not None and getattr(options, name) not in choices:
            setattr(options, name, option.settings.get("default"))
    return options, rest


def parse_parameters(words: Sequence[str], operation: OperationModel) -> argparse.Namespace:
    """Parse the parameters of the operation, by their names in Python: the third pass. ``help`` asks for the help.

    Raises:
        CommandLineError: a required option or a value is missing, or an abbreviation is ambiguous.
        UnknownOptions: words are left that are not options.
    """
    if list(words) == ["help"]:
        return argparse.Namespace(help="help")
    parser = PutImageParser()
    _add_parameters(parser, operation, _required(words, operation))
    parser.add_argument("help", nargs="?")
    options, unknown = parser.parse_known_args(words)
    if options.help and options.help != "help":
        unknown.append(options.help)
    if unknown and options.help != "help":
        raise UnknownOptions(unknown, USAGE)
    return options


def whole_parser(operation: OperationModel) -> argparse.ArgumentParser:
    """Return one parser with the options of all passes, with help texts, for the completion of a shell."""
    parser = PutImageParser()
    _add_globals(parser)
    _add_parameters(parser, operation, ())
    return parser


def _add_globals(parser: PutImageParser) -> None:
    for option in GLOBAL_OPTIONS:
        parser.add_argument(f"--{option.name}", help=option.help, **option.settings)


def _add_parameters(parser: PutImageParser, operation: OperationModel, required: Iterable[str]) -> None:
    for member, shape in operation.input.members.items():
        _add_parameter(parser, option_name(member), shape.type_name, required=member in required)
    for name in INPUTS:
        parser.add_argument(f"--{name}")
    parser.add_argument(f"--{SKELETON}", nargs="?", const="input", choices=SKELETONS)


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
    """Return the required members; none if a document gives the parameters or nothing will be sent."""
    if any(f"--{name}" in words for name in INPUTS):
        return ()
    if f"--{SKELETON}" in words:
        after = words[words.index(f"--{SKELETON}") + 1 :]
        if not after or after[0] != "output":
            return ()
    return tuple(operation.input.required_members)
