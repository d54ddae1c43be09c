"""DescribeImages, ListImages and BatchDeleteImage: further behaviours that a client observes.

The numbers are those of docs/embedded-registry-behaviour.md.
"""

from __future__ import annotations

from typing import Any

from tests.emulator.conftest import Caller, Transport
from tests.support.embedded import (
    OCI_INDEX,
    digests_of,
    error_message,
    push_image,
    push_index,
    put,
    refused,
    tags_of,
)

ABSENT = "sha256:" + "0" * 64


def described(ecr: Any, repository: str) -> dict[str, dict[str, Any]]:
    """Return the details of all images by digest."""
    return {detail["imageDigest"]: detail for detail in ecr.describe_images(repositoryName=repository)["imageDetails"]}


def delete(ecr: Any, repository: str, **image_id: str) -> Any:
    return ecr.batch_delete_image(repositoryName=repository, imageIds=[image_id])


def test_an_index_has_the_size_of_its_largest_image(ecr: Any, repository: str) -> None:
    """D11"""
    small = push_image(ecr, repository, "small", layers=[b"a"])
    large = push_image(ecr, repository, "large", layers=[b"b" * 5000])
    index = push_index(ecr, repository, {"linux/amd64": small, "linux/arm64": large})
    sizes = {digest: detail["imageSizeInBytes"] for digest, detail in described(ecr, repository).items()}
    assert sizes[small.digest] < sizes[index.digest] == sizes[large.digest]


def test_a_referrer_shows_the_digest_of_its_subject(ecr: Any, repository: str) -> None:
    """D12"""
    image = push_image(ecr, repository, tag="1.0")
    subject = {"mediaType": image.media_type, "digest": image.digest, "size": len(image.manifest.encode())}
    referrer = push_image(ecr, repository, "referrer", artifactType="application/spdx+json", subject=subject)
    details = described(ecr, repository)
    assert details[referrer.digest]["subjectManifestDigest"] == image.digest
    assert "subjectManifestDigest" not in details[image.digest]


def test_an_empty_repository_has_empty_lists(ecr: Any, repository: str) -> None:
    """D13"""
    for answer, member in (
        (ecr.describe_images(repositoryName=repository), "imageDetails"),
        (ecr.list_images(repositoryName=repository), "imageIds"),
    ):
        assert answer[member] == []
        assert "nextToken" not in answer


def test_a_page_has_at_most_1000_results(transport: Transport, repository: str) -> None:
    """D14"""
    ecr = transport.client(parameter_validation=False)
    with refused("InvalidParameterException") as caught:
        ecr.describe_images(repositoryName=repository, maxResults=1001)
    assert error_message(caught) == (
        "Invalid parameter at 'maxResults' failed to satisfy constraint: 'Member must have value less than or equal to"
        " 1000'"
    )


def test_the_message_of_a_missing_image_names_digest_and_tag(ecr: Any, repository: str, caller: Caller) -> None:
    """D15"""
    for image_id, named in (
        ({"imageDigest": ABSENT}, f"imageDigest:'{ABSENT}', imageTag:'null'"),
        ({"imageTag": "absent"}, "imageDigest:'null', imageTag:'absent'"),
    ):
        with refused("ImageNotFoundException") as caught:
            ecr.describe_images(repositoryName=repository, imageIds=[image_id])
        assert error_message(caught) == (
            f"The image with imageId {{{named}}} does not exist within the repository with name '{repository}' in the"
            f" registry with id '{caller.account}'"
        )


def test_tagged_image_ids_are_one_for_each_tag(ecr: Any, repository: str) -> None:
    """D16"""
    image = push_image(ecr, repository, tag="1.0")
    put(ecr, repository, image.manifest, "latest")
    push_image(ecr, repository, "untagged")
    found = ecr.list_images(repositoryName=repository, filter={"tagStatus": "TAGGED"})["imageIds"]
    assert {entry["imageTag"]: entry["imageDigest"] for entry in found} == {
        "1.0": image.digest,
        "latest": image.digest,
    }
    assert len(found) == 2


def test_an_index_is_listed_without_an_artifact_media_type(ecr: Any, repository: str) -> None:
    """D17"""
    index = push_index(ecr, repository, tag="multi")
    detail = described(ecr, repository)[index.digest]
    assert detail["imageManifestMediaType"] == OCI_INDEX
    assert "artifactMediaType" not in detail


def test_the_last_tag_of_an_indexs_child_stays(ecr: Any, repository: str) -> None:
    """X08"""
    child = push_image(ecr, repository, tag="child")
    index = push_index(ecr, repository, {"linux/amd64": child}, tag="multi")
    answer = delete(ecr, repository, imageTag="child")
    assert answer["imageIds"] == []
    (failure,) = answer["failures"]
    assert failure["failureCode"] == "ImageReferencedByManifestList"
    assert failure["failureReason"] == f"Requested image referenced by manifest list: [{index.digest}]"
    assert tags_of(ecr, repository)["child"] == child.digest


def test_the_child_of_a_deleted_index_can_be_deleted(ecr: Any, repository: str) -> None:
    """X09"""
    child = push_image(ecr, repository, tag="child")
    index = push_index(ecr, repository, {"linux/amd64": child}, tag="multi")
    delete(ecr, repository, imageDigest=index.digest)
    assert delete(ecr, repository, imageTag="child")["failures"] == []
    assert digests_of(ecr, repository) == set()


def test_a_tag_of_another_digest_deletes_nothing(ecr: Any, repository: str) -> None:
    """X10"""
    one, two = push_image(ecr, repository, "one", tag="one"), push_image(ecr, repository, "two", tag="two")
    answer = delete(ecr, repository, imageDigest=one.digest, imageTag="two")
    assert answer["imageIds"] == []
    assert [failure["failureCode"] for failure in answer["failures"]] == ["ImageTagDoesNotMatchDigest"]
    assert tags_of(ecr, repository) == {"one": one.digest, "two": two.digest}
