"""The one table from what botocore raises to the errors that a user sees.

Everything that can go wrong has a row: by the code that the service answered (``_BY_CODE``) or, if none has answered,
by the class that botocore raises (``_BY_CLASS``). Codes are those of the ECR service model, and those that it does
not name but AWS sends: ThrottlingException, AccessDeniedException, ExpiredTokenException and their kin.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from botocore import exceptions as raised
from botocore.parsers import ResponseParserError
from urllib3.exceptions import HTTPError

from ecrtui.errors import (
    AccessDenied,
    ConnectionFailed,
    CredentialsError,
    EcrTuiError,
    IntegrityError,
    ListingExpired,
    NotFound,
    Refused,
    Throttled,
    UsageError,
)
from ecrtui.registry.redaction import redact

_log = logging.getLogger(__name__)

MAX_WORDS = 2000
"""Characters of a service's words that are told."""

SIGN_IN = "{sign in}"
"""Stands in a hint for how the user renews the credentials in use."""


class MalformedReply(Exception):  # noqa: N818 - reads as what happened
    """The reply was cut short, or is not what ECR speaks. Raised by our parser, translated by the table."""


@dataclass(frozen=True, slots=True)
class ErrorSpec:
    """What a user is told. ``unsent`` says that the request has not reached the service, so nothing was written."""

    error: type[EcrTuiError]
    title: str
    hint: str = ""
    retryable: bool = False
    unsent: bool = False


_EXPIRED = ErrorSpec(CredentialsError, "The credentials have expired", SIGN_IN)
_NOT_ACCEPTED = ErrorSpec(CredentialsError, "AWS does not accept the credentials", SIGN_IN)
_DENIED = ErrorSpec(AccessDenied, "Access denied")
_SLOW_DOWN = ErrorSpec(Throttled, "ECR asks for fewer requests", "Wait a moment, then try again.", retryable=True)
_BROKEN = ErrorSpec(ConnectionFailed, "The service failed", "Wait a moment, then try again.", retryable=True)
_CLOCK = ErrorSpec(
    CredentialsError, "AWS does not accept the time of the request", "Set this machine's clock, then retry."
)
_NO_TAG_MOVE = (
    "The repository's tag mutability decides, with its exclusion filters. Choose another tag, or have the setting "
    "changed: aws ecr put-image-tag-mutability."
)
_UPSTREAM = "The image comes through a pull through cache rule; look at the rule and at the upstream registry."

