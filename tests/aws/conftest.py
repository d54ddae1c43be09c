"""The fixtures of the contract tests for a real account: a third transport beside those of tests/emulator."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from tests.aws.account import ENDPOINT, PROFILE, Account, open_account
from tests.conftest import guard_loopback
from tests.emulator.conftest import Caller, ecr, immutable, repository

__all__ = ["ecr", "immutable", "repository"]

_numbers = count(1)


def pytest_collection_modifyitems(items: list[pytest.Item], config: pytest.Config) -> None:
    """Leave out contract tests that start an embedded registry of their own, or none."""
    for item in [item for item in items if item.path.name == "test_contract.py" and item.path.parent == _HERE]:
        fixtures = getattr(item, "fixturenames", ())
        if "transport" not in fixtures or "embedded" in fixtures:
            items.remove(item)


_HERE = Path(__file__).parent


@pytest.fixture(autouse=True)
def own_home() -> None:
    """Keep the home and the environment of the developer, which have the profile."""


@pytest.fixture(autouse=True)
def loopback_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail a test that connects to another machine, unless the tests run against AWS."""
    if os.environ.get(ENDPOINT) or not os.environ.get(PROFILE):
        guard_loopback(monkeypatch)


@pytest.fixture(scope="session")
def transport() -> Iterator[Account]:
    """Open the account; delete its scratch repositories at the end."""
    account = open_account()
    yield account
    failures = account.delete_repositories()
    assert not failures, "delete these repositories by hand:\n" + "\n".join(failures)


@pytest.fixture(scope="session")
def caller(transport: Account) -> Caller:
    """Return the caller of the account."""
    return transport.caller


@pytest.fixture
def name(transport: Account) -> str:
    """Return an unused name for a scratch repository."""
    return f"{transport.prefix}app-{next(_numbers)}"
