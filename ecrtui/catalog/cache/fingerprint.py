"""Which registry a connection leads to, without asking anybody: the one that it led to the last time.

Rows of the last time can be on the first frame only if it is known whose rows they are before botocore is imported and
AWS is asked who the caller is. So a connection has a mark, made of everything that decides where it leads; the cache
remembers for each mark which registry it was. If anything of it changes, the mark does, and nothing is known.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from ecrtui.settings import Connection

_EXCLUDED_VARIABLES = frozenset({"AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN", "AWS_PAGER"})
"""Secrets and what changes at every sign-in: the access key's id tells whose they are."""

_FILES = {"AWS_CONFIG_FILE": "~/.aws/config", "AWS_SHARED_CREDENTIALS_FILE": "~/.aws/credentials"}


def connection_fingerprint(connection: Connection, environment: Mapping[str, str] | None = None) -> str:
    """A digest of the options, of every ``AWS_…`` variable that is no secret, and of the state of the AWS files.

    Two connections with one mark are configured alike. The files count by size and time of change, not by content.
    """
    import json  # neither this nor OpenSSL is loaded before the first frame
    from hashlib import sha256

    environment = os.environ if environment is None else environment
    variables = {name: environment[name] for name in sorted(environment) if name.startswith("AWS_")}
    known = [
        connection._asdict(),
        {name: value for name, value in variables.items() if name not in _EXCLUDED_VARIABLES},
        [_state(environment.get(name) or usual) for name, usual in _FILES.items()],
    ]
    return sha256(json.dumps(known, sort_keys=True).encode()).hexdigest()


def _state(file: str) -> tuple[str, int, int]:
    path = Path(file).expanduser()
    try:
        told = path.stat()
    except OSError:
        return (str(path), 0, 0)
    return (str(path), told.st_size, told.st_mtime_ns)
