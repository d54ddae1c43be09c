"""The errors of botocore as the AWS CLI tells them apart, and one made from an error of ecrtui."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any, NamedTuple, TypeGuard

from ecrtui.errors import EcrTuiError


class FailureKind(Enum):
    """The errors for which the AWS CLI has an exit code or a text of its own."""

    PARAMETERS = "parameters"
    """The parameters do not fit the model. Nothing was sent."""
    NO_REGION = "no region"
    NO_CREDENTIALS = "no credentials"
    SERVICE = "service"
    """The service answered with an error."""
    OTHER = "other"


class Failure(NamedTuple):
    """An error of botocore.

    Args:
        kind: what the AWS CLI calls it.
        fields: what the service answered, code and message first; empty unless it did.
    """

    kind: FailureKind
    fields: Mapping[str, Any]


def failure_of(problem: BaseException) -> Failure:
    """Return what the AWS CLI calls an exception."""
    from botocore import exceptions as raised

    if isinstance(problem, raised.ClientError):
        return Failure(FailureKind.SERVICE, _fields(problem.response))
    kinds = (
        (raised.ParamValidationError, FailureKind.PARAMETERS),
        (raised.NoRegionError, FailureKind.NO_REGION),
        (raised.NoCredentialsError, FailureKind.NO_CREDENTIALS),
    )
    return Failure(next((kind for cls, kind in kinds if isinstance(problem, cls)), FailureKind.OTHER), {})


def _fields(response: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the members of an error: those of every error first, then those of this one."""
    error = response.get("Error", {})
    modelled = {name: value for name, value in response.items() if name not in ("Error", "ResponseMetadata")}
    fields = {**modelled, **error}
    ordered = {name: fields.pop(name) for name in error if name in fields}
    return {**ordered, **fields}


def is_from_botocore(problem: BaseException) -> TypeGuard[Exception]:
    """Return True if botocore raised the exception for a failed call or a wrong configuration."""
    from botocore.exceptions import BotoCoreError, ClientError

    return isinstance(problem, (BotoCoreError, ClientError))


def as_client_error(error: EcrTuiError) -> Exception:
    """Return the error of botocore for an error that a service answered; any other error unchanged."""
    if not error.code or not error.operation:
        return error
    from botocore.exceptions import ClientError

    response: Any = {"Error": {"Code": error.code, "Message": error.detail}}
    return ClientError(response, error.operation)
