"""The boto3 clients of one connection, created when they are first used and shared by all threads."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import BotoCoreError
from botocore.retries.standard import DEFAULT_MAX_ATTEMPTS
from botocore.session import Session

from ecrtui import __version__
from ecrtui.ecr.location import EMBEDDED
from ecrtui.ecr.permissions import Denial
from ecrtui.errors import AccessDenied, CredentialsError, EcrTuiError, ErrorKind, NotFound, Refused, UsageError
from ecrtui.redaction import public_url
from ecrtui.registry.boto3_client import create_client, share_connections
from ecrtui.registry.configuration.session import (
    CONNECT_TIMEOUT,
    READ_TIMEOUT,
    certificates_of,
    retries_of,
    time_limits_of,
    verify_of,
)
from ecrtui.registry.credentials.account_check import AccountCheck, read_account
from ecrtui.registry.credentials.session_opener import SessionOpener, embedded_session
from ecrtui.registry.endpoint import CHECK_CONFIGURED, check_endpoint, is_aws
from ecrtui.registry.error_table import kind_of_code
from ecrtui.registry.errors import SIGN_IN_AGAIN, translate_errors
from ecrtui.registry.layers import parts as layer_parts
from ecrtui.registry.layers.content_requests import ContentRequests
from ecrtui.registry.replies.parsing import RawJsonParserFactory
from ecrtui.registry.user import User
from ecrtui.settings import Connection

if TYPE_CHECKING:
    from botocore.awsrequest import AWSResponse
    from botocore.client import BaseClient
    from botocore.credentials import ReadOnlyCredentials


Result = TypeVar("Result")

_log = logging.getLogger(__name__)

IDENTITY_TIMEOUTS = (2, 4)
"""Seconds to connect and to read for GetCallerIdentity. Nothing depends on its reply."""

MAX_CONNECTIONS = 16
"""Connections that are kept open: for listings, prefetched manifests, blobs and a write at the same time."""

EMBEDDED_ENDPOINT = "http://ecr.embedded.invalid"
"""The endpoint of the embedded registry in this process. The name never resolves (RFC 6761): without the transport,
no request could leave this machine."""

_ONCE = Config(retries={"mode": "standard", "total_max_attempts": 1})


@dataclass(frozen=True, slots=True)
class InProcessTransport:
    """The way to the embedded registry in this process, instead of a network.

    Args:
        attach: makes the registry answer the requests of a client.
        send: answers other requests; see :class:`ContentRequests`.
        identity: the ARN of the user.
        region: the region, unless the user gives another one.
        endpoint: identifies the registry in journal and cache: ``embedded``, and the file if it has one.
    """

    attach: Callable[[BaseClient], None]
    send: Callable[..., AWSResponse]
    identity: str
    region: str
    endpoint: str = EMBEDDED


class Clients:
    """The clients of one connection.

    Nothing is read, created or sent before the first use. An error then is about the user's configuration.

    Args:
        connection: the user's options.
        in_process: the transport to the embedded registry in this process; None for a network.
        user: how to ask and to tell the user. Without ``mfa_code``, a profile that needs a code is an error.
        caller_account: the account of the caller if it is known from an earlier process; see :class:`AccountCheck`.
    """

    def __init__(
        self,
        connection: Connection,
        *,
        in_process: InProcessTransport | None = None,
        user: User | None = None,
        caller_account: str = "",
    ) -> None:
        self._connection = connection
        self.in_process = in_process
        self._user = user or User()
        self._credentials_work: bool | None = None
        """Whether ECR accepted the credentials of the last request; None before the first one."""
        self._denials: set[Denial] = set()
        """The requests that ECR denied the last time."""
        self._reports_lock = threading.Lock()
        """Held during a report, so that the reports of two requests at once cannot change places."""
        self._lock = threading.RLock()
        self._session: Session | None = None
        self._cache: dict[str, Any] = {}
        self.account_check = AccountCheck(caller_account, self._account_of, lambda: self._user.on_new_credentials())
        self._opener = SessionOpener(connection, self._user, self.account_check.check)

    def in_region(self, region: str) -> Clients:
        """Return the clients of the same connection in another region.

        They do not report whether ECR accepts the credentials there: a region that is not enabled refuses good ones.
        Nor do they report denials, which are about this region.
        """
        user = replace(self._user, on_credentials=lambda _: None, on_denial=lambda *_: None)
        return Clients(self._connection._replace(region=region), in_process=self.in_process, user=user)

    @property
    def read_client(self) -> BaseClient:
        """The client for operations that change nothing. It retries, adaptively unless configured otherwise."""
        client: BaseClient = self._cached("read", self._reading)
        return client

    def _reading(self, session: Session) -> BaseClient:
        client = self._ecr(session, retries_of(session, "adaptive"))
        client.meta.events.register_first("needs-retry.ecr", self._report_throttling)
        return client

    def _report_throttling(
        self, response: tuple[Any, Mapping[str, Any]] | None = None, attempts: int = 1, **_: Any
    ) -> None:
        """Report a throttled request. botocore then pauses, and sends it again unless this was the last attempt."""
        code = str(response[1].get("Error", {}).get("Code", "")) if response else ""
        if code and kind_of_code(code) is ErrorKind.THROTTLED:
            config: Any = self.read_client.meta.config  # the stubs of botocore lack its retries
            if attempts < (config.retries or {}).get("total_max_attempts", DEFAULT_MAX_ATTEMPTS):
                self._user.on_throttling()

    @property
    def write_client(self) -> BaseClient:
        """The client for writes. It never retries: the reply to a retry would hide that a lost reply was a success.

        It uses the connection of the read just before. To open one takes three more round trips, in which another
        client can move the tag. One that was idle for long may be dead, so that the write would have no answer.
        """
        client: BaseClient = self._cached("write", self._writing)
        return client

    def _writing(self, session: Session) -> BaseClient:
        client = self._ecr(session, _ONCE)
        share_connections(client, self.read_client)
        return client

    def upload_client(self, seconds: int) -> BaseClient:
        """Return the client for layers, which sends once and waits longer for a reply.

        Args:
            seconds: the time limit of a reply, unless a flag gives one.
        """

        def create(session: Session) -> BaseClient:
            client = self._ecr(session, _ONCE, read_timeout=seconds)
            layer_parts.attach(client)
            return client

        client: BaseClient = self._cached(f"upload {seconds}", create)
        return client

    @property
    def sts_client(self) -> BaseClient | None:
        """The client of STS; None if requests are unsigned, or if ECR but not STS has an endpoint outside AWS."""
        client: BaseClient | None = self._cached("sts", self._sts)
        return client

    @property
    def iam_client(self) -> BaseClient | None:
        """The client of IAM; None under the conditions of :attr:`sts_client`."""
        client: BaseClient | None = self._cached("iam", lambda session: self._identity_client(session, "iam"))
        return client

    @property
    def region(self) -> str:
        """The region in use."""
        return str(self.read_client.meta.region_name)

    @property
    def endpoint(self) -> str:
        """The endpoint URL as it may be kept: without user, password, and values of the query.

        Empty for AWS, ``embedded`` for the registry in this process.
        """
        if self.in_process:
            return self.in_process.endpoint
        url = str(self.read_client.meta.endpoint_url)
        return "" if is_aws(url) else public_url(url)

    @property
    def oci_endpoint(self) -> str:
        """The URL below which the OCI API is; empty on AWS, where each registry has a host of its own."""
        return EMBEDDED_ENDPOINT if self.in_process else self.endpoint

    @property
    def access_key(self) -> str:
        """The access key that signs requests now; empty if there is none. Renews temporary credentials if needed."""
        credentials = self._with_session(Session.get_credentials)
        signed = credentials is not None and self._connection.sign_request
        return str(credentials.get_frozen_credentials().access_key) if signed else ""

    @property
    def verify(self) -> bool | str:
        """The TLS verification, also of downloads: False, True, or a file of certificates."""
        given = verify_of(self._connection)
        return given if given is not None else self.inspect(certificates_of)

    @property
    def content(self) -> ContentRequests:
        """The requests for content: downloads, and the OCI API."""
        requests: ContentRequests = self._cached("content", lambda _: self._new_content())
        return requests

    def _new_content(self) -> ContentRequests:
        timeouts = time_limits_of(self._connection, connect=CONNECT_TIMEOUT, read=READ_TIMEOUT)
        return ContentRequests(timeouts, lambda: self.verify, self.in_process.send if self.in_process else None)

    def reset(self) -> None:
        """Forget session and clients: the next call reads configuration and credentials again."""
        with self._lock:
            self._session = None
            self._opener.mfa = None
            self._cache = {}

    def ensure_credentials(self, seconds: float) -> None:
        """Ask for an MFA code now if the credentials end within some seconds.

        Raises:
            EcrTuiError: there are no new credentials.
        """
        if (mfa := self._opener.mfa) is not None:
            with self.calling("AssumeRole"):
                mfa.ensure(seconds)

    @property
    def mfa_ends(self) -> float:
        """When the credentials end that an MFA code gave, in seconds since 1970; 0 if there are none."""
        end = self._opener.mfa.ends if self._opener.mfa is not None else None
        return end.timestamp() if end is not None else 0

    def has_other_credentials(self, key: str) -> bool:
        """Return whether the user, or another program, has renewed the credentials since a key was refused.

        If not, forget session and clients: the next call reads the credentials again.
        """
        try:
            with self.calling("GetCallerIdentity"):  # it can renew the credentials
                if self.access_key not in ("", key):
                    return True
        except EcrTuiError as error:
            _log.debug("there are no other credentials: %s", error)
        self.reset()
        return False

    def sign_in(self) -> str:
        """Return how the user can renew the credentials in use, in words."""
        try:
            return str(self._with_session(self._opener.hint))
        except (BotoCoreError, CredentialsError):
            return SIGN_IN_AGAIN

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

    @contextmanager
    def requesting(
        self, operation: str, *, write: bool = False, repository: str = "", account: str = ""
    ) -> Iterator[None]:
        """Enclose a request to ECR; see :meth:`calling`.

        Report when ECR begins to accept or refuse the credentials, or to deny or allow such requests.
        """
        denial = Denial(operation, repository, account)
        try:
            with self.calling(operation, write=write, repository=repository):
                yield
        except CredentialsError as error:
            if error.kind is not ErrorKind.CLOCK:
                self._report_credentials(work=False)
            raise
        except (AccessDenied, NotFound, Refused) as error:
            if error.request_id:  # ECR refused the request of a caller that it knows
                self._report_credentials(work=True)
            if error.kind is ErrorKind.DENIED:
                self._report_denial(denial, denied=True)
            elif isinstance(error, NotFound) and error.kind is not ErrorKind.REPOSITORY_NOT_FOUND:
                self._report_denial(denial, denied=False)  # ECR looks for it after it has checked the permission
            raise
        self._report_credentials(work=True)
        self._report_denial(denial, denied=False)

    def _report_credentials(self, *, work: bool) -> None:
        with self._reports_lock:
            if work is not self._credentials_work:
                self._credentials_work = work
                self._user.on_credentials(work)

    def _report_denial(self, denial: Denial, *, denied: bool) -> None:
        with self._reports_lock:
            if denied is not (denial in self._denials):
                self._denials ^= {denial}
                self._user.on_denial(denial, denied)

    def _account_of(self, credentials: ReadOnlyCredentials) -> str:
        """Ask AWS for the account of credentials."""
        keys = {
            "aws_access_key_id": credentials.access_key,
            "aws_secret_access_key": credentials.secret_key,
            "aws_session_token": credentials.token,
        }
        sts, ecr = self._with_session(
            lambda session: (self._sts(session, **keys), self._ecr(session, retries_of(session, "standard"), keys))
        )
        return read_account(sts, ecr, sign_in=self.sign_in)

    def inspect(self, read: Callable[[Session], Result]) -> Result:
        """Return what a function reads from the session of the connection. Errors are as those of a first call."""
        result: Result = self._with_session(read)
        return result

    def _cached(self, name: str, create: Callable[[Session], Any]) -> Any:
        with self._lock:
            if name not in self._cache:
                self._cache[name] = self._with_session(create)
            return self._cache[name]

    def _with_session(self, use: Callable[[Session], Any]) -> Any:
        with self._lock:
            if self._session is None:
                with _configuration_errors():
                    self._session = self._new_session()
            session = self._session
            with _configuration_errors(partial(self._opener.hint, session)):
                return use(session)

    def _new_session(self) -> Session:
        if self.in_process:
            return embedded_session(self._connection.region or self.in_process.region)
        return self._opener.open()

    def _ecr(
        self,
        session: Session,
        retries: Config,
        keys: Mapping[str, str | None] = MappingProxyType({}),
        *,
        read_timeout: int = READ_TIMEOUT,
    ) -> BaseClient:
        connect, read = time_limits_of(self._connection, connect=CONNECT_TIMEOUT, read=read_timeout)
        config = Config(
            connect_timeout=connect,
            read_timeout=read,
            max_pool_connections=MAX_CONNECTIONS,
            user_agent_extra=f"ecrtui/{__version__}",
        ).merge(retries)
        if self.in_process or not self._connection.sign_request:
            config = config.merge(Config(signature_version=UNSIGNED))
        else:
            session.get_credentials()  # clients for SSO or STS are created here, with the parser of botocore
        with _raw_json_parser(session):
            client = create_client(
                session,
                "ecr",
                endpoint_url=EMBEDDED_ENDPOINT if self.in_process else self._connection.endpoint_url,
                verify=verify_of(self._connection),
                config=config,
                **keys,
            )
        if self.in_process:
            self.in_process.attach(client)
        else:
            check_endpoint(str(client.meta.endpoint_url), CHECK_CONFIGURED)
        return client

    def _sts(self, session: Session, **keys: str | None) -> BaseClient | None:
        return self._identity_client(session, "sts", keys)

    def _identity_client(
        self, session: Session, service: str, keys: Mapping[str, str | None] = MappingProxyType({})
    ) -> BaseClient | None:
        if self.in_process or not self._connection.sign_request:
            return None
        connect, read = IDENTITY_TIMEOUTS
        client = create_client(
            session,
            service,
            verify=verify_of(self._connection),
            config=Config(connect_timeout=connect, read_timeout=read, retries={"total_max_attempts": 1}),
            **keys,
        )
        ecr_is_aws = is_aws(self.read_client.meta.endpoint_url)
        return client if ecr_is_aws or not is_aws(client.meta.endpoint_url) else None


@contextmanager
def _configuration_errors(sign_in: Callable[[], str] | None = None) -> Iterator[None]:
    """Translate errors that are raised while session and clients are created: they are about the configuration."""
    with translate_errors("Configuration", sign_in=sign_in):
        try:
            yield
        except BotoCoreError:
            raise
        except ValueError as problem:  # from botocore: an endpoint without a scheme, a malformed number
            _, is_of_endpoint, endpoint = str(problem).partition("Invalid endpoint: ")
            if is_of_endpoint:
                check_endpoint(endpoint, CHECK_CONFIGURED)
            raise UsageError(
                "The AWS configuration is not valid",
                str(problem),
                "Check the options, the AWS_… variables and ~/.aws/config.",
            ) from None


@contextmanager
def _raw_json_parser(session: Session) -> Iterator[None]:
    """Give clients that are created in the block the parser that leaves times as numbers."""
    original = session.get_component("response_parser_factory")
    session.register_component("response_parser_factory", RawJsonParserFactory())
    try:
        yield
    finally:
        session.register_component("response_parser_factory", original)
