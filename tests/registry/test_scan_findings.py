"""The last scan of an image: its state, its counts and its findings, of basic and of enhanced scanning."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from ecrtui.ecr.findings import NOT_SCANNED, SEVERITIES, ImageScan
from ecrtui.ecr.image import Image
from ecrtui.errors import AccessDenied, ConnectionFailed, ErrorKind, IntegrityError, NotFound
from ecrtui.registry.replies.image_details import image
from tests.registry.conftest import RegistryEnv, failed
from tests.support.edited_replies import edited
from tests.support.embedded import push_image

OPERATION = "DescribeImageScanFindings"


def scan_everything(env: RegistryEnv) -> None:
    everything = {"filter": "*", "filterType": "WILDCARD"}
    env.client.put_registry_scanning_configuration(
        scanType="ENHANCED", rules=[{"scanFrequency": "SCAN_ON_PUSH", "repositoryFilters": [everything]}]
    )


def scanned_image(env: RegistryEnv, name: str = "one") -> str:
    digest = push_image(env.client, "team/app", name).digest
    env.client.start_image_scan(repositoryName="team/app", imageId={"imageDigest": digest})
    return digest


def test_an_image_without_a_scan_is_not_scanned(env: RegistryEnv) -> None:
    digest = push_image(env.client, "team/app").digest
    assert env.registry.scan("team/app", digest) == ImageScan(NOT_SCANNED)


@pytest.mark.parametrize("kind", ["basic", "enhanced"])
def test_the_counts_are_those_of_all_findings_and_cost_one_request(env: RegistryEnv, kind: str) -> None:
    if kind == "enhanced":
        scan_everything(env)
    digest = push_image(env.client, "team/app").digest if kind == "enhanced" else scanned_image(env)
    found = Counter(finding.severity for finding in env.registry.findings("team/app", digest).findings)
    env.embedded.calls.clear()
    scan = env.registry.scan("team/app", digest)
    assert env.embedded.calls == {OPERATION: 1}
    assert scan.status == ("ACTIVE" if kind == "enhanced" else "COMPLETE")
    assert scan.counts == tuple((severity, found[severity]) for severity in SEVERITIES if found[severity])
    assert scan.description
    assert scan.completed_at is not None


def test_findings_are_counted_if_the_reply_has_no_counts(env: RegistryEnv) -> None:
    digest = scanned_image(env)
    counts = env.registry.scan("team/app", digest).counts
    assert counts
    env.embedded.faults.add(edited(OPERATION, lambda reply: reply["imageScanFindings"].pop("findingSeverityCounts")))
    assert env.registry.scan("team/app", digest).counts == counts


def test_suppressed_and_closed_findings_are_not_counted(env: RegistryEnv) -> None:
    scan_everything(env)
    digests = [push_image(env.client, "team/app", f"image {number}").digest for number in range(9)]
    digest = max(digests, key=lambda one: len(env.registry.findings("team/app", one).findings))
    counts = env.registry.scan("team/app", digest).counts or ()
    names = [finding.name for finding in env.registry.findings("team/app", digest).findings]
    statuses = dict(zip(names, ("SUPPRESSED", "CLOSED"), strict=False))

    def spoil(reply: dict[str, Any]) -> None:
        found = reply["imageScanFindings"]
        del found["findingSeverityCounts"]
        for finding in found["enhancedFindings"]:
            name = finding["packageVulnerabilityDetails"]["vulnerabilityId"]
            finding["status"] = statuses.get(name, "ACTIVE")

    env.embedded.faults.add(edited(OPERATION, spoil))
    report = env.registry.findings("team/app", digest)
    assert [finding.status for finding in report.findings[:3]] == ["SUPPRESSED", "CLOSED", "ACTIVE"]
    fewer = env.registry.scan("team/app", digest).counts or ()
    assert sum(number for _, number in fewer) == sum(number for _, number in counts) - 2


def test_an_enhanced_scan_can_have_an_empty_list_of_basic_findings(env: RegistryEnv) -> None:
    basic = scanned_image(env)
    assert not env.registry.findings("team/app", basic).enhanced
    scan_everything(env)
    digest = push_image(env.client, "team/app", "other").digest

    def as_ecr_replies(reply: dict[str, Any]) -> None:
        reply["imageScanFindings"] = {"findings": []}

    env.embedded.faults.add(edited(OPERATION, as_ecr_replies))
    assert env.registry.findings("team/app", digest).enhanced


def test_a_scan_that_found_nothing_differs_from_every_other_state(env: RegistryEnv) -> None:
    digest = scanned_image(env)

    def nothing_found(reply: dict[str, Any]) -> None:
        reply["imageScanFindings"] |= {"findings": [], "findingSeverityCounts": {}}

    env.embedded.faults.add(edited(OPERATION, nothing_found))
    assert env.registry.scan("team/app", digest).counts == ()
    assert env.registry.findings("team/app", digest).findings == ()


@pytest.mark.parametrize(
    "status",
    [
        "IN_PROGRESS",
        "PENDING",
        "FAILED",
        "UNSUPPORTED_IMAGE",
        "SCAN_ELIGIBILITY_EXPIRED",
        "FINDINGS_UNAVAILABLE",
        "NEW",
    ],
)
def test_a_scan_in_another_state_has_no_counts(env: RegistryEnv, status: str) -> None:
    digest = scanned_image(env)

    def change_status(reply: dict[str, Any]) -> None:
        reply["imageScanStatus"] = {"status": status, "description": "why"}
        reply["imageScanFindings"] = {"findingSeverityCounts": {}}

    env.embedded.faults.add(edited(OPERATION, change_status))
    assert env.registry.scan("team/app", digest) == ImageScan(status, None, "why")
    error = failed(env.registry.findings, "team/app", digest)
    assert isinstance(error, NotFound)
    assert error.code == status
    assert error.retryable == (status in ("IN_PROGRESS", "PENDING"))


@pytest.mark.parametrize("status", ["IN_PROGRESS", "FAILED"])
def test_an_empty_summary_of_describe_images_is_no_result_of_an_unfinished_scan(status: str) -> None:
    described = image(
        {
            "imageDigest": "sha256:" + "1" * 64,
            "imageScanStatus": {"status": status},
            "imageScanFindingsSummary": {"findingSeverityCounts": {}},
        }
    )
    assert described.findings is None
    assert described.scan_known


def test_a_finished_scan_without_a_summary_is_not_known() -> None:
    described = image({"imageDigest": "sha256:" + "1" * 64, "imageScanStatus": {"status": "COMPLETE"}})
    assert not described.scan_known


@pytest.mark.parametrize("result", [None, {}, {"imageScanCompletedAt": 1}])
def test_a_finished_scan_without_a_result_is_not_known(env: RegistryEnv, result: dict[str, Any] | None) -> None:
    digest = scanned_image(env)
    env.embedded.faults.add(edited(OPERATION, lambda reply: reply.update(imageScanFindings=result)))
    described = Image(digest).with_scan(env.registry.scan("team/app", digest))
    assert not described.scan_known
    assert isinstance(failed(env.registry.findings, "team/app", digest), ConnectionFailed)


def test_other_failures_are_errors_and_not_a_missing_scan(env: RegistryEnv) -> None:
    digest = scanned_image(env)
    missing = failed(env.registry.scan, "team/app", "sha256:" + "0" * 64)
    assert missing.kind is ErrorKind.IMAGE_NOT_FOUND
    env.fault(f"{OPERATION}:error:code=AccessDeniedException")
    denied = failed(env.registry.scan, "team/app", digest)
    assert isinstance(denied, AccessDenied)
    assert f"ecr:{OPERATION}" in denied.hint


@pytest.mark.parametrize(
    "edit",
    [
        lambda reply: reply.pop("imageScanStatus"),
        lambda reply: reply.update(imageScanStatus=None),
        lambda reply: reply.update(imageScanStatus={"status": 7}),
        lambda reply: reply.update(imageScanFindings=[]),
        lambda reply: reply["imageScanFindings"].update(findingSeverityCounts={"CRITICAL": "7"}),
        lambda reply: reply["imageScanFindings"].update(findingSeverityCounts={"CRITICAL": -1}),
        lambda reply: reply["imageScanFindings"].update(findingSeverityCounts={"CRITICAL": True}),
        lambda reply: reply["imageScanFindings"].update(imageScanCompletedAt=float("nan")),
    ],
)
def test_a_malformed_reply_is_an_error(env: RegistryEnv, edit: Any) -> None:
    digest = scanned_image(env)
    env.embedded.faults.add(edited(OPERATION, edit))
    assert isinstance(failed(env.registry.scan, "team/app", digest), ConnectionFailed)


@pytest.mark.parametrize(
    "other", [{"repositoryName": "team/other"}, {"imageId": {"imageDigest": "sha256:" + "1" * 64}}, {"imageId": {}}]
)
def test_a_reply_about_another_image_is_refused(env: RegistryEnv, other: dict[str, Any]) -> None:
    digest = scanned_image(env)
    env.embedded.faults.add(edited(OPERATION, lambda reply: reply.update(other)))
    assert isinstance(failed(env.registry.scan, "team/app", digest), IntegrityError)
    assert isinstance(failed(env.registry.findings, "team/app", digest), IntegrityError)
