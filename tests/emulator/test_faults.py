"""Faults have the same effect on a client in this process and over HTTP."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http.client import HTTPException
from typing import Any
from urllib.request import urlopen
from xml.etree import ElementTree

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError

from ecrtui.emulator import layer_downloads
from ecrtui.emulator.blobs import CHUNK_SIZE
from ecrtui.emulator.fault_effects import RateLimit
from ecrtui.emulator.faults import Fault, Faults, FaultSpecError, parse_fault
from ecrtui.emulator.http.messages import Response, json_response
from ecrtui.emulator.service import EmbeddedRegistry
from tests.emulator.conftest import Transport
from tests.support.embedded import (
    PushedImage,
    client_for,
    create_repository,
    digest_of,
    download,
    manifest_text,
    push_image,
    put,
    refused,
    tags_of,
)
from tests.support.terminal import wait_for


@pytest.fixture
def faults(transport: Transport) -> Any:
    """Return the registry's faults; remove all of them after the test."""
    yield transport.embedded.faults
    transport.embedded.faults.clear()


@pytest.fixture
def image(ecr: Any, repository: str) -> PushedImage:
    return push_image(ecr, repository, tag="1.0")


def test_a_connection_dropped_before_the_write_changes_nothing(
    ecr: Any, repository: str, image: PushedImage, faults: Faults
) -> None:
    fault = faults.add("PutImage:drop-before:times=1")
    with pytest.raises(ConnectionClosedError):
        put(ecr, repository, image.manifest, "prod")
    assert tags_of(ecr, repository) == {"1.0": image.digest}
    assert fault.hits == 1
    put(ecr, repository, image.manifest, "prod")
    assert fault.hits == 1


def test_a_connection_dropped_after_the_write_leaves_it_applied(
    ecr: Any, repository: str, image: PushedImage, faults: Faults
) -> None:
    faults.add("PutImage:drop-after:times=1")
    with pytest.raises(ConnectionClosedError):
        put(ecr, repository, image.manifest, "prod")
    assert tags_of(ecr, repository) == {"1.0": image.digest, "prod": image.digest}


def test_a_retry_of_botocore_after_a_lost_reply_finds_the_image_exists(
    transport: Transport, repository: str, image: PushedImage, faults: Faults
) -> None:
    faults.add("PutImage:drop-after:times=1")
    before = transport.embedded.calls["PutImage"]
    with refused("ImageAlreadyExistsException") as caught:
        put(transport.client(attempts=2), repository, image.manifest, "prod")
    assert caught.value.response["ResponseMetadata"]["RetryAttempts"] == 1
    assert transport.embedded.calls["PutImage"] == before + 2


def test_a_retry_after_a_lost_reply_fails_in_an_immutable_repository(
    transport: Transport, ecr: Any, immutable: str, faults: Faults
) -> None:
    text = manifest_text(ecr, immutable)
    faults.add("PutImage:drop-after:times=1")
    with refused("ImageTagAlreadyExistsException"):
        put(transport.client(attempts=2), immutable, text, "1.0")


def test_a_retry_after_a_drop_before_the_write_succeeds(
    transport: Transport, repository: str, image: PushedImage, faults: Faults
) -> None:
    faults.add("PutImage:drop-before:times=1")
    assert put(transport.client(attempts=2), repository, image.manifest, "prod").digest == image.digest


def test_botocore_parses_a_cut_body_as_an_empty_response(
    transport: Transport, ecr: Any, repository: str, image: PushedImage, faults: Faults
) -> None:
    """botocore does not compare a body with its Content-Length: half a document is an empty response, not an error."""
    faults.add("PutImage:cut:times=1")
    unchecked = client_for(transport.target)  # half a document has no shape to check
    answer = put_raw(unchecked, repository, image, "prod")
    assert "image" not in answer
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert tags_of(ecr, repository)["prod"] == image.digest


def test_a_reset_within_the_body_is_a_closed_connection(
    ecr: Any, repository: str, image: PushedImage, faults: Faults
) -> None:
    faults.add("PutImage:reset:times=1")
    with pytest.raises(ConnectionClosedError):
        put(ecr, repository, image.manifest, "prod")
    assert tags_of(ecr, repository)["prod"] == image.digest


def put_raw(client: Any, repository: str, image: PushedImage, tag: str) -> dict[str, Any]:
    result: dict[str, Any] = client.put_image(repositoryName=repository, imageManifest=image.manifest, imageTag=tag)
    return result


@pytest.mark.parametrize("status", [502, 503, 504])
def test_a_gateway_error_has_a_status_and_no_json(
    ecr: Any, repository: str, image: PushedImage, faults: Faults, status: int
) -> None:
    faults.add(f"PutImage:unavailable:status={status}:times=1")
    with pytest.raises(ClientError) as caught:
        put(ecr, repository, image.manifest, "prod")
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == status
    assert caught.value.response["Error"]["Code"] == str(status)
    assert tags_of(ecr, repository) == {"1.0": image.digest}


