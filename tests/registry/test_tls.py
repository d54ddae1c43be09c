"""TLS with a private certificate, for the service and for downloads."""

from __future__ import annotations

import os
import shutil
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from ecrtui.emulator.http.server import EmbeddedServer
from ecrtui.errors import ConnectionFailed, NotFound
from ecrtui.registry.client import Clients
from ecrtui.settings import Connection
from ecrtui.wiring import open_registry
from tests.registry.conftest import WriteFile, failed
from tests.registry.credentials.test_sign_in import ROLE
from tests.support.embedded import REGISTRY_ID, new_embedded
from tests.support.fake_sts import FakeSts

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="makes its certificate with openssl")


@pytest.fixture
def url(certificate: Path, no_sdk_retries: None) -> Iterator[str]:
    server = EmbeddedServer(new_embedded())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield f"https://127.0.0.1:{server.server_port}"
    server.stop()
    thread.join()


def reach(connection: Connection) -> str:
    """Reach the storage and the registry; return the account of the registry."""
    with pytest.raises(NotFound):
        Clients(connection).content.downloads.fetch(f"{connection.endpoint_url}/layers/none", 10)
    return open_registry(connection).location().registry_id


def test_an_untrusted_certificate_is_an_error_with_a_hint(url: str) -> None:
    registry = open_registry(Connection(endpoint_url=url))
    for call in (registry.location, lambda: registry.untag("team/app", "x")):
        with pytest.raises(ConnectionFailed) as caught:
            call()
        assert "certificate" in caught.value.title
        assert "--ca-bundle" in caught.value.hint
        assert not caught.value.ambiguous


def test_a_server_without_tls_is_an_error_that_says_so(no_sdk_retries: None) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=answer_without_tls, args=(server,))
        thread.start()
        registry = open_registry(Connection(endpoint_url=f"https://127.0.0.1:{server.getsockname()[1]}"))
        error = failed(registry.untag, "team/app", "x")
        thread.join()
    assert error.title == "No TLS connection to the service"
    assert not error.ambiguous


def answer_without_tls(server: socket.socket) -> None:
    connection, _ = server.accept()
    with connection:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")


def test_a_write_is_ambiguous_if_tls_breaks_after_the_request(certificate: Path, no_sdk_retries: None) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=answer_garbage, args=(server, context))
        thread.start()
        url = f"https://127.0.0.1:{server.getsockname()[1]}"
        registry = open_registry(Connection(endpoint_url=url, ca_bundle=str(certificate)))
        error = failed(registry.untag, "team/app", "x")
        thread.join()
    assert error.title == "The TLS connection failed"
    assert error.ambiguous


def answer_garbage(server: socket.socket, context: ssl.SSLContext) -> None:
    """Answer a request over TLS with a record that cannot be decrypted.

    It reads the whole request first, and then until the client closes: a close with unread bytes would reset the
    connection before the client has read the record.
    """
    connection, _ = server.accept()
    with context.wrap_socket(connection, server_side=True) as secure:
        request = b""
        while not request.endswith(b"}"):
            received = secure.recv(65536)
            assert received
            request += received
        with socket.socket(fileno=os.dup(secure.fileno())) as plain:
            plain.sendall(b"\x17\x03\x03\x00\x20" + b"\0" * 32)
            while plain.recv(65536):
                pass  # the alert of the client


def test_a_download_verifies_the_certificate(url: str) -> None:
    clients = Clients(Connection(endpoint_url=url))
    with pytest.raises(ConnectionFailed) as caught, clients.calling("GetDownloadUrlForLayer"):
        clients.content.downloads.fetch(f"{url}/layers/none", 10)
    assert "certificate" in caught.value.title


def test_a_certificate_file_is_trusted(url: str, certificate: Path) -> None:
    assert reach(Connection(endpoint_url=url, ca_bundle=str(certificate))) == REGISTRY_ID


@pytest.mark.parametrize("variable", ["AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"])
def test_a_certificate_file_of_the_environment_is_trusted(
    url: str, certificate: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, str(certificate))
    assert reach(Connection(endpoint_url=url)) == REGISTRY_ID


@pytest.mark.parametrize("kind", ["empty", "folder", "missing"])
def test_certificates_that_cannot_be_read_are_not_a_fault_of_the_network(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    bundle = tmp_path / "bundle.pem"
    if kind == "empty":
        bundle.touch()
    elif kind == "folder":
        bundle.mkdir()
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(bundle))
    error = failed(open_registry(Connection(endpoint_url=url)).untag, "team/app", "x")
    assert error.title == "The CA certificates cannot be read"
    assert "REQUESTS_CA_BUNDLE" in error.hint
    assert not error.ambiguous
    assert not error.retryable


@pytest.mark.filterwarnings("ignore:Unverified HTTPS request")
def test_no_verify_ssl_accepts_any_certificate(url: str) -> None:
    assert reach(Connection(endpoint_url=url, verify_ssl=False)) == REGISTRY_ID


def test_a_certificate_file_is_trusted_for_the_sign_in(
    certificate: Path, served: str, profiles: WriteFile, monkeypatch: pytest.MonkeyPatch, no_sdk_retries: None
) -> None:
    profiles(ROLE)
    sts = FakeSts()
    sts.use_tls(certificate)
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", sts.url)
    with sts:
        connection = Connection(profile="role", endpoint_url=served)
        assert "certificate" in failed(open_registry(connection).location).title
        assert open_registry(connection._replace(ca_bundle=str(certificate))).location().registry_id == REGISTRY_ID
