"""The findings of an image: the scans of its platforms, joined into one row for each vulnerability in a package."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from ecrtui.ecr.digest import short_digest
from ecrtui.ecr.findings import SEVERITIES, Availability, Finding, ScanReport, scan_status_text
from ecrtui.ecr.manifest import DescriptorRole, ParsedManifest
from ecrtui.ecr.permissions import action_of
from ecrtui.ecr.units import format_age, format_number
from ecrtui.errors import EcrTuiError, ErrorKind, NotFound
from ecrtui.registry.protocol import Registry
from ecrtui.retag.parallel import map_concurrently

OPERATION = "DescribeImageScanFindings"

CONCURRENT_SCANS = 4
"""Scans that are read at the same time."""

_SCANNED = "ECR scans images with an operating system. It does not scan charts, attestations and other artifacts."
_NO_SCAN = "ScanNotFoundException"
"""The code of ECR for an image that was not scanned. Other codes of the same kind are states of a scan."""


@dataclass(frozen=True, slots=True)
class ScanTarget:
    """An image that has a scan of its own: a platform of an index, or an image without platforms."""

    digest: str
    platform: str = ""
    """``linux/arm64``; empty if it is not known."""
    tags: tuple[str, ...] = ()
    is_artifact: bool = False
    """True if ECR does not scan it. See :attr:`ecrtui.ecr.image.ImageKind.is_artifact`."""

    @property
    def name(self) -> str:
        """The first tag and the platform, as far as they are known, or else the short digest."""
        return " ".join(filter(None, (*self.tags[:1], self.platform))) or short_digest(self.digest)


@dataclass(frozen=True, slots=True)
class PlatformScan:
    """The scan of a target: its report, or the error why its findings are not known."""

    target: ScanTarget
    report: ScanReport | None = None
    error: EcrTuiError | None = None

    @property
    def state(self) -> str:
        """The state in a few words: "scanned", "not scanned", "in progress", "denied"."""
        return "scanned" if self.error is None else _state(self.error)

    @property
    def reason(self) -> str:
        """Why the findings are not known, with the next step; empty if they are known."""
        if self.target.is_artifact and self.error is not None and self.error.code == _NO_SCAN:
            return _SCANNED
        return "" if self.error is None else _reason(self.error)


def scan_age(reports: Iterable[ScanReport], now: float | None = None) -> str:
    """Return when images were scanned, and by which kind of scan; of several times the oldest. Empty if not known.

    Args:
        reports: their scans.
        now: seconds since the epoch; the current time if None.
    """
    known = sorted((report.completed_at, report.enhanced) for report in reports if report.completed_at is not None)
    if not known:
        return ""
    oldest, *others = dict.fromkeys(format_age(moment, now) for moment, _ in known)
    kinds = dict.fromkeys("enhanced" if enhanced else "basic" for _, enhanced in known)
    return f"{'oldest scan' if others else 'scanned'} {oldest} ({', '.join(kinds)})"


def _state(error: EcrTuiError) -> str:
    if error.kind in (ErrorKind.SCAN_NOT_FOUND, ErrorKind.SCAN_PENDING):
        return "not scanned" if error.code == _NO_SCAN else scan_status_text(error.code)
    known = {
        ErrorKind.DENIED: "denied",
        ErrorKind.UNSUPPORTED: "not supported",
        ErrorKind.IMAGE_NOT_FOUND: "not in the repository",
        ErrorKind.THROTTLED: "throttled",
    }
    return known.get(error.kind, "not known")


def _reason(error: EcrTuiError) -> str:
    if error.kind is ErrorKind.UNSUPPORTED:
        return "this registry has no image scans"
    if error.kind is ErrorKind.DENIED:
        return f"you need {action_of(OPERATION)}. {error.with_hint()}"
    if error.kind is ErrorKind.SCAN_NOT_FOUND:
        return error.hint if error.code == _NO_SCAN else error.detail
    return error.with_hint()


@dataclass(frozen=True, slots=True)
class Occurrence:
    """A finding in one image."""

    target: ScanTarget
    finding: Finding
    layer: str
    """The layer with the package: ``2 of 5``, or the short digest; empty if the scan does not say."""


@dataclass(frozen=True, slots=True)
class FindingRow:
    """A vulnerability in a package, with all images in which it has one status. The worst occurrence comes first."""

    occurrences: tuple[Occurrence, ...]
    severity: str
    score: float | None
    """The highest score."""
    fix: Availability
    exploit: Availability
    installed: str
    """The installed versions."""
    fixed_in: str
    """The versions with a fix."""
    platforms: str
    """The names of the images: platforms, or else tags."""
    layer: str
    first_seen: float | None
    updated: float | None
    key: tuple[str, str, str] = field(init=False)
    """The id of the vulnerability, the package, and the status, which is empty for an open finding."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "key", _key(self.finding))

    @property
    def finding(self) -> Finding:
        """The worst occurrence."""
        return self.occurrences[0].finding

    @property
    def id(self) -> str:
        """The id of the vulnerability, usually a CVE number."""
        return self.finding.name

    @property
    def package(self) -> str:
        """The name of the package."""
        return self.finding.package

    @property
    def status(self) -> str:
        """``open``, ``suppressed`` or ``closed``."""
        return "open" if self.is_open else self.finding.status.lower()

    @property
    def is_open(self) -> bool:
        """True unless Amazon Inspector says that the finding is suppressed or closed."""
        return self.finding.is_open

    @property
    def unreadable(self) -> bool:
        """True for a finding that could not be read: nothing is known about it."""
        return self.finding.unreadable

    @property
    def in_use(self) -> int | None:
        """The number of clusters that run one of the images; None if no scan says."""
        return max(_known(occurrence.finding.in_use for occurrence in self.occurrences), default=None)


