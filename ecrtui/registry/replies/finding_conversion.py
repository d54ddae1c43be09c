"""Convert the findings of DescribeImageScanFindings: those of basic scans and those of Amazon Inspector.

A basic scan has some values as attributes, which are texts without a definition. One that cannot be read has no
value. Every other value that the API does not define makes its finding unreadable, and a text says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from ecrtui.ecr.findings import SEVERITIES, UNREADABLE, Availability, Finding
from ecrtui.registry.replies.validation import (
    MAX_SCORE,
    Reply,
    entries,
    integer,
    moment,
    read_rows,
    score,
    structure,
    structures,
    text,
    texts,
)

LISTS = frozenset({"findings", "enhancedFindings"})
"""The members with findings, of basic and of enhanced scanning."""

_NO_VERSION = frozenset({"", "notavailable"})
"""Texts in place of a version with a fix, in lower case. Amazon Inspector sends "NotAvailable"."""

_CVSS_SCORE = re.compile(r"CVSS(\d{1,2})_SCORE", re.ASCII)
_DECIMAL = re.compile(r"\d{1,2}(?:\.\d{1,4})?", re.ASCII)


def findings(reply: Reply) -> Iterator[Finding]:
    """Yield the findings in a page of DescribeImageScanFindings, of basic scans and of Amazon Inspector.

    A finding that cannot be read is named as such: it never goes missing.
    """
    found = structure(reply, "imageScanFindings")
    basic = read_rows(entries(found, "findings"), "name", _basic)
    enhanced = read_rows(entries(found, "enhancedFindings"), "title", _enhanced)
    yield from basic.items
    for group in enhanced.items:
        yield from group
    for problem in (*basic.problems, *enhanced.problems):
        yield Finding(UNREADABLE, SEVERITIES[-1], description=problem)


def _basic(entry: Reply) -> Finding:
    attributes = {text(item, "key"): text(item, "value") for item in structures(entry, "attributes")}
    fixed_in = _fixed_version(attributes.get("fixed_in_versions", ""))
    version, value = _highest_cvss(attributes)
    return Finding(
        name=text(entry, "name"),
        severity=_severity(entry),
        package=attributes.get("package_name", ""),
        version=attributes.get("package_version", ""),
        fixed_in=fixed_in,
        description=text(entry, "description"),
        uri=text(entry, "uri"),
        fix=Availability.YES if fixed_in else Availability.UNKNOWN,
        score=value,
        score_version=version,
        vector=attributes.get(f"CVSS{version}_VECTOR", ""),
        package_manager=attributes.get("package_manager", ""),
    )


def _highest_cvss(attributes: Mapping[str, str]) -> tuple[str, float | None]:
    """Return the newest version of CVSS that has a score, and the score."""
    found = {
        matched[1]: float(value)
        for key, value in attributes.items()
        if (matched := _CVSS_SCORE.fullmatch(key)) and _DECIMAL.fullmatch(value) and float(value) <= MAX_SCORE
    }
    version = max(found, key=int, default="")
    return version, found.get(version)


def _enhanced(entry: Reply) -> tuple[Finding, ...]:
    """Return a finding for each vulnerable package, at least one."""
    details = structure(entry, "packageVulnerabilityDetails")
    recommendation = structure(structure(entry, "remediation"), "recommendation")
    value, version, vector = _scored(entry, details)
    uri = text(details, "sourceUrl")
    links = (*texts(details, "referenceUrls"), *filter(None, [text(recommendation, "url")]))
    fix = text(entry, "fixAvailable")
    remediation = text(recommendation, "text")
    return tuple(
        Finding(
            name=text(details, "vulnerabilityId") or text(entry, "title"),
            severity=_severity(entry),
            package=text(package, "name"),
            version=_package_version(package),
            fixed_in=_fixed_version(text(package, "fixedInVersion")),
            description=text(entry, "description"),
            uri=uri,
            fix=_package_fix(fix, text(package, "fixedInVersion")),
            exploit=_answer(text(entry, "exploitAvailable")),
            score=value,
            score_version=version,
            vector=vector,
            vendor_severity=text(details, "vendorSeverity"),
            package_manager=text(package, "packageManager"),
            path=text(package, "filePath"),
            layer=text(package, "sourceLayerHash"),
            links=tuple(link for link in dict.fromkeys(links) if link != uri),
            remediation="" if remediation == "None Provided" else remediation,
            first_seen=moment(entry, "firstObservedAt"),
            updated=moment(entry, "updatedAt"),
            in_use=_in_use(entry),
            status=text(entry, "status"),
        )
        for package in structures(details, "vulnerablePackages") or ({},)
    )


def _severity(entry: Reply) -> str:
    """Return one of :data:`SEVERITIES`. All others, such as UNTRIAGED, become UNDEFINED."""
    severity = text(entry, "severity")
    return severity if severity in SEVERITIES else SEVERITIES[-1]


def _package_version(package: Reply) -> str:
    """Return the version with epoch and release, as package managers write it ("1:2.4.3-12.el8")."""
    version, release, epoch = text(package, "version"), text(package, "release"), integer(package, "epoch")
    return f"{f'{epoch}:' if epoch else ''}{version}{f'-{release}' if release else ''}"


def _fixed_version(value: str) -> str:
    return "" if value.strip().lower() in _NO_VERSION else value


def _package_fix(of_finding: str, version: str) -> Availability:
    """Return whether there is a fix for one package of a finding; PARTIAL means: for some of its packages."""
    if _fixed_version(version):
        return Availability.YES
    if version or of_finding == "PARTIAL":
        return Availability.NO
    return _answer(of_finding)


def _answer(value: str) -> Availability:
    return {"YES": Availability.YES, "NO": Availability.NO}.get(value, Availability.UNKNOWN)


def _scored(entry: Reply, details: Reply) -> tuple[float | None, str, str]:
    """Return the score of Amazon Inspector, its version of CVSS and its vector; without one, those of a vendor.

    Of several vendors that is the highest base score of the newest version: the versions are different scales.
    """
    cvss = structure(structure(entry, "scoreDetails"), "cvss")
    own = score(entry, "score")
    base = [
        (text(item, "version"), value, text(item, "scoringVector"))
        for item in structures(details, "cvss")
        if (value := score(item, "baseScore")) is not None
    ]
    if own is not None or not base:
        return own, text(cvss, "version"), text(cvss, "scoringVector")
    version, value, vector = max(base)
    return value, version, vector


def _in_use(entry: Reply) -> int | None:
    """Return how many clusters run the image."""
    images = [structure(structure(item, "details"), "awsEcrContainerImage") for item in structures(entry, "resources")]
    return max((count for image in images if (count := integer(image, "inUseCount")) is not None), default=None)
