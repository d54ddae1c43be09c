"""A finding as text: everything that the scans have about it, and where else it is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from ecrtui.ecr import units
from ecrtui.ecr.digest import short_digest
from ecrtui.ecr.findings import CLOSED, SUPPRESSED, Availability, ScanReport
from ecrtui.ecr.safe_text import visible
from ecrtui.inspect.findings import FindingRow, Occurrence, PlatformScan
from ecrtui.inspect.findings_elsewhere import TaggedScan, presence_of
from ecrtui.tui.details import Facts, facts_text, indented

_NOT_IN_SCAN = "the scan does not say"

_FIXES = {
    Availability.YES: "there is a fix; the scan does not name its version",
    Availability.NO: "there is no fix",
    Availability.PARTIAL: "for some platforms",
    Availability.UNKNOWN: "the scan names no version with a fix",
}
_STATUSES = {
    SUPPRESSED: "suppressed by a rule of Amazon Inspector; it does not count",
    CLOSED: "closed: Amazon Inspector does not find it any more; it does not count",
}
_EXPLOITS = {Availability.YES: "an exploit is known", Availability.NO: "no exploit is known"}


class Elsewhere(NamedTuple):
    """What is known of the newest tagged images of the repository."""

    scans: Sequence[TaggedScan] = ()
    done: int = 0
    total: int = 0
    """The number of images whose scans were requested; 0 before the user asks for them."""
    problem: str = ""
    """Why their scans cannot be read."""
    is_only: bool = False
    """True if there is no other tagged image."""


def title(row: FindingRow) -> str:
    """Return the id with score and exploit on one line."""
    score = "" if row.score is None else f"score {row.score:.1f}"
    exploit = "exploit known" if row.exploit is Availability.YES else ""
    return " · ".join(filter(None, (visible(row.id), score, exploit)))


def details_text(row: FindingRow, scans: Sequence[PlatformScan], elsewhere: Elsewhere, ask: str) -> str:
    """Return all that is known of a finding.

    Args:
        row: the finding.
        scans: the scans of the image.
        elsewhere: what is known of other images.
        ask: how to ask about other images.
    """
    finding = row.finding
    paragraphs = [indented(finding.description)] if finding.description else []
    if row.unreadable:
        return "\n".join([*paragraphs, "  The scan has this finding, and nothing else is known of it."])
    facts: Facts = [
        ("status", [] if row.is_open else [_STATUSES.get(finding.status, row.status)]),
        ("link", [visible(link) for link in (finding.uri, *finding.links) if link]),
        ("fixed in", _fix_lines(row)),
        ("elsewhere", _elsewhere_lines(row, elsewhere, ask)),
        ("installed", _installed_lines(row)),
        ("layer", _layer_lines(row) if row.layer else []),
        ("score", [] if row.score is None else [_score_text(row)]),
        ("exploit", [_EXPLOITS[row.exploit]] if row.exploit in _EXPLOITS else []),
        ("vendor", [visible(finding.vendor_severity)] if finding.vendor_severity else []),
        ("advice", [visible(line) for line in finding.remediation.splitlines() if line]),
        ("in use", [] if row.in_use is None else [f"by {units.format_count(row.in_use, 'cluster')}"]),
        ("seen", _seen_lines(row)),
        ("not known", _unknown_values(row)),
        ("source", _source_lines(scans)),
    ]
    return "\n".join([*paragraphs, facts_text(facts)])


def _fix_lines(row: FindingRow) -> list[str]:
    """Return the fixed versions; name the platforms where they differ."""
    if not row.fixed_in:
        return [_FIXES[row.fix]]
    return _by_platform(row, lambda occurrence: occurrence.finding.fixed_in or "no fix is known")


def _installed_lines(row: FindingRow) -> list[str]:
    def installed(occurrence: Occurrence) -> str:
        finding = occurrence.finding
        package = " ".join(filter(None, (finding.package, finding.version)))
        return " · ".join(filter(None, (package or _NOT_IN_SCAN, finding.package_manager, finding.path)))

    return _by_platform(row, installed)


def _layer_lines(row: FindingRow) -> list[str]:
    def layer(occurrence: Occurrence) -> str:
        digest = occurrence.finding.layer
        named = short_digest(digest) if digest.startswith("sha256:") else digest
        return occurrence.layer if occurrence.layer == named else f"{occurrence.layer} · {named}"

    return _by_platform(row, lambda occurrence: layer(occurrence) if occurrence.layer else _NOT_IN_SCAN)


def _by_platform(row: FindingRow, read: Callable[[Occurrence], str]) -> list[str]:
    """Return one text if it is the same for all platforms, else one for each platform with its name."""
    texts = [visible(read(occurrence)) for occurrence in row.occurrences]
    if len(set(texts)) == 1:
        return texts[:1]
    return [
        f"{visible(occurrence.target.name)}: {text}" for occurrence, text in zip(row.occurrences, texts, strict=True)
    ]


def _unknown_values(row: FindingRow) -> list[str]:
    """Return the names of the values that no scan has, on one line."""
    unknown = {
        "score": row.score is None,
        "exploit": row.exploit not in _EXPLOITS,
        "layer": not row.layer,
        "first seen": row.first_seen is None,
        "in use": row.in_use is None,
    }
    names = [name for name, is_unknown in unknown.items() if is_unknown]
    return [", ".join(names)] if names else []


def _score_text(row: FindingRow) -> str:
    finding = row.finding
    version = f"CVSS {finding.score_version}" if finding.score_version else ""
    return " · ".join(filter(None, (f"{row.score or 0:.1f}", visible(version), visible(finding.vector))))


def _seen_lines(row: FindingRow) -> list[str]:
    known = [
        f"{name} {units.format_date(moment)}"
        for name, moment in (("first", row.first_seen), ("changed", row.updated))
        if moment is not None
    ]
    return [" · ".join(known)] if known else []


def _elsewhere_lines(row: FindingRow, elsewhere: Elsewhere, ask: str) -> list[str]:
    if elsewhere.problem:
        return [f"not known: {visible(elsewhere.problem)}"]
    if elsewhere.is_only:
        return ["there is no other tagged image"]
    if not elsewhere.total:
        return [ask] if ask else []
    found = presence_of(row, elsewhere.scans)
    lines = [
        f"{label} {visible(', '.join(names))}"
        for label, names in (("not in", found.absent), ("also in", found.found), ("not known:", found.unknown))
        if names
    ]
    if elsewhere.done < elsewhere.total:
        lines.append(f"asked {elsewhere.done} of {units.format_count(elsewhere.total, 'tagged image')}…")
    return lines


def _source_lines(scans: Iterable[PlatformScan]) -> list[str]:
    """Return the scans that have the finding, each kind once."""
    return list(dict.fromkeys(_source(scan.report) for scan in scans if scan.report))


def _source(report: ScanReport) -> str:
    kind = "enhanced scan (Amazon Inspector)" if report.enhanced else "basic scan"
    when = "" if report.completed_at is None else units.format_date(report.completed_at)
    data = "" if report.source_updated_at is None else units.format_date(report.source_updated_at)
    return " · ".join(filter(None, (f"{kind} {when}".strip(), f"vulnerability data of {data}" if data else "")))


def unknown_lines(scans: Sequence[PlatformScan]) -> list[str]:
    """Return a line for each platform whose findings are not known: its state, and the next step.

    Platforms for the same reason share a line.
    """
    names: dict[tuple[str, str], list[str]] = {}
    for scan in scans:
        if scan.report is None:
            names.setdefault((scan.state, scan.reason), []).append(scan.target.name)
    lines = []
    for (state, reason), named in names.items():
        is_all = len(named) == len(scans)
        where = "" if is_all and len(scans) == 1 else f"{', '.join(named)}: "
        lines.append(visible(f"{where}{state}. {reason}" if reason else f"{where}{state}"))
    return lines
