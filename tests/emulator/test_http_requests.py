"""Every request gets an answer, whatever its bytes are; requests of web pages are refused."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ecrtui.emulator.http.server import MAX_BODY, EmbeddedServer, Limits, serve
from ecrtui.emulator.service import EmbeddedRegistry
from tests.support.distribution import token_for
from tests.support.embedded import client_for, create_repository, digest_of, new_embedded, push_image
from tests.support.raw_http import connect, exchange, post, read_responses

ROOT = Path(__file__).parents[2]
HOST = b"Host: 127.0.0.1\r\n"
FORM = b"Content-Type: application/x-www-form-urlencoded\r\n"


def with_length(length: bytes, body: bytes = b"{}") -> bytes:
    return post(body=b"").replace(b"Content-Length: 0", b"Content-Length: " + length) + body


def without_length(headers: bytes, body: bytes = b"") -> bytes:
    return post(headers=headers, body=b"").replace(b"Content-Length: 0\r\n", b"") + body


CHUNKED = b"2\r\n{}\r\n0\r\n\r\n"

ANSWERS: dict[str, tuple[bytes, list[tuple[int, str]]]] = {
    # the request line
    "one word": (b"GARBAGE\r\n\r\n", [(400, "BadRequest")]),
    "not text": (b"\x00\xff\xfe\r\n\r\n", [(400, "BadRequest")]),
    "a TLS hello": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"a" * 300, [(400, "BadRequest")]),
    "four words": (b"GET / HTTP/1.1 x\r\n\r\n", [(400, "BadRequest")]),
    "half a line": (b"POST / HT", [(400, "BadRequest")]),
    "carriage returns alone": (b"GET / HTTP/1.1\rHost: localhost\r\r", [(400, "BadRequest")]),
    "no version": (b"GET /\r\n", [(404, "NoSuchKey")]),
    "version 9.9": (b"GET / HTTP/9.9\r\n\r\n", [(505, "HttpVersionNotSupported")]),
    "version 2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", [(505, "HttpVersionNotSupported")]),
    "no number as version": (b"GET / HTTP/x.y\r\n\r\n", [(400, "BadRequest")]),
    "a long line": (b"GET /" + b"x" * 70_000 + b" HTTP/1.1\r\n\r\n", [(414, "RequestUriTooLong")]),
    "empty lines first": (b"\r\n\n" + post(), [(200, "")]),
    "many empty lines": (b"\r\n" * 50 + post(), [(400, "BadRequest")]),
    # methods
    "PUT": (b"PUT / HTTP/1.1\r\n" + HOST + b"Content-Length: 2\r\n\r\n{}", [(501, "NotImplemented")]),
    "DELETE": (b"DELETE /layers/a HTTP/1.1\r\n" + HOST + b"\r\n", [(501, "NotImplemented")]),
    "CONNECT": (b"CONNECT a:1 HTTP/1.1\r\n" + HOST + b"\r\n", [(501, "NotImplemented")]),
    "a method of the handler": (b"send_error / HTTP/1.1\r\n" + HOST + b"\r\n", [(501, "NotImplemented")]),
    "lower case": (b"post / HTTP/1.1\r\n" + HOST + b"\r\n", [(501, "NotImplemented")]),
    # headers
    "a long header": (b"POST / HTTP/1.1\r\nA: " + b"x" * 70_000 + b"\r\n\r\n", [(431, "RequestHeaderFieldsTooLarge")]),
    "many headers": (b"GET / HTTP/1.1\r\n" + b"X: a\r\n" * 200 + b"\r\n", [(431, "RequestHeaderFieldsTooLarge")]),
    "a header without a colon": (b"GET / HTTP/1.1\r\n" + HOST + b"foo\r\n\r\n", [(400, "BadRequest")]),
    "a blank before the colon": (b"GET / HTTP/1.1\r\nHost : localhost\r\n\r\n", [(400, "BadRequest")]),
    "a first line that continues": (b"GET / HTTP/1.1\r\n a: b\r\n" + HOST + b"\r\n", [(400, "BadRequest")]),
    "a name that is not text": (b"GET / HTTP/1.1\r\n" + HOST + b"\xff\x00: x\r\n\r\n", [(400, "BadRequest")]),
    "a multipart type": (post(headers=b"Content-Type: multipart/form-data; boundary=x\r\n"), [(200, "")]),
    "line feeds alone": (post().replace(b"\r\n", b"\n"), [(200, "")]),
    # length and body
    "a length with a sign": (with_length(b"+2"), [(411, "MissingContentLength")]),
    "a negative length": (with_length(b"-2"), [(411, "MissingContentLength")]),
    "a length in hex": (with_length(b"0x2"), [(411, "MissingContentLength")]),
    "a length of another script": (with_length("٢".encode()), [(411, "MissingContentLength")]),
    "a superscript as length": (with_length(b"\xb2"), [(411, "MissingContentLength")]),
    "an empty length": (with_length(b""), [(411, "MissingContentLength")]),
    "a list of lengths": (with_length(b"2, 2"), [(411, "MissingContentLength")]),
    "a length with zeros": (with_length(b"0" * 30 + b"2"), [(200, "")]),
    "a length of 5,000 digits": (with_length(b"9" * 5000), [(413, "RequestEntityTooLarge")]),
    "a byte too many": (with_length(str(MAX_BODY + 1).encode()), [(413, "RequestEntityTooLarge")]),
    "no length": (without_length(b""), [(411, "MissingContentLength")]),
    "the same length twice": (post(headers=b"Content-Length: 2\r\n"), [(200, "")]),
    "two lengths": (post(headers=b"Content-Length: 3\r\n"), [(400, "BadRequest")]),
    "a body that is cut": (with_length(b"20"), [(400, "SerializationException")]),
    "chunks": (without_length(b"Transfer-Encoding: chunked\r\n", CHUNKED), [(411, "MissingContentLength")]),
    "bad chunks": (without_length(b"Transfer-Encoding: chunked\r\n", b"zz\r\n"), [(411, "MissingContentLength")]),
    "chunks and a length": (
        post(headers=b"Transfer-Encoding: chunked\r\n", body=CHUNKED),
        [(411, "MissingContentLength")],
    ),
    "another coding": (without_length(b"Transfer-Encoding: gzip\r\n"), [(411, "MissingContentLength")]),
    "a GET with a body, then a request": (
        b"GET / HTTP/1.1\r\n" + HOST + b"Content-Length: 7\r\n\r\nPUT / x" + post(),
        [(404, "NoSuchKey"), (200, "")],
    ),
    "two requests at once": (post() + post("ListImages"), [(200, ""), (400, "InvalidParameterException")]),
    "an expectation": (post(headers=b"Expect: 100-continue\r\n"), [(200, "")]),
    "an expectation that fails": (
        with_length(str(MAX_BODY + 1).encode(), b"").replace(b"\r\n\r\n", b"\r\nExpect: 100-continue\r\n\r\n"),
        [(413, "RequestEntityTooLarge")],
    ),
    # documents
    "deep JSON": (post(body=b"[" * 1_000_000), [(400, "SerializationException")]),
    "deep objects": (post(body=b'{"a":' * 500_000), [(400, "SerializationException")]),
    "a long number": (post(body=b'{"maxResults":' + b"9" * 100_000 + b"}"), [(400, "SerializationException")]),
    "not a number": (post("DescribeRepositories", b'{"maxResults":NaN}'), [(400, "SerializationException")]),
    "compressed": (
        post(body=b"\x1f\x8b\x08", headers=b"Content-Encoding: gzip\r\n"),
        [(400, "SerializationException")],
    ),
    "no UTF-8": (post(body=b'{"a":"\xff"}'), [(400, "SerializationException")]),
    # targets
    "an operation that is not text": (post("\xff\x00\x1b[31m"), [(400, "UnknownOperationException")]),
    "a long operation": (post("x" * 60_000), [(400, "UnknownOperationException")]),
    "a target that is no URL": (b"GET http://[x/layers HTTP/1.1\r\n" + HOST + b"\r\n", [(421, "MisdirectedRequest")]),
    "a path with a null": (b"GET /layers/\x00/b/c/d HTTP/1.1\r\n" + HOST + b"\r\n", [(404, "NoSuchKey")]),
    "a path with two slashes": (b"GET //evil HTTP/1.1\r\n" + HOST + b"\r\n", [(404, "NoSuchKey")]),
}


@pytest.mark.parametrize("case", ANSWERS)
def test_any_bytes_get_an_answer(url: str, case: str) -> None:
    sent, expected = ANSWERS[case]
    responses = exchange(url, sent)
    assert [(response.status, response.code) for response in responses] == expected
    for response in responses:
        assert response.status == 200 or response.code
        assert len(response.body) < 1000


def test_no_bytes_get_no_answer(url: str) -> None:
    assert exchange(url, b"") == exchange(url, b"\r\n") == []


def test_a_response_before_the_end_of_a_connection_says_so(url: str) -> None:
    closing = exchange(url, with_length(b"-1"))[0]
    assert closing.headers["connection"] == "close"
    kept, last = exchange(url, post() + post(headers=b"Connection: close\r\n"))
    assert "connection" not in kept.headers
    assert last.headers["connection"] == "close"


@pytest.mark.parametrize("line", [b"POST / HTTP/1.1", b"PUT /v2/team/app/manifests/1.0 HTTP/1.1"])
def test_a_client_that_waits_before_it_sends_the_body_is_told_to_continue(url: str, line: bytes) -> None:
    headers = f"Expect: 100-continue\r\nAuthorization: Basic {token_for()}\r\n".encode()
    request = post(headers=headers).replace(b"POST / HTTP/1.1", line)
    with connect(url) as connection:
        connection.sendall(request.removesuffix(b"{}"))
        assert connection.recv(65_536) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b"{}")
        assert connection.recv(65_536).startswith((b"HTTP/1.1 200", b"HTTP/1.1 405"))


def test_a_head_request_gets_the_headers_of_a_download(url: str) -> None:
    ecr = client_for(url)
    create_repository(ecr, "head/app")
    push_image(ecr, "head/app", layers=[b"layer content"])
    link = urlsplit(
        ecr.get_download_url_for_layer(repositoryName="head/app", layerDigest=digest_of(b"layer content"))[
            "downloadUrl"
        ]
    )
    request = f"HEAD {link.path}?{link.query} HTTP/1.1\r\nHost: {link.netloc}\r\n\r\n".encode()
    with connect(url) as connection:
        connection.sendall(request + request)
        connection.shutdown(socket.SHUT_WR)
        received = b"".join(iter(lambda: connection.recv(65_536), b""))
    assert received.count(b"HTTP/1.1 200 OK") == received.count(b"Content-Length: 13") == 2
    assert b"layer content" not in received


HOSTS = {
    "127.0.0.1": True,
    "127.0.0.1:1": True,  # a forwarded port
    "localhost": True,
    "LOCALHOST:4566": True,
    "localhost.": True,
    "[::1]:4566": True,
    "ecr.localhost": True,
    "123456789012.dkr.ecr.eu-west-1.localhost:4566": True,
    "evil.example": False,
    "evil.example:4566": False,
    "localhost.evil.example": False,
    "127.0.0.1.nip.io": False,
    "notlocalhost": False,
    "0.0.0.0:4566": False,
    "127.1": False,
    "2130706433": False,
    "user@localhost": False,
    "localhost:x": False,
    "[::1": False,
    "": False,
    "192.168.1.7": False,
    "local\xe9host": False,
    "localhost, evil.example": False,
    "evil.example#.localhost": False,
    "evil.example/.localhost": False,
}


@pytest.mark.parametrize("host", HOSTS)
def test_only_local_hosts_are_served(url: str, host: str) -> None:
    (response,) = exchange(url, post(host=host))
    (absolute,) = exchange(url, post(host="localhost").replace(b"POST / ", f"POST http://{host}/ ".encode("latin-1")))
    for answer in (response, absolute):
        assert (answer.status == 200) == HOSTS[host], answer
        assert answer.status in ((400, 421), (200,))[HOSTS[host]]


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\n" + HOST + HOST + b"Content-Length: 0\r\n\r\n", 400),
        (b"GET / HTTP/1.0\r\n\r\n", 404),  # HTTP/1.0 has no Host header, and no browser sends it
    ],
)
def test_a_request_has_one_host(url: str, request_: bytes, status: int) -> None:
    assert exchange(url, request_)[0].status == status


SITES = [
    (b"Origin: http://127.0.0.1:4566\r\n", True),
    (b"Origin: HTTP://127.0.0.1:4566\r\n", True),
    (b"Origin: null\r\n", False),
    (b"Origin: \r\n", False),
    (b"Origin: http://evil.example\r\n", False),
    (b"Origin: https://127.0.0.1:4566\r\n", False),
    (b"Origin: http://127.0.0.1:3000\r\n", False),
    (b"Origin: http://localhost:4566\r\n", False),
    (b"Origin: chrome-extension://abc\r\n", False),
    (b"Origin: http://127.0.0.1:4566\r\nOrigin: http://evil.example\r\n", False),
    (b"Sec-Fetch-Site: same-origin\r\n", True),
    (b"Sec-Fetch-Site: none\r\n", True),
    (b"Sec-Fetch-Site: cross-site\r\n", False),
    (b"Sec-Fetch-Site: same-site\r\n", False),
    (b"Sec-Fetch-Site: anything\r\n", False),
    (b"Origin: http://127.0.0.1:4566\r\nSec-Fetch-Site: cross-site\r\n", False),
]


@pytest.mark.parametrize(("headers", "served"), SITES)
@pytest.mark.parametrize(
    "request_", [post(host="127.0.0.1:4566"), b"GET /layers/ HTTP/1.1\r\nHost: 127.0.0.1:4566\r\n\r\n"]
)
def test_requests_of_pages_of_other_sites_are_refused(url: str, request_: bytes, headers: bytes, served: bool) -> None:
    (response,) = exchange(url, request_.replace(b"\r\n\r\n", b"\r\n" + headers + b"\r\n", 1))
    assert (response.status != 403) == served
    assert served or response.code == "CrossSiteRequest"


def test_a_preflight_request_of_a_page_allows_nothing(url: str) -> None:
    preflight = b"OPTIONS / HTTP/1.1\r\n" + HOST + b"Origin: http://evil.example\r\n\r\n"
    (response,) = exchange(url, preflight)
    assert response.status == 403
    assert not [name for name in response.headers if name.startswith("access-control")]


def test_a_refused_request_changes_nothing(url: str, embedded: EmbeddedRegistry) -> None:
    before = embedded.calls["CreateRepository"]
    exchange(url, post("CreateRepository", b'{"repositoryName":"no/such"}', host="evil.example"))
    assert embedded.calls["CreateRepository"] == before


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost"])
def test_boto3_reaches_the_server_by_its_local_names(url: str, name: str) -> None:
    endpoint = f"http://{name}:{urlsplit(url).port}"
    assert client_for(endpoint).describe_registry()["registryId"] == "123456789012"
    assert client_for(endpoint, service="sts").get_caller_identity()["Account"] == "123456789012"


@pytest.mark.parametrize(("service", "operation"), [("ecr", "describe_registry"), ("sts", "get_caller_identity")])
def test_boto3_shows_why_a_request_is_refused(url: str, service: str, operation: str) -> None:
    client = client_for(url, service=service)
    client.meta.events.register("before-send", _from_another_site)
    with pytest.raises(ClientError, match=r"CrossSiteRequest.*answers no requests of web pages"):
        getattr(client, operation)()


def _from_another_site(request: Any, **_: Any) -> None:
    request.headers["Sec-Fetch-Site"] = "cross-site"


def test_a_query_with_many_parameters_gets_an_answer(url: str) -> None:
    body = b"&".join([b"a=1"] * 1000)
    request = b"POST / HTTP/1.1\r\n" + HOST + FORM + b"Content-Length: %d\r\n\r\n" % len(body) + body
    (response,) = exchange(url, request)
    assert response.status == 400
    assert b"<Code>UnknownOperationException</Code>" in response.body


PIECES = (
    b"POST",
    b"GET",
    b" ",
    b"/",
    b" HTTP/1.1",
    b" HTTP/1.0",
    b"\r\n",
    b"\n",
    b"\r",
    b": ",
    b"2",
    b"{}",
    HOST,
    FORM,
)
LINES = (b"Content-Length", b"Transfer-Encoding", b"chunked", b"Expect: 100-continue\r\n", post())


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.one_of(st.binary(max_size=40), st.sampled_from((*PIECES, *LINES))), max_size=14))
def test_random_bytes_get_whole_responses(url: str, pieces: list[bytes]) -> None:
    sent = b"".join(pieces)
    for response in exchange(url, sent):
        assert response.status in {200, 400, 404, 408, 411, 413, 414, 421, 431, 501, 505}, (sent, response)
    assert exchange(url, post())[0].status == 200


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_damaged_request_gets_an_answer(url: str, data: st.DataObject) -> None:
    sent = bytearray(post("ListImages", b'{"repositoryName":"no/such"}'))
    for _ in range(data.draw(st.integers(1, 4))):
        position = data.draw(st.integers(0, len(sent) - 1))
        sent[position : position + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    responses = exchange(url, bytes(sent))
    assert responses or not bytes(sent).strip(b"\r\n")


@pytest.fixture
def small() -> Iterator[str]:
    """Serve a registry with small limits; yield the URL."""
    embedded = new_embedded()
    limits = Limits(connections=3, body=1000, bodies=1500, idle=20, head=0.2, body_seconds=0.2, linger=0.2)
    with serve(embedded, limits=limits) as url:
        yield url
    embedded.database.close()


@pytest.mark.parametrize(
    ("sent", "part"),
    [(b"POST / HT", "head"), (b"\r\n", "head"), (post()[:-4], "head"), (with_length(b"900", b"{"), "body")],
)
def test_a_request_that_does_not_arrive_gets_a_timeout(small: str, sent: bytes, part: str) -> None:
    with connect(small) as connection:
        connection.sendall(sent)
        (response,) = read_responses(connection)
    assert (response.status, response.code) == (408, "RequestTimeout")
    assert part in response.document["message"]


def test_a_connection_without_a_request_is_closed(small: str) -> None:
    with connect(small) as connection:
        assert read_responses(connection) == []


def test_idle_connections_make_room_for_new_ones(small: str) -> None:
    idle = [connect(small) for _ in range(9)]
    for connection in idle:
        connection.sendall(post())
        assert connection.recv(65_536).startswith(b"HTTP/1.1 200")
    assert idle[0].recv(1) == b""
    idle[8].sendall(post())
    assert idle[8].recv(65_536).startswith(b"HTTP/1.1 200")
    for connection in idle:
        connection.close()


def test_a_full_server_stops_and_answers_what_it_accepted() -> None:
    """One connection is in use, another one waits for its turn; the server stops all the same."""
    embedded = new_embedded()
    entered, proceed = threading.Event(), threading.Event()

    def wait() -> None:
        entered.set()
        proceed.wait(120)

    embedded.faults.before("DescribeRegistry", wait)
    server = EmbeddedServer(embedded, limits=Limits(connections=1))
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    with connect(server.url) as first, connect(server.url) as second:
        first.sendall(post())
        assert entered.wait(120)
        second.sendall(post("ListImages"))
        stopping = threading.Thread(target=server.stop)
        stopping.start()
        assert server.stopping.wait(120)
        proceed.set()
        first.shutdown(socket.SHUT_WR)
        assert [response.status for response in read_responses(first)] == [200]
        stopping.join()
    thread.join()
    embedded.database.close()


def test_bodies_that_are_too_large_together_are_refused() -> None:
    """The first request holds 900 of 1,500 bytes while it is carried out; the second one has 900 more."""
    embedded = new_embedded()
    entered, proceed = threading.Event(), threading.Event()

    def wait() -> None:
        entered.set()
        proceed.wait(120)

    embedded.faults.before("DescribeRegistry", wait)
    body = b"{}".ljust(900)
    with serve(embedded, limits=Limits(body=1000, bodies=1500)) as url, connect(url) as first:
        first.sendall(post(body=body))
        assert entered.wait(120)
        (refused,) = exchange(url, post("ListImages", body=body))
        assert (refused.status, refused.code) == (503, "ServiceUnavailable")
        proceed.set()
        first.shutdown(socket.SHUT_WR)
        assert [response.status for response in read_responses(first)] == [200]
        assert exchange(url, post("ListImages", body=body))[0].code == "InvalidParameterException"
    embedded.database.close()


WITHOUT_DESCRIPTORS = """
import os, sys, threading, time
from ecrtui.emulator.http.server import EmbeddedServer
from tests.support.embedded import new_embedded

class Server(EmbeddedServer):
    failed = threading.Semaphore(0)

    def get_request(self):
        try:
            return super().get_request()
        except OSError:
            self.failed.release()
            raise

server = Server(new_embedded())
threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
taken = []
try:
    while True:
        taken.append(os.dup(0))
except OSError:
    print(server.url, flush=True)
started = time.monotonic()
for _ in range(4):
    server.failed.acquire()
print(time.monotonic() - started, flush=True)
for descriptor in taken:
    os.close(descriptor)
sys.stdin.readline()
server.stop()
"""


def test_a_server_without_file_descriptors_waits_and_then_answers() -> None:
    """Four failures to accept a connection take three pauses, not the microseconds of a busy loop."""
    process = subprocess.Popen(
        ["sh", "-c", 'ulimit -n 64; exec "$0" -c "$1"', sys.executable, WITHOUT_DESCRIPTORS],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    assert process.stdin
    assert process.stdout
    responses = exchange(process.stdout.readline().strip(), post())
    seconds = process.stdout.readline()
    _, errors = process.communicate("\n", timeout=60)
    assert (process.returncode, errors) == (0, "")
    assert [response.status for response in responses] == [200]
    assert float(seconds) > 0.25
