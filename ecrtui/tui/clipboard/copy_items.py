"""The texts of the copy menu, and the equivalent AWS CLI commands."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from ecrtui.ecr.image import Image
from ecrtui.ecr.manifest import Annotation, Part
from ecrtui.ecr.put_image_request import PutImageRequest
from ecrtui.ecr.repository import Repository
from ecrtui.ecr.safe_text import visible, visible_lines
from ecrtui.tui.aws_options import write_profile_line

WRITE_PROFILE = "aws configure set, once for these commands"
"""The entry that lets the AWS CLI know a role without a profile."""

MANIFEST_FILE = "manifest.json"
"""The file with the manifest in a command, unless the manifest came from another file."""


@dataclass(frozen=True, slots=True)
class CopyItem:
    """One entry of the copy menu, safe to show and to paste.

    Label and text have no control characters: they are shown as on the screen. A pasted line feed would run a line in a
    shell, and ``ESC[201~`` would end the paste of a terminal early.

    Args:
        label: its name.
        text: what is copied.
        lines: whether the text is a document, which keeps its line feeds and tabs.
    """

    label: str
    text: str
    lines: bool = False

    def __post_init__(self) -> None:
        safe = visible_lines(self.text, keep_tabs=True) if self.lines else visible(self.text)
        note = " (control characters shown)" if self.lines and safe != self.text else ""
        object.__setattr__(self, "label", f"{visible(self.label)}{note}")
        object.__setattr__(self, "text", safe)


def copy_items_for_repository(repository: Repository, common: Sequence[str]) -> tuple[CopyItem, ...]:
    """Return what can be copied of a repository.

    Args:
        repository: the repository.
        common: the options of the connection for AWS CLI commands, each with its value.
    """
    return (
        *copy_words(("URI", repository.uri), ("name", repository.name), ("ARN", repository.arn)),
        _command("docker push", "docker", "push", f"{repository.uri}:TAG"),
        _login(repository, common),
        *_write_profile(common),
    )


def _login(repository: Repository, common: Sequence[str]) -> CopyItem:
    """Return the commands that let docker log in to the registry for 12 hours. The password is in no argument."""
    host = repository.uri.partition("/")[0]
    password = shlex.join(["aws", "ecr", "get-login-password", *common])
    login = shlex.join(["docker", "login", "--username", "AWS", "--password-stdin", visible(host)])
    return CopyItem("docker login", f"{password} | {login}")


def _write_profile(common: Sequence[str]) -> Sequence[CopyItem]:
    line = write_profile_line(common)
    return [CopyItem(WRITE_PROFILE, line)] if line else []


def copy_items_for_image(
    repository: Repository, image: Image, common: Sequence[str], tag: str = ""
) -> tuple[CopyItem, ...]:
    """Return what can be copied of an image: first its names, then command lines, then its other tags.

    Args:
        repository: its repository.
        image: the image.
        common: the options of the connection for AWS CLI commands, each with its value.
        tag: the tag that the entries with one tag use; the first tag of the image if it is empty.
    """
    tag = tag or (image.tags[0] if image.tags else "")
    by_digest = f"{repository.uri}@{image.digest}"
    by_tag = f"{repository.uri}:{tag}" if tag else ""
    others = [other for other in image.tags if other != tag]
    return (
        *copy_words(("tag URI", by_tag), ("digest URI", by_digest), ("digest", image.digest), ("tag", tag)),
        CopyItem("docker pull", shlex.join(["docker", "pull", by_tag or by_digest])),
        CopyItem("aws ecr put-image", put_image_line(repository, image, common, tag or "TAG")),
        *(CopyItem("all tags", shlex.join(map(visible, (tag, *others)))) for _ in others[:1]),
        *(_command(name, *words) for name, words in _commands(by_tag or by_digest, by_digest)),
        *copy_words(("repository ARN", repository.arn)),
        _login(repository, common),
        *_write_profile(common),
        *copy_words(*((f"tag URI, {other}", f"{repository.uri}:{other}") for other in others[:MAX_TAGS])),
    )


MAX_TAGS = 10
"""Further tags of an image that have an entry of their own."""


def _commands(uri: str, exact_uri: str) -> Sequence[tuple[str, Sequence[str]]]:
    """Return command lines of other tools. Words in capitals are for the user to replace."""
    return (
        ("skopeo inspect", ("skopeo", "inspect", f"docker://{exact_uri}")),
        ("crane manifest", ("crane", "manifest", exact_uri)),
        ("kubectl set image", ("kubectl", "set", "image", "deployment/DEPLOYMENT", f"CONTAINER={uri}")),
        ("ecrtui promote", ("ecrtui", "promote", uri, "TARGET")),
    )


def _command(label: str, *words: str) -> CopyItem:
    return CopyItem(label, shlex.join(map(visible, words)))


def copy_items_for_part(repository: Repository, part: Part) -> tuple[CopyItem, ...]:
    """Return what can be copied of a part of a manifest. The labels name the part: the image has entries too."""
    if isinstance(part, Annotation):
        named = ("digest in the annotation", part.digest) if part.digest else ("annotation", part.value)
        return copy_words(named)
    uri = f"{repository.uri}@{part.digest}" if part.is_image else ""
    pull = (_command(f"docker pull, this {part.role}", "docker", "pull", uri),) if uri else ()
    return (*copy_words((f"{part.role} digest", part.digest), (f"{part.role} URI", uri)), *pull)


def copy_words(*entries: tuple[str, str]) -> tuple[CopyItem, ...]:
    """Return the entries with a value, each as a shell reads it: no valid name, tag or digest needs quotes."""
    return tuple(CopyItem(label, shlex.quote(visible(value))) for label, value in entries if value)


def put_image_line(repository: Repository, image: Image, common: Sequence[str], tag: str) -> str:
    """Return the AWS CLI commands that give this image a tag, byte for byte.

    The manifest goes through a file: a command substitution strips trailing newlines, which changes the digest, and
    an argument holds at most 128 KiB. ``jq -j`` writes the exact string without a newline.
    """
    request = PutImageRequest(repository.registry_id, repository.name, "", image.media_type, tag, image.digest)
    return f"{get_manifest_line(request, common)} && {put_image_command(request, MANIFEST_FILE, common)}"


def get_manifest_line(request: PutImageRequest, common: Sequence[str] = ()) -> str:
    """Return the AWS CLI command that writes the exact manifest of a digest to :data:`MANIFEST_FILE`."""
    words = ["aws", "ecr", "batch-get-image", *common, *_options(request, "registry_id", "repository")]
    words += ["--image-ids", f"imageDigest={request.digest}"]
    words += ["--accepted-media-types", request.media_type] if _is_text(request.media_type) else []
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
    return [word for option, value in given if _is_text(value) for word in (option, value)]


def _is_text(value: str) -> bool:
    """Return True if the AWS CLI takes the value as it is: of a ``file://`` value it sends the content of the file."""
    return bool(value) and not value.startswith(("file://", "fileb://"))
