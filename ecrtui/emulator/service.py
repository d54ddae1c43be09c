"""The embedded registry: ECR's operations over a database, one request in, one response out."""

from __future__ import annotations

import json
import re
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from ecrtui.emulator import layer_downloads, sts, validation
from ecrtui.emulator.database import Database
from ecrtui.emulator.errors import ServiceError
from ecrtui.emulator.fault_effects import Handler
from ecrtui.emulator.faults import Faults
from ecrtui.emulator.http_messages import Request, Response, error_response, json_response
from ecrtui.emulator.operations import images, layers, lifecycle, listings, registry, repositories, scans
from ecrtui.emulator.request_context import Operation, RequestContext

REGISTRY_ID = "123456789012"
REGION = "us-east-1"
TARGET_PREFIX = "AmazonEC2ContainerRegistry_V20150921."

OPERATIONS: Mapping[str, Operation] = {
    **repositories.OPERATIONS,
    **images.OPERATIONS,
    **listings.OPERATIONS,
    **layers.OPERATIONS,
    **scans.OPERATIONS,
    **lifecycle.OPERATIONS,
    **registry.OPERATIONS,
}
"""Every operation that is built, by its name in the ECR API."""

_SCOPE = re.compile(r"Credential=[^/,]*/\d{8}/(?P<region>[a-z0-9-]+)/")


class EmbeddedRegistry:
    """ECR, without AWS: what takes requests of ECR's own JSON protocol (AWS JSON 1.1) and answers them from a database.

    It is safe to use from several threads, and several of them may share a database.
    Signatures are not checked; the region is read from the scope that a request was signed for.

    Args:
        database: where everything is kept.
        registry_id: the account of whoever asks.
        region: the region of requests that are not signed.
        faults: what shall go wrong; may be changed while requests are answered.
        clock: the time, in seconds since the epoch.
    """

    def __init__(
        self,
        database: Database,
        *,
        registry_id: str = REGISTRY_ID,
        region: str = REGION,
        faults: Faults | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.database = database
        self.registry_id = registry_id
        self.region = region
        self.faults = Faults() if faults is None else faults
        self.calls: Counter[str] = Counter()
        """How many requests of each operation have come in, those that a fault struck too."""
        self._counting = threading.Lock()
        self._clock = clock

    def handle(self, request: Request) -> Response:
        """Answer one request; the faults that strike it are in the response."""
        target = request.headers.get("x-amz-target", "")
        operation = target.removeprefix(TARGET_PREFIX) if target else sts.query_operation(request)
        response = self.respond(operation, lambda: self._execute(operation, request))
        return response if target else sts.to_xml_error(response)

    def respond(self, operation: str, answer: Handler) -> Response:
        """The answer to one request of this operation, counted, and with the faults that strike it."""
        with self._counting:
            self.calls[operation] += 1
        return self.faults.respond(operation, answer)

    def download(self, url: str) -> bytes:
        """The content behind a URL that GetDownloadUrlForLayer gave.

        The URL of an embedded registry in this process is ``embedded://`` and what the path of the served one is;
        either is taken.

        Raises:
            layer_downloads.DownloadError: there is no such content.
            ConnectionError: a fault (of ``DownloadLayer``) dropped the connection or cut the body.
        """
        path = layer_downloads.download_path(url)
        response = self.respond(
            layer_downloads.OPERATION, lambda: layer_downloads.content_response(self.database, path)
        )
        time.sleep(response.delay)
        return layer_downloads.received_content(response, url)

    def _execute(self, operation: str, request: Request) -> Response:
        try:
            if operation == sts.GET_CALLER_IDENTITY:
                return sts.caller_identity(self.registry_id)
            return json_response(self._run_operation(operation, request))
        except ServiceError as error:
            return error_response(error)
        except sqlite3.Error as error:
            # A full disk, a file that another process keeps locked: the service has failed, not the caller.
            return error_response(ServiceError("ServerException", f"The embedded registry's database: {error}", 500))

    def _run_operation(self, operation: str, request: Request) -> Mapping[str, Any]:
        carry_out = OPERATIONS.get(operation)
        if carry_out is None:
            raise _unknown_operation(operation)
        call = RequestContext(
            database=self.database,
            parameters=validation.validate_request(operation, _parameters(request.body)),
            caller=self.registry_id,
            region=_region(request) or self.region,
            endpoint=request.endpoint,
            now=round(self._clock(), 3),  # AWS tells milliseconds
        )
        return carry_out(call)


def _unknown_operation(operation: str) -> ServiceError:
    if validation.is_operation(operation):
        text = f"{operation} is an operation of ECR that the embedded registry does not have."
    else:
        text = f"{operation!r} is not an operation of ECR." if operation else "The request names no operation."
    return ServiceError("UnknownOperationException", text)


def _region(request: Request) -> str:
    scope = _SCOPE.search(request.headers.get("authorization", ""))
    return scope["region"] if scope else request.region


def _parameters(body: bytes) -> dict[str, Any]:
    try:
        parameters = json.loads(body or b"{}")
    except ValueError:
        parameters = None
    if not isinstance(parameters, dict):
        raise ServiceError("SerializationException", "The request is not a JSON object.")
    return parameters
