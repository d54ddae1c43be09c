"""CycloneDX documents in XML, as the members that they have in JSON.

A document type is refused: its entities could grow without a bound, and CycloneDX needs none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from xml.parsers import expat

_NAMESPACE = "http://cyclonedx.org/schema/bom/"
"""The beginning of the namespace of all elements; the version of the specification follows."""

MAX_COMPONENTS = 100_000
"""Components of a document: all of them are in memory at once."""

MAX_CHILDREN = 1_000
"""Children of an element that are read."""

MAX_LEVELS = 100
"""Elements inside each other. Real documents have about ten."""

_OF_COMPONENTS = frozenset(("bom", "components", "component"))
"""The elements around a component of the software. Others, such as ``pedigree``, have components of other kinds."""

_TEXTS = frozenset(("group", "name", "version", "purl", "id", "expression", "timestamp"))
_NEEDED = frozenset(("metadata", "tools", "tool", "licenses", "license", *_OF_COMPONENTS, *_TEXTS))
_PIECE = 256 * 1024
"""Characters that are parsed at once: no other thread runs meanwhile."""


@dataclass
class _Element:
    """An element with those of its children that are needed."""

    name: str
    type: str = ""
    text: str = ""
    children: list[_Element] = field(default_factory=list)

    def texts(self) -> dict[str, str]:
        return {child.name: child.text.strip() for child in self.children if child.name in _TEXTS}

    def inside(self, *names: str) -> Sequence[_Element]:
        """Return the elements of the last of these names, each in one of the name before."""
        found = [self]
        for name in names:
            found = [child for element in found for child in element.children if child.name == name]
        return found


def parse_cyclonedx_xml(text: str) -> Mapping[str, Any] | None:
    """Return a document with its components; None if the text is not CycloneDX in XML.

    Raises:
        ValueError: the XML is broken or too large, or has a document type.
    """
    if not text[:100].lstrip().startswith("<"):
        return None
    reader = _Reader()
    try:
        for start in range(0, len(text), _PIECE):
            reader.parser.Parse(text[start : start + _PIECE], start + _PIECE >= len(text))
            if reader.is_other:
                return None
    except expat.ExpatError as problem:
        if reader.is_other or not reader.version:
            return None
        raise ValueError(f"it is not XML: {problem}") from None
    return reader.document()


class _Reader:
    """Reads the components while the text is parsed."""

    def __init__(self) -> None:
        self.is_other = False
        """True if the first element is not that of CycloneDX."""
        self.version = ""
        """The version of CycloneDX, once the first element was read."""
        self._has_document_type = False
        self._components: list[Mapping[str, Any]] = []
        self._path: list[_Element] = []
        self._root = _Element("")
        self.parser = expat.ParserCreate("UTF-8", " ")
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._add_text
        self.parser.StartDoctypeDeclHandler = self._note_document_type

    def document(self) -> Mapping[str, Any]:
        root = self._root
        tools = [
            *root.inside("metadata", "tools", "tool"),
            *root.inside("metadata", "tools", "components", "component"),
        ]
        metadata: dict[str, Any] = {"tools": [tool.texts() for tool in tools]}
        for element in root.inside("metadata"):
            metadata |= element.texts()
        for component in root.inside("metadata", "component"):
            metadata["component"] = component.texts()
        return {
            "bomFormat": "CycloneDX",
            "specVersion": self.version,
            "metadata": metadata,
            "components": self._components,
        }

    def _start(self, name: str, attributes: Mapping[str, str]) -> None:
        namespace, _, local = name.rpartition(" ")
        element = _Element(local, attributes.get("type", ""))
        if not self._path:
            self.is_other = local != "bom" or not namespace.startswith(_NAMESPACE)
            self.version, self._root = namespace.removeprefix(_NAMESPACE), element
            if self._has_document_type and not self.is_other:
                raise ValueError("its XML has a document type, which is not read")
        self._path.append(element)
        if len(self._path) > MAX_LEVELS or len(self._components) > MAX_COMPONENTS:
            raise ValueError(f"its XML has more than {MAX_COMPONENTS:,} components, or {MAX_LEVELS} levels")

    def _end(self, _: str) -> None:
        element = self._path.pop()
        around = {outer.name for outer in self._path} if element.name == "component" else {""}
        if around <= _OF_COMPONENTS:
            licenses = [{"license": one.texts()} for one in element.inside("licenses", "license")]
            expressions = [{"expression": one.text.strip()} for one in element.inside("licenses", "expression")]
            self._components.append({"type": element.type, "licenses": [*licenses, *expressions], **element.texts()})
        elif self._path and element.name in _NEEDED and len(self._path[-1].children) < MAX_CHILDREN:
            self._path[-1].children.append(element)

    def _add_text(self, text: str) -> None:
        if self._path[-1].name in _TEXTS:
            self._path[-1].text += text

    def _note_document_type(self, *_: object) -> None:
        self._has_document_type = True
