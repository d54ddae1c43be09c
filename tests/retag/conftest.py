from __future__ import annotations

import pytest

from tests.support.retag_env import RetagEnv


@pytest.fixture
def env(no_sdk_retries: None) -> RetagEnv:
    return RetagEnv()
