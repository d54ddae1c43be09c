"""Check that the credentials of a session still belong to the account that the session began with.

Credentials change while a session runs: a temporary key is renewed, the command of ``credential_process`` returns
others, or the user signs in again. The new ones can belong to another account. So each access key is checked when it
is about to sign its first request.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ecrtui.errors import ConnectionFailed, CredentialsError, EcrTuiError, ErrorKind
from ecrtui.registry.errors import translate_errors
from ecrtui.registry.replies.validation import required_account, validate_reply

if TYPE_CHECKING:
    from botocore.client import BaseClient
    from botocore.credentials import ReadOnlyCredentials


class AccountCheck:
    """The access keys that belong to the account of the session. Safe between threads.

    The account is that of the first key, once it is known. An access key belongs to one account for ever, so that a
    known key needs no second look.

    Args:
        account: the account of the caller if it is known from before; empty otherwise.
        ask: asks AWS for the account of credentials; raises EcrTuiError if that fails.
        on_change: called when another key than the first one is about to sign its first request.
    """

    def __init__(
        self,
        account: str,
        ask: Callable[[ReadOnlyCredentials], str],
        on_change: Callable[[], None] = lambda: None,
    ) -> None:
        self._account = account
        self._ask = ask
        self._on_change = on_change
        self._keys: set[str] = set()
        self._lock = threading.Lock()
        self._thread = threading.local()

    @property
    def last_key(self) -> str:
        """The access key that signed the last request of this thread; empty if there was none."""
        return str(getattr(self._thread, "key", ""))

    def learn(self, account: str) -> None:
        """Remember the account of the caller, from the reply to the last request of this thread."""
        with self._lock:
            if account and not self._account:
                self._account = account
                self._keys = {self.last_key}

    def check(self, credentials: ReadOnlyCredentials) -> None:
        """Check credentials that are about to sign a request.

        Raises:
            CredentialsError: they belong to another account.
            EcrTuiError: their account could not be read.
        """
        self._thread.key = key = str(credentials.access_key)
        with self._lock:
            if key in self._keys:
                return
            if self._account and (account := self._ask(credentials)) != self._account:
                raise _account_changed(self._account, account)
            changed = bool(self._account or self._keys)
            self._keys.add(key)
        if changed:
            self._on_change()


def _account_changed(before: str, now: str) -> CredentialsError:
    return CredentialsError(
        "The credentials belong to another account now",
        f"They are for account {now}. This session shows account {before}. The request was not sent.",
        f"Sign in to account {before} again, then try again. To work in account {now}, start ecrtui again.",
        kind=ErrorKind.ACCOUNT_CHANGED,
    )


def read_account(sts: BaseClient | None, ecr: BaseClient, sign_in: Callable[[], str]) -> str:
    """Return the account of the credentials of these clients.

    STS answers every caller. Where it cannot be reached, ECR tells the account to callers with the permission for
    DescribeRegistry, or with each repository that it lists.

    Args:
        sts: a client of STS; None where STS does not belong to the endpoint of ECR.
        ecr: a client of ECR.
        sign_in: returns how the user can renew the credentials.

    Raises:
        CredentialsError: AWS does not accept the credentials.
        ConnectionFailed: none of them returned the account.
    """
    questions: tuple[tuple[str, Any, Callable[[Any], str]], ...] = (
        ("GetCallerIdentity", sts, lambda client: required_account(client.get_caller_identity(), "Account")),
        ("DescribeRegistry", ecr, lambda client: required_account(client.describe_registry(), "registryId")),
        ("DescribeRepositories", ecr, _account_of_a_repository),
    )
    problem = ""
    for operation, client, question in questions:
        if client is None:
            continue
        try:
            with translate_errors(operation, sign_in=sign_in), validate_reply(operation):
                return question(client)
        except CredentialsError:
            raise
        except EcrTuiError as error:
            problem = problem or f"{operation}: {error}"
    raise ConnectionFailed(
        "Could not confirm the account of the credentials",
        problem,
        "The request was not sent. Try again.",
        retryable=True,
    )


def _account_of_a_repository(client: Any) -> str:
    return required_account(client.describe_repositories(maxResults=1)["repositories"][0], "registryId")
