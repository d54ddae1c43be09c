"""Fingerprints of connections change with the configuration, not with the session."""

from __future__ import annotations

from pathlib import Path

import pytest

from ecrtui.catalog.cache.fingerprint import connection_fingerprint
from ecrtui.settings import Connection

ENVIRONMENT = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret", "TERM": "xterm"}


def test_the_same_configuration_has_the_same_fingerprint() -> None:
    assert connection_fingerprint(Connection(), ENVIRONMENT) == connection_fingerprint(
        Connection(), dict(reversed(ENVIRONMENT.items()))
    )
    assert connection_fingerprint(Connection(), ENVIRONMENT) == connection_fingerprint(
        Connection(), ENVIRONMENT | {"TERM": "dumb"}
    )


@pytest.mark.parametrize("change", [{"AWS_SECRET_ACCESS_KEY": "other"}, {"AWS_SESSION_TOKEN": "new"}])
def test_another_session_of_the_same_identity_has_the_same_fingerprint(change: dict[str, str]) -> None:
    assert connection_fingerprint(Connection(), ENVIRONMENT | change) == connection_fingerprint(
        Connection(), ENVIRONMENT
    )


@pytest.mark.parametrize(
    "change",
    [
        {"AWS_ACCESS_KEY_ID": "ASIDOTHER"},
        {"AWS_PROFILE": "prod"},
        {"AWS_REGION": "eu-west-1"},
        {"AWS_ENDPOINT_URL": "x"},
    ],
)
def test_another_environment_has_another_fingerprint(change: dict[str, str]) -> None:
    assert connection_fingerprint(Connection(), ENVIRONMENT | change) != connection_fingerprint(
        Connection(), ENVIRONMENT
    )


@pytest.mark.parametrize(
    "other", [Connection(profile="prod"), Connection(region="eu-west-1"), Connection(endpoint_url="http://127.0.0.1:1")]
)
def test_other_options_have_another_fingerprint(other: Connection) -> None:
    assert connection_fingerprint(other, ENVIRONMENT) != connection_fingerprint(Connection(), ENVIRONMENT)


def test_a_changed_configuration_file_changes_the_fingerprint(own_home: Path) -> None:
    before = connection_fingerprint(Connection(), ENVIRONMENT)
    (own_home / ".aws").mkdir()
    (own_home / ".aws" / "config").write_text("[default]\nregion = eu-west-1\n")
    written = connection_fingerprint(Connection(), ENVIRONMENT)
    assert written != before
    other_file = {"AWS_CONFIG_FILE": str(own_home / "missing")}
    assert connection_fingerprint(Connection(), ENVIRONMENT | other_file) != written
