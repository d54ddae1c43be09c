"""The rows of the connection picker: what the user can connect to, with what is known of it before."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from ecrtui.ecr import units
from ecrtui.ecr.profile import Profile, ProfileKind, ProfileList, SignInState, SsoRole, SsoSession, parse_sso_role
from ecrtui.settings import Connection
from ecrtui.tui.table.column_layout import Column

if TYPE_CHECKING:
    from ecrtui.recent_connections import RecentConnection

ENVIRONMENT = "environment variables"
"""The name of the row for credentials without a profile."""

DEMO = "demo"

_RECENT, _LISTED, _SSO_SESSIONS, _DEMO = range(4)
"""The groups of rows, in their order."""


class ConnectionRow(NamedTuple):
    """Something that the user can connect to.

    Args:
        order: sorts the rows: its group, then its position there.
        name: the name of the profile or the region.
        connection: its options; None if it cannot be used.
        kind: where its credentials come from.
        account: the account; empty if it is not known.
        role: the role or the user; empty if it is not known.
        region: the region; empty if none is configured.
        state: whether it can connect now, in a few words.
        facts: what else is known, for one line.
        problem: why it cannot be used; empty otherwise.
        in_use: True for the connection of the screens below.
        sso_session: the ``sso-session`` whose roles the row opens; empty for a row that connects.
    """

    order: tuple[int, ...]
    name: str
    connection: Connection | None = None
    kind: str = ""
    account: str = ""
    role: str = ""
    region: str = ""
    state: str = ""
    facts: str = ""
    problem: str = ""
    in_use: bool = False
    sso_session: str = ""

    @property
    def is_region(self) -> bool:
        """True for a region of the profile in use; False for a profile."""
        return not self.kind

    @property
    def key(self) -> str:
        """The identity of the row."""
        return f"{self.kind}/{self.name}/{self.account}/{self.role}/{self.region}"

    @property
    def searchable(self) -> str:
        """The text that a filter looks in."""
        return " ".join((self.name, self.kind, self.account, self.role, self.region, self.state))


class PickerContext(NamedTuple):
    """What the rows are made for.

    Args:
        connection: the options of the connection in use.
        profile: the profile in use; empty for the credentials of the environment.
        account: the account of the registry in use; empty if nothing is connected.
        region: the region in use; empty if nothing is connected.
        connected: True if that connection works.
    """

    connection: Connection
    profile: str = ""
    account: str = ""
    region: str = ""
    connected: bool = False

    def with_profile(self, name: str, region: str) -> Connection:
        """Return the options for another profile. Without a region of its own, it gets the one in use."""
        return self.connection._replace(
            profile=name or None, region=region or None, registry_id=None, demo=False, database=None
        )

    def with_demo(self) -> Connection:
        """Return the options for the demo registry. It keeps those that another profile needs afterwards."""
        return self.connection._replace(profile=None, region=None, registry_id=None, demo=True, database=None)


def profile_rows(
    listed: ProfileList, recent: Sequence[RecentConnection], context: PickerContext
) -> Iterator[ConnectionRow]:
    """Yield the rows of all profiles, the recent connections first, and the demo registry."""
    by_name = {profile.name: profile for profile in listed.profiles}
    sessions = {session.name: session for session in listed.sso_sessions}
    known = set()
    for position, (name, region) in enumerate(recent):
        if name in by_name:
            known.add((name, region))
            yield _profile_row((_RECENT, position), by_name[name]._replace(region=region), context, named=True)
        elif (role := parse_sso_role(name)) is not None and role.session in sessions:
            profile = _profile_of_role(role, sessions[role.session], region)
            yield _profile_row((_RECENT, position), profile, context, named=True)
    for position, profile in enumerate(listed.profiles):
        if (profile.name, profile.region or context.region) not in known:
            yield _profile_row((_LISTED, position), profile, context)
    for position, session in enumerate(listed.sso_sessions):
        yield ConnectionRow(
            (_SSO_SESSIONS, position),
            session.name,
            kind="SSO session",
            account="all",
            region=context.region,
            state=_STATES[session.state],
            facts=f"{session.start_url} · choose an account and a role without a profile",
            sso_session=session.name,
        )
    is_demo = context.connection.demo
    yield ConnectionRow(
        (_DEMO,),
        DEMO,
        context.with_demo(),
        kind="embedded registry",
        state=_IN_USE if is_demo and context.connected else _STATES[SignInState.NOT_NEEDED],
        facts="An embedded registry with demo data. It needs no AWS account.",
        in_use=is_demo,
    )


def role_rows(roles: Iterable[SsoRole], first: int, context: PickerContext) -> Iterator[ConnectionRow]:
    """Yield the rows of roles of an ``sso-session``.

    Args:
        roles: the roles.
        first: the position of the first row.
        context: the connection in use.
    """
    for position, role in enumerate(roles, first):
        in_use = role.profile == context.profile and not context.connection.is_embedded
        yield ConnectionRow(
            (position,),
            role.account_name or role.account,
            context.with_profile(role.profile, context.region),
            kind=ProfileKind.SSO.value,
            account=role.account,
            role=role.role,
            region=context.region,
            state=_IN_USE if in_use and context.connected else "",
            facts=f"--profile {role.profile}",
            in_use=in_use,
        )


def _profile_of_role(role: SsoRole, session: SsoSession, region: str) -> Profile:
    return Profile(
        role.profile,
        ProfileKind.SSO,
        role.account,
        role=role.role,
        region=region,
        state=session.state,
        until=session.until,
        sso_session=session.name,
    )


def region_rows(regions: Iterable[str], connection: Connection, in_use: str) -> Iterator[ConnectionRow]:
    """Yield a row for each region of the same connection, the region in use first."""
    for position, region in enumerate(sorted(regions, key=lambda name: (name != in_use, name))):
        yield region_row(region, connection, in_use, position)


def region_row(region: str, connection: Connection, in_use: str = "", position: int = -1) -> ConnectionRow:
    """Return the row of a region."""
    is_current = region == in_use
    state = _IN_USE if is_current else ""
    return ConnectionRow((position,), region, connection._replace(region=region), state=state, in_use=is_current)


_IN_USE = "in use"
_STATES = {
    SignInState.NOT_NEEDED: "ready",
    SignInState.SIGNED_IN: "signed in",
    SignInState.RENEWABLE: "renewed at use",
    SignInState.EXPIRED: "expired",
    SignInState.SIGNED_OUT: "not signed in",
    SignInState.NEEDS_CODE: "needs a code",
    SignInState.UNKNOWN: units.UNKNOWN,
    SignInState.UNUSABLE: "not usable",
}


def _profile_row(
    order: tuple[int, ...], profile: Profile, context: PickerContext, *, named: bool = False
) -> ConnectionRow:
    region = profile.region or context.region
    in_use = not context.connection.is_embedded and (profile.name, region) == (context.profile, context.region)
    usable = profile.state is not SignInState.UNUSABLE
    given = region if named or not profile.region else ""
    return ConnectionRow(
        order,
        profile.name or ENVIRONMENT,
        context.with_profile(profile.name, given) if usable else None,
        kind=_KINDS.get(profile.kind, profile.kind.value),
        account=context.account if in_use and context.connected else profile.account,
        role=profile.role,
        region=region,
        state=_IN_USE if in_use and context.connected else _STATES[profile.state],
        facts=" · ".join(_facts(profile)),
        problem=profile.problem,
        in_use=in_use,
    )


_KINDS = {ProfileKind.PROCESS: "process", ProfileKind.HOST: "host", ProfileKind.SSO_WITHOUT_ROLE: "SSO, no role"}
"""Shorter names for a column."""


def _facts(profile: Profile) -> Iterator[str]:
    yield profile.kind.value
    if profile.role:
        yield f"{profile.role} in {profile.account}" if profile.account else profile.role
    if profile.via:
        yield f"via {', '.join(profile.via)}"
    if profile.account_by_key:
        yield "account by its access key"
    if profile.sso_session:
        yield f"sso-session {profile.sso_session}"
    if profile.until is not None and profile.state is SignInState.SIGNED_IN:
        left = (profile.until - datetime.now(UTC)).total_seconds()
        yield f"{units.format_short_duration(max(left, 0))} left"
    elif profile.state is not SignInState.NOT_NEEDED:
        yield profile.state.value


def _order(row: ConnectionRow) -> tuple[int, ...]:
    return row.order


PROFILE_COLUMNS: Sequence[Column[ConnectionRow]] = (
    Column("name", "profile", lambda row: row.name, _order, min_width=12, flex=3, matches=True),
    Column("kind", "kind", lambda row: row.kind, max_width=17, drop_priority=1),
    Column("account", "account", lambda row: row.account or units.UNKNOWN, min_width=12, drop_priority=0),
    Column("role", "role or user", lambda row: row.role, max_width=30, flex=1, drop_priority=3),
    Column("region", "region", lambda row: row.region or units.UNKNOWN, max_width=14, drop_priority=0),
    Column("state", "sign-in", lambda row: row.state, min_width=12, max_width=24),
)
"""The columns for profiles. Their order is that of the rows, so that only the first one sorts."""

ROLE_COLUMNS: Sequence[Column[ConnectionRow]] = (
    Column("name", "account name", lambda row: row.name, _order, min_width=14, flex=2, matches=True),
    Column("account", "account", lambda row: row.account, min_width=12, drop_priority=0),
    Column("role", "role", lambda row: row.role, min_width=12, flex=1, drop_priority=1),
    Column("state", "", lambda row: row.state, min_width=13, max_width=30),
)
"""The columns for the roles of an ``sso-session``."""

REGION_COLUMNS: Sequence[Column[ConnectionRow]] = (
    Column("name", "region", lambda row: row.name, _order, min_width=14, flex=1, matches=True),
    Column("state", "", lambda row: row.state, min_width=13, max_width=40),
)
"""The columns for regions."""
