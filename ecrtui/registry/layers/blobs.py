"""Download a blob from the URL of GetDownloadUrlForLayer, with a size limit and the TLS settings of the connection."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urljoin, urlsplit

from botocore.awsrequest import AWSRequest
from botocore.httpsession import URLLib3Session
from botocore.utils import get_environ_proxies
from urllib3.exceptions import HTTPError

from ecrtui.errors import AccessDenied, ConnectionFailed, EcrTuiError, NotFound, Refused
from ecrtui.registry.protocol import Part

if TYPE_CHECKING:
    from botocore.awsrequest import AWSResponse

OPERATION = "GetDownloadUrlForLayer"

MAX_REDIRECTS = 3

_CHUNK = 65536


class BlobStream(Protocol):
    """The body of a download."""

    def read(self, count: int, /) -> bytes:
        """Return at most this many bytes; none at the end."""

    def close(self) -> None:
        """End the download."""


def too_large(limit: int) -> Refused:
    """Return the error for a blob of more than ``limit`` bytes."""
    return Refused("The blob is too large", f"It has more than {limit:,} bytes.", operation=OPERATION)


Sender = Callable[[str, Mapping[str, str]], "AWSResponse"]
"""Sends a GET with these headers; returns the response, whose body is read in pieces."""


class RequestSender(Protocol):
    """Sends requests over the network, or to the registry in this process."""

    def __call__(
        self, method: str, url: str, headers: Mapping[str, str], body: Iterable[Part] | None = None
    ) -> AWSResponse:
        """Return the response, whose body is read in pieces."""


class NetworkSender:
    """A sender over the network, with the TLS settings, time limits and proxies of a connection.

    Args:
        verify: whether to verify certificates: True, False, or a file of certificates.
        timeouts: seconds to connect and to read; None for no limit.
    """

    def __init__(self, verify: bool | str, timeouts: tuple[int | None, int | None]) -> None:
        # The stubs of botocore lack a file of certificates here, and None for no limit.
        self._verify: Any = verify
        self._timeouts: Any = timeouts
        self._sessions: dict[str, URLLib3Session] = {}

    def __call__(
        self, method: str, url: str, headers: Mapping[str, str], body: Iterable[Part] | None = None
    ) -> AWSResponse:
        """Send a request, and return the response, whose body was not read. Redirects are not followed.

        Raises:
            botocore.exceptions.HTTPClientError: the network failed.
        """
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc}"
        if origin not in self._sessions:
            self._sessions[origin] = URLLib3Session(
                verify=self._verify, proxies=get_environ_proxies(url), timeout=self._timeouts
            )
        content: Any = body  # the stubs of botocore know no body in pieces
        request = AWSRequest(method=method, url=url, headers=dict(headers), data=content, stream_output=True)
        return self._sessions[origin].send(request.prepare())


class Downloads:
    """Downloads of blobs.

    Args:
        send: sends a request; over the network see :class:`NetworkSender`.
    """

    def __init__(self, send: Sender) -> None:
        self._send = send

    def fetch(self, url: str, limit: int) -> bytes:
        """Return the content of a URL.

        Raises:
            Refused: the content has more than ``limit`` bytes, or the storage redirects to another scheme.
            NotFound, AccessDenied, ConnectionFailed: the storage behind ECR does not serve it.
            botocore.exceptions.HTTPClientError, urllib3.exceptions.HTTPError: the network failed.
        """
        response = self._follow(url, {})
        if response.status_code != 200:
            response.raw.close()
            raise _refusal(response.status_code)
        return _read(_WholeBody(response), limit)

    def open(self, url: str, first_byte: int) -> BlobStream:
        """Return the content of a URL from a byte on. To read it raises an error if the connection is cut.

        The storage behind ECR takes ranges. Where another one sends all of the content, the first bytes are skipped.

        Raises:
            Refused: the storage redirects to another scheme.
            NotFound, AccessDenied, ConnectionFailed: the storage behind ECR does not serve it.
            botocore.exceptions.HTTPClientError, urllib3.exceptions.HTTPError: the network failed.
        """
        response = self._follow(url, {"Range": f"bytes={first_byte}-"} if first_byte else {})
        if response.status_code not in (200, 206):
            response.raw.close()
            raise _refusal(response.status_code)
        stream = _WholeBody(response)
        skip = 0 if response.status_code == 206 else first_byte
        while skip and (chunk := stream.read(min(_CHUNK, skip))):
            skip -= len(chunk)
        return stream

    def _follow(self, url: str, headers: Mapping[str, str]) -> AWSResponse:
        """Follow redirects to https, and from http to http; refuse all others."""
        for _ in range(MAX_REDIRECTS + 1):
            response = self._send(url, headers)
            target = response.headers.get("location")
            if response.status_code not in (301, 302, 303, 307, 308) or not target:
                return response
            response.raw.close()
            scheme, url = urlsplit(url).scheme, urljoin(url, target)
            if urlsplit(url).scheme not in {"https", scheme}:
                raise Refused(
                    "The blob storage redirects to an unsupported scheme",
                    f"{urlsplit(url).scheme}://…",
                    operation=OPERATION,
                )
        raise ConnectionFailed("The blob storage redirects in circles", hint="Try again.", operation=OPERATION)


class _WholeBody:
    """A body that ends with an error if it has fewer bytes than announced. botocore switches that check off."""

    def __init__(self, response: AWSResponse) -> None:
        length = response.headers.get("content-length", "")
        self._raw: Any = response.raw
        self._length = int(length) if length.isdecimal() else None
        self._received = 0

    def read(self, count: int, /) -> bytes:
        """Return at most this many bytes; none at the end."""
        chunk = bytes(self._raw.read(count))
        self._received += len(chunk)
        if not chunk and count and self._length is not None and self._received < self._length:
            raise ConnectionFailed(
                "The download was cut short",
                f"{self._received:,} of {self._length:,} bytes arrived.",
                "Try again.",
                retryable=True,
                operation=OPERATION,
            )
        return chunk

    def close(self) -> None:
        """End the download."""
        self._raw.close()


def _read(stream: BlobStream, limit: int) -> bytes:
    """Read the body: at most ``limit`` bytes, whatever length is announced, and no fewer than announced."""
    content = read_start(stream, limit + 1)
    if len(content) > limit:
        raise too_large(limit)
    return content


def read_start(stream: BlobStream, count: int) -> bytes:
    """Return the first ``count`` bytes of a download, or all if it has fewer, and end the download."""
    content = bytearray()
    try:
        while chunk := stream.read(min(_CHUNK, count - len(content))):
            content += chunk
    finally:
        stream.close()
    return bytes(content)


def discard(response: AWSResponse) -> None:
    """Discard the body of an answer whose status is known. After a short one, the next request uses the connection."""
    with suppress(HTTPError):
        read_start(response.raw, _CHUNK)


def _refusal(status: int) -> EcrTuiError:
    detail = f"The storage behind ECR answered {status}."
    if status == 403:
        hint = "Check the VPC endpoint policy: it must allow s3:GetObject on the bucket of ECR in the region."
        return AccessDenied("The download of the blob was denied", detail, hint, code="403", operation=OPERATION)
    if status == 404:
        return NotFound("Blob not found", detail, code="404", operation=OPERATION)
    return ConnectionFailed(
        "Could not download the blob", detail, "Try again.", retryable=True, code=str(status), operation=OPERATION
    )
