"""Replies are bounded: botocore alone would read one of any size into memory."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from ecrtui.ecr.manifest import OCI_MANIFEST, Manifest
from ecrtui.emulator.faults import Fault
from ecrtui.errors import ConnectionFailed, ErrorKind
from ecrtui.registry.replies.reply_limit import MAX_REPLY
from ecrtui.settings import Connection
from ecrtui.wiring import open_registry
from tests.registry.conftest import RegistryEnv, failed
from tests.support.edited_replies import ErrorBody, edited
from tests.support.embedded import push_image, put

TOO_LONG = b'{"message": "' + b"x" * MAX_REPLY + b'"}'


@pytest.mark.parametrize("status", [200, 400])
def test_a_reply_beyond_the_limit_is_an_error_that_names_the_limit(env: RegistryEnv, served: str, status: int) -> None:
    pushed = push_image(env.client, "team/app")
    registry = open_registry(Connection(endpoint_url=served))
    manifest = Manifest(pushed.manifest, pushed.digest, OCI_MANIFEST)
    for operation, call in (
        ("DescribeRepositories", lambda: registry.repository("team/app")),
        ("PutImage", lambda: registry.put_image("team/app", manifest, "prod")),
    ):
        env.embedded.calls.clear()
        fault = env.embedded.faults.add(Fault(operation, ErrorBody(status, TOO_LONG)))
        error = failed(call)
        env.embedded.faults.remove(fault)
        assert isinstance(error, ConnectionFailed)
        assert (error.kind, error.ambiguous) == (ErrorKind.REPLY_TOO_LARGE, operation == "PutImage")
        assert f"{MAX_REPLY:,} bytes" in error.detail
        assert env.embedded.calls[operation] == 1
    assert registry.repository("team/app").name == "team/app"


def test_manifests_that_the_registry_refuses_together_are_read_apart(env: RegistryEnv) -> None:
    manifest = push_image(env.client, "team/app", "one").manifest
    digests = [put(env.client, "team/app", manifest + " " * (4_000_000 + number)).digest for number in range(9)]
    with pytest.raises(ClientError, match=r"imageIds.*at most 33,554,432 bytes"):
        env.client.batch_get_image(repositoryName="team/app", imageIds=[{"imageDigest": digest} for digest in digests])
    before = env.embedded.calls["BatchGetImage"]
    assert [found.digest for found in env.registry.manifests("team/app", digests)] == digests
    assert env.embedded.calls["BatchGetImage"] == before + 3


def test_tags_whose_manifests_the_registry_refuses_together_are_looked_up_apart(env: RegistryEnv) -> None:
    manifest = push_image(env.client, "team/app", "one").manifest + " " * 4_000_000
    tags = [f"t{number}" for number in range(9)]
    for tag in tags:
        put(env.client, "team/app", manifest, tag)
    before = env.embedded.calls["BatchGetImage"]
    assert list(env.registry.images_by_tag("team/app", tags)) == tags
    assert env.embedded.calls["BatchGetImage"] == before + 3
    assert {found.text for found in env.registry.tagged_manifests("team/app", tags).values()} == {manifest}


def test_manifests_that_are_too_large_together_are_read_apart(env: RegistryEnv, served: str) -> None:
    digests = [push_image(env.client, "team/app", name).digest for name in ("one", "two")]

    def fill(reply: dict[str, Any]) -> None:
        if len(reply["images"]) > 1:
            reply["padding"] = "x" * MAX_REPLY

    env.embedded.faults.add(edited("BatchGetImage", fill))
    registry = open_registry(Connection(endpoint_url=served))
    assert {manifest.digest for manifest in registry.manifests("team/app", digests)} == set(digests)
    assert env.embedded.calls["BatchGetImage"] == 3
