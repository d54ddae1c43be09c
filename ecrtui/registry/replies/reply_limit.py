"""Bound the size of replies. botocore reads the whole body of a reply into memory, whatever its size."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.exceptions import BotoCoreError, ConnectionClosedError, ReadTimeoutError
from urllib3 import exceptions as urllib3_errors

MAX_REPLY = 64 * 1024 * 1024
"""Bytes of a reply. A page of 1,000 images has about one million, a manifest has at most four million."""

_CHUNK = 8 * 1024 * 1024
"""Bytes that are read at once. Only a reply that is larger is copied from its chunks."""


class ReplyTooLarge(BotoCoreError):  # noqa: N818 - reads as what happened
    """A reply has more bytes than the limit. botocore does not retry the request."""

    fmt = "The reply to the request has more than {limit:,} bytes."


class LimitedHttpSession:
    """The HTTP session of a client, which reads no more of a reply than :data:`MAX_REPLY`.

    Args:
        session: the session of botocore (``URLLib3Session``).
    """

    def __init__(self, session: Any) -> None:
        self._session = session

    def send(self, request: AWSPreparedRequest) -> AWSResponse:
        """Send a request and read its reply.

        Raises:
            ReplyTooLarge: the reply exceeds the limit.
            botocore.exceptions.HTTPClientError: the network failed.
        """
        request.stream_output = True  # botocore leaves the body to the caller
        response: AWSResponse = self._session.send(request)
        try:
            content = self._read(response.raw)
        except urllib3_errors.ReadTimeoutError as problem:
            raise ReadTimeoutError(endpoint_url=request.url, error=problem) from problem
        except urllib3_errors.HTTPError as problem:
            raise ConnectionClosedError(endpoint_url=request.url, request=request, error=problem) from problem
        headers: Any = response.headers
        return AWSResponse(response.url, response.status_code, headers, _Body(content))

    def close(self) -> None:
        """Close all connections."""
        self._session.close()

    def _read(self, raw: Any) -> bytes:
        chunks: list[bytes] = []
        size = 0
        for chunk in raw.stream(_CHUNK):
            chunks.append(chunk)
            size += len(chunk)
            if size > MAX_REPLY:
                raw.close()
                raise ReplyTooLarge(limit=MAX_REPLY)
        return b"".join(chunks)


class _Body:
    """The body of a reply that was read."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self) -> Iterator[bytes]:
        """Yield the content, as a response of urllib3 does."""
        yield self._content
