"""What a user has to do to sign in to IAM Identity Center."""

from __future__ import annotations

from typing import NamedTuple


class SignInRequest(NamedTuple):
    """A page that the user opens in a browser, so that ecrtui gets a token.

    Args:
        session: where the user signs in: the name of the ``sso-session``, or the start URL.
        url: the page.
        code: the code that the page shows or asks for; empty if ecrtui opens the page itself, which needs no code.
        expires_at: the time at which the request ends, in seconds since 1970.
    """

    session: str
    url: str
    code: str
    expires_at: float
