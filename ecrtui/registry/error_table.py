"""The table from the error codes of AWS to the errors of ecrtui.

``BY_CODE`` has a row for each error code that a service can answer: the codes of the ECR service model, and those
that AWS sends without naming them there, such as ThrottlingException and ExpiredTokenException. The rows for the
exceptions that botocore raises when no service has answered are in ``exception_table``.

A title may contain ``{service}``. A hint may contain ``{repository}``, ``{action}`` (the IAM action) and ``{sign_in}``
(how to renew the credentials).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from ecrtui.errors import (
    UNSUPPORTED,
    AccessDenied,
    ConnectionFailed,
    CredentialsError,
    EcrTuiError,
    ErrorKind,
    NotFound,
    Refused,
    Throttled,
    UsageError,
)


class ErrorSpec(NamedTuple):
    """A row of the table.

    Args:
        error: the class to raise.
        title: what happened.
        hint: the next step.
        kind: what went wrong; the kind of the class if None.
        retryable: whether the same call can succeed later.
        unsent: whether the request has certainly not reached the service, so that nothing was written.
    """

    error: type[EcrTuiError]
    title: str
    hint: str = ""
    kind: ErrorKind | None = None
    retryable: bool = False
    unsent: bool = False


SIGN_IN = "{sign_in}"
_WAIT = "Wait a moment, then try again."
_UPSTREAM = "The image comes through a pull-through cache rule. Check the rule and the upstream registry."
_RESTORE = "restore it first: aws ecr update-image-storage-class --target-storage-class STANDARD."

DENIED = ErrorSpec(
    AccessDenied, "Access denied", "Ask for the IAM permission {action} on {repository}, or use another profile."
)
DENIED_EXPLICITLY = DENIED._replace(hint="A policy denies {action} explicitly. Ask the owner of the policy.")
SIGN_IN_DENIED = ErrorSpec(
    CredentialsError, "Access denied while signing in", "Ask for this permission, or use another profile."
)
SIGN_IN_REFUSED = ErrorSpec(
    CredentialsError, "AWS refused the sign-in", "Check the profile in ~/.aws/config, or use another one."
)
THROTTLED = ErrorSpec(
    Throttled,
    "{service} is throttling requests",
    "Wait a moment, then try again. To retry more often, set AWS_MAX_ATTEMPTS and AWS_RETRY_MODE=adaptive.",
    retryable=True,
)
SERVICE_FAILED = ErrorSpec(ConnectionFailed, "The service failed", _WAIT, retryable=True)
REFUSED = ErrorSpec(Refused, "ECR refused the request")
CLOCK = ErrorSpec(
    CredentialsError,
    "The clock of this machine is wrong",
    "Set the clock of this machine, then try again.",
    kind=ErrorKind.CLOCK,
)
_EXPIRED = ErrorSpec(CredentialsError, "The credentials have expired", SIGN_IN)
_NOT_ACCEPTED = ErrorSpec(CredentialsError, "AWS does not accept the credentials", SIGN_IN)
_UNKNOWN_KEY = _NOT_ACCEPTED._replace(
    hint=f"{SIGN_IN} If they work in another region, this one is not enabled for the account."
)
"""An access key that AWS does not know: so it calls each key in a region that is not enabled."""
_KMS = ErrorSpec(
    AccessDenied,
    "The encryption key of the repository cannot be used",
    "Check the state and the policy of the key in KMS.",
)
_IMAGE_NOT_FOUND = ErrorSpec(
    NotFound, "Image not found", "It may have been deleted. List the images again.", ErrorKind.IMAGE_NOT_FOUND
)
UNSUPPORTED_OPERATION = ErrorSpec(Refused, UNSUPPORTED, kind=ErrorKind.UNSUPPORTED)
_INVALID_REQUEST = ErrorSpec(Refused, "ECR does not accept the request", kind=ErrorKind.INVALID_REQUEST)

BY_CODE: Mapping[str, ErrorSpec] = {
    # credentials
    "ExpiredToken": _EXPIRED,
    "ExpiredTokenException": _EXPIRED,
    "UnauthorizedException": _EXPIRED,  # SSO: the session of the token has ended
    "UnrecognizedClientException": _UNKNOWN_KEY,
    "InvalidClientTokenId": _UNKNOWN_KEY,
    "InvalidAccessKeyId": _NOT_ACCEPTED,
    "MissingAuthenticationToken": _NOT_ACCEPTED,
    "MissingAuthenticationTokenException": _NOT_ACCEPTED,
    "IncompleteSignature": _NOT_ACCEPTED,
    "IncompleteSignatureException": _NOT_ACCEPTED,
    "SignatureDoesNotMatch": _NOT_ACCEPTED,
    "InvalidIdentityToken": _NOT_ACCEPTED,
    "InvalidSignatureException": _NOT_ACCEPTED,
    "IDPRejectedClaim": _NOT_ACCEPTED,  # STS: the identity provider does not accept the token
    "RequestTimeTooSkewed": CLOCK,
    "RequestExpired": CLOCK,
    "RequestInTheFuture": CLOCK,
    # permissions
    "OptInRequired": ErrorSpec(AccessDenied, "The account is not signed up for {service} in this region"),
    "RegionDisabledException": ErrorSpec(
        CredentialsError,
        "{service} is not enabled in this region",
        "Use another region, or ask for this one to be enabled for the account.",
    ),
    "AccessDenied": DENIED,
    "AccessDeniedException": DENIED,
    "UnauthorizedOperation": DENIED,
    "NotAuthorized": DENIED,
    "ForbiddenException": DENIED,
    "BlockedByOrganizationPolicyException": ErrorSpec(AccessDenied, "A policy of the organization denies the request"),
    "KmsException": _KMS,
    "KmsError": _KMS,
    "UpstreamAccessDenied": ErrorSpec(
        AccessDenied, "The upstream registry denies access", _UPSTREAM, ErrorKind.UPSTREAM
    ),
    # throttling
    "Throttling": THROTTLED,
    "ThrottlingException": THROTTLED,
    "ThrottledException": THROTTLED,
    "RequestThrottled": THROTTLED,
    "RequestThrottledException": THROTTLED,
    "RequestLimitExceeded": THROTTLED,
    "TooManyRequestsException": THROTTLED,
    "BandwidthLimitExceeded": THROTTLED,
    "SlowDown": THROTTLED,
    "429": THROTTLED,
    "UpstreamTooManyRequests": ErrorSpec(
        Throttled, "The upstream registry is throttling requests", _UPSTREAM, ErrorKind.UPSTREAM, retryable=True
    ),
    # not found
    "RepositoryNotFoundException": ErrorSpec(
        NotFound,
        "Repository not found",
        "Check the repository name (without the host of the registry), the region and the registry id.",
        ErrorKind.REPOSITORY_NOT_FOUND,
    ),
    "ImageNotFoundException": _IMAGE_NOT_FOUND,
    "ImageNotFound": _IMAGE_NOT_FOUND,
    "LayersNotFoundException": ErrorSpec(
        NotFound,
        "A layer of the image is not in the repository",
        "PutImage does not copy layers. Push the layers to {repository} first (docker push, crane cp, skopeo copy).",
        ErrorKind.MISSING_PARTS,
    ),
    "ReferencedImagesNotFoundException": ErrorSpec(
        Refused,
        "An image of the index is not in the repository",
        "Put the images of all platforms into {repository} first.",
        ErrorKind.MISSING_PARTS,
    ),
    "LayerInaccessibleException": ErrorSpec(
        NotFound,
        "Layer unavailable",
        "ECR serves the layers of active images only. The image may be archived or deleted: list the images again.",
        ErrorKind.INACCESSIBLE,
    ),
    "UploadNotFoundException": ErrorSpec(
        NotFound, "The upload of the layer does not exist", "Upload the layer again.", ErrorKind.UPLOAD_LOST
    ),
    "ScanNotFoundException": ErrorSpec(
        NotFound,
        "The image has not been scanned",
        "Start a scan: aws ecr start-image-scan.",
        ErrorKind.SCAN_NOT_FOUND,
    ),
    "LifecyclePolicyPreviewNotFoundException": ErrorSpec(
        NotFound, "There is no lifecycle preview of the repository", kind=ErrorKind.LIFECYCLE_PREVIEW_NOT_FOUND
    ),
    "LifecyclePolicyPreviewInProgressException": ErrorSpec(
        Refused,
        "Another lifecycle preview of the repository is in progress",
        "Try again when it has ended.",
        ErrorKind.PREVIEW_IN_PROGRESS,
        retryable=True,
    ),
    "LifecyclePolicyNotFoundException": ErrorSpec(
        NotFound, "The repository has no lifecycle policy", kind=ErrorKind.LIFECYCLE_POLICY_NOT_FOUND
    ),
    "RepositoryPolicyNotFoundException": ErrorSpec(
        NotFound, "The repository has no policy", kind=ErrorKind.REPOSITORY_POLICY_NOT_FOUND
    ),
    "RegistryPolicyNotFoundException": ErrorSpec(
        NotFound, "The registry has no policy", kind=ErrorKind.REGISTRY_POLICY_NOT_FOUND
    ),
    "UnableToGetUpstreamImageException": ErrorSpec(
        NotFound, "The upstream image is not available", _UPSTREAM, ErrorKind.UPSTREAM, retryable=True
    ),
    "UnableToGetUpstreamLayerException": ErrorSpec(
        NotFound, "The upstream layer is not available", _UPSTREAM, ErrorKind.UPSTREAM, retryable=True
    ),
    "UnableToListUpstreamImageReferrersException": ErrorSpec(
        NotFound,
        "The referrers of the upstream image are not available",
        _UPSTREAM,
        ErrorKind.UPSTREAM,
        retryable=True,
    ),
    # refused
    "ImageAlreadyExistsException": ErrorSpec(
        Refused, "The tag already points to this image", "There is nothing to do.", ErrorKind.ALREADY_EXISTS
    ),
    "ImageTagAlreadyExistsException": ErrorSpec(
        Refused,
        "The tag is immutable",
        "Choose another tag, or change the tag mutability of the repository or its exclusion filters: "
        "aws ecr put-image-tag-mutability --repository-name {repository}.",
        ErrorKind.TAG_IMMUTABLE,
    ),
    "ImageDigestDoesNotMatchException": ErrorSpec(
        Refused,
        "ECR computed another digest",
        "ECR received other bytes of the manifest than ecrtui sent, and wrote nothing. Try again.",
        ErrorKind.DIGEST_MISMATCH,
    ),
    "ImageTagDoesNotMatchDigest": ErrorSpec(
        Refused, "The tag points to another image", "Refresh: the tag has moved.", ErrorKind.TAG_MISMATCH
    ),
    "ImageReferencedByManifestList": ErrorSpec(
        Refused, "An index contains this image", "Delete the index first, or keep the image."
    ),
    "ImageArchivedException": ErrorSpec(Refused, "The image is archived", f"To use it, {_RESTORE}", ErrorKind.ARCHIVED),
    "ImageInaccessible": ErrorSpec(
        Refused, "Image unavailable", f"If the image is archived, {_RESTORE}", ErrorKind.INACCESSIBLE
    ),
    "EmptyUploadException": ErrorSpec(
        Refused, "The upload of the layer has no parts", "ECR does not store an empty layer.", ErrorKind.UPLOAD_LOST
    ),
    "InvalidLayerException": ErrorSpec(
        Refused,
        "ECR computed another digest for the layer",
        "ECR received other bytes of the layer than ecrtui sent, and wrote nothing. Try again.",
        ErrorKind.DIGEST_MISMATCH,
    ),
    "InvalidLayerPartException": ErrorSpec(Refused, "The part does not follow the last one", "Upload the layer again."),
    "LayerPartTooSmallException": ErrorSpec(Refused, "A part of the layer is too small", "Upload the layer again."),
    "LayerAlreadyExistsException": ErrorSpec(
        Refused, "The repository has the layer already", "There is nothing to do.", ErrorKind.ALREADY_EXISTS
    ),
    "RepositoryAlreadyExistsException": ErrorSpec(
        Refused, "The repository exists already", "There is nothing to do.", ErrorKind.ALREADY_EXISTS
    ),
    "LimitExceededException": ErrorSpec(
        Refused,
        "An ECR quota is exceeded",
        "Delete what is not needed: an image can have 1,000 tags, and a repository 100,000 images.",
        ErrorKind.LIMIT_EXCEEDED,
    ),
    "InvalidImageDigest": ErrorSpec(
        UsageError, "Invalid digest", "Write a digest as sha256: and 64 hexadecimal digits."
    ),
    "InvalidImageTag": ErrorSpec(UsageError, "ECR does not accept the tag"),
    "MissingDigestAndTag": ErrorSpec(UsageError, "The request has neither a tag nor a digest"),
    "InvalidParameterException": _INVALID_REQUEST,
    "ValidationException": _INVALID_REQUEST,
    "InvalidTagParameterException": ErrorSpec(Refused, "ECR does not accept the tag"),
    "ValidationError": ErrorSpec(Refused, "AWS does not accept the request"),
    "UnsupportedImageTypeException": ErrorSpec(Refused, "ECR does not support this operation for this type of image"),
    "UnknownOperationException": UNSUPPORTED_OPERATION,
    "404": ErrorSpec(ConnectionFailed, "The endpoint is not {service}", "Check the endpoint URL."),
    # failures of a service
    "UpstreamUnavailable": ErrorSpec(
        ConnectionFailed, "The upstream registry is not available", _UPSTREAM, ErrorKind.UPSTREAM, retryable=True
    ),
    "IDPCommunicationError": ErrorSpec(
        ConnectionFailed, "AWS could not reach the identity provider of the token", _WAIT, retryable=True
    ),
    "ServerException": SERVICE_FAILED,
    "InternalFailure": SERVICE_FAILED,
    "InternalError": SERVICE_FAILED,
    "ServiceUnavailable": SERVICE_FAILED,
    "ServiceUnavailableException": SERVICE_FAILED,
    "RequestTimeout": SERVICE_FAILED,
    "RequestTimeoutException": SERVICE_FAILED,
}

_IDENTITY_CENTER = "IAM Identity Center"
_OTHER_SERVICES = {
    "AssumeRole": "STS",
    "AssumeRoleWithWebIdentity": "STS",
    "GetCallerIdentity": "STS",
    "ListAccountAliases": "IAM",
    "CreateToken": _IDENTITY_CENTER,
    "GetRoleCredentials": _IDENTITY_CENTER,
    "ListAccountRoles": _IDENTITY_CENTER,
    "ListAccounts": _IDENTITY_CENTER,
    "RegisterClient": _IDENTITY_CENTER,
    "StartDeviceAuthorization": _IDENTITY_CENTER,
    "CreateOAuth2Token": "AWS Sign-In",
}
"""The services of the operations that sign in, or read who the caller is."""

_CLOCK_WORDS = ("signature expired:", "signature not yet current:", "is now earlier than", "is still later than")
"""What AWS says, in lower case, when the time of a signature is more than five minutes off its own clock. The error
codes are those of a wrong signature."""


def is_about_clock(message: str) -> bool:
    """Return whether a refusal of credentials is about the time of the request."""
    return any(words in message.lower() for words in _CLOCK_WORDS)


def refuses_credentials(code: str, message: str) -> bool:
    """Return whether an error means that the service will not accept these credentials again."""
    return BY_CODE.get(code) in (_EXPIRED, _NOT_ACCEPTED, _UNKNOWN_KEY) and not is_about_clock(message)


def service_of(operation: str) -> str:
    """Return the service that an operation belongs to."""
    return _OTHER_SERVICES.get(operation, "ECR")


def is_denied(code: str) -> bool:
    """Return whether an error code means that the caller lacks a permission."""
    return BY_CODE.get(code) is DENIED


def spec_of_code(code: str, status: int = 400) -> ErrorSpec:
    """Return the row for an error code; without one, the row for the HTTP status.

    An endpoint that imitates ECR answers with 501 (Not Implemented) and any code if it lacks the operation.
    """
    if status == 501:
        return UNSUPPORTED_OPERATION
    if (spec := BY_CODE.get(code)) is not None:
        return spec
    if status >= 500:
        return SERVICE_FAILED
    if status == 429:
        return THROTTLED
    return DENIED if status in (401, 403) else REFUSED


def kind_of_code(code: str) -> ErrorKind:
    """Return what an error code means."""
    spec = spec_of_code(code)
    return spec.kind or spec.error.kind
