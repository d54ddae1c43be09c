"""What is in a blob of an artifact: packages, a statement, a signature, the files of a chart, text, or bytes."""

from __future__ import annotations

import codecs
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from ecrtui.ecr import exact_json
from ecrtui.ecr.units import format_size
from ecrtui.inspect.archives import Archive, ArchiveFile, is_archive, is_gzip, is_zstd, read_archive, text_of, unpack
from ecrtui.inspect.cosign import cosign_facts, is_simple_signing
from ecrtui.inspect.envelopes import MAX_CONTENT, OpenedDocument, open_envelopes, read_document
from ecrtui.inspect.facts import Fact, KnownDigests
from ecrtui.inspect.formats import format_name
from ecrtui.inspect.notation import is_notation, notation_facts
from ecrtui.inspect.packages import PackageList, packages_of
from ecrtui.inspect.reports import Report, read_report
from ecrtui.inspect.statements import statement_facts

MAX_HEX = 64 * 1024
"""Bytes that are shown as hexadecimal digits."""

MAX_JSON_LINES = 100
"""Documents of JSON Lines that are read. A text with more is shown as it is."""

MAX_START = 1_000_000
"""Bytes of a large blob that are shown as text."""

_HEX_COLUMNS = 16


@dataclass(frozen=True, slots=True)
class BlobContent:
    """What is in a blob.

    Args:
        title: what it is: ``SPDX 2.3``, ``cosign``, ``Helm chart``, ``text``.
        facts: what it says, in labelled lines.
        packages: its packages; None if it is not an SBOM.
        files: the files in it, if it is an archive.
        pretty: its text with a member of JSON on each line; empty if there is nothing to show besides the rest.
        exact: its text as it is stored, or its bytes as hexadecimal digits.
        problem: what cannot be read; empty if all can.
        is_text: False if the blob is not UTF-8 text.
        is_whole: False if it is only the first part of the blob.
        stated: the type of the statement or signature in it, as annotations name it; the name of a report; or empty.
    """

    title: str
    facts: tuple[Fact, ...] = ()
    packages: PackageList | None = None
    files: tuple[ArchiveFile, ...] = ()
    pretty: str = ""
    exact: str = ""
    problem: str = ""
    is_text: bool = True
    is_whole: bool = True
    stated: str = ""

    @property
    def package_list(self) -> PackageList:
        """The packages of an SBOM, or a list that says why they cannot be read."""
        unknown = "The packages cannot be read: it is not an SPDX, CycloneDX or syft document."
        return self.packages or PackageList(problem=self.problem or unknown)


@dataclass(frozen=True, slots=True)
class BlobContext:
    """What is known about a blob before it is read.

    Args:
        media_type: its media type.
        artifact_type: the type of the artifact that it belongs to.
        annotations: the annotations of its descriptor.
        known: the digests that a statement in it can be about, with what they are.
    """

    media_type: str = ""
    artifact_type: str = ""
    annotations: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    known: KnownDigests = field(default_factory=lambda: KnownDigests(MappingProxyType({})))


def read_content(content: bytes, context: BlobContext) -> BlobContent:
    """Return what is in a blob. Never raise: what cannot be read is shown as text or as bytes, with the problem.

    Of a blob of more than :data:`~ecrtui.inspect.envelopes.MAX_CONTENT` bytes, only the packages are read.
    """
    if len(content) > MAX_CONTENT:
        return _read_large(content, context)
    exact = text_of(content)
    return replace(_read_content(content, exact, context), is_text=exact is not None)


def read_start(start: bytes, size: int, context: BlobContext) -> BlobContent:
    """Return the first bytes of a blob as text or as bytes. Nothing else can be read of a part of a blob.

    Args:
        start: its first bytes.
        size: how many bytes it has.
        context: what is known about it.
    """
    text = text_of(_whole_characters(start))
    shown = len(start) if text is not None else min(len(start), MAX_HEX)
    problem = f"These are the first {format_size(shown)} of {format_size(size)}."
    named = format_name(context.media_type, context.artifact_type)
    if text is None:
        return BlobContent(named, exact=hexadecimal(start, size), problem=problem, is_text=False, is_whole=False)
    return BlobContent(named, pretty=text, exact=text, problem=problem, is_whole=False)


def _read_large(content: bytes, context: BlobContext) -> BlobContent:
    """Return the packages of a large SBOM, and the start of its text."""
    start = replace(read_start(content[:MAX_START], len(content), context), is_whole=True)
    opened = OpenedDocument()
    try:
        opened = open_envelopes(read_document(content))
        problem = opened.problem or "it lists no packages in a known format"
    except ValueError as reason:
        problem = str(reason)
    packages = packages_of(opened.document)
    if packages is None:
        return replace(start, problem=f"{_broken(ValueError(problem))} {start.problem}")
    more = f"{format_size(len(content) - MAX_START)} more are not shown."
    facts = statement_facts(opened, context.known)
    return BlobContent(
        packages.format, facts, packages, exact=f"{start.exact}\n{more}", is_text=start.is_text, stated=opened.stated
    )


def _whole_characters(start: bytes) -> bytes:
    """Return the start of a text without the first bytes of a UTF-8 character at its end."""
    try:
        return start[: codecs.utf_8_decode(start, "strict", False)[1]]
    except UnicodeDecodeError:
        return start


def file_suffix(media_type: str) -> str:
    """Return how the name of a file with a blob of a media type ends."""
    if media_type.endswith("json"):
        return ".json"
    if media_type.endswith("gzip"):
        return ".tgz" if "tar" in media_type else ".gz"
    if media_type.endswith("zstd"):
        return ".tar.zst" if "tar" in media_type else ".zst"
    if media_type.endswith(".tar"):
        return ".tar"
    return ".txt" if media_type.startswith("text/") else ".bin"


