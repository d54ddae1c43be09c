"""The rows of the connection picker are made of values only."""

from __future__ import annotations

import pytest

from ecrtui.ecr.profile import Profile, ProfileKind, ProfileList, SignInState, SsoRole
from ecrtui.recent_connections import RecentConnection
from ecrtui.settings import Connection
from ecrtui.tui.connections.rows import ConnectionRow, PickerContext, profile_rows, region_rows, role_rows

LISTED = ProfileList(
    (
        Profile("dev", ProfileKind.ACCESS_KEY, region="eu-west-1", state=SignInState.NOT_NEEDED),
        Profile("prod", ProfileKind.ROLE, "333333333333", role="deploy", region="us-east-1", via=("dev",)),
        Profile("anywhere", ProfileKind.PROCESS),
        Profile("bad", ProfileKind.ROLE, state=SignInState.UNUSABLE, problem="The profile has no role_arn."),
    )
)
DEV = PickerContext(Connection("dev"), "dev", "123456789012", "eu-west-1", connected=True)


def rows(context: PickerContext = DEV, *recent: RecentConnection) -> dict[str, ConnectionRow]:
    return {f"{row.name} {row.region}": row for row in sorted(profile_rows(LISTED, recent, context))}


def test_recent_connections_come_first_and_each_pair_of_profile_and_region_once() -> None:
    recent = (
        RecentConnection("prod", "eu-central-1"),
        RecentConnection("deleted", "eu-west-1"),
        RecentConnection("prod", "us-east-1"),
    )
    found = list(rows(DEV, *recent))
    assert found[:3] == ["prod eu-central-1", "prod us-east-1", "dev eu-west-1"]
    assert len(found) == len(LISTED.profiles) + 2  # one more region of prod, and the demo registry


@pytest.mark.parametrize(
    ("row", "profile", "region"),
    [
        ("dev eu-west-1", "dev", None),
        ("prod us-east-1", "prod", None),
        ("prod eu-central-1", "prod", "eu-central-1"),
        ("anywhere eu-west-1", "anywhere", "eu-west-1"),
    ],
)
def test_a_row_connects_in_the_region_that_it_shows(row: str, profile: str, region: str | None) -> None:
    context = DEV._replace(connection=Connection("dev", registry_id="123456789012", demo=True, debug=True))
    chosen = rows(context, RecentConnection("prod", "eu-central-1"))[row].connection
    assert chosen == Connection(profile, region, debug=True)


def test_the_way_over_the_demo_registry_keeps_the_options_of_the_user() -> None:
    start = Connection("dev", "eu-west-1", ca_bundle="company.pem", read_timeout=5)
    demo = rows(DEV._replace(connection=start))["demo "].connection
    assert demo is not None
    assert (demo.is_embedded, demo.profile, demo.region) == (True, None, None)
    assert rows(DEV._replace(connection=demo))["dev eu-west-1"].connection == start._replace(region=None)


def test_two_accounts_of_one_name_have_a_row_each() -> None:
    roles = [SsoRole("corp", account, "admin", "sandbox") for account in ("111111111111", "222222222222")]
    assert len({row.key for row in role_rows(roles, 0, DEV)}) == 2


def test_the_row_in_use_has_the_account_of_the_registry() -> None:
    row = rows()["dev eu-west-1"]
    assert (row.account, row.state, row.in_use) == ("123456789012", "in use", True)
    waiting = rows(DEV._replace(connected=False))["dev eu-west-1"]
    assert (waiting.account, waiting.state) == ("", "ready")
    assert not rows(DEV._replace(region="us-east-1"))["dev eu-west-1"].in_use


def test_a_profile_that_cannot_be_used_says_why_and_a_role_says_its_source() -> None:
    found = rows()
    assert found["bad eu-west-1"].connection is None
    assert "no role_arn" in found["bad eu-west-1"].problem
    assert "deploy in 333333333333 · via dev" in found["prod us-east-1"].facts


def test_regions_keep_the_profile_and_the_region_in_use_comes_first() -> None:
    found = list(region_rows(["eu-north-1", "af-south-1"], Connection("dev"), "eu-north-1"))
    assert [(row.name, row.state) for row in found] == [("eu-north-1", "in use"), ("af-south-1", "")]
    assert found[1].connection == Connection("dev", "af-south-1")


@pytest.mark.parametrize(
    ("flag", "environment", "profile"),
    [
        ("dev", {"AWS_PROFILE": "other", "AWS_ACCESS_KEY_ID": "A"}, "dev"),
        (None, {"AWS_PROFILE": "other"}, "other"),
        (None, {"AWS_DEFAULT_PROFILE": "other"}, "other"),
        (None, {"AWS_PROFILE": "other", "AWS_ACCESS_KEY_ID": "A"}, ""),
        (None, {}, "default"),
    ],
)
def test_the_profile_in_use_is_that_of_the_aws_cli(flag: str | None, environment: dict[str, str], profile: str) -> None:
    assert Connection(flag).used_profile(environment) == profile
