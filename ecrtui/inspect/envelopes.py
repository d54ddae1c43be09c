"""Envelopes around a document: DSSE, sigstore bundle, in-toto statement. Opened, never verified.

Sources: the DSSE specification (``secure-systems-lab/dsse``), the in-toto specification 1.0, the in-toto attestation
framework (Statement v0.1 and v1), and the sigstore bundle format v0.1 to v0.3.
"""

from __future__ import annotations

import base64
import binascii
import codecs
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ecrtui.ecr.json_values import to_list, to_mapping, to_text
from ecrtui.ecr.manifest import MESSAGE_SIGNATURE
from ecrtui.inspect.archives import text_of
from ecrtui.inspect.cyclonedx_xml import parse_cyclonedx_xml
from ecrtui.inspect.large_json import parse_document
from ecrtui.inspect.tag_value import parse_tag_value

MAX_CONTENT = 4 * 1024 * 1024
"""The largest content in bytes that is read and shown. Its text is in memory several times while it is prepared."""

MAX_SBOM = 64 * 1024 * 1024
"""The largest content in bytes that is read for its packages. Of its text, only the start is shown."""

MAX_ENVELOPES = 8
"""Envelopes inside each other. Real content has at most three."""

MAX_STATEMENT_SUBJECTS = 1_000
"""Subjects of a statement that are read."""

_STATEMENT_TYPE = re.compile(r"https://in-toto\.io/Statement/v\d[\w.]*")
_METADATA_TYPES = ("link", "layout")
"""The types of in-toto metadata that has signatures of its own (in-toto specification 1.0)."""
_BUNDLE_TYPE = "application/vnd.dev.sigstore.bundle"
_NOT_BASE64 = re.compile(r"[\s=]")
_PIECE = 256 * 1024
"""Bytes of UTF-8, or characters of base64, that are decoded at once."""


@dataclass(frozen=True, slots=True)
class StatementSubject:
    """What a statement is about: a name, and digests such as ``sha256:…``."""

    name: str
    digests: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OpenedDocument:
    """A document with the envelopes that were around it.

    Args:
        document: the innermost document, as plain JSON values: the predicate of a statement.
        envelopes: the names of the envelopes, outermost first.
        dsse: the DSSE envelope, or that of in-toto metadata; empty if there is none.
        bundle: the sigstore bundle; empty if there is none.
        statement: the in-toto statement; empty if there is none.
        problem: why an envelope could not be opened; empty if there is no problem. The document is then the envelope.
    """

    document: Any = None
    envelopes: tuple[str, ...] = ()
    dsse: Mapping[str, Any] = field(default_factory=dict)
    bundle: Mapping[str, Any] = field(default_factory=dict)
    statement: Mapping[str, Any] = field(default_factory=dict)
    problem: str = ""

    @property
    def predicate_type(self) -> str:
        """The type of the predicate; empty without a statement."""
        return to_text(self.statement.get("predicateType"))

    @property
    def stated(self) -> str:
        """The type of what is stated, as annotations name it: of a predicate, or of a signature of the image."""
        return self.predicate_type or (MESSAGE_SIGNATURE if "messageSignature" in self.bundle else "")

    @property
    def subjects(self) -> tuple[StatementSubject, ...]:
        """The subjects of the statement, at most :data:`MAX_STATEMENT_SUBJECTS`."""
        return tuple(_subjects(self.statement))


def read_document(content: bytes) -> Any:
    """Return the JSON value of the bytes of a blob; see :func:`ecrtui.inspect.large_json.parse_document`.

    An SBOM in another format is returned as the members that it has in JSON.

    Raises:
        ValueError: it is not UTF-8, none of these formats, nested too deeply, or larger than :data:`MAX_SBOM`.
    """
    if len(content) > MAX_SBOM:
        raise ValueError(f"it has {len(content):,} bytes; at most {MAX_SBOM:,} are read")
    try:
        text = _decoded_text(content)
    except UnicodeDecodeError as problem:
        raise ValueError(f"it is not UTF-8: byte {problem.start:,} is wrong") from None
    if (sbom := _sbom_in_text(text)) is not None:
        return sbom
    try:
        return parse_document(text)
    except ValueError as problem:
        raise ValueError(f"it is not JSON: {problem}") from None


def _sbom_in_text(text: str) -> Mapping[str, Any] | None:
    """Return an SBOM that is not in JSON: SPDX in tags and values, CycloneDX in XML. Raises ValueError."""
    return None if text[:100].lstrip().startswith(("{", "[")) else parse_tag_value(text) or parse_cyclonedx_xml(text)


def _decoded_text(content: bytes) -> str:
    """Return UTF-8 as text. A large one is decoded in pieces: no other thread runs while one is decoded."""
    if len(content) <= MAX_CONTENT:
        return content.decode("utf-8-sig")
    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    with memoryview(content) as view:
        try:
            pieces = [decoder.decode(view[start : start + _PIECE]) for start in range(0, len(content), _PIECE)]
            return "".join([*pieces, decoder.decode(b"", final=True)])
        except UnicodeDecodeError:
            return content.decode("utf-8-sig")  # its error has the place in the whole