def scan_targets(
    digest: str, manifest: ParsedManifest | None, tags: Sequence[str] = (), *, is_artifact: bool = False
) -> tuple[ScanTarget, ...]:
    """Return the images whose scans are those of an image: the platforms of an index, or the image itself.

    Args:
        digest: the digest of the image.
        manifest: its manifest; None if it is known that the image is not an index.
        tags: the tags to name the targets by; none if all targets belong to one image.
        is_artifact: see :attr:`ScanTarget.is_artifact`.
    """
    if manifest is None or not manifest.with_role(DescriptorRole.MANIFEST):
        return (ScanTarget(digest, tags=tuple(tags), is_artifact=is_artifact),)
    names = manifest.platform_names
    digests = dict.fromkeys(entry.digest for entry in manifest.platform_entries if entry.is_container)
    return tuple(ScanTarget(part, names.get(part, ""), tuple(tags)) for part in digests)


def read_scan(registry: Registry, repository: str, target: ScanTarget) -> PlatformScan:
    """Read the scan of a target. Findings that are not known are a result, not an error. Blocks."""
    try:
        registry.capabilities.require("findings")
        return PlatformScan(target, registry.findings(repository, target.digest))
    except EcrTuiError as error:
        return PlatformScan(target, error=error)


def read_scans(registry: Registry, repository: str, targets: Sequence[ScanTarget]) -> Iterator[PlatformScan]:
    """Yield the scan of each target when it arrives. Blocks."""
    for _, scan in map_concurrently(partial(read_scan, registry, repository), targets, CONCURRENT_SCANS):
        yield scan


def join_findings(
    scans: Iterable[PlatformScan], layers: Mapping[str, Sequence[str]] | None = None
) -> tuple[FindingRow, ...]:
    """Return one row for each vulnerability in a package, the worst first. Those that are not open come last.

    A vulnerability that is open in one image and suppressed in another has a row for each.

    Args:
        scans: the scans of the targets, in the order in which the rows name them.
        layers: by the digest of a target: the digests of its layers, the first layer first, as far as they are known.
    """
    found: dict[tuple[str, str, str], list[Occurrence]] = {}
    for scan in scans:
        known = (layers or {}).get(scan.target.digest, ())
        for finding in scan.report.findings if scan.report else ():
            occurrence = Occurrence(scan.target, finding, layer_text(finding.layer, known))
            found.setdefault(_key(finding), []).append(occurrence)
    return tuple(sorted(map(_row, found.values()), key=severity_key, reverse=True))


def _key(finding: Finding) -> tuple[str, str, str]:
    """Return the identity of a row. Of an unreadable finding only the problem is known."""
    about = finding.description if finding.unreadable else finding.package
    return finding.name, about, "" if finding.is_open else finding.status


def layer_text(layer: str, layers: Sequence[str]) -> str:
    """Return a layer as its number among the layers of the image, or as a short digest; empty without a layer."""
    if layer in layers:
        return f"{layers.index(layer) + 1} of {len(layers)}"
    return short_digest(layer) if layer.startswith("sha256:") else layer


