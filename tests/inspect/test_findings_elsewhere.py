"""A vulnerability is not in another image only if a scan of the same platform says so."""

from __future__ import annotations

import pytest

from ecrtui.ecr.findings import UNREADABLE, Finding, ScanReport
from ecrtui.errors import EcrTuiError, ErrorKind
from ecrtui.inspect.findings import PlatformScan, ScanTarget, join_findings
from ecrtui.inspect.findings_elsewhere import Presence, presence_of, tagged_scan

AMD64, ARM64 = "linux/amd64", "linux/arm64"


def scan(platform: str, *names: str) -> PlatformScan:
    findings = tuple(Finding(name, "HIGH", "curl", description="no title") for name in names)
    return PlatformScan(ScanTarget(f"sha256:{platform}", platform), ScanReport(findings))


DENIED = PlatformScan(ScanTarget("sha256:a", AMD64), error=EcrTuiError("no", kind=ErrorKind.DENIED))


@pytest.mark.parametrize(
    ("scans", "found", "absent", "unknown"),
    [
        ([scan(ARM64)], (), ("x",), ()),
        ([scan(ARM64, "CVE-1")], ("x",), (), ()),
        ([scan("", "CVE-2")], (), ("x",), ()),
        ([scan(AMD64)], (), (), ("x (it has no linux/arm64)",)),
        ([scan(AMD64, "CVE-1")], ("x",), (), ()),
        ([scan(ARM64), DENIED], (), (), ("x (denied)",)),
        ([scan(ARM64, UNREADABLE)], (), (), ("x (a finding cannot be read)",)),
        ([scan(ARM64, UNREADABLE, "CVE-1")], ("x",), (), ()),
        ([], (), (), ("x (it names no image)",)),
    ],
)
def test_a_platform_without_a_scan_is_not_known_to_lack_a_finding(
    scans: list[PlatformScan], found: tuple[str, ...], absent: tuple[str, ...], unknown: tuple[str, ...]
) -> None:
    (row,) = join_findings([scan(ARM64, "CVE-1")])
    assert presence_of(row, [tagged_scan("x", scans, {AMD64, ARM64})]) == Presence(found, absent, unknown)
