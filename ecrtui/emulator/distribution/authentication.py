"""Authentication of clients: HTTP Basic with a token of GetAuthorizationToken. ECR has no Bearer tokens."""

from __future__ import annotations

import base64

from ecrtui.emulator.authorization_tokens import USER, Token, decode_password
from ecrtui.emulator.distribution.errors import NOT_AUTHENTICATED
from ecrtui.emulator.errors import ServiceError


def authenticate(authorization: str, now: float) -> Token:
    """Return the token in an Authorization header.

    Args:
        now: seconds since the epoch.

    Raises:
        ServiceError: there is no token, it is not valid (ECR answers with status 400: aws/aws-cli#5317), or it expired.
    """
    scheme, _, credentials = authorization.partition(" ")
    try:
        user, _, password = base64.b64decode(credentials.strip()).partition(b":")
    except ValueError:
        user, password = b"", b""
    if scheme.lower() != "basic" or user != USER.encode():
        raise ServiceError(NOT_AUTHENTICATED, "Not Authorized")
    token = decode_password(password)
    if token is None:
        raise ServiceError("InvalidTokenException", "The password is not that of an authorization token.")
    if token.expires_at <= now:
        message = "Your authorization token has expired. Reauthenticate and try again."  # aws/aws-cli#6580
        raise ServiceError("ExpiredTokenException", message)
    return token


def challenge(endpoint: str) -> dict[str, str]:
    """Return the header that asks a client for a token, as ECR writes it (mayflower/docker-ls#28).

    Args:
        endpoint: the URL of the registry.
    """
    return {"Www-Authenticate": f'Basic realm="{endpoint}/",service="ecr.amazonaws.com"'}
