"""Simulated scans: the digest of an image selects some well-known vulnerabilities.

No layer is unpacked. The same image always has the same findings. Most images have some, a few have none.
"""

from __future__ import annotations

import json
import random
from collections import Counter
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


def to_basic_finding(one: Vulnerability) -> dict[str, Any]:
    """Return a finding of basic scanning (``ImageScanFinding``)."""
    attributes = {"package_name": one.package, "package_version": one.version, "CVSS3_SCORE": str(one.score)}
    return {
        "name": one.name,
        "description": one.description,
        "uri": one.uri,
        "severity": one.severity,
        "attributes": [{"key": key, "value": value} for key, value in attributes.items()],
    }


def to_enhanced_finding(
    one: Vulnerability, *, registry_id: str, region: str, name: str, digest: str, now: float
) -> dict[str, Any]:
    """Return a finding of enhanced scanning (``EnhancedImageScanFinding``).

    Args:
        name: the name of the repository.
        digest: the digest of the image.
        now: seconds since the epoch.
    """
    package = {"name": one.package, "version": one.version, "packageManager": "OS", "arch": "X86_64"}
    return {
        "awsAccountId": registry_id,
        "description": one.description,
        "findingArn": partitions.arn("inspector2", region, registry_id, f"finding/{digest[7:39]}{one.name}"),
        "firstObservedAt": now,
        "lastObservedAt": now,
        "updatedAt": now,
        "packageVulnerabilityDetails": {
            "source": "NVD",
            "sourceUrl": one.uri,
            "vulnerabilityId": one.name,
            "vendorSeverity": one.severity,
            "vulnerablePackages": [{**package, **({"fixedInVersion": one.fixed_in} if one.fixed_in else {})}],
        },
        "remediation": {"recommendation": {"text": "None Provided"}},
        "resources": [
            {
                "id": partitions.repository_arn(region, registry_id, f"{name}/{digest}"),
                "type": "AWS_ECR_CONTAINER_IMAGE",
                "details": {
                    "awsEcrContainerImage": {"imageHash": digest, "registry": registry_id, "repositoryName": name}
                },
            }
        ],
        "score": one.score,
        "severity": "UNTRIAGED" if one.severity == "UNDEFINED" else one.severity,
        "status": "ACTIVE",
        "title": f"{one.name} - {one.package}",
        "type": "PACKAGE_VULNERABILITY",
        "fixAvailable": "YES" if one.fixed_in else "NO",
        "exploitAvailable": "YES" if one.severity == "CRITICAL" else "NO",
    }
