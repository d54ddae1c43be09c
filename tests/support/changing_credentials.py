"""Credentials of a profile that change while a session runs."""

from __future__ import annotations

import json
import shlex
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.support.fake_sts import ACCOUNT, FakeSts


class ChangingCredentials:
    """The credentials of the profile ``p``. botocore reads them again before each request, because they expire soon.

    Args:
        home: the home folder; the profile is written there.
        sts: receives the account of each key.
    """

    def __init__(self, home: Path, sts: FakeSts) -> None:
        folder = home / ".aws"
        folder.mkdir(exist_ok=True)
        self._file = folder / "credentials.json"
        self._sts = sts
        (folder / "config").write_text(f"[profile p]\ncredential_process = cat {shlex.quote(str(self._file))}\n")
        self.become("FIRST")

    def become(self, key: str, account: str = ACCOUNT) -> None:
        """Give this access key, of this account, from now on. Its ARN is that of the user with the name of the key."""
        self._sts.accounts[key] = account
        soon = (datetime.now(UTC) + timedelta(minutes=5)).isoformat()
        names = {"AccessKeyId": key, "SecretAccessKey": "secret", "SessionToken": "token", "Expiration": soon}
        self._file.write_text(json.dumps({"Version": 1, **names}))
