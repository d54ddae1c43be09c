"""The registry over a real socket, with faults that only a network has."""

from __future__ import annotations

import hashlib
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import urlsplit

import pytest

from ecrtui.ecr.location import RegistryLocation
from ecrtui.ecr.manifest import DescriptorRole, parse_manifest
from ecrtui.errors import AccessDenied, ConnectionFailed, EcrTuiError, NotFound, Refused, Throttled
from ecrtui.registry.gateway import EcrRegistry
from ecrtui.registry.layers.blobs import Downloads, NetworkSender
from ecrtui.settings import Connection
from ecrtui.wiring import open_registry
from tests.registry.conftest import RegistryEnv, config_of, failed
from tests.support.embedded import REGISTRY_ID, digest_of, push_image
from tests.support.local_server import LocalServer, QuietHandler
from tests.support.terminal import wait_for


@pytest.fixture
def registry(served: str) -> EcrRegistry:
    return open_registry(Connection(endpoint_url=served))


def test_list_read_retag_and_untag_over_http(env: RegistryEnv, served: str, registry: EcrRegistry) -> None:
    pushed = push_image(env.client, "team/app", tag="1.0")
    assert registry.location() == RegistryLocation(REGISTRY_ID, "eu-west-1", served)
    assert [repository.name for page in registry.repositories() for repository in page.items] == ["team/app"]
    (image,) = next(registry.images("team/app")).items
    manifest = registry.manifest("team/app", image.digest)
    assert manifest.text == pushed.manifest
    config = config_of(manifest.text)
    assert len(registry.blob("team/app", config.digest, 10_000)) == config.size
    assert registry.put_image("team/app", manifest, "prod").manifest == pushed.manifest
    assert registry.tag_is_at("team/app", "prod", pushed.digest)
    registry.untag("team/app", "1.0")
    assert env.tags() == {"prod": pushed.digest}


FAULTS = [
    ("drop-before", ConnectionFailed, True),
    ("drop-after", ConnectionFailed, True),
    ("cut", ConnectionFailed, True),
    ("unavailable", ConnectionFailed, True),
    ("throttle", Throttled, False),
]


@pytest.mark.parametrize(("fault", "kind", "ambiguous"), FAULTS)
def test_a_network_fault_says_if_the_write_may_have_been_applied(
    env: RegistryEnv, no_sdk_retries: None, served: str, fault: str, kind: type[EcrTuiError], ambiguous: bool
) -> None:
    pushed = push_image(env.client, "team/app", tag="1.0")
    registry = open_registry(Connection(endpoint_url=served))
    manifest = registry.manifest("team/app", pushed.digest)
    env.embedded.calls.clear()
    env.fault(f"PutImage:{fault}")
    error = failed(lambda: registry.put_image("team/app", manifest, "prod"))
    assert (type(error), error.ambiguous, error.retryable) == (kind, ambiguous, True)
    assert env.embedded.calls["PutImage"] == 1
    assert ("prod" in env.tags()) == (fault in ("drop-after", "cut"))


@contextmanager
def relay(url: str) -> Iterator[tuple[str, list[socket.socket]]]:
    """Pass connections on to a server; yield the URL, and the connections so far."""
    target = urlsplit(url)
    accepted: list[socket.socket] = []

    def pass_on(source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65_536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)

    def accept() -> None:
        with suppress(OSError):  # the listener was shut down
            while True:
                client, _ = listener.accept()
                accepted.append(client)
                server = socket.create_connection((str(target.hostname), int(target.port or 0)))
                for ends in ((client, server), (server, client)):
                    threading.Thread(target=pass_on, args=ends, daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=accept, daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", accepted
        listener.shutdown(socket.SHUT_RDWR)


def test_a_write_uses_the_connection_of_the_read_before_it(env: RegistryEnv, served: str) -> None:
    pushed = push_image(env.client, "team/app", tag="1.0")
    with relay(served) as (url, connections):
        registry = open_registry(Connection(endpoint_url=url))
        manifest = registry.manifest("team/app", pushed.digest)
        registry.put_image("team/app", manifest, "prod")
        assert not registry.images_by_tag("team/app", ["other"])
        assert len(connections) == 1


def test_a_request_of_the_oci_api_uses_the_connection_of_the_one_before(env: RegistryEnv, served: str) -> None:
    """To open one takes three round trips more, and a promotion mounts each layer."""
    pushed = push_image(env.client, "team/app", layers=[b"one", b"two", b"three"])
    env.client.put_account_setting(name="BLOB_MOUNTING", value="ENABLED")
    with relay(served) as (url, connections):
        registry = open_registry(Connection(endpoint_url=url))
        registry.create_repository("team/other")
        before = len(connections)
        for layer in parse_manifest(pushed.manifest).with_role(DescriptorRole.LAYER):
            assert registry.mount_layer("team/other", layer.digest, "team/app")
        assert len(connections) == before + 1
        for content in ("four", "five"):  # with a longer time limit
            registry.push_layer("team/other", digest_of(content), 4, [content.encode()])
        assert len(connections) == before + 2


@pytest.mark.parametrize(("fault", "kind", "_"), FAULTS)
def test_a_network_fault_of_a_read_is_an_error_of_the_right_kind(
    env: RegistryEnv, no_sdk_retries: None, served: str, fault: str, kind: type[EcrTuiError], _: object
) -> None:
    env.fault(f"DescribeImages:{fault}:times=1")
    registry = open_registry(Connection(endpoint_url=served))
    error = failed(lambda: next(registry.images("team/app")))
    assert (type(error), error.ambiguous, error.retryable) == (kind, False, True)
    assert next(registry.images("team/app")).items == ()


def test_a_reply_after_the_read_timeout_is_ambiguous(env: RegistryEnv, no_sdk_retries: None, served: str) -> None:
    pushed = push_image(env.client, "team/app", tag="1.0")
    manifest = open_registry(Connection(endpoint_url=served)).manifest("team/app", pushed.digest)
    registry = open_registry(Connection(endpoint_url=served, read_timeout=1))
    env.fault("PutImage:latency:seconds=10")
    error = failed(lambda: registry.put_image("team/app", manifest, "prod"))
    assert error.title == "The service did not answer in time"
    assert error.ambiguous
    assert "--cli-read-timeout" in error.hint
    wait_for(lambda: env.tags().get("prod") == pushed.digest)


# downloads, from a server that behaves like S3 or a broken proxy

Answer = Callable[[BaseHTTPRequestHandler], None]


@contextmanager
def storage(**answers: Answer) -> Iterator[str]:
    class Handler(QuietHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            answers[self.path.strip("/").partition("?")[0]](self)

    with LocalServer(Handler) as server:
        yield server.url


def content(data: bytes, length: int | None = None) -> Answer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(data) if length is None else length))
        handler.end_headers()
        handler.wfile.write(data)
        handler.close_connection = True

    return answer


