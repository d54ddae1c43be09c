"""Create boto3 clients on a session of ``configuration``. Loaded when the first client is needed, not before.

boto3 loads two things that clients never use: its resources and the S3 transfer manager. They take 25 ms of the 30 ms
that ``import boto3`` adds to botocore, a tenth of a run of ``ecrtui put-image``. So they are left out.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import TYPE_CHECKING, Any, cast

from ecrtui.redaction import hide_query_of
from ecrtui.registry.replies.reply_limit import LimitedHttpSession

if TYPE_CHECKING:
    from botocore.client import BaseClient
    from botocore.session import Session

_UNUSED = {"s3transfer.manager": "TransferConfig", "boto3.resources.factory": "ResourceFactory"}
"""Modules that boto3.session imports although clients never use them, and the class that it imports from each."""


class _Unused:
    """A placeholder for a class that boto3 imports and that clients never use."""

    def __init__(self, *_: Any) -> None: ...


@contextmanager
def _without_unused_modules() -> Iterator[None]:
    """Let imports in the block find placeholders for unused modules. Later imports find the modules themselves."""
    placeholders = {name: ModuleType(name) for name in _UNUSED if name not in sys.modules}
    for name, module in placeholders.items():
        setattr(module, _UNUSED[name], _Unused)
    sys.modules |= placeholders
    try:
        yield
    finally:
        for name in placeholders:
            del sys.modules[name]


try:
    with _without_unused_modules():
        import boto3.session
except ImportError:  # another version of boto3 needs more of them
    import boto3.session


class _ClientSession(boto3.session.Session):
    """A boto3 session for clients only, without boto3's resources."""

    def _setup_loader(self) -> None:
        """Do not search boto3's data folder, which has models of resources. The loader is shared by all sessions."""


def create_client(session: Session, service: str, **options: Any) -> BaseClient:
    """Create a client of a service; the options are those of ``boto3.Session.client``.

    Raises:
        botocore.exceptions.BotoCoreError: the configuration or the credentials are not valid.
        ValueError: the endpoint is not a URL.
    """
    client: BaseClient = cast(Any, _ClientSession(botocore_session=session)).client(service, **options)
    hide_query_of(str(client.meta.endpoint_url))
    endpoint = _endpoint_of(client)
    endpoint.http_session = LimitedHttpSession(endpoint.http_session)
    return client


def share_connections(client: BaseClient, other: BaseClient) -> None:
    """Let a client use the connections of another one, which has the same endpoint, time limits and TLS settings."""
    _endpoint_of(client).http_session = _endpoint_of(other).http_session


def _endpoint_of(client: BaseClient) -> Any:
    """Return the endpoint of a client: botocore has no public way to set its HTTP session."""
    return cast(Any, client)._endpoint
