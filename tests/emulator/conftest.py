"""The embedded registry over both of its transports, made once for each module of tests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import count
from typing import Any

import pytest

from ecrtui.emulator.service import EmbeddedRegistry
from tests.support.embedded import client_for, create_repository, new_embedded, served

_numbers = count(1)


@dataclass(frozen=True)
class Transport:
    """How a client reaches the registry."""

    embedded: EmbeddedRegistry
    target: EmbeddedRegistry | str

    def client(self, **options: Any) -> Any:
        """Another client; the options are those of client_for."""
        return client_for(self.target, **options)


@pytest.fixture(scope="module", params=["in-process", "http"])
def transport(request: pytest.FixtureRequest) -> Iterator[Transport]:
    """A registry in memory, and a way to it."""
    embedded = new_embedded()
    with ExitStack() as stack:
        stack.callback(embedded.database.close)
        target = stack.enter_context(served(embedded)) if request.param == "http" else embedded
        yield Transport(embedded, target)


@pytest.fixture(scope="module")
def ecr(transport: Transport) -> Any:
    """A boto3 client of ECR that tries everything once."""
    return transport.client()


@pytest.fixture
def name() -> str:
    """The name of a repository that nobody else has."""
    return f"team/app-{next(_numbers)}"


@pytest.fixture
def repository(ecr: Any, name: str) -> str:
    """A mutable repository of the test's own."""
    create_repository(ecr, name)
    return name


@pytest.fixture
def immutable(ecr: Any, name: str) -> str:
    """An immutable repository of the test's own."""
    create_repository(ecr, name, "IMMUTABLE")
    return name
