"""Sign in to IAM Identity Center, once for all requests that wait for it, unless another program has just done so."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

from botocore import UNSIGNED
from botocore.config import Config

from ecrtui.ecr.sign_in_request import SignInRequest
from ecrtui.errors import EcrTuiError
from ecrtui.registry.errors import translate
from ecrtui.registry.sso.browser_flow import browser_token
from ecrtui.registry.sso.configuration import SsoConfiguration, token_key
from ecrtui.registry.sso.device_flow import device_token
from ecrtui.registry.sso.oidc import OidcClient, cancelled
from ecrtui.registry.sso.pause import Pause
from ecrtui.registry.sso.start_url import asker, portal_url
from ecrtui.registry.sso.token_cache import TokenCache
from ecrtui.registry.user import SignInMethod, User

if TYPE_CHECKING:
    from botocore.session import Session


class Turns:
    """The sign-ins for one token, one after the other. If one fails, those that wait for it fail too."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.waiting = 0
        """The number of sign-ins that wait for another one."""
        self._taken = False
        self._failure: EcrTuiError | None = None
        """Why the last sign-in failed; None if it did not."""

    @contextmanager
    def turn(self, has_user: Callable[[], bool]) -> Iterator[None]:
        """Enclose a sign-in.

        Args:
            has_user: returns whether the user is still there after a failure. If not, no other sign-in fails with it.

        Raises:
            EcrTuiError: the sign-in before failed while this one waited. The user is not asked again for each.
        """
        with self.changed:
            waits = self._taken
            self.waiting += waits
            self.changed.notify_all()
            self.changed.wait_for(lambda: not self._taken)
            self.waiting -= waits
            if waits and self._failure is not None:
                raise self._failure
            self._taken, self._failure = True, None
        try:
            yield
        except EcrTuiError as error:
            self._failure = error if has_user() else None
            raise
        finally:
            with self.changed:
                self._taken = False
                self.changed.notify_all()


_turns: dict[str, Turns] = {}
"""By the key of the token: connections of one process that need the same token sign in once."""


def turns_of(key: str) -> Turns:
    """Return the sign-ins for a token, by its key."""
    return _turns.setdefault(key, Turns())


def sign_in(session: Session, configuration: SsoConfiguration, user: User, method: SignInMethod, refused: str) -> None:
    """Get a token that is not the refused one, and write it where the AWS CLI and botocore read it.

    Args:
        session: makes the client, with the proxies, the certificates and the endpoints of the user.
        configuration: where to sign in.
        user: who signs in.
        method: how the user signs in.
        refused: the token that AWS does not accept, or that has expired; empty if there is none.

    Raises:
        EcrTuiError: the user cancelled, or the sign-in failed.
    """
    key = token_key(configuration.name)
    cache = TokenCache()

    def other_token() -> dict[str, Any] | None:
        return cache.find_other(key, refused)

    with turns_of(key).turn(lambda: user.sign_in_method() is not None):
        if other_token() is not None:
            return
        token = _outcome(session, configuration, user, method, cache, other_token)
        if token != cache.find(key):
            cache[key] = token
            if not cache.is_saved(key):
                user.on_notice("The sign-in could not be saved. Only this run of ecrtui can use it.")


def _outcome(
    session: Session,
    configuration: SsoConfiguration,
    user: User,
    method: SignInMethod,
    cache: TokenCache,
    other_token: Callable[[], dict[str, Any] | None],
) -> dict[str, Any]:
    """Return the token of a new sign-in. It has a thread, so that the user can cancel while it waits for a reply."""
    pause = Pause()
    outcomes: SimpleQueue[dict[str, Any] | EcrTuiError] = SimpleQueue()
    shown: list[SignInRequest] = []

    def show(request: SignInRequest) -> None:
        shown.append(request)
        threading.Thread(target=ask, args=(request,), daemon=True, name="sign-in page").start()

    def ask(request: SignInRequest) -> None:
        if user.sign_in(request):
            pause.cancel()
            outcomes.put(cancelled())

    def run() -> None:
        try:
            # The AWS CLI uses the browser flow for an sso-session only; a start URL alone has no scopes for it.
            in_browser = configuration.session_name is not None and method is SignInMethod.BROWSER
            flow = browser_token if in_browser else device_token
            outcomes.put(flow(_oidc_client(session, configuration, cache), show, pause, other_token))
        except EcrTuiError as error:
            outcomes.put(error)
        except Exception as problem:  # noqa: BLE001 - the thread that waits raises it
            outcomes.put(translate(problem, "CreateToken"))

    threading.Thread(target=run, daemon=True, name="sign-in").start()
    try:
        outcome = outcomes.get()
    finally:  # also for Ctrl-C in a command
        pause.cancel()
    for request in shown:
        user.end_sign_in(request)
    if isinstance(outcome, EcrTuiError):
        raise outcome
    return outcome


def _oidc_client(session: Session, configuration: SsoConfiguration, cache: TokenCache) -> OidcClient:
    config = Config(region_name=configuration.region, signature_version=UNSIGNED)
    client = session.create_client("sso-oidc", config=config)
    return OidcClient(client, configuration, cache, portal_url=portal_url(configuration, asker(session)))
