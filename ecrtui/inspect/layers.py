"""The layers of an image beside the steps of its build.

The history of a config has one entry per step, oldest first. A step with ``empty_layer`` made no layer (OCI image
spec, config.md). In Docker schema 1, each entry of the history belongs to the layer at its place, newest first, and
has no size.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

from ecrtui.ecr.image import Image, ImageKind, is_index
from ecrtui.ecr.image_config import ImageConfig
from ecrtui.ecr.json_values import parse_json, to_list, to_mapping, to_text
from ecrtui.ecr.manifest import Descriptor, DescriptorRole, Manifest, ParsedManifest, parse_manifest
from ecrtui.ecr.units import format_count


class LayerRow(NamedTuple):
    """A layer, a step of the build, or both. A text is empty if it is not known."""

    number: int
    """Its place among the layers, from 1 for the lowest; 0 for a step without a layer."""
    digest: str = ""
    size: int = -1
    """Stored bytes; -1 if not known."""
    media_type: str = ""
    diff_id: str = ""
    """The digest of the uncompressed layer."""
    command: str = ""
    """What made it (``created_by``)."""
    created: str = ""
    comment: str = ""
    external: bool = False
    """True for a foreign layer: its content can be elsewhere (``urls``), and the registry need not have it."""


@dataclass(frozen=True)
class LayerTable:
    """The layers and steps of an image, lowest first."""

    rows: tuple[LayerRow, ...] = ()
    problem: str = ""
    """Why layers and steps are not side by side; empty if they are."""

    @cached_property
    def layers(self) -> tuple[LayerRow, ...]:
        """The rows with a layer."""
        return tuple(row for row in self.rows if row.number)

    @cached_property
    def size(self) -> int | None:
        """The stored bytes of all layers; None if one is not known."""
        sizes = [row.size for row in self.layers]
        return None if any(size < 0 for size in sizes) else sum(sizes)

    def share(self, row: LayerRow) -> float | None:
        """Return the part of the image that a layer is, from 0 to 1; None if it is not known."""
        whole = self.size
        return row.size / whole if whole and row.number else None


def layer_table(manifest: str, config: ImageConfig | None = None) -> LayerTable:
    """Return the layers of an image with the steps that made them. Never raise.

    Args:
        manifest: the text of the manifest.
        config: its config; None if it is not known. Docker schema 1 has none.
    """
    parsed = parse_manifest(manifest)
    if parsed.problem:
        return LayerTable(problem=f"The manifest cannot be read: {parsed.problem}.")
    if parsed.schema_version == 1:
        return _schema1(manifest, parsed)
    layers = parsed.with_role(DescriptorRole.LAYER)
    if config is None:
        return LayerTable(tuple(_rows(layers, (), ())))
    if config.problem:
        return LayerTable(tuple(_rows(layers, (), ())), f"The config cannot be read: {config.problem}.")
    document = to_mapping(config.document)
    history = [to_mapping(step) for step in to_list(document.get("history"))]
    diff_ids = [to_text(entry) for entry in to_list(to_mapping(document.get("rootfs")).get("diff_ids"))]
    return LayerTable(tuple(_rows(layers, history, diff_ids)), _mismatch(layers, history, diff_ids))


@dataclass(frozen=True, slots=True)
class LayerSharing:
    """Which other images have the layers of an image, according to the kept manifests.

    Args:
        known: the number of other images whose manifests are kept.
        images: the digests of those that have a layer, by the digest of the layer.
    """

    known: int = 0
    images: Mapping[str, frozenset[str]] = field(default_factory=dict)


def layer_sharing(manifests: Iterable[Manifest], image: str) -> LayerSharing:
    """Return which images other than this one have its layers. Only container images count.

    Args:
        manifests: the kept manifests; this reads nothing.
        image: the digest of the image.
    """
    known = 0
    found: dict[str, set[str]] = {}
    for manifest in manifests:
        parsed = parse_manifest(manifest.text)
        if manifest.digest == image or parsed.kind(manifest.media_type) is not ImageKind.IMAGE:
            continue
        known += 1
        for layer in parsed.with_role(DescriptorRole.LAYER):
            found.setdefault(layer.digest, set()).add(manifest.digest)
    return LayerSharing(known, {digest: frozenset(images) for digest, images in found.items()})


def image_names(
    manifests: Iterable[Manifest],
    images: Iterable[Image],
    order_tags: Callable[[tuple[str, ...]], tuple[str, ...]],
) -> Mapping[str, str]:
    """Return how people know the images of these manifests: by a tag, or as a platform of an image with a tag.

    Args:
        manifests: the kept manifests; this reads nothing.
        images: the images of the repository, as far as they are known.
        order_tags: returns the tags of an image in the order in which they are shown.
    """
    kept = {manifest.digest: manifest for manifest in manifests}
    tags = {image.digest: order_tags(image.tags)[0] for image in images if image.tags and image.digest in kept}
    names = dict(tags)
    for index, tag in tags.items():
        if is_index(kept[index].media_type):
            for digest, platform in parse_manifest(kept[index].text).platform_names.items():
                names.setdefault(digest, f"{platform} of {tag}")
    return names


def _rows(
    layers: Sequence[Descriptor], history: Sequence[Mapping[str, Any]], diff_ids: Sequence[str]
) -> Iterator[LayerRow]:
    """Yield the steps in their order, each with its layer, then the layers without a step."""
    number = 0
    for step in history:
        if step.get("empty_layer") is True or number >= len(layers):
            yield _with_step(LayerRow(0), step)
            continue
        yield _with_step(_layer(number, layers[number], diff_ids), step)
        number += 1
    for rest in range(number, len(layers)):
        yield _layer(rest, layers[rest], diff_ids)


def _layer(index: int, layer: Descriptor, diff_ids: Sequence[str]) -> LayerRow:
    diff_id = diff_ids[index] if index < len(diff_ids) else ""
    return LayerRow(index + 1, layer.digest, layer.size, layer.media_type, diff_id, external=layer.external)


def _with_step(row: LayerRow, step: Mapping[str, Any]) -> LayerRow:
    return row._replace(
        command=to_text(step.get("created_by")),
        created=to_text(step.get("created")),
        comment=to_text(step.get("comment")),
    )


def _mismatch(layers: Sequence[Descriptor], history: Sequence[Mapping[str, Any]], diff_ids: Sequence[str]) -> str:
    steps = sum(1 for step in history if step.get("empty_layer") is not True)
    named = format_count(len(layers), "layer")
    if history and steps != len(layers):
        of_steps = format_count(steps, "step with a layer", "steps with a layer")
        return f"The history has {of_steps}, the manifest has {named}. A step may be beside another layer."
    if diff_ids and len(diff_ids) != len(layers):
        return f"The config names {format_count(len(diff_ids), 'layer')}, the manifest has {named}."
    return ""


def _schema1(text: str, parsed: ParsedManifest) -> LayerTable:
    layers = parsed.with_role(DescriptorRole.LAYER)[::-1]
    entries = to_list(to_mapping(parse_json(text)).get("history"))[::-1]
    rows = []
    number = 0
    for index, layer in enumerate(layers):
        step = _compatibility(entries[index]) if index < len(entries) else {}
        empty = step.get("throwaway") is True
        number += not empty
        command = to_list(to_mapping(step.get("container_config")).get("Cmd"))
        rows.append(
            LayerRow(
                0 if empty else number,
                layer.digest,
                command=" ".join(map(to_text, command)),
                created=to_text(step.get("created")),
                comment=to_text(step.get("comment")),
            )
        )
    problem = (
        ""
        if len(entries) == len(layers)
        else f"The manifest has {format_count(len(layers), 'layer')} and {format_count(len(entries), 'step')}."
    )
    return LayerTable(tuple(rows), problem)


def _compatibility(entry: object) -> Mapping[str, Any]:
    """Return a step of Docker schema 1, which is JSON in the text ``v1Compatibility``."""
    text = to_mapping(entry).get("v1Compatibility")
    try:
        return to_mapping(parse_json(text)) if isinstance(text, str) else {}
    except ValueError:
        return {}
