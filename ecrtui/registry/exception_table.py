"""The table from the exceptions of botocore to the errors of ecrtui, for calls that no service has answered.

``error_table`` has the errors that a service answers, and explains the rows.
"""

from __future__ import annotations

import traceback

from botocore import exceptions as raised
from botocore.parsers import ResponseParserError
from urllib3.exceptions import HTTPError

from ecrtui.errors import ConnectionFailed, CredentialsError, EcrTuiError, ErrorKind, UsageError
from ecrtui.registry.error_table import SIGN_IN, THROTTLED, ErrorSpec
from ecrtui.registry.replies.reply_limit import ReplyTooLarge


class MalformedReply(Exception):  # noqa: N818 - reads as what happened
    """The reply was cut short, or is not JSON of ECR. Our parser raises it; the table translates it."""


LOOK_AROUND = "To look around without an account, run ecrtui --demo."
"""For users without any AWS configuration."""

_CHECK_NETWORK = "Check the network, the proxy, the region and the endpoint URL, then try again."
_SIGNED_OUT = ErrorSpec(CredentialsError, "The sign-in has expired", SIGN_IN, unsent=True)
_NO_CREDENTIALS = ErrorSpec(CredentialsError, "Could not load credentials", SIGN_IN, unsent=True)
_CONFIGURATION = ErrorSpec(
    CredentialsError,
    "The AWS configuration is not valid",
    "Fix ~/.aws/config or ~/.aws/credentials.",
    unsent=True,
)
_FIX_PROFILE = "Fix the profile in ~/.aws/config or ~/.aws/credentials, or use another profile."
_FILE = ErrorSpec(
    CredentialsError,
    "A file of the sign-in cannot be read",
    "Check the profile in ~/.aws/config, AWS_WEB_IDENTITY_TOKEN_FILE and AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE.",
    unsent=True,
)
_ENDPOINT = ErrorSpec(UsageError, "The endpoint is not valid", "Check the region and the endpoint URL.", unsent=True)
_CUT_SHORT = ErrorSpec(ConnectionFailed, "The response was cut short", "Try again.", retryable=True)
_CONNECTION = ErrorSpec(ConnectionFailed, "The connection failed", _CHECK_NETWORK, retryable=True)
_INVALID = ErrorSpec(UsageError, "The request is not valid", unsent=True)
_TLS = ErrorSpec(ConnectionFailed, "The TLS connection failed", _CHECK_NETWORK, retryable=True)
_NO_TLS = _TLS._replace(
    title="No TLS connection to the service",
    hint="Check the endpoint URL: https:// needs a server with TLS. Check the proxy, then try again.",
    retryable=False,
    unsent=True,
)
_CERTIFICATE = _NO_TLS._replace(
    title="The TLS certificate of the service is not trusted",
    hint="Give the certificates of your organization with --ca-bundle or AWS_CA_BUNDLE.",
)
_CA_CERTIFICATES = _NO_TLS._replace(
    title="The CA certificates cannot be read",
    hint="Check --ca-bundle, AWS_CA_BUNDLE, REQUESTS_CA_BUNDLE, and ca_bundle in ~/.aws/config.",
)
_BAD_CERTIFICATE = "CERTIFICATE_VERIFY_FAILED"
"""The reason of OpenSSL for a certificate that is not trusted, or has another name."""