def open_envelopes(document: Any) -> OpenedDocument:
    """Return what is in the envelopes of a document. A document without envelopes is returned as it is."""
    opened = OpenedDocument(document)
    for _ in range(MAX_ENVELOPES):
        inner = _open(opened)
        if inner is None:
            return opened
        opened = inner
        if opened.problem:
            return opened
    return _with(opened, problem=f"more than {MAX_ENVELOPES} envelopes are inside each other")


def decode_base64(text: object) -> bytes:
    """Return the bytes of a base64 text, in the standard or the URL-safe alphabet, with or without padding.

    Raises:
        ValueError: it is not base64.
    """
    if not isinstance(text, str):
        raise ValueError("it is not base64 text")  # noqa: TRY004 - the data is wrong, not the caller
    try:
        return b"".join(_decoded_pieces(text))
    except (binascii.Error, ValueError):
        raise ValueError("it is not base64") from None


def _decoded_pieces(text: str) -> Iterator[bytes]:
    """Yield the bytes of a base64 text in pieces: no other thread runs while one is decoded."""
    rest = ""
    for start in range(0, len(text), _PIECE):
        packed = rest + _NOT_BASE64.sub("", text[start : start + _PIECE]).replace("-", "+").replace("_", "/")
        whole = len(packed) - len(packed) % 4
        rest = packed[whole:]
        yield base64.b64decode(packed[:whole], validate=True)
    yield base64.b64decode(rest + "=" * (-len(rest) % 4), validate=True)


def _open(opened: OpenedDocument) -> OpenedDocument | None:
    """Return the content of the outermost envelope; None if the document is not an envelope."""
    document = opened.document
    if isinstance(document, str) and opened.statement:  # cosign keeps some predicates as JSON in a text
        return _text_predicate(opened, document)
    if not isinstance(document, dict):
        return None
    if to_text(document.get("mediaType")).startswith(_BUNDLE_TYPE) and "dsseEnvelope" in document:
        return _with(opened, "sigstore bundle", bundle=to_mapping(document), document=document["dsseEnvelope"])
    if to_text(document.get("mediaType")).startswith(_BUNDLE_TYPE) and not opened.bundle:
        return _with(opened, "sigstore bundle", bundle=to_mapping(document))
    if "payloadType" in document and "payload" in document:
        return _payload(opened, document)
    if _STATEMENT_TYPE.fullmatch(to_text(document.get("_type"))):
        inner = document.get("predicate")
        return _with(opened, "in-toto statement", statement=to_mapping(document), document=inner)
    signed = to_mapping(document.get("signed"))
    if to_text(signed.get("_type")) in _METADATA_TYPES and "signatures" in document and not opened.envelopes:
        return _with(opened, f"in-toto {to_text(signed['_type'])}", dsse=to_mapping(document), document=signed)
    if opened.statement and "Data" in document and set(document) <= {"Data", "Timestamp"}:
        data = document["Data"]  # cosign puts what it does not know there, and up to version 1 every SBOM
        return _text_predicate(opened, data) if isinstance(data, str) else _with(opened, document=data)
    return None


def _payload(opened: OpenedDocument, document: Mapping[str, Any]) -> OpenedDocument:
    name, dsse = "DSSE envelope", to_mapping(document)
    try:
        payload = decode_base64(document["payload"])
        if not to_text(document["payloadType"]).endswith("json") and (text := text_of(payload)) is not None:
            return _with(opened, name, dsse=dsse, document=_read_or_text(payload, text))
        return _with(opened, name, dsse=dsse, document=read_document(payload))
    except ValueError as problem:
        return _with(opened, name, dsse=dsse, problem=f"the payload cannot be read: {problem}")


def _read_or_text(payload: bytes, text: str) -> Any:
    """Return a payload of a type that is not JSON as a value, or else as its text."""
    try:
        return read_document(payload)
    except ValueError:
        return text


def _text_predicate(opened: OpenedDocument, text: str) -> OpenedDocument | None:
    try:
        inner = parse_document(text) if text.lstrip().startswith("{") else _sbom_in_text(text)
    except ValueError:
        return None
    return None if inner is None else _with(opened, document=inner)


def _with(opened: OpenedDocument, envelope: str = "", **changes: Any) -> OpenedDocument:
    values = {name: getattr(opened, name) for name in ("document", "dsse", "bundle", "statement", "problem")}
    return OpenedDocument(
        envelopes=(*opened.envelopes, envelope) if envelope else opened.envelopes, **(values | changes)
    )


def _subjects(statement: Mapping[str, Any]) -> Iterator[StatementSubject]:
    for entry in to_list(statement.get("subject"))[:MAX_STATEMENT_SUBJECTS]:
        members = to_mapping(entry)
        digests = to_mapping(members.get("digest"))
        yield StatementSubject(
            to_text(members.get("name")),
            tuple(f"{algorithm}:{to_text(value)}" for algorithm, value in digests.items()),
        )
