"""What reports about an image say: scans of Trivy and Grype, SARIF, VEX. Nothing is verified.

Sources: the JSON reports of Trivy (schema 2) and Grype, the predicates ``cosign vuln`` v1 and in-toto ``vulns`` v0.1
and v0.2, SARIF 2.1.0, OpenVEX 0.2, CycloneDX 1.4 to 1.7, CSAF 2.0.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from ecrtui.ecr.json_values import to_list, to_mapping, to_text
from ecrtui.inspect.facts import Fact, without_empty

MAX_TEXT = 300
"""Characters of a description."""

MAX_COLUMN = 40
"""Characters to which the cells of a column are padded."""

_SEVERITIES = ("critical", "high", "medium", "low", "negligible")
_LEVELS = ("error", "warning", "note", "none")
_STATUSES = ("affected", "known affected", "exploitable", "under investigation", "in triage", "not analyzed")
_ORDER = (*_SEVERITIES, *_LEVELS, *_STATUSES)
"""Severities, levels of SARIF and statuses of VEX, the worst of each first; others follow."""

_CSAF_STATUSES = ("known_affected", "under_investigation", "fixed", "known_not_affected")


class Report(NamedTuple):
    """What a report says.

    Args:
        title: what it is: ``Trivy report``; empty if the document is no report that is known.
        facts: what it says.
    """

    title: str = ""
    facts: tuple[Fact, ...] = ()


class _Row(NamedTuple):
    """A line of a report: a severity or a status, and the rest."""

    severity: str
    cells: tuple[str, ...]


def read_report(document: Any) -> Report:
    """Return what a document says if it is a report in a known format. Never raise."""
    members = to_mapping(document)
    for title, matches, read in _FORMATS:
        if matches(members):
            return Report(title, without_empty(read(members)))
    return Report()


def _trivy(report: Mapping[str, Any]) -> Iterator[Fact]:
    results = [to_mapping(entry) for entry in to_list(report.get("Results"))]
    yield Fact("scanned", (to_text(report.get("ArtifactName")),))
    yield Fact("scanned at", (to_text(report.get("CreatedAt")),))
    yield from _table("vulnerabilities", _entries(results, "Vulnerabilities", _trivy_vulnerability), always=True)
    yield from _table("misconfigurations", _entries(results, "Misconfigurations", _trivy_misconfiguration))
    yield from _table("secrets", _entries(results, "Secrets", _trivy_secret))


def _entries(
    results: Iterable[Mapping[str, Any]], member: str, read: Callable[[Mapping[str, Any], str], _Row]
) -> Iterator[_Row]:
    for result in results:
        target = to_text(result.get("Target"))
        yield from (read(to_mapping(entry), target) for entry in to_list(result.get(member)))


def _trivy_vulnerability(entry: Mapping[str, Any], target: str) -> _Row:
    package = " ".join(filter(None, (to_text(entry.get("PkgName")), to_text(entry.get("InstalledVersion")))))
    fixed = to_text(entry.get("FixedVersion"))
    cells = (to_text(entry.get("VulnerabilityID")), package, f"fixed in {fixed}" if fixed else "no fix named")
    return _Row(to_text(entry.get("Severity")), (*cells, to_text(entry.get("Title"))))


def _trivy_misconfiguration(entry: Mapping[str, Any], target: str) -> _Row:
    words = to_text(entry.get("Message")) or to_text(entry.get("Title"))
    return _Row(to_text(entry.get("Severity")), (to_text(entry.get("ID")), target, words))


def _trivy_secret(entry: Mapping[str, Any], target: str) -> _Row:
    return _Row(to_text(entry.get("Severity")), (to_text(entry.get("RuleID")), target, to_text(entry.get("Title"))))


def _grype(report: Mapping[str, Any]) -> Iterator[Fact]:
    descriptor = to_mapping(report.get("descriptor"))
    yield Fact("scanner", (_words(descriptor, "name", "version"),))
    yield from _table("vulnerabilities", map(_grype_match, to_list(report.get("matches"))), always=True)


def _grype_match(entry: Any) -> _Row:
    match = to_mapping(entry)
    found, package = to_mapping(match.get("vulnerability")), to_mapping(match.get("artifact"))
    versions = ", ".join(map(to_text, to_list(to_mapping(found.get("fix")).get("versions"))))
    cells = (to_text(found.get("id")), _words(package, "name", "version"))
    return _Row(to_text(found.get("severity")), (*cells, f"fixed in {versions}" if versions else "no fix named"))


def _scanner(predicate: Mapping[str, Any]) -> Iterator[Fact]:
    """Yield the facts of a predicate about a scan: its scanner, and the report that is its result."""
    scanner = to_mapping(predicate.get("scanner"))
    result = scanner.get("result")
    yield Fact("scanner", (_words(scanner, "uri", "version"),))
    times = to_mapping(predicate.get("metadata"))
    yield Fact("scanned at", (to_text(times.get("scanFinishedOn")),))
    if isinstance(result, list):
        yield from _table("vulnerabilities", map(_scored, result), always=True)
    else:
        yield from read_report(result).facts


def _scored(entry: Any) -> _Row:
    found = to_mapping(entry)
    scores = [to_mapping(one) for one in to_list(found.get("severity"))]
    words = [_words(one, "method", "score") for one in scores]
    severity = next((score for one in scores if (score := to_text(one.get("score"))).lower() in _SEVERITIES), "")
    return _Row(severity, (to_text(found.get("id")), ", ".join(words)))


def _sarif(report: Mapping[str, Any]) -> Iterator[Fact]:
    for run in map(to_mapping, to_list(report.get("runs"))):
        yield Fact("tool", (_words(to_mapping(to_mapping(run.get("tool")).get("driver")), "name", "version"),))
        yield from _table("results", map(_sarif_result, to_list(run.get("results"))), always=True)


def _sarif_result(entry: Any) -> _Row:
    result = to_mapping(entry)
    place = to_mapping(next(iter(to_list(result.get("locations"))), None))
    physical = to_mapping(place.get("physicalLocation"))
    uri = to_text(to_mapping(physical.get("artifactLocation")).get("uri"))
    line = to_text(to_mapping(physical.get("region")).get("startLine"))
    where = f"{uri}:{line}" if uri and line else uri
    message = to_text(to_mapping(result.get("message")).get("text"))
    level = to_text(result.get("level")) or "warning"  # the default of the specification, 3.27.10
    return _Row(level, (to_text(result.get("ruleId")), where, message))


def _openvex(document: Mapping[str, Any]) -> Iterator[Fact]:
    yield Fact("author", (to_text(document.get("author")),))
    yield Fact("issued", (to_text(document.get("last_updated")) or to_text(document.get("timestamp")),))
    yield from _table("statements", map(_openvex_statement, to_list(document.get("statements"))), always=True)


def _openvex_statement(entry: Any) -> _Row:
    statement = to_mapping(entry)
    name = statement.get("vulnerability")
    names = to_mapping(name)
    products = [
        product if isinstance(product, str) else to_text(to_mapping(product).get("@id"))
        for product in to_list(statement.get("products"))
    ]
    reason = ("justification", "impact_statement", "action_statement", "status_notes")
    cells = (to_text(names.get("name")) or to_text(names.get("@id")) or to_text(name), ", ".join(products))
    return _Row(_status(statement.get("status")), (*cells, _words(statement, *reason)))


def _cyclonedx_vex(document: Mapping[str, Any]) -> Iterator[Fact]:
    yield from _table("vulnerabilities", map(_cyclonedx_vulnerability, to_list(document.get("vulnerabilities"))))


def _cyclonedx_vulnerability(entry: Any) -> _Row:
    found = to_mapping(entry)
    analysis = to_mapping(found.get("analysis"))
    ratings = (to_text(to_mapping(one).get("severity")) for one in to_list(found.get("ratings")))
    affected = ", ".join(to_text(to_mapping(one).get("ref")) for one in to_list(found.get("affects")))
    state = _status(analysis.get("state"))
    cells = (to_text(found.get("id")), next(filter(None, ratings), ""), affected)
    return _Row(state or "not analyzed", (*cells, _words(analysis, "justification", "detail")))


def _csaf(document: Mapping[str, Any]) -> Iterator[Fact]:
    about = to_mapping(document.get("document"))
    yield Fact("title", (to_text(about.get("title")),))
    yield Fact("publisher", (to_text(to_mapping(about.get("publisher")).get("name")),))
    rows = (
        _Row(_status(status), (to_text(found.get("cve")), ", ".join(map(to_text, to_list(products)))))
        for found in map(to_mapping, to_list(document.get("vulnerabilities")))
        for status, products in to_mapping(found.get("product_status")).items()
        if status in _CSAF_STATUSES
    )
    yield from _table("vulnerabilities", rows, always=True)


def _table(label: str, rows: Iterable[_Row], *, always: bool = False) -> Iterator[Fact]:
    """Yield the rows of a table in columns, the worst first, with their number by severity.

    Args:
        label: what the rows are.
        rows: the rows.
        always: True to say that there are none.
    """
    ordered = sorted(rows, key=lambda row: _rank(row.severity))
    if not ordered:
        if always:
            yield Fact(label, ("none",))
        return
    counts = Counter(row.severity or "not rated" for row in ordered)
    total = " · ".join(f"{severity} {number:,}" for severity, number in counts.items())
    yield Fact(label, (total, *_aligned([(row.severity, *row.cells) for row in ordered])))


def _aligned(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    texts = [[" ".join(cell.split())[:MAX_TEXT] for cell in row] for row in rows]
    widths = [min(max(map(len, column)), MAX_COLUMN) for column in zip(*texts, strict=True)]
    for row in texts:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True) if width).rstrip()


def _rank(severity: str) -> int:
    known = severity.lower()
    return _ORDER.index(known) if known in _ORDER else len(_ORDER)


def _status(value: object) -> str:
    return to_text(value).replace("_", " ")


def _words(members: Mapping[str, Any], *names: str) -> str:
    return " ".join(filter(None, (to_text(members.get(name)) for name in names)))


def is_vex(document: Mapping[str, Any]) -> bool:
    """Return True for a CycloneDX document that lists vulnerabilities."""
    return document.get("bomFormat") == "CycloneDX" and bool(to_list(document.get("vulnerabilities")))


_FORMATS: Sequence[tuple[str, Callable[[Mapping[str, Any]], bool], Callable[[Mapping[str, Any]], Iterator[Fact]]]] = (
    ("Trivy report", lambda document: "SchemaVersion" in document and "ArtifactName" in document, _trivy),
    ("Grype report", lambda document: isinstance(document.get("matches"), list) and "descriptor" in document, _grype),
    ("vulnerability scan", lambda document: "result" in to_mapping(document.get("scanner")), _scanner),
    ("SARIF", lambda document: isinstance(document.get("runs"), list), _sarif),
    (
        "OpenVEX",
        lambda document: to_text(document.get("@context")).startswith("https://openvex.dev/ns"),
        _openvex,
    ),
    ("CycloneDX VEX", is_vex, _cyclonedx_vex),
    (
        "CSAF",
        lambda document: to_text(to_mapping(document.get("document")).get("category")).startswith("csaf_"),
        _csaf,
    ),
)
"""The name of each format, how to recognise it, and what it says."""
