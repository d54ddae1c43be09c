"""The errors of ``put-image`` that have messages and exit codes of the AWS CLI."""

from __future__ import annotations

from collections.abc import Sequence

from ecrtui.errors import EcrTuiError, UsageError


class CommandLineError(UsageError):
    """The command line is invalid. The title is the message of the AWS CLI, often with the usage after it."""


class ParameterError(UsageError):
    """The value of an option is invalid. The title is the message of the AWS CLI."""

    def __init__(self, option: str, problem: object, hint: str = "") -> None:
        super().__init__(f"Error parsing parameter '{option}': {problem}", "", hint)


class UnknownOptions(UsageError):  # noqa: N818 - reads as what happened
    """The command line has words that are not options."""

    def __init__(self, words: Sequence[str], usage: str) -> None:
        super().__init__(f"Unknown options: {', '.join(words)}")
        self.usage = usage


class ConfigurationError(EcrTuiError):
    """A value of the AWS configuration is invalid. The title is the message of the AWS CLI."""


class GeneralError(EcrTuiError):
    """An error that has no kind of its own in the AWS CLI."""
