"""Compare two images of a repository: every member of the config and the manifest that differs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ecrtui.ecr import units
from ecrtui.ecr.differences import Difference, differences, text_differences
from ecrtui.ecr.digest import short_digest
from ecrtui.ecr.exact_json import Number
from ecrtui.ecr.image import Image
from ecrtui.ecr.manifest import Descriptor, parse_manifest
from ecrtui.ecr.safe_text import visible, visible_json
from ecrtui.errors import EcrTuiError
from ecrtui.session import Session


def compare_images(session: Session, repository: str, before: Image, after: Image) -> str:
    """Return the differences between two images as text. Two digests are never the same: at least one is named.

    Blocks. Raises EcrTuiError if a manifest cannot be read.
    """
    texts = [session.catalog.manifest(repository, image.digest).text for image in (before, after)]
    configs = [parse_manifest(text).config for text in texts]
    found, problems = _config_differences(session, repository, configs)
    found = [*found, *text_differences(texts[0], texts[1], "manifest"), *_image_differences(before, after)]
    return "\n".join([units.format_count(len(found), "difference"), *problems, *_lines(found)])


def _config_differences(
    session: Session, repository: str, descriptors: Sequence[Descriptor | None]
) -> tuple[Sequence[Difference], Sequence[str]]:
    """Return the differences of two configs, and why they could not be compared."""
    before, after = descriptors
    if before is None or after is None or before.digest == after.digest:
        return (), ()
    configs = []
    for descriptor in (before, after):
        try:
            configs.append(session.catalog.config(repository, descriptor))
        except EcrTuiError as error:
            words = f"Could not read the config {short_digest(descriptor.digest)}, so it was not compared: {error}"
            return (), (visible(words),)
    if configs[0].text == configs[1].text:
        return (Difference("config, bytes that are not UTF-8", None, None),), ()
    return text_differences(configs[0].text, configs[1].text, "config"), ()


def _image_differences(before: Image, after: Image) -> Iterable[Difference]:
    return differences(_image_document(before), _image_document(after), "image")


def _image_document(image: Image) -> Mapping[str, Any]:
    """Return what ECR tells of the content of an image, with the member names of DescribeImages."""
    return {
        "imageManifestMediaType": image.media_type,
        "artifactMediaType": image.artifact_media_type,
        "imageSizeInBytes": None if image.size is None else Number(str(image.size)),
    }


def _lines(found: Iterable[Difference]) -> Iterable[str]:
    """Yield a line with the path, then lines with the values before and after. Only the path is not indented."""
    for difference in found:
        yield ""
        yield visible(visible_json(difference.path))
        if difference.before is not None:
            yield f"  - {visible(visible_json(difference.before))}"
        if difference.after is not None:
            yield f"  + {visible(visible_json(difference.after))}"
