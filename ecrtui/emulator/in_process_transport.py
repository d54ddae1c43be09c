"""The in-process transport: the embedded registry answers a boto3 client without a socket or a thread.

botocore emits ``before-send`` for every attempt of a request. It takes the handler's return value as the HTTP response
and the handler's exception as a connection failure. All else is botocore's own code, retries and parsing included.
"""

from __future__ import annotations

import io
import time
from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ecrtui.emulator import layer_downloads
from ecrtui.emulator.http.messages import Delivery, Request, Response
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


def send(
    embedded: EmbeddedRegistry,
    read_timeout: float | None,
    method: str,
    url: str,
    headers: Mapping[str, str],
    body: Collection[bytes] | None = None,
) -> AWSResponse:
    """Return the response to a GET of a URL of GetDownloadUrlForLayer, or to a request of the OCI distribution API.

    It is a response as botocore's HTTP session returns it. Its body is read in pieces.

    Args:
        embedded: the registry.
        read_timeout: seconds to wait for the response; None for no limit.
        method: the method.
        url: the URL.
        headers: the headers.
        body: the body in pieces, whose length is the number of all its bytes; None for no body.

    Raises:
        botocore.exceptions.ReadTimeoutError, botocore.exceptions.ConnectionClosedError: a fault of the registry.
    """
    from ecrtui.emulator.distribution import api, messages, routes
    from ecrtui.emulator.http.body import RequestBody

    target = layer_downloads.download_target(url)
    if routes.is_distribution_path(target):
        names = {name.lower(): value for name, value in headers.items()}
        content = RequestBody(_BodyReader(iter(body or ())), len(body or ()))
        request = messages.DistributionRequest(method, target, names, content, layer_downloads.IN_PROCESS_ENDPOINT)
        response = api.handle(embedded, request)
    else:
        response = embedded.download(target, headers.get("Range", ""))
    return _received(response, url, read_timeout)


class _Transport:
    def __init__(self, embedded: EmbeddedRegistry, region: str, read_timeout: float | None) -> None:
        self._embedded = embedded
        self._region = region
        self._read_timeout = read_timeout

    def send(self, request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        """Return the response, or raise the exception that botocore's HTTP session raises for a lost one."""
        response = self._embedded.handle(_to_request(request, self._region))
        return _received(response, request.url, self._read_timeout)


class _BodyReader(io.BufferedIOBase):
    """The body of a request as a file: each read returns at most one piece."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._rest = b""

    def read1(self, count: int = -1, /) -> bytes:
        while not self._rest and (piece := next(self._pieces, None)) is not None:
            self._rest = bytes(piece)
        end = len(self._rest) if count < 0 else count
        found, self._rest = self._rest[:end], self._rest[end:]
        return found


class _ResponseBody:
    """The raw body that :class:`AWSResponse` reads."""

    def __init__(self, response: Response) -> None:
        self._pieces = response.delivered_body()
        self._reader = _BodyReader(self._pieces)

    def stream(self, *_: Any, **__: Any) -> Iterator[bytes]:
        yield from self._pieces

    def read(self, count: int) -> bytes:
        return self._reader.read1(count)

    def close(self) -> None:
        self._pieces.close()


def _received(response: Response, url: str, read_timeout: float | None) -> AWSResponse:
    """Return a response as the client receives it, or raise the exception of botocore for a lost one."""
    from botocore.awsrequest import AWSResponse
    from botocore.compat import HTTPHeaders
    from botocore.exceptions import ConnectionClosedError, ReadTimeoutError

    if read_timeout and response.delay > read_timeout:
        time.sleep(read_timeout)
        raise ReadTimeoutError(endpoint_url=url, error="Read timed out.")
    if response.delay:  # a sleep of no time still gives the processor away
        time.sleep(response.delay)
    if response.delivery in (Delivery.DROPPED, Delivery.RESET):
        raise ConnectionClosedError(endpoint_url=url, error="Connection aborted.")
    headers = HTTPHeaders.from_dict({**response.headers, "Content-Length": str(response.length)})
    return AWSResponse(url, response.status, headers, _ResponseBody(response))


def _to_request(request: AWSPreparedRequest, region: str) -> Request:
    headers = {name.lower(): _text(value) for name, value in request.headers.items()}
    return Request(_content(request.body), headers, layer_downloads.IN_PROCESS_ENDPOINT, region)


def _content(body: Any) -> bytes:
    """Return a body as bytes. It is a text, bytes, or a file, such as that of a part of a layer."""
    if hasattr(body, "read"):
        return bytes(body.read())
    return body.encode() if isinstance(body, str) else body or b""


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value
