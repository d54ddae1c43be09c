"""Copying: what can be copied of an image, and the way to the user's clipboard."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ecrtui.ecr.image import Image
from ecrtui.ecr.manifest import Descriptor
from ecrtui.ecr.put_image_request import PutImageRequest
from ecrtui.ecr.repository import Repository

OSC52_LIMIT = 74_994
"""Bytes of text that terminals take in one OSC 52 sequence (base64 of it is just under 100,000)."""


MANIFEST_FILE = "manifest.json"
"""Where a command line has the manifest if it does not come out of a file."""


@dataclass(frozen=True, slots=True)
class CopyItem:
    """One entry of the copy menu."""

    label: str
    text: str


def copy_items_for_repository(repository: Repository) -> tuple[CopyItem, ...]:
    """What can be copied of a repository."""
    entries = (("URI", repository.uri), ("name", repository.name), ("ARN", repository.arn))
    return tuple(CopyItem(label, text) for label, text in entries if text)


def copy_items_for_image(repository: Repository, image: Image, region: str, tag: str = "") -> tuple[CopyItem, ...]:
    """What can be copied of an image; a tag stands for the image where one is asked for, else its first."""
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


def copy_items_for_part(repository: Repository, part: Descriptor) -> tuple[CopyItem, ...]:
    """What can be copied of something that a manifest names."""
    entries = [CopyItem(f"{part.role} digest", part.digest)]
    if part.is_image:
        entries.append(CopyItem(f"{part.role} URI", f"{repository.uri}@{part.digest}"))
    return tuple(entries)


def put_image_line(repository: Repository, image: Image, region: str, tag: str) -> str:
    """The AWS CLI lines that would give this image that tag, byte for byte.

    The manifest goes through a file: a command substitution would strip trailing newlines and change the digest, and
    an argument holds 128 KiB at most. ``jq -j`` writes the exact string, with no newline of its own.
    """
    wanted = PutImageRequest(repository.registry_id, repository.name, "", image.media_type, tag, image.digest)
    common = ("--region", region)
    return f"{get_manifest_line(wanted, common)} && {put_image_command(wanted, MANIFEST_FILE, common)}"


def get_manifest_line(wanted: PutImageRequest, common: Sequence[str] = ()) -> str:
    """The AWS CLI line that writes the exact manifest of the image with this digest into :data:`MANIFEST_FILE`."""
    words = ["aws", "ecr", "batch-get-image", *common, *_options(wanted, "registry_id", "repository")]
    words += ["--image-ids", f"imageDigest={wanted.digest}"]
    words += ["--accepted-media-types", wanted.media_type] if wanted.media_type else []
    return f"{shlex.join([*words, '--output', 'json'])} | jq -j '.images[0].imageManifest' > {MANIFEST_FILE}"


def put_image_command(wanted: PutImageRequest, file: str, common: Sequence[str] = ()) -> str:
    """``aws ecr put-image`` with these parameters.

    Args:
        wanted: the parameters; those that are empty are left out.
        file: where the manifest is; it never stands on the command line itself.
        common: options that every command of the AWS CLI takes.
    """
    words = ["aws", "ecr", "put-image", *common, *_options(wanted, *_OPTIONS), "--image-manifest", f"file://{file}"]
    return shlex.join(words)


_OPTIONS = {
    "registry_id": "--registry-id",
    "repository": "--repository-name",
    "tag": "--image-tag",
    "digest": "--image-digest",
    "media_type": "--image-manifest-media-type",
}


def _options(wanted: PutImageRequest, *names: str) -> list[str]:
    given = [(_OPTIONS[name], getattr(wanted, name)) for name in names]
    return [word for option, value in given if value for word in (option, value)]


def over_ssh(environment: Mapping[str, str] | None = None) -> bool:
    """Whether the terminal is somewhere else, so that this machine's clipboard is not the user's."""
    environment = os.environ if environment is None else environment
    return bool(environment.get("SSH_TTY") or environment.get("SSH_CONNECTION"))


def copy_to_system_clipboard(text: str) -> bool:
    """Copy by this machine's own clipboard program; whether there was one that took it."""
    import pyperclip

    try:
        pyperclip.copy(text)
    except pyperclip.PyperclipException:
        return False
    return True
