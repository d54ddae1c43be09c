"""Findings of several platforms as rows: joined, filtered, sorted and exported."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace

import pytest

from ecrtui.catalog.filter import FilterError
from ecrtui.ecr.findings import UNREADABLE, Availability, Finding, ScanReport
from ecrtui.ecr.manifest import OCI_INDEX, OCI_MANIFEST, parse_manifest
from ecrtui.errors import AccessDenied, EcrTuiError, ErrorKind, NotFound, unsupported
from ecrtui.inspect import findings_export
from ecrtui.inspect.findings import (
    FindingRow,
    PlatformScan,
    ScanTarget,
    join_findings,
    not_open_text,
    open_rows,
    scan_age,
    scan_targets,
    severity_counts,
    unknown_scans,
    worst_first,
)
from ecrtui.inspect.findings_filter import names_status, parse_findings

AMD, ARM = ScanTarget("sha256:" + "a" * 64, "linux/amd64"), ScanTarget("sha256:" + "b" * 64, "linux/arm64")
LAYERS = ["sha256:" + digit * 64 for digit in "123"]
NOW = 1_800_000_000.0
DAY = 86_400.0

CURL = Finding(
    "CVE-2023-38545",
    "CRITICAL",
    "curl",
    "8.3.0",
    "8.4.0",
    "A heap based buffer overflow.",
    "https://example.com/curl",
    fix=Availability.YES,
    exploit=Availability.YES,
    score=9.8,
    layer=LAYERS[1],
    first_seen=NOW - DAY,
    in_use=2,
)
OPENSSL = Finding("CVE-2014-0160", "HIGH", "openssl", "1.0.1f", "1.0.1g", fix=Availability.YES, score=7.5)
OPENSSL_ARM = Finding(
    "CVE-2014-0160", "MEDIUM", "openssl", "1.0.1e", fix=Availability.NO, exploit=Availability.NO, score=8.0, layer="odd"
)
NCURSES = Finding("CVE-2023-50495", "MEDIUM", "ncurses", "6.4-4")
XZ = Finding("CVE-2024-3094", "CRITICAL", "xz-utils", "5.6", score=10.0, status="SUPPRESSED")
BROKEN = Finding(UNREADABLE, "UNDEFINED", description="severity is 7, not a text")


def rows() -> tuple[FindingRow, ...]:
    scans = [
        PlatformScan(AMD, ScanReport((OPENSSL, NCURSES, BROKEN))),
        PlatformScan(ARM, ScanReport((OPENSSL_ARM, CURL), enhanced=True)),
    ]
    return join_findings(scans, {ARM.digest: LAYERS})


def test_the_platforms_are_joined_into_one_row_for_each_vulnerability_in_a_package() -> None:
    curl, openssl, ncurses, broken = rows()
    assert (curl.id, curl.platforms, curl.layer, curl.score) == ("CVE-2023-38545", "linux/arm64", "2 of 3", 9.8)
    assert (openssl.severity, openssl.score, openssl.platforms) == ("HIGH", 8.0, "linux/amd64, linux/arm64")
    assert (openssl.installed, openssl.fixed_in, openssl.layer) == ("1.0.1f, 1.0.1e", "1.0.1g", "odd")
    assert (openssl.fix, openssl.exploit) == (Availability.PARTIAL, Availability.UNKNOWN)
    assert (ncurses.fix, ncurses.score, ncurses.in_use) == (Availability.UNKNOWN, None, None)
    assert broken.unreadable
    assert severity_counts(rows()) == (("CRITICAL", 1), ("HIGH", 1), ("MEDIUM", 1), ("UNDEFINED", 1))


def test_the_worst_findings_are_those_at_the_top_of_the_table() -> None:
    higher_score = replace(NCURSES, name="CVE-2024-3094", severity="CRITICAL", score=10.0)
    newer = replace(CURL, name="CVE-2023-44487", fixed_in="", fix=Availability.NO)
    findings = (BROKEN, NCURSES, CURL, OPENSSL, newer, higher_score)
    assert worst_first(findings) == [higher_score, newer, CURL, OPENSSL, NCURSES, BROKEN]
    table = join_findings([PlatformScan(AMD, ScanReport(findings))])
    assert worst_first(findings) == [row.finding for row in table]


def rows_of_every_status() -> tuple[FindingRow, ...]:
    """Return findings of two platforms: one is suppressed on both, one on one of them, and one is closed."""
    suppressed, closed = replace(OPENSSL, status="SUPPRESSED"), replace(CURL, status="CLOSED")
    active = replace(OPENSSL, status="ACTIVE")
    scans = [
        PlatformScan(AMD, ScanReport((active, XZ, closed, NCURSES))),
        PlatformScan(ARM, ScanReport((suppressed, XZ))),
    ]
    return join_findings(scans)


def test_only_open_findings_count() -> None:
    found = rows_of_every_status()
    assert [(row.package, row.status, row.platforms) for row in found] == [
        ("openssl", "open", "linux/amd64"),
        ("ncurses", "open", "linux/amd64"),
        ("xz-utils", "suppressed", "linux/amd64, linux/arm64"),
        ("curl", "closed", "linux/amd64"),
        ("openssl", "suppressed", "linux/arm64"),
    ]
    assert severity_counts(found) == (("HIGH", 1), ("MEDIUM", 1))
    assert [row.package for row in open_rows(found)] == ["openssl", "ncurses"]
    assert not_open_text(found) == "2 suppressed, 1 closed"
    assert worst_first([XZ, NCURSES, OPENSSL]) == [OPENSSL, NCURSES]
    assert len({row.key for row in found}) == len(found)


def test_a_status_that_is_not_known_is_open() -> None:
    (row,) = join_findings([PlatformScan(AMD, ScanReport((replace(CURL, status="NEW"),)))])
    assert (row.is_open, row.status, not_open_text([row])) == (True, "open", "")


@pytest.mark.parametrize(
    ("text", "packages"),
    [
        ("status:open", "openssl ncurses"),
        ("status:suppressed", "xz-utils openssl"),
        ("status=closed", "curl"),
        ("!status:open", "xz-utils curl openssl"),
        ("suppressed", "xz-utils openssl"),
        ("severity>=high status:open", "openssl"),
    ],
)
def test_a_filter_knows_the_status(text: str, packages: str) -> None:
    assert " ".join(row.package for row in parse_findings(text).select(rows_of_every_status())) == packages
    assert names_status(text) is ("status" in text)


@pytest.mark.parametrize(
    ("text", "ids", "undecided"),
    [
        ("", "curl openssl ncurses -", ""),
        ("severity>=high", "curl openssl", "-"),
        ("!severity>=high", "ncurses", "-"),
        ("severity:medium", "ncurses", "-"),
        ("severity<high", "ncurses", "-"),
        ("score>7", "curl openssl", "ncurses -"),
        ("score>=9.8", "curl", "ncurses -"),
        ("!score>7", "", "ncurses -"),
        ("fix:yes", "curl openssl", "ncurses -"),
        ("fix:partial", "openssl", "ncurses -"),
        ("fix:no", "", "ncurses -"),
        ("fix:unknown", "ncurses -", ""),
        ("fix:yes !fix:unknown", "curl openssl", ""),
        ("exploit:yes", "curl", "openssl ncurses -"),
        ("package:curl", "curl", ""),
        ("package=cur", "", ""),
        ("platform:arm64", "curl openssl", ""),
        ("id:CVE-2023", "curl ncurses", ""),
        ("id=CVE-2014-0160", "openssl", ""),
        ("layer:2", "curl", ""),
        ("installed:1.0.1e", "openssl", ""),
        ("fixed:8.4*", "curl", ""),
        ("seen<2d", "curl", "openssl ncurses -"),
        ("inuse>1", "curl", "openssl ncurses -"),
        ("text:heap", "curl", ""),
        ("critical", "curl", ""),
        ("arm64 !curl", "openssl", ""),
        ("8.4.0", "curl", ""),
        ("manager:os", "", ""),
    ],
)
def test_a_filter_matches_what_is_known_and_names_the_rest(text: str, ids: str, undecided: str) -> None:
    chosen, all_rows = parse_findings(text, NOW), rows()
    assert " ".join(row.package or "-" for row in chosen.select(all_rows)) == ids
    assert " ".join(all_rows[index].package or "-" for index in chosen.undecided(all_rows)) == undecided


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("severty>high", "severity"),
        ("severity:huge", "high"),
        ("score:7", "score>7"),
        ("status:new", "suppressed"),
        ("score>high", "score>7"),
        ("score>100", "score>7"),
        ("fix:maybe", "partial"),
        ("fix>yes", "fix with"),
        ("exploit:partial", "unknown"),
    ],
)
def test_a_wrong_filter_says_what_to_write(text: str, hint: str) -> None:
    with pytest.raises(FilterError) as caught:
        parse_findings(text)
    assert hint in caught.value.with_hint()


def index(*entries: dict[str, object]) -> str:
    manifests = [{"mediaType": OCI_MANIFEST, "size": 1, **entry} for entry in entries]
    return json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": manifests})


def test_the_targets_of_an_index_are_its_platforms_without_attestations() -> None:
    arm: dict[str, object] = {"digest": ARM.digest, "platform": {"os": "linux", "architecture": "arm64"}}
    unknown = {"os": "unknown", "architecture": "unknown"}
    attestation = {"vnd.docker.reference.type": "attestation-manifest"}
    text = index(
        arm,
        {"digest": "sha256:" + "c" * 64, "platform": unknown},
        {"digest": "sha256:" + "d" * 64, "annotations": attestation},
        {"digest": AMD.digest},
        {"digest": AMD.digest},
        {"digest": "no digest"},
    )
    found = scan_targets("sha256:" + "e" * 64, parse_manifest(text), ["prod"])
    assert found == (ScanTarget(ARM.digest, "linux/arm64", ("prod",)), ScanTarget(AMD.digest, "", ("prod",)))
    assert [target.name for target in found] == ["prod linux/arm64", "prod"]
    assert scan_targets(AMD.digest, None) == (ScanTarget(AMD.digest),)
    assert scan_targets(AMD.digest, parse_manifest("{}")) == (ScanTarget(AMD.digest),)
    assert scan_targets(AMD.digest, parse_manifest(index({"digest": ARM.digest, "annotations": attestation}))) == ()


@pytest.mark.parametrize(
    ("error", "state", "reason"),
    [
        (NotFound("x", hint="y", code="ScanNotFoundException", kind=ErrorKind.SCAN_NOT_FOUND), "not scanned", "y"),
        (NotFound("x", "no such OS", code="FAILED", kind=ErrorKind.SCAN_NOT_FOUND), "failed", "no such OS"),
        (NotFound("x", "odd", code="UNSUPPORTED_IMAGE", kind=ErrorKind.SCAN_NOT_FOUND), "unsupported image", "odd"),
        (NotFound("x", code="IN_PROGRESS", kind=ErrorKind.SCAN_PENDING), "in progress", "x"),
        (AccessDenied("Access denied"), "denied", "you need ecr:DescribeImageScanFindings"),
        (unsupported("DescribeImageScanFindings"), "not supported", "no image scans"),
        (NotFound("x", kind=ErrorKind.IMAGE_NOT_FOUND), "not in the repository", "x"),
        (EcrTuiError("The service does not answer"), "not known", "does not answer"),
    ],
)
def test_each_state_of_a_scan_is_distinct(error: EcrTuiError, state: str, reason: str) -> None:
    scan = PlatformScan(AMD, error=error)
    assert scan.state == state
    assert reason in scan.reason
    assert unknown_scans([scan, PlatformScan(ARM, ScanReport())]) == (scan,)
    artifact = PlatformScan(replace(AMD, is_artifact=True), error=error)
    assert artifact.state == state
    assert (artifact.reason == scan.reason) == (state != "not scanned")
    assert "start" not in artifact.reason.lower()


def test_the_age_of_several_scans_is_that_of_the_oldest() -> None:
    old, new = ScanReport(completed_at=NOW - 90 * DAY), ScanReport(completed_at=NOW - DAY, enhanced=True)
    assert scan_age([new, new], NOW) == "scanned 1 d ago (enhanced)"
    assert scan_age([new, old, ScanReport()], NOW) == "oldest scan 3 mo ago (basic, enhanced)"
    assert scan_age([ScanReport()], NOW) == ""


def test_an_export_has_every_value_and_no_formula() -> None:
    hostile = Finding("=cmd|' /C calc'!A0", "LOW", "@pkg", "+1", "-2", "=1+1", layer=LAYERS[0])
    found = join_findings([PlatformScan(AMD, ScanReport((hostile, CURL)))])
    first, second = csv.DictReader(io.StringIO(findings_export.as_csv(found)))
    assert first["vulnerabilityId"] == "CVE-2023-38545"
    assert (first["score"], first["fixAvailable"], first["platforms"]) == ("9.8", "YES", "linux/amd64")
    assert second["vulnerabilityId"] == "'=cmd|' /C calc'!A0"
    assert (second["packageName"], second["installedVersion"], second["description"]) == ("'@pkg", "'+1", "'=1+1")
    document = json.loads(findings_export.as_json(found))["findings"]
    assert document[0]["images"][0]["sourceLayerHash"] == LAYERS[1]
    assert document[1]["packageName"] == "@pkg"
    assert "score" not in document[1]
    (suppressed,) = csv.DictReader(
        io.StringIO(findings_export.as_csv(join_findings([PlatformScan(AMD, ScanReport((XZ,)))])))
    )
    assert suppressed["status"] == "SUPPRESSED"


def test_a_line_for_a_ticket_says_what_where_and_how_to_mend_it() -> None:
    line = findings_export.ticket_line(rows()[0], "team/app:prod")
    assert line == (
        "CVE-2023-38545 CRITICAL 9.8 · curl 8.3.0 → 8.4.0 · in team/app:prod (linux/arm64) · https://example.com/curl"
    )
