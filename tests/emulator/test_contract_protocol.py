"""The protocol: headers, bodies and types of the replies.

The numbers are those of docs/embedded-registry-behaviour.md.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest

from tests.emulator.conftest import Caller, Transport
from tests.support.embedded import REGISTRY_ID, create_repository, push_image, refused
from tests.support.reply_shapes import violations
from tests.support.request_shapes import service_model


@pytest.fixture
def bodies(ecr: Any) -> Iterator[list[str]]:
    """Yield the list that receives the body of each reply during a test."""
    found: list[str] = []

    def keep(response_dict: dict[str, Any], **_: Any) -> None:
        found.append(response_dict["body"].decode())

    ecr.meta.events.register("before-parse.ecr", keep)
    yield found
    ecr.meta.events.unregister("before-parse.ecr", keep)


def test_a_reply_has_the_headers_of_the_protocol(ecr: Any) -> None:
    """T01"""
    metadata = ecr.describe_registry()["ResponseMetadata"]
    headers = metadata["HTTPHeaders"]
    assert metadata["HTTPStatusCode"] == 200
    assert headers["content-type"] == "application/x-amz-json-1.1"
    assert str(UUID(headers["x-amzn-requestid"])) == headers["x-amzn-requestid"]
    assert "x-amzn-errortype" not in headers


def test_an_error_has_a_type_and_a_message_and_no_spaces(ecr: Any, bodies: list[str], caller: Caller) -> None:
    """T02"""
    with refused("RepositoryNotFoundException"):
        ecr.list_images(repositoryName="no/such")
    assert bodies == [
        '{"__type":"RepositoryNotFoundException","message":"The repository with name \'no/such\' does not exist in the'
        f" registry with id '{caller.account}'\"}}"
    ]


def test_an_operation_without_members_answers_an_empty_object(ecr: Any, name: str, bodies: list[str]) -> None:
    """T03"""
    arn = create_repository(ecr, name)["repositoryArn"]
    del bodies[:]
    ecr.tag_resource(resourceArn=arn, tags=[{"Key": "a", "Value": "b"}])
    ecr.untag_resource(resourceArn=arn, tagKeys=["a"])
    assert bodies == ["{}", "{}"]


def test_no_repositories_are_an_empty_list(transport: Transport) -> None:
    """T04"""
    found: list[bytes] = []
    ecr = transport.client(region="af-south-1")
    ecr.meta.events.register("before-parse.ecr", lambda response_dict, **_: found.append(response_dict["body"]))
    ecr.describe_repositories()
    assert found == [b'{"repositories":[]}']


def test_no_tags_of_a_repository_are_an_empty_list(ecr: Any, name: str, bodies: list[str]) -> None:
    """T05"""
    arn = create_repository(ecr, name)["repositoryArn"]
    del bodies[:]
    ecr.list_tags_for_resource(resourceArn=arn)
    assert bodies == ['{"tags":[]}']


def test_the_replies_to_all_contract_tests_are_checked_against_their_shapes() -> None:
    """T06"""
    shapes = service_model()["shapes"]
    good = {"repositoryName": "team/app", "imageId": {}, "replicationStatuses": [{"region": "eu-west-1"}]}
    assert list(violations(shapes, "DescribeImageReplicationStatusResponse", good, "reply")) == []
    bad = {
        "registryId": REGISTRY_ID,
        "imageId": {"imageTag": 1},
        "replicationStatuses": [{"status": "SOME"}, {"failureReason": "x"}],
    }
    assert list(violations(shapes, "DescribeImageReplicationStatusResponse", bad, "reply")) == [
        "reply.registryId is no member of DescribeImageReplicationStatusResponse",
        "reply.imageId.imageTag is int, not string",
        "reply.replicationStatuses[0].status is 'SOME', which ReplicationStatus does not have",
        "reply.replicationStatuses[1].failureReason is no member of ImageReplicationStatus",
    ]


def test_times_are_numbers_of_seconds(ecr: Any, repository: str, bodies: list[str]) -> None:
    """T07"""
    push_image(ecr, repository, tag="1.0")
    del bodies[:]
    ecr.describe_images(repositoryName=repository)
    (detail,) = json.loads(bodies[0])["imageDetails"]
    assert isinstance(detail["imagePushedAt"], float)
    assert round(detail["imagePushedAt"], 3) == detail["imagePushedAt"]
