"""Faults that edit the replies of the embedded registry, as another service sends them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from ecrtui.emulator.fault_effects import Effect, Handler
from ecrtui.emulator.faults import Fault
from ecrtui.emulator.http.messages import JSON_TYPE, Response, headers, json_response


@dataclass(frozen=True)
class EditedReply(Effect):
    """Run the request and edit the document of a successful reply in place."""

    edit: Callable[[dict[str, Any]], object]

    def apply(self, handler: Handler) -> Response:
        response = handler()
        if response.status != 200:
            return response
        document = json.loads(response.body)
        self.edit(document)
        body = json.dumps(document).encode()
        return replace(response, body=body, headers={**response.headers, "Content-Length": str(len(body))})


@dataclass(frozen=True)
class WholeReply(Effect):
    """Answer with a document; do not run the request."""

    answer: Callable[[], Any]

    def apply(self, handler: Handler) -> Response:
        return json_response(self.answer())


@dataclass(frozen=True)
class ErrorBody(Effect):
    """Answer with a status and any bytes; do not run the request."""

    status: int
    body: bytes

    def apply(self, handler: Handler) -> Response:
        return Response(self.status, self.body, headers(JSON_TYPE))


def answered(operation: str, answer: Callable[[], Any]) -> Fault:
    """Return a fault that calls ``answer`` for the document of each reply, and does not run the requests."""
    return Fault(operation, WholeReply(answer))


def replied(operation: str, document: Any) -> Fault:
    """Return a fault that answers the next request of an operation with a document, and does not run it."""
    return Fault(operation, WholeReply(lambda: document), times=1)


def edited(operation: str, edit: Callable[[dict[str, Any]], object]) -> Fault:
    """Return a fault that edits every reply of an operation."""
    return Fault(operation, EditedReply(edit))
