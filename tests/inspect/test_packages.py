"""The packages of an SBOM, in every format."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given, settings

from ecrtui.inspect.contents import BlobContext, read_content
from ecrtui.inspect.envelopes import MAX_CONTENT, MAX_SBOM
from ecrtui.inspect.large_json import PACKAGES
from ecrtui.inspect.packages import MAX_PACKAGES, Package, PackageList, packages_of, purl_type
from tests.ecr.test_exact_json import VALUES

CURL, CORE = "pkg:deb/debian/curl@8.3.0-1?arch=amd64", "pkg:npm/%40angular/core@17.0.0"
EXPECTED = (
    Package("@angular/core", "17.0.0", "npm", "MIT", CORE),
    Package("curl", "8.3.0-1", "deb", "curl", CURL),
    Package("zlib", "1.3", "", "", ""),
)


def spdx2(version: str = "SPDX-2.3") -> dict[str, Any]:
    def package(name: str, number: str, purl: str = "", **members: Any) -> dict[str, Any]:
        references = [{"referenceType": "cpe23Type", "referenceLocator": "cpe:2.3:a"}]
        if purl:
            references.append({"referenceType": "purl", "referenceLocator": purl})
        return {"name": name, "versionInfo": number, "externalRefs": references, **members}

    return {
        "spdxVersion": version,
        "name": "team/checkout",
        "creationInfo": {"created": "2026-01-02T03:04:05Z", "creators": ["Organization: a", "Tool: syft-1.14.0"]},
        "packages": [
            package("team/checkout", "1", primaryPackagePurpose="CONTAINER"),
            package("curl", "8.3.0-1", CURL, licenseConcluded="NOASSERTION", licenseDeclared="curl"),
            package("zlib", "1.3", licenseConcluded="NONE"),
            package("@angular/core", "17.0.0", CORE, licenseConcluded="MIT", licenseDeclared="Apache-2.0"),
            package("curl", "8.3.0-1", CURL, licenseDeclared="curl"),
        ],
    }


def spdx3() -> dict[str, Any]:
    def package(name: str, version: str, **members: Any) -> dict[str, Any]:
        named = {"type": "software_Package", "spdxId": f"#{name}", "name": name}
        return named | {"software_packageVersion": version} | members

    def relation(name: str, start: str, end: str) -> dict[str, Any]:
        return {"type": "Relationship", "relationshipType": name, "from": start, "to": [end]}

    expression = "simplelicensing_licenseExpression"
    purl = {"externalIdentifierType": "packageUrl", "identifier": CURL}
    return {
        "@context": "https://spdx.org/rdf/3.0.1/spdx-context.jsonld",
        "@graph": [
            {"type": "CreationInfo", "specVersion": "3.0.1", "created": "2026-01-02T03:04:05Z"},
            {"type": "Tool", "name": "syft-1.14.0"},
            {"type": "SpdxDocument", "name": "team/checkout"},
            {"type": "simplelicensing_LicenseExpression", "spdxId": "#curl-license", expression: "curl"},
            {"type": "simplelicensing_LicenseExpression", "spdxId": "#none", expression: "NOASSERTION"},
            package("team/checkout", "1", software_primaryPurpose="container"),
            package("curl", "8.3.0-1", externalIdentifier=[purl]),
            package("@angular/core", "17.0.0", software_packageUrl=CORE),
            package("zlib", "1.3"),
            relation("hasDeclaredLicense", "#curl", "#curl-license"),
            relation("hasConcludedLicense", "#curl", "#none"),
            relation("hasConcludedLicense", "#@angular/core", "https://spdx.org/licenses/MIT"),
            relation("hasConcludedLicense", "#zlib", "https://spdx.org/rdf/3.0.1/terms/Core/NoAssertionElement"),
        ],
    }


def cyclonedx(version: str = "1.6") -> dict[str, Any]:
    tool = {"name": "syft", "version": "1.14.0"}
    inner = {"type": "library", "group": "@angular", "name": "core", "version": "17.0.0", "purl": CORE}
    outer = {"type": "library", "name": "curl", "version": "8.3.0-1", "purl": CURL}
    return {
        "bomFormat": "CycloneDX",
        "specVersion": version,
        "metadata": {
            "timestamp": "2026-01-02T03:04:05Z",
            "tools": [tool] if version < "1.5" else {"components": [tool]},
            "component": {"type": "container", "name": "team/checkout"},
        },
        "components": [
            {
                **outer,
                "licenses": [{"license": {"id": "curl"}}],
                "components": [{**inner, "licenses": [{"expression": "MIT"}]}],
            },
            {"type": "", "name": "zlib", "version": "1.3"},
            {"type": "file", "name": "/etc/passwd"},
        ],
    }


def syft() -> dict[str, Any]:
    return {
        "artifacts": [
            {"name": "curl", "version": "8.3.0-1", "type": "deb", "purl": CURL, "licenses": ["curl"]},
            {
                "name": "@angular/core",
                "version": "17.0.0",
                "type": "npm",
                "purl": CORE,
                "licenses": [{"value": "The MIT License", "spdxExpression": "MIT"}],
            },
            {"name": "zlib", "version": "1.3"},
        ],
        "source": {"name": "team/checkout"},
        "descriptor": {"name": "syft", "version": "1.14.0", "timestamp": "2026-01-02T03:04:05Z"},
        "schema": {"version": "16.0.18"},
    }


TAG_VALUE = f"""
# a comment
SPDXVersion: SPDX-2.3
DocumentName: team/checkout
Creator: Organization: a
Creator: Tool: syft-1.14.0
Created: 2026-01-02T03:04:05Z
PackageName: team/checkout
PrimaryPackagePurpose: CONTAINER

