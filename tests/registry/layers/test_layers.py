"""Layers: availability, downloads that continue, uploads in parts; over boto3 and the embedded registry."""

from __future__ import annotations

import base64
import io
import json
import logging
import time
from typing import Any

import pytest

from ecrtui.ecr.layer import AVAILABLE, MIN_PART_SIZE, UNAVAILABLE
from ecrtui.ecr.manifest import DescriptorRole, parse_manifest
from ecrtui.errors import AccessDenied, ConnectionFailed, EcrTuiError, ErrorKind, NotFound
from ecrtui.registry.gateway import EcrRegistry
from ecrtui.registry.layers.layers import ResumingReader
from ecrtui.registry.layers.parts import PartBody
from ecrtui.registry.protocol import LayerReader
from ecrtui.registry.rate_limiter import RateLimiter
from ecrtui.settings import Connection
from ecrtui.wiring import open_registry
from tests.registry.conftest import RegistryEnv, failed
from tests.support.embedded import client_for, create_repository, digest_of, new_embedded, push_image, upload_blob

CONTENT = b"0123456789"
NOWHERE = "sha256:" + "0" * 64


def read(reader: LayerReader, count: int) -> bytes:
    buffer = memoryview(bytearray(count))
    return bytes(buffer[: reader.readinto(buffer)])


@pytest.fixture(params=["in this process", "over HTTP"])
def store(request: pytest.FixtureRequest, env: RegistryEnv) -> EcrRegistry:
    if request.param == "in this process":
        return env.registry
    url = request.getfixturevalue("served")
    return open_registry(Connection(endpoint_url=url, region="eu-west-1"))


def test_layers_returns_what_the_repository_has(env: RegistryEnv) -> None:
    digest = upload_blob(env.client, "team/app", CONTENT)["digest"]
    found = env.registry.layers("team/app", [digest, NOWHERE, digest])
    assert {state.digest: (state.availability, state.size) for state in found.values()} == {
        digest: (AVAILABLE, 10),
        NOWHERE: (UNAVAILABLE, None),
    }
    assert env.embedded.calls["BatchCheckLayerAvailability"] == 1


def test_a_hundred_layers_take_one_request(env: RegistryEnv) -> None:
    digests = [f"sha256:{number:064x}" for number in range(101)]
    assert list(env.registry.layers("team/app", digests)) == digests
    assert env.embedded.calls["BatchCheckLayerAvailability"] == 2


