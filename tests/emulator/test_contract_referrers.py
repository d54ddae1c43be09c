"""Referrers: the behaviours that a client observes.

The numbers are those of docs/embedded-registry-behaviour.md.
"""

from __future__ import annotations

from typing import Any

from tests.support.embedded import OCI_MANIFEST, PushedImage, manifest_text, push_image, put, refused

SIGNATURE, SBOM = "application/vnd.example.signature", "application/spdx+json"


def push_referrer(ecr: Any, repository: str, subject: PushedImage, name: str, kind: str, **members: Any) -> PushedImage:
    """Push an artifact of this type that refers to an image."""
    descriptor = {"mediaType": subject.media_type, "digest": subject.digest, "size": len(subject.manifest.encode())}
    return push_image(ecr, repository, name, artifactType=kind, subject=descriptor, **members)


def listed(ecr: Any, repository: str, subject: PushedImage, **filters: Any) -> list[str]:
    """Return the digests of the referrers of an image."""
    options = {"filter": filters} if filters else {}
    answer = ecr.list_image_referrers(repositoryName=repository, subjectId={"imageDigest": subject.digest}, **options)
    return [entry["digest"] for entry in answer["referrers"]]


def test_referrers_are_filtered_by_their_artifact_types(ecr: Any, repository: str) -> None:
    """E01"""
    image = push_image(ecr, repository, tag="1.0")
    signature = push_referrer(ecr, repository, image, "signature", SIGNATURE)
    sbom = push_referrer(ecr, repository, image, "sbom", SBOM)
    assert listed(ecr, repository, image, artifactTypes=[SIGNATURE]) == [signature.digest]
    assert set(listed(ecr, repository, image, artifactTypes=[SIGNATURE, SBOM])) == {signature.digest, sbom.digest}
    assert listed(ecr, repository, image, artifactTypes=["application/other"]) == []


def test_a_page_has_twenty_referrers_by_default_and_at_most_fifty(ecr: Any, repository: str) -> None:
    """E02"""
    image = push_image(ecr, repository, tag="1.0")
    pushed = {push_referrer(ecr, repository, image, f"referrer {number}", SBOM).digest for number in range(21)}
    asked = {"repositoryName": repository, "subjectId": {"imageDigest": image.digest}}
    page = ecr.list_image_referrers(**asked)
    rest = ecr.list_image_referrers(**asked, nextToken=page["nextToken"])
    assert (len(page["referrers"]), len(rest["referrers"])) == (20, 1)
    assert {entry["digest"] for entry in page["referrers"] + rest["referrers"]} == pushed
    assert "nextToken" not in rest
    assert len(ecr.list_image_referrers(**asked, maxResults=50)["referrers"]) == 21
    with refused("InvalidParameterException"):
        ecr.list_image_referrers(**asked, maxResults=51)


def test_an_image_that_is_not_there_has_no_referrers(ecr: Any, repository: str) -> None:
    """E03"""
    answer = ecr.list_image_referrers(repositoryName=repository, subjectId={"imageDigest": "sha256:" + "0" * 64})
    assert answer["referrers"] == []
    assert "nextToken" not in answer


def test_a_referrer_is_listed_with_its_annotations(ecr: Any, repository: str) -> None:
    """E04"""
    image = push_image(ecr, repository, tag="1.0")
    referrer = push_referrer(ecr, repository, image, "one", SIGNATURE, annotations={"signed-by": "release"})
    (found,) = ecr.list_image_referrers(repositoryName=repository, subjectId={"imageDigest": image.digest})["referrers"]
    assert found == {
        "digest": referrer.digest,
        "mediaType": OCI_MANIFEST,
        "size": len(referrer.manifest.encode()),
        "artifactType": SIGNATURE,
        "annotations": {"signed-by": "release"},
        "artifactStatus": "ACTIVE",
    }


def test_an_annotation_that_is_no_text_is_left_out(ecr: Any, repository: str) -> None:
    """T06 A reply with an infinite number would not even be JSON."""
    image = push_image(ecr, repository, tag="1.0")
    annotations = {"signed-by": "release", "runs": 2, "longest": 0.5}
    text = manifest_text(ecr, repository, subject={"digest": image.digest}, annotations=annotations)
    put(ecr, repository, text.replace("0.5", "1e400"))
    (found,) = ecr.list_image_referrers(repositoryName=repository, subjectId={"imageDigest": image.digest})["referrers"]
    assert found["annotations"] == {"signed-by": "release"}


def test_an_archived_referrer_is_listed_only_if_asked_for(ecr: Any, repository: str) -> None:
    """E05"""
    image = push_image(ecr, repository, tag="1.0")
    kept = push_referrer(ecr, repository, image, "kept", SIGNATURE)
    archived = push_referrer(ecr, repository, image, "archived", SIGNATURE)
    ecr.update_image_storage_class(
        repositoryName=repository, imageId={"imageDigest": archived.digest}, targetStorageClass="ARCHIVE"
    )
    assert listed(ecr, repository, image) == listed(ecr, repository, image, artifactStatus="ACTIVE") == [kept.digest]
    assert listed(ecr, repository, image, artifactStatus="ARCHIVED") == [archived.digest]
    assert set(listed(ecr, repository, image, artifactStatus="ANY")) == {kept.digest, archived.digest}