BY_CLASS: tuple[tuple[type[Exception], ErrorSpec], ...] = (
    (
        raised.NoCredentialsError,
        ErrorSpec(
            CredentialsError,
            "No AWS credentials",
            "Sign in (aws configure, aws sso login) and choose the profile with --profile or AWS_PROFILE. "
            f"{LOOK_AROUND}",
            unsent=True,
        ),
    ),
    (
        raised.ProfileNotFound,
        ErrorSpec(
            CredentialsError,
            "Profile not found",
            "List the profiles with aws configure list-profiles. Choose one with --profile or AWS_PROFILE.",
            unsent=True,
        ),
    ),
    (
        raised.NoRegionError,
        ErrorSpec(
            CredentialsError,
            "No region is configured",
            "Give --region, set AWS_REGION, or add a region to the profile: "
            "aws configure set region REGION --profile NAME.",
            unsent=True,
        ),
    ),
    (
        raised.InvalidRegionError,
        ErrorSpec(UsageError, "Invalid region", "Write a region as in eu-west-1.", unsent=True),
    ),
    (raised.UnauthorizedSSOTokenError, _SIGNED_OUT),
    (raised.SSOTokenLoadError, _SIGNED_OUT),
    (raised.TokenRetrievalError, _SIGNED_OUT),
    (
        raised.LoginInsufficientPermissions,
        ErrorSpec(
            CredentialsError,
            "Access denied while signing in",
            "Ask for the IAM permission signin:CreateOAuth2Token, or use another profile.",
            unsent=True,
        ),
    ),
    (raised.LoginError, _SIGNED_OUT),
    (raised.SSOError, _SIGNED_OUT),
    (
        raised.RefreshWithMFAUnsupportedError,
        ErrorSpec(CredentialsError, "The credentials from the MFA sign-in have expired", SIGN_IN, unsent=True),
    ),
    (raised.CredentialRetrievalError, _NO_CREDENTIALS),
    (raised.MetadataRetrievalError, _NO_CREDENTIALS),
    (raised.PartialCredentialsError, _CONFIGURATION._replace(hint=_FIX_PROFILE)),
    (raised.UnknownCredentialError, _NO_CREDENTIALS),
    (raised.NoAuthTokenError, _NO_CREDENTIALS),
    (
        raised.MissingDependencyException,
        ErrorSpec(
            CredentialsError,
            "A part of botocore is not installed",
            "Install it: pip install 'botocore[crt]', or pipx inject ecrtui 'botocore[crt]'. Then start again.",
            unsent=True,
        ),
    ),
    (raised.ConfigParseError, _CONFIGURATION._replace(hint="Fix this line of the file.")),
    (raised.ConfigNotFound, _CONFIGURATION),
    (raised.InvalidConfigError, _CONFIGURATION._replace(hint=_FIX_PROFILE)),
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
            "Could not reach the proxy",
            "Check HTTPS_PROXY and NO_PROXY, then try again.",
            retryable=True,
            unsent=True,
        ),
    ),
    (raised.SSLError, _TLS),
    (
        raised.ConnectTimeoutError,
        ErrorSpec(
            ConnectionFailed, "The connection to the service timed out", _CHECK_NETWORK, retryable=True, unsent=True
        ),
    ),
    (
        raised.EndpointConnectionError,
        ErrorSpec(ConnectionFailed, "Could not reach the service", _CHECK_NETWORK, retryable=True, unsent=True),
    ),
    (
        raised.ReadTimeoutError,
        ErrorSpec(
            ConnectionFailed,
            "The service did not answer in time",
            "Try again. --cli-read-timeout SECONDS sets a longer limit.",
            ErrorKind.TIMED_OUT,
            retryable=True,
        ),
    ),
    (
        raised.ConnectionClosedError,
        ErrorSpec(ConnectionFailed, "The connection closed before the response", "Try again.", retryable=True),
    ),
    (raised.ResponseStreamingError, _CUT_SHORT),
    (raised.IncompleteReadError, _CUT_SHORT),
    (HTTPError, _CUT_SHORT),
    (
        MalformedReply,
        ErrorSpec(
            ConnectionFailed,
            "The response was cut short, or is not from ECR",
            "Try again. If it fails again, check the endpoint URL and the proxies.",
            retryable=True,
        ),
    ),
    (
        ReplyTooLarge,
        ErrorSpec(
            ConnectionFailed,
            "The reply is too large",
            "Check the endpoint URL: ECR does not send such replies.",
            kind=ErrorKind.REPLY_TOO_LARGE,
        ),
    ),
    (ResponseParserError, ErrorSpec(ConnectionFailed, "Unexpected response", "Try again.", retryable=True)),
    (raised.CapacityNotAvailableError, THROTTLED._replace(unsent=True)),
    (raised.HTTPClientError, _CONNECTION),
    (raised.ConnectionError, _CONNECTION),
    (raised.ParamValidationError, _INVALID),
    (raised.ValidationError, _INVALID),
    *((kind, _FILE) for kind in (FileNotFoundError, PermissionError, IsADirectoryError, NotADirectoryError)),
    (OSError, _CONNECTION),
    (
        raised.BotoCoreError,
        ErrorSpec(EcrTuiError, "The AWS library reports a problem", "Check ~/.aws/config, and the log of --debug."),
    ),
)

UNEXPECTED = ErrorSpec(
    EcrTuiError, "Unexpected error", "Start again with --debug. The log has the details.", retryable=True
)


def spec_of_exception(problem: Exception) -> ErrorSpec:
    """Return the row for an exception that botocore raised because no service has answered."""
    spec = next((spec for kind, spec in BY_CLASS if isinstance(problem, kind)), UNEXPECTED)
    if spec is not _TLS:
        return spec
    if _BAD_CERTIFICATE in str(problem):
        return _CERTIFICATE
    functions = _functions_that_failed(problem)
    if functions[-1:] == ["ssl_wrap_socket"]:  # of urllib3; it reads the file of certificates
        return _CA_CERTIFICATES
    return _NO_TLS if "do_handshake" in functions else _TLS


def _functions_that_failed(problem: Exception) -> list[str]:
    """Return the functions in which TLS failed, the innermost last. Only they show that no request was sent."""
    wrapped = getattr(problem, "kwargs", {}).get("error")
    causes = [cause for cause in getattr(wrapped, "args", ()) if isinstance(cause, OSError)]
    return [frame.f_code.co_name for cause in causes for frame, _ in traceback.walk_tb(cause.__traceback__)]
