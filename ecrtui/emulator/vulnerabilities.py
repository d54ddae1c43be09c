"""Simulated scans: the digest of an image selects some well-known vulnerabilities.

No layer is unpacked. The same image always has the same findings. Most images have some, a few have none. Each finding
names one of the layers of the image, always the same one.
"""

from __future__ import annotations

import json
import random
import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from ecrtui.emulator import partitions


@dataclass(frozen=True, slots=True)
class Vulnerability:
    """A published vulnerability in one version of a package.

    The severity is that of Debian's security tracker or NVD.
    """

    name: str
    severity: str
    package: str
    version: str
    fixed_in: str
    score: float
    description: str

    @property
    def uri(self) -> str:
        """The URL of the description."""
        return f"https://nvd.nist.gov/vuln/detail/{self.name}"


_SEEDED_SCANS = 64
"""Number of different scan results of seeded images."""

_SEVERITIES = ("CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL", "UNDEFINED")


@cache
def load_vulnerabilities() -> tuple[Vulnerability, ...]:
    """Return all vulnerabilities of vulnerabilities.json."""
    text = resources.files("ecrtui.emulator").joinpath("vulnerabilities.json").read_text(encoding="utf-8")
    return tuple(Vulnerability(**entry) for entry in json.loads(text))


def findings_of(digest: str) -> tuple[Vulnerability, ...]:
    """Return the findings of a scan of this image, worst first."""
    chance = random.Random(digest)  # noqa: S311 - no secret
    found = chance.sample(load_vulnerabilities(), chance.choice((0, 2, 3, 4, 5, 6, 8, 11)))
    return tuple(sorted(found, key=lambda one: (_SEVERITIES.index(one.severity), one.name)))


def count_severities(found: tuple[Vulnerability, ...]) -> dict[str, int]:
    """Return the number of findings by severity, worst first (``findingSeverityCounts``)."""
    counted = Counter(one.severity for one in found)
    return {severity: counted[severity] for severity in _SEVERITIES if counted[severity]}


def seeded_findings(digest: str) -> tuple[Vulnerability, ...]:
    """Return the findings of a seeded image, of which a seed may store the counts alone."""
    return _findings_of_seed(int(digest[-2:], 16) % _SEEDED_SCANS)


@cache
def _findings_of_seed(number: int) -> tuple[Vulnerability, ...]:
    return findings_of(str(number))


def to_basic_finding(one: Vulnerability) -> dict[str, Any]:
    """Return a finding of basic scanning (``ImageScanFinding``). It mentions a fix only if there is one."""
    attributes = {"package_name": one.package, "package_version": one.version, "CVSS3_SCORE": str(one.score)}
    if one.fixed_in:
        attributes["fixed_in_versions"] = one.fixed_in
    return {
        "name": one.name,
        "description": one.description,
        "uri": one.uri,
        "severity": one.severity,
        "attributes": [{"key": key, "value": value} for key, value in attributes.items()],
    }


@dataclass(frozen=True, slots=True)
class ScannedImage:
    """The image of an enhanced scan."""

    registry_id: str
    region: str
    repository: str
    digest: str
    layers: Sequence[str] = ()
    """The digests of its layers, the first layer first."""


def to_enhanced_finding(
    one: Vulnerability, image: ScannedImage, now: float, *, suppressed: bool = False
) -> dict[str, Any]:
    """Return a finding of enhanced scanning (``EnhancedImageScanFinding``).

    Args:
        one: the vulnerability.
        image: the image that has it.
        now: the time of the scan, in seconds since the epoch.
        suppressed: a suppression rule selects it.
    """
    cvss = {"baseScore": one.score, "source": "NVD", "version": "3.1"}
    inspector = {"score": one.score, "scoreSource": "NVD", "version": "3.1", "adjustments": []}
    return {
        "awsAccountId": image.registry_id,
        "description": one.description,
        "findingArn": partitions.arn(
            "inspector2", image.region, image.registry_id, f"finding/{image.digest[7:39]}{one.name}"
        ),
        "firstObservedAt": now,
        "lastObservedAt": now,
        "updatedAt": now,
        "packageVulnerabilityDetails": {
            "cvss": [cvss],
            "referenceUrls": [f"https://security-tracker.debian.org/tracker/{one.name}"],
            "relatedVulnerabilities": [],
            "source": "NVD",
            "sourceUrl": one.uri,
            "vendorSeverity": one.severity,
            "vulnerabilityId": one.name,
            "vulnerablePackages": [_package(one, image)],
        },
        "remediation": {"recommendation": {"text": "None Provided"}},
        "resources": [_resource(image)],
        "score": one.score,
        "scoreDetails": {"cvss": inspector},
        "severity": "UNTRIAGED" if one.severity == "UNDEFINED" else one.severity,
        "status": "SUPPRESSED" if suppressed else "ACTIVE",
        "title": f"{one.name} - {one.package}",
        "type": "PACKAGE_VULNERABILITY",
        "fixAvailable": "YES" if one.fixed_in else "NO",
        "exploitAvailable": "YES" if one.severity == "CRITICAL" else "NO",
    }


def _package(one: Vulnerability, image: ScannedImage) -> dict[str, Any]:
    package = {
        "arch": "AMD64",
        "epoch": 0,
        "fixedInVersion": one.fixed_in or "NotAvailable",
        "name": one.package,
        "packageManager": "OS",
        "version": one.version,
    }
    if image.layers:
        package["sourceLayerHash"] = image.layers[zlib.crc32(one.package.encode()) % len(image.layers)]
    return package


def _resource(image: ScannedImage) -> dict[str, Any]:
    return {
        "id": partitions.repository_arn(image.region, image.registry_id, f"{image.repository}/{image.digest}"),
        "type": "AWS_ECR_CONTAINER_IMAGE",
        "details": {
            "awsEcrContainerImage": {
                "architecture": "amd64",
                "imageHash": image.digest,
                "registry": image.registry_id,
                "repositoryName": image.repository,
                "inUseCount": 0,
            }
        },
    }