def _row(occurrences: Sequence[Occurrence]) -> FindingRow:
    findings = [occurrence.finding for occurrence in occurrences]
    worst = max(findings, key=_severity_of)
    first = next(occurrence for occurrence in occurrences if occurrence.finding is worst)
    others = [occurrence for occurrence in occurrences if occurrence is not first]
    return FindingRow(
        (first, *others),
        worst.severity,
        max(_known(finding.score for finding in findings), default=None),
        _joined_fix([finding.fix for finding in findings]),
        _worst_answer([finding.exploit for finding in findings]),
        _joined(finding.version for finding in findings),
        _joined(finding.fixed_in for finding in findings),
        _joined(occurrence.target.name for occurrence in occurrences),
        _joined(occurrence.layer for occurrence in occurrences),
        min(_known(finding.first_seen for finding in findings), default=None),
        max(_known(finding.updated for finding in findings), default=None),
    )


def _known(values: Iterable[Any]) -> list[Any]:
    return [value for value in values if value is not None]


def _joined(texts: Iterable[str]) -> str:
    return ", ".join(filter(None, dict.fromkeys(texts)))


def _joined_fix(answers: Sequence[Availability]) -> Availability:
    """Return whether all images have a fix, or some, or none; UNKNOWN if a scan does not say and none has one."""
    if len(set(answers)) == 1:
        return answers[0]
    if Availability.YES in answers or Availability.PARTIAL in answers:
        return Availability.PARTIAL
    return Availability.UNKNOWN


def _worst_answer(answers: Sequence[Availability]) -> Availability:
    return next((answer for answer in (Availability.YES, Availability.UNKNOWN) if answer in answers), Availability.NO)


def _rank(severity: str) -> int:
    return len(SEVERITIES) - SEVERITIES.index(severity)


def _severity_of(finding: Finding) -> tuple[int, float]:
    return _rank(finding.severity), -1.0 if finding.score is None else finding.score


def severity_key(row: FindingRow) -> tuple[bool, int, float, str]:
    """Return a sort key by severity and score; with equal ones, new vulnerabilities are greater.

    Every open finding is greater than those that are not.
    """
    return row.is_open, _rank(row.severity), -1.0 if row.score is None else row.score, row.id


def worst_first(findings: Iterable[Finding]) -> list[Finding]:
    """Return the open findings of one image in the order of the table of findings."""
    found = [finding for finding in findings if finding.is_open]
    return sorted(found, key=lambda finding: (*_severity_of(finding), finding.name), reverse=True)


_ANSWERS = (Availability.UNKNOWN, Availability.NO, Availability.PARTIAL, Availability.YES)
"""What a scan answers, in the order in which findings are sorted."""

SortKey = Callable[[FindingRow], Any]

SORT_KEYS: Mapping[str, SortKey] = {
    "severity": severity_key,
    "id": lambda row: row.id,
    "package": lambda row: row.package,
    "installed": lambda row: row.installed,
    "fixed": lambda row: row.fixed_in,
    "score": lambda row: -1.0 if row.score is None else row.score,
    "exploit": lambda row: _ANSWERS.index(row.exploit),
    "layer": lambda row: row.layer,
    "on": lambda row: row.platforms,
    "seen": lambda row: row.first_seen or 0.0,
    "status": lambda row: row.status,
}
"""The sort orders by the name of their column. A value that is not known is the least."""

DESCENDING = frozenset({"severity", "score", "exploit", "seen"})
"""The sort orders that put the greatest value first."""


def severity_counts(rows: Iterable[FindingRow]) -> tuple[tuple[str, int], ...]:
    """Return the number of open vulnerabilities by severity, worst first; one in several packages counts once."""
    worst: dict[str, str] = {}
    for row in rows:
        if not row.is_open:
            continue
        known = worst.get(row.id)
        if known is None or _rank(row.severity) > _rank(known):
            worst[row.id] = row.severity
    found = list(worst.values())
    return tuple((severity, found.count(severity)) for severity in SEVERITIES if severity in found)


def open_rows(rows: Iterable[FindingRow]) -> list[FindingRow]:
    """Return the rows of open findings."""
    return [row for row in rows if row.is_open]


def not_open_text(rows: Iterable[FindingRow]) -> str:
    """Return how many rows are not open, by their status: ``2 suppressed, 1 closed``; empty if all are."""
    counts = Counter(row.status for row in rows if not row.is_open)
    return ", ".join(f"{format_number(number)} {status}" for status, number in sorted(counts.items(), reverse=True))


def unknown_scans(scans: Iterable[PlatformScan]) -> tuple[PlatformScan, ...]:
    """Return the scans whose findings are not known."""
    return tuple(scan for scan in scans if scan.report is None)


def no_targets(digest: str) -> EcrTuiError:
    """Return the error for an index without an image that can be scanned."""
    return NotFound(
        "Nothing to scan",
        f"The index {short_digest(digest)} names no image.",
        _SCANNED,
    )
