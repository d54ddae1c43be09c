"""Requests of the distribution API."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from ecrtui.emulator import validation
from ecrtui.emulator.authorization_tokens import Token
from ecrtui.emulator.http.body import RequestBody
from ecrtui.emulator.request_context import RequestContext
from ecrtui.emulator.service import EmbeddedRegistry


@dataclass(frozen=True, slots=True)
class DistributionRequest:
    """One HTTP request.

    Args:
        target: the request target: the path and the query.
        headers: by lower-case name; the values of a repeated header are joined by commas (RFC 9110, section 5.3).
        endpoint: the URL at which the client reaches the service.
    """

    method: str
    target: str
    headers: Mapping[str, str]
    body: RequestBody
    endpoint: str


@dataclass(frozen=True, slots=True)
class Call:
    """A request of an authenticated client about one repository.

    Args:
        token: the caller.
        repository: its name; empty for the catalog.
        reference: a tag, a digest or the id of an upload; empty if the path has none.
        query: the parameters of the query.
    """

    embedded: EmbeddedRegistry
    request: DistributionRequest
    token: Token
    repository: str
    reference: str
    query: Mapping[str, str]

    @property
    def path(self) -> str:
        """The path of the repository; all others begin with it."""
        return f"/v2/{quote(self.repository)}"

    def run(self, operation: str, **parameters: Any) -> Mapping[str, Any]:
        """Run an operation of ECR's API on the repository; return the members of the response.

        Raises:
            ServiceError: the error response.
        """
        return self.embedded.run(
            operation,
            {**self._names(), **parameters},
            caller=self.token.account,
            region=self.token.region,
            endpoint=self.request.endpoint,
        )

    def context(self, operation: str, repository: str = "", **parameters: str) -> RequestContext:
        """Return the context for a part of an operation, after a check of the caller's access.

        Args:
            operation: decides whether the caller has access.
            repository: another repository of the registry than that of the path.
            parameters: further parameters; they are not validated.

        Raises:
            ServiceError: InvalidParameterException, AccessDeniedException.
        """
        names = {**self._names(), **({"repositoryName": repository} if repository else {})}
        return self.embedded.context(
            operation,
            # InitiateLayerUpload has the names alone.
            {**validation.validate_request("InitiateLayerUpload", names), **parameters},
            caller=self.token.account,
            region=self.token.region,
            endpoint=self.request.endpoint,
        )

    def _names(self) -> dict[str, str]:
        return {"registryId": self.embedded.registry_id, "repositoryName": self.repository}
