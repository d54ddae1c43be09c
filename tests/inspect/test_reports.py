"""Reports about an image: scans, SARIF, VEX, and envelopes with a text in them."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecrtui.inspect.contents import BlobContent, BlobContext, read_content
from ecrtui.inspect.reports import read_report

TRIVY = {
    "SchemaVersion": 2,
    "ArtifactName": "team/app:v1",
    "Results": [
        {
            "Target": "debian",
            "Vulnerabilities": [
                {"VulnerabilityID": "CVE-2", "PkgName": "zlib", "InstalledVersion": "1.2", "Severity": "LOW"},
                {
                    "VulnerabilityID": "CVE-1",
                    "PkgName": "curl",
                    "InstalledVersion": "8.3",
                    "FixedVersion": "8.4",
                    "Severity": "CRITICAL",
                    "Title": "heap\nbuffer",
                },
            ],
            "Secrets": [{"RuleID": "aws-key", "Severity": "HIGH", "Title": "AWS key"}],
        },
        {"Target": "java", "Vulnerabilities": None},
    ],
}
TRIVY_LINES = (
    "CRITICAL 1 · LOW 1",
    "CRITICAL  CVE-1  curl 8.3  fixed in 8.4  heap buffer",
    "LOW       CVE-2  zlib 1.2  no fix named",
)


def content_of(document: Any, media_type: str = "application/json") -> BlobContent:
    return read_content(json.dumps(document).encode(), BlobContext(media_type))


def lines_of(document: Any, label: str) -> tuple[str, ...]:
    return next(fact.lines for fact in content_of(document).facts if fact.label == label)


def statement(predicate_type: str, predicate: Any) -> dict[str, Any]:
    return {"_type": "https://in-toto.io/Statement/v1", "predicateType": predicate_type, "predicate": predicate}


def test_the_findings_of_trivy_are_a_table_with_the_worst_first() -> None:
    assert content_of(TRIVY).title == "Trivy report"
    assert lines_of(TRIVY, "vulnerabilities") == TRIVY_LINES
    assert lines_of(TRIVY, "secrets")[1:] == ("HIGH  aws-key  debian  AWS key",)
    assert lines_of({"SchemaVersion": 2, "ArtifactName": "a"}, "vulnerabilities") == ("none",)


def test_a_scan_that_cosign_attests_shows_the_report_in_it() -> None:
    predicate = {"scanner": {"uri": "pkg:trivy", "version": "0.50", "result": TRIVY}, "metadata": {}}
    scan = statement("https://cosign.sigstore.dev/attestation/vuln/v1", predicate)
    assert content_of(scan).title == "vulnerability scan"
    assert lines_of(scan, "scanner") == ("pkg:trivy 0.50",)
    assert lines_of(scan, "vulnerabilities") == TRIVY_LINES
    scored = [{"id": "CVE-3", "severity": [{"method": "nvd", "score": "9.8"}, {"method": "x", "score": "high"}]}]
    scan = statement("https://in-toto.io/attestation/vulns/v0.2", {"scanner": {"uri": "x", "result": scored}})
    assert lines_of(scan, "vulnerabilities") == ("high 1", "high  CVE-3  nvd 9.8, x high")


def test_the_matches_of_grype_name_their_fixes() -> None:
    match = {
        "vulnerability": {"id": "CVE-1", "severity": "High", "fix": {"versions": ["8.4", "9"]}},
        "artifact": {"name": "curl", "version": "8.3"},
    }
    report = {"matches": [match], "descriptor": {"name": "grype", "version": "0.74"}}
    assert content_of(report).title == "Grype report"
    assert lines_of(report, "vulnerabilities") == ("High 1", "High  CVE-1  curl 8.3  fixed in 8.4, 9")


def test_the_results_of_sarif_have_their_level_and_place() -> None:
    place = {"physicalLocation": {"artifactLocation": {"uri": "Dockerfile"}, "region": {"startLine": 7}}}
    results = [
        {"ruleId": "DS002", "message": {"text": "runs as root"}, "locations": [place]},
        {"ruleId": "DS001", "level": "error", "message": {"text": "latest"}},
    ]
    report = {"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "hadolint"}}, "results": results}]}
    assert content_of(report).title == "SARIF"
    assert lines_of(report, "tool") == ("hadolint",)
    assert lines_of(report, "results") == (
        "error 1 · warning 1",
        "error    DS001                latest",
        "warning  DS002  Dockerfile:7  runs as root",
    )


@pytest.mark.parametrize(
    ("document", "title", "label", "row"),
    [
        (
            {
                "@context": "https://openvex.dev/ns/v0.2.0",
                "statements": [
                    {
                        "vulnerability": {"name": "CVE-1"},
                        "products": [{"@id": "pkg:oci/app"}],
                        "status": "not_affected",
                        "justification": "vulnerable_code_not_present",
                    }
                ],
            },
            "OpenVEX",
            "statements",
            "not affected  CVE-1  pkg:oci/app  vulnerable_code_not_present",
        ),
        (
            {
                "bomFormat": "CycloneDX",
                "vulnerabilities": [
                    {
                        "id": "CVE-1",
                        "ratings": [{"severity": "high"}],
                        "affects": [{"ref": "curl"}],
                        "analysis": {"state": "not_affected", "detail": "not called"},
                    }
                ],
            },
            "CycloneDX VEX",
            "vulnerabilities",
            "not affected  CVE-1  high  curl  not called",
        ),
        (
            {
                "document": {"category": "csaf_vex"},
                "vulnerabilities": [{"cve": "CVE-1", "product_status": {"known_not_affected": ["app"]}}],
            },
            "CSAF",
            "vulnerabilities",
            "known not affected  CVE-1  app",
        ),
    ],
)
def test_vex_says_what_each_vulnerability_means(document: Any, title: str, label: str, row: str) -> None:
    assert content_of(document).title == title
    assert lines_of(document, label)[1:] == (row,)
    assert content_of(document).packages is None


def test_an_envelope_with_a_text_shows_the_text() -> None:
    def envelope(payload_type: str, payload: bytes) -> BlobContent:
        return content_of({"payloadType": payload_type, "payload": base64.b64encode(payload).decode()})

    shown = envelope("text/plain", b"approved by ops\nsecond line")
    assert shown.pretty == "approved by ops\nsecond line"
    assert not shown.problem
    assert envelope("application/x-report", json.dumps(TRIVY).encode()).facts[-2].lines == TRIVY_LINES
    assert "the payload cannot be read" in envelope("application/json", b"not JSON").problem
    assert "the payload cannot be read" in envelope("application/octet-stream", b"\xff\0").problem


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    [
                        *("SchemaVersion", "ArtifactName", "Results", "Vulnerabilities", "matches", "descriptor"),
                        *("vulnerability", "runs", "results", "scanner", "result", "bomFormat", "vulnerabilities"),
                        *("document", "category", "statements", "@context", "severity", "product_status"),
                    ]
                ),
                inner | st.sampled_from(["CycloneDX", "csaf_vex", "https://openvex.dev/ns"]),
                max_size=4,
            )
        ),
        max_leaves=20,
    )
)
def test_any_document_is_read(document: Any) -> None:
    read_report(document)
