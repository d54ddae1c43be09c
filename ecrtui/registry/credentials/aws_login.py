"""Profiles of ``aws login``: with botocore if it can, and otherwise with an AWS CLI 2 that is installed.

botocore needs its part ``crt`` (awscrt) to sign with the key of ``aws login``. It is the extra ``ecrtui[login]``.
"""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Callable
from typing import Any

from botocore.credentials import ProcessProvider
from botocore.exceptions import MissingDependencyException

from ecrtui.errors import CredentialsError

_UNKNOWN_COMMAND = "invalid choice"
"""What an AWS CLI 1 says of ``export-credentials``, in lower case (argparse)."""
_TITLE = "The credentials of aws login cannot be read"
_EXTRA = "pip install 'ecrtui[login]' or pipx inject ecrtui 'botocore[crt]'"


def adapt_login(provider: Any, run_process: Callable[[Any], None], hint: Callable[[], str]) -> None:
    """Let the AWS CLI export the credentials of ``aws login`` if botocore cannot use them.

    Args:
        provider: a LoginProvider of botocore.
        run_process: adapts the provider of a ``credential_process``.
        hint: returns how the user can sign in.
    """
    load = provider.load

    def load_or_export() -> Any:
        try:
            return load()
        except MissingDependencyException:
            return _export(provider._profile_name, run_process, hint)

    provider.load = load_or_export


def _export(profile: str, run_process: Callable[[Any], None], hint: Callable[[], str]) -> Any:
    program = shutil.which("aws")
    if program is None:
        raise CredentialsError(
            _TITLE,
            f"The profile {profile} has a login_session. botocore[crt] is not installed, and neither is the AWS CLI.",
            f"Install one of them: {_EXTRA}. Or install the AWS CLI 2. Then try again.",
        )
    command = shlex.join([program, "configure", "export-credentials", "--profile", profile, "--format", "process"])
    provider = ProcessProvider(profile, lambda: {"profiles": {profile: {"credential_process": command}}})
    run_process(provider)
    try:
        return provider.load()
    except CredentialsError as error:
        if _UNKNOWN_COMMAND in error.detail.lower():
            raise CredentialsError(
                _TITLE,
                f"{program} is an AWS CLI 1, which does not know `aws login`.",
                f"Install {_EXTRA}. Or put an AWS CLI 2 first on the PATH. Then try again.",
            ) from None
        raise CredentialsError(
            _TITLE, error.detail, f"{hint()} It needs the AWS CLI 2. Without it: {_EXTRA}."
        ) from None
