"""References whose parts are apart in a text: in members of YAML or JSON, in options, in a row of a table. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ecrtui.ecr.digest import is_digest

_PARTS = ("registry", "repository", "tag", "digest")
_NONE = frozenset({"<none>", "null"})

_ESCAPED = {"%3a": ":", "%2f": "/", "%40": "@"}
_TYPOGRAPHY: dict[int, str | None] = {
    **dict.fromkeys(map(ord, "“”„‟«»"), '"'),
    **dict.fromkeys(map(ord, "‘’‚‛"), "'"),
    **dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff")),
    ord("，"): ",",
}
"""Marks and invisible characters that chats and word processors put into a text. No reference has them."""
_ESCAPES = re.compile("|".join(_ESCAPED), re.IGNORECASE)
_VARIABLE_DEFAULT = re.compile(r"\$\{\w+:?-([^${}]*)\}")
_VARIABLE = r"(?:\$\{[^{}]*\}|\{\{[^{}]*\}\}|\$\w+|<[\w-]+>)"
_VARIABLE_REPOSITORY = re.compile(rf"{_VARIABLE}:(?=[A-Za-z0-9_])")
_VARIABLE_HOST = re.compile(
    rf"(?:{_VARIABLE}\.dkr[.-]ecr(?:-fips)?\.(?:{_VARIABLE}|[\w-]+)|[0-9]{{12}}\.dkr[.-]ecr(?:-fips)?\.{_VARIABLE})\.[\w.]+/"
)
_REQUEST = re.compile(r"(?:^|(?<=[\s/\"'.a-z]))/v2/([a-z0-9._/-]{2,256})/manifests/(?!sha256:)([\w.-]+)")

_MEMBER = re.compile(
    r"(?<![\w./:@])(?:(?<!-)(?:[\w-]+\.)+|-{0,2})"
    r"(?:(?P<registry>registry)|(?P<repository>(?:image[-_]?)?repository(?:[-_]?name)?|newname)"
    r"|(?P<tag>(?:image|new)?[-_]?tag)|(?P<digest>(?:image[-_]?)?digest))"
    r"(?:[\"'\\]*\s*[:=]\s*|(?<=-repository-name)\s+|(?<=repository)\s+with\s+name\s+)[\"'\\]*"
    r"(?P<value>[^\s\"'\\,;{}\[\]()]+)",
    re.IGNORECASE,
)
"""A part of a reference with its name: in values of Helm, Kustomize and Terraform, in options and errors of the AWS
CLI, in events and replies of ECR."""

_IMAGE_ROW = re.compile(
    r"(?<!\S)(?P<name>[a-z0-9][a-z0-9._-]*(?::[0-9]+)?(?P<path>(?:/[a-z0-9._-]+)*))\s+"
    r"(?P<tag><none>|[A-Za-z0-9_][A-Za-z0-9_.-]*)\s+"
    r"(?:(?P<digest>sha256:[0-9a-f]{64})\s+|<none>\s+)?(?P<id>(?:sha256:)?[0-9a-f]{12,64})(?!\S)"
    r"(?P<size>(?=.*\bago\b|\s+[0-9.]+\s?[kMG]i?B))?"
)
"""A row of ``crictl images``, ``docker images``, ``nerdctl images`` or ``podman images``: a name, a tag, a digest if it
was asked for, and an image ID. A name without ``/`` needs a size or an age in the row."""

_CONTAINER_ROW = re.compile(
    r"(?<!\S)[0-9a-f]{12,64}\s+(?P<image>[A-Za-z0-9][\w./:@-]*)\s+(?=\"|(?:About )?(?:\d+|an?) \w+ ago\b)"
)
"""A row of ``docker ps`` or ``crictl ps``: the ID of a container, then a reference or an image ID."""


def readable_text(text: str) -> str:
    """Return a pasted text with references as people write them.

    Those in the address of a page and in the path of a request to a registry are rewritten. A variable that has a
    default has its value. Of one in place of a repository, the tag behind it stays; a host with one is left out.
    """
    text = text.translate(_TYPOGRAPHY)
    text = _ESCAPES.sub(lambda found: _ESCAPED[found[0].lower()], text)
    text = _VARIABLE_HOST.sub("", _VARIABLE_DEFAULT.sub(r"\1", text))
    text = _VARIABLE_REPOSITORY.sub("tag:", text)
    return _REQUEST.sub(r"/\1:\2", text)


def references_of_rows(text: str) -> Iterator[tuple[str, str]]:
    """Yield the reference of each row of a table of images or containers, and its image ID if there is nothing else."""
    for row in _IMAGE_ROW.finditer(text):
        if not row["path"] and row["size"] is None:
            continue
        suffix = f"@{row['digest']}" if row["digest"] else f":{row['tag']}" if row["tag"] not in _NONE else ""
        yield row["name"] + suffix, "" if suffix else row["id"]
    for row in _CONTAINER_ROW.finditer(text):
        image = row["image"]
        is_id = re.fullmatch(r"(?:sha256:)?[0-9a-f]{12,64}", image) is not None
        is_name = not is_id and not any(mark in image for mark in "/:@")
        yield f"{image}:latest" if is_name else image, image if is_id else ""


def references_of_members(text: str) -> Iterator[str]:
    """Yield ``repository:tag`` or ``repository@digest`` for members that belong together; a tag without a repository.

    Members belong together until one of them is there again. A repository is also that of the members after it.
    """
    parts: dict[str, str] = {}
    for member in _MEMBER.finditer(text):
        kind = next(name for name in _PARTS if member[name])
        if member["value"] in _NONE or (kind == "digest" and not is_digest(member["value"])):
            continue
        if kind in parts:
            yield from _joined(parts)
            is_next = kind in ("registry", "repository")
            parts = {name: value for name, value in parts.items() if name == "repository" and not is_next}
        parts[kind] = member["value"]
    yield from _joined(parts)


def _joined(parts: dict[str, str]) -> Iterator[str]:
    repository = "/".join(filter(None, (parts.get("registry"), parts.get("repository"))))
    if not repository or "repository" not in parts:
        yield from filter(None, (parts.get("tag", ""),))
    elif "digest" in parts:
        yield f"{repository}@{parts['digest']}"
    elif "tag" in parts:
        yield f"{repository}:{parts['tag']}"
