"""Sign in with a code that the user enters on any device: the OAuth 2.0 device authorization grant (RFC 8628)."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from ecrtui.ecr.sign_in_request import SignInRequest
from ecrtui.registry.errors import code_of
from ecrtui.registry.sso.oidc import NO_REPLY, OidcClient, cancelled, took_too_long
from ecrtui.registry.sso.pause import Pause

_log = logging.getLogger(__name__)

DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
DEFAULT_INTERVAL = 5
"""Seconds between two questions if the service names none (RFC 8628, 3.2)."""
SLOW_DOWN = 5
"""Seconds that SlowDownException adds to the interval (RFC 8628, 3.5)."""


def device_token(
    oidc: OidcClient,
    show: Callable[[SignInRequest], None],
    pause: Pause,
    other_token: Callable[[], dict[str, Any] | None] = lambda: None,
) -> dict[str, Any]:
    """Show a code, and return the token that the service gives after the user has entered it.

    Args:
        oidc: the client of the service.
        show: shows the code; must not block.
        pause: waits between two questions to the service.
        other_token: returns a token that another program has got meanwhile; it ends the sign-in, too.

    Raises:
        CredentialsError: the user cancelled or denied the request, or took too long, or the service refuses.
        botocore.exceptions.BotoCoreError: the service cannot be reached at the start.
    """
    registration, started = oidc.with_registration(oidc.start_device_authorization, browser=False)
    end = oidc.now().timestamp() + started["expiresIn"]
    url = started.get("verificationUriComplete") or started["verificationUri"]
    show(SignInRequest(oidc.configuration.name, url, started["userCode"], end))
    interval = float(started.get("interval", DEFAULT_INTERVAL))
    while True:
        if pause.wait(interval):
            raise cancelled()
        if (found := other_token()) is not None:
            return found
        if oidc.now().timestamp() >= end:
            raise took_too_long()
        try:
            return oidc.create_token(registration, grantType=DEVICE_GRANT, deviceCode=started["deviceCode"])
        except ClientError as problem:
            if code_of(problem) == "SlowDownException":
                interval += SLOW_DOWN
            elif code_of(problem) != "AuthorizationPendingException":
                raise oidc.refused(problem) from None
        except NO_REPLY as problem:  # the code stays good, and the network may come back
            _log.info("no reply to CreateToken: %s", problem)
