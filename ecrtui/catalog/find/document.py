"""Hits of a search as documents, CSV and Markdown, for the command line and for export."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from ecrtui.catalog.find.result import FoundBlob, Hit, PartOf
from ecrtui.ecr.csv_cells import csv_lines
from ecrtui.ecr.documents import Document, image_document, without_empty
from ecrtui.ecr.findings import counts_text
from ecrtui.ecr.markdown_text import markdown_table
from ecrtui.ecr.text_formats import Texts, json_text
from ecrtui.ecr.units import format_iso_time


class RegistryHit(NamedTuple):
    """A hit and its registry."""

    registry_id: str
    region: str
    hit: Hit


COLUMNS = (
    "registryId",
    "region",
    "repositoryName",
    "imageDigest",
    "imageTags",
    "imagePushedAt",
    "imageSizeInBytes",
    "kind",
    "partOf",
    "part",
    "indexTags",
    "imageScanStatus",
    "findingSeverityCounts",
    "layerDigest",
    "layerSize",
    "imageCount",
)
"""The columns of CSV and Markdown. A layer or a config has the first of its images, and the number of all."""


def hit_document(found: RegistryHit) -> Document:
    """Return a hit as a JSON document: the image, its region, and the index that names it; or a layer and its images.

    The members of a layer are those of BatchCheckLayerAvailability.
    """
    hit = found.hit
    document: Document = {"registryId": found.registry_id, "region": found.region, "repositoryName": hit.repository}
    if hit.blob is not None:
        return document | _blob_document(hit.blob)
    if hit.image is None:
        return document
    return document | dict(image_document(hit.repository, hit.image)) | _part_document(hit.part_of)


def _blob_document(blob: FoundBlob) -> Document:
    document: Document = {"layerDigest": blob.digest}
    if blob.size is not None:
        document["layerSize"] = blob.size
    if blob.role:
        document["kind"] = blob.role
    document["images"] = [
        without_empty({"imageDigest": image.digest, "imageTags": list(image.tags)}) | _part_document(part_of)
        for image, part_of in blob.images
    ]
    return document | {"knownManifests": blob.known, "manifests": blob.total}


def _part_document(part: PartOf | None) -> Document:
    if part is None:
        return {}
    return {"partOf": {"imageDigest": part.digest, "imageTags": list(part.tags), "part": part.part}}


def hit_cells(found: RegistryHit) -> list[object]:
    """Return the cells of a hit; see :data:`COLUMNS`."""
    hit, image, part, blob = found.hit, found.hit.image, found.hit.part_of, found.hit.blob
    if blob is not None and blob.images:
        image, part = blob.images[0]
    cells: dict[str, object] = dict.fromkeys(COLUMNS, "")
    cells |= {"registryId": found.registry_id, "region": found.region, "repositoryName": hit.repository}
    if image is not None:
        cells |= {"imageDigest": image.digest, "imageTags": " ".join(image.tags), "imageSizeInBytes": image.size}
        cells |= {"imagePushedAt": format_iso_time(image.pushed_at), "kind": image.kind.value}
        if blob is None and image.scan_known:
            cells["imageScanStatus"] = image.scan_status
            cells["findingSeverityCounts"] = "" if image.findings is None else counts_text(image.findings)
    if part is not None:
        cells |= {"partOf": part.digest, "part": part.part, "indexTags": " ".join(part.tags)}
    if blob is not None:
        cells |= {"kind": blob.role, "layerDigest": blob.digest, "layerSize": blob.size}
        cells["imageCount"] = len(blob.images) if blob.images or blob.known == blob.total else ""
    return list(cells.values())


def hit_texts(hits: Sequence[RegistryHit]) -> Texts:
    """Return what makes the texts of hits. Markdown leaves out the columns that are empty."""
    return {
        "CSV": lambda: "".join(csv_lines([list(COLUMNS), *map(hit_cells, hits)])),
        "JSON": lambda: json_text({"hits": list(map(hit_document, hits))}),
        "Markdown": lambda: _markdown(hits),
    }


def _markdown(hits: Iterable[RegistryHit]) -> str:
    rows = [["" if cell is None else str(cell) for cell in hit_cells(hit)] for hit in hits]
    used = [number for number in range(len(COLUMNS)) if any(row[number] for row in rows)]
    titles = [COLUMNS[number] for number in used]
    return "".join(markdown_table(titles, ([row[number] for number in used] for row in rows)))
