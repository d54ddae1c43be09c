"""Look at a connection: its configuration, its credentials, the answer of the registry, the permissions."""

from __future__ import annotations

import time
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from botocore.exceptions import NoCredentialsError

from ecrtui.ecr.location import account_of_arn
from ecrtui.registry.calls import method_of
from ecrtui.registry.configuration.profiles import list_profiles
from ecrtui.registry.configuration.sources import SourcedValue, configuration_sources, credentials_source
from ecrtui.registry.gateway import EcrRegistry
from ecrtui.registry.permission_probes import ProbeResult, ProbeTarget, probe
from ecrtui.registry.replies.validation import MAX_NAME, structures, text, validate_reply

if TYPE_CHECKING:
    from datetime import datetime

    from botocore.session import Session

    from ecrtui.ecr.permissions import Permission
    from ecrtui.ecr.profile import Profile
    from ecrtui.registry.client import Clients
    from ecrtui.settings import Connection


_ARN_RESOURCE = ":repository/"
"""The part of the ARN of a repository before its name."""


class CredentialFacts(NamedTuple):
    """Where the credentials come from, and when they expire.

    Args:
        source: the provider, in words; empty if requests are not signed.
        expires_at: seconds since the epoch; None if they do not expire, or do not say so.
    """

    source: str
    expires_at: float | None = None


class RegistryAnswer(NamedTuple):
    """The first answer of the registry.

    Args:
        seconds: how long it took.
        clock: seconds by which the clock of the service is ahead of ours; None if the service did not state its time.
        repository: a repository of the registry; empty if it has none.
        arn: its ARN.
    """

    seconds: float
    clock: float | None
    repository: str
    arn: str


class Diagnosis:
    """Looks at one connection. No method changes anything in the registry, and none retries.

    Args:
        clients: the clients of the connection.
        connection: the options of the user.
        now: returns seconds since the epoch.
    """

    def __init__(self, clients: Clients, connection: Connection, now: Callable[[], float] = time.time) -> None:
        self._clients = clients
        self._connection = connection
        self._now = now

    def configuration(self) -> tuple[SourcedValue, ...]:
        """Return the values that decide where requests go. Nothing is sent.

        Raises:
            EcrTuiError: the configuration is not valid, or lacks a region.
        """
        if self._clients.in_process:
            return (
                SourcedValue("endpoint", self._clients.endpoint, "--db" if self._connection.database else "--demo"),
            )
        with self._clients.calling("Configuration"):
            endpoint = str(self._clients.write_client.meta.endpoint_url)
            return tuple(
                self._clients.inspect(lambda session: [*configuration_sources(session, self._connection, endpoint)])
            )

    def credentials(self) -> CredentialFacts:
        """Return where the credentials come from; renew temporary ones if needed.

        Raises:
            EcrTuiError: there are none, or they cannot be renewed.
        """
        if self._clients.in_process or not self._connection.sign_request:
            return CredentialFacts("")
        with self._clients.calling("GetCallerIdentity"):
            _ = self._clients.access_key
            return self._clients.inspect(_credential_facts)

    def profile(self) -> Profile | None:
        """Return what the files say about the profile in use; None if they do not name it. Nothing is sent.

        Raises:
            EcrTuiError: the configuration is not valid.
        """
        if self._clients.in_process or not self._connection.sign_request:
            return None
        with self._clients.calling("Configuration"):
            name = self._clients.inspect(lambda session: session.get_config_variable("profile"))
        found = list_profiles().profiles
        if self._connection.profile is None and found and not found[0].name:
            return found[0]  # credentials in the environment win over a profile that a variable names
        return next((profile for profile in found if profile.name == (name or "default")), None)

    def identity(self) -> str:
        """Return the ARN of the caller (GetCallerIdentity); empty if STS does not return it."""
        return EcrRegistry(self._clients, self._connection.registry_id).identity()

    def answer(self) -> RegistryAnswer:
        """Return how the registry answers DescribeRepositories.

        Raises:
            EcrTuiError: it does not answer, or denies the call.
        """
        operation = "DescribeRepositories"
        dates: list[str] = []

        def note_date(http_response: Any, **_: Any) -> None:
            dates.append(str(http_response.headers.get("date") or ""))

        account = {"registryId": self._connection.registry_id} if self._connection.registry_id else {}
        with self._clients.calling(operation):
            client = self._clients.write_client
            client.meta.events.register(f"after-call.ecr.{operation}", note_date)
            begun = self._now()
            reply = method_of(client, operation)(**account, maxResults=1)
            ended = self._now()
        with validate_reply(operation):
            names = [
                (text(entry, "repositoryName", MAX_NAME), text(entry, "repositoryArn"))
                for entry in structures(reply, "repositories")
            ]
        name, arn = names[0] if names else ("", "")
        theirs = _seconds(dates[-1]) if dates else None
        clock = None if theirs is None else theirs - (begun + ended) / 2
        return RegistryAnswer(ended - begun, clock, name, arn)

    def subject(self, repository: str, answer: RegistryAnswer | None) -> ProbeTarget:
        """Return what to ask permissions for: a named repository, or else that of the answer of the registry."""
        registry_arn, found, _ = (answer.arn if answer else "").partition(_ARN_RESOURCE)
        name = repository or (answer.repository if answer else "")
        arn = f"{registry_arn}{found}{name}" if found and name else ""
        return ProbeTarget(self._connection.registry_id or account_of_arn(arn), name, arn)

    def permission(self, permission: Permission, subject: ProbeTarget) -> ProbeResult:
        """Return whether the caller has a permission; see :mod:`ecrtui.registry.permission_probes`."""
        return probe(self._clients, permission, subject)


def _credential_facts(session: Session) -> CredentialFacts:
    credentials: Any = session.get_credentials()
    if credentials is None:
        raise NoCredentialsError
    expires: datetime | None = getattr(credentials, "_expiry_time", None)  # botocore has no public name for it
    return CredentialFacts(credentials_source(str(credentials.method)), expires.timestamp() if expires else None)


def _seconds(date: str) -> float | None:
    """Return the time of a Date header in seconds since the epoch; None if there is none."""
    try:
        return parsedate_to_datetime(date).timestamp()
    except ValueError:
        return None
