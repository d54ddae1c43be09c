"""Replies of ECR that the embedded registry never sends."""

from __future__ import annotations

import pytest

from ecrtui.ecr.image import Image
from ecrtui.ecr.manifest import DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST
from ecrtui.ecr.repository import Repository
from ecrtui.registry.replies import conversion
from ecrtui.registry.replies.image_details import image

DIGEST = "sha256:" + "0" * 64


def test_omitted_members_get_defaults() -> None:
    assert conversion.repository({"repositoryName": "team/app"}) == Repository("team/app", "")
    assert image({"imageDigest": DIGEST}) == Image(DIGEST)
    assert image({"imageDigest": DIGEST, "imageTags": None, "imageScanStatus": None}) == Image(DIGEST)


def test_finding_counts_are_sorted_and_unknown_severities_merged() -> None:
    entry = {
        "imageDigest": DIGEST,
        "imageScanFindingsSummary": {
            "findingSeverityCounts": {"UNTRIAGED": 1, "LOW": 3, "UNDEFINED": 2, "CRITICAL": 4}
        },
    }
    assert image(entry).findings == (("CRITICAL", 4), ("LOW", 3), ("UNDEFINED", 3))


def test_no_findings_differs_from_no_scan() -> None:
    assert image({"imageDigest": DIGEST, "imageScanFindingsSummary": {}}).findings == ()
    assert image({"imageDigest": DIGEST}).findings is None


@pytest.mark.parametrize(
    ("text", "media_type"),
    [
        (f'{{"mediaType": "{DOCKER_MANIFEST}"}}', DOCKER_MANIFEST),
        ('{"manifests": [{"digest": "sha256:0"}]}', OCI_INDEX),
        ('{"config": {}, "layers": []}', OCI_MANIFEST),
        ("not JSON", OCI_MANIFEST),
        ("5", OCI_MANIFEST),
    ],
)
def test_a_missing_media_type_comes_from_the_manifest(text: str, media_type: str | None) -> None:
    entry = {"imageId": {"imageDigest": DIGEST}, "imageManifest": text}
    assert conversion.manifest(entry).media_type == media_type
