"""The packages that an SBOM lists.

Formats: SPDX 2.2 and 2.3 (JSON, tags and values), SPDX 3.0 (JSON-LD), CycloneDX 1.2 to 1.7 (JSON, XML), syft JSON.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple
from urllib.parse import unquote

from ecrtui.ecr.json_values import to_list, to_mapping, to_text
from ecrtui.inspect.large_json import LargeArray

MAX_PACKAGES = 50_000
"""Packages that are read of one SBOM."""

_NOT_KNOWN = ("", "NOASSERTION", "NONE")
"""Texts of SPDX for a value that is not known, or that does not exist."""


class Package(NamedTuple):
    """A package that an SBOM lists. A member is empty if the SBOM does not state it."""

    name: str
    version: str = ""
    type: str = ""
    """The type in the package URL (``deb``, ``maven``); without one what the format calls it."""
    license: str = ""
    purl: str = ""


@dataclass(frozen=True)
class PackageList:
    """The packages of an SBOM.

    Args:
        format: the format with its version (``SPDX 2.3``); empty if it is none that is known.
        packages: the packages by name, each once. The image itself and single files are not among them.
        tool: what wrote the SBOM.
        name: what the SBOM says it describes.
        created: when it was written, as it says.
        problem: what could not be read; empty if all could.
        source: from where the SBOM was read, in words.
    """

    format: str = ""
    packages: tuple[Package, ...] = ()
    tool: str = ""
    name: str = ""
    created: str = ""
    problem: str = ""
    source: str = ""

    @property
    def unreadable(self) -> bool:
        """True if not one package could be read."""
        return bool(self.problem) and not self.packages

    @cached_property
    def types(self) -> tuple[tuple[str, int], ...]:
        """The number of packages of each type, the most frequent first. The type is empty if it is not known."""
        return _counted(package.type for package in self.packages)

    @cached_property
    def licenses(self) -> tuple[tuple[str, int], ...]:
        """The number of packages with each license, the most frequent first. It is empty if none is named."""
        return _counted(package.license for package in self.packages)


def packages_of(document: Any) -> PackageList | None:
    """Return the packages of an SBOM; None if its format is not known. Never raise.

    Args:
        document: the SBOM as a value of :func:`ecrtui.inspect.large_json.parse_document`.
    """
    members = to_mapping(document)
    for matches, read in _FORMATS:
        if matches(members):
            return read(members)
    return None


def purl_type(purl: str) -> str:
    """Return the type of a package URL: ``deb`` of ``pkg:deb/debian/curl@8.3.0``; empty for other text."""
    scheme, _, rest = purl.partition(":")
    return rest.lstrip("/").partition("/")[0].lower() if scheme.lower() == "pkg" else ""


def purl_namespace(purl: str) -> str:
    """Return the namespace of a package URL: ``org.apache.commons`` of ``pkg:maven/org.apache.commons/io@2.15``."""
    path = re.split("[?#@]", purl.partition(":")[2])[0] if purl_type(purl) else ""
    return unquote("/".join(path.strip("/").split("/")[1:-1]))


def _counted(names: Iterable[str]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(Counter(names).items(), key=lambda entry: (-entry[1], entry[0])))


def _listed(packages: Iterator[Package], **about: str) -> PackageList:
    """Return a list without repeated packages, of at most :data:`MAX_PACKAGES`."""
    found: dict[Package, None] = {}
    problem = ""
    for package in packages:
        if len(found) >= MAX_PACKAGES:
            problem = f"The SBOM has more packages. The first {MAX_PACKAGES:,} are listed."
            break
        if package.name or package.purl:
            found[package] = None
    ordered = sorted(found, key=lambda package: (package.name.lower(), package))
    return PackageList(packages=tuple(ordered), problem=problem, **about)


def _objects(value: object) -> Iterator[Mapping[str, Any]]:
    for entry in value if isinstance(value, LargeArray) else to_list(value):
        if isinstance(entry, dict):
            yield entry


def _first_known(*values: object) -> str:
    """Return the first text that is a value; empty if none is."""
    return next((text for value in values if (text := to_text(value)) not in _NOT_KNOWN), "")


# SPDX 2


def _spdx2(document: Mapping[str, Any]) -> PackageList:
    creation = to_mapping(document.get("creationInfo"))
    creators = [to_text(entry) for entry in to_list(creation.get("creators"))]
    tools = [creator.partition(":")[2].strip() for creator in creators if creator.startswith("Tool:")]
    return _listed(
        _spdx2_packages(document),
        format=f"SPDX {to_text(document.get('spdxVersion')).removeprefix('SPDX-')}",
        tool=", ".join(tools),
        name=to_text(document.get("name")),
        created=to_text(creation.get("created")),
    )


def _spdx2_packages(document: Mapping[str, Any]) -> Iterator[Package]:
    for entry in _objects(document.get("packages")):
        purls = [
            to_text(reference.get("referenceLocator"))
            for reference in _objects(entry.get("externalRefs"))
            if reference.get("referenceType") == "purl"
        ]
        purl = purls[0] if purls else ""
        kind = purl_type(purl)
        if entry.get("primaryPackagePurpose") != "CONTAINER" and kind not in _IMAGES:
            yield Package(
                to_text(entry.get("name")),
                to_text(entry.get("versionInfo")),
                kind,
                _first_known(entry.get("licenseConcluded"), entry.get("licenseDeclared")),
                purl,
            )


_IMAGES = ("oci", "docker")
"""Types of package URLs that name an image: the one that the SBOM describes."""

# SPDX 3

_LICENSE_LIST = "https://spdx.org/licenses/"
"""The start of the ids of the licenses of the SPDX list."""


def _spdx3(document: Mapping[str, Any]) -> PackageList:
    elements = _Spdx3Elements(document.get("@graph"))
    return _listed(
        elements.packages(),
        format=f"SPDX {to_text(elements.about.get('specVersion')) or '3'}",
        tool=", ".join(filter(None, elements.tools)),
        name=to_text(elements.root.get("name")),
        created=to_text(elements.about.get("created")),
    )


class _Spdx3Elements:
    """What is needed of the elements of an SPDX 3 document. Most of a large one are files and relationships."""

    def __init__(self, graph: object) -> None:
        self.about: Mapping[str, Any] = {}
        self.root: Mapping[str, Any] = {}
        self.tools: list[str] = []
        self._packages: list[tuple[str, Package]] = []
        self._texts: dict[str, str] = {}
        """The texts of licenses by the id of their element."""
        self._licenses: dict[str, dict[str, list[str]]] = {"hasDeclaredLicense": {}, "hasConcludedLicense": {}}
        """By the type of a relationship, and by the id of a package: the ids of its licenses."""
        for entry in _objects(graph):
            self._add(entry, _type(entry))

    def _add(self, entry: Mapping[str, Any], kind: str) -> None:
        if kind == "CreationInfo":
            self.about = self.about or entry
        elif kind == "SpdxDocument":
            self.root = self.root or entry
        elif kind == "Tool":
            self.tools.append(to_text(entry.get("name")))
        elif kind in ("software_Package", "Package"):
            if (package := _spdx3_package(entry)) is not None:
                self._packages.append((_id(entry), package))
        elif "licens" in kind.lower():
            self._texts[_id(entry)] = _first_known(entry.get("simplelicensing_licenseExpression"), entry.get("name"))
        elif (licenses := self._licenses.get(to_text(entry.get("relationshipType")))) is not None:
            licenses.setdefault(to_text(entry.get("from")), []).extend(map(to_text, to_list(entry.get("to"))))

    def packages(self) -> Iterator[Package]:
        """Yield the packages, each with the license that was concluded, or else declared."""
        for name, package in self._packages:
            named = (self._license(name, relation) for relation in ("hasConcludedLicense", "hasDeclaredLicense"))
            yield package._replace(license=_first_known(*named))

    def _license(self, package: str, relation: str) -> str:
        names = self._licenses[relation].get(package, ())
        return _first_known(*(self._texts.get(name) or _listed_license(name) for name in names))


def _listed_license(name: str) -> str:
    """Return the identifier of a license of the SPDX list, which needs no element; empty for another one."""
    return name.removeprefix(_LICENSE_LIST) if name.startswith(_LICENSE_LIST) else ""


def _spdx3_package(entry: Mapping[str, Any]) -> Package | None:
    """Return a package without its license; None for the image that the SBOM describes."""
    identifiers = [
        to_text(identifier.get("identifier"))
        for identifier in _objects(entry.get("externalIdentifier"))
        if identifier.get("externalIdentifierType") in ("packageUrl", "packageURL", "purl")
    ]
    purl = _first_known(entry.get("software_packageUrl"), entry.get("packageUrl"), *identifiers)
    if purl_type(purl) in _IMAGES or entry.get("software_primaryPurpose") == "container":
        return None
    version = _first_known(entry.get("software_packageVersion"), entry.get("packageVersion"))
    return Package(to_text(entry.get("name")), version, purl_type(purl), "", purl)


def _type(entry: Mapping[str, Any]) -> str:
    return to_text(entry.get("type") or entry.get("@type"))


def _id(entry: Mapping[str, Any]) -> str:
    return to_text(entry.get("spdxId") or entry.get("@id"))


# CycloneDX


def _cyclonedx(document: Mapping[str, Any]) -> PackageList:
    metadata = to_mapping(document.get("metadata"))
    tools = metadata.get("tools")  # a list up to 1.4, an object with components and services from 1.5
    named = to_list(tools) or to_list(to_mapping(tools).get("components"))
    root = to_mapping(metadata.get("component"))
    return _listed(
        _cyclonedx_packages(document),
        format=f"CycloneDX {to_text(document.get('specVersion'))}".strip(),
        tool=", ".join(
            f"{to_text(tool.get('name'))} {to_text(tool.get('version'))}".strip() for tool in _objects(named)
        ),
        name=f"{to_text(root.get('name'))} {to_text(root.get('version'))}".strip(),
        created=to_text(metadata.get("timestamp")),
    )


def _is_vex(document: Mapping[str, Any]) -> bool:
    """Return True for a document that lists vulnerabilities alone."""
    return "vulnerabilities" in document and not document.get("components")


def _cyclonedx_packages(document: Mapping[str, Any]) -> Iterator[Package]:
    for entry in _cyclonedx_components(document.get("components")):
        if entry.get("type") == "file":
            continue
        purl, group, name = to_text(entry.get("purl")), to_text(entry.get("group")), to_text(entry.get("name"))
        yield Package(
            f"{group}/{name}" if group.startswith("@") else name,  # the scope is a part of the name in npm
            to_text(entry.get("version")),
            purl_type(purl) or to_text(entry.get("type")),
            " AND ".join(dict.fromkeys(filter(None, map(_cyclonedx_license, _objects(entry.get("licenses")))))),
            purl,
        )


def _cyclonedx_components(components: object) -> Iterator[Mapping[str, Any]]:
    """Yield components, each before those inside it."""
    for outer in _objects(components):
        waiting = [outer]
        while waiting:
            entry = waiting.pop()
            waiting.extend(list(_objects(entry.get("components")))[::-1])
            yield entry


def _cyclonedx_license(entry: Mapping[str, Any]) -> str:
    chosen = to_mapping(entry.get("license"))
    return _first_known(entry.get("expression"), chosen.get("id"), chosen.get("name"))


# syft


def _syft(document: Mapping[str, Any]) -> PackageList:
    tool, schema = to_mapping(document.get("descriptor")), to_mapping(document.get("schema"))
    source = to_mapping(document.get("source"))
    return _listed(
        _syft_packages(document),
        format=f"syft JSON {to_text(schema.get('version'))}".strip(),
        tool=f"{to_text(tool.get('name'))} {to_text(tool.get('version'))}".strip(),
        name=_first_known(source.get("name"), to_mapping(source.get("metadata")).get("userInput")),
        created=to_text(tool.get("timestamp")),
    )


def _syft_packages(document: Mapping[str, Any]) -> Iterator[Package]:
    for entry in _objects(document.get("artifacts")):
        licenses = [
            _first_known(value.get("spdxExpression"), value.get("value"))
            if isinstance(value, dict)
            else _first_known(value)
            for value in to_list(entry.get("licenses"))
        ]
        yield Package(
            to_text(entry.get("name")),
            to_text(entry.get("version")),
            purl_type(to_text(entry.get("purl"))) or to_text(entry.get("type")),
            " AND ".join(dict.fromkeys(filter(None, licenses))),
            to_text(entry.get("purl")),
        )


_Members = Mapping[str, Any]
_FORMATS: tuple[tuple[Callable[[_Members], bool], Callable[[_Members], PackageList]], ...] = (
    (lambda document: to_text(document.get("spdxVersion")).startswith("SPDX-2"), _spdx2),
    (lambda document: "spdx.org/rdf/3" in to_text(document.get("@context")), _spdx3),
    (lambda document: document.get("bomFormat") == "CycloneDX" and not _is_vex(document), _cyclonedx),
    (lambda document: isinstance(document.get("artifacts"), list | LargeArray) and "descriptor" in document, _syft),
)