def test_a_layer_is_uploaded_in_parts_and_read_again(store: EcrRegistry, env: RegistryEnv) -> None:
    first, second = bytes(range(256)) * (MIN_PART_SIZE // 256), b"the end"
    digest = digest_of(first + second)
    upload = store.begin_upload("team/app")
    assert store.upload_part("team/app", upload.id, 0, first) == len(first)
    assert store.upload_part("team/app", upload.id, len(first), second) == len(first + second)
    store.complete_upload("team/app", upload.id, digest, len(first + second))
    push_image(env.client, "team/app", layers=[first + second])
    reader = store.open_layer("team/app", digest)
    assert read(reader, len(first)) == first
    assert read(reader, MIN_PART_SIZE) == second
    assert read(reader, 1) == b""


def test_a_part_at_a_wrong_offset_says_how_many_bytes_the_upload_has(store: EcrRegistry) -> None:
    upload = store.begin_upload("team/app")
    assert store.upload_part("team/app", upload.id, 0, CONTENT) == 10
    for first_byte in (0, 5, 11):
        assert store.upload_part("team/app", upload.id, first_byte, CONTENT) == 10


def test_the_answers_to_an_upload_that_is_over(env: RegistryEnv) -> None:
    registry, digest = env.registry, digest_of(CONTENT)
    upload = registry.begin_upload("team/app")
    assert failed(registry.complete_upload, "team/app", upload.id, digest, 10).kind is ErrorKind.UPLOAD_LOST
    registry.upload_part("team/app", upload.id, 0, CONTENT)
    assert failed(registry.complete_upload, "team/app", upload.id, NOWHERE, 10).kind is ErrorKind.DIGEST_MISMATCH
    registry.complete_upload("team/app", upload.id, digest, 10)
    for call in (
        lambda: registry.upload_part("team/app", upload.id, 10, CONTENT),
        lambda: registry.complete_upload("team/app", upload.id, digest, 10),
    ):
        error = failed(call)
        assert isinstance(error, NotFound)
        assert error.kind is ErrorKind.UPLOAD_LOST
    again = registry.begin_upload("team/app")
    registry.upload_part("team/app", again.id, 0, CONTENT)
    registry.complete_upload("team/app", again.id, digest, 10)  # LayerAlreadyExistsException


def test_a_lost_reply_of_an_upload_is_ambiguous_and_not_sent_again(env: RegistryEnv) -> None:
    upload = env.registry.begin_upload("team/app")
    env.fault("UploadLayerPart:drop-after:times=1")
    assert failed(env.registry.upload_part, "team/app", upload.id, 0, CONTENT).ambiguous
    assert env.embedded.calls["UploadLayerPart"] == 1
    assert env.registry.upload_part("team/app", upload.id, 0, CONTENT) == 10


def test_a_repository_is_created_once(env: RegistryEnv) -> None:
    for _ in range(2):
        env.registry.create_repository("team/new")
    assert env.registry.repository("team/new").name == "team/new"


def test_manifests_by_tag_are_those_that_can_be_read(env: RegistryEnv) -> None:
    one = push_image(env.client, "team/app", "one", "one")
    two = push_image(env.client, "team/app", "two", "two")
    env.client.update_image_storage_class(
        repositoryName="team/app", imageId={"imageDigest": two.digest}, targetStorageClass="ARCHIVE"
    )
    found = env.registry.tagged_manifests("team/app", ["two", "one", "none"])
    assert {tag: (manifest.digest, manifest.text) for tag, manifest in found.items()} == {
        "one": (one.digest, one.manifest)
    }
    assert env.embedded.calls["BatchGetImage"] == 1
    assert env.registry.tagged_manifests("team/app", ["one", "none"], strict=True).keys() == {"one"}
    assert "archived" in str(failed(env.registry.tagged_manifests, "team/app", ["one", "two"], strict=True))


def test_a_token_that_has_expired_is_replaced() -> None:
    """ECR answers 403 to it, as to a missing permission."""
    now = time.time()
    embedded = new_embedded(clock=lambda: now)
    client = client_for(embedded)
    client.put_account_setting(name="BLOB_MOUNTING", value="ENABLED")
    for name in ("team/app", "team/other"):
        create_repository(client, name)
    layers = parse_manifest(push_image(client, "team/app").manifest).with_role(DescriptorRole.LAYER)
    registry = open_registry(Connection(), embedded=embedded)
    assert registry.mount_layer("team/other", layers[0].digest, "team/app")
    now += 13 * 3600
    assert registry.mount_layer("team/other", layers[0].digest, "team/app")
    assert embedded.calls["GetAuthorizationToken"] == 2


@pytest.mark.parametrize(
    ("faults", "requests"),
    [
        (("DownloadLayer:error:code=AccessDenied:status=403:times=2",), 3),
        (("DownloadLayer:cut:times=1", "DownloadLayer:unavailable:times=1:after=1"), 3),
    ],
)
def test_a_download_continues_after_a_failure(
    env: RegistryEnv, served: str, faults: tuple[str, ...], requests: int
) -> None:
    layer = bytes(range(256)) * 4_000
    text = push_image(env.client, "team/app", layers=[layer]).manifest
    digest = parse_manifest(text).with_role(DescriptorRole.LAYER)[0].digest
    env.fault(*faults)
    reader = open_registry(Connection(endpoint_url=served, region="eu-west-1")).open_layer("team/app", digest)
    assert read(reader, len(layer) + 1) == layer
    reader.close()
    assert env.embedded.calls["GetDownloadUrlForLayer"] == requests


class Storage:
    """A blob whose reads fail as told: each entry is the bytes that arrive before an error, and the error."""

    def __init__(self, content: bytes, *failures: tuple[int, EcrTuiError]) -> None:
        self.content = content
        self.failures = list(failures)
        self.opened: list[int] = []

    def open(self, first_byte: int) -> io.BytesIO:
        self.opened.append(first_byte)
        count, _ = self.failures[0] if self.failures else (len(self.content), None)
        return io.BytesIO(self.content[first_byte : first_byte + count])

    def read(self, stream: Any, count: int) -> bytes:
        chunk: bytes = stream.read(count)
        if not chunk and self.failures:
            raise self.failures.pop(0)[1]
        return chunk

    def reader(self) -> ResumingReader:
        return ResumingReader(self.open, self.read, RateLimiter(0, sleep=lambda _: None))


CUT = ConnectionFailed("cut", retryable=True)
EXPIRED = AccessDenied("expired", code="403")


@pytest.mark.parametrize(
    ("failures", "opened"),
    [
        ([], [0]),
        ([(4, CUT)], [0, 4]),
        ([(4, CUT), (0, CUT), (3, EXPIRED)], [0, 4, 4, 7]),
        ([(0, EXPIRED), (0, EXPIRED)], [0, 0, 0]),
        ([(1, EXPIRED)] * 6, [0, 1, 2, 3, 4, 5, 6]),
        ([(10, CUT)], [0, 10]),
        ([(0, CUT)] * 7, [0] * 8),
    ],
)
def test_a_reader_continues_where_the_download_stopped(
    failures: list[tuple[int, EcrTuiError]], opened: list[int]
) -> None:
    storage = Storage(CONTENT, *failures)
    assert read(storage.reader(), 20) == CONTENT
    assert storage.opened == opened


def test_the_pauses_of_a_reader_are_short_again_after_bytes_have_arrived() -> None:
    storage, pauses = Storage(CONTENT, *[(1, CUT)] * 6), list[float]()
    pace = RateLimiter(0, clock=lambda: 0.0, sleep=pauses.append, random_share=lambda: 1.0)
    assert read(ResumingReader(storage.open, storage.read, pace), 20) == CONTENT
    assert pauses == [1.0] * 6


@pytest.mark.parametrize(
    ("failures", "error"),
    [
        ([(2, EXPIRED), (0, EXPIRED), (0, EXPIRED)], EXPIRED),
        ([(0, CUT)] * 8, CUT),
        ([(3, gone := NotFound("gone"))], gone),
        ([(3, denied := AccessDenied("denied", code="AccessDeniedException"))], denied),
        ([(0, broken := ConnectionFailed("broken"))], broken),
    ],
)
def test_a_reader_gives_up_where_a_retry_cannot_help(
    failures: list[tuple[int, EcrTuiError]], error: EcrTuiError
) -> None:
    assert failed(read, Storage(CONTENT, *failures).reader(), 20) is error


@pytest.mark.parametrize("size", [0, 1, 2, 3, 1000, 786_432, 800_000])
def test_the_body_of_a_part_is_the_json_of_the_request(size: int) -> None:
    part = bytes(number % 251 for number in range(size))
    members = {"uploadId": 'a"b', "partFirstByte": 7}
    body = PartBody(members, part)
    whole = body.read()
    assert json.loads(whole) == {**members, "layerPartBlob": base64.b64encode(part).decode()}
    assert len(body) == len(whole) == body.seek(0, io.SEEK_END)
    for count in (1, 3, 16_384):
        body.seek(0)
        if len(whole) // count < 2_000:
            assert b"".join(iter(lambda: body.read(count), b"")) == whole  # noqa: B023
    body.seek(len(whole) // 2)
    assert body.read(5) == whole[len(whole) // 2 :][:5]


def test_the_log_does_not_hold_the_part(served: str, caplog: pytest.LogCaptureFixture) -> None:
    store = open_registry(Connection(endpoint_url=served, region="eu-west-1"))
    upload = store.begin_upload("team/app")
    with caplog.at_level(logging.DEBUG):
        store.upload_part("team/app", upload.id, 0, b"secret" * 1000)
    assert "layer part" in caplog.text
    assert base64.b64encode(b"secret" * 3).decode() not in caplog.text
    assert repr(b"secretsecret")[2:-1] not in caplog.text
