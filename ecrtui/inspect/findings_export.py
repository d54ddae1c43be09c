"""Findings as documents, CSV columns and lines for tickets. Names are those of the ECR API where it has one."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from typing import Any

from ecrtui.ecr.csv_cells import csv_lines
from ecrtui.ecr.documents import without_empty
from ecrtui.ecr.units import format_iso_time
from ecrtui.inspect.findings import FindingRow, Occurrence

MEMBER = "findings"
"""The name of the list in a JSON document."""

SHORT_MEMBERS = (
    "vulnerabilityId",
    "severity",
    "score",
    "packageName",
    "installedVersion",
    "fixedInVersion",
    "platforms",
)
"""The members of a row that fit on a line."""


def finding_document(row: FindingRow) -> dict[str, Any]:
    """Return a row as a JSON document; members without a value are left out."""
    finding = row.finding
    return without_empty(
        {
            "vulnerabilityId": row.id,
            "severity": row.severity,
            "score": row.score,
            "cvssVersion": finding.score_version,
            "scoringVector": finding.vector,
            "vendorSeverity": finding.vendor_severity,
            "packageName": row.package,
            "packageManager": finding.package_manager,
            "installedVersion": row.installed,
            "fixedInVersion": row.fixed_in,
            "fixAvailable": row.fix.value.upper(),
            "exploitAvailable": row.exploit.value.upper(),
            "platforms": row.platforms,
            "layer": row.layer,
            "firstObservedAt": format_iso_time(row.first_seen),
            "updatedAt": format_iso_time(row.updated),
            "inUseCount": row.in_use,
            "images": [_occurrence_document(occurrence) for occurrence in row.occurrences],
            "status": finding.status,
            "sourceUrl": finding.uri,
            "referenceUrls": list(finding.links),
            "remediation": finding.remediation,
            "description": finding.description,
        }
    )


def _occurrence_document(occurrence: Occurrence) -> dict[str, Any]:
    target, finding = occurrence.target, occurrence.finding
    return without_empty(
        {
            "imageDigest": target.digest,
            "imageTags": list(target.tags),
            "platform": target.platform,
            "installedVersion": finding.version,
            "fixedInVersion": finding.fixed_in,
            "sourceLayerHash": finding.layer,
            "filePath": finding.path,
        }
    )


def short_document(row: FindingRow) -> dict[str, Any]:
    """Return the members of a row that fit on a line."""
    document = finding_document(row)
    return {name: document.get(name, "") for name in SHORT_MEMBERS}


def _column(name: str) -> tuple[str, Callable[[FindingRow], object]]:
    return name, lambda row: finding_document(row).get(name, "")


COLUMNS: Sequence[tuple[str, Callable[[FindingRow], object]]] = (
    *(
        _column(name)
        for name in (
            "vulnerabilityId",
            "severity",
            "score",
            "packageName",
            "packageManager",
            "installedVersion",
            "fixedInVersion",
            "fixAvailable",
            "exploitAvailable",
            "platforms",
            "layer",
            "firstObservedAt",
            "updatedAt",
            "inUseCount",
            "vendorSeverity",
            "sourceUrl",
        )
    ),
    ("imageDigests", lambda row: " ".join(occurrence.target.digest for occurrence in row.occurrences)),
    _column("description"),
    _column("status"),
)
"""Name and value of each CSV column."""


def as_csv(rows: Iterable[FindingRow]) -> str:
    """Return rows as CSV, with the names of the columns in the first line. No spreadsheet runs a cell as a formula."""
    heading = [name for name, _ in COLUMNS]
    return "".join(csv_lines(chain([heading], ([value(row) for _, value in COLUMNS] for row in rows))))


def as_json(rows: Iterable[FindingRow]) -> str:
    """Return rows as a JSON document."""
    return json.dumps({MEMBER: list(map(finding_document, rows))}, ensure_ascii=False, indent=4) + "\n"


def ticket_line(row: FindingRow, image: str) -> str:
    """Return a line for a ticket: id, severity, score, package with its versions, image, platforms and link.

    Args:
        row: the finding.
        image: the image as a reference ("team/app:prod").
    """
    severity = row.severity if row.score is None else f"{row.severity} {row.score:.1f}"
    versions = " ".join(filter(None, (row.package, row.installed)))
    fix = f"{versions} → {row.fixed_in}" if row.fixed_in else versions
    where = f"in {image}" + (f" ({row.platforms})" if row.occurrences[0].target.platform else "")
    return " · ".join(filter(None, (f"{row.id} {severity}", fix, where, row.finding.uri)))
