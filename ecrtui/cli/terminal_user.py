"""How a command asks the user while it signs in: on the terminal, if there is one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ecrtui.cli.console import print_message
from ecrtui.ecr.safe_text import visible_lines
from ecrtui.errors import CredentialsError

if TYPE_CHECKING:
    from ecrtui.registry.user import User


def terminal_user() -> User:
    """Return how the registry asks and tells the user of a command.

    It asks if standard input and standard error are a terminal. A script gets an error that names the command to run.
    """
    from ecrtui.registry.user import User, has_terminal

    if not has_terminal():
        return User(on_waiting=_show_waiting)
    return User(ask_for_code, _show_waiting, on_terminal=True)


def ask_for_code(question: str) -> str:
    """Ask for an MFA code on the terminal, as the AWS CLI does: the code is not shown.

    Raises:
        CredentialsError: the user entered none.
    """
    from getpass import getpass

    try:
        code = getpass(visible_lines(question))
    except EOFError:
        code = ""
    if not code.strip():
        raise CredentialsError("No MFA code entered", "", "Try again and enter the code from your MFA device.")
    return code


def _show_waiting(text: str) -> None:
    if text:
        print_message(text)
