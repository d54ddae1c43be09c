"""The parameters and the result of PutImage, and the checks before a request is sent."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ecrtui.ecr import tag as tags
from ecrtui.ecr.digest import digest_of, is_digest
from ecrtui.ecr.json_values import parse_json
from ecrtui.ecr.manifest import DOCKER_SCHEMA1, DOCKER_SCHEMA1_SIGNED, MAX_LENGTH
from ecrtui.ecr.reference import is_repository_name

_REGISTRY_ID = re.compile(r"[0-9]{12}")
_LINE_END = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True, slots=True)
class PutImageRequest:
    """The parameters of PutImage. Parameters that were not given are empty."""

    registry_id: str = ""
    repository: str = ""
    manifest: str = ""
    """The exact text."""
    media_type: str = ""
    tag: str = ""
    digest: str = ""


@dataclass(frozen=True, slots=True)
class PutImageResult:
    """The response of PutImage (``Image``), and the id of the request."""

    registry_id: str
    repository: str
    digest: str
    tag: str
    media_type: str
    manifest: str
    request_id: str = ""


@dataclass(frozen=True, slots=True)
class ManifestCheck:
    """The exact text of a manifest, measured and checked."""

    text: str = ""
    digest: str = ""
    size_bytes: int = 0
    """The size as UTF-8."""
    media_type: str = ""
    """The media type in the manifest; empty if it has none."""
    line_ends: tuple[str, ...] = ()
    """The line endings in the text: ``\\n``, ``\\r\\n``, ``\\r``."""
    problem: str = ""
    """The reason why PutImage would refuse the manifest; empty if none is known."""


def check_manifest(text: str) -> ManifestCheck:
    """Measure and parse a manifest; never raise."""
    media_type, problem = _parsed(text)
    if len(text) > MAX_LENGTH:
        problem = f"it has {len(text):,} characters; PutImage accepts at most {MAX_LENGTH:,}"
    return ManifestCheck(
        text=text,
        digest=digest_of(text),
        size_bytes=len(text.encode("utf-8", "surrogatepass")),
        media_type=media_type,
        line_ends=tuple(sorted(set(_LINE_END.findall(text)))),
        problem=problem,
    )


def _parsed(text: str) -> tuple[str, str]:
    """Return the media type in a manifest, and the reason why the manifest is invalid."""
    if not text:
        return "", "a manifest is required"
    try:
        text.encode()
        document = parse_json(text.removeprefix("\ufeff"))  # a byte order mark is part of the digest, not of the JSON
    except UnicodeEncodeError as problem:
        return "", f"it is not UTF-8: {problem}"
    except ValueError as problem:
        return "", f"it is not JSON: {problem}"
    if not isinstance(document, dict):
        return "", "it is not a JSON object"
    return _media_type(document), ""


def _media_type(document: Mapping[str, Any]) -> str:
    media_type = document.get("mediaType")
    if media_type is None and document.get("schemaVersion") == 1:  # Docker schema 1 has no mediaType
        return DOCKER_SCHEMA1_SIGNED if "signatures" in document else DOCKER_SCHEMA1
    return media_type if isinstance(media_type, str) else ""


def with_line_ends(text: str, end: str) -> str:
    """Return the text with every line ending replaced."""
    return _LINE_END.sub(end, text)


def request_errors(request: PutImageRequest, manifest: ManifestCheck) -> Mapping[str, str]:
    """Return the errors in a request by field of :class:`PutImageRequest`; empty if it can be sent.

    Args:
        request: the request; its ``manifest`` is ignored.
        manifest: the checked manifest.
    """
    found = {
        "registry_id": _registry_id_error(request.registry_id),
        "repository": _repository_error(request.repository),
        "manifest": manifest.problem,
        "media_type": _media_type_error(request.media_type, manifest),
        "tag": tags.tag_error(request.tag) if request.tag else "",
        "digest": _digest_error(request.digest, manifest),
    }
    return {name: problem for name, problem in found.items() if problem}


def _registry_id_error(registry_id: str) -> str:
    if not registry_id or _REGISTRY_ID.fullmatch(registry_id):
        return ""
    return "a registry id is an account id of twelve digits"


def _repository_error(name: str) -> str:
    if not name:
        return "a repository is required"
    if is_repository_name(name):
        return ""
    return "a repository name has 2 to 256 characters: lower-case letters and digits, separated by . _ - /"


def _media_type_error(given: str, manifest: ManifestCheck) -> str:
    if manifest.problem or given == manifest.media_type != "":
        return ""
    if not given and not manifest.media_type:
        return "required: the manifest has no media type"
    if given and manifest.media_type:
        return f"the manifest says {manifest.media_type}"
    return ""


def _digest_error(given: str, manifest: ManifestCheck) -> str:
    if not given or given == manifest.digest:
        return ""
    if not is_digest(given):
        return "not a digest; write sha256: and 64 hexadecimal digits"
    return explain_digest_mismatch(manifest.text, given) if manifest.text else ""


def explain_digest_mismatch(text: str, digest: str) -> str:
    """Return why a text does not have an expected digest: the usual causes are tried."""
    if text.endswith("\n") and digest_of(text.removesuffix("\n")) == digest:
        return "the manifest has an extra newline at its end"
    if digest_of(text + "\n") == digest:
        return "the manifest lacks the newline at its end"
    for end, name in (("\n", "LF"), ("\r\n", "CRLF")):
        if digest_of(with_line_ends(text, end)) == digest:
            return f"the manifest has this digest with {name} line endings"
    return f"the digest of this manifest is {digest_of(text)}; it was reformatted or re-encoded"
