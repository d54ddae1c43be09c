"""The in-process transport affects only the client that it is attached to."""

from __future__ import annotations

import socket
import threading
from datetime import datetime

import pytest
from botocore.exceptions import EndpointConnectionError

from ecrtui.emulator.blobs import CHUNK_SIZE
from ecrtui.emulator.in_process_transport import send
from ecrtui.emulator.service import EmbeddedRegistry
from tests.support.embedded import client_for, create_repository, digest_of, new_embedded, push_image


def test_the_transport_uses_no_socket_and_no_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    client = client_for(new_embedded())

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a socket was made")

    monkeypatch.setattr(socket, "socket", refuse)
    before = threading.active_count()
    create_repository(client, "team/app")
    push_image(client, "team/app", tag="1.0")
    assert threading.active_count() == before


def test_other_clients_of_the_session_are_not_affected() -> None:
    attached = client_for(new_embedded())
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))  # nobody listens there
        other = client_for(f"http://127.0.0.1:{reserved.getsockname()[1]}")
        with pytest.raises(EndpointConnectionError):
            other.describe_registry()
    assert attached.describe_registry()["registryId"] == "123456789012"


def test_clients_of_one_registry_share_data_and_registries_do_not() -> None:
    embedded = new_embedded()
    create_repository(client_for(embedded), "team/app")
    assert len(client_for(embedded).describe_repositories()["repositories"]) == 1
    assert client_for(new_embedded()).describe_repositories()["repositories"] == []


def test_accounts_in_one_database_have_repositories_of_their_own() -> None:
    ours = new_embedded()
    theirs = EmbeddedRegistry(ours.database, registry_id="999999999999", region="eu-west-1")
    create_repository(client_for(ours), "team/ours")
    create_repository(client_for(theirs), "team/theirs")
    client = client_for(ours)
    assert [entry["repositoryName"] for entry in client.describe_repositories()["repositories"]] == ["team/ours"]
    (seen,) = client_for(theirs).describe_repositories()["repositories"]
    assert seen["repositoryUri"] == "999999999999.dkr.ecr.eu-west-1.amazonaws.com/team/theirs"


def test_times_come_from_the_registrys_clock() -> None:
    client = client_for(new_embedded(clock=lambda: 1_700_000_000.25))
    made = create_repository(client, "team/app")["createdAt"]
    assert isinstance(made, datetime)
    assert made.timestamp() == 1_700_000_000.25


def test_a_download_reads_a_layer_in_pieces(empty: EmbeddedRegistry) -> None:
    ecr, content = client_for(empty), bytes(range(256)) * (3 * CHUNK_SIZE // 256)
    create_repository(ecr, "team/app")
    push_image(ecr, "team/app", layers=[content])
    answer = ecr.get_download_url_for_layer(repositoryName="team/app", layerDigest=digest_of(content))
    response = send(empty, None, "GET", answer["downloadUrl"], {"Range": "bytes=5-"})
    assert (response.status_code, response.headers["Content-Length"]) == (206, str(len(content) - 5))
    assert response.raw.read(300) == content[5:305]
    ecr.delete_repository(repositoryName="team/app", force=True)
    rest = b"".join(iter(lambda: response.raw.read(100_000), b""))
    assert rest == content[305:CHUNK_SIZE]  # the other pieces were not in memory
    response.raw.close()
