"""Findings in replies of DescribeImageScanFindings, as AWS sends them and as it never should."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from ecrtui.ecr.findings import UNREADABLE, Availability, Finding
from ecrtui.registry.replies.finding_conversion import findings


def basic(attributes: Mapping[str, object], /, **members: object) -> tuple[Finding, ...]:
    """Convert a finding of a basic scan."""
    pairs = [{"key": key, "value": value} for key, value in attributes.items()]
    entry = {"name": "CVE-2026-1", "severity": "HIGH", "attributes": pairs, **members}
    return tuple(findings({"imageScanFindings": {"findings": [entry]}}))


def enhanced(*packages: Mapping[str, object], details: Any = None, **members: object) -> tuple[Finding, ...]:
    """Convert a finding of an enhanced scan."""
    package_details = {"vulnerabilityId": "CVE-2026-1", "vulnerablePackages": list(packages), **(details or {})}
    entry = {"severity": "HIGH", "title": "a title", "packageVulnerabilityDetails": package_details, **members}
    return tuple(findings({"imageScanFindings": {"enhancedFindings": [entry]}}))


def test_everything_in_an_enhanced_scan_is_kept() -> None:
    found = enhanced(
        {
            "name": "libssh2",
            "version": "1.4.3",
            "release": "12.amzn2.2",
            "epoch": 1,
            "fixedInVersion": "1:1.4.3-13.amzn2",
            "packageManager": "OS",
            "filePath": "/usr/lib64/libssh2.so",
            "sourceLayerHash": "sha256:" + "a" * 64,
        },
        {"name": "libssh2-docs", "version": "1.4.3", "fixedInVersion": "NotAvailable"},
        details={
            "sourceUrl": "https://example.com/1",
            "referenceUrls": ["https://example.com/1", "https://example.com/2"],
            "vendorSeverity": "Moderate",
        },
        description="bad",
        fixAvailable="PARTIAL",
        exploitAvailable="YES",
        score=6.7,
        scoreDetails={"cvss": {"version": "3.1", "scoringVector": "CVSS:3.1/AV:N"}},
        remediation={"recommendation": {"text": "Update.", "url": "https://example.com/3"}},
        resources=[{"details": {"awsEcrContainerImage": {"inUseCount": 3}}}],
        firstObservedAt=1_700_000_000,
        updatedAt=1_700_000_500.5,
        status="SUPPRESSED",
    )
    first, second = found
    assert first == Finding(
        "CVE-2026-1",
        "HIGH",
        "libssh2",
        "1:1.4.3-12.amzn2.2",
        "1:1.4.3-13.amzn2",
        "bad",
        "https://example.com/1",
        Availability.YES,
        Availability.YES,
        6.7,
        "3.1",
        "CVSS:3.1/AV:N",
        "Moderate",
        "OS",
        "/usr/lib64/libssh2.so",
        "sha256:" + "a" * 64,
        ("https://example.com/2", "https://example.com/3"),
        "Update.",
        1_700_000_000,
        1_700_000_500.5,
        3,
        "SUPPRESSED",
    )
    assert (second.fixed_in, second.fix, second.version) == ("", Availability.NO, "1.4.3")


def test_without_a_score_of_the_service_that_of_a_vendor_comes_with_its_version() -> None:
    vendors = [
        {"baseScore": 10.0, "version": "2.0", "scoringVector": "AV:N"},
        {"baseScore": 7.1, "version": "3.1", "scoringVector": "CVSS:3.1/AV:L"},
        {"baseScore": 9.8, "version": "3.1", "scoringVector": "CVSS:3.1/AV:N"},
    ]
    (found,) = enhanced({"name": "a"}, score=None, scoreDetails=None, details={"cvss": vendors})
    assert (found.score, found.score_version, found.vector) == (9.8, "3.1", "CVSS:3.1/AV:N")


def test_a_finding_without_details_has_its_title_and_nothing_else() -> None:
    (found,) = findings({"imageScanFindings": {"enhancedFindings": [{"severity": "UNTRIAGED", "title": "a title"}]}})
    assert found == Finding("a title", "UNDEFINED")


@pytest.mark.parametrize(
    ("available", "version", "fix"),
    [
        ("YES", "2", Availability.YES),
        ("YES", None, Availability.YES),
        ("NO", "NotAvailable", Availability.NO),
        ("NO", None, Availability.NO),
        ("PARTIAL", None, Availability.NO),
        (None, "NotAvailable", Availability.NO),
        (None, None, Availability.UNKNOWN),
        ("MAYBE", None, Availability.UNKNOWN),
    ],
)
def test_a_package_has_a_fix_only_if_the_scan_says_so(
    available: str | None, version: str | None, fix: Availability
) -> None:
    (found,) = enhanced({"name": "a", "fixedInVersion": version}, fixAvailable=available)
    assert found.fix is fix


@pytest.mark.parametrize(
    ("attributes", "members"),
    [
        ({"package_name": "curl", "package_version": "8.3"}, {"package": "curl", "version": "8.3"}),
        ({"fixed_in_versions": "8.4.0, 8.5"}, {"fixed_in": "8.4.0, 8.5", "fix": Availability.YES}),
        ({}, {"fix": Availability.UNKNOWN, "score": None}),
        ({"CVSS2_SCORE": "4.3", "CVSS3_SCORE": "9.8", "CVSS3_VECTOR": "v"}, {"score": 9.8, "vector": "v"}),
        ({"CVSS2_SCORE": "4"}, {"score": 4.0, "score_version": "2"}),
        ({"CVSS3_SCORE": "N/A", "CVSS2_SCORE": "1.0"}, {"score": 1.0}),
        ({"CVSS3_SCORE": "1e999"}, {"score": None}),
        ({"CVSS3_SCORE": "11"}, {"score": None}),
        ({"CVSS3_SCORE": "-1"}, {"score": None}),
    ],
)
def test_a_basic_scan_has_package_and_score_in_attributes(
    attributes: Mapping[str, object], members: Mapping[str, object]
) -> None:
    (found,) = basic(attributes)
    assert {name: getattr(found, name) for name in members} == members


@pytest.mark.parametrize(
    "found",
    [
        basic({"package_name": 7}),
        basic({}, attributes="x"),
        basic({}, severity=7),
        enhanced({"name": []}),
        enhanced(status=7),
        enhanced(details={"vulnerablePackages": {}}),
        enhanced(details={"referenceUrls": [1]}),
        enhanced(details={"cvss": [{"baseScore": "9"}]}),
        enhanced(score=True),
        enhanced(score=float("nan")),
        enhanced(score=-0.1),
        enhanced(score=10.1),
        enhanced(firstObservedAt="yesterday"),
        enhanced(updatedAt=-1),
        enhanced(resources=[{"details": {"awsEcrContainerImage": {"inUseCount": -1}}}]),
        enhanced({"name": "a", "epoch": 1.5}),
    ],
)
def test_a_finding_that_cannot_be_read_is_still_listed(found: tuple[Finding, ...]) -> None:
    (unreadable,) = found
    assert unreadable.name == UNREADABLE
    assert unreadable.unreadable
    assert unreadable.description
