"""One fake of IAM Identity Center for each module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.fake_sso import FakeSso


@pytest.fixture(scope="module")
def server() -> Iterator[FakeSso]:
    with FakeSso() as fake:
        yield fake


@pytest.fixture
def sso(server: FakeSso, monkeypatch: pytest.MonkeyPatch) -> FakeSso:
    """The fake, as new, that the clients use."""
    server.reset()
    monkeypatch.setenv("AWS_ENDPOINT_URL_SSO", server.url)
    monkeypatch.setenv("AWS_ENDPOINT_URL_SSO_OIDC", server.url)
    return server
