"""How the registry reaches the user while it signs in."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ecrtui.ecr.permissions import Denial
    from ecrtui.ecr.sign_in_request import SignInRequest


class SignInMethod(Enum):
    """How the user signs in to IAM Identity Center."""

    DEVICE = "device"
    """The user enters a code on any device."""
    BROWSER = "browser"
    """ecrtui opens a browser on this machine."""


@dataclass(eq=False, repr=False, slots=True)
class User:
    """Functions that ask or inform the user. The thread that signs in calls them."""

    mfa_code: Callable[[str], str] | None = None
    """Takes the question and returns the code of the MFA device. None if ecrtui cannot ask the user."""
    on_waiting: Callable[[str], None] = lambda _: None
    """Shows what the sign-in waits for. The text is empty when the sign-in no longer waits."""
    on_new_credentials: Callable[[], None] = lambda: None
    """Reports that other credentials of the same account sign the requests from now on. The caller may differ."""
    on_terminal: bool = False
    """Whether the commands of ``credential_process`` may read and write on the terminal of this process."""
    lend_terminal: Callable[[str, str, str], dict[str, Any] | None] | None = None
    """Offers to run a command of ``credential_process`` again, on the terminal, which shows screens now.

    Takes the command, the name of the profile, and why the command failed without a terminal. Returns what
    ``run_credential_process`` returns, or None if the user does not want that. None if there is no terminal.
    """

    sign_in_method: Callable[[], SignInMethod | None] = lambda: None
    """Returns how to sign in to IAM Identity Center; None if ecrtui cannot ask the user."""
    sign_in: Callable[[SignInRequest], bool] = lambda _: True
    """Shows the page of a sign-in to IAM Identity Center.

    Returns True when the user cancels, and False when ``end_sign_in`` is called with the same request, or at once.
    """
    end_sign_in: Callable[[SignInRequest], None] = lambda _: None
    """Removes the page: the sign-in has ended."""
    on_notice: Callable[[str], None] = lambda _: None
    """Tells the user what is wrong without stopping the work."""
    on_throttling: Callable[[], None] = lambda: None
    """Reports that ECR throttles a request that changes nothing, before a pause after which it is sent again."""
    on_credentials: Callable[[bool], None] = lambda _: None
    """Reports a change: whether ECR accepts the credentials. It is False, too, if there are none."""
    on_denial: Callable[[Denial, bool], None] = lambda *_: None
    """Reports a change: whether ECR denies such requests. It is True after the first one, and False once it is over."""


def has_terminal() -> bool:
    """Return whether the user can be asked on the terminal: standard input and standard error are one."""
    return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stderr))
