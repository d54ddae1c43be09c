"""The errors that a user sees.

Every failure that reaches a screen or standard error is an :class:`EcrTuiError`. It has a title that says what
happened, the words of the service, the next step, and whether a retry can help. The tree::

    EcrTuiError
    ├── UsageError          a wrong option, reference or value
    ├── SettingsError       a wrong settings or theme file
    ├── ConnectionFailed    no answer from the service, or the service failed
    │   └── IncompleteListing  some rows of a listing could not be read
    ├── CredentialsError    no credentials, or AWS does not accept them
    ├── AccessDenied        a permission is missing
    ├── NotFound            no such repository, image, tag or layer
    ├── ListingExpired      a page token has expired
    ├── Throttled           the service is throttling requests
    ├── Refused             the service or ecrtui refused a write
    └── IntegrityError      bytes do not match their digest
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum

from ecrtui.redaction import redact


class ErrorKind(Enum):
    """The kind of an error. Services have many error codes for one kind; code compares kinds, never error codes."""

    OTHER = "other"
    ALREADY_EXISTS = "already exists"
    """The tag already points to this image."""
    TAG_IMMUTABLE = "tag immutable"
    """The tag exists in a repository whose tags are immutable. ECR also says so when the tag has the same digest."""
    TAG_MISMATCH = "tag mismatch"
    """The tag points to another digest than the request says."""
    DIGEST_MISMATCH = "digest mismatch"
    """The manifest does not have the digest that the request says."""
    MISSING_PARTS = "missing parts"
    """Layers of the image, or images of the index, are not in the repository."""
    UPLOAD_LOST = "upload lost"
    """The upload of a layer does not exist any more, or has none of its parts."""
    REPOSITORY_NOT_FOUND = "repository not found"
    IMAGE_NOT_FOUND = "image not found"
    LIFECYCLE_POLICY_NOT_FOUND = "lifecycle policy not found"
    REPOSITORY_POLICY_NOT_FOUND = "repository policy not found"
    REGISTRY_POLICY_NOT_FOUND = "registry policy not found"
    LIFECYCLE_PREVIEW_NOT_FOUND = "lifecycle preview not found"
    PREVIEW_IN_PROGRESS = "preview in progress"
    """ECR makes one lifecycle preview of a repository at a time."""
    SCAN_NOT_FOUND = "scan not found"
    SCAN_PENDING = "scan pending"
    """The scan of the image has not finished."""
    NOT_FOUND = "not found"
    """Something else does not exist."""
    ARCHIVED = "archived"
    """The image is archived. It can be listed, but not read."""
    INACCESSIBLE = "inaccessible"
    """ECR cannot serve the image. It may be archived, or in activation."""
    INVALID_REQUEST = "invalid request"
    """A parameter of the request is not accepted. An expired page token is one."""
    LIMIT_EXCEEDED = "limit exceeded"
    UNSUPPORTED = "unsupported"
    """The registry does not have this operation."""
    REFUSED = "refused"
    """Refused for another reason."""
    DENIED = "denied"
    CREDENTIALS = "credentials"
    """There are no credentials, or they have expired, or AWS does not accept them."""
    CLOCK = "clock"
    """The clock of this machine differs too much from that of AWS."""
    ACCOUNT_CHANGED = "account changed"
    """The credentials belong to another account than those that the session began with."""
    REPLY_TOO_LARGE = "reply too large"
    """The reply of the service exceeds the limit of ecrtui."""
    THROTTLED = "throttled"
    UNAVAILABLE = "unavailable"
    """The service cannot be reached, or fails."""
    TIMED_OUT = "timed out"
    """The service does not answer in time. It may still handle the request."""
    LISTING_EXPIRED = "listing expired"
    UPSTREAM = "upstream"
    """The repository belongs to a pull-through cache rule, and the upstream registry does not serve the image."""
    INTEGRITY = "integrity"
    USAGE = "usage"
    NO_WRITE = "no write"
    """The journal has no such write."""
    INTERNAL = "internal"
    """Only a bug of ecrtui can cause it."""


OF_ALL_REQUESTS = (ErrorKind.CREDENTIALS, ErrorKind.CLOCK, ErrorKind.ACCOUNT_CHANGED)
"""The kinds of errors that every other request of the session would give, too."""


class EcrTuiError(Exception):
    """A failure that the user should know about. Its texts never contain secrets; see :mod:`ecrtui.redaction`.

    Args:
        title: what happened, in a few words and without a full stop ("Repository not found").
        detail: the cause, in the words of the service if it answered; may be empty.
        hint: the next step, as an imperative; may be empty.
        command: the next step for users of commands, as an imperative. Screens name a key in its place.
        retryable: whether the same call can succeed later without a change by the user.
        kind: what went wrong; the kind of the class if not given.
        code: the error code of the service ("RepositoryNotFoundException"), to be shown; empty if there is none.
        operation: the API operation that failed ("PutImage"); empty if there is none.
        request_id: the service's id of the failed request; empty if unknown.
        ambiguous: whether a write may have been applied although it failed (a lost reply, a 5xx).
    """

    kind = ErrorKind.OTHER

    def __init__(
        self,
        title: str,
        detail: str = "",
        hint: str = "",
        *,
        command: str = "",
        retryable: bool = False,
        kind: ErrorKind | None = None,
        code: str = "",
        operation: str = "",
        request_id: str = "",
        ambiguous: bool = False,
    ) -> None:
        super().__init__(redact(title))
        self.title = redact(title)
        self.detail = redact(detail)
        self.hint = redact(hint)
        self.command = redact(command)
        self.retryable = retryable
        if kind is not None:
            self.kind = kind
        self.code = code
        self.operation = operation
        self.request_id = request_id
        self.ambiguous = ambiguous

    def __str__(self) -> str:
        return f"{self.title}: {self.detail}" if self.detail else self.title

    def with_hint(self) -> str:
        """Return what happened and the next step on one line, as two sentences."""
        words = str(self)
        if not self.hint:
            return words
        end = "" if words.endswith((".", "?", "!", "…")) else "."
        return f"{words}{end} {self.hint}"


OnRetry = Callable[[EcrTuiError], None]
"""Called before a request is sent again, in the thread of the request, with the error of the last attempt."""


class UsageError(EcrTuiError):
    """The user asked for something impossible: a malformed reference, a wrong option, a wrong value in a file."""

    kind = ErrorKind.USAGE


class SettingsError(EcrTuiError):
    """A settings or theme file cannot be used. The title names the file and the line."""

    kind = ErrorKind.USAGE


class ConnectionFailed(EcrTuiError):  # noqa: N818 - reads as what happened
    """The service cannot be reached, does not answer in time, or fails."""

    kind = ErrorKind.UNAVAILABLE


class IncompleteListing(ConnectionFailed):
    """Some rows of a listing are malformed, or its pages never end. All other rows were returned before this error."""


class CredentialsError(EcrTuiError):
    """The caller is not known: no credentials, expired credentials, an unknown profile, no region."""

    kind = ErrorKind.CREDENTIALS


class AccessDenied(EcrTuiError):  # noqa: N818
    """The caller is known but lacks a permission."""

    kind = ErrorKind.DENIED


class NotFound(EcrTuiError):  # noqa: N818
    """The repository, image, tag or layer does not exist."""

    kind = ErrorKind.NOT_FOUND


class ListingExpired(EcrTuiError):  # noqa: N818
    """The page token of a listing has expired. The listing has to start again."""

    kind = ErrorKind.LISTING_EXPIRED


class Throttled(EcrTuiError):  # noqa: N818
    """The service is throttling requests, and still did after every retry."""

    kind = ErrorKind.THROTTLED


class Refused(EcrTuiError):  # noqa: N818
    """The service or a check of ecrtui refused a write: immutable tag, digest mismatch, missing layers, read-only."""

    kind = ErrorKind.REFUSED


class IntegrityError(EcrTuiError):
    """Bytes do not match the digest that they were requested by. They are not used."""

    kind = ErrorKind.INTEGRITY


READ_ONLY = "ecrtui is in read-only mode"
"""Why a write is refused if the settings allow none."""

UNSUPPORTED = "Not supported by this registry"
"""The title of an error for an operation that the registry does not have."""


def unsupported(operation: str) -> Refused:
    """Return the error for an operation that the registry does not have; nothing was sent."""
    return Refused(UNSUPPORTED, kind=ErrorKind.UNSUPPORTED, operation=operation)


def no_such_image(repository: str, *, tag: str = "", digest: str = "", detail: str = "") -> NotFound:
    """Return the error for an image that a repository does not have: by its digest, or else by its tag."""
    return NotFound(
        f"{repository} has no {f'image {digest}' if digest else f'tag {tag}'}",
        detail,
        command=f"List its images with: ecrtui images {repository}",
        kind=ErrorKind.IMAGE_NOT_FOUND,
    )


def no_mfa_code() -> CredentialsError:
    """Return the error for a question for an MFA code that the user did not answer."""
    return CredentialsError("No MFA code entered", "", "Try again and enter the code from your MFA device.")


INTERNAL_ERROR = "Internal error (please report this bug)"
"""The title of an error that only a bug of ecrtui can cause."""


SHOWN_ROWS = 10
"""Unreadable rows that an error names."""


def unreadable_rows(problems: Sequence[str], count: int | None = None) -> IncompleteListing:
    """Return the error for rows that could not be read.

    Args:
        problems: for each row, or for the first ones: the name of the row and what is wrong with it.
        count: the number of rows, if ``problems`` does not have all of them.
    """
    total = len(problems) if count is None else count
    more = total - len(problems[:SHOWN_ROWS])
    return IncompleteListing(
        f"{total:,} {'row' if total == 1 else 'rows'} of the response could not be read",
        "\n".join([*problems[:SHOWN_ROWS], *([f"and {more:,} more"] if more else [])]),
        "Check the endpoint URL: ECR does not send such values.",
    )


def reason_of(problem: Exception) -> str:
    """Return why something failed: of an error of the system, its words without its number and its file."""
    return getattr(problem, "strerror", None) or str(problem)


def internal_error(problem: BaseException | None) -> EcrTuiError:
    """Return the error to show for an unexpected exception."""
    return EcrTuiError(INTERNAL_ERROR, f"{type(problem).__name__}: {problem}", kind=ErrorKind.INTERNAL)
