"""The tokens and the client registrations of IAM Identity Center, in the files of the AWS CLI.

Other programs write them too, and a full disk or a crash can leave anything in them.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from botocore.utils import JSONFileCache
from dateutil.parser import parse  # type: ignore[import-untyped]

from ecrtui.paths import expand
from ecrtui.registry.credentials.cache import check_time, why_unreadable
from ecrtui.registry.sso.configuration import SSO_CACHE, DamagedToken

_log = logging.getLogger(__name__)

_unsaved: dict[Path, dict[str, Any]] = {}
"""Tokens and registrations that could not be written, by their files. This process uses them."""


class TokenCache(JSONFileCache):
    """The tokens, as botocore reads and renews them.

    Args:
        hint: returns how the user can sign in.
    """

    def __init__(self, hint: Callable[[], str] = lambda: "") -> None:
        self._folder = expand(SSO_CACHE)
        super().__init__(str(self._folder), _token_text)
        self._hint = hint
        self.used = ""
        """The token that was read or written last; empty if there is none that can be used."""

    def __contains__(self, cache_key: str) -> bool:
        return self._kept(cache_key) is not None or os.path.lexists(self._path(cache_key))

    def __getitem__(self, cache_key: str) -> Any:
        """Return a token.

        Raises:
            DamagedToken: the file is damaged; names the file.
        """
        self.used = ""
        token, reason = self._kept(cache_key), ""
        if token is None:
            token, reason = self._read(cache_key)
        if token is not None:
            self.used = token["accessToken"]
            return token
        detail = f"{self._path(cache_key)}: {reason}."
        raise DamagedToken("The file with the sign-in cannot be used", detail, self._hint())

    def __setitem__(self, cache_key: str, value: Any) -> None:
        """Write a token or a registration. One that cannot be written is kept for this process."""
        path = self._path(cache_key)
        self.used = str(value.get("accessToken", ""))
        try:
            super().__setitem__(cache_key, value)
        except OSError as problem:
            _log.warning("%s cannot be written: %s", path, problem)
            _unsaved[path] = json.loads(_token_text(value))
        else:
            _unsaved.pop(path, None)

    def find(self, cache_key: str) -> dict[str, Any] | None:
        """Return a token; None if there is none that can be read. It may have expired."""
        return self._kept(cache_key) or self._read(cache_key)[0]

    def find_other(self, cache_key: str, refused: str) -> dict[str, Any] | None:
        """Return a token that has not expired, and is not the refused one: another program has got it; None if not."""
        found = self.find(cache_key)
        if found is None or found["accessToken"] == refused or has_ended(found, datetime.now(UTC)):
            return None
        return found

    def find_registration(self, cache_key: str) -> dict[str, Any] | None:
        """Return the registration of a client; None if there is none that can be read."""
        path = self._path(cache_key)
        if path in _unsaved:
            return _unsaved[path]
        try:
            found = super().__getitem__(cache_key) if why_unreadable(path) is None else None
        except (LookupError, RecursionError):
            return None
        return found if isinstance(found, dict) else None

    def forget(self, cache_key: str) -> None:
        """Delete an entry, if there is one."""
        path = self._path(cache_key)
        _unsaved.pop(path, None)
        try:
            path.unlink(missing_ok=True)
        except OSError as problem:
            _log.info("%s cannot be deleted: %s", path, problem)

    def is_saved(self, cache_key: str) -> bool:
        """Return whether the newest entry is in its file, so that other programs can use it."""
        return self._path(cache_key) not in _unsaved

    def _path(self, cache_key: str) -> Path:
        return self._folder / f"{cache_key}.json"

    def _kept(self, cache_key: str) -> dict[str, Any] | None:
        """Return the token of this process alone, unless it has expired: there may be a newer one in the file."""
        kept = _unsaved.get(self._path(cache_key))
        return None if kept is None or has_ended(kept, datetime.now(UTC)) else kept

    def _read(self, cache_key: str) -> tuple[dict[str, Any] | None, str]:
        """Return the token in a file, and why there is none."""
        if (reason := why_unreadable(self._path(cache_key))) is not None:
            return None, reason
        try:
            token = super().__getitem__(cache_key)
            if not isinstance(token["accessToken"], str):
                raise TypeError("accessToken")  # noqa: TRY301 - reported like the other faults
            check_time(token["expiresAt"])
        except (LookupError, TypeError, ValueError, OverflowError, RecursionError):
            return None, "it is empty, cut short, or not a token"
        return token, ""


def has_ended(entry: Mapping[str, Any], now: datetime) -> bool:
    """Return whether the end of a token or a registration, ``expiresAt``, has passed, or cannot be read."""
    try:
        check_time(entry["expiresAt"])
    except (LookupError, TypeError, ValueError, OverflowError):
        return True
    return bool(parse(entry["expiresAt"]) <= now)


def _token_text(token: Any) -> str:
    return json.dumps(token, default=lambda moment: moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))
