"""The files in which the AWS CLI keeps temporary credentials and sign-ins, read with care.

Other programs write them, and a full disk or a crash can leave anything in them. Temporary credentials that are
damaged, or that AWS has refused, are requested anew. A damaged sign-in is an error that names its file.
"""

from __future__ import annotations

import json
import logging
import os
import re
import stat
import threading
from collections.abc import Callable
from datetime import UTC
from pathlib import Path
from typing import Any

from botocore.utils import JSONFileCache
from dateutil.parser import parse  # type: ignore[import-untyped]

from ecrtui.errors import CredentialsError

_log = logging.getLogger(__name__)

_ACCESS_KEY = re.compile(r"\bCredential=([^/,\s]+)/")
"""The access key in the Authorization header (Signature Version 4)."""


class CredentialsCache(JSONFileCache):
    """The temporary credentials of assumed roles, as the AWS CLI keeps them.

    An entry that is damaged does not exist. An entry that AWS has refused is deleted, and no other.

    Args:
        folder: the folder of the files.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(str(folder))
        self._folder = folder
        self._refused: set[str] = set()
        """Access keys that AWS has refused. The file of one may be read-only, or may come back."""
        self._thread = threading.local()

    def __contains__(self, cache_key: str) -> bool:
        return self._usable(cache_key) is not None

    def __getitem__(self, cache_key: str) -> Any:
        if (entry := self._usable(cache_key)) is None:
            raise KeyError(cache_key)
        return entry

    def __setitem__(self, cache_key: str, value: Any) -> None:
        """Write an entry. Credentials that cannot be written still work."""
        try:
            super().__setitem__(cache_key, value)
        except OSError as problem:
            _log.debug("could not cache temporary credentials: %s", problem)

    def watch(self, session: Any) -> None:
        """Drop what AWS refuses from the replies to all clients that are created on this botocore session."""
        session.register("before-send", self._remember_key)
        session.register("after-call", self._drop_refused)

    def _usable(self, cache_key: str) -> dict[str, Any] | None:
        path = self._folder / f"{cache_key}.json"
        try:
            entry = super().__getitem__(cache_key) if path.is_file() else None
            if entry is None or entry["Credentials"]["AccessKeyId"] in self._refused:
                return None
            _check_credentials(entry)
        except (LookupError, TypeError, ValueError, OverflowError, RecursionError) as problem:
            _log.info("%s is not used: %r", path, problem)
            return None
        return dict(entry)

    def _remember_key(self, request: Any, **_: Any) -> None:
        found = _ACCESS_KEY.search(str(request.headers.get("Authorization", "")))
        self._thread.key = found[1] if found else ""

    def _drop_refused(self, parsed: Any, **_: Any) -> None:
        """Delete the entry with the key of the last request of this thread, if the reply refuses the credentials."""
        error = parsed.get("Error") if isinstance(parsed, dict) else None
        key = getattr(self._thread, "key", "")
        if not error or not key:
            return
        from ecrtui.registry.error_table import refuses_credentials

        if not refuses_credentials(str(error.get("Code", "")), str(error.get("Message", ""))):
            return
        self._refused.add(key)
        for path in self._folder.glob("*.json"):
            if self._key_in(path) == key:
                try:
                    path.unlink()
                except OSError as problem:
                    _log.info("%s has credentials that AWS refuses, and cannot be deleted: %s", path, problem)

    def _key_in(self, path: Path) -> str:
        try:
            entry = super().__getitem__(path.stem) if path.is_file() else None
            return str(entry["Credentials"]["AccessKeyId"]) if entry else ""
        except (LookupError, TypeError, RecursionError):
            return ""


def _check_credentials(entry: Any) -> None:
    """Check an entry of the cache.

    Raises:
        LookupError, TypeError, ValueError, OverflowError: a member is missing or not as botocore needs it.
    """
    for name in ("AccessKeyId", "SecretAccessKey", "SessionToken"):
        if not isinstance(entry["Credentials"][name], str):
            raise TypeError(name)
    _check_time(entry["Credentials"]["Expiration"])


class SignInCache(JSONFileCache):
    """The tokens of ``aws sso login``. The session writes them too, when it renews one.

    Args:
        folder: the folder of the files.
        hint: returns how the user can sign in.
    """

    def __init__(self, folder: Path, hint: Callable[[], str]) -> None:
        super().__init__(str(folder), _token_text)
        self._folder = folder
        self._hint = hint

    def __contains__(self, cache_key: str) -> bool:
        return os.path.lexists(self._folder / f"{cache_key}.json")

    def __getitem__(self, cache_key: str) -> Any:
        """Return a token.

        Raises:
            CredentialsError: the file is damaged; names the file.
        """
        path = self._folder / f"{cache_key}.json"
        if (reason := why_unreadable(path)) is None:
            try:
                token = super().__getitem__(cache_key)
                if not isinstance(token["accessToken"], str):
                    raise TypeError("accessToken")  # noqa: TRY301 - reported like the other faults
                _check_time(token["expiresAt"])
            except (LookupError, TypeError, ValueError, OverflowError, RecursionError):
                reason = "it is empty, cut short, or not a token"
            else:
                return token
        raise CredentialsError("The file with the sign-in cannot be used", f"{path}: {reason}.", self._hint())


def _token_text(token: Any) -> str:
    return json.dumps(token, default=lambda moment: moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))


def why_unreadable(path: Path) -> str | None:
    """Return why a file cannot be read; None if it can. Opens nothing that could block, such as a FIFO."""
    try:
        mode = path.stat().st_mode
    except OSError as problem:
        return problem.strerror or str(problem)
    if not stat.S_ISREG(mode):
        return "it is not a file"
    return None if os.access(path, os.R_OK) else "you have no permission to read it"


def _check_time(value: Any) -> None:
    if parse(value).tzinfo is None:
        raise ValueError("a time without a time zone")
