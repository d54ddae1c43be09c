"""Scan results: where ECR tells them, and where not.

The numbers are those of docs/embedded-registry-behaviour.md.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest

from ecrtui.emulator.service import EmbeddedRegistry
from tests.emulator.conftest import Caller, Transport
from tests.support.embedded import client_for, create_repository, error_message, push_image, push_index, refused

EVERY_IMAGE = {"repositoryFilters": [{"filter": "*", "filterType": "WILDCARD"}], "scanFrequency": "SCAN_ON_PUSH"}
SCAN_MEMBERS = {"imageScanStatus", "imageScanFindingsSummary"}


def described(client: Any, repository: str, **asked: Any) -> dict[str, Any]:
    """Return the only image that DescribeImages returns."""
    (detail,) = client.describe_images(repositoryName=repository, **asked)["imageDetails"]
    result: dict[str, Any] = detail
    return result


@pytest.mark.parametrize("kind", ["BASIC", "ENHANCED"])
def test_images_are_described_without_scan_results(transport: Transport, name: str, kind: str) -> None:
    """S06"""
    ecr = transport.client(region={"BASIC": "us-west-1", "ENHANCED": "us-west-2"}[kind])
    assert ecr.get_account_setting(name="BASIC_SCAN_TYPE_VERSION")["value"] == "AWS_NATIVE"
    ecr.put_registry_scanning_configuration(scanType=kind, rules=[EVERY_IMAGE])
    ecr.create_repository(repositoryName=name)
    push_image(ecr, name, tag="1.0")
    for asked in ({}, {"imageIds": [{"imageTag": "1.0"}]}):
        assert not SCAN_MEMBERS & described(ecr, name, **asked).keys()
    answer = ecr.describe_image_scan_findings(repositoryName=name, imageId={"imageTag": "1.0"})
    assert answer["imageScanStatus"]["status"] in ("COMPLETE", "ACTIVE")
    assert "findingSeverityCounts" in answer["imageScanFindings"]


def test_the_old_scan_version_describes_the_results_of_basic_scans(transport: Transport, name: str) -> None:
    """S06"""
    ecr = transport.client(region="eu-north-1")
    ecr.put_account_setting(name="BASIC_SCAN_TYPE_VERSION", value="CLAIR")
    expected = {"BASIC": SCAN_MEMBERS, "ENHANCED": set()}
    for kind, members in expected.items():
        ecr.put_registry_scanning_configuration(scanType=kind, rules=[EVERY_IMAGE])
        ecr.create_repository(repositoryName=f"{name}/{kind.lower()}")
        push_image(ecr, f"{name}/{kind.lower()}", tag="1.0")
        for asked in ({}, {"imageIds": [{"imageTag": "1.0"}]}):
            assert described(ecr, f"{name}/{kind.lower()}", **asked).keys() & SCAN_MEMBERS == members


def archive(ecr: Any, repository: str, digest: str) -> None:
    ecr.update_image_storage_class(
        repositoryName=repository, imageId={"imageDigest": digest}, targetStorageClass="ARCHIVE"
    )


def test_a_second_scan_within_a_day_exceeds_the_quota(ecr: Any, repository: str) -> None:
    """S05"""
    asked = {"repositoryName": repository, "imageId": {"imageTag": "1.0"}}
    push_image(ecr, repository, tag="1.0")
    ecr.start_image_scan(**asked)
    with refused("LimitExceededException") as caught:
        ecr.start_image_scan(**asked)
    assert error_message(caught) == "The scan quota per image has been exceeded. Wait and try again."


def test_an_index_cannot_be_scanned(ecr: Any, repository: str) -> None:
    """S07"""
    push_index(ecr, repository, tag="multi")
    with refused("UnsupportedImageTypeException"):
        ecr.start_image_scan(repositoryName=repository, imageId={"imageTag": "multi"})


def test_an_archived_image_cannot_be_scanned(ecr: Any, repository: str) -> None:
    """S08"""
    image = push_image(ecr, repository, tag="1.0")
    archive(ecr, repository, image.digest)
    with refused("ImageArchivedException"):
        ecr.start_image_scan(repositoryName=repository, imageId={"imageTag": "1.0"})


def test_a_basic_scan_is_disabled_by_enhanced_scanning(transport: Transport, name: str) -> None:
    """S09"""
    ecr = transport.client(region="ap-northeast-1")
    ecr.put_registry_scanning_configuration(scanType="ENHANCED", rules=[])
    ecr.create_repository(repositoryName=name)
    push_image(ecr, name, tag="1.0")
    with refused("ValidationException") as caught:
        ecr.start_image_scan(repositoryName=name, imageId={"imageTag": "1.0"})
    assert error_message(caught) == "This feature is disabled"


def test_a_finding_of_a_basic_scan_names_its_package(ecr: Any, repository: str) -> None:
    """S10"""
    findings: list[dict[str, Any]] = []
    for number in range(10):
        asked = {"repositoryName": repository, "imageId": {"imageTag": str(number)}}
        push_image(ecr, repository, f"image {number}", tag=str(number))
        ecr.start_image_scan(**asked)
        answer = ecr.describe_image_scan_findings(**asked)
        assert answer["imageScanStatus"] == {
            "status": "COMPLETE",
            "description": "The scan was completed successfully.",
        }
        findings += answer["imageScanFindings"]["findings"]
    assert findings
    for finding in findings:
        assert {attribute["key"] for attribute in finding["attributes"]} >= {"package_name", "package_version"}
        assert finding["uri"].startswith("http")


def test_the_message_of_a_missing_scan_names_the_digest(ecr: Any, repository: str, caller: Caller) -> None:
    """S11"""
    image = push_image(ecr, repository, tag="1.0")
    with refused("ScanNotFoundException") as caught:
        ecr.describe_image_scan_findings(repositoryName=repository, imageId={"imageDigest": image.digest})
    assert error_message(caught) == (
        f"Image scan does not exist for the image with '{{imageDigest:'{image.digest}', imageTag:'null'}}' in the"
        f" repository with name '{repository}' in the registry with id '{caller.account}'"
    )


def test_a_rule_of_the_registry_scans_pushes_and_leaves_the_repository_as_it_is(
    transport: Transport, name: str
) -> None:
    """S12"""
    ecr = transport.client(region="ap-northeast-2")
    ecr.put_registry_scanning_configuration(scanType="BASIC", rules=[EVERY_IMAGE])
    ecr.create_repository(repositoryName=name)
    push_image(ecr, name, tag="1.0")
    answer = ecr.describe_image_scan_findings(repositoryName=name, imageId={"imageTag": "1.0"})
    assert answer["imageScanStatus"]["status"] == "COMPLETE"
    (repository,) = ecr.describe_repositories(repositoryNames=[name])["repositories"]
    assert repository["imageScanningConfiguration"] == {"scanOnPush": False}


def test_a_finding_of_an_enhanced_scan_has_fix_exploit_and_layer(transport: Transport, name: str) -> None:
    """S14"""
    ecr = transport.client(region="ap-northeast-3")
    ecr.put_registry_scanning_configuration(scanType="ENHANCED", rules=[EVERY_IMAGE])
    ecr.create_repository(repositoryName=name)
    fixes: set[str] = set()
    for number in range(5):
        image = push_image(ecr, name, f"image {number}", tag=str(number))
        layers = {layer["digest"] for layer in json.loads(image.manifest)["layers"]}
        answer = ecr.describe_image_scan_findings(repositoryName=name, imageId={"imageTag": str(number)})
        for finding in answer["imageScanFindings"]["enhancedFindings"]:
            (package,) = finding["packageVulnerabilityDetails"]["vulnerablePackages"]
            assert package["sourceLayerHash"] in layers
            assert (package["fixedInVersion"] == "NotAvailable") == (finding["fixAvailable"] == "NO")
            assert finding["exploitAvailable"] in ("YES", "NO")
            assert 0 < finding["score"] <= 10
            assert {"firstObservedAt", "updatedAt"} <= finding.keys()
            fixes.add(finding["fixAvailable"])
    assert fixes == {"YES", "NO"}


def test_the_counts_of_an_enhanced_scan_are_those_of_active_findings(transport: Transport, name: str) -> None:
    """S15"""
    ecr = transport.client(region="ap-southeast-3")
    ecr.put_registry_scanning_configuration(scanType="ENHANCED", rules=[EVERY_IMAGE])
    ecr.create_repository(repositoryName=name)
    push_image(ecr, name, tag="1.0")
    found = ecr.describe_image_scan_findings(repositoryName=name, imageId={"imageTag": "1.0"})["imageScanFindings"]
    statuses = Counter(finding["status"] for finding in found["enhancedFindings"])
    assert statuses.keys() <= {"ACTIVE", "SUPPRESSED", "CLOSED"}
    assert sum(found["findingSeverityCounts"].values()) == statuses["ACTIVE"]


def test_an_image_with_the_schema_version_of_another_media_type_is_scanned(empty: EmbeddedRegistry) -> None:
    ecr = client_for(empty)
    ecr.put_registry_scanning_configuration(scanType="ENHANCED", rules=[EVERY_IMAGE])
    create_repository(ecr, "team/app")
    push_image(ecr, "team/app", tag="1.0", schemaVersion=1)
    answer = ecr.describe_image_scan_findings(repositoryName="team/app", imageId={"imageTag": "1.0"})
    assert answer["imageScanStatus"]["status"] == "ACTIVE"


def test_a_scan_by_digest_answers_the_digest_alone(ecr: Any, repository: str) -> None:
    """S13"""
    image = push_image(ecr, repository, tag="1.0")
    answer = ecr.start_image_scan(repositoryName=repository, imageId={"imageDigest": image.digest})
    assert answer["imageId"] == {"imageDigest": image.digest}
    assert answer["imageScanStatus"] == {"status": "IN_PROGRESS"}
