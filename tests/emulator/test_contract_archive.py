"""Archived images: the behaviours that a client observes.

The numbers are those of docs/embedded-registry-behaviour.md.
"""

from __future__ import annotations

from typing import Any

from tests.support.embedded import push_image, refused


def move(ecr: Any, repository: str, digest: str, storage_class: str) -> str:
    """Archive or restore an image; return its status in the answer."""
    answer = ecr.update_image_storage_class(
        repositoryName=repository, imageId={"imageDigest": digest}, targetStorageClass=storage_class
    )
    return str(answer["imageStatus"])


def described(ecr: Any, repository: str, status: str = "") -> list[dict[str, Any]]:
    filters = {"filter": {"imageStatus": status}} if status else {}
    details: list[dict[str, Any]] = ecr.describe_images(repositoryName=repository, **filters)["imageDetails"]
    return details


def test_an_archived_image_shows_its_status_and_when_it_was_archived(ecr: Any, repository: str) -> None:
    """K01"""
    image = push_image(ecr, repository, tag="old")
    push_image(ecr, repository, "active", tag="new")
    move(ecr, repository, image.digest, "ARCHIVE")
    (detail,) = described(ecr, repository, "ARCHIVED")
    assert (detail["imageDigest"], detail["imageStatus"]) == (image.digest, "ARCHIVED")
    assert detail["lastArchivedAt"] >= detail["imagePushedAt"]


def test_an_archived_image_is_hidden_without_a_filter(ecr: Any, repository: str) -> None:
    """K02"""
    old, new = push_image(ecr, repository, "old", tag="old"), push_image(ecr, repository, "new", tag="new")
    move(ecr, repository, old.digest, "ARCHIVE")

    def tags(**asked: Any) -> list[str]:
        return sorted(entry["imageTag"] for entry in ecr.list_images(repositoryName=repository, **asked)["imageIds"])

    assert [detail["imageDigest"] for detail in described(ecr, repository)] == [new.digest]
    assert tags() == ["new"]
    assert {detail["imageDigest"] for detail in described(ecr, repository, "ANY")} == {old.digest, new.digest}
    assert tags(filter={"imageStatus": "ANY"}) == ["new", "old"]
    assert tags(filter={"imageStatus": "ARCHIVED"}) == ["old"]


def test_a_restored_image_shows_when_it_became_active(ecr: Any, repository: str) -> None:
    """K03"""
    image = push_image(ecr, repository, tag="1.0")
    assert "lastActivatedAt" not in described(ecr, repository)[0]
    move(ecr, repository, image.digest, "ARCHIVE")
    assert move(ecr, repository, image.digest, "STANDARD") in ("ACTIVATING", "ACTIVE")
    (detail,) = described(ecr, repository)
    assert detail["imageStatus"] == "ACTIVE"
    assert detail["lastActivatedAt"] >= detail["lastArchivedAt"]
    assert detail["imageTags"] == ["1.0"]


def test_an_image_that_is_not_there_cannot_be_archived(ecr: Any, repository: str) -> None:
    """K04"""
    for image_id in ({"imageTag": "absent"}, {"imageDigest": "sha256:" + "0" * 64}):
        with refused("ImageNotFoundException"):
            ecr.update_image_storage_class(repositoryName=repository, imageId=image_id, targetStorageClass="ARCHIVE")
