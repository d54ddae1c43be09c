"""Translate what botocore raises, and failures in replies, to errors of ecrtui. The rows are in ``error_table``."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from email.utils import formatdate
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from botocore.exceptions import (
    ClientError,
    ConfigParseError,
    EndpointConnectionError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
    ProfileNotFound,
)

from ecrtui.ecr.permissions import action_of
from ecrtui.ecr.profile import FIX_ENVIRONMENT
from ecrtui.errors import CredentialsError, EcrTuiError, ErrorKind, IntegrityError, ListingExpired, Refused
from ecrtui.private_files import describe
from ecrtui.registry.configuration.errors import explain_parse_error, is_configured, unreadable_files
from ecrtui.registry.configuration.region_names import unknown_region_in
from ecrtui.registry.endpoint import is_aws
from ecrtui.registry.error_table import (
    CLOCK,
    DENIED,
    DENIED_EXPLICITLY,
    SIGN_IN,
    SIGN_IN_DENIED,
    SIGN_IN_REFUSED,
    ErrorSpec,
    is_about_clock,
    kind_of_code,
    service_of,
    spec_of_code,
)
from ecrtui.registry.exception_table import LOOK_AROUND, UNEXPECTED, spec_of_exception

_log = logging.getLogger(__name__)

MAX_DETAIL = 2000
"""Characters of a service's message that an error keeps. A proxy can answer with a whole web page."""

SIGN_IN_AGAIN = "Sign in again, then try again."

_ENVIRONMENT = "env"
"""The ``METHOD`` of botocore's provider for the credentials of the environment."""


@contextmanager
def translate_errors(
    operation: str, *, write: bool = False, repository: str = "", sign_in: Callable[[], str] | None = None
) -> Iterator[None]:
    """Turn every exception in the block into an :class:`EcrTuiError`.

    Args:
        operation: the API operation that the block calls ("PutImage").
        write: whether the call changes the registry. A lost reply is ambiguous then.
        repository: the repository that the call is about, for hints.
        sign_in: returns how the user can renew the credentials.

    Raises:
        EcrTuiError: as the table says. It is not chained to its cause: tracebacks show locals, and locals of botocore
            hold credentials. The log of ``--debug`` has the cause.
    """
    try:
        yield
    except EcrTuiError:
        raise
    except Exception as problem:  # noqa: BLE001 - no exception of botocore goes further
        _log.debug("%s failed", operation, exc_info=True)
        raise translate(problem, operation, write=write, repository=repository, sign_in=sign_in) from None


def translate(
    problem: Exception,
    operation: str,
    *,
    write: bool = False,
    repository: str = "",
    sign_in: Callable[[], str] | None = None,
) -> EcrTuiError:
    """Return the error of ecrtui for an exception; see :func:`translate_errors` for the arguments."""
    if isinstance(problem, ClientError):
        return _from_service(problem, operation, write, repository, sign_in)
    spec = _spec_of(problem)
    # The text of an unknown exception can hold anything, also a secret. Its name has to do.
    detail = type(problem).__name__ if spec is UNEXPECTED else _detail_of(problem)
    return _error(spec, detail, operation, repository, sign_in, ambiguous=write and not spec.unsent)


def _spec_of(problem: Exception) -> ErrorSpec:
    """Return the row for an exception that no service has answered, with a hint for what it is about."""
    spec = spec_of_exception(problem)
    if isinstance(problem, NoRegionError) and not is_configured(os.environ):
        return spec._replace(hint=f"{spec.hint} {LOOK_AROUND}")
    if isinstance(problem, PartialCredentialsError) and _facts_of(problem).get("provider") == _ENVIRONMENT:
        return spec._replace(hint=FIX_ENVIRONMENT)
    if isinstance(problem, EndpointConnectionError) and (region := _unknown_region(problem)):
        hint = f"AWS has no region {region} that ecrtui knows. Check the region: --region, AWS_REGION, the profile."
        return spec._replace(hint=hint)
    return spec


def _detail_of(problem: Exception) -> str:
    """Return the words of an exception. Those of botocore lack the place of a fault in a configuration file."""
    facts = _facts_of(problem)
    if isinstance(problem, ConfigParseError) and "path" in facts:
        return explain_parse_error(str(facts["path"]), facts.get("error"))
    if isinstance(problem, (NoCredentialsError, ProfileNotFound, NoRegionError)):
        return "\n".join(filter(None, [str(problem), unreadable_files(os.environ)]))
    if isinstance(problem, OSError) and problem.filename:
        return describe(problem, Path(problem.filename))
    return str(problem).strip()


def _facts_of(problem: Exception) -> Mapping[str, Any]:
    """Return what an exception of botocore is about."""
    facts: Mapping[str, Any] = getattr(problem, "kwargs", {})
    return facts


