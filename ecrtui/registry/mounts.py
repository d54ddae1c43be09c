"""Mount layers by the OCI distribution API: ECR gives a repository a layer of another one of the same registry.

The ECR API has no such operation. ECR mounts if the account setting BLOB_MOUNTING is on, both repositories have the
same encryption, and an image names the layer (user guide, "Blob mounting").
"""

from __future__ import annotations

import threading
from urllib.parse import quote, urlsplit

from ecrtui.errors import AccessDenied, ConnectionFailed, EcrTuiError, Refused, Throttled
from ecrtui.registry.calls import EcrCalls
from ecrtui.registry.client import Clients
from ecrtui.registry.validation import required_text, structures, text, validate_reply

OPERATION = "MountLayer"
"""The name of the request in errors. It is not an operation of the ECR API."""

_AUTHORIZATION = "GetAuthorizationToken"
_SETTING = "GetAccountSetting"


class Mounts:
    """Mounts layers in the repositories of one registry.

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

    def allowed(self) -> bool:
        """Return whether the account setting lets ECR mount layers. The registry in this process does not serve it."""
        if self._clients.in_process:
            return False
        try:
            reply = self._calls.read(_SETTING, without_registry_id=True, name="BLOB_MOUNTING")
        except (AccessDenied, Refused):
            return False
        with validate_reply(_SETTING):
            return text(reply, "value") == "ENABLED"

    def mount(self, repository: str, digest: str, source: str) -> bool:
        """Mount a layer of another repository. Return False if ECR does not: it must be sent then.

        Raises:
            EcrTuiError: the registry cannot be reached, is throttling, or does not accept the caller.
        """
        status = self._post(repository, digest, source)
        if status == 401:
            with self._lock:
                self._token = None
            status = self._post(repository, digest, source)
        if status in (429, 503):
            raise Throttled("ECR is throttling requests", f"status {status}", retryable=True, operation=OPERATION)
        if status >= 500:
            raise ConnectionFailed("The service failed", f"status {status}", retryable=True, operation=OPERATION)
        return status == 201

    def _post(self, repository: str, digest: str, source: str) -> int:
        token, endpoint = self._authorization()
        url = f"{endpoint}/v2/{repository}/blobs/uploads/?mount={quote(digest)}&from={quote(source, safe='')}"
        with self._clients.calling(OPERATION, write=True, repository=repository):
            return self._clients.post(url, {"Authorization": f"Basic {token}"})

    def _authorization(self) -> tuple[str, str]:
        with self._lock:
            if self._token is None:
                reply = self._calls.read(_AUTHORIZATION, without_registry_id=True)
                with validate_reply(_AUTHORIZATION):
                    for data in structures(reply, "authorizationData"):
                        proxy = required_text(data, "proxyEndpoint")
                        self._token = required_text(data, "authorizationToken"), self._endpoint(proxy)
                if self._token is None:
                    raise EcrTuiError("ECR returned no authorization token", operation=_AUTHORIZATION)
            return self._token

    def _endpoint(self, proxy: str) -> str:
        """Return where the OCI API is: at the endpoint of the user, or at the host of the registry on AWS."""
        if endpoint := self._clients.endpoint:
            return endpoint.rstrip("/")
        account, host = self._calls.registry_id, urlsplit(proxy).netloc
        return f"https://{account}.{host.partition('.')[2]}" if account else f"https://{host}"
