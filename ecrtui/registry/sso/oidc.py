"""The operations of SSO-OIDC that a sign-in needs: RegisterClient, StartDeviceAuthorization, CreateToken.

https://docs.aws.amazon.com/singlesignon/latest/OIDCAPIReference/Welcome.html. botocore renews tokens, but cannot make
one.
"""

from __future__ import annotations

import logging
import shlex
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore import exceptions as raised
from botocore.exceptions import ClientError

from ecrtui.errors import CredentialsError
from ecrtui.registry.errors import code_of, message_of, request_id_of
from ecrtui.registry.sso.configuration import SsoConfiguration
from ecrtui.registry.sso.token_cache import TokenCache, has_ended

_log = logging.getLogger(__name__)

BROWSER_GRANT = "authorization_code"
NO_REPLY = (raised.HTTPClientError, raised.ConnectionError)
"""What botocore raises when the network fails, or a host cannot be reached."""
_REGISTRATION_MARGIN = timedelta(minutes=15)
"""The AWS CLI does not use a registration that ends earlier than that."""
_UNKNOWN_CLIENT = ("InvalidClientException", "InvalidGrantException")
"""The codes of a service that no longer knows the client: the registration in the cache is old."""
_TIME = "%Y-%m-%dT%H:%M:%SZ"


class OidcClient:
    """The client of one sign-in.

    Args:
        client: the botocore client of ``sso-oidc``.
        configuration: where to sign in.
        cache: the files of the AWS CLI.
        now: returns the time.
        portal_url: the URL of the access portal, if the start URL leads to another one.
    """

    def __init__(
        self,
        client: Any,
        configuration: SsoConfiguration,
        cache: TokenCache,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        portal_url: str = "",
    ) -> None:
        self._client = client
        self.configuration = configuration
        self._cache = cache
        self.now = now
        self._portal_url = portal_url or configuration.start_url

    @property
    def endpoint(self) -> str:
        """The URL of the service, without a slash at the end."""
        return str(self._client.meta.endpoint_url).rstrip("/")

    def registration(self, *, browser: bool) -> Mapping[str, Any]:
        """Return a registration of this program for the browser flow or the device flow; make one if needed.

        The AWS CLI keeps the registrations of both flows under one key. One for the other flow is replaced.

        Raises:
            botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError: the service does not make one.
        """
        key = self.configuration.registration_key
        found = self._cache.find_registration(key)
        if found is not None and self._is_usable(found, browser=browser):
            return found
        request: dict[str, Any] = {
            "clientName": f"botocore-client-{self.configuration.session_name or 'ecrtui'}",
            "clientType": "public",
        }
        kept: dict[str, Any] = {}
        if self.configuration.scopes is not None:
            request["scopes"] = kept["scopes"] = list(self.configuration.scopes)
        if browser:
            kept["grantTypes"] = [BROWSER_GRANT, "refresh_token"]
            kept.setdefault("scopes", ["sso:account:access"])
            request |= {
                "grantTypes": kept["grantTypes"],
                "redirectUris": ["http://127.0.0.1/oauth/callback"],
                "issuerUrl": self._portal_url,
                "scopes": kept["scopes"],
            }
        reply = self._client.register_client(**request)
        kept |= {
            "clientId": reply["clientId"],
            "clientSecret": reply["clientSecret"],
            "expiresAt": datetime.fromtimestamp(reply["clientSecretExpiresAt"], UTC).strftime(_TIME),
        }
        self._cache[key] = kept
        return kept

    def with_registration(self, call: Callable[[Mapping[str, Any]], Any], *, browser: bool) -> Any:
        """Make a first call with the registration; make a new registration if the service no longer knows it.

        Raises:
            CredentialsError: the service does not sign in to this.
        """
        try:
            registration = self.registration(browser=browser)
            try:
                return registration, call(registration)
            except ClientError as problem:
                if code_of(problem) not in _UNKNOWN_CLIENT:
                    raise
            _log.info("the registration of %s is no longer known", self.configuration.name)
            self._cache.forget(self.configuration.registration_key)
            registration = self.registration(browser=browser)
            return registration, call(registration)
        except ClientError as problem:
            raise self.refused(problem) from None

    def start_device_authorization(self, registration: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the codes for a new sign-in on another device."""
        reply: Mapping[str, Any] = self._client.start_device_authorization(
            clientId=registration["clientId"],
            clientSecret=registration["clientSecret"],
            startUrl=self._portal_url,
        )
        return reply

    def create_token(self, registration: Mapping[str, Any], **grant: str) -> dict[str, Any]:
        """Return a token as the AWS CLI keeps it.

        Raises:
            botocore.exceptions.ClientError: the service gives none.
        """
        reply = self._client.create_token(
            clientId=registration["clientId"], clientSecret=registration["clientSecret"], **grant
        )
        token = {
            "startUrl": self.configuration.start_url,
            "region": self.configuration.region,
            "accessToken": reply["accessToken"],
            "expiresAt": (self.now() + timedelta(seconds=reply["expiresIn"])).strftime(_TIME),
            "clientId": registration["clientId"],
            "clientSecret": registration["clientSecret"],
            "registrationExpiresAt": registration["expiresAt"],
        }
        if "refreshToken" in reply:
            token["refreshToken"] = reply["refreshToken"]
        return token

    def refused(self, problem: ClientError) -> CredentialsError:
        """Return the error for a refusal."""
        code = code_of(problem)
        title, hint = _REFUSALS.get(code, ("IAM Identity Center refuses the sign-in", "Try again."))
        facts = self.configuration
        return CredentialsError(
            title,
            f"{problem.operation_name}: {message_of(problem) or code} ({facts.start_url}, {facts.region})",
            hint.format(
                option=f"--sso-session {shlex.quote(facts.session_name)}" if facts.session_name else "--profile PROFILE"
            ),
            code=code,
            operation=problem.operation_name,
            request_id=request_id_of(problem),
        )

    def _is_usable(self, registration: Mapping[str, Any], *, browser: bool) -> bool:
        named = all(isinstance(registration.get(name), str) for name in ("clientId", "clientSecret"))
        for_browser = BROWSER_GRANT in (registration.get("grantTypes") or ())
        ended = has_ended(registration, self.now() + _REGISTRATION_MARGIN)
        return named and for_browser is browser and not ended


DENIED = ("The sign-in was denied", "Try again, and allow the request in the browser.")
"""What happened and what to do next if the user, or the administrator, denies the sign-in."""

_REFUSALS = {
    "AccessDeniedException": DENIED,
    "ExpiredTokenException": ("The sign-in took too long", "Try again. ecrtui shows a new code."),
    "InvalidRequestException": (
        "IAM Identity Center does not accept the sign-in",
        "Check sso_start_url and sso_region in ~/.aws/config.",
    ),
    "UnauthorizedClientException": (
        "IAM Identity Center does not allow this kind of sign-in",
        "Run `aws sso login {option}`, then try again. Or set sso_login in the settings.",
    ),
}
"""What happened and what to do next, by the error code."""


def took_too_long() -> CredentialsError:
    """Return the error for a sign-in that the user did not end in time."""
    return CredentialsError("The sign-in took too long", "", "Try again. ecrtui asks for a new sign-in.")


def cancelled() -> CredentialsError:
    """Return the error for a sign-in that the user cancelled."""
    return CredentialsError("The sign-in was cancelled", "", "Try again to sign in.")
