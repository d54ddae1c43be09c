"""The texts of the copy menu, the equivalent AWS CLI commands, and the system clipboard."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ecrtui.ecr.image import Image
from ecrtui.ecr.manifest import Annotation, Part
from ecrtui.ecr.put_image_request import PutImageRequest
from ecrtui.ecr.repository import Repository

MANIFEST_FILE = "manifest.json"
"""The file with the manifest in a command, unless the manifest came from another file."""


@dataclass(frozen=True, slots=True)
class CopyItem:
    """One entry of the copy menu."""

    label: str
    text: str


def copy_items_for_repository(repository: Repository) -> tuple[CopyItem, ...]:
    """Return what can be copied of a repository."""
    entries = (("URI", repository.uri), ("name", repository.name), ("ARN", repository.arn))
    return tuple(CopyItem(label, text) for label, text in entries if text)


def copy_items_for_image(repository: Repository, image: Image, region: str, tag: str = "") -> tuple[CopyItem, ...]:
    """Return what can be copied of an image; entries with a tag use the given tag, or the first one."""
    tag = tag or (image.tags[0] if image.tags else "")
    by_digest = f"{repository.uri}@{image.digest}"
    by_tag = f"{repository.uri}:{tag}" if tag else ""
    entries = (
        ("tag URI", by_tag),
        ("digest URI", by_digest),
        ("digest", image.digest),
        ("tag", tag),
        ("docker pull", f"docker pull {by_tag or by_digest}"),
        ("aws ecr put-image", put_image_line(repository, image, region, tag or "TAG")),
    )
    return tuple(CopyItem(label, text) for label, text in entries if text)


def copy_items_for_part(repository: Repository, part: Part) -> tuple[CopyItem, ...]:
    """Return what can be copied of a part of a manifest."""
    if isinstance(part, Annotation):
        return (CopyItem("digest", part.digest) if part.digest else CopyItem("annotation", part.value),)
    entries = [CopyItem(f"{part.role} digest", part.digest)]
    if part.is_image:
        entries.append(CopyItem(f"{part.role} URI", f"{repository.uri}@{part.digest}"))
    return tuple(entries)


def put_image_line(repository: Repository, image: Image, region: str, tag: str) -> str:
    """Return the AWS CLI commands that give this image a tag, byte for byte.

    The manifest goes through a file: a command substitution strips trailing newlines, which changes the digest, and
    an argument holds at most 128 KiB. ``jq -j`` writes the exact string without a newline.
    """
    request = PutImageRequest(repository.registry_id, repository.name, "", image.media_type, tag, image.digest)
    common = ("--region", region)
    return f"{get_manifest_line(request, common)} && {put_image_command(request, MANIFEST_FILE, common)}"


def get_manifest_line(request: PutImageRequest, common: Sequence[str] = ()) -> str:
    """Return the AWS CLI command that writes the exact manifest of a digest to :data:`MANIFEST_FILE`."""
    words = ["aws", "ecr", "batch-get-image", *common, *_options(request, "registry_id", "repository")]
    words += ["--image-ids", f"imageDigest={request.digest}"]
    words += ["--accepted-media-types", request.media_type] if request.media_type else []
    return f"{shlex.join([*words, '--output', 'json'])} | jq -j '.images[0].imageManifest' > {MANIFEST_FILE}"


def put_image_command(request: PutImageRequest, file: str, common: Sequence[str] = ()) -> str:
    """Return ``aws ecr put-image`` with these parameters.

    Args:
        request: the parameters; empty ones are left out.
        file: the file with the manifest, which is never part of the command itself.
        common: options that every AWS CLI command takes.
    """
    words = ["aws", "ecr", "put-image", *common, *_options(request, *_OPTIONS), "--image-manifest", f"file://{file}"]
    return shlex.join(words)


_OPTIONS = {
    "registry_id": "--registry-id",
    "repository": "--repository-name",
    "tag": "--image-tag",
    "digest": "--image-digest",
    "media_type": "--image-manifest-media-type",
}


def _options(request: PutImageRequest, *names: str) -> list[str]:
    given = [(_OPTIONS[name], getattr(request, name)) for name in names]
    return [word for option, value in given if value for word in (option, value)]


def over_ssh(environment: Mapping[str, str] | None = None) -> bool:
    """Return True in an SSH session, where the clipboard of this machine is not the user's."""
    environment = os.environ if environment is None else environment
    return bool(environment.get("SSH_TTY") or environment.get("SSH_CONNECTION"))


def copy_to_system_clipboard(text: str) -> bool:
    """Copy with the clipboard program of this machine; return False if there is none."""
    import pyperclip

    try:
        pyperclip.copy(text)
    except pyperclip.PyperclipException:
        return False
    return True
