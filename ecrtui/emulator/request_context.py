"""The context of one API request: the caller, the registry and region, the parameters."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ecrtui.emulator import storage
from ecrtui.emulator.database import Database
from ecrtui.emulator.errors import ServiceError
from ecrtui.emulator.sts import caller_arn


@dataclass(frozen=True, slots=True)
class RequestContext:
    """Everything that an operation needs to answer one request.

    Args:
        operation: its name in the API.
        parameters: the members of the request, validated against the shapes of the API.
        caller: the account id of the caller.
        region: the region that the request was signed for.
        endpoint: the URL at which the client reaches the service.
        now: seconds since the epoch; constant during the request.
    """

    database: Database
    operation: str
    parameters: Mapping[str, Any]
    caller: str
    region: str
    endpoint: str
    now: float

    def __getitem__(self, name: str) -> Any:
        return self.parameters[name]

    def get(self, name: str, default: Any = None) -> Any:
        """Return an optional parameter."""
        return self.parameters.get(name, default)

    @property
    def registry_id(self) -> str:
        """The registry that the request is for: ``registryId``, or the caller's own."""
        return str(self.parameters.get("registryId") or self.caller)

    @property
    def caller_arn(self) -> str:
        """The ARN of the caller."""
        return caller_arn(self.caller, self.region)

    def repository_members(self) -> dict[str, str]:
        """Return ``registryId`` and ``repositoryName``, the first members of most responses."""
        return {"registryId": self.registry_id, "repositoryName": self.parameters["repositoryName"]}

    def repository(
        self, connection: sqlite3.Connection, name: str | None = None, registry_id: str | None = None
    ) -> sqlite3.Row:
        """Return the row of a repository.

        Args:
            name: the repository's name; None for ``repositoryName``.
            registry_id: the account that owns it; None for that of the request.

        Raises:
            ServiceError: RepositoryNotFoundException.
        """
        name = self.parameters["repositoryName"] if name is None else name
        registry_id = self.registry_id if registry_id is None else registry_id
        row = storage.find_repository(connection, registry_id, self.region, name)
        if row is None:
            raise self.repository_not_found(name, registry_id)
        return row

    def repository_not_found(self, name: str, registry_id: str) -> ServiceError:
        """Return ``RepositoryNotFoundException`` with ECR's message."""
        return ServiceError(
            "RepositoryNotFoundException",
            f"The repository with name '{name}' does not exist in the registry with id '{registry_id}'",
        )


Operation = Callable[[RequestContext], Mapping[str, Any]]
"""Runs one operation. Returns the members of the response, or raises :class:`ServiceError`."""