def _unknown_region(problem: EndpointConnectionError) -> str:
    """Return the region of an endpoint of AWS that no DNS knows, if it is not known here either; empty otherwise."""
    url = str(_facts_of(problem).get("endpoint_url", ""))
    return unknown_region_in(urlsplit(url).hostname or "") if is_aws(url) else ""


def kind_of(problem: BaseException) -> ErrorKind:
    """Return what an exception of ecrtui or botocore means; OTHER for all others."""
    if isinstance(problem, EcrTuiError):
        return problem.kind
    return kind_of_code(code_of(problem)) if isinstance(problem, ClientError) else ErrorKind.OTHER


def code_of(problem: ClientError) -> str:
    """Return the error code that a service answered; empty if there is none."""
    return str((problem.response.get("Error") or {}).get("Code") or "")


def message_of(problem: ClientError) -> str:
    """Return the words of the service; empty if there are none."""
    return str((problem.response.get("Error") or {}).get("Message") or "").strip()


def request_id_of(problem: ClientError) -> str:
    """Return the service's id of the failed request; empty if there is none."""
    metadata: Mapping[str, Any] = problem.response.get("ResponseMetadata") or {}
    headers: Mapping[str, str] = metadata.get("HTTPHeaders") or {}
    return str(metadata.get("RequestId") or headers.get("x-amzn-requestid") or "")


def _from_service(
    problem: ClientError, operation: str, write: bool, repository: str, sign_in: Callable[[], str] | None
) -> EcrTuiError:
    metadata: Mapping[str, Any] = problem.response.get("ResponseMetadata") or {}
    headers: Mapping[str, str] = metadata.get("HTTPHeaders") or {}
    code, status = code_of(problem), int(metadata.get("HTTPStatusCode") or 0)
    detail = message_of(problem) or code
    sign_in_failed = problem.operation_name not in ("", operation)  # STS or SSO answered, not ECR
    if sign_in_failed:
        detail = f"{problem.operation_name}: {detail}"
    spec = spec_of_code(code, status)
    if spec.error is CredentialsError and is_about_clock(detail):
        spec = CLOCK
    if spec is CLOCK and (theirs := headers.get("date")):
        detail = f"{detail} AWS says that it is {theirs}; this machine says {formatdate(usegmt=True)}."
    if spec is DENIED:
        spec = SIGN_IN_DENIED if sign_in_failed else DENIED_EXPLICITLY if "explicit deny" in detail else DENIED
    elif sign_in_failed and spec.error is Refused:
        spec = SIGN_IN_REFUSED
    return _error(
        spec,
        detail,
        problem.operation_name or operation,
        repository,
        sign_in,
        code=code,
        request_id=request_id_of(problem),
        ambiguous=write and not (sign_in_failed or 300 <= status < 500),
    )


def _error(
    spec: ErrorSpec,
    detail: str,
    operation: str,
    repository: str,
    sign_in: Callable[[], str] | None = None,
    *,
    code: str = "",
    request_id: str = "",
    ambiguous: bool = False,
) -> EcrTuiError:
    if SIGN_IN in spec.hint:
        hint = spec.hint.replace(SIGN_IN, sign_in() if sign_in else SIGN_IN_AGAIN)
    else:
        hint = spec.hint.format(repository=repository or "the repository", action=action_of(operation))
    return spec.error(
        spec.title.format(service=service_of(operation)),
        shorten(detail),
        hint,
        retryable=spec.retryable,
        kind=spec.kind,
        code=code,
        operation=operation,
        request_id=request_id,
        ambiguous=ambiguous,
    )


def shorten(text: str) -> str:
    """Return at most ``MAX_DETAIL`` characters of a message."""
    return text if len(text) <= MAX_DETAIL else text[:MAX_DETAIL] + "…"


def error_from_failure(failure: Mapping[str, Any], operation: str, repository: str = "") -> EcrTuiError:
    """Return the error for an ``ImageFailure`` in a reply of BatchGetImage or BatchDeleteImage."""
    code = str(failure.get("failureCode") or "")
    ids = (failure.get("imageId") or {}).values()
    detail = " ".join([*ids, str(failure.get("failureReason") or code)])
    return _error(spec_of_code(code), detail, operation, repository, code=code)


def listing_expired(error: EcrTuiError) -> ListingExpired:
    """Return the error for an expired page token, from the error that the service answered."""
    return ListingExpired(
        "The listing expired",
        error.detail,
        "Load the list again.",
        retryable=True,
        code=error.code,
        operation=error.operation,
        request_id=error.request_id,
    )


def integrity_error(title: str, detail: str, operation: str, *, ambiguous: bool = False) -> IntegrityError:
    """Return the error for content or a reply that does not match the request."""
    return IntegrityError(
        title,
        detail,
        "Check where the tag points now."
        if ambiguous
        else "The content was not used. Try again. If it fails again, check the proxies between here and ECR.",
        operation=operation,
        ambiguous=ambiguous,
    )
