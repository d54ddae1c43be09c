"""The errors that a user sees.

Every failure that can reach a screen or standard error is an :class:`EcrTuiError`: what happened in a few words, the
service's own words, what to do next, and whether trying again can help.
"""

from __future__ import annotations


class EcrTuiError(Exception):
    """Something went wrong that the user should know of.

    Args:
        title: what happened, in a few words ("The repository does not exist").
        detail: the cause in its own words, the service's where it has spoken; may be empty.
        hint: the next step for the user; may be empty.
        retryable: whether the same call can succeed without a change by the user.
        code: the service's error code ("RepositoryNotFoundException"); empty if no service has answered.
        operation: the API operation that failed ("PutImage"); empty if none.
        request_id: the service's id of the failed request; empty if unknown.
        ambiguous: whether a write may have been applied although it failed (the reply was lost, a 5xx).
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
    """The user asked for something that cannot be: a malformed reference, a bad option, a bad value in a file."""


class SettingsError(EcrTuiError):
    """A settings or theme file cannot be used; the title names the file, the detail the line."""


class ConnectionFailed(EcrTuiError):  # noqa: N818 - reads as what happened
    """No service has answered: no network, no such host, no TLS, a timeout, a connection cut."""


class CredentialsError(EcrTuiError):
    """Who the user is could not be told or was not accepted: no credentials, expired, unknown profile, no region."""


class AccessDenied(EcrTuiError):  # noqa: N818
    """The caller is known but may not do this."""


class NotFound(EcrTuiError):  # noqa: N818
    """The repository, image, tag or layer does not exist."""


class ListingExpired(EcrTuiError):  # noqa: N818
    """A listing cannot go on from the page token it has, because the service knows the token no more: start over."""


class Throttled(EcrTuiError):  # noqa: N818
    """The service asked for fewer requests, and still did after every retry."""


class Refused(EcrTuiError):  # noqa: N818
    """The service or a guard of ours refused a write: immutable tag, digest mismatch, missing layers, read-only."""


class IntegrityError(EcrTuiError):
    """Bytes do not have the digest that they were asked for by. Nothing that fails this check is used."""
