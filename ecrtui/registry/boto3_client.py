"""Create boto3 clients on a session of ``configuration``. Loaded when the first client is needed, not before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import boto3.session

if TYPE_CHECKING:
    from botocore.client import BaseClient
    from botocore.session import Session


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
    return client