_BY_CODE: Mapping[str, ErrorSpec] = {
    # who is asking
    "ExpiredToken": _EXPIRED,
    "ExpiredTokenException": _EXPIRED,
    "RequestExpired": _EXPIRED,
    "UnauthorizedException": _EXPIRED,  # of SSO: the token's session has ended
    "UnrecognizedClientException": _NOT_ACCEPTED,
    "InvalidClientTokenId": _NOT_ACCEPTED,
    "InvalidAccessKeyId": _NOT_ACCEPTED,
    "MissingAuthenticationToken": _NOT_ACCEPTED,
    "MissingAuthenticationTokenException": _NOT_ACCEPTED,
    "IncompleteSignature": _NOT_ACCEPTED,
    "IncompleteSignatureException": _NOT_ACCEPTED,
    "SignatureDoesNotMatch": _NOT_ACCEPTED,
    "InvalidIdentityToken": _NOT_ACCEPTED,
    "InvalidSignatureException": _NOT_ACCEPTED,
    "RequestTimeTooSkewed": _CLOCK,
    "OptInRequired": ErrorSpec(AccessDenied, "The account is not signed up for ECR in this region"),
    # what is allowed
    "AccessDenied": _DENIED,
    "AccessDeniedException": _DENIED,
    "UnauthorizedOperation": _DENIED,
    "NotAuthorized": _DENIED,
    "ForbiddenException": _DENIED,
    "BlockedByOrganizationPolicyException": ErrorSpec(AccessDenied, "A policy of the organization forbids it"),
    "KmsException": ErrorSpec(
        AccessDenied, "The repository's encryption key cannot be used", "Look at the key's state and policy in KMS."
    ),
    "KmsError": ErrorSpec(
        AccessDenied, "The repository's encryption key cannot be used", "Look at the key's state and policy in KMS."
    ),
    # how often
    "Throttling": _SLOW_DOWN,
    "ThrottlingException": _SLOW_DOWN,
    "ThrottledException": _SLOW_DOWN,
    "RequestThrottled": _SLOW_DOWN,
    "RequestThrottledException": _SLOW_DOWN,
    "RequestLimitExceeded": _SLOW_DOWN,
    "TooManyRequestsException": _SLOW_DOWN,
    "BandwidthLimitExceeded": _SLOW_DOWN,
    "SlowDown": _SLOW_DOWN,
    "429": _SLOW_DOWN,
    "UpstreamTooManyRequests": ErrorSpec(Throttled, "The upstream registry asks for fewer requests", _UPSTREAM, True),
    # what is there
    "RepositoryNotFoundException": ErrorSpec(
        NotFound, "The repository does not exist", "Look at its name, and at the account and the region."
    ),
    "ImageNotFoundException": ErrorSpec(NotFound, "The image does not exist", "Refresh: it may have been deleted."),
    "ImageNotFound": ErrorSpec(NotFound, "The image does not exist", "Refresh: it may have been deleted."),
    "LayersNotFoundException": ErrorSpec(
        NotFound, "A layer is not in this repository", "Push the image's layers to this repository first."
    ),
    "LayerInaccessibleException": ErrorSpec(NotFound, "The layer cannot be had", "The image may be in the archive."),
    "ReferencedImagesNotFoundException": ErrorSpec(
        Refused, "An image that the index names is not in this repository", "Push the images of its platforms first."
    ),
    "ScanNotFoundException": ErrorSpec(
        NotFound, "The image was not scanned", "Start a scan: aws ecr start-image-scan."
    ),
    "LifecyclePolicyNotFoundException": ErrorSpec(NotFound, "The repository has no lifecycle policy"),
    "UnableToGetUpstreamImageException": ErrorSpec(NotFound, "The upstream image cannot be had", _UPSTREAM, True),
    "UnableToGetUpstreamLayerException": ErrorSpec(NotFound, "The upstream layer cannot be had", _UPSTREAM, True),
    "UnableToListUpstreamImageReferrersException": ErrorSpec(
        NotFound, "The upstream image's referrers cannot be had", _UPSTREAM, True
    ),
    "UpstreamAccessDenied": ErrorSpec(AccessDenied, "The upstream registry denies access", _UPSTREAM),
    "UpstreamUnavailable": ErrorSpec(ConnectionFailed, "The upstream registry does not answer", _UPSTREAM, True),
    # what was refused
    "ImageAlreadyExistsException": ErrorSpec(Refused, "The tag is on this image already", "There is nothing to do."),
    "ImageTagAlreadyExistsException": ErrorSpec(Refused, "The tag is immutable", _NO_TAG_MOVE),
    "ImageDigestDoesNotMatchException": ErrorSpec(
        Refused, "ECR computes another digest", "The manifest was changed on its way; nothing was written."
    ),
    "ImageTagDoesNotMatchDigest": ErrorSpec(Refused, "The tag is on another image", "Refresh: the tag was moved."),
    "ImageReferencedByManifestList": ErrorSpec(
        Refused, "An index names this image", "Delete the index first, or keep the image."
    ),
    "ImageArchivedException": ErrorSpec(
        Refused,
        "The image is in the archive",
        "Restore it first: aws ecr update-image-storage-class --target-storage-class STANDARD.",
    ),
    "ImageInaccessible": ErrorSpec(
        Refused,
        "The image cannot be had",
        "If it is in the archive, restore it: aws ecr update-image-storage-class --target-storage-class STANDARD.",
    ),
    "LimitExceededException": ErrorSpec(
        Refused, "A quota of ECR is reached", "An image has at most 1,000 tags, a repository 100,000 images."
    ),
    "InvalidImageDigest": ErrorSpec(
        UsageError, "This is not a digest", "A digest is sha256: and 64 hexadecimal digits."
    ),
    "InvalidImageTag": ErrorSpec(UsageError, "ECR does not accept the tag"),
    "MissingDigestAndTag": ErrorSpec(UsageError, "Neither a tag nor a digest was given"),
    "InvalidParameterException": ErrorSpec(Refused, "ECR does not accept the request"),
    "InvalidTagParameterException": ErrorSpec(Refused, "ECR does not accept the tag"),
    "ValidationException": ErrorSpec(Refused, "ECR does not accept the request"),
    "ValidationError": ErrorSpec(Refused, "AWS does not accept the request"),
    "UnsupportedImageTypeException": ErrorSpec(Refused, "ECR does not do this for images of this type"),
    "UnknownOperationException": ErrorSpec(Refused, "The registry does not know this operation"),
    "404": ErrorSpec(ConnectionFailed, "Something other than ECR has answered", "Look at the endpoint's URL."),
    # what broke
    "ServerException": _BROKEN,
    "InternalFailure": _BROKEN,
    "InternalError": _BROKEN,
    "ServiceUnavailable": _BROKEN,
    "ServiceUnavailableException": _BROKEN,
    "RequestTimeout": _BROKEN,
    "RequestTimeoutException": _BROKEN,
}

