"""What can go wrong with a line before anything is sent, and with printing after everything was."""

from __future__ import annotations

from collections.abc import Sequence

from ecrtui.errors import EcrTuiError, UsageError


class CommandLineError(UsageError):
    """The line cannot be read: the title has the AWS CLI's words, often with the usage behind them."""


class ParameterError(UsageError):
    """The value of an option cannot be used; the title has the AWS CLI's words."""

    def __init__(self, option: str, problem: object, hint: str = "") -> None:
        super().__init__(f"Error parsing parameter '{option}': {problem}", "", hint)


class UnknownOptions(UsageError):  # noqa: N818 - reads as what happened
    """Words are left on the line that nobody takes."""

    def __init__(self, words: Sequence[str], usage: str) -> None:
        super().__init__(f"Unknown options: {', '.join(words)}")
        self.usage = usage


class ConfigurationError(EcrTuiError):
    """A value of the AWS configuration file cannot be used; the title has the AWS CLI's words."""


class GeneralError(EcrTuiError):
    """Anything that the AWS CLI has no kind of its own for; the title tells it."""
