"""The embedded registry over HTTP, seen by plain HTTP clients and by boto3."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import EndpointConnectionError

from ecrtui.emulator.http.server import HOST, MAX_BODY, EmbeddedServer, serve
from ecrtui.emulator.service import EmbeddedRegistry
from tests.support.embedded import (
    REGION,
    client_for,
    create_repository,
    new_embedded,
    push_image,
    put,
    refused,
    served,
    tags_of,
)

TARGET = "AmazonEC2ContainerRegistry_V20150921."


@pytest.fixture
def connection(url: str) -> Iterator[http.client.HTTPConnection]:
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=120)
    yield connection
    connection.close()


def post(connection: http.client.HTTPConnection, operation: str, body: str | bytes = "{}") -> http.client.HTTPResponse:
    connection.request("POST", "/", body, {"X-Amz-Target": TARGET + operation})
    return connection.getresponse()


def test_the_server_listens_on_localhost_only(url: str) -> None:
    assert urlsplit(url).hostname == HOST == "127.0.0.1"


def test_a_connection_serves_many_requests(connection: http.client.HTTPConnection) -> None:
    sockets = set()
    for operation, status in (("DescribeRegistry", 200), ("ListImages", 400), ("DescribeRepositories", 200)):
        response = post(connection, operation)
        content = response.read()
        assert (response.status, response.version) == (status, 11)
        assert int(response.headers["Content-Length"]) == len(content)
        assert response.headers["Content-Type"] == "application/x-amz-json-1.1"
        assert response.headers["x-amzn-RequestId"]
        sockets.add(connection.sock)
    assert len(sockets) == 1


@pytest.mark.parametrize("body", ["{", "[]", '"text"', b"\xff\xfe"])
def test_a_body_that_is_not_a_json_object_is_a_serialization_error(
    connection: http.client.HTTPConnection, body: str | bytes
) -> None:
    response = post(connection, "DescribeRegistry", body)
    assert response.status == 400
    assert json.loads(response.read())["__type"] == "SerializationException"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "InvalidParameterException"),
        ({"repositoryName": None}, "InvalidParameterException"),
        ({"repositoryName": 7}, "SerializationException"),
        ({"repositoryName": "team/app", "maxResults": "7"}, "SerializationException"),
        ({"repositoryName": "team/app", "maxResults": True}, "SerializationException"),
        ({"repositoryName": "team/app", "maxResults": 1001}, "InvalidParameterException"),
        ({"repositoryName": "team/app", "maxResults": 0}, "InvalidParameterException"),
        ({"repositoryName": "team/app", "filter": []}, "SerializationException"),
        ({"repositoryName": "team/\ud800app"}, "SerializationException"),
        ({"repositoryName": "no/such", "unknown": 1}, "RepositoryNotFoundException"),
    ],
)
def test_requests_that_botocore_would_not_send_are_validated(
    connection: http.client.HTTPConnection, body: dict[str, object], code: str
) -> None:
    response = post(connection, "ListImages", json.dumps(body))
    assert json.loads(response.read())["__type"] == code


def test_an_unknown_operation_is_rejected(connection: http.client.HTTPConnection) -> None:
    assert b"'MakeCoffee' is not an operation of ECR." in post(connection, "MakeCoffee").read()
    connection.request("POST", "/", "{}")
    assert b"The request names no operation." in connection.getresponse().read()


def test_sts_has_one_operation_and_xml_errors(url: str, embedded: EmbeddedRegistry) -> None:
    sts = client_for(url, service="sts")
    with refused("UnknownOperationException"):
        sts.assume_role(RoleArn="arn:aws:iam::123456789012:role/deploy", RoleSessionName="session")
    embedded.faults.add("GetCallerIdentity:error:code=ExpiredTokenException:message=<expired>:times=1")
    with refused("ExpiredTokenException") as caught:
        sts.get_caller_identity()
    assert caught.value.response["Error"]["Message"] == "<expired>"


def test_a_body_that_is_too_large_is_rejected_unread(connection: http.client.HTTPConnection) -> None:
    connection.putrequest("POST", "/")
    connection.putheader("Content-Length", str(MAX_BODY + 1))
    connection.endheaders()
    response = connection.getresponse()
    assert response.status == 413
    assert str(MAX_BODY) in json.loads(response.read())["message"]


def test_a_body_without_a_length_is_rejected(connection: http.client.HTTPConnection) -> None:
    connection.putrequest("POST", "/")
    connection.endheaders()
    assert connection.getresponse().status == 411


@pytest.mark.parametrize("path", ["/", "/layers/", "/layers/1/2/3/4", "/etc/passwd", "/layers/../../x"])
def test_an_unknown_path_is_not_found(connection: http.client.HTTPConnection, path: str) -> None:
    connection.request("GET", path)
    response = connection.getresponse()
    assert response.status == 404
    assert response.read()


def test_unsigned_requests_use_the_registrys_own_region(url: str) -> None:
    client = boto3.client("ecr", region_name="us-west-2", endpoint_url=url, config=Config(signature_version=UNSIGNED))
    uri = create_repository(client, "unsigned/app")["repositoryUri"]
    assert f".{REGION}." in uri


def test_one_endpoint_serves_ecr_and_sts(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", url)
    session = boto3.Session(region_name="eu-central-1")
    assert session.client("sts").get_caller_identity()["Account"] == "123456789012"
    assert ".eu-central-1." in create_repository(session.client("ecr"), "any/app")["repositoryUri"]


def test_many_requests_are_served_at_once(url: str) -> None:
    client = client_for(url, max_pool_connections=10)
    create_repository(client, "many/app")
    image = push_image(client, "many/app", tag="first")
    with ThreadPoolExecutor(10) as pool:
        list(pool.map(lambda number: put(client, "many/app", image.manifest, f"tag-{number}"), range(40)))
    assert len(tags_of(client, "many/app")) == 41


def test_the_server_stops_while_clients_are_connected() -> None:
    with served(new_embedded()) as url:
        client = client_for(url)
        client.describe_registry()
    with pytest.raises(EndpointConnectionError):
        client.describe_registry()


def test_a_stopping_server_answers_requests_in_progress(tmp_path: Path) -> None:
    embedded = new_embedded(str(tmp_path / "ecr.db"))
    setup = client_for(embedded)
    create_repository(setup, "team/app")
    image = push_image(setup, "team/app", tag="1.0")
    server = EmbeddedServer(embedded)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    entered, proceed = threading.Event(), threading.Event()

    def wait() -> None:
        entered.set()
        proceed.wait(120)

    embedded.faults.before("PutImage", wait)
    with ThreadPoolExecutor(2) as pool:
        answer = pool.submit(put, client_for(server.url), "team/app", image.manifest, "prod")
        assert entered.wait(120)
        stopped = pool.submit(server.stop)
        assert server.stopping.wait(120)
        proceed.set()
        assert answer.result().digest == image.digest
        stopped.result()
    thread.join()
    assert tags_of(setup, "team/app")["prod"] == image.digest


def test_a_port_in_use_is_an_error(url: str, embedded: EmbeddedRegistry) -> None:
    with pytest.raises(OSError, match="in use"), serve(embedded, urlsplit(url).port or 0):
        pass