PackageName: curl
PackageVersion: 8.3.0-1
PackageLicenseConcluded: NOASSERTION
PackageLicenseDeclared: curl
PackageCopyrightText: <text>Copyright
PackageVersion: 9
</text>
ExternalRef: SECURITY cpe23Type cpe:2.3:a
ExternalRef: PACKAGE-MANAGER purl {CURL}
FileName: ./a
PackageName: zlib
PackageVersion: <text>1.3</text>
PackageName: @angular/core
PackageVersion: 17.0.0
PackageLicenseConcluded: MIT
ExternalRef: PACKAGE-MANAGER purl {CORE}
"""


def cyclonedx_xml(version: str = "1.5") -> str:
    tool = "<name>syft</name><version>1.14.0</version>"
    old = version < "1.5"
    tools = f"<tool>{tool}</tool>" if old else f"<components><component>{tool}</component></components>"
    return f"""<?xml version="1.0"?>
<bom xmlns="http://cyclonedx.org/schema/bom/{version}" version="1">
  <metadata><timestamp>2026-01-02T03:04:05Z</timestamp><tools>{tools}</tools>
    <component type="container"><name>team/checkout</name></component></metadata>
  <components>
    <component type="library"><name>curl</name><version>8.3.0-1</version>
      <licenses><license><id>curl</id><text>long</text></license></licenses><purl>{CURL.replace("&", "&amp;")}</purl>
      <components><component type="library"><group>@angular</group><name>core</name><version>17.0.0</version>
        <licenses><expression>MIT</expression></licenses><purl>{CORE}</purl></component></components>
      <pedigree><ancestors><component><name>forked</name></component></ancestors></pedigree></component>
    <component type=""><name>zlib</name><version>1.3</version></component>
    <component type="file"><name>/etc/passwd</name></component>
  </components>
