"""What holds for every test of the application."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _no_sdk_retries(no_sdk_retries: None) -> None:
    """Apply to every test, so that none waits for a backoff of botocore."""
