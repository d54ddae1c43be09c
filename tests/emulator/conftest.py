"""Fixtures: the embedded registry over both of its transports, created once per test module."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import count
from typing import Any

import pytest

from ecrtui.emulator.service import EmbeddedRegistry
from tests.support.embedded import REGION, REGISTRY_ID, client_for, create_repository, new_embedded, served
from tests.support.reply_shapes import check_replies

_numbers = count(1)


@dataclass(frozen=True)
class Caller:
    """Who calls: the account whose registry answers, the region, and the ARN of the principal."""

    account: str = REGISTRY_ID
    region: str = REGION
    arn: str = f"arn:aws:iam::{REGISTRY_ID}:user/embedded"


@dataclass(frozen=True)
class Transport:
    """A registry and the target of its clients: the registry itself, or its URL."""

    embedded: EmbeddedRegistry
    target: EmbeddedRegistry | str

    def client(self, **options: Any) -> Any:
        """Return another client, whose replies are checked. The options are those of client_for."""
        client = client_for(self.target, **options)
        check_replies(client)
        return client


@pytest.fixture(scope="module")
def embedded() -> Iterator[EmbeddedRegistry]:
    """Create a registry in memory."""
    registry = new_embedded()
    yield registry
    registry.database.close()


@pytest.fixture
def empty() -> Iterator[EmbeddedRegistry]:
    """Create a registry in memory for one test."""
    registry = new_embedded()
    yield registry
    registry.database.close()


@pytest.fixture(scope="module", params=["in-process", "http"])
def transport(request: pytest.FixtureRequest) -> Iterator[Transport]:
    """Create a registry in memory for each transport."""
    embedded = new_embedded()
    with ExitStack() as stack:
        stack.callback(embedded.database.close)
        target = stack.enter_context(served(embedded)) if request.param == "http" else embedded
        yield Transport(embedded, target)


@pytest.fixture(scope="module")
def ecr(transport: Transport) -> Any:
    """Return a boto3 client of ECR without retries."""
    return transport.client()


@pytest.fixture(scope="session")
def caller() -> Caller:
    """Return the caller of the embedded registry."""
    return Caller()


@pytest.fixture
def name() -> str:
    """Return an unused name for a repository."""
    return f"team/app-{next(_numbers)}"


@pytest.fixture
def repository(ecr: Any, name: str) -> str:
    """Create a mutable repository for one test."""
    create_repository(ecr, name)
    return name


@pytest.fixture
def immutable(ecr: Any, name: str) -> str:
    """Create an immutable repository for one test."""
    create_repository(ecr, name, "IMMUTABLE")
    return name
