"""SBOMs of the demo, as syft and Trivy write them. A package that a scan finds has the version of the finding."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any, NamedTuple

from ecrtui.emulator.demo.builds import Build, iso_time
from ecrtui.emulator.vulnerabilities import findings_of


class Component(NamedTuple):
    """A package. The type is that of its package URL."""

    type: str
    name: str
    version: str
    license: str
    group: str = ""
    """The group of Maven."""

    def purl(self, architecture: str) -> str:
        """Return its package URL."""
        if self.type == "deb":
            return f"pkg:deb/debian/{self.name}@{self.version}?arch={architecture}&distro=debian-12"
        return f"pkg:{self.type}/{self.group + '/' if self.group else ''}{self.name}@{self.version}"


_DEBIAN = """\
adduser 3.134 GPL-2.0-only
apt 2.6.1 GPL-2.0-or-later
base-files 12.4+deb12u8 GPL-2.0-or-later
bash 5.2.15-2+b7 GPL-3.0-or-later
ca-certificates 20230311 MPL-2.0
coreutils 9.1-1 GPL-3.0-or-later
curl 7.88.1-10+deb12u8 curl
debianutils 5.7-0.5 GPL-2.0-only
dpkg 1.21.22 GPL-2.0-or-later
expat 2.5.0-1+deb12u1 MIT
fontconfig 2.14.1-4 HPND
gcc-12-base 12.2.0-14 GPL-3.0-only
glibc 2.36-9+deb12u9 LGPL-2.1-or-later
gnupg2 2.2.40-1.1 GPL-3.0-or-later
libfreetype6 2.12.1+dfsg-5+deb12u3 FTL
libgcrypt20 1.10.1-3 LGPL-2.1-or-later
libpng16-16 1.6.39-2 Libpng
libsystemd0 252.30-1~deb12u2 LGPL-2.1-or-later
libzstd1 1.5.4+dfsg2-5 BSD-3-Clause
ncurses 6.4-4 X11
openssl 3.0.15-1~deb12u1 Apache-2.0
p11-kit 0.24.1-2 BSD-3-Clause
perl-base 5.36.0-7+deb12u1 Artistic-1.0-Perl
shadow 4.13 BSD-3-Clause
tzdata 2024b-0+deb12u1 NOASSERTION
xz-utils 5.4.1-0.2 0BSD
zlib 1.2.13.dfsg-1 Zlib
"""
_MAVEN = """\
ch.qos.logback:logback-classic 1.5.12 EPL-1.0
com.fasterxml.jackson.core:jackson-core 2.18.1 Apache-2.0
com.fasterxml.jackson.core:jackson-databind 2.18.1 Apache-2.0
com.zaxxer:HikariCP 5.1.0 Apache-2.0
io.micrometer:micrometer-core 1.14.1 Apache-2.0
io.netty:netty-handler 4.1.115.Final Apache-2.0
io.opentelemetry:opentelemetry-api 1.44.1 Apache-2.0
jakarta.persistence:jakarta.persistence-api 3.1.0 EPL-2.0
org.apache.logging.log4j:log4j-core 2.23.1 Apache-2.0
org.apache.tomcat.embed:tomcat-embed-core 10.1.33 Apache-2.0
org.hibernate.orm:hibernate-core 6.6.2.Final LGPL-2.1-or-later
org.postgresql:postgresql 42.7.4 BSD-2-Clause
org.slf4j:slf4j-api 2.0.16 MIT
org.springframework.boot:spring-boot 3.4.0 Apache-2.0
org.springframework:spring-core 6.2.0 Apache-2.0
org.springframework:spring-web 6.2.0 Apache-2.0
org.yaml:snakeyaml 2.3 Apache-2.0
"""
_BEFORE_11 = {"spring-boot": "3.3.5", "spring-core": "6.1.14", "spring-web": "6.1.14", "logback-classic": "1.5.11"}
"""Versions before the release 2026.11."""

_GOLANG = """\
github.com/prometheus/client_golang v1.20.5 Apache-2.0
golang.org/x/net v0.31.0 BSD-3-Clause
golang.org/x/sys v0.27.0 BSD-3-Clause
google.golang.org/protobuf v1.35.2 BSD-3-Clause
stdlib go1.23.3 BSD-3-Clause
"""
_ONLY_ON_ARM64 = Component("deb", "libatomic1", "12.2.0-14", "GPL-3.0-only")


def components(build: Build, platform: str, digest: str) -> Sequence[Component]:
    """Return the packages of an image.

    Args:
        build: the build of the image.
        platform: its platform.
        digest: its digest, which selects its findings.
    """
    found = _of_runtime(build)
    if platform.endswith("arm64") and build.application.runtime != "scratch":
        found = [*found, _ONLY_ON_ARM64]
    vulnerable = (
        {one.package: one.version for one in findings_of(digest)} if build.application.runtime != "scratch" else {}
    )
    known = {component.name for component in found}
    new = [Component("deb", name, version, "NOASSERTION") for name, version in vulnerable.items() if name not in known]
    fixed = [component._replace(version=vulnerable.get(component.name, component.version)) for component in found]
    own = Component("generic", build.application.name, build.version, "NOASSERTION")
    return [*sorted([*fixed, *new]), own]


def spdx(build: Build, platform: str, digest: str) -> Mapping[str, Any]:
    """Return an SBOM in SPDX 2.3, as syft writes it."""
    architecture = platform.partition("/")[2] or "amd64"
    image = f"{build.application.repository}@{digest}"
    packages = [_spdx_package(component, architecture) for component in components(build, platform, digest)]
    root = {
        "SPDXID": "SPDXRef-DocumentRoot-Image",
        "name": build.application.repository,
        "versionInfo": digest,
        "downloadLocation": "NOASSERTION",
        "primaryPackagePurpose": "CONTAINER",
        "externalRefs": [_purl(f"pkg:oci/{build.application.name}@{digest.replace(':', '%3A')}?arch={architecture}")],
    }
    relations = [("SPDXRef-DOCUMENT", "DESCRIBES", root["SPDXID"])]
    relations += [(str(root["SPDXID"]), "CONTAINS", package["SPDXID"]) for package in packages]
    return {
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": build.application.repository,
        "documentNamespace": f"https://anchore.com/syft/image/{image}",
        "creationInfo": {
            "licenseListVersion": "3.25",
            "creators": ["Organization: Anchore, Inc", "Tool: syft-1.16.0"],
            "created": iso_time(build.created + 40),
        },
        "packages": [root, *packages],
        "relationships": [
            {"spdxElementId": start, "relationshipType": name, "relatedSpdxElement": end}
            for start, name, end in relations
        ],
    }


def cyclonedx(build: Build, platform: str, digest: str) -> Mapping[str, Any]:
    """Return an SBOM in CycloneDX 1.6, as Trivy writes it."""
    architecture = platform.partition("/")[2] or "amd64"
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "timestamp": iso_time(build.created + 55),
            "tools": {
                "components": [{"type": "application", "group": "aquasecurity", "name": "trivy", "version": "0.58.0"}]
            },
            "component": {"type": "container", "name": build.application.repository, "version": digest},
        },
        "components": [
            {
                "bom-ref": component.purl(architecture),
                "type": "library",
                **({"group": component.group} if component.group else {}),
                "name": component.name,
                "version": component.version,
                **(
                    {} if component.license == "NOASSERTION" else {"licenses": [{"license": {"id": component.license}}]}
                ),
                "purl": component.purl(architecture),
            }
            for component in components(build, platform, digest)
        ],
    }


def _of_runtime(build: Build) -> list[Component]:
    if build.application.runtime == "scratch":
        return list(_read("golang", _GOLANG))
    own = list(_read("maven", _MAVEN)) if build.application.runtime == "java" else []
    if build.version < "2026.11":
        own = [component._replace(version=_BEFORE_11.get(component.name, component.version)) for component in own]
    return [*_read("deb", _DEBIAN), *own]


def _read(kind: str, lines: str) -> Sequence[Component]:
    found = []
    for line in lines.splitlines():
        name, version, license_name = line.split()
        group, _, short = name.rpartition(":")
        found.append(Component(kind, short, version, license_name, group))
    return found


def _spdx_package(component: Component, architecture: str) -> dict[str, Any]:
    purl = component.purl(architecture)
    return {
        "SPDXID": f"SPDXRef-Package-{component.type}-{sha256(purl.encode()).hexdigest()[:16]}",
        "name": component.name,
        "versionInfo": component.version,
        "supplier": "NOASSERTION",
        "downloadLocation": "NOASSERTION",
        "licenseConcluded": "NOASSERTION",
        "licenseDeclared": component.license,
        "externalRefs": [_purl(purl)],
    }


def _purl(purl: str) -> dict[str, str]:
    return {"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": purl}
