"""Image scans and their findings."""

from __future__ import annotations

from dataclasses import dataclass

FindingCounts = tuple[tuple[str, int], ...]
"""Numbers of findings by severity, in the order of :data:`SEVERITIES`. It is empty if a scan found nothing."""

SEVERITIES = ("CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL", "UNDEFINED")
"""Finding severities, worst first (``FindingSeverity``; enhanced scanning has UNTRIAGED instead of UNDEFINED)."""

FINISHED = ("COMPLETE", "ACTIVE")
"""The states of a scan with findings, of basic and of enhanced scanning (``ScanStatus``)."""

PENDING = ("IN_PROGRESS", "PENDING")
"""The states of a scan that has not finished (``ScanStatus``)."""

NOT_SCANNED = "NOT_SCANNED"
"""The state of an image without a scan. This is a word of ecrtui: ECR answers with ScanNotFoundException."""

_STATUS_TEXTS = {"COMPLETE": "scanned", "ACTIVE": "scanned", "SCAN_ELIGIBILITY_EXPIRED": "scan expired"}


@dataclass(frozen=True, slots=True)
class ImageScan:
    """The last scan of an image.

    Args:
        status: a ``ScanStatus`` of ECR, or :data:`NOT_SCANNED`.
        counts: the findings by severity; None unless the scan has finished.
        description: the words of ECR about the status.
        completed_at: the time of the scan, in seconds since the epoch.
    """

    status: str
    counts: FindingCounts | None = None
    description: str = ""
    completed_at: float | None = None


def scan_status_text(status: str) -> str:
    """Return a scan status in words: "not scanned", "in progress"."""
    return _STATUS_TEXTS.get(status) or status.lower().replace("_", " ")


@dataclass(frozen=True, slots=True)
class Finding:
    """A finding of a basic or an enhanced scan."""

    name: str
    severity: str
    package: str = ""
    version: str = ""
    fixed_in: str = ""
    description: str = ""
    uri: str = ""