def status(code: int, **headers: str) -> Answer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(code)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return answer


def fetch(url: str, limit: int = 1000) -> bytes:
    return Downloads(partial(NetworkSender(True, (2, 2)), "GET")).fetch(url, limit)


def test_a_download_follows_redirects() -> None:
    with storage(there=content(b"x" * 10), here=status(307, Location="/there")) as url:
        assert fetch(f"{url}/here?X-Amz-Signature=1") == b"x" * 10


@pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://127.0.0.1/x", "gopher://127.0.0.1/"])
def test_a_download_follows_no_redirect_to_another_scheme(target: str) -> None:
    with storage(here=status(302, Location=target)) as url:
        error = failed(lambda: fetch(f"{url}/here"))
    assert isinstance(error, Refused)
    assert "passwd" not in str(error)


def test_a_redirect_loop_ends() -> None:
    with storage(here=status(302, Location="/here")) as url:
        assert "circles" in failed(lambda: fetch(f"{url}/here")).title


@pytest.mark.parametrize(
    ("code", "kind", "retryable"),
    [(403, AccessDenied, False), (404, NotFound, False), (503, ConnectionFailed, True), (206, ConnectionFailed, True)],
)
def test_an_error_status_of_the_storage_is_translated(code: int, kind: type[EcrTuiError], retryable: bool) -> None:
    with storage(here=status(code)) as url:
        error = failed(lambda: fetch(f"{url}/here"))
    assert (type(error), error.code, error.retryable) == (kind, str(code), retryable)


def test_a_download_stops_at_the_limit() -> None:
    read = 0

    def endless(handler: BaseHTTPRequestHandler) -> None:
        nonlocal read
        handler.send_response(200)
        handler.end_headers()
        try:
            while True:
                handler.wfile.write(b"x" * 65536)
                read += 65536
        except OSError:
            handler.close_connection = True

    with storage(here=endless) as url:
        assert failed(lambda: fetch(f"{url}/here", 100_000)).title == "The blob is too large"
    assert read < 50_000_000


def test_a_download_that_is_cut_short_is_an_error(env: RegistryEnv, registry: EcrRegistry, served: str) -> None:
    pushed = push_image(env.client, "team/app", tag="1.0")
    digest = config_of(pushed.manifest).digest
    env.fault("DownloadLayer:cut:times=1")
    error = failed(lambda: registry.blob("team/app", digest, 10_000))
    assert (error.title, error.retryable) == ("The download was cut short", True)
    assert hashlib.sha256(registry.blob("team/app", digest, 10_000)).hexdigest() == digest.partition(":")[2]


def test_an_unreachable_storage_is_an_error_without_secrets(
    env: RegistryEnv, registry: EcrRegistry, served: str, unreachable: str
) -> None:
    push_image(env.client, "team/app", tag="1.0")

    def redirect(parsed: dict[str, Any], **_: Any) -> None:
        parsed["downloadUrl"] = f"{unreachable}/layer?X-Amz-Signature=abcdef0123456789"

    registry._clients.read_client.meta.events.register("after-call.ecr.GetDownloadUrlForLayer", redirect)
    (image,) = next(registry.images("team/app")).items
    digest = config_of(registry.manifest("team/app", image.digest).text).digest
    error = failed(lambda: registry.blob("team/app", digest, 1000))
    assert isinstance(error, ConnectionFailed)
    assert "abcdef0123456789" not in str(error)