_UNREACHABLE = "Look at the network, the proxy, the region and the endpoint's URL, then try again."
_SIGNED_OUT = ErrorSpec(CredentialsError, "The sign-in has expired", SIGN_IN, unsent=True)
_UNUSABLE = ErrorSpec(CredentialsError, "The credentials cannot be had", SIGN_IN, unsent=True)
_CONFIGURATION = ErrorSpec(
    CredentialsError, "The AWS configuration cannot be used", "Mend ~/.aws/config or ~/.aws/credentials.", unsent=True
)
_ENDPOINT = ErrorSpec(
    UsageError, "The endpoint cannot be used", "Look at the region and the endpoint's URL.", unsent=True
)

_BY_CLASS: tuple[tuple[type[Exception], ErrorSpec], ...] = (
    (
        raised.NoCredentialsError,
        ErrorSpec(
            CredentialsError,
            "There are no AWS credentials",
            "Sign in (aws configure, aws sso login) and name the profile with --profile or AWS_PROFILE; "
            "or look around without an account: ecrtui --demo.",
            unsent=True,
        ),
    ),
    (
        raised.ProfileNotFound,
        ErrorSpec(
            CredentialsError,
            "The profile does not exist",
            "The profiles there are: aws configure list-profiles. Choose one with --profile or AWS_PROFILE.",
            unsent=True,
        ),
    ),
    (
        raised.NoRegionError,
        ErrorSpec(
            CredentialsError,
            "No region is configured",
            "Give --region, set AWS_REGION, or put a region into the profile: aws configure set region REGION.",
            unsent=True,
        ),
    ),
    (
        raised.InvalidRegionError,
        ErrorSpec(UsageError, "This is not a region", "Regions look like eu-west-1.", unsent=True),
    ),
    (raised.UnauthorizedSSOTokenError, _SIGNED_OUT),
    (raised.SSOTokenLoadError, _SIGNED_OUT),
    (raised.TokenRetrievalError, _SIGNED_OUT),
    (raised.LoginError, _SIGNED_OUT),
    (raised.SSOError, _SIGNED_OUT),
    (
        raised.RefreshWithMFAUnsupportedError,
        ErrorSpec(CredentialsError, "The credentials that MFA had given have expired", SIGN_IN, unsent=True),
    ),
    (raised.CredentialRetrievalError, _UNUSABLE),
    (raised.MetadataRetrievalError, _UNUSABLE),
    (raised.PartialCredentialsError, _UNUSABLE),
    (raised.UnknownCredentialError, _UNUSABLE),
    (raised.NoAuthTokenError, _UNUSABLE),
    (raised.ConfigParseError, _CONFIGURATION),
    (raised.ConfigNotFound, _CONFIGURATION),
    (raised.InvalidConfigError, _CONFIGURATION),
    (raised.InvalidRetryConfigurationError, _CONFIGURATION),
    (raised.InvalidDefaultsMode, _CONFIGURATION),
    (raised.InvalidProxiesConfigError, _CONFIGURATION),
    (raised.BaseEndpointResolverError, _ENDPOINT),
    (raised.EndpointProviderError, _ENDPOINT),
    (raised.InvalidEndpointConfigurationError, _ENDPOINT),
    (
        raised.ProxyConnectionError,
        ErrorSpec(
            ConnectionFailed,
            "The proxy cannot be reached",
            "Look at HTTPS_PROXY and NO_PROXY, then try again.",
            retryable=True,
            unsent=True,
        ),
    ),
    (
        raised.SSLError,
        ErrorSpec(
            ConnectionFailed,
            "The service's TLS certificate is not trusted",
            "Name your organization's certificates with --ca-bundle or AWS_CA_BUNDLE.",
            unsent=True,
        ),
    ),
    (
        raised.ConnectTimeoutError,
        ErrorSpec(ConnectionFailed, "The service cannot be reached in time", _UNREACHABLE, retryable=True, unsent=True),
    ),
    (
        raised.EndpointConnectionError,
        ErrorSpec(ConnectionFailed, "The service cannot be reached", _UNREACHABLE, retryable=True, unsent=True),
    ),
    (
        raised.ReadTimeoutError,
        ErrorSpec(
            ConnectionFailed,
            "The service did not answer in time",
            "Try again; --cli-read-timeout SECONDS waits longer.",
            retryable=True,
        ),
    ),
    (
        raised.ConnectionClosedError,
        ErrorSpec(ConnectionFailed, "The connection was cut before the answer", "Try again.", retryable=True),
    ),
    (
        raised.ResponseStreamingError,
        ErrorSpec(ConnectionFailed, "The answer was cut short", "Try again.", retryable=True),
    ),
    (raised.IncompleteReadError, ErrorSpec(ConnectionFailed, "The answer was cut short", "Try again.", retryable=True)),
    (HTTPError, ErrorSpec(ConnectionFailed, "The answer was cut short", "Try again.", retryable=True)),
    (
        MalformedReply,
        ErrorSpec(
            ConnectionFailed,
            "The answer was cut short, or is not ECR's",
            "Try again; if it stays, look at the endpoint's URL and at proxies on the way.",
            retryable=True,
        ),
    ),
    (ResponseParserError, ErrorSpec(ConnectionFailed, "The answer cannot be read", "Try again.", retryable=True)),
    (raised.CapacityNotAvailableError, ErrorSpec(Throttled, "ECR asks for fewer requests", "Wait.", True, unsent=True)),
    (raised.HTTPClientError, ErrorSpec(ConnectionFailed, "The connection failed", _UNREACHABLE, retryable=True)),
    (raised.ConnectionError, ErrorSpec(ConnectionFailed, "The connection failed", _UNREACHABLE, retryable=True)),
    (raised.ParamValidationError, ErrorSpec(UsageError, "The request cannot be sent", unsent=True)),
    (raised.ValidationError, ErrorSpec(UsageError, "The request cannot be sent", unsent=True)),
    (OSError, ErrorSpec(ConnectionFailed, "The connection failed", _UNREACHABLE, retryable=True)),
    (
        raised.BotoCoreError,
        ErrorSpec(EcrTuiError, "The AWS library reports a problem", "Look at ~/.aws/config and at --debug."),
    ),
)

