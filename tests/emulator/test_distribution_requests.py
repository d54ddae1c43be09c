"""Requests of the distribution API that are not as they should be. Each gets an answer: an error in the API's shape."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecrtui.emulator.distribution import api
from ecrtui.emulator.distribution.messages import DistributionRequest
from ecrtui.emulator.distribution.routes import METHODS
from ecrtui.emulator.http.body import RequestBody
from ecrtui.emulator.http.messages import Response
from ecrtui.emulator.service import EmbeddedRegistry
from tests.support.distribution import token_for
from tests.support.embedded import client_for, create_repository, new_embedded, push_image, served
from tests.support.raw_http import exchange

TOKEN = token_for()
HEAD = f"Host: 127.0.0.1\r\nAuthorization: Basic {TOKEN}\r\n".encode()
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
PUT = b"PUT /v2/team/app/manifests/2.0 HTTP/1.1\r\n"
GET = b"GET /v2/team/app/manifests/1.0 HTTP/1.1\r\n"
INVALID_MANIFEST = (405, "UNSUPPORTED")


@pytest.fixture(scope="module")
def full() -> Iterator[EmbeddedRegistry]:
    """Create a registry with one image."""
    embedded = new_embedded()
    client = client_for(embedded)
    create_repository(client, "team/app")
    push_image(client, "team/app", tag="1.0")
    yield embedded
    embedded.database.close()


@pytest.fixture(scope="module")
def url(full: EmbeddedRegistry) -> Iterator[str]:
    """Serve the registry."""
    with served(full) as url:
        yield url


REQUESTS: dict[str, tuple[bytes, list[tuple[int, str]]]] = {
    # the head
    "no host": (GET + b"\r\n", [(400, "UNSUPPORTED")]),
    "another host": (GET + b"Host: evil.example\r\n\r\n", [(421, "UNSUPPORTED")]),
    "a web page": (GET + HEAD + b"Origin: http://evil.example\r\n\r\n", [(403, "DENIED")]),
    "an unknown method": (b"TRACE /v2/ HTTP/1.1\r\n" + HEAD + b"\r\n", [(501, "UNKNOWN")]),
    "a path in absolute form": (b"GET http://localhost/v2/x HTTP/1.1\r\n" + HEAD + b"\r\n", [(404, "UNSUPPORTED")]),
    "a path that is no URL": (b"GET http://[/v2/ HTTP/1.1\r\n" + HEAD + b"\r\n", [(421, "")]),
    "many parameters": (
        b"GET /v2/team/app/tags/list?" + b"a=b&" * 200 + b" HTTP/1.1\r\n" + HEAD + b"\r\n",
        [(405, "UNSUPPORTED")],
    ),
    "two values of authorization": (GET + HEAD + b"Authorization: Basic x\r\n\r\n", [(401, "UNAUTHORIZED")]),
    # the body
    "a chunked body": (PUT + CHUNKED + b"1\r\n{\r\n1;a=b\r\n}\r\n0\r\nA: b\r\n\r\n", [INVALID_MANIFEST]),
    "two requests": (PUT + CHUNKED + b"0\r\n\r\n" + PUT + CHUNKED + b"0\r\n\r\n", [INVALID_MANIFEST] * 2),
    "a chunk without a size": (PUT + CHUNKED + b"{}\r\n", [(400, "UNSUPPORTED")]),
    "a chunk of many digits": (PUT + CHUNKED + b"f" * 20 + b"\r\n", [(400, "UNSUPPORTED")]),
    "a chunk of a negative size": (PUT + CHUNKED + b"-1\r\n{}\r\n", [(400, "UNSUPPORTED")]),
    "a chunk that is too long": (PUT + CHUNKED + b"1\r\n{}\r\n0\r\n\r\n", [(400, "UNSUPPORTED")]),
    "a chunk that is too short": (PUT + CHUNKED + b"5\r\n{}", [(400, "UNSUPPORTED")]),
    "no last chunk": (PUT + CHUNKED + b"2\r\n{}\r\n", [(400, "UNSUPPORTED")]),
    "many trailers": (PUT + CHUNKED + b"0\r\n" + b"A: b\r\n" * 200 + b"\r\n", [(400, "UNSUPPORTED")]),
    "a long line": (PUT + CHUNKED + b"1;" + b"x" * 5_000 + b"\r\n", [(400, "UNSUPPORTED")]),
    "both lengths": (PUT + HEAD + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}", [(400, "UNSUPPORTED")]),
    "a coded body": (PUT + HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n", [(400, "UNSUPPORTED")]),
    "a length that is no number": (PUT + HEAD + b"Content-Length: x\r\n\r\n", [(411, "UNSUPPORTED")]),
    "a large length": (PUT + HEAD + b"Content-Length: 99999999999999\r\n\r\n", [(413, "UNSUPPORTED")]),
    "half a body": (PUT + HEAD + b"Content-Length: 9\r\n\r\n{}", [(400, "UNSUPPORTED")]),
    "a large manifest": (
        PUT + HEAD + b"Content-Length: 17000000\r\n\r\n" + b" " * 17_000_000,
        [(413, "UNSUPPORTED")],
    ),
    "a body that nothing reads": (GET + HEAD + b"Content-Length: 2\r\n\r\n{}", [(200, "")]),
}


@pytest.mark.parametrize("case", REQUESTS)
def test_a_request_gets_an_answer(url: str, case: str) -> None:
    sent, expected = REQUESTS[case]
    answers = []
    for response in exchange(url, sent):
        (error,) = response.document.get("errors", [{"code": ""}])
        answers.append((response.status, error["code"]))
    assert answers == expected


def run(embedded: EmbeddedRegistry, method: str, target: str, headers: dict[str, str], body: bytes) -> Response:
    stream = RequestBody(io.BytesIO(body), len(body))
    return api.handle(embedded, DistributionRequest(method, target, headers, stream, "http://127.0.0.1:1"))


PARTS = st.one_of(
    st.sampled_from(["team/app", "manifests", "blobs", "uploads", "tags", "list", "referrers", "1.0", "_catalog", ""]),
    st.sampled_from(["sha256:" + "0" * 64, "sha256:x", "%2F", "%ff", "%00", "..", "?n=1", "?last=x", "?digest=", "#"]),
    st.text(max_size=5),
)
TARGETS = st.lists(PARTS, max_size=6).map(lambda parts: "/v2/" + "/".join(parts))
HEADERS = st.dictionaries(
    st.sampled_from(["accept", "content-type", "content-range", "range"]),
    st.one_of(st.text(max_size=20), st.sampled_from(["0-1", "5-2", "bytes=0-", "*/*", ",", "a/b;"])),
)
BODIES = st.one_of(st.binary(max_size=20), st.sampled_from([b"{}", b"[" * 50_000, b'{"schemaVersion": 2}']))


def check_answer(response: Response) -> None:
    assert 200 <= response.status < 500, response
    if response.status >= 400:
        assert response.headers["Content-Type"] == "application/json"
        (error,) = json.loads(response.body)["errors"]
        assert error["code"] and error["message"]
    for value in response.headers.values():
        assert "\n" not in value and "\r" not in value
        value.encode("latin-1")


@given(method=st.sampled_from([*METHODS, "TRACE"]), target=TARGETS, headers=HEADERS, body=BODIES)
def test_any_request_gets_an_answer(
    full: EmbeddedRegistry, method: str, target: str, headers: dict[str, str], body: bytes
) -> None:
    check_answer(run(full, method, target, {"authorization": f"Basic {TOKEN}", **headers}, body))


@given(st.one_of(st.text(), st.binary().map(lambda key: key.decode("latin-1"))))
def test_any_credentials_get_an_answer(full: EmbeddedRegistry, credentials: str) -> None:
    response = run(full, "GET", "/v2/", {"authorization": f"Basic {credentials}"}, b"")
    assert response.status in (400, 401)
    check_answer(response)


@given(method=st.sampled_from(METHODS), rest=st.binary(max_size=60))
def test_any_bytes_get_an_answer(url: str, method: str, rest: bytes) -> None:
    sent = f"{method} /v2/team/app/manifests/".encode() + rest + b" HTTP/1.1\r\n" + HEAD + b"\r\n"
    with suppress(ValueError):  # an answer to HEAD has no body, and a line end in the bytes makes several requests
        assert exchange(url, sent)
