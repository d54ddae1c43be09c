"""The credentials that a user gets with an MFA code: ask again before they expire, and know when that is."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Any

from ecrtui.registry.credentials.role_requests import MfaCode, ask_for_six_digits

_NEW = timedelta(minutes=5)
"""Credentials that are not older are not replaced: new ones would not last longer."""

_locks: dict[str, Lock] = {}
"""By the key in the cache: connections of one process that need the same role ask for one code, and share the reply."""


class MfaCredentials:
    """The credentials of one session that need MFA codes.

    Args:
        ask: asks the user for a code.
    """

    def __init__(self, ask: MfaCode) -> None:
        self._ask = ask
        self._reason = ""
        self._asked_at: datetime | None = None
        self._all: list[tuple[Any, Any]] = []
        """The credentials, and the fetcher of botocore that keeps them in the cache."""

    def ask(self, question: str) -> str:
        """Ask for a code; say why, if it is not evident."""
        reason, self._reason = self._reason, ""
        code = ask_for_six_digits(self._ask, reason + question)
        self._asked_at = datetime.now(UTC)
        return code

    def adapt(self, credentials: Any) -> Any:
        """Let the credentials of a role ask for another code when they end. botocore asks once and then fails."""
        refresh = credentials._refresh_using
        if not hasattr(refresh, "_has_been_called"):  # a role without MFA
            return credentials
        fetcher = refresh._refresh.__self__
        self._all.append((credentials, fetcher))

        def ask_when_needed() -> Any:
            if must_be_renewed(credentials):
                refresh._has_been_called = False
            with _locks.setdefault(fetcher._cache_key, Lock()):
                return refresh()

        credentials._refresh_using = ask_when_needed
        return credentials

    @property
    def ends(self) -> datetime | None:
        """When the first of the credentials end; None if the session uses none."""
        return min((ends for entry, _ in self._all if (ends := _end_of(entry)) is not None), default=None)

    def ensure(self, seconds: float) -> None:
        """Ask for a new code now if the credentials end within some seconds.

        Raises:
            CredentialsError: the user entered none, or AWS refuses the request. The credentials stay as they were.
        """
        now = datetime.now(UTC)
        if self._asked_at is not None and now - self._asked_at < _NEW:
            return
        for credentials, fetcher in self._all:
            end = _end_of(credentials)
            margin = credentials._mandatory_refresh_timeout
            if end is not None and end - now < timedelta(seconds=seconds + margin):
                minutes = max(round((end - now).total_seconds() / 60), 0)
                self._reason = f"The credentials end in {minutes} min, before this run does.\n"
                _renew(credentials, fetcher)


def must_be_renewed(credentials: Any) -> bool:
    """Return whether credentials are about to expire.

    botocore first tries to renew them while they are still good for some minutes. That must not ask the user.
    """
    return bool(credentials.refresh_needed(credentials._mandatory_refresh_timeout))


def _end_of(credentials: Any) -> datetime | None:
    """Return when credentials expire; None before their first use. botocore has no public way to find out."""
    end: datetime | None = credentials._expiry_time
    return end


def _renew(credentials: Any, fetcher: Any) -> None:
    """Get new credentials. If that fails, restore the old ones, also in the cache."""
    cache, key, end = fetcher._cache, fetcher._cache_key, credentials._expiry_time
    cached = None
    with suppress(KeyError):  # it is not cached, or another process deletes it now
        cached = cache[key]
        del cache[key]
    credentials._expiry_time = datetime.now(UTC)
    try:
        credentials.get_frozen_credentials()
    except BaseException:
        credentials._expiry_time = end
        if cached is not None:
            cache[key] = cached
        raise