def test_retries_overcome_throttling_that_ends(
    transport: Transport, repository: str, image: PushedImage, faults: Faults
) -> None:
    fault = faults.add("PutImage:throttle:times=2")
    put(transport.client(attempts=3), repository, image.manifest, "prod")
    assert fault.hits == 2


def test_permanent_throttling_is_a_plain_client_error(
    ecr: Any, repository: str, image: PushedImage, faults: Faults
) -> None:
    faults.add("*:throttle")
    with refused("ThrottlingException") as caught:
        ecr.describe_images(repositoryName=repository)
    assert type(caught.value) is ClientError


def test_any_error_can_be_injected(ecr: Any, repository: str, image: PushedImage, faults: Faults) -> None:
    faults.add("DescribeImages:error:code=AccessDeniedException:message=not for you")
    with refused("AccessDeniedException") as caught:
        ecr.describe_images(repositoryName=repository)
    assert caught.value.response["Error"]["Message"] == "not for you"
    faults.clear()
    faults.add("DescribeImages:error:code=ServerException:status=500")
    with refused("ServerException"):
        ecr.describe_images(repositoryName=repository)


def test_latency_beyond_the_read_timeout_times_out_after_the_write(
    transport: Transport, repository: str, image: PushedImage, faults: Faults
) -> None:
    faults.add("PutImage:latency:seconds=60:times=1")
    with pytest.raises(ReadTimeoutError):
        put(transport.client(read_timeout=1), repository, image.manifest, "prod")
    wait_for(lambda: tags_of(transport.client(), repository).get("prod") == image.digest)


def test_latency_within_the_read_timeout_is_a_normal_response(
    ecr: Any, repository: str, image: PushedImage, faults: Faults
) -> None:
    fault = faults.add("PutImage:latency:seconds=0.05:times=1")
    assert put(ecr, repository, image.manifest, "prod").digest == image.digest
    assert fault.hits == 1


def test_faults_can_be_removed_while_the_registry_runs(
    ecr: Any, repository: str, image: PushedImage, faults: Faults
) -> None:
    fault = faults.add("ListImages:throttle")
    with refused("ThrottlingException"):
        ecr.list_images(repositoryName=repository)
    faults.remove(fault)
    assert ecr.list_images(repositoryName=repository)["imageIds"]
    assert list(faults) == []


def test_an_action_can_run_just_before_a_write(
    transport: Transport, ecr: Any, repository: str, image: PushedImage, faults: Faults
) -> None:
    other = push_image(ecr, repository, "other", tag="2.0")
    second = transport.client()
    faults.before("PutImage", lambda: put(second, repository, other.manifest, "prod"))
    put(ecr, repository, image.manifest, "prod")
    assert tags_of(ecr, repository)["prod"] == image.digest
    with refused("ImageAlreadyExistsException"):
        put(second, repository, image.manifest, "prod")


@pytest.mark.parametrize("kind", ["cut", "reset", "drop-before"])
def test_faults_affect_downloads(transport: Transport, ecr: Any, repository: str, faults: Faults, kind: str) -> None:
    content = b"x" * 100_000
    push_image(ecr, repository, layers=[content])
    url = ecr.get_download_url_for_layer(repositoryName=repository, layerDigest=digest_of(content))["downloadUrl"]
    fault = faults.add(f"DownloadLayer:{kind}:times=1")
    if url.startswith("http"):
        with pytest.raises((OSError, HTTPException)), urlopen(url, timeout=120) as response:  # noqa: S310 - on this machine
            response.read()
        with urlopen(url, timeout=120) as response:  # noqa: S310 - on this machine
            assert response.read() == content
    else:
        with pytest.raises(ConnectionError):
            download(transport.embedded, url)
        assert download(transport.embedded, url) == content
    assert fault.hits == 1


ANSWERS = {
    "expired": (403, "AccessDenied"),
    "throttle": (503, "SlowDown"),
    "rate:per_second=0": (503, "SlowDown"),
    "unavailable": (503, None),
    "error:code=InternalError:status=500:message=A <&\x00> B": (500, "InternalError"),
}


def test_download_faults_answer_as_s3_does(transport: Transport, ecr: Any, repository: str, faults: Faults) -> None:
    push_image(ecr, repository, layers=[b"abc"])
    url = ecr.get_download_url_for_layer(repositoryName=repository, layerDigest=digest_of("abc"))["downloadUrl"]
    target = layer_downloads.download_target(url)
    for spec, (status, code) in ANSWERS.items():
        faults.clear()
        faults.add(f"DownloadLayer:{spec}")
        responses = [transport.embedded.download(target) for _ in range(2)]  # a rate lets one request pass
        assert responses[1].status == status
        if code:
            error = ElementTree.fromstring(responses[1].body)  # noqa: S314 - from our server
            assert (error.tag, error.findtext("Code"), bool(error.findtext("Message"))) == ("Error", code, True)


