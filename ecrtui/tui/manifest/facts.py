"""The facts that the Image screen shows about an image and about a part of its manifest."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from textual.content import Content

from ecrtui.ecr import units
from ecrtui.ecr.digest import short_digest
from ecrtui.ecr.findings import scan_status_text
from ecrtui.ecr.image import Image, ImageKind
from ecrtui.ecr.manifest import Annotation, Descriptor, DescriptorRole, ParsedManifest, Part
from ecrtui.ecr.permissions import action_of
from ecrtui.errors import EcrTuiError, ErrorKind
from ecrtui.tui import safe_text as text
from ecrtui.tui.details import NOT_SUPPORTED
from ecrtui.tui.line_parts import Drop, LinePart, line_part
from ecrtui.tui.widgets.facts import Fact


def kind_of(image: Image, structure: ParsedManifest) -> ImageKind:
    """Return the kind of an image: by its manifest if that is known, else by the reply of DescribeImages."""
    return structure.kind(image.media_type, image.tags) if structure.descriptors else image.kind


def heading(image: Image, structure: ParsedManifest) -> str:
    """Return the name of an image at the top of its contents."""
    return f"{kind_of(image, structure)} {short_digest(image.digest)}"


def summary(image: Image) -> Iterable[LinePart]:
    """Yield size and age of an image."""
    yield line_part(units.format_size(image.size), drop=Drop.FIRST)
    yield line_part(f"pushed {units.format_age(image.pushed_at)}", drop=Drop.EARLY)


def image_facts(image: Image, structure: ParsedManifest, *, pull_times: bool) -> Iterable[Fact]:
    """Return the facts about an image.

    Args:
        image: the image.
        structure: its parsed manifest.
        pull_times: True if the registry records when an image was last pulled.
    """
    facts = (
        ("digest", image.digest),
        ("tags", " ".join(image.tags) or "untagged"),
        ("kind", str(kind_of(image, structure))),
        ("media type", image.media_type),
        ("artifact", image.artifact_media_type),
        ("size", units.format_size(image.size)),
        ("pushed", units.format_date(image.pushed_at)),
        ("last pulled", units.format_date(image.last_pulled_at, "never") if pull_times else NOT_SUPPORTED),
        ("findings", _findings(image, kind_of(image, structure))),
        ("status", image.status.lower() if image.archived else ""),
        ("subject", image.subject),
    )
    return [fact for fact in facts if fact[1]]


def part_facts(part: Part) -> Iterable[Fact]:
    """Return the facts about a part of a manifest. Names that the registry chose are values, never labels."""
    if isinstance(part, Annotation):
        where = f"in the annotation {part.name}" if part.name else "in the manifest"
        facts: tuple[Fact, ...] = (
            ("digest", part.digest),
            ("is", f"{'a digest' if part.digest else 'a text'} {where}"),
            ("value", part.value if part.value != part.digest else ""),
        )
    else:
        facts = (
            ("digest", part.digest),
            ("is", _role(part)),
            ("platform", part.platform.full),
            ("media type", part.media_type),
            ("artifact", part.artifact_type),
            ("size", units.format_size(part.size)),
            ("annotations", _annotation_lines(part.annotations)),
        )
    return [fact for fact in facts if fact[1]]


def part_warning(image: Image, structure: ParsedManifest, part: Part) -> str:
    """Return the warning that this image is not the open image but a part of it, or related to it."""
    own = short_digest(image.digest)
    if isinstance(part, Annotation):
        where = f"The annotation {part.name}" if part.name else "The manifest"
        return f"{where} of {own} names this image; it is not {own} itself."
    if part.role is DescriptorRole.SUBJECT:
        return f"This is the subject that {own} refers to, not {own} itself."
    if part.role is DescriptorRole.REFERRER:
        return f"This is a {part.kind} that refers to {own}, not {own} itself."
    if part in structure.artifact_entries:
        return f"This is an {'attestation' if part.is_attestation else 'artifact'} in the index {own}; it cannot run."
    name = structure.platform_names.get(part.digest, "")
    what = f"{name} alone" if name else "one manifest"
    return f"This is {what}, not the index {own} that holds it: other platforms will not find it."


def _role(part: Descriptor) -> str:
    kind = f" ({part.kind})" if part.role is DescriptorRole.REFERRER and part.digest else ""
    return f"{part.role}{kind}{', can be tagged' if part.is_image else ''}"


def _annotation_lines(annotations: Mapping[str, str]) -> Content:
    """Return annotations as JSON members, one a line."""
    return Content("\n").join(
        [
            text.content(f"{json.dumps(name, ensure_ascii=False)}: {json.dumps(value, ensure_ascii=False)}")
            for name, value in annotations.items()
        ]
    )


def short_reason(error: EcrTuiError) -> str:
    """Return why something is not known, in a few words: the missing permission if access was denied."""
    if error.kind is ErrorKind.DENIED:
        return f"not permitted: {action_of(error.operation)}"
    return NOT_SUPPORTED if error.kind is ErrorKind.UNSUPPORTED else f"not known: {error.title}"


def _findings(image: Image, kind: ImageKind) -> str:
    """Return the findings, or why there are none. ECR scans the platforms of an index, not the index."""
    if kind is ImageKind.INDEX and not image.findings:
        return "those of its platforms"
    if not image.scan_known:
        return "?"
    return units.format_finding_counts(image.findings, scan_status_text(image.scan_status))
