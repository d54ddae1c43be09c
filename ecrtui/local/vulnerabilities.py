"""What a scan of the embedded registry finds: a handful of well-known vulnerabilities, chosen by the image's digest.

No layer is unpacked: the same image always has the same findings, most images have some, and a few have none.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Vulnerability:
    """A published vulnerability in one version of a package. Severity as Debian's security tracker or NVD has it."""

    name: str
    severity: str
    package: str
    version: str
    fixed_in: str
    score: float
    description: str

    @property
    def uri(self) -> str:
        """Where it is described."""
        return f"https://nvd.nist.gov/vuln/detail/{self.name}"


KNOWN = (
    Vulnerability("CVE-2021-44228", "CRITICAL", "log4j-core", "2.14.1", "2.15.0", 10.0, "Apache Log4j2 JNDI features do not protect against attacker controlled LDAP and other JNDI related endpoints."),
    Vulnerability("CVE-2022-37434", "CRITICAL", "zlib", "1.2.12", "1.2.13", 9.8, "zlib has a heap-based buffer over-read or buffer overflow in inflate via a large gzip header extra field."),
    Vulnerability("CVE-2023-38545", "CRITICAL", "curl", "8.3.0", "8.4.0", 9.8, "A heap based buffer overflow in the SOCKS5 proxy handshake of curl."),
    Vulnerability("CVE-2024-3094", "CRITICAL", "xz-utils", "5.6.1", "5.6.1+really5.4.5", 10.0, "Malicious code was discovered in the upstream tarballs of xz."),
    Vulnerability("CVE-2014-0160", "HIGH", "openssl", "1.0.1f", "1.0.1g", 7.5, "The TLS and DTLS implementations of OpenSSL do not properly handle Heartbeat Extension packets."),
    Vulnerability("CVE-2023-4911", "HIGH", "glibc", "2.36-9+deb12u1", "2.36-9+deb12u3", 7.8, "A buffer overflow in the dynamic loader of glibc while processing GLIBC_TUNABLES."),
    Vulnerability("CVE-2022-0778", "HIGH", "openssl", "1.1.1k-1+deb11u1", "1.1.1k-1+deb11u2", 7.5, "BN_mod_sqrt() can loop forever for non-prime moduli, so that a crafted certificate denies service."),
    Vulnerability("CVE-2023-44487", "HIGH", "nghttp2", "1.52.0-1", "1.52.0-1+deb12u1", 7.5, "The HTTP/2 protocol allows a denial of service because request cancellation can reset many streams quickly."),
    Vulnerability("CVE-2022-40674", "HIGH", "expat", "2.4.8", "2.4.9", 8.1, "libexpat has a use-after-free in the doContent function in xmlparse.c."),
    Vulnerability("CVE-2023-5363", "MEDIUM", "openssl", "3.0.11-1~deb12u1", "3.0.11-1~deb12u2", 5.3, "A bug in the processing of key and initialisation vector lengths."),
    Vulnerability("CVE-2023-50495", "MEDIUM", "ncurses", "6.4-4", "", 6.5, "ncurses has a segmentation fault in _nc_wrap_entry()."),
    Vulnerability("CVE-2024-2511", "MEDIUM", "openssl", "3.0.13-1~deb12u1", "3.0.14-1~deb12u1", 5.9, "Some non-default TLS server configurations can cause unbounded memory growth when processing TLSv1.3 sessions."),
    Vulnerability("CVE-2023-7008", "MEDIUM", "systemd", "252.19-1~deb12u1", "252.21-1~deb12u1", 5.9, "systemd-resolved accepts records of DNSSEC-signed domains even when they have no signature."),
    Vulnerability("CVE-2022-3219", "LOW", "gnupg2", "2.2.40-1.1", "", 3.3, "GnuPG can be made to spin on a relatively small input by crafting a public key with thousands of signatures."),
    Vulnerability("CVE-2024-28757", "LOW", "expat", "2.6.1", "2.6.2", 3.7, "libexpat allows an XML Entity Expansion attack when external parsers are created in isolation."),
    Vulnerability("CVE-2010-4756", "INFORMATIONAL", "glibc", "2.36-9", "", 4.0, "The glob implementation of glibc allows remote authenticated users to cause a denial of service."),
    Vulnerability("CVE-2007-5686", "INFORMATIONAL", "shadow", "4.13", "", 4.9, "initscripts in rPath Linux sets insecure permissions for the /var/log/btmp file."),
    Vulnerability("CVE-2011-3374", "UNDEFINED", "apt", "2.6.1", "", 3.7, "apt-key does not correctly validate gpg keys with the master keyring."),
)  # fmt: skip

_SEVERITIES = ("CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL", "UNDEFINED")


def found_in(digest: str) -> tuple[Vulnerability, ...]:
    """What a scan of this image finds, worst first."""
    chance = random.Random(digest)  # noqa: S311 - no secret
    found = chance.sample(KNOWN, chance.choice((0, 2, 3, 4, 5, 6, 8, 11)))
    return tuple(sorted(found, key=lambda one: (_SEVERITIES.index(one.severity), one.name)))


def counts(found: tuple[Vulnerability, ...]) -> dict[str, int]:
    """How many of each severity, worst first (``findingSeverityCounts``)."""
    counted = Counter(one.severity for one in found)
    return {severity: counted[severity] for severity in _SEVERITIES if counted[severity]}


def basic(one: Vulnerability) -> dict[str, Any]:
    """As basic scanning tells it (``ImageScanFinding``)."""
    attributes = {"package_name": one.package, "package_version": one.version, "CVSS3_SCORE": str(one.score)}
    return {
        "name": one.name,
        "description": one.description,
        "uri": one.uri,
        "severity": one.severity,
        "attributes": [{"key": key, "value": value} for key, value in attributes.items()],
    }


def enhanced(one: Vulnerability, where: dict[str, str], digest: str, now: float) -> dict[str, Any]:
    """As enhanced scanning tells it (``EnhancedImageScanFinding``).

    Args:
        where: ``registryId``, ``repositoryName`` and ``region``.
        now: seconds since the epoch.
    """
    registry_id, name, region = where["registryId"], where["repositoryName"], where["region"]
    package = {"name": one.package, "version": one.version, "packageManager": "OS", "arch": "X86_64"}
    return {
        "awsAccountId": registry_id,
        "description": one.description,
        "findingArn": f"arn:aws:inspector2:{region}:{registry_id}:finding/{digest[7:39]}{one.name}",
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
                "id": f"arn:aws:ecr:{region}:{registry_id}:repository/{name}/{digest}",
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
