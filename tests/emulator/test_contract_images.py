"""Reading and deleting images: the behaviours that a client observes.

The numbers are those of docs/embedded-registry-behaviour.md.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.emulator.conftest import Transport
from tests.support.embedded import (
    ALL_MEDIA_TYPES,
    OCI_CONFIG,
    OCI_INDEX,
    OCI_MANIFEST,
    PushedImage,
    digest_of,
    digests_of,
    push_image,
    push_index,
    put,
    refused,
    tags_of,
    upload_blob,
)


def get(client: Any, repository: str, *image_ids: dict[str, str], accepted: list[str] | None = None) -> dict[str, Any]:
    """Call BatchGetImage; accept every media type unless others are given."""
    result: dict[str, Any] = client.batch_get_image(
        repositoryName=repository, imageIds=list(image_ids), acceptedMediaTypes=accepted or ALL_MEDIA_TYPES
    )
    return result


def delete(client: Any, repository: str, *image_ids: dict[str, str]) -> dict[str, Any]:
    """Call BatchDeleteImage. Its status is 200 even if it deletes nothing."""
    answer: dict[str, Any] = client.batch_delete_image(repositoryName=repository, imageIds=list(image_ids))
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200
    return answer


def codes(answer: dict[str, Any]) -> list[str]:
    return [failure["failureCode"] for failure in answer["failures"]]


def many_images(client: Any, repository: str, count: int) -> list[PushedImage]:
    """Put untagged images that share a config and a layer."""
    layers = [{"mediaType": OCI_MANIFEST, **upload_blob(client, repository, b"layer")}]
    config = {"mediaType": OCI_CONFIG, **upload_blob(client, repository, b"{}")}
    base = {"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": config, "layers": layers}
    return [
        put(client, repository, json.dumps({**base, "annotations": {"number": str(number)}})) for number in range(count)
    ]


def test_an_image_read_by_digest_has_only_its_digest_as_id(ecr: Any, repository: str) -> None:
    """G01"""
    image = push_image(ecr, repository, tag="1.0")
    (found,) = get(ecr, repository, {"imageDigest": image.digest})["images"]
    assert found["imageId"] == {"imageDigest": image.digest}
    assert (found["imageManifest"], found["imageManifestMediaType"]) == (image.manifest, OCI_MANIFEST)


def test_an_image_read_by_an_older_tag_has_that_tag_as_id(ecr: Any, repository: str) -> None:
    """G02"""
    image = push_image(ecr, repository, tag="old")
    put(ecr, repository, image.manifest, "new")
    (found,) = get(ecr, repository, {"imageTag": "old"})["images"]
    assert found["imageId"] == {"imageDigest": image.digest, "imageTag": "old"}


def test_a_tag_and_a_digest_of_different_images_are_a_failure(ecr: Any, repository: str) -> None:
    """G03"""
    push_image(ecr, repository, "one", tag="1.0")
    other = push_image(ecr, repository, "two", tag="2.0")
    asked = {"imageDigest": other.digest, "imageTag": "1.0"}
    answer = get(ecr, repository, asked)
    assert (answer["images"], codes(answer)) == ([], ["ImageTagDoesNotMatchDigest"])
    assert answer["failures"][0]["imageId"] == asked
    agreed = {"imageDigest": other.digest, "imageTag": "2.0"}
    assert get(ecr, repository, agreed)["images"][0]["imageId"] == agreed


def test_missing_images_fail_and_the_others_are_returned(ecr: Any, repository: str) -> None:
    """G04"""
    image = push_image(ecr, repository, tag="1.0")
    missing = [{"imageTag": "absent"}, {"imageDigest": digest_of("absent")}]
    answer = get(ecr, repository, missing[0], {"imageTag": "1.0"}, missing[1])
    assert [found["imageId"]["imageDigest"] for found in answer["images"]] == [image.digest]
    assert codes(answer) == ["ImageNotFound", "ImageNotFound"]
    assert [failure["imageId"] for failure in answer["failures"]] == missing


def test_101_image_ids_are_rejected(ecr: Any, repository: str) -> None:
    """G07"""
    with refused("InvalidParameterException"):
        get(ecr, repository, *({"imageTag": f"tag-{number}"} for number in range(101)))


def test_a_malformed_digest_is_a_failure(ecr: Any, repository: str) -> None:
    """G08"""
    answer = get(ecr, repository, {"imageDigest": "sha256:xyz"}, {"imageTag": "a b"}, {})
    assert codes(answer) == ["InvalidImageDigest", "InvalidImageTag", "MissingDigestAndTag"]


def test_images_of_another_account_are_denied(ecr: Any, repository: str) -> None:
    """G09"""
    push_image(ecr, repository, tag="1.0")
    with refused("AccessDeniedException"):
        ecr.batch_get_image(registryId="999999999999", repositoryName=repository, imageIds=[{"imageTag": "1.0"}])


def test_a_pull_is_recorded_once_a_day(transport: Transport, ecr: Any, repository: str) -> None:
    """The service model says of lastRecordedPullTime: it is refreshed at least once every 24 hours."""
    image = push_image(ecr, repository, tag="1.0")
    detail = {"repositoryName": repository, "imageIds": [{"imageTag": "1.0"}]}
    assert "lastRecordedPullTime" not in ecr.describe_images(**detail)["imageDetails"][0]
    get(ecr, repository, {"imageTag": "1.0"})
    first = ecr.describe_images(**detail)["imageDetails"][0]["lastRecordedPullTime"]
    get(ecr, repository, {"imageTag": "1.0"})
    assert ecr.describe_images(**detail)["imageDetails"][0]["lastRecordedPullTime"] == first
    with transport.embedded.database.write() as connection:
        connection.execute("UPDATE images SET last_pulled_at = 1 WHERE digest = ?", (image.digest,))
    get(ecr, repository, {"imageTag": "1.0"})
    assert ecr.describe_images(**detail)["imageDetails"][0]["lastRecordedPullTime"] >= first


def test_pulls_of_an_excluded_principal_are_not_recorded(transport: Transport, name: str) -> None:
    ecr = transport.client(region="ap-south-1")
    ecr.create_repository(repositoryName=name)
    push_image(ecr, name, tag="1.0")
    arn = transport.client(service="sts", region="ap-south-1").get_caller_identity()["Arn"]
    ecr.register_pull_time_update_exclusion(principalArn=arn)
    with refused("ExclusionAlreadyExistsException"):
        ecr.register_pull_time_update_exclusion(principalArn=arn)
    assert ecr.list_pull_time_update_exclusions()["pullTimeUpdateExclusions"] == [arn]
    get(ecr, name, {"imageTag": "1.0"})
    assert "lastRecordedPullTime" not in ecr.describe_images(repositoryName=name)["imageDetails"][0]
    ecr.deregister_pull_time_update_exclusion(principalArn=arn)
    with refused("ExclusionNotFoundException"):
        ecr.deregister_pull_time_update_exclusion(principalArn=arn)
    get(ecr, name, {"imageTag": "1.0"})
    assert "lastRecordedPullTime" in ecr.describe_images(repositoryName=name)["imageDetails"][0]


def test_pages_return_each_image_once(ecr: Any, repository: str) -> None:
    """D01"""
    images = many_images(ecr, repository, 8)
    page = ecr.describe_images(repositoryName=repository, maxResults=3)
    assert len(page["imageDetails"]) == 3
    pages = ecr.get_paginator("describe_images").paginate(repositoryName=repository, PaginationConfig={"PageSize": 3})
    found = [detail["imageDigest"] for page in pages for detail in page["imageDetails"]]
    assert sorted(found) == sorted(image.digest for image in images)
    whole = ecr.describe_images(repositoryName=repository, maxResults=8)
    assert len(whole["imageDetails"]) == 8
    assert "nextToken" not in whole


def test_an_image_deleted_between_pages_repeats_and_hides_no_other(ecr: Any, repository: str) -> None:
    """D01"""
    images = many_images(ecr, repository, 6)
    first = ecr.describe_images(repositoryName=repository, maxResults=3)
    seen = [detail["imageDigest"] for detail in first["imageDetails"]]
    delete(ecr, repository, {"imageDigest": seen[-1]})
    rest = ecr.describe_images(repositoryName=repository, maxResults=3, nextToken=first["nextToken"])
    seen += [detail["imageDigest"] for detail in rest["imageDetails"]]
    assert sorted(seen) == sorted(image.digest for image in images)


def test_a_page_has_100_images_by_default(ecr: Any, repository: str) -> None:
    """D02"""
    many_images(ecr, repository, 105)
    page = ecr.describe_images(repositoryName=repository)
    assert len(page["imageDetails"]) == 100
    assert len(ecr.describe_images(repositoryName=repository, nextToken=page["nextToken"])["imageDetails"]) == 5


def test_images_are_filtered_by_tag_status(ecr: Any, repository: str) -> None:
    """D03"""
    tagged = push_image(ecr, repository, "one", tag="1.0")
    untagged = push_image(ecr, repository, "two")
    for status, image in (("TAGGED", tagged), ("UNTAGGED", untagged)):
        details = ecr.describe_images(repositoryName=repository, filter={"tagStatus": status})["imageDetails"]
        assert [detail["imageDigest"] for detail in details] == [image.digest]
        entries = ecr.list_images(repositoryName=repository, filter={"tagStatus": status})["imageIds"]
        assert [entry["imageDigest"] for entry in entries] == [image.digest]
    with refused("InvalidParameterException"):
        ecr.describe_images(repositoryName=repository, filter={"tagStatus": "SOMETIMES"})


def test_describing_a_missing_tag_fails(ecr: Any, repository: str) -> None:
    """D04"""
    push_image(ecr, repository, tag="1.0")
    with refused("ImageNotFoundException") as caught:
        ecr.describe_images(repositoryName=repository, imageIds=[{"imageTag": "1.0"}, {"imageTag": "absent"}])
    assert "imageTag:'absent'" in caught.value.response["Error"]["Message"]


def test_image_ids_cannot_be_combined_with_pages(ecr: Any, repository: str) -> None:
    """D05"""
    push_image(ecr, repository, tag="1.0")
    with refused("InvalidParameterException"):
        ecr.describe_images(repositoryName=repository, imageIds=[{"imageTag": "1.0"}], maxResults=1)


def test_the_size_is_the_sum_of_config_and_layers(ecr: Any, repository: str) -> None:
    """D06"""
    image = push_image(ecr, repository, tag="1.0", layers=[b"a" * 1000, b"b" * 500])
    config = json.loads(image.manifest)["config"]["size"]
    (detail,) = ecr.describe_images(repositoryName=repository)["imageDetails"]
    assert detail["imageSizeInBytes"] == 1500 + config


def test_the_size_of_an_index_is_that_of_its_largest_image(ecr: Any, repository: str) -> None:
    """D06: the size of a manifest list is the largest size of its manifests."""
    small = push_image(ecr, repository, "small", layers=[b"a"])
    large = push_image(ecr, repository, "large", layers=[b"b" * 5000])
    index = push_index(ecr, repository, {"linux/amd64": small, "linux/arm64": large})
    sizes = {
        detail["imageDigest"]: detail["imageSizeInBytes"]
        for detail in ecr.describe_images(repositoryName=repository)["imageDetails"]
    }
    assert sizes[index.digest] == sizes[large.digest] > 5000


def test_image_details_have_media_types_and_push_time(ecr: Any, repository: str) -> None:
    """D07"""
    push_image(ecr, repository, tag="1.0")
    (detail,) = ecr.describe_images(repositoryName=repository)["imageDetails"]
    assert detail["imageManifestMediaType"] == OCI_MANIFEST
    assert detail["artifactMediaType"] == OCI_CONFIG
    assert detail["imagePushedAt"].timestamp() > 1_700_000_000


def test_a_list_has_an_entry_for_each_tag(ecr: Any, repository: str) -> None:
    """D08"""
    image = push_image(ecr, repository, "one", tag="a")
    put(ecr, repository, image.manifest, "b")
    untagged = push_image(ecr, repository, "two")
    entries = ecr.list_images(repositoryName=repository)["imageIds"]
    assert sorted(entries, key=str) == sorted(
        [
            {"imageDigest": image.digest, "imageTag": "a"},
            {"imageDigest": image.digest, "imageTag": "b"},
            {"imageDigest": untagged.digest},
        ],
        key=str,
    )


def test_a_page_of_a_list_can_end_between_two_tags_of_an_image(ecr: Any, repository: str) -> None:
    """D09"""
    image = push_image(ecr, repository, "one", tag="tag-0")
    for number in range(1, 6):
        put(ecr, repository, image.manifest, f"tag-{number}")
    push_image(ecr, repository, "two")
    push_image(ecr, repository, "three", tag="other")
    assert len(ecr.list_images(repositoryName=repository, maxResults=3)["imageIds"]) == 3
    for size in (1, 2, 3, 7, 8):
        pages = ecr.get_paginator("list_images").paginate(
            repositoryName=repository, PaginationConfig={"PageSize": size}
        )
        entries = [tuple(sorted(entry.items())) for page in pages for entry in page["imageIds"]]
        assert len(entries) == len(set(entries)) == 8


def test_the_status_of_an_image_is_active(ecr: Any, repository: str) -> None:
    """D10"""
    push_image(ecr, repository, tag="1.0")
    assert ecr.describe_images(repositoryName=repository)["imageDetails"][0]["imageStatus"] == "ACTIVE"


def test_deleting_one_of_two_tags_keeps_the_image(ecr: Any, repository: str) -> None:
    """X01"""
    image = push_image(ecr, repository, tag="a")
    put(ecr, repository, image.manifest, "b")
    answer = delete(ecr, repository, {"imageTag": "a"})
    assert answer["imageIds"] == [{"imageDigest": image.digest, "imageTag": "a"}]
    assert tags_of(ecr, repository) == {"b": image.digest}


def test_deleting_the_last_tag_deletes_the_image(ecr: Any, repository: str) -> None:
    """X02"""
    image = push_image(ecr, repository, tag="a")
    delete(ecr, repository, {"imageTag": "a"})
    assert codes(get(ecr, repository, {"imageDigest": image.digest})) == ["ImageNotFound"]
    assert digests_of(ecr, repository) == set()


def test_deleting_by_digest_deletes_every_tag(ecr: Any, repository: str) -> None:
    """X03"""
    image = push_image(ecr, repository, tag="a")
    put(ecr, repository, image.manifest, "b")
    answer = delete(ecr, repository, {"imageDigest": image.digest})
    assert answer["imageIds"] == [{"imageDigest": image.digest, "imageTag": tag} for tag in ("a", "b")]
    assert digests_of(ecr, repository) == set()


def test_deleting_an_untagged_image_returns_its_digest(ecr: Any, repository: str) -> None:
    """X04"""
    image = push_image(ecr, repository)
    assert delete(ecr, repository, {"imageDigest": image.digest})["imageIds"] == [{"imageDigest": image.digest}]
    assert digests_of(ecr, repository) == set()


def test_an_image_in_an_index_cannot_be_deleted(ecr: Any, repository: str) -> None:
    """X05"""
    child = push_image(ecr, repository, tag="child")
    index = push_index(ecr, repository, {"linux/amd64": child}, tag="multi")
    answer = delete(ecr, repository, {"imageDigest": child.digest}, {"imageTag": "child"})
    assert (answer["imageIds"], codes(answer)) == ([], ["ImageReferencedByManifestList"] * 2)
    assert tags_of(ecr, repository) == {"child": child.digest, "multi": index.digest}
    delete(ecr, repository, {"imageDigest": index.digest})
    assert codes(delete(ecr, repository, {"imageDigest": child.digest})) == []


def test_deleting_a_missing_tag_fails_for_that_id_only(ecr: Any, repository: str) -> None:
    """X06"""
    image = push_image(ecr, repository, tag="a")
    answer = delete(ecr, repository, {"imageTag": "absent"}, {"imageTag": "a"})
    assert codes(answer) == ["ImageNotFound"]
    assert answer["imageIds"] == [{"imageDigest": image.digest, "imageTag": "a"}]


def test_an_empty_image_id_is_a_failure(ecr: Any, repository: str) -> None:
    """X07"""
    assert codes(delete(ecr, repository, {})) == ["MissingDigestAndTag"]


def test_a_deleted_image_can_be_put_again(ecr: Any, repository: str) -> None:
    image = push_image(ecr, repository, tag="a")
    delete(ecr, repository, {"imageDigest": image.digest})
    assert put(ecr, repository, image.manifest, "a").digest == image.digest


def test_the_referrers_of_an_image_are_listed(ecr: Any, repository: str) -> None:
    """S04"""
    image = push_image(ecr, repository, tag="1.0")
    subject = {"mediaType": OCI_MANIFEST, "digest": image.digest, "size": len(image.manifest)}
    signature = push_image(
        ecr,
        repository,
        "signature",
        config_media_type="application/vnd.oci.empty.v1+json",
        artifactType="application/vnd.example.signature",
        annotations={"signed-by": "release"},
        subject=subject,
    )
    (found,) = ecr.list_image_referrers(repositoryName=repository, subjectId={"imageDigest": image.digest})["referrers"]
    assert found == {
        "digest": signature.digest,
        "mediaType": OCI_MANIFEST,
        "artifactType": "application/vnd.example.signature",
        "size": len(signature.manifest),
        "annotations": {"signed-by": "release"},
        "artifactStatus": "ACTIVE",
    }
    (detail,) = ecr.describe_images(repositoryName=repository, imageIds=[{"imageDigest": signature.digest}])[
        "imageDetails"
    ]
    assert detail["subjectManifestDigest"] == image.digest
    assert detail["artifactMediaType"] == "application/vnd.example.signature"


def test_referrers_are_returned_in_pages_and_by_artifact_type(ecr: Any, repository: str) -> None:
    """S04"""
    image = push_image(ecr, repository, tag="1.0")
    subject = {"mediaType": OCI_MANIFEST, "digest": image.digest, "size": len(image.manifest)}
    for number in range(5):
        push_image(
            ecr, repository, f"referrer {number}", subject=subject, config_media_type=f"application/kind{number % 2}"
        )
    asked = {"repositoryName": repository, "subjectId": {"imageDigest": image.digest}}
    page = ecr.list_image_referrers(**asked, maxResults=3)
    rest = ecr.list_image_referrers(**asked, maxResults=3, nextToken=page["nextToken"])
    assert len({entry["digest"] for entry in page["referrers"] + rest["referrers"]}) == 5
    assert "nextToken" not in rest
    some = ecr.list_image_referrers(**asked, filter={"artifactTypes": ["application/kind1"]})["referrers"]
    assert [entry["artifactType"] for entry in some] == ["application/kind1"] * 2
    with refused("InvalidParameterException"):
        ecr.list_image_referrers(**asked, maxResults=51)


def test_an_archived_image_is_hidden_unless_the_filter_includes_it(ecr: Any, repository: str) -> None:
    """C03"""
    image = push_image(ecr, repository, tag="old")
    named = {"repositoryName": repository, "imageIds": [{"imageTag": "old"}]}
    answer = ecr.update_image_storage_class(
        repositoryName=repository, imageId={"imageTag": "old"}, targetStorageClass="ARCHIVE"
    )
    assert answer["imageStatus"] == "ARCHIVED"
    assert answer["imageId"] == {"imageDigest": image.digest, "imageTag": "old"}
    assert ecr.describe_images(repositoryName=repository)["imageDetails"] == []
    assert ecr.list_images(repositoryName=repository)["imageIds"] == []
    with refused("ImageNotFoundException"):
        ecr.describe_images(**named)
    for status in ("ARCHIVED", "ANY"):
        (detail,) = ecr.describe_images(repositoryName=repository, filter={"imageStatus": status})["imageDetails"]
        assert (detail["imageStatus"], detail["imageTags"]) == ("ARCHIVED", ["old"])
        assert "lastArchivedAt" in detail
    assert ecr.describe_images(**named, filter={"imageStatus": "ANY"})["imageDetails"] == [detail]
    assert codes(get(ecr, repository, {"imageTag": "old"})) == ["ImageInaccessible"]


@pytest.mark.parametrize("how", ["restored", "put again", "retagged"])
def test_an_archived_image_becomes_active_again(ecr: Any, repository: str, how: str) -> None:
    """C03"""
    image = push_image(ecr, repository, tag="old")
    archive = {"repositoryName": repository, "imageId": {"imageDigest": image.digest}}
    ecr.update_image_storage_class(**archive, targetStorageClass="ARCHIVE")
    if how == "restored":
        answer = ecr.update_image_storage_class(**archive, targetStorageClass="STANDARD")
        assert answer["imageStatus"] == "ACTIVATING"
    else:
        put(ecr, repository, image.manifest, "old" if how == "put again" else "new")
    (detail,) = ecr.describe_images(repositoryName=repository)["imageDetails"]
    assert detail["imageStatus"] == "ACTIVE"
    assert {"lastArchivedAt", "lastActivatedAt"} <= detail.keys()


def test_an_image_in_an_index_cannot_be_archived(ecr: Any, repository: str) -> None:
    child = push_image(ecr, repository)
    push_index(ecr, repository, {"linux/amd64": child})
    with refused("ImageStorageClassUpdateNotSupportedException"):
        ecr.update_image_storage_class(
            repositoryName=repository, imageId={"imageDigest": child.digest}, targetStorageClass="ARCHIVE"
        )


def test_an_index_has_no_artifact_media_type(ecr: Any, repository: str) -> None:
    index = push_index(ecr, repository, tag="multi")
    (detail,) = ecr.describe_images(repositoryName=repository, imageIds=[{"imageDigest": index.digest}])["imageDetails"]
    assert detail["imageManifestMediaType"] == OCI_INDEX
    assert "artifactMediaType" not in detail
