"""The tokens of GetAuthorizationToken, with which clients of the OCI distribution API say who they are.

A token of ECR is opaque to clients: base64 of ``AWS:PASSWORD``, for HTTP Basic authentication. Here the password is
base64 of a JSON object with the account and the region of the caller. It is not signed, as the embedded registry checks
no signatures.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import secrets
from dataclasses import dataclass

from ecrtui.emulator.json_text import parse_object

USER = "AWS"
"""The user name of every token."""

_ACCOUNT = re.compile(r"[0-9]{12}")
_REGION = re.compile(r"[a-z0-9-]+")


@dataclass(frozen=True, slots=True)
class Token:
    """What a token says.

    Args:
        account: the account id of the caller.
        region: the region in which the caller asked for the token.
        expires_at: seconds since the epoch.
    """

    account: str
    region: str
    expires_at: float

    def encoded(self) -> str:
        """Return ``authorizationToken``. Two calls return different texts, as on AWS."""
        content = {
            "account": self.account,
            "region": self.region,
            "expires": self.expires_at,
            "random": secrets.token_urlsafe(96),
        }
        password = base64.b64encode(json.dumps(content).encode()).decode()
        return base64.b64encode(f"{USER}:{password}".encode()).decode()


def decode_password(password: bytes) -> Token | None:
    """Return what the password of a token says; None if it is none."""
    try:
        content = parse_object(base64.b64decode(password, validate=True))
    except binascii.Error:
        return None
    if content is None:
        return None
    account, region, expires = str(content.get("account")), str(content.get("region")), content.get("expires")
    if not _ACCOUNT.fullmatch(account) or not _REGION.fullmatch(region) or not isinstance(expires, (int, float)):
        return None
    return Token(account, region, expires)
