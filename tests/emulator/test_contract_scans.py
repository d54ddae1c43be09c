"""Scan results: where ECR tells them, and where not.

The numbers are those of docs/embedded-registry-behaviour.md.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.emulator.conftest import Transport
from tests.support.embedded import push_image

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
    ecr.put_account_setting(name="BASIC_SCAN_TYPE_VERSION", value="AWS_NATIVE")
    ecr.put_registry_scanning_configuration(scanType=kind, rules=[EVERY_IMAGE])
    ecr.create_repository(repositoryName=name)
    push_image(ecr, name, tag="1.0")
    for asked in ({}, {"imageIds": [{"imageTag": "1.0"}]}):
        assert not SCAN_MEMBERS & described(ecr, name, **asked).keys()
    answer = ecr.describe_image_scan_findings(repositoryName=name, imageId={"imageTag": "1.0"})
    assert answer["imageScanStatus"]["status"] in ("COMPLETE", "ACTIVE")
    assert "findingSeverityCounts" in answer["imageScanFindings"]


def test_images_are_described_with_scan_results_under_the_old_scan_version(transport: Transport, name: str) -> None:
    ecr = transport.client(region="eu-north-1")
    ecr.put_account_setting(name="BASIC_SCAN_TYPE_VERSION", value="CLAIR")
    ecr.create_repository(repositoryName=name, imageScanningConfiguration={"scanOnPush": True})
    push_image(ecr, name, tag="1.0")
    for asked in ({}, {"imageIds": [{"imageTag": "1.0"}]}):
        assert described(ecr, name, **asked).keys() >= SCAN_MEMBERS
