"""Pulls: what they return and record, and what a push does to an archived image.

The numbers are those of docs/embedded-registry-behaviour.md.
"""

from __future__ import annotations

from typing import Any

from tests.emulator.conftest import Transport
from tests.support.embedded import ALL_MEDIA_TYPES, create_repository, push_image, put


def pull(ecr: Any, repository: str, **image_id: str) -> dict[str, Any]:
    answer: dict[str, Any] = ecr.batch_get_image(
        repositoryName=repository, imageIds=[image_id], acceptedMediaTypes=ALL_MEDIA_TYPES
    )
    return answer


def described(ecr: Any, repository: str) -> dict[str, Any]:
    """Return the details of the only image."""
    (detail,) = ecr.describe_images(repositoryName=repository)["imageDetails"]
    result: dict[str, Any] = detail
    return result


def archive(ecr: Any, repository: str, digest: str) -> None:
    ecr.update_image_storage_class(
        repositoryName=repository, imageId={"imageDigest": digest}, targetStorageClass="ARCHIVE"
    )


def test_an_archived_image_cannot_be_pulled(ecr: Any, repository: str) -> None:
    """G14"""
    image = push_image(ecr, repository, tag="1.0")
    archive(ecr, repository, image.digest)
    for image_id in ({"imageTag": "1.0"}, {"imageDigest": image.digest}):
        answer = pull(ecr, repository, **image_id)
        assert answer["images"] == []
        assert [failure["failureCode"] for failure in answer["failures"]] == ["ImageInaccessible"]


def test_the_failure_of_a_missing_image_has_a_reason(ecr: Any, repository: str) -> None:
    """G15"""
    assert pull(ecr, repository, imageTag="absent")["failures"] == [
        {
            "imageId": {"imageTag": "absent"},
            "failureCode": "ImageNotFound",
            "failureReason": "Requested image not found",
        }
    ]


def test_a_pull_is_recorded(ecr: Any, repository: str) -> None:
    """G16"""
    push_image(ecr, repository, tag="1.0")
    assert "lastRecordedPullTime" not in described(ecr, repository)
    pull(ecr, repository, imageTag="1.0")
    detail = described(ecr, repository)
    assert detail["lastRecordedPullTime"] >= detail["imagePushedAt"]


def test_the_pull_of_an_excluded_principal_is_not_recorded(transport: Transport, name: str) -> None:
    """G17"""
    ecr = transport.client(region="ap-southeast-1")
    create_repository(ecr, name)
    push_image(ecr, name, tag="1.0")
    arn = transport.client(service="sts", region="ap-southeast-1").get_caller_identity()["Arn"]
    ecr.register_pull_time_update_exclusion(principalArn=arn)
    pull(ecr, name, imageTag="1.0")
    assert "lastRecordedPullTime" not in described(ecr, name)


def test_a_push_restores_an_archived_image(ecr: Any, repository: str) -> None:
    """P40"""
    image = push_image(ecr, repository, tag="1.0")
    archive(ecr, repository, image.digest)
    put(ecr, repository, image.manifest, "1.0")
    detail = described(ecr, repository)
    assert (detail["imageDigest"], detail["imageStatus"]) == (image.digest, "ACTIVE")
    assert detail["imageTags"] == ["1.0"]