</bom>"""


def statement(predicate: Any) -> dict[str, Any]:
    return {"_type": "https://in-toto.io/Statement/v1", "predicateType": "https://spdx.dev/Document", "subject": [],
            "predicate": predicate}  # fmt: skip


def envelope(inner: Any) -> dict[str, Any]:
    payload = base64.b64encode(json.dumps(inner).encode()).decode()
    return {"payloadType": "application/vnd.in-toto+json", "payload": payload, "signatures": [{"sig": "eA=="}]}


def bundle(inner: Any) -> dict[str, Any]:
    return {"mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json", "dsseEnvelope": envelope(inner)}


def read_packages(content: bytes) -> PackageList:
    return read_content(content, BlobContext("application/spdx+json")).package_list


@pytest.mark.parametrize(
    ("document", "named"),
    [
        (spdx2(), "SPDX 2.3"),
        (spdx2("SPDX-2.2"), "SPDX 2.2"),
        (spdx3(), "SPDX 3.0.1"),
        (cyclonedx("1.4"), "CycloneDX 1.4"),
        (cyclonedx("1.5"), "CycloneDX 1.5"),
        (cyclonedx(), "CycloneDX 1.6"),
        (syft(), "syft JSON 16.0.18"),
        (statement(spdx2()), "SPDX 2.3"),
        (statement(json.dumps(cyclonedx())), "CycloneDX 1.6"),
        (statement({"Data": json.dumps(syft()), "Timestamp": "now"}), "syft JSON 16.0.18"),
        (statement({"Data": cyclonedx("1.4"), "Timestamp": ""}), "CycloneDX 1.4"),
        (envelope(statement(spdx2())), "SPDX 2.3"),
        (bundle(statement(spdx2())), "SPDX 2.3"),
        (TAG_VALUE, "SPDX 2.3"),
        (cyclonedx_xml("1.2"), "CycloneDX 1.2"),
        (cyclonedx_xml(), "CycloneDX 1.5"),
        (statement(TAG_VALUE), "SPDX 2.3"),
        (statement({"Data": cyclonedx_xml(), "Timestamp": ""}), "CycloneDX 1.5"),
    ],
)
def test_every_format_gives_the_same_packages(document: Any, named: str) -> None:
    found = read_packages((document if isinstance(document, str) else json.dumps(document)).encode())
    assert (found.packages, found.format, found.problem) == (EXPECTED, named, "")
    assert (found.name, found.created) == ("team/checkout", "2026-01-02T03:04:05Z")
    assert found.tool in ("syft-1.14.0", "syft 1.14.0")
    assert found.types == (("", 1), ("deb", 1), ("npm", 1))
    assert found.licenses == (("", 1), ("MIT", 1), ("curl", 1))


@pytest.mark.parametrize("wrap", [lambda document: document, statement, lambda document: bundle(statement(document))])
@pytest.mark.parametrize(
    "document", [spdx2(), spdx3(), cyclonedx(), syft()], ids=["spdx2", "spdx3", "cyclonedx", "syft"]
)
def test_a_large_sbom_has_the_packages_that_it_has_when_it_is_small(document: dict[str, Any], wrap: Any) -> None:
    name = next(name for name in document if name in PACKAGES)
    fillers = [{"type": "software_Package", "name": f"filler-{number}", "license": "é"} for number in range(2_000)]
    document = {**document, name: [*fillers, *document[name]]}
    files = [{"fileName": f"/app/{number}.class", "checksum": "a" * 40} for number in range(60_000)]
    small = read_packages(json.dumps(wrap(document)).encode())
    content = json.dumps(wrap({"files": files, **document}), ensure_ascii=False).encode()
    assert len(content) > MAX_CONTENT
    large = read_content(content, BlobContext("application/spdx+json"))
    assert large.package_list == small
    assert len(small.packages) == 2_000 + len(EXPECTED)
    assert (large.problem, large.pretty, large.is_whole) == ("", "", True)
    assert large.exact.endswith(" more are not shown.")
    assert content.startswith(large.exact[:1_000].encode())


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "it is not JSON"),
        (b"\xff\xfe{}", "it is not UTF-8: byte 0 is wrong"),
        (b"{}", "it is not an SPDX, CycloneDX or syft document"),
        (b"[" * 100_000, "nested too deeply"),
        (b" " * (MAX_SBOM + 1), "it has 67,108,865 bytes; at most 67,108,864 are read"),
        (b" " * MAX_CONTENT + b"{}", "it lists no packages in a known format"),
        (b" " * MAX_CONTENT + b"\xff", "it is not UTF-8: byte 4,194,304 is wrong"),
        (b" " * MAX_CONTENT + b'{"payloadType": "a", "payload": "*"}', "the payload cannot be read: it is not base64"),
        (json.dumps({"payloadType": "a", "payload": "*"}).encode(), "the payload cannot be read: it is not base64"),
        (json.dumps({"payloadType": "a", "payload": 5}).encode(), "the payload cannot be read: it is not base64 text"),
    ],
)
def test_other_content_says_what_is_wrong(content: bytes, problem: str) -> None:
    assert problem in read_packages(content).problem


def test_envelopes_inside_each_other_have_a_limit() -> None:
    document: Any = spdx2()
    for _ in range(9):
        document = envelope(document)
    assert "more than 8 envelopes are inside each other" in read_packages(json.dumps(document).encode()).problem


def test_packages_have_a_limit() -> None:
    many = [{"name": str(number)} for number in range(MAX_PACKAGES + 1)]
    found = packages_of({"spdxVersion": "SPDX-2.3", "packages": many})
    assert found is not None
    assert len(found.packages) == MAX_PACKAGES
    assert found.problem == "The SBOM has more packages. The first 50,000 are listed."


def test_the_type_of_a_package_url() -> None:
    assert [purl_type(text) for text in (CURL, "pkg://npm/a", "PKG:Deb/a", "http://a", "")] == [
        "deb", "npm", "deb", "", "",
    ]  # fmt: skip


BOM_START = '<bom xmlns="http://cyclonedx.org/schema/bom/1.5">'


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (f"{BOM_START}<components>", "it is not XML: no element found"),
        ('<!DOCTYPE a [<!ENTITY b "c">]>' + BOM_START, "its XML has a document type, which is not read"),
        (BOM_START + "<a>" * 200_000, "or 100 levels"),
        ("SPDXVersion: SPDX-2.3\n" + "PackageName: a\n" * 100_001, "it has more than 100,000 packages"),
        ("SPDXVersion: SPDX-3\n", "it is not an SPDX, CycloneDX or syft document"),
        ("<html><bom>", "it is not an SPDX, CycloneDX or syft document"),
        ("<!DOCTYPE html><html></a>", "it is not an SPDX, CycloneDX or syft document"),
        ("Dear all,\nSPDXVersion: SPDX-2.3\n", "it is not an SPDX, CycloneDX or syft document"),
    ],
)
def test_an_sbom_in_text_that_cannot_be_read_says_why(text: str, problem: str) -> None:
    assert problem in read_content(text.encode(), BlobContext("text/plain")).package_list.problem


def test_a_document_that_lists_vulnerabilities_alone_is_no_sbom() -> None:
    vex = {"bomFormat": "CycloneDX", "specVersion": "1.5", "vulnerabilities": [{"id": "CVE-1"}]}
    content = read_content(json.dumps(vex).encode(), BlobContext("application/vnd.cyclonedx+json"))
    assert (content.packages, "CVE-1" in content.pretty) == (None, True)
    assert packages_of(vex | cyclonedx("1.5")) == packages_of(cyclonedx("1.5"))


@settings(max_examples=30)
@given(VALUES)
def test_no_value_breaks_a_format(value: Any) -> None:
    for document in (spdx2(), spdx3(), cyclonedx(), syft()):
        for name, member in document.items():
            packages_of(document | {name: value})
            if isinstance(member, list):
                packages_of(document | {name: [value, *({**entry, "name": value} for entry in member)]})
