"""The requests for the credentials of a role: ask again after a refused MFA code, and explain a denial.

botocore asks for the code once, and reports a refused one like a missing permission.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ClientError, ParamValidationError

from ecrtui.errors import CredentialsError
from ecrtui.registry.error_table import is_denied, refuses_credentials
from ecrtui.registry.errors import code_of, message_of, request_id_of, translate

MfaCode = Callable[[str], str]
"""Asks the user for the code of an MFA device: takes the question, returns the code."""

_SIX_DIGITS = re.compile(r"[0-9]{6}")
"""The pattern of a code. The API documents ``[\\d]*`` with six characters: ``TokenCode`` of AssumeRole."""

_REFUSED_CODE = "MultiFactorAuthentication failed"
"""What STS says of a wrong or used code, and of a device that it does not know."""

_UNKNOWN_DEVICE = "serial number"


def ask_for_six_digits(ask: MfaCode, question: str) -> str:
    """Ask for an MFA code until the answer can be one. Blanks in it are left out."""
    notice = ""
    while True:
        code = ask(notice + question).replace(" ", "")
        if _SIX_DIGITS.fullmatch(code):
            return code
        notice = "An MFA code has six digits.\n"


def creator_of_role_clients(
    create: Callable[..., Any], ask: MfaCode, source_hint: Callable[[], str]
) -> Callable[..., Any]:
    """Return a function that creates clients as botocore's credential providers need them.

    Args:
        create: creates a client of STS or SSO.
        ask: asks for an MFA code after one was refused.
        source_hint: returns how the user can renew the credentials that request a role.
    """
    return lambda *arguments, **options: _RoleClient(create(*arguments, **options), ask, source_hint)


class _RoleClient:
    """A client of STS or SSO whose requests for role credentials explain a denial.

    Raises:
        CredentialsError: the caller may not have the role.
    """

    def __init__(self, client: Any, ask: MfaCode, source_hint: Callable[[], str]) -> None:
        self._client = client
        self._ask = ask
        self._source_hint = source_hint

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def assume_role(self, **parameters: Any) -> Any:
        """Assume a role; ask for another MFA code while STS refuses the code."""
        while True:
            try:
                return self._client.assume_role(**parameters)
            except ClientError as problem:
                if refuses_credentials(code_of(problem), message_of(problem)):
                    raise translate(problem, "Sign-in", sign_in=self._source_hint) from None
                if "TokenCode" not in parameters or not _is_refused_code(problem):
                    raise _explained(problem, _assume_role_hint(parameters)) from None
            notice = "AWS did not accept the code. A code works once: wait for the next one.\n"
            parameters["TokenCode"] = self._ask(f"{notice}Enter MFA code for {parameters['SerialNumber']}: ")

    def assume_role_with_web_identity(self, **parameters: Any) -> Any:
        """Assume a role for a token."""
        try:
            return self._client.assume_role_with_web_identity(**parameters)
        except ParamValidationError:
            token = parameters["WebIdentityToken"]
            raise CredentialsError(
                "The web identity token cannot be used",
                f"Its file has {len(token)} characters, which is not a token.",
                self._source_hint(),
            ) from None
        except ClientError as problem:
            hint = (
                f"Check role_arn (AWS_ROLE_ARN). Or ask for a trust policy of {parameters['RoleArn']} that allows "
                "sts:AssumeRoleWithWebIdentity with this token."
            )
            raise _explained(problem, hint) from None

    def get_role_credentials(self, **parameters: Any) -> Any:
        """Get the credentials of a role of IAM Identity Center."""
        try:
            return self._client.get_role_credentials(**parameters)
        except ClientError as problem:
            hint = (
                f"Ask for the role {parameters['roleName']} in account {parameters['accountId']} "
                "in IAM Identity Center, or use another profile."
            )
            raise _explained(problem, hint, "ResourceNotFoundException") from None


def _is_refused_code(problem: ClientError) -> bool:
    message = message_of(problem)
    return _REFUSED_CODE in message and _UNKNOWN_DEVICE not in message


def _assume_role_hint(parameters: Mapping[str, Any]) -> str:
    hint = (
        f"Ask for the IAM permission sts:AssumeRole on {parameters['RoleArn']}, and for a trust policy of the role "
        "that allows you. Or use another profile."
    )
    if "SerialNumber" not in parameters:
        hint += " If the role requires MFA, add mfa_serial to the profile."
    return hint


def _explained(problem: ClientError, hint: str, *more_codes: str) -> Exception:
    """Return the error to raise for a failed request: the denial of a role in our words, everything else as it is."""
    code, message = code_of(problem), message_of(problem)
    if not is_denied(code) and code not in more_codes:
        return problem
    title = "The role cannot be used"
    if _UNKNOWN_DEVICE in message and _REFUSED_CODE in message:
        title, hint = "AWS does not know the MFA device", "Check mfa_serial of the profile in ~/.aws/config."
    elif "explicit deny" in message:
        hint = "A policy denies it explicitly. Ask the owner of the policy, or use another profile."
    return CredentialsError(
        title,
        f"{problem.operation_name}: {message or code}",
        hint,
        code=code,
        operation=problem.operation_name,
        request_id=request_id_of(problem),
    )
