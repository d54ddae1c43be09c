"""One call of an operation: who asks, of which registry and region, with which parameters."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ecrtui.emulator.database import Database
from ecrtui.emulator.errors import ServiceError
from ecrtui.emulator.sts import caller_arn


@dataclass(frozen=True, slots=True)
class RequestContext:
    """What an operation has to work with.

    Args:
        parameters: the request's members, validated against the shapes of the API.
        caller: the account that asks.
        region: the region that the request was signed for.
        endpoint: the URL of the service as the client knows it.
        now: seconds since the epoch; the same throughout the call.
    """

    database: Database
    parameters: Mapping[str, Any]
    caller: str
    region: str
    endpoint: str
    now: float

    def __getitem__(self, name: str) -> Any:
        return self.parameters[name]

    def get(self, name: str, default: Any = None) -> Any:
        """An optional parameter."""
        return self.parameters.get(name, default)

    @property
    def registry_id(self) -> str:
        """The registry that is asked for: ``registryId``, or the caller's own."""
        return str(self.parameters.get("registryId") or self.caller)

    def repository_members(self) -> dict[str, str]:
        """The members that nearly every answer begins with: registry and repository."""
        return {"registryId": self.registry_id, "repositoryName": self.parameters["repositoryName"]}

    def repository(self, connection: sqlite3.Connection, name: str | None = None) -> sqlite3.Row:
        """The row of a repository, of ``repositoryName`` unless another name is given.

        Raises:
            ServiceError: RepositoryNotFoundException.
        """
        wanted = self.parameters["repositoryName"] if name is None else name
        row: sqlite3.Row | None = connection.execute(
            "SELECT * FROM repositories WHERE registry_id = ? AND region = ? AND name = ?",
            (self.registry_id, self.region, wanted),
        ).fetchone()
        if row is None:
            raise self.repository_not_found(wanted, self.registry_id)
        return row

    def repository_not_found(self, name: str, registry_id: str) -> ServiceError:
        """``RepositoryNotFoundException``, in the words of ECR."""
        return ServiceError(
            "RepositoryNotFoundException",
            f"The repository with name '{name}' does not exist in the registry with id '{registry_id}'",
        )

    def access_denied(self, operation: str) -> ServiceError:
        """``AccessDeniedException``, in the words of IAM, for the registry that is asked for."""
        return ServiceError(
            "AccessDeniedException",
            f"User: {caller_arn(self.caller)} is not authorized to perform: ecr:{operation} on resource:"
            f" arn:aws:ecr:{self.region}:{self.registry_id}:repository/*",
        )


Operation = Callable[[RequestContext], Mapping[str, Any]]
"""Carries a call out: the members of the answer, or a :class:`ServiceError` raised."""
