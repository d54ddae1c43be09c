"""Call the operations of ECR for one account, one at a time or page by page, and check that replies are about it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import partial
from typing import Any

from botocore import xform_name
from botocore.exceptions import ClientError

from ecrtui.errors import CredentialsError, ErrorKind, Refused
from ecrtui.registry.client import Clients
from ecrtui.registry.errors import listing_expired
from ecrtui.registry.paging import PAGE_SIZE, RepetitionCheck, iterate_pages
from ecrtui.registry.protocol import Item, Page, PageRows
from ecrtui.registry.replies.parsing import DEFERRED_BODY, parse_deferred
from ecrtui.registry.replies.validation import BadValue, Reply, check_subject, entries, read_rows, text, validate_reply

_ROW_NAMES = {"repositories": "repositoryName", "imageDetails": "imageDigest"}
"""The member that names a row, by the list in the reply."""


class EcrCalls:
    """The calls of one account.

    Args:
        clients: the clients of the connection.
        registry_id: the account, sent with every request that takes it; None for the account of the caller.
    """

    def __init__(self, clients: Clients, registry_id: str | None = None) -> None:
        self._clients = clients
        self._account: Mapping[str, str] = {"registryId": registry_id} if registry_id else {}
        self.registry_id = registry_id or ""
        """The account that replies must be about; empty as long as it is not known."""

    def subject(self, repository: str = "") -> Mapping[str, str]:
        """Return what a reply must be about, as far as it is known; see :func:`check_subject`."""
        return {"registryId": self.registry_id, "repositoryName": repository}

    def pages(
        self,
        operation: str,
        member: str,
        convert: Callable[[Reply], Item],
        start: str,
        convert_all: Callable[[Sequence[Reply], Mapping[str, str]], Iterable[Item]] | None = None,
        **parameters: Any,
    ) -> Iterator[Page[Item]]:
        """Yield the pages of a listing from a page token on.

        Args:
            operation: the API operation.
            member: the list in the reply.
            convert: turns an entry of the list into a row.
            start: the first page token; empty for the first page.
            convert_all: turns all entries into rows in less time, if none is bad; also takes what they are about.
            parameters: the other parameters of the operation.
        """
        subject = self.subject(parameters.get("repositoryName", ""))
        read_page = partial(
            read_rows,
            key=_ROW_NAMES[member],
            convert=partial(_convert, convert, subject),
            convert_all=None if convert_all is None else lambda rows: convert_all(rows, subject),
        )
        for reply in self.replies(operation, start, maxResults=PAGE_SIZE, **parameters):
            read = partial(self._page_rows, operation, member, read_page, reply)
            try:
                token = text(reply, "nextToken")
            except BadValue as problem:
                rows = read()
                yield Page(rows.items, problems=(*rows.problems, f"the next page: {problem}"))
                return
            page = Page(next_token=token, read=read)
            if DEFERRED_BODY not in reply:
                _ = page.rows
            yield page

    def _page_rows(
        self, operation: str, member: str, read_page: Callable[[Sequence[Any]], PageRows[Item]], reply: dict[str, Any]
    ) -> PageRows[Item]:
        """Return the rows of a page; ``member`` is its list."""
        with self._clients.calling(operation), validate_reply(operation):
            return read_page(entries(parse_deferred(reply), member))

    def collect(
        self, operation: str, rows_of: Callable[[Reply], Iterable[Item]], **parameters: Any
    ) -> tuple[Item, ...]:
        """Return the rows of all replies of a listing."""
        found: list[Item] = []
        known: set[Item] = set()
        check = RepetitionCheck(operation)
        for reply in self.replies(operation, "", **parameters):
            with validate_reply(operation):
                rows = tuple(rows_of(reply))
            check.page(has_new_rows=not known.issuperset(rows))
            known.update(rows)
            found += rows
        return tuple(found)

    def parsed_replies(self, operation: str, start: str, **parameters: Any) -> Iterator[dict[str, Any]]:
        """Yield every reply of a listing from a page token on, parsed."""
        for reply in self.replies(operation, start, **parameters):
            with self._clients.calling(operation):
                parsed = parse_deferred(reply)
            yield parsed

    def replies(self, operation: str, start: str, **parameters: Any) -> Iterator[dict[str, Any]]:
        """Yield every reply of a listing from a page token on. Of a long one, only the token is parsed."""

        def token_of(reply: Reply) -> str:
            with validate_reply(operation):
                return text(reply, "nextToken")

        return iterate_pages(lambda token: self._reply(operation, token, parameters), token_of, start, operation)

    def _reply(self, operation: str, token: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        if not token:
            return self.read(operation, **parameters)
        try:
            return self.read(operation, nextToken=token, **parameters)
        except Refused as error:
            if error.kind is ErrorKind.INVALID_REQUEST:
                raise listing_expired(error) from None
            raise

    def read(self, operation: str, *, without_registry_id: bool = False, **parameters: Any) -> dict[str, Any]:
        """Call an operation that changes nothing.

        If AWS refuses the credentials, and somebody has renewed them in another window, call it again.
        """
        try:
            return self._read(operation, without_registry_id, parameters)
        except CredentialsError as error:
            # Without a code, nothing was sent: there are no credentials.
            refused = error.code and error.operation == operation and error.kind is ErrorKind.CREDENTIALS
            if not refused or not self._clients.has_other_credentials(self._clients.account_check.last_key):
                raise
        return self._read(operation, without_registry_id, parameters)

    def _read(self, operation: str, without_registry_id: bool, parameters: Mapping[str, Any]) -> dict[str, Any]:
        account = {} if without_registry_id else self._account
        with self._requesting(operation, parameters):
            reply = method_of(self._clients.read_client, operation)(**account, **parameters)
        with validate_reply(operation):
            check_subject(reply, self.subject(parameters.get("repositoryName", "")))
        return reply

    def _requesting(
        self, operation: str, parameters: Mapping[str, Any], *, write: bool = False
    ) -> AbstractContextManager[None]:
        repository = parameters.get("repositoryName", "")
        account = self._account.get("registryId", "")
        return self._clients.requesting(operation, write=write, repository=repository, account=account)

    def write(self, operation: str, *, client: Any = None, answer_code: str = "", **parameters: Any) -> dict[str, Any]:
        """Call an operation that changes the registry. It is sent once.

        A second attempt after a lost reply would be answered "already exists" and hide that the first one was
        applied. A second attempt after a wait could revert a change that another client made in between. The caller
        reads the tag again before it tries again.

        Args:
            operation: the API operation.
            client: the client that sends it, if not the one for writes.
            answer_code: the code of an error that is returned, not raised, because its members are the answer.
            parameters: the parameters of the operation.
        """
        with self._requesting(operation, parameters, write=True):
            sender = client or self._clients.write_client
            try:
                return method_of(sender, operation)(**self._account, **parameters)
            except ClientError as problem:
                if not answer_code or problem.response["Error"]["Code"] != answer_code:
                    raise
                return dict(problem.response)


def _convert(convert: Callable[[Reply], Item], subject: Mapping[str, str], entry: Reply) -> Item:
    """Convert a row of a listing, which must be about this subject."""
    check_subject(entry, subject)
    return convert(entry)


def method_of(client: Any, operation: str) -> Callable[..., dict[str, Any]]:
    """Return the method of a boto3 client that calls an operation."""
    method: Callable[..., dict[str, Any]] = getattr(client, xform_name(operation))
    return method
