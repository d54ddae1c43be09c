from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from ecrtui.emulator.service import EmbeddedRegistry
from ecrtui.registry.protocol import Registry
from ecrtui.settings import Connection
from ecrtui.wiring import open_registry
from tests.support import embedded as support


@dataclass
class RegistryEnv:
    """An embedded registry, a plain boto3 client on it to arrange and to look, and our registry, to be tested."""

    embedded: EmbeddedRegistry
    client: Any
    registry: Registry

    def fault(self, *specs: str) -> None:
        for spec in specs:
            self.embedded.faults.add(spec)

    def tags(self, repository: str = "team/app") -> dict[str, str]:
        return support.tags_of(self.client, repository)


@pytest.fixture
def env() -> RegistryEnv:
    """A repository ``team/app``, in this process."""
    embedded = support.new_embedded()
    client = support.client_for(embedded)
    support.create_repository(client, "team/app")
    return RegistryEnv(embedded, client, open_registry(Connection(), embedded=embedded))


@pytest.fixture
def once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is sent twice, so that a fault is seen at once."""
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")


@pytest.fixture
def unreachable() -> Iterator[str]:
    """A URL that nobody listens on: the port is taken, and does not accept."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"


@pytest.fixture
def served(env: RegistryEnv) -> Iterator[str]:
    """The URL of the env's registry over HTTP."""
    with support.served(env.embedded) as url:
        yield url
