"""The botocore clients that one connection needs, made when they are first asked for and shared by all threads.

botocore itself and not ``boto3.Session``: the clients are the same, and it is there 25 ms sooner.
"""

from __future__ import annotations

import logging
import os
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import BotoCoreError
from botocore.session import Session

from ecrtui import __version__
from ecrtui.ecr.location import EMBEDDED
from ecrtui.errors import CredentialsError, UsageError
from ecrtui.registry.blobs import Downloads
from ecrtui.registry.configuration import (
    new_session,
    retries_of,
    share_credentials_cache,
    share_service_models,
    time_limits_of,
    verify_of,
)
from ecrtui.registry.errors import translate_errors
from ecrtui.registry.parsing import RawJsonParserFactory
from ecrtui.registry.sign_in import MfaCode, detach_from_terminal, no_mfa_code, sign_in_hint
from ecrtui.settings import Connection

if TYPE_CHECKING:
    from botocore.client import BaseClient

_log = logging.getLogger(__name__)

CONNECT_TIMEOUT = 4
"""Seconds until a connection stands, unless a flag says otherwise."""

READ_TIMEOUT = 15
"""Seconds without a byte of an answer, unless a flag says otherwise."""

IDENTITY_TIMEOUTS = (2, 4)
"""Seconds to connect and to wait for who the caller is, which nothing hangs on."""

POOL = 16
"""Connections that are kept open: streams of pages, prefetch, blobs and a write at the same time."""

EMBEDDED_ENDPOINT = "http://ecr.embedded.invalid"
"""The endpoint of the embedded registry in this process. The name cannot be resolved (RFC 6761), so that no request
could leave this machine if the transport were not there."""

_AWS_HOSTS = re.compile(
    r"(?:^|\.)(?:amazonaws\.com(?:\.cn)?|api\.aws|on\.aws|amazonwebservices\.(?:com|com\.cn|eu)|amazonaws\.eu"
    r"|api\.amazonwebservices\.com\.cn|c2s\.ic\.gov|sc2s\.sgov\.gov|cloud\.adc-e\.uk|csp\.hci\.ic\.gov)$"
)


@dataclass(frozen=True, slots=True)
class InProcessTransport:
    """How the registry in this process is reached, in place of a network.

    Args:
        attach: has the registry answer whatever this client sends.
        download: the content behind a URL of GetDownloadUrlForLayer.
        identity: the ARN that the user goes by.
        region: the region, unless the user names another.
        endpoint: what tells this registry from others in journal and cache: ``embedded``, and the file if it has one.
    """

    attach: Callable[[BaseClient], None]
    download: Callable[[str], bytes]
    identity: str
    region: str
    endpoint: str = EMBEDDED


def is_aws(endpoint_url: str) -> bool:
    """Whether an endpoint is AWS's own, a VPC endpoint included."""
    return _AWS_HOSTS.search(urlsplit(endpoint_url).hostname or "") is not None


