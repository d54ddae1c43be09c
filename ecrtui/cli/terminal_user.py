"""How a command asks the user while it signs in: on the terminal, if there is one."""

from __future__ import annotations

import time
from threading import Lock
from typing import TYPE_CHECKING

from ecrtui.cli.console import ProgressLine, print_message
from ecrtui.cli.standard_streams import write_stderr
from ecrtui.ecr.safe_text import visible, visible_lines
from ecrtui.errors import no_mfa_code

if TYPE_CHECKING:
    from ecrtui.ecr.sign_in_request import SignInRequest
    from ecrtui.registry.user import SignInMethod, User


def terminal_user() -> User:
    """Return how the registry asks and tells the user of a command.

    It asks if standard input and standard error are a terminal. A script gets an error that names the command to run.
    """
    from ecrtui.registry.user import User, has_terminal

    if not has_terminal():
        return User(on_waiting=_show_waiting, on_throttling=_ThrottlingMessage().show)
    return User(
        ask_for_code,
        _show_waiting,
        on_terminal=True,
        sign_in_method=_sign_in_method,
        sign_in=_show_sign_in,
        on_notice=print_message,
        on_throttling=_ThrottlingMessage().show,
    )


class _ThrottlingMessage:
    """Says once that requests are throttled. A command that sends thousands can be throttled all the time."""

    def __init__(self) -> None:
        self._first = Lock()

    def show(self) -> None:
        if self._first.acquire(blocking=False):
            ProgressLine().log("ECR is throttling requests. They are sent again after a pause.")


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
        raise no_mfa_code()
    return code


def _sign_in_method() -> SignInMethod:
    import os

    from ecrtui.registry.sso.method import choose_method
    from ecrtui.settings import load

    return choose_method(load({}).sso_login, os.environ)


def _show_sign_in(request: SignInRequest) -> bool:
    """Print where to sign in. Ctrl-C ends the command, and so the sign-in."""
    minutes = max(round((request.expires_at - time.time()) / 60), 1)
    if request.code:
        print_message(f"Sign in to {request.session}. Open this page, on any device:")
    else:
        print_message(f"Sign in to {request.session} in the browser. If it does not open, open this page there:")
    write_stderr(f"{visible(request.url)}\n", hide_secrets=False)  # the code in its query is for the user
    if request.code:
        print_message(f"code: {request.code}")
        print_message("Check that the page shows the same code, then allow the request.")
    print_message(f"Waiting, for {minutes} minutes at most.")
    return False


def _show_waiting(text: str) -> None:
    if text:
        print_message(text)
