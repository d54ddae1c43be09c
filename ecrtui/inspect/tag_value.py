"""SPDX 2 documents in the tag-value format, as the members that they have in JSON.

Source: the SPDX specification 2.3, "Tag:value" in its chapters on the document and on packages.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from typing import Any

_VERSION = "SPDXVersion"
_PACKAGE = {
    "PackageName": "name",
    "PackageVersion": "versionInfo",
    "PackageLicenseConcluded": "licenseConcluded",
    "PackageLicenseDeclared": "licenseDeclared",
    "PrimaryPackagePurpose": "primaryPackagePurpose",
}
"""The tags of a package that have one value, and their members in JSON."""

MAX_ENTRIES = 100_000
"""Packages of a document: all of them are in memory at once."""

MAX_CREATORS = 20
"""Creators of a document that are read. Most have two: an organization and a tool."""

_OTHER_SECTIONS = ("FileName", "SnippetSPDXID", "LicenseID")
"""The tags that begin what is not a package."""


def parse_tag_value(text: str) -> Mapping[str, Any] | None:
    """Return a document with its packages; None if the text does not begin as one.

    Raises:
        ValueError: it has more than :data:`MAX_ENTRIES` packages.
    """
    lines = _tags(text)
    tag, version = next(lines, ("", ""))
    if tag != _VERSION:
        return None
    package: dict[str, Any] = {}
    packages: list[Mapping[str, Any]] = []
    creation: dict[str, Any] = {"creators": []}
    document = {"spdxVersion": version, "packages": packages, "creationInfo": creation}
    for tag, value in lines:
        if tag == "PackageName":
            package = {}
            packages.append(package)
            if len(packages) > MAX_ENTRIES:
                raise ValueError(f"it has more than {MAX_ENTRIES:,} packages")
        elif tag in _OTHER_SECTIONS:
            package = {}
        if tag in _PACKAGE:
            package[_PACKAGE[tag]] = value
        elif tag == "ExternalRef" and package and (words := value.split())[1:2] == ["purl"]:
            package["externalRefs"] = [{"referenceType": "purl", "referenceLocator": words[-1]}]
        elif tag == "Creator" and len(creation["creators"]) < MAX_CREATORS:
            creation["creators"].append(value)
        elif tag == "Created":
            creation["created"] = value
        elif tag == "DocumentName":
            document["name"] = value
    return document


def _tags(text: str) -> Iterator[tuple[str, str]]:
    """Yield each tag with its value, without comments. Of a value of several lines, only the first one is needed."""
    is_inside = False
    for line in io.StringIO(text):
        if is_inside:
            is_inside = "</text>" not in line
            continue
        tag, colon, value = line.strip().partition(":")
        if tag and not tag.startswith("#"):
            if not colon:
                return  # another format
            value = value.strip()
            is_inside = value.startswith("<text>") and "</text>" not in value
            yield tag, value.removeprefix("<text>").removesuffix("</text>")
