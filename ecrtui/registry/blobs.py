"""Fetch a blob from the URL that GetDownloadUrlForLayer gave: so many bytes at most, with the connection's own TLS."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from botocore.awsrequest import AWSRequest
from botocore.httpsession import URLLib3Session
from botocore.utils import get_environ_proxies

from ecrtui.errors import AccessDenied, ConnectionFailed, EcrTuiError, NotFound, Refused

if TYPE_CHECKING:
    from botocore.awsrequest import AWSResponse

OPERATION = "GetDownloadUrlForLayer"

MAX_REDIRECTS = 3

_CHUNK = 65536

Fetch = Callable[[str, int], bytes]
"""Gets a URL and a limit in bytes, gives the content."""


def too_large(limit: int) -> Refused:
    """The error for a blob of more bytes than are wanted."""
    return Refused("The blob is too large", f"It has more than {limit:,} bytes.", operation=OPERATION)


class Downloads:
    """Fetches over the network with the TLS settings, time limits and proxies of a connection.

    Args:
        verify: as botocore takes it: True, False, or a file of certificates.
        timeouts: seconds to connect and to read; None is no limit.
    """

    def __init__(self, verify: bool | str, timeouts: tuple[int | None, int | None]) -> None:
        # botocore's stubs know neither a file of certificates here nor None for no limit
        self._verify: Any = verify
        self._timeouts: Any = timeouts
        self._sessions: dict[str, URLLib3Session] = {}

    def fetch(self, url: str, limit: int) -> bytes:
        """The content.

        Raises:
            Refused: it is larger than the limit.
            NotFound, AccessDenied, ConnectionFailed: the storage behind ECR does not give it.
            botocore.exceptions.HTTPClientError, urllib3.exceptions.HTTPError: the network.
        """
        response = self._follow(url)
        if response.status_code != 200:
            response.raw.close()
            raise _refusal(response.status_code)
        length = response.headers.get("content-length", "")
        return _read(response.raw, limit, int(length) if length.isdecimal() else None)

    def _follow(self, url: str) -> AWSResponse:
        """The reply behind redirects: to https, or from http to http; to nothing else."""
        for _ in range(MAX_REDIRECTS + 1):
            response = self._send(url)
            target = response.headers.get("location")
            if response.status_code not in (301, 302, 303, 307, 308) or not target:
                return response
            response.raw.close()
            scheme, url = urlsplit(url).scheme, urljoin(url, target)
            if urlsplit(url).scheme not in {"https", scheme}:
                raise Refused(
                    "The blob's storage redirects to where ecrtui does not go",
                    f"{urlsplit(url).scheme}://…",
                    operation=OPERATION,
                )
        raise ConnectionFailed("The blob's storage redirects in circles", operation=OPERATION)

    def _send(self, url: str) -> AWSResponse:
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc}"
        if origin not in self._sessions:
            self._sessions[origin] = URLLib3Session(
                verify=self._verify, proxies=get_environ_proxies(url), timeout=self._timeouts
            )
        return self._sessions[origin].send(AWSRequest(method="GET", url=url, stream_output=True).prepare())


def _read(raw: Any, limit: int, length: int | None) -> bytes:
    """At most so many bytes of the body, whatever length is announced; all that is announced, or it was cut short."""
    content = bytearray()
    while chunk := raw.read(min(_CHUNK, limit + 1 - len(content))):
        content += chunk
        if len(content) > limit:
            raw.close()
            raise too_large(limit)
    if length is not None and len(content) < length:
        raise ConnectionFailed(
            "The download was cut short",
            f"{len(content):,} of {length:,} bytes have arrived.",
            "Try again.",
            retryable=True,
            operation=OPERATION,
        )
    return bytes(content)


def _refusal(status: int) -> EcrTuiError:
    detail = f"The storage behind ECR has answered {status}."
    if status == 403:
        hint = "Layers lie in S3: a VPC endpoint policy has to allow s3:GetObject on ECR's bucket of the region."
        return AccessDenied("The blob may not be downloaded", detail, hint, code="403", operation=OPERATION)
    if status == 404:
        return NotFound("The blob does not exist", detail, code="404", operation=OPERATION)
    return ConnectionFailed(
        "The blob cannot be downloaded", detail, "Try again.", retryable=True, code=str(status), operation=OPERATION
    )
