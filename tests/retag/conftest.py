from __future__ import annotations

import pytest

from tests.support.retag_env import RetagEnv


@pytest.fixture(autouse=True)
def _no_sdk_retries(no_sdk_retries: None) -> None:
    """Apply to every test: they share one registry, and its client reads the variable when it is created."""


@pytest.fixture
def env() -> RetagEnv:
    return RetagEnv()
