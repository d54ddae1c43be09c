"""A client of the OCI distribution API: plain HTTP, one connection, no retries."""

from __future__ import annotations

import base64
import http.client
from collections.abc import Iterable
from urllib.parse import urlsplit

from ecrtui.emulator.authorization_tokens import Token
from tests.support.embedded import REGION, REGISTRY_ID
from tests.support.raw_http import HttpResponse


class Answer(HttpResponse):
    """One response of the distribution API."""

    @property
    def error(self) -> tuple[int, str, str]:
        """The status, the code and the message of an error."""
        (error,) = self.document["errors"]
        return self.status, error["code"], error["message"]


def token_for(account: str = REGISTRY_ID, region: str = REGION, expires_at: float = 1e12) -> str:
    """Return ``authorizationToken`` for a caller."""
    return Token(account, region, expires_at).encoded()


def credentials(user: str, password: str) -> str:
    """Return the credentials of HTTP Basic authentication."""
    return base64.b64encode(f"{user}:{password}".encode()).decode()


class DistributionClient:
    """A client of the registry at a URL.

    Args:
        token: ``authorizationToken``; empty to send none.
    """

    def __init__(self, url: str, token: str) -> None:
        self._connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)
        self._token = token

    def send(
        self, method: str, path: str, body: bytes | Iterable[bytes] = b"", headers: dict[str, str] | None = None
    ) -> Answer:
        """Send a request and return the response. A body that is not bytes is sent in chunks."""
        authorization = {"Authorization": f"Basic {self._token}"} if self._token else {}
        chunked = not isinstance(body, bytes)
        coding = {"Transfer-Encoding": "chunked"} if chunked else {}
        self._connection.request(
            method, path, body, {**authorization, **coding, **(headers or {})}, encode_chunked=chunked
        )
        response = self._connection.getresponse()
        return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()
