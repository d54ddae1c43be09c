"""The embedded registry: the operations of ECR over a database, independent of the transport."""

from __future__ import annotations

import logging
import re
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from ecrtui.emulator import authorization, layer_downloads, sts, validation
from ecrtui.emulator.database import Database
from ecrtui.emulator.database_file import failure_text
from ecrtui.emulator.errors import ServiceError
from ecrtui.emulator.fault_effects import Handler
from ecrtui.emulator.faults import Faults, FaultSpecError
from ecrtui.emulator.http.messages import Request, Response, error_response, json_response
from ecrtui.emulator.json_text import parse_object, parse_object_with_blob
from ecrtui.emulator.operations import (
    creation_templates,
    images,
    layers,
    lifecycle,
    listings,
    pull_through_cache,
    registry,
    replication,
    replication_backfill,
    repositories,
    scans,
    signing,
)
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
    **pull_through_cache.OPERATIONS,
    **creation_templates.OPERATIONS,
    **signing.OPERATIONS,
    **replication.OPERATIONS,
    **replication_backfill.OPERATIONS,
}
"""All operations by their name in the ECR API."""

_COUNTED = frozenset({*OPERATIONS, sts.GET_CALLER_IDENTITY, layer_downloads.OPERATION})
"""The operations that a fault can name."""

_LONGEST_NAME = 100
"""Characters of an unknown operation in the error."""

_SCOPE = re.compile(r"Credential=[^/,]*/\d{8}/(?P<region>[a-z0-9-]+)/")
_log = logging.getLogger(__name__)


def check_operations(faults: Faults) -> None:
    """Check that each fault names an operation that there is: the others would never trigger.

    Raises:
        FaultSpecError: one does not.
    """
    import difflib  # most registries have no faults

    for fault in faults:
        if fault.operation not in ("*", *_COUNTED):
            near = difflib.get_close_matches(fault.operation, _COUNTED, n=1)
            meant = f"; did you mean {near[0]}?" if near else ""
            raise FaultSpecError(f"{fault.operation!r} is not an operation of ECR{meant}")


class EmbeddedRegistry:
    """An imitation of ECR that answers requests of its JSON protocol (AWS JSON 1.1) from a database.

    It is thread-safe, and several registries may share a database. It checks no signatures; it reads the region from
    the scope of the signature.

    Args:
        database: the storage.
        registry_id: the account id of the registry, and of each caller of the JSON protocol.
        region: the region of unsigned requests.
        faults: faults to inject; they may change while the registry runs.
        clock: returns the time, in seconds since the epoch.
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
        """The number of requests by operation, including those that a fault affected; unknown operations are ``""``."""
        self._counting = threading.Lock()
        self._clock = clock

    def handle(self, request: Request) -> Response:
        """Return the response to one request, with the effects of faults."""
        target = request.headers.get("x-amz-target", "")
        operation = target.removeprefix(TARGET_PREFIX) if target else sts.query_operation(request)
        response = self.respond(operation, lambda: self._run(operation, request))
        return response if target else sts.to_xml_error(response)

    def respond(self, operation: str, handler: Handler) -> Response:
        """Count a request of this operation, inject faults, and return the response.

        Args:
            handler: runs the request. Its exceptions become error responses.
        """
        with self._counting:
            self.calls[operation if operation in _COUNTED else ""] += 1
        return self.faults.respond(operation, lambda: _with_error_responses(handler))

    def download(self, target: str, range_header: str = "") -> Response:
        """Return the response to a GET of a URL of GetDownloadUrlForLayer, with the effects of faults.

        Args:
            target: path and query of the URL.
            range_header: the Range header of the request.
        """

        def respond() -> Response:
            return layer_downloads.content_response(self.database, target, range_header, now=self._clock())

        return layer_downloads.to_s3_error(self.respond(layer_downloads.OPERATION, respond))

    def now(self) -> float:
        """Return the time, in seconds since the epoch."""
        return round(self._clock(), 3)  # AWS sends milliseconds

    def run(
        self, operation: str, parameters: dict[str, Any], *, caller: str, region: str, endpoint: str
    ) -> Mapping[str, Any]:
        """Run an operation; return the members of the response.

        Args:
            operation: its name in the ECR API.
            parameters: the members of the request, not yet validated.
            caller: the account id of the caller.
            region: the region of the request.
            endpoint: the URL at which the client reaches the service.

        Raises:
            ServiceError: the error response.
        """
        valid = validation.validate_request(operation, parameters)
        return OPERATIONS[operation](self.context(operation, valid, caller=caller, region=region, endpoint=endpoint))

    def context(
        self, operation: str, parameters: Mapping[str, Any], *, caller: str, region: str, endpoint: str
    ) -> RequestContext:
        """Return the context of a request with these valid parameters, after a check of the caller's access.

        Raises:
            ServiceError: AccessDeniedException.
        """
        context = RequestContext(
            database=self.database,
            operation=operation,
            parameters=parameters,
            caller=caller,
            region=region,
            endpoint=endpoint,
            now=self.now(),
        )
        authorization.check_access(context)
        return context

    def _run(self, operation: str, request: Request) -> Response:
        region = _signed_region(request) or self.region
        if operation == sts.GET_CALLER_IDENTITY:
            return sts.caller_identity(self.registry_id, region)
        if operation not in OPERATIONS:
            raise _unknown_operation(operation)
        parameters = _parse_body(operation, request.body)
        return json_response(
            self.run(operation, parameters, caller=self.registry_id, region=region, endpoint=request.endpoint)
        )


def _with_error_responses(handler: Handler) -> Response:
    try:
        return handler()
    except ServiceError as error:
        return error_response(error)
    except sqlite3.Error as error:
        # A full disk or a locked file: a failure of the service, not of the caller.
        return error_response(
            ServiceError("ServerException", f"The embedded registry's database: {failure_text(error)}", 500)
        )
    except Exception as error:  # noqa: BLE001 - a defect; the client still gets a response
        _log.debug("the embedded registry failed", exc_info=True)
        message = f"The embedded registry failed: {type(error).__name__}: {error}"
        return error_response(ServiceError("ServerException", message, 500))


def _unknown_operation(operation: str) -> ServiceError:
    text = (
        f"{operation[:_LONGEST_NAME]!r} is not an operation of ECR." if operation else "The request names no operation."
    )
    return ServiceError("UnknownOperationException", text)


def _signed_region(request: Request) -> str:
    scope = _SCOPE.search(request.headers.get("authorization", ""))
    return scope["region"] if scope else request.region


def _parse_body(operation: str, body: bytes) -> dict[str, Any]:
    if operation == "UploadLayerPart":
        parameters = parse_object_with_blob(body, "layerPartBlob")
    else:
        parameters = parse_object(body or b"{}")
    if parameters is None:
        raise ServiceError("SerializationException", "The request is not a JSON object.")
    return parameters