_UNEXPECTED = ErrorSpec(
    EcrTuiError, "Something unexpected happened", "Start again with --debug; the log tells more.", retryable=True
)


@contextmanager
def validate_reply(operation: str, *, write: bool = False) -> Iterator[None]:
    """What a reply lacks, or has of another type than it should, leaves as an :class:`EcrTuiError`.

    For what reads replies; the endpoint can be anything that answers.

    Raises:
        ConnectionFailed: the reply cannot be understood; ambiguous if it is the reply to a write.
    """
    try:
        yield
    except (LookupError, TypeError, AttributeError, ValueError) as problem:
        _log.debug("the reply of %s", operation, exc_info=True)
        raise ConnectionFailed(
            "The answer cannot be understood",
            f"{operation}: {type(problem).__name__} {problem}",
            "Look at the endpoint's URL: is it ECR that answers?",
            operation=operation,
            ambiguous=write,
        ) from None


@contextmanager
def translate_errors(
    operation: str, *, write: bool = False, sign_in: Callable[[], str] | None = None
) -> Iterator[None]:
    """Whatever is raised inside leaves as an :class:`EcrTuiError`.

    Args:
        operation: the API operation that is called ("PutImage").
        write: whether the call changes the registry, so that a lost reply leaves it unknown whether it did.
        sign_in: tells how the user renews the credentials in use.

    Raises:
        EcrTuiError: what the table says. It is not chained to its cause: tracebacks show locals, and the locals of
            botocore hold credentials. The cause is in the log of ``--debug``.
    """
    try:
        yield
    except EcrTuiError:
        raise
    except Exception as problem:  # noqa: BLE001 - the door: nothing of botocore goes further
        _log.debug("%s failed", operation, exc_info=True)
        raise translate(problem, operation, write=write, sign_in=sign_in) from None


