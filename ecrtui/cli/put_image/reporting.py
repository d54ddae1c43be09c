"""Errors on standard error: in the AWS CLI's words and formats, with its exit codes, and with the next step.

=====  ============================================================================================
code   when
=====  ============================================================================================
0      the image was put (or is found to have been, after its answer was lost)
130    Ctrl-C
252    the line, a parameter or a file cannot be used; nothing was sent
253    no region, no credentials, a pager that cannot be started, a configuration that cannot be used
254    the service refused
255    everything else: no such profile, no connection, an answer that cannot be printed
=====  ============================================================================================
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from ecrtui.cli.aws_cli_output import write
from ecrtui.cli.aws_cli_output.pager import PagerError
from ecrtui.cli.put_image.problems import ConfigurationError, UnknownOptions
from ecrtui.ecr.safe_text import visible, visible_lines
from ecrtui.errors import EcrTuiError, UsageError

PREFIX = "ecrtui: [ERROR]:"
INTERRUPTED, PARAMETERS, CONFIGURATION, SERVICE, GENERAL = 130, 252, 253, 254, 255

_FEW = 5


@dataclass(frozen=True, slots=True)
class ErrorDescription:
    """What an exception is for the user."""

    code: int
    message: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    """For the structured formats: at least ``Code`` and ``Message``; empty for what is always told in plain words."""
    sentence: str = ""
    """The message as the enhanced format has it, with its code."""
    usage: str = ""
    """What is told before the message."""


def describe_error(problem: BaseException) -> ErrorDescription:
    """The exit code and the words for an exception."""
    if isinstance(problem, UnknownOptions):
        return ErrorDescription(PARAMETERS, problem.title, usage=problem.usage)
    if isinstance(problem, PagerError):
        return _coded(CONFIGURATION, "Pager", problem.title)
    if isinstance(problem, ConfigurationError):
        return _coded(CONFIGURATION, "Configuration", problem.title)
    if isinstance(problem, UsageError):
        return _coded(PARAMETERS, "ParamValidation", problem.title)
    if isinstance(problem, EcrTuiError):
        return ErrorDescription(GENERAL, str(problem))
    return _of_botocore(problem)


def as_client_error(error: EcrTuiError) -> Exception:
    """What botocore would have raised, had the call that the service refused been made by the command itself."""
    if not error.code or not error.operation:
        return error
    from botocore.exceptions import ClientError

    answer: Any = {"Error": {"Code": error.code, "Message": error.detail}}
    return ClientError(answer, error.operation)


def _of_botocore(problem: BaseException) -> ErrorDescription:
    from botocore import exceptions as raised

    if isinstance(problem, raised.ParamValidationError):
        return _coded(PARAMETERS, "ParamValidation", str(problem))
    if isinstance(problem, raised.NoRegionError):
        return _coded(
            CONFIGURATION, "NoRegion", f'{problem} You can also configure your region by running "aws configure".'
        )
    if isinstance(problem, raised.NoCredentialsError):
        return _coded(
            CONFIGURATION, "NoCredentials", f'{problem}. You can configure credentials by running "aws login".'
        )
    if isinstance(problem, raised.ClientError):
        modelled = {
            name: value for name, value in problem.response.items() if name not in ("Error", "ResponseMetadata")
        }
        fields = {**modelled, **problem.response.get("Error", {})}
        ordered = {name: fields.pop(name) for name in problem.response.get("Error", {}) if name in fields}
        return ErrorDescription(SERVICE, str(problem), {**ordered, **fields}, str(problem))
    return ErrorDescription(GENERAL, str(problem) or type(problem).__name__)


def _coded(code: int, name: str, message: str) -> ErrorDescription:
    return ErrorDescription(code, message, {"Code": name, "Message": message}, f"An error occurred ({name}): {message}")


class ErrorReporter:
    """Tells errors in the format that is in force by then.

    Args:
        error_format: looks the format up; may raise if the configuration cannot be read, and then errors are told
            in plain words.
    """

    def __init__(self, error_format: Callable[[], str] = lambda: "enhanced") -> None:
        self.error_format = error_format
        self.color = "auto"

    def report(self, problem: BaseException, hints: Sequence[str] = ()) -> int:
        """Tell a problem, and the next steps behind it; the exit code."""
        failure = describe_error(problem)
        if not self._structured(failure):
            for hint in hints:
                print_hint(hint)
        return failure.code

    def _structured(self, failure: ErrorDescription) -> bool:
        """Write the failure; whether it was in a format that only programs read."""
        chosen = self._chosen() if failure.fields else "legacy"
        if sys.stderr is None:
            return True
        if chosen in ("json", "yaml", "text", "table"):
            write(dict(failure.fields), chosen, stream=sys.stderr, title="error", color=self.color)
            return True
        if failure.usage:
            _say(f"\nusage: {failure.usage}\n")
        _write_error(failure.message if chosen == "legacy" else failure.sentence)
        if chosen == "enhanced":
            _write_details(failure.fields)
        return False

    def _chosen(self) -> str:
        try:
            return self.error_format()
        except Exception:  # noqa: BLE001 - a configuration that cannot be read must not hide the problem that is told
            return "legacy"


def print_hint(hint: str) -> None:
    """One next step, or what the user should know besides, on a line of its own."""
    _say(f"hint: {visible(' '.join(hint.split()))}\n")


def _say(text: str) -> None:
    """Write to standard error, if there is any: it is the last resort, so nothing can be told of its failure."""
    with suppress(OSError, ValueError, AttributeError):
        sys.stderr.write(text)
        sys.stderr.flush()


def _write_error(message: str) -> None:
    _say(f"\n{PREFIX} {visible_lines(message.strip(), keep_tabs=True)}".rstrip() + "\n")


def _write_details(fields: Mapping[str, Any]) -> None:
    details = {name: value for name, value in fields.items() if name.lower() not in ("code", "message")}
    if details:
        _say("\nAdditional error details:\n")
    for name, value in details.items():
        _say(f"{visible(name)}: {visible_lines(_inline(value), keep_tabs=True)}\n")


def _inline(value: Any) -> str:
    if isinstance(value, (list, dict)):
        entries = value.values() if isinstance(value, dict) else value
        if len(value) >= _FEW or any(isinstance(entry, (list, dict)) for entry in entries):
            return "<complex value> (Use --cli-error-format with json or yaml to see full details)"
        if isinstance(value, dict):
            return "{" + ", ".join(f"{name}: {entry}" for name, entry in value.items()) + "}"
        return f"[{', '.join(str(entry) for entry in value)}]"
    return str(value)
