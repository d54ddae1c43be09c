"""Marks of connections: another configuration is another mark, another session of the same is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from ecrtui.catalog.cache.fingerprint import mark_of
from ecrtui.settings import Connection

ENVIRONMENT = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret", "TERM": "xterm"}


def test_the_same_configuration_has_the_same_mark() -> None:
    assert mark_of(Connection(), ENVIRONMENT) == mark_of(Connection(), dict(reversed(ENVIRONMENT.items())))
    assert mark_of(Connection(), ENVIRONMENT) == mark_of(Connection(), ENVIRONMENT | {"TERM": "dumb"})


@pytest.mark.parametrize("change", [{"AWS_SECRET_ACCESS_KEY": "other"}, {"AWS_SESSION_TOKEN": "new"}])
def test_another_session_of_the_same_identity_has_the_same_mark(change: dict[str, str]) -> None:
    assert mark_of(Connection(), ENVIRONMENT | change) == mark_of(Connection(), ENVIRONMENT)


@pytest.mark.parametrize(
    "change",
    [
        {"AWS_ACCESS_KEY_ID": "ASIDOTHER"},
        {"AWS_PROFILE": "prod"},
        {"AWS_REGION": "eu-west-1"},
        {"AWS_ENDPOINT_URL": "x"},
    ],
)
def test_another_environment_has_another_mark(change: dict[str, str]) -> None:
    assert mark_of(Connection(), ENVIRONMENT | change) != mark_of(Connection(), ENVIRONMENT)


@pytest.mark.parametrize(
    "other", [Connection(profile="prod"), Connection(region="eu-west-1"), Connection(endpoint_url="http://127.0.0.1:1")]
)
def test_other_options_have_another_mark(other: Connection) -> None:
    assert mark_of(other, ENVIRONMENT) != mark_of(Connection(), ENVIRONMENT)


def test_a_changed_configuration_file_makes_another_mark(own_home: Path) -> None:
    before = mark_of(Connection(), ENVIRONMENT)
    (own_home / ".aws").mkdir()
    (own_home / ".aws" / "config").write_text("[default]\nregion = eu-west-1\n")
    written = mark_of(Connection(), ENVIRONMENT)
    assert written != before
    elsewhere = {"AWS_CONFIG_FILE": str(own_home / "nowhere")}
    assert mark_of(Connection(), ENVIRONMENT | elsewhere) != written
