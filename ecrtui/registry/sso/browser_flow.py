"""Sign in with a browser on this machine: the OAuth 2.0 authorization code grant with PKCE (RFC 7636, RFC 8252)."""

from __future__ import annotations

import base64
import hashlib
import secrets
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from botocore.exceptions import ClientError

from ecrtui.ecr.sign_in_request import SignInRequest
from ecrtui.errors import CredentialsError
from ecrtui.registry.sso.oidc import BROWSER_GRANT, DENIED, OidcClient, cancelled, took_too_long
from ecrtui.registry.sso.pause import Pause

CALLBACK = "/oauth/callback"
TIME_LIMIT = 600
"""Seconds until ecrtui no longer waits for the browser, as the AWS CLI."""
LOOK_INTERVAL = 1.0
"""Seconds between two looks at the tokens of other programs."""

_PAGE = b"<!doctype html><title>ecrtui</title><p>You can close this page and go back to ecrtui.</p>"


def browser_token(
    oidc: OidcClient,
    show: Callable[[SignInRequest], None],
    pause: Pause,
    other_token: Callable[[], dict[str, Any] | None] = lambda: None,
    open_page: Callable[[str], None] | None = None,
) -> dict[str, Any]:
    """Open the page of the sign-in in a browser, and return the token that the service gives afterwards.

    Args:
        oidc: the client of the service.
        show: shows the page, for the case that no browser opens; must not block.
        pause: waits until the browser answers.
        other_token: returns a token that another program has got meanwhile; it ends the sign-in, too.
        open_page: opens the page; :func:`open_browser` if None.

    Raises:
        CredentialsError: the user cancelled or denied the request, or took too long, or the service refuses.
        botocore.exceptions.BotoCoreError: the service cannot be reached.
    """
    registration, _ = oidc.with_registration(lambda _: None, browser=True)
    verifier = secrets.token_urlsafe(64)
    state = secrets.token_urlsafe(32)
    end = oidc.now().timestamp() + TIME_LIMIT
    with _callback_server(state, pause.end) as callback:
        query = {
            "response_type": "code",
            "client_id": registration["clientId"],
            "redirect_uri": callback.uri,
            "state": state,
            "code_challenge_method": "S256",
            "code_challenge": _challenge(verifier),
            "scopes": " ".join(registration["scopes"]),
        }
        url = f"{oidc.endpoint}/authorize?{urlencode(query)}"
        show(SignInRequest(oidc.configuration.name, url, "", end))
        (open_page or open_browser)(url)
        while not callback.has_answer:
            if pause.wait(LOOK_INTERVAL):
                raise cancelled()
            if (found := other_token()) is not None:
                return found
            if oidc.now().timestamp() >= end:
                raise took_too_long()
        grant = {"grantType": BROWSER_GRANT, "redirectUri": callback.uri, "codeVerifier": verifier}
        try:
            return oidc.create_token(registration, code=callback.code(), **grant)
        except ClientError as problem:
            raise oidc.refused(problem) from None


def open_browser(url: str) -> None:
    """Open a page in the browser of the desktop. Nothing of it reaches the terminal. It may fail unnoticed."""
    program = "open" if sys.platform == "darwin" else "xdg-open"
    nowhere = subprocess.DEVNULL
    try:
        subprocess.Popen([program, url], stdin=nowhere, stdout=nowhere, stderr=nowhere, start_new_session=True)
    except OSError:  # there is no such program; the user can open the page
        return


def _challenge(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


class _Callback:
    """What the browser brings back."""

    def __init__(self, state: str, on_answer: Callable[[], None]) -> None:
        self.uri = ""
        self.has_answer = False
        self._state = state
        self._on_answer = on_answer
        self._answer: dict[str, str] = {}

    def take(self, answer: dict[str, str]) -> bool:
        """Take the first answer to this request. Return False for all others: any page can call this address."""
        if self.has_answer or not secrets.compare_digest(answer.get("state", "").encode(), self._state.encode()):
            return False
        self._answer = answer
        self.has_answer = True
        self._on_answer()
        return True

    def code(self) -> str:
        """Return the code of the answer.

        Raises:
            CredentialsError: the answer is a refusal.
        """
        if code := self._answer.get("code"):
            return code
        said = self._answer.get("error_description") or self._answer.get("error") or "The answer has no code."
        title, hint = DENIED
        raise CredentialsError(title, said, hint)


@contextmanager
def _callback_server(state: str, on_answer: Callable[[], None]) -> Iterator[_Callback]:
    """Serve the address that the browser is sent back to, on 127.0.0.1 only."""
    callback = _Callback(state, on_answer)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            answer = {name: values[0] for name, values in parse_qs(parts.query).items()}
            accepted = parts.path == CALLBACK and callback.take(answer)
            self.send_response(200 if accepted else 404)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(_PAGE if accepted else b"")

        def log_message(self, *_: object) -> None:
            """Write nothing: the terminal shows screens."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        callback.uri = f"http://127.0.0.1:{server.server_port}{CALLBACK}"
        serve = partial(server.serve_forever, poll_interval=0.05)
        threading.Thread(target=serve, daemon=True, name="sign-in callback").start()
        try:
            yield callback
        finally:
            server.shutdown()
