"""What holds for every test of the application."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def faults_are_seen_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The SDK repeats no read by itself: what a test waits for is the application, not botocore's backoff."""
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
