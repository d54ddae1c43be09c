"""Fixtures for every test of the application."""

from __future__ import annotations

from typing import Any

import pytest

from ecrtui.emulator.service import EmbeddedRegistry
from tests.support.embedded import client_for, create_repository, distinct_times, new_embedded, push_image


@pytest.fixture(autouse=True)
def _no_sdk_retries(no_sdk_retries: None) -> None:
    """Apply to every test, so that none waits for a backoff of botocore."""


@pytest.fixture
def embedded() -> EmbeddedRegistry:
    """Create a registry without repositories."""
    return new_embedded()


@pytest.fixture
def client(embedded: EmbeddedRegistry) -> Any:
    """Return a client of the registry, in which it has created the repository ``team/app``."""
    client = client_for(embedded)
    create_repository(client, "team/app")
    return client


@pytest.fixture(scope="module")
def one_image() -> EmbeddedRegistry:
    """Create a registry with the image ``team/app:v1`` for all tests of a module. They do not write to it."""
    registry = new_embedded(clock=distinct_times(days_ago=2))
    client = client_for(registry)
    create_repository(client, "team/app")
    push_image(client, "team/app", "one", "v1")
    return registry
