"""A fingerprint of a connection, to find the registry that it led to the last time without a request.

The first frame can show cached rows only if their registry is known before botocore is imported and AWS is asked for
the caller's identity. So the cache remembers the registry of each fingerprint. The fingerprint covers everything that
decides which registry a connection leads to. If any of it changes, the fingerprint changes, and nothing is known.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from ecrtui.paths import AWS_FILES, expand
from ecrtui.redaction import public_url
from ecrtui.settings import Connection

_EXCLUDED_VARIABLES = frozenset(
    {
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_SECURITY_TOKEN",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN",
        "AWS_PAGER",
    }
)
"""Secrets, and values that every sign-in changes. The access key id identifies the account."""


def connection_fingerprint(connection: Connection, environment: Mapping[str, str] | None = None) -> str:
    """Return a digest of the options, the ``AWS_…`` variables that are not secret, and the state of the AWS files.

    Two connections with the same fingerprint have the same configuration. The files count by size and modification
    time, not by content.
    """
    import json  # neither this nor OpenSSL is loaded before the first frame
    from hashlib import sha256

    environment = os.environ if environment is None else environment
    variables = {name: environment[name] for name in sorted(environment) if name.startswith("AWS_")}
    facts = [
        connection._asdict(),
        {name: value for name, value in variables.items() if name not in _EXCLUDED_VARIABLES},
        [_file_state(environment.get(name) or default) for name, default in AWS_FILES.items()],
    ]
    return sha256(public_url(json.dumps(facts, sort_keys=True)).encode()).hexdigest()


def _file_state(file: str) -> tuple[str, int, int]:
    path = expand(file)
    try:
        status = path.stat()
    except OSError:
        return (str(path), 0, 0)
    return (str(path), status.st_size, status.st_mtime_ns)