def _read_content(content: bytes, exact: str | None, context: BlobContext) -> BlobContent:
    named = format_name(context.media_type, context.artifact_type)
    if is_notation(context.media_type):
        return _notation(content, context)
    if is_archive(content):
        return _archive(content, named, context)
    if is_zstd(content):
        problem = "The content is compressed with zstd, which is not unpacked."
        return BlobContent(named or "bytes", exact=hexadecimal(content), problem=problem)
    try:
        document = read_document(content)
    except ValueError as reason:
        if exact is not None and (several := _json_lines(exact, named, context)) is not None:
            return several
        is_other = exact is None or str(reason).startswith("it is not JSON")  # no format that is read
        problem = _broken(reason) if context.media_type.endswith("json") or not is_other else ""
        if exact is None:
            return BlobContent(named or "bytes", exact=hexadecimal(content), problem=problem)
        return BlobContent(named or "text", pretty=exact, exact=exact, problem=problem)
    return _document(document, exact or "", named, context)


def hexadecimal(content: bytes, size: int = 0) -> str:
    """Return bytes as lines of hexadecimal digits with their offset and their ASCII text, as ``hexdump -C`` does.

    Args:
        content: the bytes.
        size: the bytes of the whole, if these are the first ones.
    """
    lines = []
    for offset in range(0, min(len(content), MAX_HEX), _HEX_COLUMNS):
        row = content[offset : min(offset + _HEX_COLUMNS, MAX_HEX)]
        text = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in row)
        lines.append(f"{offset:08x}  {row.hex(' '):<{3 * _HEX_COLUMNS - 1}}  {text}")
    size = max(size, len(content))
    if size > MAX_HEX:
        lines.append(f"{format_size(size - MAX_HEX)} more are not shown.")
    return "\n".join(lines)


def pretty_json(text: str) -> str:
    """Return a JSON text with a member on each line, numbers and names as they are; other text as it is."""
    try:
        return exact_json.write_json(exact_json.parse_exact(text), 2)
    except ValueError:
        return text


def _document(document: Any, exact: str, named: str, context: BlobContext) -> BlobContent:
    if is_simple_signing(document):
        facts = cosign_facts(document, context.annotations, context.known)
        return BlobContent("cosign signature", facts, pretty=pretty_json(exact), exact=exact)
    opened = open_envelopes(document)
    problem = _broken(ValueError(opened.problem)) if opened.problem else ""
    packages = packages_of(opened.document)
    report = read_report(opened.document) if packages is None else Report()
    title = packages.format if packages else format_name(opened.predicate_type) or named or report.title
    title = title or _named(opened)
    facts = (*statement_facts(opened, context.known), *report.facts)
    pretty = _pretty(opened.document) if opened.envelopes else pretty_json(exact)
    pretty = "" if packages else pretty
    stated = opened.stated or report.title
    return BlobContent(title, facts, packages, pretty=pretty, exact=exact, problem=problem, stated=stated)


def _json_lines(exact: str, named: str, context: BlobContext) -> BlobContent | None:
    """Return the documents of JSON Lines, such as a bundle of in-toto; None for other text."""
    lines = [line for line in exact.splitlines() if line.strip()]
    if not 1 < len(lines) <= MAX_JSON_LINES or not all(line.lstrip().startswith("{") for line in lines):
        return None
    try:
        documents = [read_document(line.encode()) for line in lines]
    except ValueError:
        return None
    found = [_document(document, line, "", context) for document, line in zip(documents, lines, strict=True)]
    stated = [(number, one) for number, one in enumerate(found, 1) if one.facts]
    facts = [fact for number, one in stated for fact in (Fact(f"line {number}", (one.title,)), *one.facts)]
    problem = next((one.problem for one in found if one.problem), "")
    pretty = "\n\n".join(one.pretty for one in found if one.pretty)
    return BlobContent(named or "JSON Lines", tuple(facts), pretty=pretty, exact=exact, problem=problem)


def _named(opened: OpenedDocument) -> str:
    return opened.envelopes[-1] if opened.envelopes else "JSON"


def _notation(content: bytes, context: BlobContext) -> BlobContent:
    exact = text_of(content)
    try:
        facts, problem = notation_facts(content, context.media_type, context.known), ""
    except ValueError as reason:
        facts, problem = (), _broken(reason)
    shown = hexadecimal(content) if exact is None else exact
    return BlobContent("Notation signature", facts, pretty=pretty_json(exact or ""), exact=shown, problem=problem)


def _archive(content: bytes, named: str, context: BlobContext) -> BlobContent:
    found = read_archive(content)
    if not found.files and is_gzip(content):
        return _unpacked(content, found, named, context)
    return BlobContent(named or "archive", files=found.files, exact=hexadecimal(content), problem=found.problem)


def _unpacked(content: bytes, found: Archive, named: str, context: BlobContext) -> BlobContent:
    """Return what is in a gzip file that is not an archive."""
    inner, missing = unpack(content)
    if missing or is_gzip(inner):
        return BlobContent(named or "bytes", exact=hexadecimal(content), problem=found.problem)
    return read_content(inner, replace(context, media_type=context.media_type.removesuffix("+gzip")))


def _pretty(document: Any) -> str:
    if isinstance(document, str):
        return document
    try:
        return pretty_json(json.dumps(document, ensure_ascii=False))
    except RecursionError:
        return ""


def _broken(problem: ValueError) -> str:
    return f"The content cannot be read: {problem}."
