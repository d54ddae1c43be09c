"""The options that let an AWS CLI command use the connection of a screen."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence

from ecrtui.ecr.location import EMBEDDED
from ecrtui.ecr.profile import SsoRole, parse_sso_role
from ecrtui.settings import Connection


def aws_options(connection: Connection, region: str, endpoint: str, environment: Mapping[str, str]) -> tuple[str, ...]:
    """Return the options for profile, region and endpoint. The credentials of the environment need no profile."""
    profile = connection.used_profile(environment)
    given = (
        ("--profile", "" if profile == "default" else profile),
        ("--region", region),
        ("--endpoint-url", "" if endpoint.startswith(EMBEDDED) else endpoint),
    )
    return tuple(word for option, value in given if value for word in (option, value))


def write_profile_line(options: Sequence[str]) -> str:
    """Return the commands that let the AWS CLI know the profile of these options.

    Empty unless it is a role of an ``sso-session``, which ecrtui uses without a profile.
    """
    given = dict(zip(options[::2], options[1::2], strict=True))
    role = parse_sso_role(given.get("--profile", ""))
    return "" if role is None else _write_commands(role, given.get("--region", ""))


def _write_commands(role: SsoRole, region: str) -> str:
    members = {
        "sso_session": role.session,
        "sso_account_id": role.account,
        "sso_role_name": role.role,
        "region": region,
    }
    return " && ".join(
        shlex.join(["aws", "configure", "set", name, value, "--profile", role.profile])
        for name, value in members.items()
        if value
    )
