"""Requests of the OCI distribution API (``/v2/``) to the registry of a connection, with a token of ECR."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple
from urllib.parse import urljoin, urlsplit

from ecrtui.errors import AccessDenied, ConnectionFailed, EcrTuiError, NotFound, Refused, Throttled
from ecrtui.registry.calls import EcrCalls
from ecrtui.registry.client import Clients
from ecrtui.registry.protocol import Part
from ecrtui.registry.replies.validation import required_text, structures, validate_reply

_AUTHORIZATION = "GetAuthorizationToken"


class OciReply(NamedTuple):
    """The status of a reply, and its header ``Location``; empty if it has none."""

    status: int
    location: str = ""


class Body:
    """The body of a request, in pieces, with a known length.

    An error that ends the pieces is kept: botocore replaces it by one of its own.
    """

    def __init__(self, size: int, pieces: Iterable[Part]) -> None:
        self._size = size
        self._pieces = pieces
        self.error: Exception | None = None

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[Part]:
        try:
            yield from self._pieces
        except Exception as error:
            self.error = error
            raise


class OciApi:
    """Sends requests to the OCI distribution API of one registry.

    Args:
        calls: calls the operations of the ECR API.
        clients: the clients of the connection.
    """

    def __init__(self, calls: EcrCalls, clients: Clients) -> None:
        self._calls = calls
        self._clients = clients
        self._lock = threading.Lock()
        self._token: tuple[str, str] | None = None
        """The authorization token, and the endpoint that came with it."""

    def post(self, operation: str, repository: str, query: str = "") -> OciReply:
        """Begin an upload; with a query, mount a blob.

        Args:
            operation: the name of the request in errors.
            repository: the name of the repository.
            query: the query with its question mark.

        Raises:
            EcrTuiError: the registry cannot be reached, fails, or is throttling.
        """

        def send(token: str, endpoint: str) -> OciReply:
            url = f"{endpoint}/v2/{repository}/blobs/uploads/{query}"
            status, headers = self._clients.content.send("POST", url, {"Authorization": f"Basic {token}"})
            location = urljoin(url, headers.get("Location", ""))
            if urlsplit(location)[:2] != urlsplit(url)[:2]:
                raise Refused("The registry named another host for an upload", location[:300], operation=operation)
            return OciReply(status, location)

        return self._sent(operation, repository, send)

    def put(self, operation: str, repository: str, url: str, body: Body, *, read_timeout: int) -> OciReply:
        """Send a body to a location that :meth:`post` returned.

        Raises:
            EcrTuiError: the registry cannot be reached, fails, or is throttling.
        """

        def send(token: str, _: str) -> OciReply:
            headers = {"Authorization": f"Basic {token}", "Content-Type": "application/octet-stream"}
            return OciReply(self._clients.content.send("PUT", url, headers, body, read_timeout=read_timeout)[0])

        try:
            return self._sent(operation, repository, send, again=False)
        except EcrTuiError:
            if body.error is not None:
                raise body.error from None
            raise

    def _sent(
        self, operation: str, repository: str, send: Callable[[str, str], OciReply], *, again: bool = True
    ) -> OciReply:
        """Send a request, again with a new token if the registry does not accept the one that is known."""
        with self._clients.calling(operation, write=True, repository=repository):
            reply = send(*self._authorization())
        if reply.status in (401, 403):  # 403: the token has expired, or a permission is missing
            with self._lock:
                self._token = None
            if again:
                return self._sent(operation, repository, send, again=False)
        if reply.status in (429, 503):
            raise Throttled("ECR is throttling requests", f"status {reply.status}", retryable=True, operation=operation)
        if reply.status >= 500:
            raise ConnectionFailed("The service failed", f"status {reply.status}", retryable=True, operation=operation)
        return reply

    def _authorization(self) -> tuple[str, str]:
        with self._lock:
            if self._token is None:
                reply = self._calls.read(_AUTHORIZATION, without_registry_id=True)
                with validate_reply(_AUTHORIZATION):
                    for data in structures(reply, "authorizationData"):
                        proxy = required_text(data, "proxyEndpoint")
                        self._token = required_text(data, "authorizationToken"), self._endpoint(proxy)
                if self._token is None:
                    raise EcrTuiError(
                        "ECR returned no authorization token",
                        hint="Try again. If it fails again, check the endpoint URL.",
                        operation=_AUTHORIZATION,
                    )
            return self._token

    def _endpoint(self, proxy: str) -> str:
        """Return where the OCI API is: at the endpoint of the user, or at the host of the registry on AWS."""
        if endpoint := self._clients.oci_endpoint:
            return endpoint.rstrip("/")
        account, host = self._calls.registry_id, urlsplit(proxy).netloc
        return f"https://{account}.{host.partition('.')[2]}" if account else f"https://{host}"


def refusal(operation: str, repository: str, status: int) -> EcrTuiError:
    """Return the error for a status below 500 that is not success."""
    if status in (401, 403):
        return AccessDenied(
            "Access denied",
            f"status {status} of the OCI API for {repository}",
            "The caller needs ecr:InitiateLayerUpload, ecr:UploadLayerPart and ecr:CompleteLayerUpload there.",
            operation=operation,
        )
    if status == 404:
        return NotFound(
            "The repository or the upload does not exist", f"status 404 for {repository}", operation=operation
        )
    return Refused("The registry does not accept the layer", f"status {status} for {repository}", operation=operation)
