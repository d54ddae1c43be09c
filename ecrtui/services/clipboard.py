"""Copying: what can be copied of an image, and the way to the user's clipboard."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from dataclasses import dataclass

import pyperclip

from ecrtui.model.image import Image, Repository
from ecrtui.model.manifest import Descriptor

OSC52_LIMIT = 74_994
"""Bytes of text that terminals take in one OSC 52 sequence (base64 of it is just under 100,000)."""


@dataclass(frozen=True, slots=True)
class Copyable:
    """One entry of the copy menu."""

    label: str
    text: str


def of_repository(repository: Repository) -> tuple[Copyable, ...]:
    """What can be copied of a repository."""
    entries = (("URI", repository.uri), ("name", repository.name), ("ARN", repository.arn))
    return tuple(Copyable(label, text) for label, text in entries if text)


def of_image(repository: Repository, image: Image, region: str, tag: str = "") -> tuple[Copyable, ...]:
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
    return tuple(Copyable(label, text) for label, text in entries if text)


def of_part(repository: Repository, part: Descriptor) -> tuple[Copyable, ...]:
    """What can be copied of something that a manifest names."""
    entries = [Copyable(f"{part.role} digest", part.digest)]
    if part.is_image:
        entries.append(Copyable(f"{part.role} URI", f"{repository.uri}@{part.digest}"))
    return tuple(entries)


def put_image_line(repository: Repository, image: Image, region: str, tag: str) -> str:
    """The AWS CLI lines that would give this image that tag, byte for byte.

    The manifest goes through a file: a command substitution would strip trailing newlines and change the digest, and
    an argument holds 128 KiB at most. ``jq -j`` writes the exact string, with no newline of its own.
    """
    name, region, quoted_tag = shlex.quote(repository.name), shlex.quote(region), shlex.quote(tag)
    common = f"--region {region} --registry-id {repository.registry_id} --repository-name {name}"
    return (
        f"aws ecr batch-get-image {common} --image-ids imageDigest={image.digest}"
        f" --accepted-media-types {image.media_type} --output json | jq -j '.images[0].imageManifest' > manifest.json"
        f" && aws ecr put-image {common} --image-tag {quoted_tag} --image-digest {image.digest}"
        f" --image-manifest-media-type {image.media_type} --image-manifest file://manifest.json"
    )


def over_ssh(environment: Mapping[str, str] | None = None) -> bool:
    """Whether the terminal is somewhere else, so that this machine's clipboard is not the user's."""
    environment = os.environ if environment is None else environment
    return bool(environment.get("SSH_TTY") or environment.get("SSH_CONNECTION"))


def copy_here(text: str) -> bool:
    """Copy by this machine's own clipboard program; whether there was one that took it."""
    try:
        pyperclip.copy(text)
    except pyperclip.PyperclipException:
        return False
    return True
