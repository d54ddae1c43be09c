"""The profiles of the AWS configuration: what ecrtui knows of them before it connects."""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from typing import NamedTuple

FIX_ENVIRONMENT = "Set AWS_SECRET_ACCESS_KEY, or unset AWS_ACCESS_KEY_ID to use a profile. Then start ecrtui again."
"""The next step for credentials of the environment that are not complete."""


class ProfileKind(Enum):
    """Where the credentials of a profile come from."""

    ENVIRONMENT = "environment"
    """``AWS_ACCESS_KEY_ID`` in the environment. It is not a profile, and has no name."""
    ROLE = "role"
    """An assumed role (``role_arn``)."""
    WEB_IDENTITY = "web identity"
    """An assumed role for the token in a file (``web_identity_token_file``)."""
    SSO = "SSO"
    """A role of IAM Identity Center (``sso_account_id`` and ``sso_role_name``)."""
    SSO_WITHOUT_ROLE = "SSO without role"
    """``sso_session`` alone. It names no account and no role, so that it cannot connect."""
    ACCESS_KEY = "access key"
    """An access key in a file."""
    LOGIN = "aws login"
    """``login_session``, which ``aws login`` writes."""
    PROCESS = "credential_process"
    """A command prints the credentials."""
    HOST = "container or instance"
    """No credentials of its own: those of the container or the EC2 instance are used, if there are any."""


class SignInState(Enum):
    """Whether a profile can connect now, as the files say. AWS can say otherwise."""

    NOT_NEEDED = "no sign-in needed"
    SIGNED_IN = "signed in"
    RENEWABLE = "expired, renewed at the next use"
    """The token has expired, but it came with a refresh token. Whether AWS still accepts that is not known."""
    EXPIRED = "expired"
    SIGNED_OUT = "not signed in"
    NEEDS_CODE = "asks for an MFA code"
    UNKNOWN = "not known"
    """Only a command, a network call or a use shows it."""
    UNUSABLE = "cannot be used"
    """The profile is not complete, or contradicts itself."""


class Profile(NamedTuple):
    """A profile, and what ecrtui knows of it without a network call.

    Args:
        name: its name; empty for the credentials of the environment.
        kind: where its credentials come from.
        account: the account; empty if it is not known.
        account_by_key: whether ecrtui computed the account from the access key. AWS does not document this.
        role: the name of the role, or the user; empty if it is not known.
        region: the region of a connection without ``--region``; empty if none is configured.
        via: the names of the profiles that a role takes its credentials from, the nearest first.
        state: whether it can connect now.
        until: when the credentials or the token expire; None if that is not known, or never.
        problem: why it cannot be used; empty otherwise.
        sso_session: the ``sso-session`` of its sign-in, or of that of a profile in ``via``; empty if it has none.
        login_profile: the profile that ``aws sso login`` or ``aws login`` takes for it; empty if it needs neither.
    """

    name: str
    kind: ProfileKind
    account: str = ""
    account_by_key: bool = False
    role: str = ""
    region: str = ""
    via: tuple[str, ...] = ()
    state: SignInState = SignInState.UNKNOWN
    until: datetime | None = None
    problem: str = ""
    sso_session: str = ""
    login_profile: str = ""


class SsoSession(NamedTuple):
    """A section ``[sso-session NAME]``.

    Args:
        name: its name.
        start_url: the URL of the access portal.
        region: the region of IAM Identity Center.
        state: whether the user is signed in.
        until: when the sign-in expires; None if there is none.
    """

    name: str
    start_url: str
    region: str
    state: SignInState
    until: datetime | None = None


class SsoRole(NamedTuple):
    """A role that the user of an ``sso-session`` can use. It needs no profile in the AWS configuration.

    Args:
        session: the name of the ``sso-session``.
        account: the account.
        role: the name of the role.
        account_name: the name of the account in IAM Identity Center; empty if it is not known.
    """

    session: str
    account: str
    role: str
    account_name: str = ""

    @property
    def profile(self) -> str:
        """The name that stands for a profile, as in ``--profile``. A profile of the same name comes first."""
        return f"{self.session}/{self.account}/{self.role}"


def parse_sso_role(profile: str) -> SsoRole | None:
    """Return the role that ``SESSION/ACCOUNT/ROLE`` names; None for another text."""
    session, _, rest = profile.partition("/")
    account, _, role = rest.partition("/")
    is_role = session and role and len(account) == 12 and account.isascii() and account.isdigit()
    return SsoRole(session, account, role) if is_role else None


class ProfileList(NamedTuple):
    """All profiles.

    Args:
        profiles: the credentials of the environment if there are any, then the profiles in the order of the files.
        sso_sessions: the ``sso-session`` sections.
        problem: which file cannot be read, and why. No profile of it can be used then; empty otherwise.
    """

    profiles: tuple[Profile, ...] = ()
    sso_sessions: tuple[SsoSession, ...] = ()
    problem: str = ""
