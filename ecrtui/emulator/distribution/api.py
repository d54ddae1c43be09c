"""The entry to the distribution API: authenticate a request, run it, and make its errors those of the API."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import parse_qsl, urlsplit

from ecrtui.emulator.distribution.authentication import authenticate, challenge
from ecrtui.emulator.distribution.errors import to_distribution_error
from ecrtui.emulator.distribution.messages import Call, DistributionRequest
from ecrtui.emulator.distribution.routes import Route, find_route
from ecrtui.emulator.errors import ServiceError, invalid_parameter
from ecrtui.emulator.http.messages import Response, error_response
from ecrtui.emulator.service import EmbeddedRegistry

VERSION = {"Docker-Distribution-Api-Version": "registry/2.0"}

_MAX_PARAMETERS = 100


def handle(embedded: EmbeddedRegistry, request: DistributionRequest) -> Response:
    """Return the response to one request, with the effects of faults."""
    route = find_route(request.method, request.target)
    response = embedded.respond(route.operation, lambda: _run(embedded, route, request))
    return _completed(to_distribution_error(response, route.operation), request.endpoint)


def refuse(error: ServiceError, endpoint: str) -> Response:
    """Return the error response to a request that the server cannot read."""
    return _completed(to_distribution_error(error_response(error)), endpoint)


def _run(embedded: EmbeddedRegistry, route: Route, request: DistributionRequest) -> Response:
    token = authenticate(request.headers.get("authorization", ""), embedded.now())
    query = _query(request.target)
    return route.handler(Call(embedded, request, token, route.repository, route.reference, query))


def _query(target: str) -> dict[str, str]:
    try:
        pairs = parse_qsl(urlsplit(target).query, keep_blank_values=True, max_num_fields=_MAX_PARAMETERS)
    except ValueError:
        raise invalid_parameter(f"The query has more than {_MAX_PARAMETERS} parameters") from None
    return dict(pairs)


def _completed(response: Response, endpoint: str) -> Response:
    asked = challenge(endpoint) if response.status == 401 else {}
    return replace(response, headers={**response.headers, **VERSION, **asked})
