"""The calls of the registry process that ask and tell the user of a connection."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from ecrtui.errors import CredentialsError
from ecrtui.registry.process.rpc import ConnectionClosed, RpcConnection
from ecrtui.registry.user import SignInMethod, User

if TYPE_CHECKING:
    from ecrtui.ecr.sign_in_request import SignInRequest

MFA_CODE, WAITING, NEW_CREDENTIALS, LEND_TERMINAL = "mfa_code", "waiting", "new_credentials", "lend_terminal"
SIGN_IN, END_SIGN_IN, SIGN_IN_METHOD, NOTICE = "sign_in", "end_sign_in", "sign_in_method", "notice"
CREDENTIALS, DENIAL = "credentials", "denial"
"""The names of the calls; each is a function of :class:`ecrtui.registry.user.User`."""


def remote_user(rpc: RpcConnection, number: int) -> User:
    """Return the user of the connection with this number. The other process asks and informs them."""
    return User(
        partial(_ask_for_code, rpc, number),
        partial(_tell, rpc, WAITING, number),
        partial(_tell, rpc, NEW_CREDENTIALS, number),
        lend_terminal=partial(_lend_terminal, rpc, number),
        sign_in=partial(_sign_in, rpc, number),
        end_sign_in=partial(_tell, rpc, END_SIGN_IN, number),
        sign_in_method=partial(_sign_in_method, rpc, number),
        on_notice=partial(_tell, rpc, NOTICE, number),
        on_credentials=partial(_tell, rpc, CREDENTIALS, number),
        on_denial=partial(_tell, rpc, DENIAL, number),
    )


def answer(user: User, name: str, *arguments: Any) -> Iterator[Any]:
    """Handle a call in the process of the user.

    Raises:
        CredentialsError: nobody answers.
    """
    if name == WAITING:
        user.on_waiting(*arguments)
    elif name == NEW_CREDENTIALS:
        user.on_new_credentials()
    elif name == NOTICE:
        user.on_notice(*arguments)
    elif name == CREDENTIALS:
        user.on_credentials(*arguments)
    elif name == DENIAL:
        user.on_denial(*arguments)
    elif name == SIGN_IN:
        yield user.sign_in(*arguments)
    elif name == END_SIGN_IN:
        user.end_sign_in(*arguments)
    elif name == SIGN_IN_METHOD:
        yield user.sign_in_method()
    elif name == LEND_TERMINAL:
        yield user.lend_terminal(*arguments) if user.lend_terminal else None
    elif user.mfa_code is not None:
        yield user.mfa_code(*arguments)
    else:
        raise CredentialsError("The profile needs an MFA code", *arguments)


def _ask_for_code(rpc: RpcConnection, number: int, question: str) -> str:
    try:
        return str(rpc.call(MFA_CODE, number, question).next())
    except ConnectionClosed:
        raise CredentialsError("No MFA code was given") from None


def _lend_terminal(rpc: RpcConnection, number: int, command: str, profile: str, problem: str) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] | None = rpc.call(LEND_TERMINAL, number, command, profile, problem).next()
    except ConnectionClosed:
        return None
    return found


def _sign_in(rpc: RpcConnection, number: int, request: SignInRequest) -> bool:
    try:
        return bool(rpc.call(SIGN_IN, number, request).next())
    except ConnectionClosed:
        return True


def _sign_in_method(rpc: RpcConnection, number: int) -> SignInMethod | None:
    try:
        method: SignInMethod | None = rpc.call(SIGN_IN_METHOD, number).next()
    except ConnectionClosed:
        return None
    return method


def _tell(rpc: RpcConnection, name: str, number: int, *arguments: Any) -> None:
    with suppress(ConnectionClosed):  # the other process has ended
        rpc.call(name, number, *arguments)
