"""Where a profile signs in to IAM Identity Center."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from ecrtui.errors import CredentialsError
from ecrtui.paths import expand

SSO_CACHE = "~/.aws/sso/cache"
"""Where the AWS CLI keeps the tokens of IAM Identity Center, and the registrations of its clients."""


class DamagedToken(CredentialsError):  # noqa: N818 - reads as what happened
    """The file of a token is there, but it cannot be used. The application unpickles this: import nothing slow here."""


class SsoConfiguration(NamedTuple):
    """An ``sso-session``, or a profile that names a start URL itself.

    Args:
        start_url: the URL of the access portal.
        region: the region of IAM Identity Center.
        session_name: the name of the ``sso-session``; None for a start URL of a profile.
        scopes: what the token is for (``sso_registration_scopes``); None for the default.
    """

    start_url: str
    region: str
    session_name: str | None = None
    scopes: tuple[str, ...] | None = None

    @property
    def name(self) -> str:
        """What the user calls it. The cache key of its token is made from it."""
        return self.session_name or self.start_url

    @property
    def section(self) -> str:
        """What holds this in the configuration file, in words."""
        return "the profile" if self.session_name is None else f"[sso-session {self.session_name}]"

    @property
    def registration_key(self) -> str:
        """The cache key of the registration of the client, as the AWS CLI makes it."""
        values = {
            "tool": "botocore",
            "startUrl": self.start_url,
            "region": self.region,
            "scopes": None if self.scopes is None else list(self.scopes),
            "session_name": self.session_name,
        }
        return _sha1(json.dumps(values, sort_keys=True))


def sso_configuration(profile: Mapping[str, Any], sso_sessions: Mapping[str, Mapping[str, Any]]) -> SsoConfiguration:
    """Return where a profile signs in.

    Args:
        profile: a profile with ``sso_session``, or with ``sso_start_url`` and ``sso_region``.
        sso_sessions: the ``sso-session`` sections by name.

    Raises:
        KeyError: the profile is not complete.
    """
    name = profile.get("sso_session")
    section = profile if name is None else {**profile, **sso_sessions[name]}
    scopes = section.get("sso_registration_scopes") if name is not None else None
    return SsoConfiguration(
        str(section["sso_start_url"]),
        str(section["sso_region"]),
        None if name is None else str(name),
        tuple(scope.strip() for scope in scopes.split(",") if scope.strip()) if scopes else None,
    )


def token_key(name: str) -> str:
    """Return the cache key of the token of an ``sso-session``, by its name, or of a start URL."""
    return _sha1(name)


def token_path(name: str) -> Path:
    """Return the file of the token of an ``sso-session``, by its name, or of a start URL."""
    return expand(SSO_CACHE) / f"{token_key(name)}.json"


def _sha1(text: str) -> str:
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()
