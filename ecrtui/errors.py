"""Errors that users see.

Every failure that reaches a screen or standard error is an :class:`EcrTuiError`. It has a title (what happened), a
detail (the cause, in the words of the service), a hint (what to do next), and whether a retry can help.

    EcrTuiError
      UsageError            an option, a reference or a file is invalid
      SettingsError         a settings or theme file is invalid
      ConnectionFailed      no service has answered
      CredentialsError      no valid credentials, or no region
      AccessDenied          the caller is not allowed to do this
      NotFound              the repository, image, tag or layer does not exist
      ListingExpired        a listing cannot continue; start again
      Throttled             the service limits the rate of requests
      Refused               the service or a local guard refused a write
      IntegrityError        bytes do not have the expected digest
"""

from __future__ import annotations


class EcrTuiError(Exception):
    """An error for the user.

    Args:
        title: what happened, in a few words, without a full stop ("The repository does not exist").
        detail: the cause, in the words of the service if it answered; may be empty.
        hint: the next step for the user; may be empty.
        retryable: True if the same call can succeed without a change by the user.
        code: the service's error code ("RepositoryNotFoundException"); empty if no service answered.
        operation: the API operation that failed ("PutImage"); empty if none.
        request_id: the id that the service gave to the request; empty if unknown.
        ambiguous: True if a failed write may have been applied (the reply was lost, or the status was 5xx).
    """

    def __init__(
        self,
        title: str,
        detail: str = "",
        hint: str = "",
        *,
        retryable: bool = False,
        code: str = "",
        operation: str = "",
        request_id: str = "",
        ambiguous: bool = False,
    ) -> None:
        super().__init__(title)
        self.title = title
        self.detail = detail
        self.hint = hint
        self.retryable = retryable
        self.code = code
        self.operation = operation
        self.request_id = request_id
        self.ambiguous = ambiguous

    def __str__(self) -> str:
        return f"{self.title}: {self.detail}" if self.detail else self.title


class UsageError(EcrTuiError):
    """Invalid input: a malformed reference, an invalid option, an invalid value in a file."""


class SettingsError(EcrTuiError):
    """An invalid settings or theme file. The title names the file, the detail the line."""


class ConnectionFailed(EcrTuiError):  # noqa: N818 - the name says what happened
    """No service answered: no network, unknown host, TLS failure, timeout, lost connection."""


class CredentialsError(EcrTuiError):
    """Missing or rejected credentials: none, expired, unknown profile, no region."""


class AccessDenied(EcrTuiError):  # noqa: N818
    """The caller is authenticated but not authorized."""


class NotFound(EcrTuiError):  # noqa: N818
    """The repository, image, tag or layer does not exist."""


class ListingExpired(EcrTuiError):  # noqa: N818
    """The service no longer accepts the page token of a listing. Start the listing again."""


class Throttled(EcrTuiError):  # noqa: N818
    """The service is throttling requests, after every retry."""


class Refused(EcrTuiError):  # noqa: N818
    """The service or a local guard refused a write: immutable tag, digest mismatch, missing layers, read-only mode."""


class IntegrityError(EcrTuiError):
    """Bytes do not have the expected digest. They are not used."""