@pytest.mark.parametrize("size", [2, 100_000, 3 * CHUNK_SIZE])
def test_a_corrupt_download_has_one_other_byte(empty: EmbeddedRegistry, size: int) -> None:
    ecr, content = client_for(empty), (bytes(range(256)) * (size // 256 + 1))[:size]
    create_repository(ecr, "team/app")
    push_image(ecr, "team/app", layers=[content])
    url = ecr.get_download_url_for_layer(repositoryName="team/app", layerDigest=digest_of(content))["downloadUrl"]
    target = layer_downloads.download_target(url)
    for asked, expected in {"": content, "bytes=1-": content[1:], "bytes=-1": content[-1:]}.items():
        fault = empty.faults.add("DownloadLayer:corrupt")
        received = b"".join(empty.download(target, asked).delivered_body())
        empty.faults.remove(fault)
        assert sum(one != other for one, other in zip(received, expected, strict=True)) == 1


def test_a_corrupt_response_has_one_other_byte_and_an_error_none() -> None:
    faults = Faults("PutImage:corrupt")
    for status, body, expected in ((200, b"", b""), (200, b"abc", b"acc"), (400, b"abc", b"abc")):
        assert faults.respond("PutImage", partial(Response, status, body)).body == expected


def test_a_fault_affects_only_its_operation() -> None:
    faults = Faults("PutImage:throttle")
    assert faults.respond("PutImage", _answer).status == 400
    assert faults.respond("ListImages", _answer).status == 200


def test_a_fault_starts_after_some_requests_and_stops_after_its_limit() -> None:
    faults = Faults("PutImage:throttle:after=2:times=3")
    statuses = [faults.respond("PutImage", _answer).status for _ in range(7)]
    assert statuses == [200, 200, 400, 400, 400, 200, 200]


def test_random_faults_with_a_seed_are_repeatable() -> None:
    def run() -> list[int]:
        faults = Faults("*:throttle:probability=0.5:seed=7")
        return [faults.respond("PutImage", _answer).status for _ in range(50)]

    assert run() == run()
    assert set(run()) == {200, 400}
    assert [fault.hits for fault in Faults("*:throttle:probability=0")] == [0]


def test_a_rate_limit_allows_a_burst_and_refills() -> None:
    now = [0.0]
    faults = Faults(Fault("PutImage", RateLimit(10, clock=lambda: now[0])))
    statuses = [faults.respond("PutImage", _answer).status for _ in range(12)]
    assert statuses == [200] * 10 + [400] * 2
    now[0] = 0.25
    assert [faults.respond("PutImage", _answer).status for _ in range(3)] == [200, 200, 400]


def test_hits_are_counted_across_threads() -> None:
    faults = Faults()
    fault = faults.add("PutImage:throttle:times=500")
    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda _: faults.respond("PutImage", _answer).status, range(1000)))
    assert fault.hits == statuses.count(400) == 500


def test_the_message_of_a_fault_can_contain_colons() -> None:
    message = "User: arn:aws:iam::123456789012:user/a may not perform: ecr:PutImage; see http://a:80/?b=c: d=e"
    faults = Faults(parse_fault(f"PutImage:error:code=AccessDeniedException:message={message}:times=1"))
    assert message in faults.respond("PutImage", _answer).body.decode()
    assert faults.respond("PutImage", _answer).status == 200


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("", "must begin with an operation"),
        ("PutImage", "is not a kind of fault"),
        ("PutImage:explode", "drop-after"),
        ("Put Image:throttle", "must begin with an operation"),
        ("PutImage:throttle:times", "is not NAME=VALUE"),
        ("PutImage:throttle:times=many", "is not a number"),
        ("PutImage:throttle:times=-1", "is not a number"),
        ("PutImage:throttle:times=1:times=2", "times occurs twice"),
        ("PutImage:throttle:probability=2", "the maximum is 1"),
        ("PutImage:latency:seconds=1e12", "the maximum is 86,400"),
        ("PutImage:error:code=A:status=99", "is not an error status"),
        ("PutImage:unavailable:status=700", "is not an error status"),
        ("PutImage:throttle:colour=red", "has no option colour"),
        ("PutImage:latency", "needs seconds=NUMBER"),
        ("PutImage:error", "needs code=NAME"),
        ("PutImage:cut:seconds=1", "has no option seconds"),
    ],
)
def test_an_invalid_specification_is_rejected_with_a_reason(spec: str, words: str) -> None:
    with pytest.raises(FaultSpecError, match=words) as caught:
        parse_fault(spec)
    assert repr(spec) in str(caught.value)


def _answer() -> Response:
    return json_response({})


def test_a_fault_leaves_other_operations_alone(ecr: Any, name: str, faults: Faults) -> None:
    faults.add("PutImage:throttle")
    assert create_repository(ecr, name)["repositoryName"] == name
