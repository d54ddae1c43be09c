"""Image scans and their findings."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, TypeVar

Item = TypeVar("Item")

FindingCounts = tuple[tuple[str, int], ...]
"""Numbers of findings by severity, in the order of :data:`SEVERITIES`. It is empty if a scan found nothing."""

SEVERITIES = ("CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL", "UNDEFINED")
"""Finding severities, worst first (``FindingSeverity``; enhanced scanning has UNTRIAGED instead of UNDEFINED)."""

ACTIVE = "ACTIVE"
"""The state of an enhanced scan with findings, which goes on (``ScanStatus``)."""

FINISHED = ("COMPLETE", ACTIVE)
"""The states of a scan with findings, of basic and of enhanced scanning (``ScanStatus``)."""

PENDING = ("IN_PROGRESS", "PENDING")
"""The states of a scan that has not finished (``ScanStatus``)."""

NOT_SCANNED = "NOT_SCANNED"
"""The state of an image without a scan. This is a word of ecrtui: ECR answers with ScanNotFoundException."""

_STATUS_TEXTS = {"COMPLETE": "scanned", "ACTIVE": "scanned", "SCAN_ELIGIBILITY_EXPIRED": "scan expired"}


def severity_numbers(counts: FindingCounts) -> tuple[int, ...]:
    """Return the number of findings of each of :data:`SEVERITIES`, for a sort: one critical is worse than all others.

    A severity that is none of them counts as ``UNDEFINED``.
    """
    found = dict(counts)
    known = [found.pop(severity, 0) for severity in SEVERITIES[:-1]]
    return (*known, sum(found.values()))


def counts_text(counts: FindingCounts) -> str:
    """Return the numbers of findings for a cell of CSV: ``CRITICAL=1 HIGH=3``; ``none`` for a scan without findings."""
    return " ".join(f"{severity}={count}" for severity, count in counts) or "none"


def worst_of(items: Iterable[Item], counts_of: Callable[[Item], FindingCounts | None]) -> Item | None:
    """Return the item with the worst findings, the first one of several; None if there is no item.

    An index stands for its platforms: what shows one of them starts with this one.

    Args:
        items: the platforms.
        counts_of: returns the findings of a platform; None if they are not known, which counts as no findings.
    """
    return max(items, key=lambda item: severity_numbers(counts_of(item) or ()), default=None)


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


class RepositoryScanning(NamedTuple):
    """When ECR scans the images of a repository (``RepositoryScanningConfiguration``).

    Args:
        frequency: ``SCAN_ON_PUSH``, ``CONTINUOUS_SCAN`` or ``MANUAL``.
        filters: the patterns of the rules of the registry that select the repository.
    """

    frequency: str
    filters: tuple[str, ...] = ()


def ended_without_findings(status: str) -> bool:
    """Return True for the status of a scan that failed, or whose findings ECR does not have any more."""
    return status not in ("", NOT_SCANNED, *FINISHED, *PENDING)


def scan_status_text(status: str) -> str:
    """Return a scan status in words: "not scanned", "in progress"."""
    return _STATUS_TEXTS.get(status) or status.lower().replace("_", " ")


UNREADABLE = "unreadable finding"
"""The name of a finding that could not be read. A list always shows it."""


SUPPRESSED = "SUPPRESSED"
"""The status of a finding that a suppression rule of Amazon Inspector hides (``FindingStatus``)."""

CLOSED = "CLOSED"
"""The status of a finding that Amazon Inspector knows to be remedied (``FindingStatus``)."""


class Availability(StrEnum):
    """What a scan says about a fix or an exploit (``fixAvailable``, ``exploitAvailable`` of Amazon Inspector)."""

    YES = "yes"
    NO = "no"
    PARTIAL = "partial"
    """Only some of the vulnerable packages have a fix."""
    UNKNOWN = "unknown"
    """The scan does not say. A basic scan names fixes that exist, and says nothing about exploits."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A finding of a basic or an enhanced scan, in one package. Empty texts and None: the scan does not say.

    Args:
        name: the id of the vulnerability, usually a CVE number.
        severity: one of :data:`SEVERITIES`.
        package: the name of the vulnerable package.
        version: its installed version.
        fixed_in: the version or versions with the fix.
        description: one text, which may have several lines.
        uri: the page about the vulnerability.
        fix: whether there is a fix.
        exploit: whether an exploit is known.
        score: the CVSS base score, or that of Amazon Inspector, 0 to 10.
        score_version: the version of CVSS ("3.1").
        vector: the CVSS vector.
        vendor_severity: the severity in the words of the vendor.
        package_manager: the package manager of the package ("OS", "NODEPKG").
        path: the path of the package in the image.
        layer: the hash of the layer that brought the package (``sourceLayerHash``).
        links: further pages.
        remediation: what the service recommends.
        first_seen: when the service first saw it, in seconds since the epoch.
        updated: when the finding was last changed, in seconds since the epoch.
        in_use: the number of ECS and EKS clusters that run the image.
        status: "ACTIVE", :data:`SUPPRESSED` or :data:`CLOSED`, of Amazon Inspector. A basic scan has none.
    """

    name: str
    severity: str
    package: str = ""
    version: str = ""
    fixed_in: str = ""
    description: str = ""
    uri: str = ""
    fix: Availability = Availability.UNKNOWN
    exploit: Availability = Availability.UNKNOWN
    score: float | None = None
    score_version: str = ""
    vector: str = ""
    vendor_severity: str = ""
    package_manager: str = ""
    path: str = ""
    layer: str = ""
    links: tuple[str, ...] = ()
    remediation: str = ""
    first_seen: float | None = None
    updated: float | None = None
    in_use: int | None = None
    status: str = ""

    @property
    def is_open(self) -> bool:
        """True unless Amazon Inspector says that the finding is suppressed or closed. Only open findings count."""
        return self.status not in (SUPPRESSED, CLOSED)

    @property
    def unreadable(self) -> bool:
        """True for a finding that could not be read; the description says why, and nothing else is known."""
        return self.name == UNREADABLE


@dataclass(frozen=True, slots=True)
class ScanReport:
    """A finished scan of an image with all its findings.

    Args:
        findings: the findings, in the order of the service.
        enhanced: True for a scan of Amazon Inspector, False for a basic scan.
        description: the words of ECR about the scan.
        completed_at: the time of the scan, in seconds since the epoch.
        source_updated_at: the time of the vulnerability data, in seconds since the epoch.
    """

    findings: tuple[Finding, ...] = ()
    enhanced: bool = False
    description: str = ""
    completed_at: float | None = None
    source_updated_at: float | None = None
