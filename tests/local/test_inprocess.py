"""The in-process transport touches the client that it is attached to, and nothing else."""

from __future__ import annotations

import socket
import threading
from datetime import datetime

import pytest
from botocore.config import Config
from botocore.exceptions import ConnectionClosedError, EndpointConnectionError

from tests.support.embedded import _session, client_for, create_repository, new_embedded, push_image


def test_it_needs_no_socket_and_no_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    client = client_for(new_embedded())

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a socket was made")

    monkeypatch.setattr(socket, "socket", refuse)
    before = threading.active_count()
    create_repository(client, "team/app")
    push_image(client, "team/app", tag="1.0")
    assert threading.active_count() == before


def test_other_clients_of_the_same_session_are_left_alone() -> None:
    attached = client_for(new_embedded())
    other = _session().client(
        "ecr",
        region_name="eu-west-1",
        endpoint_url="http://127.0.0.1:1",
        aws_access_key_id="AKIDEXAMPLE",
        aws_secret_access_key="secret",
        config=Config(retries={"mode": "standard", "total_max_attempts": 1}),
    )
    with pytest.raises((EndpointConnectionError, ConnectionClosedError)):
        other.describe_registry()
    assert attached.describe_registry()["registryId"] == "123456789012"


def test_two_clients_share_a_registry_and_two_registries_do_not() -> None:
    embedded = new_embedded()
    create_repository(client_for(embedded), "team/app")
    assert len(client_for(embedded).describe_repositories()["repositories"]) == 1
    assert client_for(new_embedded()).describe_repositories()["repositories"] == []


def test_the_clock_is_the_registrys_own() -> None:
    client = client_for(new_embedded(clock=lambda: 1_700_000_000.25))
    made = create_repository(client, "team/app")["createdAt"]
    assert isinstance(made, datetime)
    assert made.timestamp() == 1_700_000_000.25
