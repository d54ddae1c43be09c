"""The in-process transport: the embedded registry answers a boto3 client without a socket or a thread.

botocore emits ``before-send`` for every attempt of a request. It takes the handler's return value as the HTTP response
and the handler's exception as a connection failure. All else is botocore's own code, retries and parsing included.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ecrtui.emulator.http_messages import Delivery, Request, Response
from ecrtui.emulator.layer_downloads import IN_PROCESS_ENDPOINT
from ecrtui.emulator.service import EmbeddedRegistry

if TYPE_CHECKING:
    from botocore.awsrequest import AWSPreparedRequest, AWSResponse


def attach(client: Any, embedded: EmbeddedRegistry) -> None:
    """Let the embedded registry answer every request of this client (of ``ecr`` or ``sts``).

    The client stays thread-safe.
    """
    transport = _Transport(embedded, client.meta.region_name, client.meta.config.read_timeout)
    service = client.meta.service_model.service_id.hyphenize()
    client.meta.events.register(f"before-send.{service}", transport.send)


class _Transport:
    def __init__(self, embedded: EmbeddedRegistry, region: str, read_timeout: float | None) -> None:
        self._embedded = embedded
        self._region = region
        self._read_timeout = read_timeout

    def send(self, request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        """Return the response, or raise the exception that botocore's HTTP session raises for a lost one."""
        from botocore.awsrequest import AWSResponse
        from botocore.compat import HTTPHeaders
        from botocore.exceptions import ConnectionClosedError, ReadTimeoutError

        response = self._embedded.handle(_to_request(request, self._region))
        if self._read_timeout and response.delay > self._read_timeout:
            time.sleep(self._read_timeout)
            raise ReadTimeoutError(endpoint_url=request.url, error="Read timed out.")
        time.sleep(response.delay)
        if response.delivery in (Delivery.DROPPED, Delivery.RESET):
            raise ConnectionClosedError(endpoint_url=request.url, error="Connection aborted.", request=request)
        headers = HTTPHeaders.from_dict(dict(response.headers))
        return AWSResponse(request.url, response.status, headers, _Body(response))


class _Body:
    """The raw body that :class:`AWSResponse` reads."""

    def __init__(self, response: Response) -> None:
        body = response.body
        self._content = body[: len(body) // 2] if response.delivery is Delivery.CUT else body

    def stream(self, *_: Any, **__: Any) -> Iterator[bytes]:
        yield self._content


def _to_request(request: AWSPreparedRequest, region: str) -> Request:
    headers = {name.lower(): _text(value) for name, value in request.headers.items()}
    return Request(_content(request.body), headers, IN_PROCESS_ENDPOINT, region)


def _content(body: Any) -> bytes:
    """Return a body as bytes. It is a text, bytes, or a file, such as that of a part of a layer."""
    if hasattr(body, "read"):
        return bytes(body.read())
    return body.encode() if isinstance(body, str) else body or b""


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value
