"""The connection of a target, and the line in which a user writes it."""

from __future__ import annotations

import pytest

from ecrtui.ecr.location import RegistryLocation
from ecrtui.ecr.reference import Reference
from ecrtui.errors import UsageError
from ecrtui.promote.target_connection import connection_to, split_options, target_connection
from ecrtui.settings import Connection

DEV = Connection(profile="dev", region="eu-west-1", registry_id="111111111111", endpoint_url="http://dev")
FILE = Connection(database="file", region="eu-west-1")
NAME = Reference("team/prod")
URI = Reference("team/prod", registry_id="222222222222", region="us-east-1")


@pytest.mark.parametrize(
    ("source", "given", "target", "expected"),
    [
        (DEV, {}, NAME, DEV),
        (DEV, {}, URI, DEV._replace(registry_id="222222222222", region="us-east-1")),
        (DEV, {"profile": "prod"}, NAME, Connection(profile="prod", endpoint_url="http://dev")),
        (DEV, {"profile": "prod"}, URI, Connection("prod", "us-east-1", "222222222222", "http://dev")),
        (DEV, {"region": "us-east-1"}, NAME, DEV._replace(region="us-east-1", registry_id=None)),
        (DEV, {"region": "us-west-2"}, URI, DEV._replace(region="us-west-2", registry_id="222222222222")),
        (DEV, {"registry_id": "333333333333"}, NAME, DEV._replace(registry_id="333333333333")),
        (DEV, {"endpoint_url": "http://prod"}, NAME, DEV._replace(endpoint_url="http://prod", registry_id=None)),
        (FILE, {"profile": "prod"}, NAME, Connection(profile="prod")),
        (FILE, {"endpoint_url": "http://prod"}, NAME, Connection(region="eu-west-1", endpoint_url="http://prod")),
        (FILE, {}, URI, FILE._replace(registry_id="222222222222", region="us-east-1")),
    ],
)
def test_a_target_has_the_connection_of_the_source_unless_it_says_otherwise(
    source: Connection, given: dict[str, str], target: Reference, expected: Connection
) -> None:
    assert target_connection(source, given, target) == expected


@pytest.mark.parametrize(
    ("like", "endpoint", "expected"),
    [
        (DEV, "", Connection("dev", "us-east-1", "222222222222")),
        (DEV, "http://prod", Connection("dev", "us-east-1", "222222222222", "http://prod")),
        (DEV, "embedded /a b ", Connection("dev", "us-east-1", "222222222222", database="/a b ")),
        (FILE, "", Connection(None, "us-east-1", "222222222222")),
    ],
)
def test_a_registry_of_the_journal_is_reached_with_the_profile_of_another_connection(
    like: Connection, endpoint: str, expected: Connection
) -> None:
    assert connection_to(RegistryLocation("222222222222", "us-east-1", endpoint), like) == expected


def test_options_stand_before_the_targets() -> None:
    words = ["--to-profile", "my prod", "--to-region=us-east-1", "team/prod:v1"]
    assert split_options(words) == ({"profile": "my prod", "region": "us-east-1"}, ["team/prod:v1"])
    assert split_options(["team/a", "team/b:v1"]) == ({}, ["team/a", "team/b:v1"])


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["--to-profile"], "needs a value"),
        (["--to-profile", "--to-region", "x"], "needs a value"),
        (["--to-region="], "needs a value"),
        (["--to-profile", "prod"], "after the options"),
        (["--yes", "team/prod"], "not an option here"),
        (["team/prod", "--to-profile"], "before the targets"),
    ],
)
def test_a_line_that_is_not_complete_says_what_is_missing(words: list[str], problem: str) -> None:
    with pytest.raises(UsageError, match=problem):
        split_options(words)