def translate(
    problem: Exception, operation: str, *, write: bool = False, sign_in: Callable[[], str] | None = None
) -> EcrTuiError:
    """The error that a user sees for an exception; see :func:`door` for the arguments."""
    row, detail, code, request_id, unsent = (
        _of_service(problem, operation) if isinstance(problem, raised.ClientError) else _of_client(problem)
    )
    hint = row.hint
    if hint == SIGN_IN:
        hint = sign_in() if sign_in else "Sign in again, then try again."
    elif row is _DENIED:
        hint = _denied_hint(detail, operation)
    return row.error(
        row.title,
        shorten(redact(detail)),
        hint,
        retryable=row.retryable,
        code=code,
        operation=operation,
        request_id=request_id,
        ambiguous=write and not unsent,
    )


def shorten(words: str) -> str:
    """A service's words as far as they help: a proxy answers with whole pages."""
    return words if len(words) <= MAX_WORDS else words[:MAX_WORDS] + "…"


def error_from_failure(entry: Mapping[str, Any], operation: str) -> EcrTuiError:
    """The error for an entry of ``failures`` in a reply of BatchGetImage or BatchDeleteImage (``ImageFailure``)."""
    code = str(entry.get("failureCode") or "")
    row = _BY_CODE.get(code, ErrorSpec(Refused, "ECR refused"))
    names = (entry.get("imageId") or {}).values()
    return row.error(
        row.title,
        shorten(" ".join([*names, str(entry.get("failureReason") or code)])),
        row.hint,
        retryable=row.retryable,
        code=code,
        operation=operation,
    )


def listing_expired(error: EcrTuiError) -> ListingExpired:
    """The error for a page token that the service knows no more, from the refusal that it gave."""
    return ListingExpired(
        "The place in the listing is lost",
        error.detail,
        "Load the list again from its beginning.",
        retryable=True,
        code=error.code,
        operation=error.operation,
        request_id=error.request_id,
    )


def integrity_error(title: str, detail: str, operation: str, *, ambiguous: bool = False) -> IntegrityError:
    """The error for bytes, or a reply, that are not what was asked for."""
    return IntegrityError(
        title,
        detail,
        "Look at where the tag is now."
        if ambiguous
        else "Nothing of it was used. Try again; if it stays, something between here and ECR changes what it carries.",
        operation=operation,
        ambiguous=ambiguous,
    )


def _of_service(problem: raised.ClientError, operation: str) -> tuple[ErrorSpec, str, str, str, bool]:
    """A service has answered: its row, words, code and request id, and whether nothing can have been written."""
    error: Mapping[str, Any] = problem.response.get("Error") or {}
    metadata: Mapping[str, Any] = problem.response.get("ResponseMetadata") or {}
    code, status = str(error.get("Code") or ""), int(metadata.get("HTTPStatusCode") or 0)
    row = _BY_CODE.get(code)
    if row is None:
        row = _by_status(status)
    detail = str(error.get("Message") or "").strip() or code
    elsewhere = problem.operation_name not in ("", operation)  # the sign-in failed: STS or SSO has answered
    if elsewhere:
        detail = f"{problem.operation_name}: {detail}"
    headers: Mapping[str, str] = metadata.get("HTTPHeaders") or {}
    request_id = metadata.get("RequestId") or headers.get("x-amzn-requestid") or ""
    return row, detail, code, str(request_id), elsewhere or 300 <= status < 500


def _by_status(status: int) -> ErrorSpec:
    if status >= 500:
        return _BROKEN
    if status == 429:
        return _SLOW_DOWN
    if status in (401, 403):
        return _DENIED
    return ErrorSpec(Refused, "ECR refused")


def _of_client(problem: Exception) -> tuple[ErrorSpec, str, str, str, bool]:
    """No service has answered, or nothing that can be understood."""
    row = next((row for kind, row in _BY_CLASS if isinstance(problem, kind)), None)
    if row is not None:
        return row, str(problem).strip(), "", "", row.unsent
    # the text of an exception that nobody knows can hold anything, so its name has to do
    return _UNEXPECTED, type(problem).__name__, "", "", False


_ACTIONS = {"GetCallerIdentity": "sts:GetCallerIdentity", "ListImageReferrers": "ecr:BatchGetImage"}


def _denied_hint(detail: str, operation: str) -> str:
    action = _ACTIONS.get(operation, f"ecr:{operation}")
    if "explicit deny" in detail:
        return f"A policy denies {action} on purpose; ask whoever owns it."
    return f"Ask for the permission {action} on this repository, or use another profile."
