"""What PutImage is given, as a user fills it in, what is wrong with each, and what it answers."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ecrtui.ecr import tag as tags
from ecrtui.ecr.digest import digest_of, is_digest
from ecrtui.ecr.manifest import DOCKER_SCHEMA1, DOCKER_SCHEMA1_SIGNED, MAX_LENGTH
from ecrtui.ecr.reference import is_repository_name

_REGISTRY_ID = re.compile(r"[0-9]{12}")
_LINE_END = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True, slots=True)
class PutImageRequest:
    """The parameters of PutImage by what they are called in Python; what was not given is empty."""

    registry_id: str = ""
    repository: str = ""
    manifest: str = ""
    """The exact text."""
    media_type: str = ""
    tag: str = ""
    digest: str = ""


@dataclass(frozen=True, slots=True)
class PutImageResult:
    """What PutImage answered (``Image``), and the id of the request."""

    registry_id: str
    repository: str
    digest: str
    tag: str
    media_type: str
    manifest: str
    request_id: str = ""


@dataclass(frozen=True, slots=True)
class ManifestCheck:
    """What the text of a manifest is, to the byte."""

    text: str = ""
    digest: str = ""
    size_bytes: int = 0
    """Bytes, as UTF-8."""
    media_type: str = ""
    """What the manifest says of itself; empty if it does not."""
    line_ends: tuple[str, ...] = ()
    """The line ends that occur: ``\\n``, ``\\r\\n``, ``\\r``."""
    problem: str = ""
    """Why PutImage would not take it; empty if that cannot be told from here."""


def check_manifest(text: str) -> ManifestCheck:
    """Measure and parse a manifest. Never raises, whatever the text is."""
    media_type, problem = _parsed(text)
    if len(text) > MAX_LENGTH:
        problem = f"it has {len(text):,} characters; PutImage takes {MAX_LENGTH:,}"
    return ManifestCheck(
        text=text,
        digest=digest_of(text),
        size_bytes=len(text.encode("utf-8", "surrogatepass")),
        media_type=media_type,
        line_ends=tuple(sorted(set(_LINE_END.findall(text)))),
        problem=problem,
    )


def _parsed(text: str) -> tuple[str, str]:
    """The media type that a manifest tells, and what is wrong with the manifest."""
    if not text:
        return "", "a manifest is needed"
    try:
        text.encode()
        document = json.loads(text.removeprefix("\ufeff"))  # a byte order mark counts for the digest, not for the JSON
    except UnicodeEncodeError as problem:
        return "", f"it is not UTF-8: {problem}"
    except ValueError as problem:
        return "", f"it is not JSON: {problem}"
    except RecursionError:
        return "", "it is nested too deeply"
    if not isinstance(document, dict):
        return "", "it is not a JSON object"
    return _media_type(document), ""


def _media_type(document: Mapping[str, Any]) -> str:
    told = document.get("mediaType")
    if told is None and document.get("schemaVersion") == 1:  # Docker schema 1 has no such member
        return DOCKER_SCHEMA1_SIGNED if "signatures" in document else DOCKER_SCHEMA1
    return told if isinstance(told, str) else ""


def with_line_ends(text: str, end: str) -> str:
    """The text with every line end replaced."""
    return _LINE_END.sub(end, text)


def request_errors(wanted: PutImageRequest, manifest: ManifestCheck) -> Mapping[str, str]:
    """What is wrong, by the names of :class:`PutImageRequest`; nothing if it can be sent.

    Args:
        wanted: what was filled in; its manifest is taken from the other argument.
        manifest: the manifest, examined.
    """
    found = {
        "registry_id": _registry_id_problem(wanted.registry_id),
        "repository": _repository_problem(wanted.repository),
        "manifest": manifest.problem,
        "media_type": _media_type_problem(wanted.media_type, manifest),
        "tag": tags.tag_error(wanted.tag) if wanted.tag else "",
        "digest": _digest_problem(wanted.digest, manifest),
    }
    return {name: problem for name, problem in found.items() if problem}


def _registry_id_problem(registry_id: str) -> str:
    if not registry_id or _REGISTRY_ID.fullmatch(registry_id):
        return ""
    return "a registry id is an account of twelve digits"


def _repository_problem(name: str) -> str:
    if not name:
        return "a repository is needed"
    if is_repository_name(name):
        return ""
    return "a repository name has 2 to 256 lower-case letters and digits, with . _ - / between them"


def _media_type_problem(given: str, manifest: ManifestCheck) -> str:
    if manifest.problem or given == manifest.media_type != "":
        return ""
    if not given and not manifest.media_type:
        return "the manifest does not tell its media type, so it is needed here"
    if given and manifest.media_type:
        return f"the manifest says {manifest.media_type}"
    return ""


def _digest_problem(given: str, manifest: ManifestCheck) -> str:
    if not given or given == manifest.digest:
        return ""
    if not is_digest(given):
        return "a digest is sha256: and 64 hexadecimal digits"
    return explain_digest_mismatch(manifest.text, given) if manifest.text else ""


def explain_digest_mismatch(text: str, digest: str) -> str:
    """Why a text may not have the digest that it should have: the usual accidents are tried."""
    if text.endswith("\n") and digest_of(text.removesuffix("\n")) == digest:
        return "the manifest has one newline too many at its end"
    if digest_of(text + "\n") == digest:
        return "the manifest has no newline at its end, as the original has"
    for end, name in (("\n", "LF"), ("\r\n", "CRLF")):
        if digest_of(with_line_ends(text, end)) == digest:
            return f"the manifest would have this digest with {name} line ends"
    return f"the bytes of this manifest have the digest {digest_of(text)}: it was reformatted, or recoded"
