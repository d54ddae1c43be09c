"""The files in which the AWS CLI keeps temporary credentials, read with care.

Other programs write them, and a full disk or a crash can leave anything in them. Temporary credentials that are
damaged, or that AWS has refused, are requested anew.
"""

from __future__ import annotations

import logging
import os
import re
import stat
import threading
from pathlib import Path
from typing import Any

from botocore.utils import JSONFileCache
from dateutil.parser import parse  # type: ignore[import-untyped]

_log = logging.getLogger(__name__)

_ACCESS_KEY = re.compile(r"\bCredential=([^/,\s]+)/")
"""The access key in the Authorization header (Signature Version 4)."""


class CredentialsCache(JSONFileCache):
    """The temporary credentials of assumed roles, as the AWS CLI keeps them.

    A damaged entry counts as missing. Only an entry that AWS has refused is deleted.

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
            entry = super().__getitem__(cache_key) if why_unreadable(path) is None else None
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
            entry = super().__getitem__(path.stem) if why_unreadable(path) is None else None
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
    check_time(entry["Credentials"]["Expiration"])


def why_unreadable(path: Path) -> str | None:
    """Return why a file cannot be read; None if it can. Opens nothing that could block, such as a FIFO."""
    try:
        mode = path.stat().st_mode
    except OSError as problem:
        return problem.strerror or str(problem)
    if not stat.S_ISREG(mode):
        return "it is not a file"
    return None if os.access(path, os.R_OK) else "you have no permission to read it"


def check_time(value: Any) -> None:
    """Check that a value is a time with a time zone.

    Raises:
        TypeError, ValueError, OverflowError: it is not.
    """
    if parse(value).tzinfo is None:
        raise ValueError("a time without a time zone")