class Clients:
    """The clients of one connection.

    Args:
        connection: the user's options.
        in_process: the embedded registry, for a connection that asks for it.
        mfa_code: asks the user for the code of an MFA device; gets the question, gives the code. Without it a profile
            that needs one is told to the user as an error, with the command that signs in. Nothing here ever reads
            from the terminal or writes to it.
    """

    def __init__(
        self, connection: Connection, *, in_process: InProcessTransport | None = None, mfa_code: MfaCode | None = None
    ) -> None:
        self._connection = connection
        self.in_process = in_process
        self._mfa_code = mfa_code
        self._lock = threading.RLock()
        self._session: Session | None = None
        self._made: dict[str, Any] = {}

    @property
    def read_client(self) -> BaseClient:
        """The client for what changes nothing: it retries by itself, adaptively unless configured otherwise."""
        client: BaseClient = self._cached("reads", lambda session: self._ecr(session, retries_of(session, "adaptive")))
        return client

    @property
    def write_client(self) -> BaseClient:
        """The client for writes: it never retries, so that a lost reply is not hidden by the answer to a repetition."""
        once = Config(retries={"mode": "standard", "total_max_attempts": 1})
        client: BaseClient = self._cached("writes", lambda session: self._ecr(session, once))
        return client

    @property
    def sts_client(self) -> BaseClient | None:
        """The client of STS; None if the user pointed ECR elsewhere and not STS, so that AWS is not to be asked."""
        sts: BaseClient | None = self._cached("identities", self._sts)
        return sts

    @property
    def region(self) -> str:
        """The region in force."""
        return str(self.read_client.meta.region_name)

    @property
    def endpoint(self) -> str:
        """The URL of the endpoint if it is not AWS's own, ``embedded`` for the one in this process."""
        if self.in_process:
            return self.in_process.endpoint
        url = str(self.read_client.meta.endpoint_url)
        return "" if is_aws(url) else url

    @property
    def verify(self) -> bool | str:
        """How TLS is checked, downloads included: False, True, or a file of certificates."""
        given = verify_of(self._connection)
        configured = self._of_session(lambda session: session.get_config_variable("ca_bundle"))
        return given if given is not None else configured or True

    def fetch(self, url: str, limit: int) -> bytes:
        """The content behind a URL of GetDownloadUrlForLayer, at most so many bytes; see :class:`Downloads`."""
        if self.in_process:
            return self.in_process.download(url)
        downloads: Downloads = self._cached("downloads", lambda _: Downloads(self.verify, self.timeouts))
        return downloads.fetch(url, limit)

    @property
    def timeouts(self) -> tuple[int | None, int | None]:
        """Seconds to connect and to read, None for no limit."""
        return time_limits_of(self._connection, connect=CONNECT_TIMEOUT, read=READ_TIMEOUT)

    def reset(self) -> None:
        """Forget session and clients: the next call reads the configuration and the credentials anew."""
        with self._lock:
            self._session = None
            self._made = {}

    def sign_in(self) -> str:
        """In words, how the user renews the credentials in use."""
        try:
            return str(self._of_session(lambda session: sign_in_hint(session, self._connection.profile)))
        except (BotoCoreError, CredentialsError):
            return "Sign in again, then try again."

    @contextmanager
    def calling(self, operation: str, *, write: bool = False, repository: str = "") -> Iterator[None]:
        """Enclose a call to a client; see :func:`ecrtui.registry.errors.translate_errors`.

        After a credentials error, configuration and credentials are read again, so that a retry after a sign-in works.
        """
        try:
            with translate_errors(operation, write=write, repository=repository, sign_in=self.sign_in):
                yield
        except CredentialsError:
            self.reset()
            raise

    def _cached(self, name: str, make: Callable[[Session], Any]) -> Any:
        with self._lock:
            if name not in self._made:
                self._made[name] = self._of_session(make)
            return self._made[name]

    def _of_session(self, ask: Callable[[Session], Any]) -> Any:
        with self._lock:
            if self._session is None:
                with _configuration():
                    self._session = self._embedded_session() if self.in_process else self._aws_session()
            session = self._session
            with _configuration(partial(sign_in_hint, session, self._connection.profile)):
                return ask(session)

    def _aws_session(self) -> Session:
        connection = self._connection
        _check_endpoint(connection.endpoint_url)
        session = new_session(connection.profile, connection.region)
        _check_bundle(verify_of(connection) if connection.ca_bundle else session.get_config_variable("ca_bundle"))
        if connection.sign_request:
            resolver = share_credentials_cache(session)
            detach_from_terminal(resolver.providers, self._mfa_code or partial(no_mfa_code, session))
        return session

    def _embedded_session(self) -> Session:
        """A session that reads nobody's files and needs no credentials."""
        session = Session()
        nowhere = (None, None, None, None)
        session.session_var_map.update({"profile": nowhere, "region": nowhere})
        for name in ("config_file", "credentials_file"):
            session.set_config_variable(name, os.devnull)
        share_service_models(session)
        session.set_config_variable("region", self._connection.region or (self.in_process and self.in_process.region))
        return session

    def _ecr(self, session: Session, retries: Config) -> BaseClient:
        connect, read = self.timeouts
        config = Config(
            connect_timeout=connect,
            read_timeout=read,
            max_pool_connections=POOL,
            user_agent_extra=f"ecrtui/{__version__}",
        ).merge(retries)
        if self.in_process or not self._connection.sign_request:
            config = config.merge(Config(signature_version=UNSIGNED))
        else:
            session.get_credentials()  # any client that these need is made before the parser is exchanged
        with _plain_replies(session):
            client: BaseClient = session.create_client(
                "ecr",
                endpoint_url=EMBEDDED_ENDPOINT if self.in_process else self._connection.endpoint_url,
                verify=verify_of(self._connection),
                config=config,
            )
        if self.in_process:
            self.in_process.attach(client)
        return client

    def _sts(self, session: Session) -> BaseClient | None:
        if self.in_process or not self._connection.sign_request:
            return None
        connect, read = IDENTITY_TIMEOUTS
        client: BaseClient = session.create_client(
            "sts",
            verify=verify_of(self._connection),
            config=Config(connect_timeout=connect, read_timeout=read, retries={"total_max_attempts": 1}),
        )
        elsewhere = not is_aws(self.read_client.meta.endpoint_url)
        return None if elsewhere and is_aws(client.meta.endpoint_url) else client


@contextmanager
def _configuration(sign_in: Callable[[], str] | None = None) -> Iterator[None]:
    """What is raised while session and clients are made is about the user's configuration."""
    with translate_errors("Configuration", sign_in=sign_in):
        try:
            yield
        except BotoCoreError:
            raise
        except ValueError as problem:  # of botocore: an endpoint without scheme, a number that is none
            raise UsageError(
                "The AWS configuration cannot be used",
                str(problem),
                "Look at the options, the AWS_… variables and ~/.aws/config.",
            ) from None


@contextmanager
def _plain_replies(session: Session) -> Iterator[None]:
    """Clients that are made in here leave times as numbers; those that botocore makes for credentials do not."""
    theirs = session.get_component("response_parser_factory")
    session.register_component("response_parser_factory", RawJsonParserFactory())
    try:
        yield
    finally:
        session.register_component("response_parser_factory", theirs)


def _check_endpoint(url: str | None) -> None:
    if url is None:
        return
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UsageError(
            f"{url!r} is not an endpoint", "An endpoint is a URL.", "Write it with its scheme: http://localhost:4566."
        )


def _check_bundle(bundle: bool | str | None) -> None:
    if isinstance(bundle, str) and not Path(bundle).exists():
        raise UsageError(
            f"The file of certificates {bundle!r} does not exist",
            "",
            "Look at --ca-bundle, AWS_CA_BUNDLE and ca_bundle in ~/.aws/config.",
        )
