"""Errors on standard error, in the words and formats of the AWS CLI, with its exit codes and with hints."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ecrtui.cli.aws_cli_output import write
from ecrtui.cli.aws_cli_output.pager import PagerError
from ecrtui.cli.put_image.errors import ConfigurationError, UnknownOptions
from ecrtui.cli.standard_streams import discard, write_stderr
from ecrtui.ecr.safe_text import visible, visible_lines
from ecrtui.errors import EcrTuiError, SettingsError, UsageError
from ecrtui.registry.aws_cli.failures import FailureKind, failure_of

PREFIX = "ecrtui: [ERROR]:"
INTERRUPTED, PARAMETERS, CONFIGURATION, SERVICE, GENERAL = 130, 252, 253, 254, 255

EXIT_CODES = {
    0: "the image was put, or ecrtui found that it had been put; or a skeleton, help or version was printed",
    INTERRUPTED: "Ctrl-C, SIGTERM or SIGHUP; if the request was in flight, standard error says that the outcome is "
    "unknown",
    PARAMETERS: "the command line, a parameter or a file is not valid; nothing was sent",
    CONFIGURATION: "no region, no credentials, no such pager, or an invalid setting of the AWS CLI or of ecrtui",
    SERVICE: "ECR refused the request",
    GENERAL: "any other error: unknown profile, no connection, refused by the settings of ecrtui, or a response that "
    "could not be printed (the image was put)",
}
"""What each exit code means, for the help and the documentation."""

_MAX_INLINE_ENTRIES = 4


@dataclass(frozen=True, slots=True)
class ErrorDescription:
    """The exit code and the message of an exception.

    Args:
        code: the exit code.
        message: the message.
        fields: for the structured formats, at least ``Code`` and ``Message``; empty for plain messages only.
        sentence: the message of the enhanced format, with its code.
        usage: text before the message.
    """

    code: int
    message: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    sentence: str = ""
    usage: str = ""


def describe_error(problem: BaseException) -> ErrorDescription:
    """Return exit code and message of an exception."""
    if isinstance(problem, UnknownOptions):
        return ErrorDescription(PARAMETERS, problem.title, usage=problem.usage)
    if isinstance(problem, PagerError):
        return _coded(CONFIGURATION, "Pager", problem.title)
    if isinstance(problem, ConfigurationError):
        return _coded(CONFIGURATION, "Configuration", problem.title)
    if isinstance(problem, SettingsError):
        return _coded(CONFIGURATION, "Settings", str(problem))
    if isinstance(problem, UsageError):
        return _coded(PARAMETERS, "ParamValidation", problem.title)
    if isinstance(problem, EcrTuiError):
        return ErrorDescription(GENERAL, str(problem))
    return _describe_botocore_error(problem)


def _describe_botocore_error(problem: BaseException) -> ErrorDescription:
    failure = failure_of(problem)
    match failure.kind:
        case FailureKind.PARAMETERS:
            return _coded(PARAMETERS, "ParamValidation", str(problem))
        case FailureKind.NO_REGION:
            return _coded(
                CONFIGURATION, "NoRegion", f'{problem} You can also configure your region by running "aws configure".'
            )
        case FailureKind.NO_CREDENTIALS:
            return _coded(
                CONFIGURATION, "NoCredentials", f'{problem}. You can configure credentials by running "aws login".'
            )
        case FailureKind.SERVICE:
            return ErrorDescription(SERVICE, str(problem), failure.fields, str(problem))
    return ErrorDescription(GENERAL, str(problem) or type(problem).__name__)


def _coded(code: int, name: str, message: str) -> ErrorDescription:
    return ErrorDescription(code, message, {"Code": name, "Message": message}, f"An error occurred ({name}): {message}")


class ErrorReporter:
    """Prints errors in the selected format.

    Args:
        error_format: returns the format. If it raises, because the configuration is invalid, errors are printed in
            the legacy format.
    """

    def __init__(self, error_format: Callable[[], str] = lambda: "enhanced") -> None:
        self.error_format = error_format
        self.color = "auto"

    def report(self, problem: BaseException, hints: Sequence[str] = ()) -> int:
        """Print an exception and hints, and return the exit code."""
        error = describe_error(problem)
        if not self._print_error(error):
            for hint in hints:
                print_hint(hint)
        return error.code

    def _print_error(self, error: ErrorDescription) -> bool:
        """Print the error; return True if the format is for programs, which get no hints."""
        chosen = self._selected_format() if error.fields else "legacy"
        if chosen in ("json", "yaml", "text", "table"):
            try:
                write(dict(error.fields), chosen, stream=sys.stderr, title="error", color=self.color)
            except (OSError, ValueError):
                discard(sys.stderr)
            return True
        if error.usage:
            write_stderr(f"\nusage: {error.usage}\n")
        _write_error(error.message if chosen == "legacy" else error.sentence)
        if chosen == "enhanced":
            _write_details(error.fields)
        return False

    def _selected_format(self) -> str:
        try:
            return self.error_format()
        except Exception:  # noqa: BLE001 - an invalid configuration must not hide the error
            return "legacy"


def print_hint(hint: str) -> None:
    """Print a hint on a line of its own."""
    write_stderr(f"hint: {visible(' '.join(hint.split()))}\n")


def _write_error(message: str) -> None:
    write_stderr(f"\n{PREFIX} {visible_lines(message.strip(), keep_tabs=True)}".rstrip() + "\n")


def _write_details(fields: Mapping[str, Any]) -> None:
    details = {name: value for name, value in fields.items() if name.lower() not in ("code", "message")}
    if details:
        write_stderr("\nAdditional error details:\n")
    for name, value in details.items():
        write_stderr(f"{visible(name)}: {visible_lines(_inline(value), keep_tabs=True)}\n")


def _inline(value: Any) -> str:
    if isinstance(value, (list, dict)):
        entries = value.values() if isinstance(value, dict) else value
        if len(value) > _MAX_INLINE_ENTRIES or any(isinstance(entry, (list, dict)) for entry in entries):
            return "<complex value> (Use --cli-error-format with json or yaml to see full details)"
        if isinstance(value, dict):
            return "{" + ", ".join(f"{name}: {entry}" for name, entry in value.items()) + "}"
        return f"[{', '.join(str(entry) for entry in value)}]"
    return str(value)
