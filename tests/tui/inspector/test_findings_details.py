"""The text of a finding: everything that the scans tell, and no value that looks like another fact."""

from __future__ import annotations

from typing import Any

import pytest

from ecrtui.ecr.findings import Availability, Finding, ScanReport
from ecrtui.errors import ErrorKind, NotFound
from ecrtui.inspect.findings import FindingRow, PlatformScan, ScanTarget, join_findings
from ecrtui.inspect.findings_elsewhere import TaggedScan
from ecrtui.tui.inspector.findings_columns import finding_columns
from ecrtui.tui.inspector.findings_details import Elsewhere, details_text, title, unknown_lines
from ecrtui.tui.table.column_layout import layout_columns
from ecrtui.tui.text_document import prepare_text
from tests.support.screen import unsafe_characters

FAKE = "x\nfixed in   1.0 \u2028score      0\x85\x1b[31mred"
AMD, ARM = ScanTarget("sha256:" + "a" * 64, "linux/amd64"), ScanTarget("sha256:" + "b" * 64, "linux/arm64")


def rows(*findings: Finding) -> tuple[FindingRow, ...]:
    """Return the rows of findings of amd64, each also found in arm64 without a fix."""
    scans = [PlatformScan(AMD, ScanReport(findings)), PlatformScan(ARM, ScanReport(findings))]
    return join_findings(scans)


@pytest.mark.parametrize(
    "member",
    ["name", "package", "version", "fixed_in", "description", "uri", "vector", "vendor_severity", "path", "layer"],
)
def test_no_value_looks_like_another_fact(member: str) -> None:
    values: Any = {"name": "CVE-1", "severity": "LOW", "score": 5.0, member: FAKE}
    (row,) = rows(Finding(**values))
    text = details_text(row, [], Elsewhere(), "ask")
    shown = "\n".join(prepare_text(text).lines) + title(row)
    labels = [line.split("  ")[0] for line in text.splitlines() if not line.startswith(" ")]
    assert labels.count("fixed in") == labels.count("score") == 1
    assert unsafe_characters(shown) == []


def test_the_platforms_are_named_where_they_differ() -> None:
    fixed = Finding(
        "CVE-1", "HIGH", "curl", "8.3", "8.4", fix=Availability.YES, exploit=Availability.YES, score=9.8, in_use=1
    )
    other = Finding("CVE-1", "HIGH", "curl", "8.2", fix=Availability.NO, score=9.8)
    scans = [PlatformScan(AMD, ScanReport((fixed,))), PlatformScan(ARM, ScanReport((other,), enhanced=True))]
    (row,) = join_findings(scans)
    lines = details_text(row, scans, Elsewhere(), "Press * to ask.").splitlines()
    assert "fixed in   linux/amd64: 8.4" in lines
    assert "           linux/arm64: no fix is known" in lines
    assert "installed  linux/amd64: curl 8.3" in lines
    assert "elsewhere  Press * to ask." in lines
    assert "in use     by 1 cluster" in lines
    assert "not known  layer, first seen" in lines
    assert "source     basic scan" in lines
    assert title(row) == "CVE-1 · score 9.8 · exploit known"


def test_other_images_are_found_gone_or_not_known() -> None:
    (row,) = rows(Finding("CVE-1", "HIGH"))
    tagged = [
        TaggedScan("a", frozenset()),
        TaggedScan("b", frozenset({"CVE-1"}), "denied"),
        TaggedScan("c", frozenset(), "denied"),
    ]
    text = details_text(row, [], Elsewhere(tagged, 3, 4), "")
    for line in ("not in a", "also in b", "not known: c (denied)", "asked 3 of 4 tagged images…"):
        assert line in text
    assert "elsewhere  there is no other tagged image" in details_text(row, [], Elsewhere(is_only=True), "Press *.")
    assert "not known: offline" in details_text(row, [], Elsewhere(problem="offline"), "")


def test_columns_without_a_value_are_left_out() -> None:
    basic = [column.id for column in finding_columns(rows(Finding("CVE-1", "HIGH", score=1.0)), 1)]
    assert basic == ["severity", "id", "package", "installed", "fixed", "score"]
    enhanced = Finding("CVE-1", "HIGH", exploit=Availability.NO, layer="sha256:" + "1" * 64, first_seen=1.0)
    assert [column.id for column in finding_columns(rows(enhanced), 2)][5:] == ["exploit", "layer", "on", "seen"]


def test_platforms_in_one_state_share_a_line() -> None:
    pending = NotFound("The scan is in progress", code="IN_PROGRESS", kind=ErrorKind.SCAN_PENDING)
    both = [PlatformScan(AMD, error=pending), PlatformScan(ARM, error=pending)]
    assert unknown_lines(both) == ["linux/amd64, linux/arm64: in progress. The scan is in progress"]
    assert unknown_lines([PlatformScan(ScanTarget(AMD.digest), error=pending)])[0].startswith("in progress")
    assert unknown_lines([PlatformScan(AMD, ScanReport())]) == []


def test_package_and_fix_are_whole_before_the_layer_and_the_age_have_room() -> None:
    finding = Finding("CVE-2021-44228", "HIGH", exploit=Availability.NO, layer="sha256:" + "1" * 64, first_seen=1.0)
    columns = finding_columns(rows(finding), 1)
    wanted = {"severity": 8, "id": 14, "package": 15, "installed": 16, "fixed": 16, "layer": 6, "seen": 8}
    for width, left_out in ((80, {"exploit", "layer", "seen"}), (104, {"seen"}), (120, set())):
        placed = {entry.column.id: entry.width for entry in layout_columns(columns, wanted, width, 2)}
        assert placed["package"] >= 15, width
        assert placed["fixed"] >= 16, width
        assert {column.id for column in columns} - set(placed) == left_out, width
