"""The requests for content: downloads from the storage behind ECR, and the OCI API."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING

from ecrtui.registry.layers.blobs import Downloads, NetworkSender, RequestSender, discard
from ecrtui.registry.protocol import Part

if TYPE_CHECKING:
    from botocore.awsrequest import AWSResponse


class ContentRequests:
    """Sends the requests for content of one connection. botocore has no client for them.

    Args:
        timeouts: seconds to connect and to read; None for no limit.
        verify: returns whether to verify certificates, as :class:`NetworkSender` takes it.
        in_process: sends to the registry in this process instead of a network. Its first argument is the number of
            seconds to wait for the response; None for no limit.
    """

    def __init__(
        self,
        timeouts: tuple[int | None, int | None],
        verify: Callable[[], bool | str],
        in_process: Callable[..., AWSResponse] | None = None,
    ) -> None:
        self._timeouts = timeouts
        self._verify = verify
        self._in_process = in_process
        self._senders: dict[int | None, NetworkSender] = {}
        """The senders over the network by the seconds that a response may take."""
        self.downloads = Downloads(lambda url, headers: self._sender(0)("GET", url, headers))

    def send(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: Iterable[Part] | None = None,
        *,
        read_timeout: int = 0,
    ) -> tuple[int, Mapping[str, str]]:
        """Send a request of the OCI API; return the status and the headers of the response.

        Args:
            method: the method.
            url: the URL.
            headers: the headers.
            body: the body in pieces, with a length; None for no body.
            read_timeout: seconds that the response may take, if that is longer than for other requests.
        """
        response = self._sender(read_timeout)(method, url, headers, body)
        discard(response)
        return int(response.status_code), response.headers

    def _sender(self, read_timeout: int) -> RequestSender:
        connect, read = self._timeouts
        seconds = read if read is None else max(read, read_timeout)
        if self._in_process is not None:
            return partial(self._in_process, seconds)
        if seconds not in self._senders:
            self._senders[seconds] = NetworkSender(self._verify(), (connect, seconds))
        return self._senders[seconds]
